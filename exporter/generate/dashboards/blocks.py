"""Panels about single blocks: which differ, what a discharge told about them, how they age."""

from exporter.generate.alerts.outcomes import flag_rank
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
from exporter.generate.dashboards.choices import BLUE, ORANGE, PURPLE, QUIET, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import (
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
from exporter.generate.vocabulary import SEVERITIES, FlagMetric, alternatives

VOLTS = "generex_bacs_module_volts"
CELSIUS = "generex_bacs_module_temperature_celsius"
EQUALIZATION = "generex_bacs_module_equalization_ratio"
_GONE = 99
ABSENT = 4
BLOCK_STATES: dict[str, tuple[str, str | None]] = {
    "4": ("✖ absent", PURPLE),
    "3": ("✖ critical", RED),
    "2": ("▲ warning", ORANGE),
    "1": ("◇ info", BLUE),
    "0": ("● fine", QUIET),
}
"""The words for the state of a block."""


def worst_panel(context: Context) -> Panel:
    """The ten blocks that are furthest from their string, by what the alerts allow."""
    alarm = context.words.flags("generex_bacs_module_alarm")
    queries = [
        Query(per_block(_score(context), "string"), "Times the limit"),
        Query(per_block(f"{_to_median(q.series(VOLTS))} - 1"), "Voltage off median"),
        Query(per_block(_to_median(q.series(CELSIUS), "-")), "Warmer than median"),
        Query(per_block(_to_median(q.series(OHMS))), "Resistance to median"),
        Query(per_block(to_baseline()), "Resistance to baseline"),
        Query(per_block(q.series(EQUALIZATION)), "Equalising"),
        Query(
            f"topk by (block) (1, max by (block, alarm) ({q.block(f'({_flags_by_rank(alarm)})')}))", "Rank"
        ),
    ]
    thresholds = context.thresholds
    warm = limits((None, QUIET), (thresholds["heat_warning"], ORANGE), (thresholds["heat_critical"], RED))
    median = limits((None, QUIET), (thresholds["resistance_median"], ORANGE))
    overrides: list[Override] = [
        BLOCK_COLUMN,
        (
            "Times the limit",
            {
                "decimals": 2, **coloured(limits((None, QUIET), (1, ORANGE))),
                "mappings": mapping({str(_GONE): ("✖ absent", PURPLE)}, "–"),
            },
        ),
        ("Voltage off median", {"unit": "percentunit", "decimals": 1}),
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
    median = f"quantile by (<place>, string) (0.5, {q.series(VOLTS)})"
    # the allowance on float for 2, 6 and 12 V blocks, told apart by the median
    allowed = (
        f"({t['float_low_1']:g} + {t['float_low_3'] - t['float_low_1']:g} * ({median} >= bool 3)"
        f" + {t['float_low_6'] - t['float_low_3']:g} * ({median} >= bool 9))"
    )
    deviation = q.by(f"abs({_to_median(q.series(VOLTS))} - 1)", *q.BLOCK)
    volts = f"{deviation} * on (<place>, string) group_left () ({median} / {allowed})"
    warmth = f"{q.by(_to_median(q.series(CELSIUS), '-'), *q.BLOCK)} / {t['heat_warning']:g}"
    ageing = f"({q.by(_to_median(q.series(OHMS)), *q.BLOCK)} - 1) / {t['resistance_median'] - 1:g}"
    parts = (("volts", volts), ("warmth", warmth), ("ageing", ageing))
    named = [f'label_replace({expr}, "by", "{name}", "", "")' for name, expr in parts]
    absent = f"{q.by(f'{q.PRESENT} == 0', *q.BLOCK)} + {_GONE}"
    return q.by("\n  or ".join((*named, absent)), *q.BLOCK)


def _flags_by_rank(alarm: FlagMetric) -> str:
    """The set flags of modules by how grave they are; the label `alarm` names metric and flag."""
    parts = []
    for rank in sorted({flag_rank(flag) or 0 for flag in alarm.flags.values()} - {0}, reverse=True):
        names = alternatives(name for name, flag in alarm.flags.items() if flag_rank(flag) == rank)
        chosen = q.series(alarm.name, f'flag=~"{names}"')
        named = f'label_join({chosen} == 1, "alarm", ".", "__name__", "flag")'
        parts.append(f"{q.by(named, *q.BLOCK, 'alarm')} * {rank}")
    return "\n  or ".join(parts)


def heat_panels(context: Context) -> list[Panel]:
    """Maps of all blocks over time: at its worst in each step, with the same scale on every day."""
    t = context.thresholds
    below, above = (_to_median(worst(q.series(VOLTS))) for worst in (q.least, q.most))
    warmth, ohms = _to_median(q.most(q.series(CELSIUS)), "-"), _to_median(q.most(q.series(OHMS)))
    off = f"1 - {below} >= {above} - 1 or {above} - 1"
    return [
        heat_panel(
            Frame(
                title,
                f"{about} The highest of each step; a full colour is {most:g}{unit_text} or more. A row per "
                "block, the first on top; an empty cell is a block that is absent, not read, or in order. "
                "Look for a row that differs from its neighbours.",
                12, 11,
            ),
            [Query(per_block(f"({q.with_absent(q.by(expr, *q.BLOCK))})", "string"), BLOCK_LEGEND)],
            unit=unit, decimals=decimals, most=most / (100 if unit == "percentunit" else 1),
        )
        for title, about, expr, unit, decimals, unit_text, most in (
            (
                "Block voltage, off the median",
                "How far each block's voltage is from the median of its string, above or below.",
                off, "percentunit", 1, " %", round(100 - 100 * t["weak_block"], 1),
            ),
            (
                "Block temperature, above the median", "How much warmer each block is than its string.",
                f"clamp_min({warmth}, 0)", "kelvin", 1, " K", t["heat_critical"],
            ),
            (
                "Block resistance, above the median",
                "How much higher each block's internal resistance is than that of its string.",
                f"clamp_min({ohms} - 1, 0)", "percentunit", 0, " %",
                round(100 * t["resistance_replace"] - 100, 1),
            ),
            (
                "Equalising",
                "How hard each module works to bring its block level with the others; long and strong "
                "hides a weak block.",
                q.most(q.series(EQUALIZATION)), "percentunit", 0, " %", 100.0,
            ),
        )
    ]  # fmt: skip


def _to_median(values: str, against: str = "/") -> str:
    """Each block against the median of its string; in a step the worst of both, as a string sags as one."""
    median = f"quantile by (<place>, string) (0.5, {values})"
    return f"{values} {against} on (<place>, string) group_left () {median}"


def block_flags_panel(context: Context) -> Panel:
    """The flags of each block as a matrix."""
    alarm = context.words.flags("generex_bacs_module_alarm")
    flags = q.by(q.series(alarm.name), *q.BLOCK, "flag")
    # the names sort these two columns to the front
    state = f'label_replace({_state(alarm)}, "flag", "0_state", "", "")'
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
            "are set, · not set, n/a not served (also if the configuration asks for set flags only). "
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


def _state(alarm: FlagMetric) -> str:
    """Per module 4 when it is absent, 3, 2 or 1 by its worst flag, 0 when it is there without any."""
    parts = [f"{q.by(f'{q.PRESENT} == 0', *q.BLOCK)} + {ABSENT}"]
    for level, severity in zip((3, 2, 1), SEVERITIES, strict=True):
        if names := alarm.names(severity):
            chosen = q.series(alarm.name, f'flag=~"{alternatives(names)}"')
            parts.append(f"{q.by(f'{chosen} == 1', *q.BLOCK)} * {level}")
    parts.append(f"{q.by(f'{q.PRESENT} == 1', *q.BLOCK)} * 0")
    return "\n  or ".join(parts)
