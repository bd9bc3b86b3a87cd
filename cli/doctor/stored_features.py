"""Whether the champion would still get its stored features after the deployment."""

from collections.abc import Sequence
from typing import Any

from cli.aws.registry import champions
from cli.aws.stacks import describe, outputs_of
from cli.doctor.plan import Plan
from cli.feature_store.definitions import described
from cli.findings import Finding, Status
from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidFeatures
from evergreen.feature_store.changes import broken_by
from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import CONTRACT

STORED_FEATURES = "stored features"
_REMEDY = (
    "keep what it takes, and give what is new another name beside it; once a version that takes the new one serves, "
    "the old may go (docs/features.md, Changing a definition)"
)


def stored_features(plan: Plan, client: Any) -> Sequence[Finding]:
    """
    Raises:
        InvalidSettings: model.toml cannot be read.
        BrokenBundle: the champion's contract cannot be read.
        ClientError: AWS refused or failed.
    """
    settings = read_settings(plan.settings_file)
    outputs = outputs_of(describe(client("cloudformation"), plan.stack) or {})
    if not settings.features.service and names.OUTPUT_FEATURE_PROJECT not in outputs:
        return [Finding(check=STORED_FEATURES, status=Status.OK, found="none: model.toml asks for no feature service")]
    try:
        defined = described(settings).views if settings.features.service else ()
    except InvalidFeatures as error:
        remedy = "evergreen features apply"
        return [Finding(check=STORED_FEATURES, status=Status.FAILED, found=str(error), remedy=remedy)]
    version, contract = _champion(outputs, client("s3")) if outputs else ("", None)
    if contract is None:
        return [Finding(check=STORED_FEATURES, status=Status.OK, found="no version serves yet that would need them")]
    if broken := broken_by(defined, contract.stored, contract.names):
        lost = "" if settings.features.service else "model.toml names no feature service in [features]; "
        found = f"the deployment would break {version}, which serves: {lost}{'; '.join(broken)}"
        return [Finding(check=STORED_FEATURES, status=Status.FAILED, found=found, remedy=_REMEDY)]
    found = f"{version}, which serves, keeps all that it takes from the feature store"
    return [Finding(check=STORED_FEATURES, status=Status.OK, found=found)]


def _champion(outputs: dict[str, str], s3: Any) -> tuple[str, Contract | None]:
    """The version that serves, and its contract; None if no version does."""
    bucket = outputs[names.OUTPUT_MODEL_BUCKET]
    champion = champions(s3, bucket, outputs[names.OUTPUT_MODEL_NAME]).present
    if champion is None:
        return "", None
    contract = s3.get_object(Bucket=bucket, Key=f"{champion.bundle}{CONTRACT}")["Body"].read()
    return champion.version, Contract.from_json(contract)
