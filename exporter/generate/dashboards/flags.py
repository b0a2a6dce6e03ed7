"""Timelines of flags: a line per bit, the grave ones on top, in the words of the maps."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.looks import flag_overrides
from exporter.generate.dashboards.panels import Frame, Panel, Query, timeline_panel
from exporter.generate.dashboards.vocabulary import FlagMetric

ABOUT = (
    "A line per bit, the grave ones on top: dark is not set, a colour is set (✖ critical, ▲ warning, ◇ "
    "other). Grey n/a is a bit that this device or its firmware does not report, or not now: that is not the "
    "same as fine."
)


def flags_panel(metric: FlagMetric, frame: Frame) -> Panel:
    """All flags of a metric over time. A query for each severity keeps them in that order."""
    groups: dict[str, list[str]] = {}
    for severity in ("critical", "warning", "info", "none"):
        for name, flag in metric.flags.items():
            if ("critical" if flag.normal else flag.severity) == severity:
                groups.setdefault(severity, []).append(name)
    queries = [Query(q.known_flags(metric.name, tuple(names)), "{{flag}}") for names in groups.values()]
    return timeline_panel(frame, queries, overrides=flag_overrides(metric))
