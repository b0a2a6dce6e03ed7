"""Panels about single blocks: which differ, what a discharge told about them, how they age."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.ageing import (
    BLOCK_COLUMN,
    BLOCK_LEGEND,
    OHMS,
    ageing_steps,
    per_block,
    to_baseline,
    worst_first,
)
from exporter.generate.dashboards.choices import BLUE, GREEN, ORANGE, PURPLE, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import (
    QUIET,
    SEVERITY_COLOUR,
    Override,
    alarm_mapping,
    coloured,
    limits,
    mapping,
)
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    heat_panel,
    table_panel,
    transform,
)

VOLTS = "generex_bacs_module_volts"
CELSIUS = "generex_bacs_module_temperature_celsius"
EQUALIZATION = "generex_bacs_module_equalization_ratio"
_ABSENT = 99
BLOCK_STATES: dict[str, tuple[str, str | None]] = {
    "4": ("✖ absent", PURPLE),
    "3": ("✖ critical", RED),
    "2": ("▲ warning", ORANGE),
    "1": ("◇ info", BLUE),
    "0": ("● fine", QUIET),
}
"""The words for queries.module_rank."""


def worst_panel(context: Context) -> Panel:
    """The ten blocks that are furthest from their string, by what the alerts allow."""
    alarm = context.words.flags("generex_bacs_module_alarm")
    queries = [
        Query(per_block(_score(context), "string"), "Times the limit"),
        Query(per_block(q.deviation(VOLTS)), "Voltage off median"),
        Query(per_block(q.deviation(CELSIUS)), "Warmer than median"),
        Query(per_block(q.deviation(OHMS, "/")), "Resistance to median"),
        Query(per_block(to_baseline()), "Resistance to baseline"),
        Query(per_block(q.by(q.series(EQUALIZATION), *q.BLOCK)), "Equalising"),
        Query(
            f"topk by (block) (1, max by (block, alarm) ({q.block(f'({q.rank((alarm,), *q.BLOCK)})')}))",
            "Rank",
        ),
    ]
    thresholds = context.thresholds
    warm = limits((None, GREEN), (thresholds["heat_warning"], ORANGE), (thresholds["heat_critical"], RED))
    median = limits((None, GREEN), (thresholds["resistance_median"], ORANGE))
    overrides: list[Override] = [
        BLOCK_COLUMN,
        (
            "Times the limit",
            {
                "decimals": 2, **coloured(limits((None, GREEN), (1, ORANGE))),
                "mappings": mapping({str(_ABSENT): ("✖ absent", PURPLE)}, "–"),
            },
        ),
        ("Voltage off median", {"unit": "volt", "decimals": 2}),
        (
            "Warmer than median",
            {"unit": "kelvin", "decimals": 1, **coloured(warm)},
        ),
        (
            "Resistance to median",
            {"unit": "percentunit", "decimals": 0, **coloured(median)},
        ),
        (
            "Resistance to baseline",
            {"unit": "percentunit", "decimals": 0, **coloured(limits(*ageing_steps(context)))},
        ),
        ("Equalising", {"unit": "percentunit", "decimals": 0}),
        (
            "Worst flag",
            {"mappings": alarm_mapping((alarm,)), **coloured(), "custom.width": 220},
        ),
    ]  # fmt: skip
    return table_panel(
        Frame(
            "The ten worst blocks",
            "Blocks by how far they are from the median of their string, as a multiple of what the alerts "
            "allow for voltage, warmth and resistance, whichever is most; from 1 upwards they are due. "
            "Absent blocks come first. A baseline exists after a week on float, or where you record one.",
            24,
            12,
        ),
        queries,
        transformations=worst_first(
            queries, "string", "alarm", hidden=("Rank",), rename={"alarm": "Worst flag"}
        ),
        overrides=overrides,
    )


def _score(context: Context) -> str:
    t = context.thresholds
    median = f"quantile by (device, string) (0.5, {q.series(VOLTS)})"
    # the allowance on float for 2, 6 and 12 V blocks, told apart by the median
    allowed = (
        f"({t['float_low_1']:g} + {t['float_low_3'] - t['float_low_1']:g} * ({median} >= bool 3)"
        f" + {t['float_low_6'] - t['float_low_3']:g} * ({median} >= bool 9))"
    )
    volts = f"abs({q.deviation(VOLTS)}) / on (device, string) group_left () {allowed}"
    warmth = f"({q.deviation(CELSIUS)}) / {t['heat_warning']:g}"
    ageing = f"({q.deviation(OHMS, '/')} - 1) / {t['resistance_median'] - 1:g}"
    parts = (("volts", volts), ("warmth", warmth), ("ageing", ageing))
    named = [f'label_replace({expr}, "by", "{name}", "", "")' for name, expr in parts]
    absent = f"{q.by(f'{q.PRESENT} == 0', *q.BLOCK)} + {_ABSENT}"
    return q.by("\n  or ".join((*named, absent)), *q.BLOCK)


def heat_panels() -> list[Panel]:
    """Maps of all blocks over time."""
    return [
        heat_panel(
            Frame(
                title,
                f"{about} A row per block, the first on top; an empty cell is a block that is absent or "
                "was not read then. Look for a row that differs from its neighbours.",
                12, 11,
            ),
            [
                Query(
                    "max by (string, block) "
                    f"({q.block('(' + q.with_absent(q.by(q.series(metric), *q.BLOCK)) + ')')})",
                    BLOCK_LEGEND,
                )
            ],
            unit=unit, decimals=decimals, scheme=scheme,
        )
        for title, about, metric, unit, decimals, scheme in (
            ("Block voltage", "Voltage of every block.", VOLTS, "volt", 2, "RdYlGn"),
            ("Block temperature", "Temperature of every block.", CELSIUS, "celsius", 1, "Oranges"),
            (
                "Block resistance", "Internal resistance of every block, as last measured.", OHMS, "ohm", 2,
                "Purples",
            ),
            (
                "Equalising",
                "How hard each module works to bring its block level with the others; long and strong "
                "hides a weak block.",
                EQUALIZATION, "percentunit", 0, "Blues",
            ),
        )
    ]  # fmt: skip


def block_flags_panel(context: Context) -> Panel:
    """The flags of each block as a matrix."""
    alarm = context.words.flags("generex_bacs_module_alarm")
    flags = q.by(q.series(alarm.name), *q.BLOCK, "flag")
    # the names sort these two columns to the front
    state = f'label_replace({q.module_rank(context.words)}, "flag", "0_state", "", "")'
    raw = q.by(q.series("generex_bacs_module_alarm_word"), *q.BLOCK)
    word = f'label_replace({raw}, "flag", "1_word", "", "")'
    wide = {"custom.minWidth": 100}
    overrides: list[Override] = [
        ("block\\flag", {"displayName": "Block", "unit": "string", "mappings": [], "custom.width": 70}),
        ("0_state", {"displayName": "State", "mappings": mapping(BLOCK_STATES, "n/a"), **coloured(), **wide}),
        ("1_word", {"displayName": "Raw word", "unit": "hex0x"}),
    ]
    for name, flag in alarm.flags.items():
        sign = "✖" if flag.severity == "critical" else "▲"
        words = {"1": (sign, SEVERITY_COLOUR[flag.severity]), "0": ("·", QUIET)}
        overrides.append((name, {"displayName": flag.label, "mappings": mapping(words, "n/a"), **coloured()}))
    wrapped = {"custom.wrapHeaderText": True, "custom.align": "center", "custom.minWidth": 60}
    return table_panel(
        Frame(
            "Flags of each block now",
            "A row per block, the worst on top, and a column per flag: ✖ critical and ▲ other flags that "
            "are set, · not set, n/a not served (also where the exporter is told to show set flags only). "
            "An absent block has no flags, it has lost its voice.",
            24, 14,
        ),
        [Query(f"max by (block, flag) ({q.block(f'({flags} or {word} or {state})')})", "flags")],
        transformations=[
            *(
                transform(
                    "sortBy", fields={}, sort=[{"field": name, "desc": False}],
                ) for name in ("flag", "block")
            ),
            transform(
                "groupingToMatrix", columnField="flag", rowField="block", valueField="Value",
                emptyValue="null",
            ),
            transform("sortBy", fields={}, sort=[{"field": "0_state", "desc": True}]),
        ],
        overrides=[("/.*/", wrapped), *overrides], none="n/a",
    )  # fmt: skip
