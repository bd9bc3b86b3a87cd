"""evergreen dashboard: the stack's own CloudWatch dashboard as a page, drawn from its definition and its metrics."""

import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.number_text import number

# The most points in a line: as many as a phone can show.
_POINTS = 400
_SHORTEST_PERIOD = 60
# The form of a search in infra/monitoring/dashboard.py.
_SEARCH = re.compile(r"""SEARCH\('\{(?P<schema>[^}]+)\} MetricName="(?P<name>\w+)"', '(?P<stat>\w+)', \d+\)""")
_COLOURS = {"OK": "#1a7f37", "ALARM": "#cf222e", "INSUFFICIENT_DATA": "#6e7781"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
 body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1f2328 }}
 h2 {{ font-size: 1rem; margin: 1.5rem 0 0 }}
 .alarms {{ display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; list-style: none }}
 .alarms li {{ padding: .2rem .7rem; border-radius: 1rem; color: #fff }}
 .empty, footer {{ color: #6e7781 }}
</style>
<script>{script}</script>
{body}
<footer>Drawn {moment} from the definition of the dashboard {name} and the metrics of the last {hours} hours.</footer>
</html>
"""


def dashboard(
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("dashboard.html"),
    hours: Annotated[float, typer.Option(help="Hours to draw, up to now.")] = 24,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Draw the stack's dashboard as a page. The CloudWatch console shows the same dashboard."""
    write_dashboard(Target.choose(environment, local=local), output, hours=hours)
    console.print(f"The dashboard is in {output}", markup=False)


def write_dashboard(target: Target, output: Path, *, hours: float = 1) -> Path:
    """Draw the deployed dashboard; return the file."""
    name = target.outputs[names.OUTPUT_DASHBOARD]
    body = json.loads(target.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    now = datetime.now(UTC)
    drawing = _Drawing(target.client("cloudwatch"), start=now - timedelta(hours=hours), end=now)
    page = _PAGE.format(
        title=html.escape(name),
        script=_plotly_script(),
        body="\n".join(drawing.widget(widget) for widget in body["widgets"]),
        moment=f"{now:%Y-%m-%d %H:%M} UTC",
        name=html.escape(name),
        hours=number(hours),
    )
    output.write_text(page, encoding="utf-8")
    return output


def _plotly_script() -> str:
    # plotly and markdown-it are imported only where a page is drawn: --help needs neither.
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


@dataclass(frozen=True)
class _Drawing:
    """Draws widgets with the metrics from `start` to `end`."""

    cloudwatch: Any
    start: datetime
    end: datetime

    def widget(self, widget: dict[str, Any]) -> str:
        properties = widget["properties"]
        if widget["type"] == "text":
            from markdown_it import MarkdownIt

            return str(MarkdownIt().render(properties["markdown"]))
        title = f"<h2>{html.escape(properties.get('title', ''))}</h2>"
        if widget["type"] == "alarm":
            return title + self._alarms(properties["alarms"])
        return title + self._graph(properties)

    def _alarms(self, arns: list[str]) -> str:
        wanted = [arn.split(":alarm:")[1] for arn in arns]
        found = self.cloudwatch.describe_alarms(AlarmNames=wanted)["MetricAlarms"]
        items = (
            f'<li style="background: {_COLOURS[alarm["StateValue"]]}">{html.escape(alarm["AlarmName"])}: '
            f"{alarm['StateValue'].replace('_', ' ').lower()}</li>"
            for alarm in sorted(found, key=lambda alarm: (alarm["StateValue"], alarm["AlarmName"]))
        )
        return f'<ul class="alarms">{"".join(items)}</ul>'

    def _graph(self, properties: dict[str, Any]) -> str:
        import plotly.graph_objects as go

        period = max(_SHORTEST_PERIOD, 60 * round((self.end - self.start).total_seconds() / 60 / _POINTS))
        metrics = [each for metric in properties["metrics"] for each in self._written_out(metric)]
        queries = [_query(index, metric, properties, period) for index, metric in enumerate(metrics)]
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=self.start, EndTime=self.end, ScanBy="TimestampAscending"
        )
        figure = go.Figure(
            [
                go.Scatter(
                    x=line["Timestamps"], y=line["Values"], name=line["Label"], mode="lines+markers", cliponaxis=False
                )
                for line in answer["MetricDataResults"]
                if line["Values"]
            ]
        )
        if not figure.data:
            return '<p class="empty">No data yet.</p>'
        for line in properties.get("annotations", {}).get("horizontal", []):
            figure.add_hline(y=line["value"], line_dash="dash", annotation_text=line.get("label", ""))
        figure.update_layout(
            template="plotly_white",
            height=260,
            margin={"l": 10, "r": 20, "t": 30, "b": 10},
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            showlegend=True,
            yaxis={"rangemode": "tozero", "automargin": True},
            # The newest points are at the right edge and need room.
            xaxis={"range": [self.start, self.end + (self.end - self.start) / 30], "automargin": True},
        )
        config = {"responsive": True, "displayModeBar": False}
        return str(figure.to_html(full_html=False, include_plotlyjs=False, config=config))

    def _written_out(self, metric: list[Any]) -> list[list[Any]]:
        """A metric as it is; a search as the metrics that it finds, each named by the first dimension searched for."""
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        if "expression" not in options:
            return [metric]
        search = _SEARCH.fullmatch(options["expression"])
        if search is None:
            raise CommandFailed(
                f"the dashboard has an expression that evergreen dashboard cannot draw: {options['expression']}"
            )
        namespace, *wanted = search["schema"].split(",")
        pages = self.cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=search["name"])
        found = [item["Dimensions"] for page in pages for item in page["Metrics"]]
        return [
            [
                namespace,
                search["name"],
                *(word for item in dimensions for word in (item["Name"], item["Value"])),
                {
                    "stat": search["stat"],
                    "label": next(item["Value"] for item in dimensions if item["Name"] == wanted[0]),
                },
            ]
            for dimensions in found
            if {item["Name"] for item in dimensions} == set(wanted)
        ]


def _query(index: int, metric: list[Any], properties: dict[str, Any], period: int) -> dict[str, Any]:
    """A metric of a widget as GetMetricData asks for it."""
    options = metric[-1] if isinstance(metric[-1], dict) else {}
    namespace, name, *pairs = metric[:-1] if options else metric
    dimensions = [{"Name": key, "Value": value} for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return {
        "Id": f"m{index}",
        "Label": options.get("label", name),
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions},
            "Period": period,
            "Stat": options.get("stat", properties.get("stat", "Average")),
        },
    }
