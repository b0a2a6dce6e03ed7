"""The board of one BACS: strings, blocks, and what the last discharge told."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.ageing import BLOCK_LEGEND, discharge_panels, trend_panels
from exporter.generate.dashboards.blocks import (
    ABSENT,
    BLOCK_STATES,
    block_flags_panel,
    heat_panels,
    worst_panel,
)
from exporter.generate.dashboards.board import Board, Row
from exporter.generate.dashboards.choices import GREEN, ORANGE, QUIET, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.flags import ABOUT, flags_panel
from exporter.generate.dashboards.looks import choice_mapping, coloured, limits, mapping
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    columns,
    lines_panel,
    stat_panel,
    table_panel,
    timeline_panel,
)
from exporter.generate.dashboards.records import elapsed_variable, record_panels
from exporter.generate.vocabulary import SEVERITIES, alternatives


def bacs_board(context: Context) -> Board:
    """The board as Grafana will show it."""
    return Board(
        "bacs",
        "One battery monitor: its strings side by side, the blocks that differ, and every bit in plain "
        "words.",
        (
            Row("Now", (*_now(context), _strings(context), worst_panel(context))),
            Row("Last discharge", discharge_panels(context), closed=True),
            Row("Discharges and tests of a year", record_panels(), closed=True),
            Row("Heat maps: how far each block is off", heat_panels(context), closed=True),
            Row("Strings over time", _currents(), closed=True),
            Row("Ageing", trend_panels(context), closed=True),
            Row("Every bit", _flags(context), closed=True),
            Row("Flags of blocks", (block_flags_panel(context), _blocks_over_time(context)), closed=True),
        ),
        since="now-24h",
        failures=True,
        single=True,
        variables=(elapsed_variable(),),
    )


def _now(context: Context) -> list[Panel]:
    strings = q.by(q.series("generex_bacs_strings"))
    modules = q.by(q.series("generex_bacs_modules"))
    absent = f"count by (<place>) ({q.by(q.PRESENT, *q.BLOCK)} == 0) or {q.by(q.PRESENT)} * 0"
    return [
        stat_panel(
            Frame(
                "BACS",
                "The gravest of: unreachable, danger (thermal runaway or ground fault), not trusted "
                "(starting up, its internal communication interrupted, or a stale frame), not read whole, "
                "breaker open, critical alarm, strings or blocks missing, discharging, service, warning, "
                "blocks not served (a gateway), running.",
                7, 5,
            ),
            [Query(q.BACS_STATE)], mappings=choice_mapping(context.bacs_states, quiet=GREEN),
            none="NO DATA: rules?",
        ),
        stat_panel(
            Frame("Strings", "Strings that are configured in the BACS.", 3, 5),
            [Query(strings)], none="not served", decimals=0,
        ),
        stat_panel(
            Frame(
                "Blocks counted",
                "Modules that the BACS says it has; whether configured or alive, its maker does not say.", 4,
                5,
            ),
            [Query(modules)], none="not served", decimals=0,
        ),
        stat_panel(
            Frame("Blocks absent", "Expected blocks without any value. They count as ill.", 4, 5),
            [Query(absent)], steps=((None, QUIET), (1, RED)), none="not served", decimals=0,
        ),
        stat_panel(
            Frame("Blocks needing attention", "Blocks that are absent or have a flag set.", 6, 5),
            [Query(q.ill_modules())],
            steps=((None, QUIET), (1, ORANGE)), none="not served", decimals=0,
        ),
    ]  # fmt: skip


def _strings(context: Context) -> Panel:
    def per(expr: str, how: str = "max") -> str:
        return q.per(expr, "string", how=how)

    volts = q.series("generex_bacs_module_volts")
    celsius = q.series("generex_bacs_module_temperature_celsius")
    ohms = q.series("generex_bacs_module_resistance_ohms")
    low, high = 1 - context.thresholds["string_deviation"], 1 + context.thresholds["string_deviation"]
    share_steps = limits(
        (None, RED), (context.thresholds["string_open"], ORANGE), (low, QUIET), (high, ORANGE)
    )
    queries = [
        Query(f"count by (string) ({q.by(q.PRESENT, *q.BLOCK)} == 1)", "Blocks present"),
        Query(
            f"count by (string) ({q.by(q.PRESENT, *q.BLOCK)} == 0) or {per(q.PRESENT)} * 0", "Blocks absent"
        ),
        Query(per(q.series("generex_bacs_string_volts")), "Voltage"),
        Query(per(q.series("generex_bacs_string_current_amperes")), "Current"),
        Query(per(q.recorded(rules.SHARE)), "Share of current"),
        Query(per(q.series("generex_bacs_string_ripple_current_amperes")), "Ripple"),
        Query(per(q.series("generex_bacs_string_module_average_volts")), "Block average"),
        Query(f"{per(volts)} - {per(volts, 'min')}", "Block spread"),
        Query(per(celsius), "Hottest block"),
        Query(per(ohms), "Highest resistance"),
    ]
    return table_panel(
        Frame(
            "Strings side by side",
            "A row per string; strings of one battery should look alike. Current above 0 charges, below 0 "
            "discharges. Share of current compares with the median string, only while the battery is "
            "discharged: a string far below carries too little. Centre-tapped halves count as strings.",
            24, 6,
        ),
        queries,
        transformations=columns("string", queries, sort=True),
        overrides=[
            ("string", {"displayName": "String", "unit": "string"}),
            ("Blocks absent", coloured(limits((None, QUIET), (1, RED)))),
            ("Voltage", {"unit": "volt", "decimals": 1}),
            ("Current", {"unit": "amp", "decimals": 2}),
            (
                "Share of current",
                {"unit": "percentunit", "decimals": 0, **coloured(share_steps)},
            ),
            ("Ripple", {"unit": "amp", "decimals": 2}),
            ("Block average", {"unit": "volt", "decimals": 2}),
            ("Block spread", {"unit": "volt", "decimals": 2}),
            (
                "Hottest block",
                {
                    "unit": "celsius",
                    **coloured(limits((None, QUIET), (context.thresholds["heat_limit"], RED))),
                },
            ),
            ("Highest resistance", {"unit": "ohm", "decimals": 2}),
        ],
        none="n/a",
    )  # fmt: skip


def _currents() -> list[Panel]:
    return [
        lines_panel(
            Frame(title, about, 8, 7),
            [Query(q.per(q.series(metric), "string"), "string {{string}}")],
            unit=unit,
        )
        for title, about, metric, unit in (
            (
                "String voltage",
                "Strings on one bus have the same voltage; one that differs is open.",
                "generex_bacs_string_volts",
                "volt",
            ),
            (
                "String current",
                "Above 0 charges, below 0 discharges. Strings should share evenly.",
                "generex_bacs_string_current_amperes",
                "amp",
            ),
            (
                "Ripple current",
                "Alternating current in the string. A lasting rise points to the charger's filter.",
                "generex_bacs_string_ripple_current_amperes",
                "amp",
            ),
        )
    ]


def _flags(context: Context) -> list[Panel]:
    found = [
        flags_panel(context.words.flags(metric), Frame(f"{title}: every bit", ABOUT, 12, 20))
        for metric, title in (("generex_bacs_state", "States"), ("generex_bacs_alarm", "Alarms"))
    ]
    found.append(
        timeline_panel(
            Frame(
                "Raw words",
                "State and alarm words as numbers, for the vendor's tables; generex-exporter explain "
                "takes them apart. 0x41 is a BACS in order; 0 in bacs.state is not.",
                24, 5,
            ),
            [
                Query(q.per(q.series("generex_bacs_state_word"), "word"), "{{word}}"),
                Query(q.per(q.series("generex_bacs_alarm_word"), "word"), "{{word}}"),
                Query(q.per(q.series("generex_undefined_flags"), "word"), "{{word}}, bits without a name"),
            ],
            unit="hex0x",
        )
    )  # fmt: skip
    return found


def _blocks_over_time(context: Context) -> Panel:
    metric = context.words.flags("generex_bacs_module_alarm")
    parts = [f"{q.by(f'{q.least(q.PRESENT)} == 0', *q.BLOCK)} + {ABSENT}"]
    for level, severity in zip((3, 2, 1), SEVERITIES, strict=True):
        chosen = q.most(q.series(metric.name, f'flag=~"{alternatives(metric.names(severity))}"'))
        parts.append(f"{q.by(f'{chosen} == 1', *q.BLOCK)} * {level}")
    parts.append(f"{q.by(q.most(q.PRESENT), *q.BLOCK)} * 0")
    return timeline_panel(
        Frame(
            "Blocks: worst flag and absence over time",
            "A line per block, by its number. Dark is fine, a colour is the worst flag that was set in that "
            "step, purple is absent. Where a line ends nothing is known.",
            24, 16,
        ),
        [Query(q.per(q.block("(" + "\n  or ".join(parts) + ")"), "string", "block"), BLOCK_LEGEND)],
        mappings=mapping(BLOCK_STATES, "? not known"), none="no blocks: not served", per_page=60,
    )  # fmt: skip
