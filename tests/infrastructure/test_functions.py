"""Functions run what the repository holds, with the variables that their code reads."""

import importlib.util

import pytest

from evergreen import names

LIMITS = {
    "Training/Lease": (256, 30),
    "Training/Judge": (3008, 900),
    "Training/Promote": (1024, 180),
    "Prediction/Predict": (512, 10),
    "Monitoring/CheckDrift": (3008, 900),
    "Notifier/Notify": (256, 30),
}


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


def test_a_new_account_has_memory_for_every_function(functions):
    # It can be asked of no service, and a deployment would end with "less than or equal to 3008".
    assert max(found["MemorySize"] for found in functions.values()) <= 3008


def test_handlers_exist(functions):
    for path, properties in functions.items():
        module, _, name = properties["Handler"].rpartition(".")
        spec = importlib.util.find_spec(module)
        assert spec is not None, f"{path} runs {module}, which is not there"
        assert spec.loader is not None
        # Not imported: the handler module asks for its environment.
        assert f"\ndef {name}(" in spec.loader.get_source(module)


def test_functions_get_the_variables_that_their_code_reads(functions, template):
    quiet = {"POWERTOOLS_LOG_LEVEL": "INFO", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    service = {**quiet, names.MODEL_BUCKET: "models-bucket", names.MODEL_NAME: template.model}
    app = next(iter(template.properties("AWS::SageMaker::MlflowApp"))).replace("/", "-").lower()
    tracking = {
        names.TRACKING_URI: f"arn:aws:sagemaker:{template.environment.region}:111122223333:mlflow-app/app-{app}",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    }
    namespace = names.metric_namespace(template.environment.name)
    assert {path: found["Environment"]["Variables"] for path, found in functions.items()} == {
        "Training/Lease": {
            **service,
            "POWERTOOLS_SERVICE_NAME": "lease",
            names.LEASE_SECONDS: functions["Training/Lease"]["Environment"]["Variables"][names.LEASE_SECONDS],
        },
        "Training/Judge": {**service, "POWERTOOLS_SERVICE_NAME": "judge", **tracking},
        "Training/Promote": {**service, "POWERTOOLS_SERVICE_NAME": "promote", **tracking},
        # The service's name is the dimension of the metrics that the alarms watch.
        "Prediction/Predict": {
            **service,
            "POWERTOOLS_SERVICE_NAME": names.METRIC_SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": namespace,
            names.LOG_SAMPLE: "0.5",
            names.LOG_LEAVE_OUT: '["city"]',
            names.LOG_CALLER: "true",
        },
        "Monitoring/CheckDrift": {
            **service,
            # Likewise.
            "POWERTOOLS_SERVICE_NAME": names.MONITORING_SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": namespace,
            names.CAPTURE_BUCKET: "capture-bucket",
            names.PACKAGES_BUCKET: f"cdk-hnb659fds-assets-111122223333-{template.environment.region}",
            names.PACKAGES_KEY: functions["Monitoring/CheckDrift"]["Environment"]["Variables"][names.PACKAGES_KEY],
            names.WINDOW_HOURS: str(template.settings.drift.window_hours),
            # What is not recorded cannot be checked.
            names.LOG_LEAVE_OUT: '["city"]',
        },
        "Notifier/Notify": {
            **quiet,
            "POWERTOOLS_SERVICE_NAME": "notify",
            names.MODEL_NAME: template.model,
            names.STACK_NAME: names.stack_name(template.environment.name),
            names.CAPTURE_BUCKET: "capture-bucket",
            names.TOPIC: f"arn:aws:sns:{template.environment.region}:111122223333:notifications-topic",
            names.MESSAGE_FORMAT: names.FORMAT_TEXT,
        },
    }


def test_a_function_whose_mlflow_is_down_fails_before_it_is_ended(functions):
    for path in ("Training/Judge", "Training/Promote"):
        variables = functions[path]["Environment"]["Variables"]
        retries = int(variables["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
        # urllib3 waits factor * 2^n seconds before retry n, counted from 0, and one more at random.
        waits = sum(int(variables["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"]) * 2**n + 1 for n in range(retries))
        assert (retries + 1) * int(variables["MLFLOW_HTTP_REQUEST_TIMEOUT"]) + waits < functions[path]["Timeout"]


def test_every_log_expires_when_the_environment_says(template):
    groups = template.properties("AWS::Logs::LogGroup")
    assert {f"{path}/Log" for path in LIMITS} < set(groups)
    days = {path: properties["RetentionInDays"] for path, properties in groups.items()}
    # It holds what callers sent, and nothing can be taken out of it: the captures keep that.
    assert days.pop("Prediction/Predict/Log") == template.environment.request_log_days <= 14
    assert set(days.values()) == {template.environment.retention_days}


def test_the_drift_check_has_room_for_its_packages(functions):
    assert functions["Monitoring/CheckDrift"]["EphemeralStorage"] == {"Size": 2048}


def test_what_nobody_waits_for_is_kept_when_it_fails(functions, template):
    queue = f"arn:aws:sqs:{template.environment.region}:111122223333:deadletters-queue"
    keeping = {path for path, found in functions.items() if found.get("DeadLetterConfig") == {"TargetArn": queue}}
    # The others are called by somebody who waits for their answer; the lease is given back on an event as well.
    assert keeping == {"Monitoring/CheckDrift", "Notifier/Notify", "Training/Lease"}


def test_functions_log_to_groups_of_the_stack(functions):
    # Without one, Lambda makes a group of its own, and that is kept for ever.
    for path, properties in functions.items():
        assert properties["LoggingConfig"] == {"LogGroup": f"{path}/Log".replace("/", "-").lower()}
