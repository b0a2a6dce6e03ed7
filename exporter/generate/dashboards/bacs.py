"""The board of one BACS at a time: strings, blocks, and what the last discharge told."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.ageing import BLOCK_LEGEND, discharge_panels, trend_panels
from exporter.generate.dashboards.blocks import BLOCK_STATES, block_flags_panel, heat_panels, worst_panel
from exporter.generate.dashboards.board import Board, Row
from exporter.generate.dashboards.choices import GREEN, ORANGE, RED, bacs_states, first_of
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


def bacs_board(context: Context) -> Board:
    """The board as Grafana will show it."""
    panels = [
        *_now(context), _strings(context), *_currents(), worst_panel(context), *discharge_panels(context),
        *heat_panels(), *trend_panels(context), *_flags(context), block_flags_panel(context),
        _blocks_over_time(context),
    ]  # fmt: skip
    return Board(
        "bacs",
        "One battery monitor: its strings side by side, the blocks that differ, and every bit in plain "
        "words.",
        (Row("$device", panels, repeat="device"),),
        since="now-24h",
        failures=True,
    )


def _now(context: Context) -> list[Panel]:
    choices = bacs_states(context.prom)
    strings = q.by(q.series("generex_bacs_strings"))
    modules = q.by(q.series("generex_bacs_modules"))
    absent = f"count by (device) ({q.by(q.PRESENT, 'module')} == 0) or {q.by(q.PRESENT)} * 0"
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
            [Query(first_of(choices))], mappings=choice_mapping(choices), none="NO DATA",
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
            [Query(absent)], steps=((None, GREEN), (1, RED)), none="not served", decimals=0,
        ),
        stat_panel(
            Frame("Blocks needing attention", "Blocks that are absent or have a flag set.", 6, 5),
            [Query(q.ill_modules(context.words, context.prom))],
            steps=((None, GREEN), (1, ORANGE)), none="not served", decimals=0,
        ),
    ]  # fmt: skip


def _strings(context: Context) -> Panel:
    def per(expr: str, how: str = "max") -> str:
        return f"{how} by (string) ({expr})"

    volts = q.series("generex_bacs_module_volts")
    celsius = q.series("generex_bacs_module_temperature_celsius")
    ohms = q.series("generex_bacs_module_resistance_ohms")
    current = q.series("generex_bacs_string_current_amperes")
    notable = context.thresholds["notable_amperes"]
    median = f"(quantile by (device) (0.5, -{current}) > {notable:g})"
    low, high = 1 - context.thresholds["string_deviation"], 1 + context.thresholds["string_deviation"]
    share_steps = limits(
        (None, RED), (context.thresholds["string_open"], ORANGE), (low, GREEN), (high, ORANGE)
    )
    queries = [
        Query(f"count by (string) ({q.by(q.PRESENT, *q.BLOCK)} == 1)", "Blocks present"),
        Query(
            f"count by (string) ({q.by(q.PRESENT, *q.BLOCK)} == 0) or {per(q.PRESENT)} * 0", "Blocks absent"
        ),
        Query(per(q.series("generex_bacs_string_volts")), "Voltage"),
        Query(per(current), "Current"),
        Query(per(f"-{current} / on (device) group_left () {median}"), "Share of current"),
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
            ("Blocks absent", coloured(limits((None, GREEN), (1, RED)))),
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
                    **coloured(limits((None, GREEN), (context.thresholds["heat_limit"], RED))),
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
            [Query(f"max by (string) ({q.series(metric)})", "string {{string}}")],
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
                Query(f"max by (word) ({q.series('generex_bacs_state_word')})", "{{word}}"),
                Query(f"max by (word) ({q.series('generex_bacs_alarm_word')})", "{{word}}"),
                Query(
                    f"max by (word) ({q.series('generex_undefined_flags')})", "{{word}}, bits without a name",
                ),
            ],
            unit="hex0x",
        )
    )  # fmt: skip
    return found


def _blocks_over_time(context: Context) -> Panel:
    expr = f"max by (string, block) ({q.block(f'({q.module_rank(context.words)})')})"
    return timeline_panel(
        Frame(
            "Blocks: worst flag and absence over time",
            "A line per block, by its number. Dark is fine, a colour is the worst flag that is set, "
            "purple is absent. Where a line ends nothing is known.",
            24, 16,
        ),
        [Query(expr, BLOCK_LEGEND)],
        mappings=mapping(BLOCK_STATES, "? not known"), none="no blocks: not served", per_page=60,
    )  # fmt: skip
