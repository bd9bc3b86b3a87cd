"""Panels of one form, for dashboards on either data source."""

from collections.abc import Sequence
from typing import TypeAlias

from grafana_foundation_sdk.builders import common, dashboard, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    VariableOption,
)

# Units of Grafana.
RATIO, SECONDS, MILLISECONDS, PLAIN = "percentunit", "s", "ms", "short"
# The grid has 24 columns: two graphs stand side by side.
_HEIGHT, _HALF = 8, 12
_STAT_HEIGHT, _SIXTH = 4, 4
# Where the headings of docs/runbook.md are read; the variable of this name holds it.
_RUNBOOK = "${runbook}"

Target: TypeAlias = Builder[Dataquery]


class Panels:
    """Panels of one data source, each with a number of its own."""

    def __init__(self, type_: str, uid: str) -> None:
        self.source = DataSourceRef(type_val=type_, uid=uid)
        self._made = 0

    def row(self, title: str) -> dashboard.Row:
        return dashboard.Row(title).id(self._next())

    def graph(
        self, title: str, unit: str, targets: Sequence[Target], *, runbook: Sequence[str] = (), description: str = ""
    ) -> timeseries.Panel:
        """
        Args:
            runbook: the alarms that the panel is about, each a link to what to do about it.
        """
        panel = (
            timeseries.Panel()
            .id(self._next())
            .title(title)
            .description(description)
            .datasource(self.source)
            .height(_HEIGHT)
            .span(_HALF)
            .unit(unit)
            .axis_soft_min(0)
            # A check leaves one point in hours.
            .show_points(VisibilityMode.ALWAYS)
            .fill_opacity(10)
            .legend(
                common.VizLegendOptions()
                .show_legend(True)
                .display_mode(LegendDisplayMode.LIST)
                .placement(LegendPlacement.BOTTOM)
                .calcs(["lastNotNull"])
            )
            .links(_links(runbook))
        )
        return _with_targets(panel, targets)

    def number(
        self, title: str, unit: str, targets: Sequence[Target], *, runbook: Sequence[str] = (), by_name: bool = False
    ) -> stat.Panel:
        """
        Args:
            by_name: show the legend instead of the value.
        """
        panel = (
            stat.Panel()
            .id(self._next())
            .title(title)
            .datasource(self.source)
            .height(_STAT_HEIGHT)
            .span(_SIXTH)
            .unit(unit)
            .no_value("none")
            .graph_mode(BigValueGraphMode.NONE)
            .color_mode(BigValueColorMode.NONE)
            .text_mode(BigValueTextMode.NAME if by_name else BigValueTextMode.AUTO)
            .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            .links(_links(runbook))
        )
        return _with_targets(panel, targets)

    def _next(self) -> int:
        self._made += 1
        return self._made


def board(title: str, uid: str, description: str, runbook: str) -> dashboard.Dashboard:
    """A dashboard with the variables that all have: the environment, and where the runbook is."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["evergreen"])
        .readonly()
        .refresh("1m")
        .time("now-24h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.CustomVariable("environment")
            .label("Environment")
            .values("dev,prod")
            .current(VariableOption(selected=True, text="dev", value="dev"))
        )
        .with_variable(dashboard.ConstantVariable("runbook").value(runbook))
    )


def _with_targets(panel: timeseries.Panel | stat.Panel, targets: Sequence[Target]):
    for letter, target in zip("ABCDEFGH", targets, strict=False):
        panel.with_target(target.ref_id(letter))
    return panel


def _links(runbook: Sequence[str]) -> list[dashboard.DashboardLink]:
    return [
        dashboard.DashboardLink(f"What to do: {alarm}")
        .type(DashboardLinkType.LINK)
        .url(f"{_RUNBOOK}#{alarm.replace(' ', '-')}")
        .target_blank(True)
        for alarm in runbook
    ]
