"""Functions run what the repository holds, with the variables that their code reads."""

import importlib.util

import pytest

from evergreen import names

LIMITS = {"Training/Judge": (1024, 300), "Training/Promote": (1024, 120), "Prediction/Predict": (512, 10)}


@pytest.fixture
def functions(template):
    found = template.properties("AWS::Lambda::Function")
    return {path.removesuffix("/Function"): properties for path, properties in found.items()}


def test_functions_have_the_runtime_that_their_packages_are_compiled_for(functions):
    assert set(functions) == set(LIMITS)
    for properties in functions.values():
        assert properties["Runtime"] == "python3.12"
        assert properties["Architectures"] == ["x86_64"]


def test_memory_and_time_limits(functions):
    assert {path: (found["MemorySize"], found["Timeout"]) for path, found in functions.items()} == LIMITS


def test_handlers_exist(functions):
    for path, properties in functions.items():
        module, _, name = properties["Handler"].rpartition(".")
        spec = importlib.util.find_spec(module)
        assert spec is not None, f"{path} runs {module}, which is not there"
        assert spec.loader is not None
        # Not imported: the handler module asks for its environment.
        assert f"\ndef {name}(" in spec.loader.get_source(module)


def test_functions_get_the_variables_that_their_code_reads(functions, template):
    service = {"POWERTOOLS_LOG_LEVEL": "INFO", names.MODEL_BUCKET: "models-bucket", names.MODEL_NAME: template.model}
    tracking = next(iter(template.properties("AWS::SageMaker::MlflowApp")))
    namespace = names.metric_namespace(template.environment.name)
    assert {path: found["Environment"]["Variables"] for path, found in functions.items()} == {
        "Training/Judge": {**service, "POWERTOOLS_SERVICE_NAME": "judge"},
        "Training/Promote": {
            **service,
            "POWERTOOLS_SERVICE_NAME": "promote",
            names.TRACKING_URI: f"arn:aws:sagemaker:{template.environment.region}:111122223333:mlflow-app/app-"
            + tracking.replace("/", "-").lower(),
        },
        # The service's name is the dimension of the metrics that the alarms watch.
        "Prediction/Predict": {
            **service,
            "POWERTOOLS_SERVICE_NAME": names.METRIC_SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": namespace,
            names.LOG_SAMPLE: "0.5",
            names.LOG_LEAVE_OUT: '["city"]',
        },
    }


def test_every_log_expires_when_the_environment_says(template):
    groups = template.properties("AWS::Logs::LogGroup")
    assert {"Training/Judge/Log", "Training/Promote/Log", "Prediction/Predict/Log"} < set(groups)
    for properties in groups.values():
        assert properties["RetentionInDays"] == template.environment.retention_days


def test_functions_log_to_groups_of_the_stack(functions):
    # Without one, Lambda makes a group of its own, and that is kept for ever.
    for path, properties in functions.items():
        assert properties["LoggingConfig"] == {"LogGroup": f"{path}/Log".replace("/", "-").lower()}
