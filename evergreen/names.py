"""Names that the infrastructure and the running code must agree on. Each is defined only here."""

# CloudWatch metrics of the predict function. The two 0/1 metrics are written for every request, so that their
# average is the share of requests and their sum the count.
METRIC_SERVICE = "predict"
PREDICTIONS = "Predictions"
PREDICTION_DURATION = "PredictionDuration"
PREDICTION_ERRORS = "PredictionErrors"
REJECTED_REQUESTS = "RejectedRequests"

# 1 when the champion could not be looked at, or the new one not loaded; the present one goes on serving.
CHAMPION_REFRESH_FAILURES = "ChampionRefreshFailures"

# Of requests that read the feature store: entities of a view that are not in it, or older there than it allows; 1 when
# a view could not be read; how long all reads took.
MISSING_ENTITIES = "MissingEntities"
STALE_ENTITIES = "StaleEntities"
FEATURE_READ_FAILURES = "FeatureReadFailures"
FEATURE_READ_DURATION = "FeatureReadDuration"

# Of the check function, once a check. The 0/1 ones are left out where a check cannot tell.
MONITORING_SERVICE = "monitoring"
DRIFT_DETECTED = "DriftDetected"
QUALITY_FELL = "QualityFell"
BROKEN_INPUT = "BrokenInput"
DRIFT_SHARE = "DriftShare"
DRIFT_IMPORTANCE = "DriftImportance"
BROKEN_FEATURES = "BrokenFeatures"
PREDICTION_DRIFT = "PredictionDrift"
FEATURE_DRIFT = "FeatureDrift"  # with the dimension `feature`: how far it has moved, from 0 to 1
LIVE_METRIC = "LiveMetric"
PROMISED_METRIC = "PromisedMetric"
CAPTURED_ROWS = "CapturedRows"
LABELS = "Labels"
MODEL_AGE_DAYS = "ModelAgeDays"
CAPTURE_LAG_SECONDS = "CaptureLagSeconds"

# Of the job that writes stored features online, once a run, with the dimension `view`.
FEATURES_SERVICE = "features"
FEATURE_ROWS_WRITTEN = "FeatureRowsWritten"
FEATURE_LAG_SECONDS = "FeatureLagSeconds"
FEATURE_SKEW = "FeatureSkew"  # served values that the history does not have; only where predictions were compared
FEATURES_LATE = "FeaturesLate"  # predictions for which the history had a newer event; likewise

# The lines of the predict function's log that are captured: their messages, and the version of their form.
RECORD_PREDICT = "predict"
RECORD_FEEDBACK = "feedback"
CAPTURE_FORMAT = 1

# Environment variables of the functions.
MODEL_BUCKET = "MODEL_BUCKET"
MODEL_NAME = "MODEL_NAME"
LOG_SAMPLE = "LOG_SAMPLE"
LOG_LEAVE_OUT = "LOG_LEAVE_OUT"
LOG_CALLER = "LOG_CALLER"
FEATURE_PROJECT = "FEATURE_PROJECT"  # of Feast; without it there is no feature store
FEATURE_KEY_VERSION = "FEATURE_KEY_VERSION"
PROTOCOLS = "PROTOCOLS"
FEATURES_EVERY_HOURS = "FEATURES_EVERY_HOURS"
FEATURES_MISSING = "FEATURES_MISSING"  # `missing` of [features]
LEASE_SECONDS = "LEASE_SECONDS"
DATA_MANIFEST = "DATA_MANIFEST"
TRACKING_URI = "MLFLOW_TRACKING_URI"
TRACKING_SECRET = "EVERGREEN_MLFLOW_SECRET"
FAILURE_URI = "FAILURE_URI"
CAPTURE_BUCKET = "CAPTURE_BUCKET"
PACKAGES_BUCKET = "PACKAGES_BUCKET"
PACKAGES_KEY = "PACKAGES_KEY"
WINDOW_HOURS = "WINDOW_HOURS"
RENEWAL = "RENEWAL"  # [renewal] of model.toml, as JSON
RENEWAL_SECONDS = "RENEWAL_SECONDS"  # that the jobs of one renewal may run for
DOLLARS_PER_HOUR = "DOLLARS_PER_HOUR"
DATA_BUCKET = "DATA_BUCKET"
SOURCE_DIGEST = "SOURCE_DIGEST"
RENEWAL_WORKFLOW = "RENEWAL_WORKFLOW"
STACK_NAME = "STACK_NAME"
TOPIC = "NOTIFICATION_TOPIC"
METRIC_NAMESPACE = "METRIC_NAMESPACE"
FEAST_PYTHON = "EVERGREEN_FEAST_PYTHON"  # the Python that Feast runs in
WANDB_PYTHON = "EVERGREEN_WANDB_PYTHON"  # the Python that W&B's client runs in
FEAST_PACKAGES = "EVERGREEN_FEAST_PACKAGES"  # the folder that it is installed in, beside the image's own packages
MESSAGE_FORMAT = "MESSAGE_FORMAT"

# Of every function and every job: no package in them tells its makers that it is used.
NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

# Forms of a notification: text for people, or JSON for chat tools.
FORMAT_TEXT = "text"
FORMAT_CHAT = "chat"

# Alarms, by their name after the stack's. The first two are about requests, the others about a check's result.
ALARM_REJECTED = "rejected requests"
ALARM_LATENCY = "latency"
ALARM_DRIFT = "drift"
ALARM_QUALITY = "quality"
ALARM_BROKEN_INPUT = "broken input"

# The status of a check that could not read all records.
STATUS_BROKEN_INPUT = "broken input"

# Routes of the endpoint: method and path.
ROUTES = ("POST /predict", "POST /feedback", "GET /model", "GET /openapi.json", "GET /health")
# Of the protocols that [endpoint] protocols switches on. What TensorFlow Serving writes behind a colon, as in
# POST /v1/models/NAME:predict, is part of the last path parameter for the gateway.
PROTOCOL_ROUTES = {
    "tensorflow": (
        "GET /v1/models/{model}",
        "GET /v1/models/{model}/metadata",
        "POST /v1/models/{model}",
        "GET /v1/models/{model}/versions/{version}",
        "GET /v1/models/{model}/versions/{version}/metadata",
        "POST /v1/models/{model}/versions/{version}",
    ),
    "open-inference": (
        "GET /v2",
        "GET /v2/health/live",
        "GET /v2/health/ready",
        "GET /v2/models/{model}",
        "GET /v2/models/{model}/ready",
        "POST /v2/models/{model}/infer",
        "GET /v2/models/{model}/versions/{version}",
        "GET /v2/models/{model}/versions/{version}/ready",
        "POST /v2/models/{model}/versions/{version}/infer",
    ),
    "mlflow": ("POST /invocations", "GET /ping", "GET /version"),
}

# Of the archive that jobs run from: the folder with the wheels of W&B's client, where runs are mirrored.
WANDB_WHEELS = "wandb-wheels"

# Outputs of the stack, read by the command line.
OUTPUT_PREDICT_URL = "PredictUrl"
OUTPUT_DATA_BUCKET = "DataBucket"
OUTPUT_MODEL_BUCKET = "ModelBucket"
OUTPUT_WORKFLOW = "TrainingWorkflow"
OUTPUT_PROMOTE_FUNCTION = "PromoteFunction"
OUTPUT_CAPTURE_BUCKET = "CaptureBucket"
OUTPUT_CHECK_FUNCTION = "CheckDriftFunction"
OUTPUT_DASHBOARD = "Dashboard"
OUTPUT_MODEL_NAME = "ModelName"
OUTPUT_SOURCE_DIGEST = "SourceDigest"
OUTPUT_TOPIC = "NotificationTopic"
OUTPUT_TRACKING_URI = "TrackingUri"
OUTPUT_USER_POLICY = "UserPolicy"
OUTPUT_LOG_SETTINGS = "LogSettings"
# There is none without [renewal].
OUTPUT_RENEWAL_WORKFLOW = "RenewalWorkflow"
# There are none without [features].
OUTPUT_FEATURE_WORKFLOW = "FeatureWorkflow"
OUTPUT_FEATURE_PROJECT = "FeatureProject"

# The stack of a pipeline on GitHub, its output with the repository that it trusts, and the jobs of pull requests.
PIPELINE_STACK = "evergreen-pipeline"
OUTPUT_REPOSITORY = "Repository"
PULL_REQUEST = "pull-request"
# A repository of GitHub: OWNER/REPO in the characters that GitHub allows, or both with their numbers, OWNER@1/REPO@2.
REPOSITORY = (
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}(?P<owner_id>@[0-9]+)?/(?!\.{1,2}(?:@|$))[A-Za-z0-9._-]{1,100}(?(owner_id)@[0-9]+)"
)

# Key prefixes of the data bucket.
DATA_PREFIX = "data/"
# The suffix of the note, beside its manifest, that somebody has brought a version.
NEWS = ".new"
DVC_PREFIX = "dvc/"
OBJECTS_PREFIX = f"{DVC_PREFIX}files/md5/"
SETTINGS_PREFIX = "settings/"
PREPARED_PREFIX = "prepared/"
# What Prepare found, beside the rows that it has prepared.
SUMMARY = "summary.json"
# What a renewal's first job has found, beside the rows of its challengers.
PLAN = "plan.json"

# With a feature store: the histories of its views, and its registry with what was written online.
HISTORIES_PREFIX = "features/data/"
REGISTRY_PREFIX = "features/registry/"
# What the last run has written, there.
MATERIALISED = "result.json"

# Key prefixes of the model bucket.
BUNDLES_PREFIX = "models/"
CHAMPIONS_PREFIX = "champions/"
LEASES_PREFIX = "leases/"
RENEWALS_PREFIX = "renewals/"
TRACKING_PREFIX = "mlflow/"
FAILURES_PREFIX = "failures/"

# Key prefixes of the capture bucket.
PREDICTIONS_PREFIX = "predictions/"
FEEDBACK_PREFIX = "feedback/"
UNDELIVERED_PREFIX = "undelivered/"
CHECKS_PREFIX = "checks/"

# Key prefix of the data bucket: which captures a renewal reads.
CAPTURES_READ_PREFIX = "captures/"

# Tags of the stack's resources, by which what has outlived a stack is found. The second is of buckets alone: their id
# in the template, by which a later stack takes them up again.
TAG_ENVIRONMENT = "evergreen:environment"
TAG_LOGICAL_ID = "evergreen:logical-id"

# Channels of the jobs: a folder of the container each.
CHANNEL_DATA = "data"
CHANNEL_SETTINGS = "settings"
CHANNEL_PREVIOUS = "previous"  # the champion's contract; absent before the first
CHANNEL_PREPARED = "prepared"
CHANNEL_SOURCE = "source"
# Of a renewal's first job: captures as inputs, a new version of the data as outputs.
CHANNEL_PREDICTIONS = "predictions"
CHANNEL_FEEDBACK = "feedback"
CHANNEL_OBJECTS = "objects"
CHANNEL_MANIFESTS = "manifests"
# With a feature store: the histories of its views.
CHANNEL_FEATURES = "features"


def stack_name(environment: str) -> str:
    """The CloudFormation stack of an environment."""
    return f"evergreen-{environment}"


def access_log(stack: str) -> str:
    """The log group of the gateway's access log.

    To groups of this prefix the account's own policy for vended logs lets the gateway write. A policy of ours would be
    one of the ten that a region may have.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    """
    return f"/aws/vendedlogs/{stack}/access"


def pipeline_role(job: str) -> str:
    """The role that a workflow's job takes on: of an environment by its name, or of PULL_REQUEST."""
    return f"{PIPELINE_STACK}-{job}"


def output_pipeline_role(job: str) -> str:
    """The output of the pipeline's stack with the ARN of that role."""
    return f"Role{job.title().replace('-', '')}"


def metric_namespace(environment: str) -> str:
    """The CloudWatch namespace of an environment's metrics: two environments may share an account."""
    return f"Evergreen/{environment}"


def feature_project(model: str, environment: str) -> str:
    """The project in Feast of a model in an environment: two environments may share an account.

    Two underscores part them, which neither name can have: model a in b-c is not model a-b in c.
    """
    return f"{model}__{environment}".replace("-", "_")


def online_table(project: str, view: str) -> str:
    """The table of a feature view in the online store, as Feast names it."""
    return f"{project}.{view}"


def settings_key(sha256: str) -> str:
    """The key of a model.toml in the data bucket, by its own SHA-256."""
    return f"{SETTINGS_PREFIX}{sha256}/model.toml"


def champion_key(model: str) -> str:
    """The key of the champion pointer in the model bucket."""
    return f"{CHAMPIONS_PREFIX}{model}.json"


def lease_key(model: str) -> str:
    """The key, in the model bucket, of the lease that the one training of a model holds."""
    return f"{LEASES_PREFIX}{model}.json"


def ledger_key(model: str) -> str:
    """The key, in the model bucket, of what renewal has tried and learned."""
    return f"{RENEWALS_PREFIX}{model}.json"


def latest_check_key(model: str) -> str:
    """The key of the newest check's result in the capture bucket."""
    return f"{CHECKS_PREFIX}{model}/latest.json"


def failure_key(model: str, attempt: str) -> str:
    """The key, in the model bucket, of why a training job has failed, in its own words."""
    return f"{FAILURES_PREFIX}{model}/{attempt}.txt"


def bundles_prefix(model: str) -> str:
    """Where the training jobs of a model put their bundles, one folder per job."""
    return f"{BUNDLES_PREFIX}{model}/"
