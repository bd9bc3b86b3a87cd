"""A pipeline of the components: train, and if the model was promoted, predict a table with it and check for drift."""

from kfp import dsl

from integrations.kubeflow.components import check_drift, predict_batch, train


# Kubeflow's local runner finds what a condition is about among the inputs of a pipeline only, and not among the named
# outputs of a step: so the branch is a pipeline in the pipeline.
@dsl.pipeline(name="use-what-was-promoted")
def use_what_was_promoted(promoted: bool, version: str, rows: str, environment: str, region: str, hours: float):
    """Predicts a table with a version that was promoted, and checks for drift; does nothing else."""
    where = {"environment": environment, "region": region}
    with dsl.If(promoted == True, name="promoted"):  # noqa: E712 (an expression of Kubeflow's)
        table = dsl.importer(artifact_uri=rows, artifact_class=dsl.Dataset)
        predicted = predict_batch(rows=table.output, version=version, **where)
        predicted.set_caching_options(False)
        check_drift(hours=hours, **where).after(predicted).set_caching_options(False)


@dsl.pipeline(name="evergreen")
def evergreen(
    rows: str, environment: str = "dev", region: str = "", data: str = "", settings: str = "", hours: float = 24.0
):
    """Trains, and predicts with what was promoted.

    Args:
        rows: the URI of a file of JSON lines to predict.
        environment: of the stack.
        region: of the stack.
        data: as of train.
        settings: as of train.
        hours: that the drift check looks at.
    """
    trained = train(
        run_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER, data=data, settings=settings, environment=environment, region=region
    )
    # The same inputs may have another outcome tomorrow: no step is taken from Kubeflow's cache.
    trained.set_caching_options(False)
    # A training that runs is found again; after one that has failed, another is started.
    trained.set_retry(num_retries=2)
    use_what_was_promoted(
        promoted=trained.outputs["promoted"],
        version=trained.outputs["version"],
        rows=rows,
        environment=environment,
        region=region,
        hours=hours,
    )
