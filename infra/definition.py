"""Prints a state machine's definition without a synth, for Step Functions' own validation.

python -m infra.definition --environment dev --region us-east-1 --account 111122223333 --model houses

In place of the template's references it has names and ARNs of the form that they get. With --renewal it is the renewal
workflow's, with --features the one that fills the online store, else the training workflow's.
"""

import argparse
import json
from typing import Any

from evergreen import names
from infra.environments import ENVIRONMENTS
from infra.feature_store import states as feature_store
from infra.renewal import states as renewal
from infra.training import states as training
from infra.training.addresses import Addresses

# Of the form of the image's address: the SDK that knows the right account takes seconds to import.
_IMAGE = "683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"


def with_plausible_addresses(
    *,
    environment: str,
    region: str,
    account: str,
    model: str,
    partition: str = "aws",
    message_format: str = names.FORMAT_TEXT,
    tracking: str | None = None,
    renewal_settings: str | None = None,
    feature_project: str | None = None,
) -> dict[str, Any]:
    """The definition of an environment.

    Args:
        tracking: the URL of an MLflow server, if one is used.
        renewal_settings: [renewal] of model.toml as JSON; with it, the renewal workflow's.
        feature_project: of Feast; with it, that of the workflow that writes stored features online.
    """
    chosen = next(each for each in ENVIRONMENTS if each.name == environment)
    stack, here = names.stack_name(environment), f"{region}:{account}"
    app = f"arn:{partition}:sagemaker:{here}:mlflow-app/app-0123456789AB"
    function = f"arn:{partition}:lambda:{here}:function:{stack}-{{}}-0123456789AB"
    addresses = Addresses(
        environment=environment,
        model_name=model,
        image=_IMAGE.format(region=region),
        source_uri=f"s3://cdk-hnb659fds-assets-{account}-{region}/{'0' * 64}.gz",
        prepare_source_uri=f"s3://cdk-hnb659fds-assets-{account}-{region}/{'0' * 64}.gz",
        features=feature_project is not None,
        data_bucket=f"{stack}-databucket-0123456789ab",
        model_bucket=f"{stack}-modelsbucket-0123456789ab",
        prepare_role=f"arn:{partition}:iam::{account}:role/{stack}-TrainingPrepareRole-0123456789AB",
        train_role=f"arn:{partition}:iam::{account}:role/{stack}-TrainingTrainRole-0123456789AB",
        lease_function=function.format("TrainingLease"),
        judge_function=function.format("TrainingJudge"),
        promote_function=function.format("TrainingPromote"),
        topic=f"arn:{partition}:sns:{here}:{stack}-NotificationsTopic-0123456789AB",
        chat=message_format == names.FORMAT_CHAT,
        tracking={names.TRACKING_URI: tracking or app},
        region=region,
        job_instance=chosen.job_instance,
        prepare_seconds=chosen.prepare_seconds,
        train_seconds=chosen.train_seconds,
    )
    if feature_project is not None:
        return feature_store.definition(
            addresses,
            project=feature_project,
            capture_bucket=f"{stack}-capturebucket-0123456789ab",
            every_hours=24,
        )
    if renewal_settings is None:
        return training.definition(addresses)
    return renewal.definition(
        addresses,
        renew_function=function.format("RenewalRenew"),
        renewal=json.loads(renewal_settings),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("environment", "region", "account", "model"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--partition", default="aws")
    parser.add_argument("--message-format", default=names.FORMAT_TEXT)
    parser.add_argument("--tracking")
    parser.add_argument("--renewal", dest="renewal_settings", help="[renewal] of model.toml, as JSON")
    parser.add_argument("--features", dest="feature_project", help="the project in Feast")
    print(json.dumps(with_plausible_addresses(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
