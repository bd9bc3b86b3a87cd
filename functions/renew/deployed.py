"""What the function's environment says of the stack."""

import json
import os
from dataclasses import dataclass, fields

from evergreen import names
from evergreen.renewal.admission import Limits


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """
    Attributes:
        source_digest: of the code that the jobs run.
        dollars_per_hour: of a job's instance.
    """

    model: str
    model_bucket: str
    data_bucket: str
    capture_bucket: str
    source_digest: str
    dollars_per_hour: float
    limits: Limits

    @classmethod
    def from_environment(cls) -> "Deployed":
        price = float(os.environ[names.DOLLARS_PER_HOUR])
        settings = json.loads(os.environ[names.RENEWAL])
        limits = {field.name: settings[field.name] for field in fields(Limits) if field.name in settings}
        return cls(
            model=os.environ[names.MODEL_NAME],
            model_bucket=os.environ[names.MODEL_BUCKET],
            data_bucket=os.environ[names.DATA_BUCKET],
            capture_bucket=os.environ[names.CAPTURE_BUCKET],
            source_digest=os.environ[names.SOURCE_DIGEST],
            dollars_per_hour=price,
            limits=Limits(**limits, dollars=dollars(float(os.environ[names.RENEWAL_SECONDS]), price)),
        )


def dollars(seconds: float, per_hour: float) -> float:
    """What jobs cost that have run for so many seconds together."""
    return round(seconds / 3600 * per_hour, 4)
