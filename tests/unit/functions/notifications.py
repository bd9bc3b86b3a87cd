"""An alarm and the newest check, as messages are made of them."""

from dataclasses import asdict, replace

from evergreen import names
from evergreen.monitoring.quality import Quality
from functions.check_drift.result import DRIFT, CheckResult
from functions.notify.wording import Alarm, compose

STACK, MODEL, BUCKET = "evergreen-dev", "texas-house-prices", "captures"
HOLDS = Quality(metric="mape", live=0.101, low=0.092, high=0.111, promised=0.1, fell=False, labels=1250)
FELL = replace(HOLDS, live=0.31, low=0.28, high=0.34, fell=True)
CHECK = CheckResult(
    model=MODEL,
    version="v7",
    status=DRIFT,
    reason="2 of 5 features have drifted (40%, alarm above 30%)",
    since="2026-11-23T01:00:00+00:00",
    start="2026-11-23T00:50:00+00:00",
    end="2026-11-24T00:50:00+00:00",
    checked_at="2026-11-24T01:00:00+00:00",
    rows=12345,
    share=0.4,
    importance=0.6,
    broken_features=0,
    alarms=[{"name": "share", "text": "2 of 5 features have drifted (40%, alarm above 30%)"}],
    drift_since="2026-11-22T01:00:00+00:00",
    features=[
        {
            "name": "listings",
            "distance": 0.5,
            "reasons": ["median 1200 → 2400", "5% of the rows are missing"],
            "broken": "",
        },
        {"name": "city", "distance": 0.2, "reasons": ["'Waco' is 30% of the rows, 10% in the reference"], "broken": ""},
        {"name": "month", "distance": 0.01, "reasons": [], "broken": ""},
    ],
    prediction={"name": "(prediction)", "distance": 0.4, "reasons": ["median 100 → 200"], "broken": ""},
    quality=HOLDS.as_dict(),
    notes=["predictions/2026/11/24/a.gz is broken gzip: it ends early", "rooms: of type str in 300 rows"],
    report="s3://captures/checks/texas-house-prices/2026/11/24/010000-abcdef/report.html",
)


def alarm(name=names.ALARM_DRIFT, *, firing=True, **changes) -> Alarm:
    return Alarm(
        **{
            "stack": STACK,
            "name": name,
            "firing": firing,
            "description": "More features have drifted. See what was found with: evergreen drift -e dev",
            "reason": "Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0).",
            "changed": "2026-11-24T01:02:03 UTC",
            **changes,
        }
    )


def told(name=names.ALARM_DRIFT, check: CheckResult = CHECK):
    return compose(alarm(name), asdict(check))
