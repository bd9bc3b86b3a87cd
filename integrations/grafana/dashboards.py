"""Writes the dashboards that Grafana is provisioned with. How to: docs/integrations/grafana.md"""

import argparse
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from integrations.grafana import on_cloudwatch, on_prometheus

FOLDER = Path(__file__).parent / "provisioning" / "dashboards"
_RUNBOOK = "https://github.com/OWNER/REPOSITORY/blob/main/docs/runbook.md"
_DASHBOARDS = {"evergreen-prometheus.json": on_prometheus.build, "evergreen-cloudwatch.json": on_cloudwatch.build}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=FOLDER, help="the folder to write to")
    parser.add_argument("--runbook", default=_RUNBOOK, help="the address of docs/runbook.md, that panels link to")
    options = parser.parse_args()
    for name, build in _DASHBOARDS.items():
        (options.output / name).write_text(text(build(options.runbook)))


def text(made: dashboard.Dashboard) -> str:
    """As JSON, the same bytes each time."""
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


if __name__ == "__main__":
    main()
