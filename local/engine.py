"""The private parts of ministack that the adapters use, each named once.

ministack is pinned. After an update, `tests/integration/local/test_ministack_touchpoints.py` names the parts that the
new version has renamed or changed.
"""

import importlib
import inspect
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Touchpoint:
    """An attribute of a ministack module; `parameters` are the parameters of a function, None for other attributes."""

    module: str
    name: str
    parameters: tuple[str, ...] | None = None

    def get(self) -> Any:
        return getattr(importlib.import_module(f"ministack.{self.module}"), self.name)

    def replace(self, value: Any) -> None:
        """Put another value in its place. ministack looks up its functions by name at each call, so it takes effect."""
        setattr(importlib.import_module(f"ministack.{self.module}"), self.name, value)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.get()(*arguments, **named)

    def problem(self) -> str | None:
        """How the installed ministack differs; None if it does not."""
        where = f"ministack.{self.module}.{self.name}"
        try:
            found = self.get()
        except (ImportError, AttributeError) as error:
            return f"{where} is gone: {error}"
        if self.parameters is None:
            return None
        names = tuple(inspect.signature(found).parameters)
        if names != self.parameters:
            return f"{where} takes {names} instead of {self.parameters}"
        return None


# Requests: the service that a request is for, the permission to send it, and the handler that answers it.
APP = Touchpoint("app", "app", ("scope", "receive", "send"))
# Paths that ministack answers itself on every host.
HEALTH_PATHS = Touchpoint("app", "_HEALTH_PATHS")
SERVICE_HANDLERS = Touchpoint("app", "SERVICE_HANDLERS")
SERVICE_PATTERNS = Touchpoint("core.router", "SERVICE_PATTERNS")
IAM_NAMESPACES = Touchpoint("core.iam_actions", "SERVICE_TO_IAM_NAMESPACE")
EXTRACT_RESOURCE_ARN = Touchpoint(
    "core.iam_actions",
    "extract_resource_arn",
    ("service", "method", "path", "headers", "body", "query_params", "region", "account_id"),
)
REQUEST_CONTEXT = Touchpoint("core.iam_actions", "request_tag_context", ("service", "iam_action", "body", "params"))
AUTHORIZATION_OF_ROUTE = Touchpoint(
    "app", "_execute_api_authorization_type", ("api_id", "stage", "method", "execute_path")
)
ACCESS_KEY_ID = Touchpoint("core.router", "extract_access_key_id", ("headers", "query_params"))
ENFORCE = Touchpoint(
    "core.iam_evaluator",
    "enforce",
    ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
)
VALIDATE_ROLE_ARN = Touchpoint("core.iam_evaluator", "validate_role_arn", ("role_arn",))
REGISTER_SESSION = Touchpoint("services.sts", "register_session", ("access_key", "session"))
ACCOUNT_ID = Touchpoint("core.responses", "get_account_id", ())
REGION = Touchpoint("core.responses", "get_region", ())
SET_REGION = Touchpoint("core.responses", "set_request_region", ("region",))

# State: what each service gives away to be kept, and takes back. All stores of ministack are of these two classes.
ACCOUNT_STORE = Touchpoint("core.responses", "AccountScopedDict", ())
REGION_STORE = Touchpoint("core.responses", "AccountRegionScopedDict", ())
STATES_TO_SAVE = Touchpoint("app", "_build_persistence_save_dict", ())
STATE_MODULES = Touchpoint("app", "_state_map")
SERVICE_MODULE = Touchpoint("app", "_get_module", ("name",))
MAIN_LOOP = Touchpoint("app", "_MAIN_LOOP")
EXTERNALIZE_CODE = Touchpoint("services.lambda_svc", "_externalize_code_zip", ("func", "referenced"))
STACKS = Touchpoint("services.cloudformation", "_stacks")
# What the services do not give away, by the names of ours.
SESSIONS = Touchpoint("services.sts", "_sessions")
KEPT_STORES = {
    "buckets": Touchpoint("services.s3", "_buckets"),
    "object versions": Touchpoint("services.s3", "_object_versions"),
    "object tags": Touchpoint("services.s3", "_object_tags"),
    "object access": Touchpoint("services.s3", "_object_acl"),
    "object annotations": Touchpoint("services.s3", "_object_annotations"),
    "object retention": Touchpoint("services.s3", "_object_retention"),
    "object legal hold": Touchpoint("services.s3", "_object_legal_hold"),
    "multipart uploads": Touchpoint("services.s3", "_multipart_uploads"),
    "schedules' last times": Touchpoint("services.scheduler", "_schedule_last_fired"),
    "rules' last times": Touchpoint("services.eventbridge", "_rule_last_fired"),
}

# Lambda.
PROVIDED_WORKER = Touchpoint("core.lambda_runtime", "ProvidedWorker")
PROVIDED_RUNTIME_ERROR = Touchpoint("core.lambda_runtime", "ProvidedRuntimeError", ("message", "error_type"))
WORKER_CLASS_FOR = Touchpoint("core.lambda_runtime", "_worker_class_for", ("config",))
RESET_WORKERS = Touchpoint("core.lambda_runtime", "reset", ())
EXECUTE_WARM = Touchpoint("services.lambda_svc", "_execute_function_warm", ("func", "event", "request_id"))
EXECUTE_PROVIDED_WARM = Touchpoint(
    "services.lambda_svc", "_execute_function_provided_warm", ("func", "event", "request_id")
)
FUNCTIONS = Touchpoint("services.lambda_svc", "_functions")
INVOKE_ASYNCHRONOUSLY = Touchpoint("services.lambda_svc", "invoke_async_with_retry", ("func", "event"))
EMIT_METRICS = Touchpoint(
    "services.lambda_svc", "_emit_lambda_metrics", ("function_name", "duration_ms", "error", "throttle")
)
EMIT_LOGS = Touchpoint(
    "services.lambda_svc",
    "_emit_lambda_logs",
    ("func", "request_id", "log_text", "error", "duration_ms", "log_source"),
)
PROVIDED_WORKER_ENV = Touchpoint("services.lambda_svc", "_provided_worker_env", ("config", "code_dir", "port"))

# CloudFormation.
RESOURCE_HANDLERS = Touchpoint("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
# Of each type that takes the stack's tags: the property with its tags, and whether that is a list.
STACK_TAG_PROPERTY = Touchpoint("services.cloudformation.provisioners", "_STACK_TAG_PROPERTY")
ALARM_RECORD = Touchpoint("services.cloudformation.provisioners", "_cw_metric_alarm_record", ("name", "props"))

# Step Functions.
SERVICE_DISPATCH = Touchpoint("services.stepfunctions", "_SERVICE_DISPATCH")
EXECUTIONS = Touchpoint("services.stepfunctions", "_executions")
VALIDATE_DEFINITION = Touchpoint("services.stepfunctions", "_validate_state_machine_definition", ("data",))
VALIDATE_JSONATA = Touchpoint("services.stepfunctions", "_validate_definition_jsonata", ("definition_str",))
EXECUTION_ERROR = Touchpoint("services.stepfunctions", "_ExecutionError", ("error", "cause"))
RUN_EXECUTION = Touchpoint("services.stepfunctions", "_run_execution", ("exec_arn",))
STOP_EXECUTION = Touchpoint("services.stepfunctions", "_stop_execution", ("data",))
EMIT_STATUS_EVENT = Touchpoint("services.stepfunctions", "_emit_execution_status_event", ("execution",))
INVOKE = Touchpoint("services.stepfunctions", "_invoke_resource", ("resource", "input_data"))
INVOKE_WITH_TIMEOUT = Touchpoint(
    "services.stepfunctions", "_invoke_resource_with_timeout", ("resource", "input_data", "timeout")
)

# IAM.
POLICIES = Touchpoint("services.iam", "_policies")

# S3.
BUCKET_TAGS = Touchpoint("services.s3", "_bucket_tags")
BUCKET_POLICIES = Touchpoint("services.s3", "_bucket_policies")
GET_OBJECT_DATA = Touchpoint("services.s3", "_get_object_data", ("bucket_name", "key", "version_id"))

# CloudWatch and its logs.
CREATE_LOG_GROUP = Touchpoint("services.cloudwatch_logs", "_create_log_group", ("data",))
CREATE_LOG_STREAM = Touchpoint("services.cloudwatch_logs", "_create_log_stream", ("data",))
PUT_LOG_EVENTS = Touchpoint("services.cloudwatch_logs", "_put_log_events", ("data",))
LOG_GROUPS = Touchpoint("services.cloudwatch_logs", "_log_groups")
FAN_OUT_LOGS = Touchpoint(
    "services.cloudwatch_logs", "_fanout_to_subscription_filters", ("group_name", "stream_name", "events")
)
PATTERN_MATCHES = Touchpoint("services.cloudwatch_logs", "_subscription_pattern_matches", ("pattern", "message"))
PUT_METRIC_DATA = Touchpoint("services.cloudwatch", "_put_metric_data", ("params", "cbor_data", "is_cbor", "is_json"))
METRICS = Touchpoint("services.cloudwatch", "_metrics")
DIMENSIONS_KEY = Touchpoint("services.cloudwatch", "_dims_key", ("dims",))
RECORD_METRIC = Touchpoint(
    "services.cloudwatch", "record_metric", ("namespace", "metric_name", "value", "unit", "dimensions")
)
ALARMS = Touchpoint("services.cloudwatch", "_alarms")
EVALUATE_ALARM = Touchpoint("services.cloudwatch", "_evaluate_alarm", ("alarm",))
CALCULATE_STATISTICS = Touchpoint("services.cloudwatch", "_calc_stats", ("points",))
STATISTIC_VALUE = Touchpoint("services.cloudwatch", "_stat_value", ("stats", "stat_name", "points"))
RECORD_HISTORY = Touchpoint(
    "services.cloudwatch",
    "_record_history",
    ("alarm_name", "old_state", "new_state", "reason", "alarm_type", "reason_data"),
)
DISPATCH_ALARM_ACTIONS = Touchpoint(
    "services.cloudwatch", "_dispatch_alarm_actions", ("alarm", "old_state", "new_state", "reason")
)
EVALUATE_PARENT_ALARMS = Touchpoint("services.cloudwatch", "_evaluate_parent_alarms", ("child", "seen"))

# SQS.
QUEUES = Touchpoint("services.sqs", "_queues")
REFRESH_QUEUE_COUNTS = Touchpoint("services.sqs", "_refresh_counts", ("q",))

# EventBridge, and its scheduler.
INVOKE_TARGET = Touchpoint("services.eventbridge", "_invoke_target", ("target", "event", "rule", "view"))

# Firehose.
FIREHOSE_PUT_RECORD = Touchpoint("services.firehose", "_put_record", ("data",))
FIREHOSE_PROCESS = Touchpoint(
    "services.firehose",
    "_apply_lambda_processors",
    ("stream", "dest", "records", "metadata_sink", "partition_sink"),
)
FIREHOSE_DELIVER = Touchpoint("services.firehose", "_deliver_records_to_s3", ("stream", "dest", "records"))


def all_touchpoints() -> list[Touchpoint]:
    single = [value for value in globals().values() if isinstance(value, Touchpoint)]
    return [*single, *KEPT_STORES.values()]
