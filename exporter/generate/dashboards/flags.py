"""Timelines of flags: a line per bit, the grave ones on top, in the words of the maps."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.looks import FLAG_LEVELS, flag_mapping
from exporter.generate.dashboards.panels import Frame, Panel, Query, timeline_panel
from exporter.generate.vocabulary import FlagMetric, alternatives
from exporter.maps.roles import gravity

ABOUT = (
    "A line per bit, the grave ones on top: dark is not set, a colour is set at some moment of that step "
    "(✖ critical, ▲ warning, ◇ other). A bit that should be set has a colour while it is clear. Grey "
    "n/a is a bit that this device or its firmware does not report, or not now: that is not the same as fine."
)


def flags_panel(metric: FlagMetric, frame: Frame) -> Panel:
    """All flags of a metric over time. A query for each level keeps them in that order."""
    queries = []
    for level in sorted(set(FLAG_LEVELS.values()), reverse=True):
        set_ones, clear_ones = (
            tuple(
                name for name, flag in metric.flags.items()
                if flag.normal == normal and FLAG_LEVELS[gravity(flag)] == level
            ) for normal in (False, True)
        )  # fmt: skip
        if parts := _levels(metric.name, level, set_ones, clear_ones):
            queries.append(Query("\n  or ".join(parts), "{{flag}}"))
    overrides = [(name, {"displayName": flag.label}) for name, flag in metric.flags.items()]
    return timeline_panel(frame, queries, mappings=flag_mapping(), overrides=overrides)


def _levels(metric: str, level: int, set_ones: tuple[str, ...], clear_ones: tuple[str, ...]) -> list[str]:
    """The level of each flag at its worst in a step, 0 where it is as it should be, −1 where not known."""
    parts = []
    if set_ones:
        highest = q.per(q.most(q.series(metric, f'flag=~"{alternatives(set_ones)}"')), "flag")
        parts.append(f"{level} * {highest}")
    if clear_ones:
        lowest = q.per(q.least(q.series(metric, f'flag=~"{alternatives(clear_ones)}"')), "flag", how="min")
        parts.append(f"{level} * (1 - {lowest})")
    names = (*set_ones, *clear_ones)
    return parts + [f'label_replace(vector(-1), "flag", "{name}", "", "")' for name in names]
