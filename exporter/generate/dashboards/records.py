"""What the rules recorded of each discharge and test: how long ago, how deep, and side by side."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.ageing import BLOCK_COLUMN, per_block
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    columns,
    matrix,
    sorted_by,
    stat_panel,
    table_panel,
)
from exporter.generate.dashboards.sdk import Builder, dashboard, models

_YEAR = "1y"
_HOURS = 366 * 24  # steps in a year: a column of an hour says when a discharge was
_ENDED = {"unit": "dateTimeAsLocal", "custom.width": 170}


def elapsed_variable() -> Builder[models.VariableModel]:
    """After how much of a discharge blocks are compared: what the rules recorded."""
    return (
        dashboard.CustomVariable("elapsed")
        .label("Compared after").values("5m,1m,10m").multi(False).include_all(False)
        .current(models.VariableOption(selected=True, text="5m", value="5m"))
    )  # fmt: skip


def record_panels() -> list[Panel]:
    """All records of the last year, whatever time the board shows."""
    compared = q.recorded(rules.DISCHARGE_MARK, 'elapsed="$elapsed"')
    return [
        _last(
            "Discharges in a year", "If Prometheus keeps its data that long.",
            rules.DISCHARGES, "3h", unit="none", none="unknown: rules?",
        ),
        _last(
            "Length of the last discharge", "Of the last 90 days, and of up to four hours.",
            rules.DISCHARGE_SECONDS, "90d", unit="s", none="no discharge yet",
        ),
        _last(
            "Last time to recharge",
            "From the end of the last discharge that took the charge below what a load needs "
            "(survivable_charge) until it was reached again. Of the last 90 days.",
            rules.RECHARGE, "90d", unit="s", none="none yet",
        ),
        stat_panel(
            Frame(
                "Since the last test that was passed",
                "A test counts as passed if the UPS does not report a failure ten minutes after it. Unknown "
                "if the UPS never reports one, or if Prometheus keeps no data of a test.", 6, 4,
            ),
            [Query(f"time() - {q.by(f'last_over_time({q.recorded(rules.TEST_PASSED)}[3h])')}")],
            unit="s", none="unknown",
        ),
        _discharges(),
        _side_by_side(
            "Discharges side by side, after the same time",
            "Voltage of each block after one, five or ten minutes of each discharge of the last year: choose "
            "which above. A column per discharge, newest first. A block that falls from one discharge to the "
            "next, under the same load, loses capacity. Filter the blocks to see one alone.",
            f"last_over_time({compared}[$__interval])",
        ),
        _side_by_side(
            "Discharges side by side, lowest voltage",
            "The lowest voltage of each block in the last hour of each discharge of the last year. A column "
            "per discharge, newest first. Longer discharges go lower: compare those of one length and load.",
            _once(rules.DISCHARGE_LOWEST),
        ),
    ]  # fmt: skip


def _discharges() -> Panel:
    queries = [
        Query(q.by(_once(rules.DISCHARGE_SECONDS)), "Length"),
        Query(q.by(_once(rules.DISCHARGE_LOWEST), how="min"), "Lowest block"),
        Query(q.by(_once(rules.DISCHARGE_SPREAD)), "Spread of a string at the end"),
    ]
    return table_panel(
        Frame(
            "Discharges of the last year",
            "A row per discharge or test, newest first, with the hour in which it ended; of several that "
            "ended within an hour, the last. Length counts up to four hours. Needs the rules.",
            24, 8,
        ),
        queries,
        transformations=[*columns("Time", queries), sorted_by("Time", descending=True)],
        overrides=[
            ("Time", {"displayName": "Ended in the hour before", **_ENDED}),
            ("Length", {"unit": "s", "decimals": 0}),
            ("Lowest block", {"unit": "volt", "decimals": 2}),
            ("Spread of a string at the end", {"unit": "volt", "decimals": 2}),
        ],
        none="no discharge yet",
        over=(_YEAR, _HOURS),
    )  # fmt: skip


def _side_by_side(title: str, about: str, expr: str) -> Panel:
    _, column = BLOCK_COLUMN
    return table_panel(
        Frame(title, about, 24, 12),
        [Query(per_block(q.by(expr, *q.BLOCK), "string"))],
        unit="volt",
        transformations=matrix("Time", "block"),
        overrides=[("block\\Time", {**column, "displayName": "Block", "custom.filterable": True})],
        none="no discharge yet",
        over=(_YEAR, _HOURS),
        decimals=2,
    )  # fmt: skip


def _once(record: str) -> str:
    """A record in one step only: it is there for ten minutes, which may reach into the next step."""
    length = q.recorded(rules.DISCHARGE_SECONDS)
    same = f"last_over_time({length}[$__interval]) == last_over_time({length}[10m] offset $__interval)"
    return f"last_over_time({q.recorded(record)}[$__interval]) unless on (<place>) ({same})"


def _last(title: str, about: str, record: str, window: str, *, unit: str, none: str) -> Panel:
    """The last value of a record of the device."""
    query = Query(q.by(f"last_over_time({q.recorded(record)}[{window}])"))
    return stat_panel(Frame(title, about, 6, 4), [query], unit=unit, none=none)
