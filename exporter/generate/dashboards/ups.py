"""The board of one UPS."""

from collections.abc import Sequence

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.board import Board, Row
from exporter.generate.dashboards.choices import GREEN, PURPLE, QUIET, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.flags import ABOUT, flags_panel
from exporter.generate.dashboards.last_seen import last_seen_panel
from exporter.generate.dashboards.looks import choice_mapping, limits, mapping
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    lines_panel,
    stat_panel,
    timeline_panel,
)
from exporter.generate.dashboards.ups_lines import battery_panels, power_panels
from exporter.generate.vocabulary import frame_metrics
from exporter.maps.units import UNITS


def ups_board(context: Context, others: Sequence[str] = ()) -> Board:
    """The board; `others` are metrics of the maps that no other panel shows."""
    rows = [
        Row("Now", (*_now(context), _history(context))),
        Row("Power", power_panels(context)),
        Row("Battery, temperature and runtime", battery_panels(context), closed=True),
        Row("Every bit", _flags(context), closed=True),
        Row("Read and trusted, raw word, inputs and sensors", _rest(), closed=True),
        Row("Out of sight: what was known last", (last_seen_panel(4),), closed=True),
        Row("Gateway", _gateway(context), closed=True),
    ]
    if others:
        panels = [other_panel(context, name) for name in others]
        rows.append(Row("Other values, of UPSs with a list of their own", panels, closed=True))
    return Board(
        "ups",
        "One UPS: what it runs on, how long that lasts, and every status and alarm bit in plain words.",
        rows,
        failures=True,
        single=True,
    )


def _now(context: Context) -> list[Panel]:
    charge = context.thresholds["survivable_charge"]
    on_battery = q.recorded(rules.OUTCOME, 'outcome="on_battery"')
    lasts = f"{q.RUNTIME} and {q.by(on_battery)}"
    return [
        stat_panel(
            Frame(
                "Runs on",
                "The source of the load's power now, the gravest first: unreachable, UPS lost, UPS not read, "
                "map in doubt (no alarm word is served), load dark, on battery with the smaller of both "
                "runtimes, bypass, eco, test, mains. During a battery test many UPSs say on battery.",
                7, 6,
            ),
            [Query(q.STATE), Query(lasts)],
            mappings=choice_mapping(context.states, quiet=GREEN), none="NO DATA: rules?",
            overrides={"B": {"unit": "dtdurations", "decimals": 0, "mappings": mapping({}, "n/a"),
                             "thresholds": limits(*context.runtime_on_battery)}},
        ),
        stat_panel(
            Frame(
                "Would we survive a failure now?",
                f"YES needs a charge of at least {charge:.0%}, UPS and BACS read whole, the breaker closed, "
                "all strings and blocks present, no word of danger, a fault, a bad battery, a failed charger "
                "or a failed test, and no value that cannot be. Otherwise the first reason. It judges what "
                "this device serves: a UPS without BACS says nothing about breaker and blocks.",
                7, 6,
            ),
            [Query(q.SURVIVAL)], mappings=choice_mapping(context.survival, quiet=GREEN),
            none="NO DATA: rules?",
        ),
        stat_panel(
            Frame("Charge", f"Battery charge as the UPS reports it. Red below {charge:.0%}.", 2, 6),
            [Query(q.CHARGE)], unit="percentunit", steps=context.charge, decimals=0,
        ),
        stat_panel(
            Frame(
                "Runtime, says the UPS",
                "Runtime left by the UPS's own estimate. On battery act on the smaller one.", 3, 6,
            ),
            [Query(f"{q.OWN_RUNTIME} unless {q.by(on_battery)}"),
             Query(f"{q.OWN_RUNTIME} and {q.by(on_battery)}")],
            unit="dtdurations", steps=context.runtime, decimals=0,
            overrides={"B": {"thresholds": limits(*context.runtime_on_battery)}},
        ),
        stat_panel(
            Frame(
                "Runtime, by the charge",
                "Runtime left if the charge goes on falling as in the last five minutes; on battery only. On "
                "battery act on the smaller one.",
                3, 6,
            ),
            [Query(q.PROJECTED_RUNTIME)], unit="dtdurations", steps=context.runtime_on_battery,
            none="only on battery", decimals=0,
        ),
        stat_panel(
            Frame("Worst load", "Load of the most loaded phase; 100 % is what the UPS can carry.", 2, 6),
            [Query(q.by(q.series("generex_ups_output_load_ratio")))],
            unit="percentunit", steps=context.load, decimals=0,
        ),
    ]  # fmt: skip


def _history(context: Context) -> Panel:
    return timeline_panel(
        Frame(
            "What it ran on",
            "The gravest of each step, however short it was. Orange marks at the top are power failures.", 24,
            4,
        ),
        [Query(q.STATE_OVER_TIME, "{{device}}")], mappings=choice_mapping(context.states),
        none="NO DATA: rules?",
    )  # fmt: skip


def _flags(context: Context) -> list[Panel]:
    return [
        flags_panel(context.words.flags(metric), Frame(f"{title}: every bit", ABOUT, 12, 17))
        for metric, title in (("generex_ups_status", "Status"), ("generex_ups_alarm", "Alarms"))
    ]


def _rest() -> list[Panel]:
    trust = mapping({"1": ("● yes", QUIET), "0": ("✖ NO", RED)}, "n/a")
    level = mapping({"1": ("high", "#5794F2"), "0": ("low", QUIET)}, "n/a")
    return [
        timeline_panel(
            Frame(
                "Read and trusted",
                "Whether the device answered, and whether each group of words was read whole and can be "
                "trusted. NO means that green elsewhere on this board proves nothing.",
                12, 7,
            ),
            [
                Query(f"max by (device) ({q.least(q.UP)})", "answers"),
                Query(f"max by (group) ({q.least(q.series('generex_group_up'))})", "{{group}} read"),
                Query(f"max by (group) ({q.least(q.series('generex_data_valid'))})", "{{group}} trusted"),
            ],
            mappings=trust, none="NO DATA",
        ),
        timeline_panel(
            Frame("AUX inputs", "The level at each AUX port. The wiring decides what high means.", 6, 7),
            [Query(q.per(q.most(q.series("generex_ups_aux_input")), "port"), "AUX {{port}}")],
            mappings=level,
        ),
        lines_panel(
            Frame("Other sensors", "Humidity of named sensors, and sensors with a unit of their own.", 6, 7),
            [
                Query(
                    f"max by (sensor) ({q.series('generex_sensor_humidity_ratio')}) * 100",
                    "{{sensor}}, % RH",
                ),
                Query(f"max by (sensor) ({q.series('generex_sensor_value')})", "{{sensor}}"),
            ],
            unit="short", none="no sensors",
        ),
        stat_panel(
            Frame(
                "Status word",
                "The raw word in hexadecimal, for the vendor's tables; generex-exporter explain "
                "ups.status WORD takes it apart. 4 is a UPS in order.",
                6, 4,
            ),
            [Query(q.by(q.series("generex_ups_status_word")))], unit="hex0x", decimals=0,
        ),
    ]  # fmt: skip


def _gateway(context: Context) -> list[Panel]:
    counters, errors = (
        frame_metrics(context.words.maps.values(), word) for word in ("sequence_number", "error_code")
    )
    return [
        lines_panel(
            Frame(
                "Gateway counter",
                "The counter of an SNMP_PROF frame. It must move: when it stands still, the PLC has "
                "stopped and the frame is old.",
                12, 4,
            ),
            [Query(f"max({q.any_series(counters)})", "counter")],
            unit="short", none="no gateway", legend=False,
        ),
        stat_panel(
            Frame(
                "Gateway error",
                "The error byte of an SNMP_PROF frame; anything but 0 means that the frame is not valid.", 6,
                4,
            ),
            [Query(q.by(q.any_series(errors)))],
            unit="none", steps=((None, QUIET), (1, PURPLE)), none="no gateway", decimals=0,
        ),
    ]  # fmt: skip


def other_panel(context: Context, metric: str) -> Panel:
    """A panel for a metric of the maps that has none of its own, such as one of a user's map."""
    help_text, unit = context.words.metrics()[metric]
    title = metric.removeprefix("generex_").removesuffix(f"_{unit}").replace("_", " ")
    title = title.replace("ups ", "UPS ", 1) if title.startswith("ups ") else title.capitalize()
    frame = Frame(title, f"{help_text} The metric is {metric}.", 6, 5)
    flags = context.words.flags(metric)
    if flags.flags:
        return flags_panel(flags, frame)
    words = [word for word in context.words.words if metric in (word.metric, word.raw_metric)]
    labels = dict.fromkeys(name for word in words for name, _ in (*word.labels, *word.raw_labels))
    if any(word.states for word in words):
        labels["state"] = None
    if word_repeats := [word.repeat for word in words if word.repeat]:
        labels |= {word_repeats[0].label: None}
    grouped = f"max by ({', '.join(labels)}) ({q.series(metric)})" if labels else f"max({q.series(metric)})"
    if metric.endswith("_total"):
        grouped = grouped.replace(q.series(metric), f"increase({q.series(metric)}[$__rate_interval])")
    legend = " · ".join(f"{name} {{{{{name}}}}}" for name in labels) or title
    return lines_panel(
        frame, [Query(grouped, legend)], unit=UNITS[unit].grafana or "short" if unit in UNITS else "short"
    )
