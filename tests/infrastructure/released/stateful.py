"""What of a template holds something that a replacement would lose: data, a history, or an address that others know.

    make release RELEASE=0.2.0

writes what a release has of it, once, when it is tagged. A test holds every later template against each release.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.environments import ENVIRONMENTS

# With what would be lost.
STATEFUL = {
    "AWS::S3::Bucket": "tables, models, captures",
    "AWS::SageMaker::MlflowApp": "runs and registered models",
    "AWS::Logs::LogGroup": "logs",
    "AWS::SNS::Topic": "subscriptions that people have made themselves",
    "AWS::SQS::Queue": "work that was left undone",
    "AWS::KinesisFirehose::DeliveryStream": "records on their way",
    "AWS::StepFunctions::StateMachine": "the history of trainings",
    "AWS::ApiGatewayV2::Api": "the address that callers use",
    "AWS::ApiGatewayV2::Stage": "the address that callers use",
    "AWS::CloudWatch::Alarm": "the history of the alarm, and its state",
}
_FOLDER = Path(__file__).resolve().parent
_CHECKOUT = _FOLDER.parents[2]


def stateful(document: dict[str, Any], region: str) -> dict[str, dict[str, Any]]:
    """Logical id to type and to those properties that cannot be changed without a replacement."""
    return {
        id_: {"Type": resource["Type"], "fixed": _fixed(resource, region)}
        for id_, resource in document["Resources"].items()
        if resource["Type"] in STATEFUL
    }


def _fixed(resource: dict[str, Any], region: str) -> dict[str, Any]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, resource["Type"]).schema
    fixed = {}
    for pointer in schema.get("createOnlyProperties", []):
        value: Any = resource.get("Properties", {})
        for name in pointer.removeprefix("/properties/").split("/"):
            value = value.get(name) if isinstance(value, dict) else None
        fixed[pointer] = value
    return fixed


def released() -> dict[str, dict[str, dict[str, Any]]]:
    """Release to environment to what `stateful` says of its template."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(_FOLDER.glob("*.json"))}


def _record(release: str, templates: Path) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        sys.exit(f"a release is named like 0.2.0, not {release!r}: make release RELEASE=0.2.0")
    found = {
        environment.name: stateful(
            json.loads((templates / f"evergreen-{environment.name}.template.json").read_text()), environment.region
        )
        for environment in ENVIRONMENTS
    }
    (_FOLDER / f"{release}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    _record(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else _CHECKOUT / "cdk.out")
