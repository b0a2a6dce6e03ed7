"""The board of all devices: one row each, the worst on top."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.alerts_panel import alerts_panel
from exporter.generate.dashboards.board import BOARDS, Board, Row
from exporter.generate.dashboards.choices import ORANGE, PURPLE, QUIET, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.last_seen import last_seen_panel
from exporter.generate.dashboards.looks import Override, alarm_mapping, choice_mapping, coloured, limits
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    ref,
    sorted_by,
    stat_panel,
    table_panel,
    timeline_panel,
    transform,
)

_UPS, _BACS = BOARDS["ups"][0], BOARDS["bacs"][0]
_LEFT = {"custom.align": "left"}
_NO_RULES = "NO DATA: rules?"


def fleet_board(context: Context) -> Board:
    """The board as Grafana will show it."""
    return Board(
        "fleet",
        "Every UPS and BACS, the one in most trouble on top. A device that fell silent stays listed for a "
        "day. States come from the recording rules: without them the board is empty.",
        (
            Row("At a glance", _glance()),
            Row("What to do now", (alerts_panel(context, 8),)),
            Row("Devices, the worst on top", (_devices(context),)),
            Row("How it came to this", (_history(context),)),
            Row("Out of sight: what was known last", (last_seen_panel(6),), closed=True),
        ),
        since="now-24h",
        failures=True,
    )


def _glance() -> list[Panel]:
    urgent = (
        ("Danger to people", "Thermal runaway, ground fault: stay out.", "danger", RED),
        (
            "Load dark",
            "Devices whose output is off, or that were on battery or dark when they were last seen.",
            "dark",
            RED,
        ),
        (
            "On battery",
            "Devices that draw on their battery now, also a BACS without UPS that sees a discharge.",
            "on_battery",
            ORANGE,
        ),
        (
            "Out of sight",
            "Devices that do not answer, whose manager has lost the UPS, whose UPS was not read whole, or "
            "whose map is in doubt: nothing sure is known about them.",
            "out_of_sight",
            PURPLE,
        ),
        ("On bypass", "Devices whose load runs on the mains without protection.", "bypass", RED),
    )
    tiles = (
        ("All devices", "All devices that were seen within the last day.", f"count({q.STATE})", QUIET),
        *(
            (title, about, _count(q.with_state(f'urgency="{urgency}"')), colour)
            for title, about, urgency, colour in urgent
        ),
        (
            "Would not survive",
            "Devices that would lose their load in a power failure now. The table says why. The next "
            "tile counts those that are unknown.",
            _count(q.with_survival('says="no"')),
            RED,
        ),
        (
            "Survival not known",
            "Devices that should say it and do not: they are out of sight, were not read, or show values "
            "that cannot be. Devices that never serve it, such as a gateway, are not counted.",
            _count(q.with_survival('says="unknown"')),
            PURPLE,
        ),
        (
            "Blocks ill",
            "Battery blocks that are absent or have a flag, over all devices whose blocks were read.",
            f"sum({q.ill_modules()})",
            ORANGE,
        ),
    )
    panels = []
    for title, about, expr, colour in tiles:
        steps = ((None, QUIET),) if colour == QUIET else ((None, QUIET), (1, colour))
        width = 2 if title in ("All devices", "Survival not known", "Blocks ill") else 3
        frame = Frame(title, about if colour == QUIET else f"{about} 0 is good.", width, 4)
        none = "not served" if title.startswith("Blocks") else _NO_RULES
        panels.append(stat_panel(frame, [Query(expr)], unit="none", steps=steps, none=none, decimals=0))
    return panels


def _count(expr: str) -> str:
    """How many; 0 only while there are devices at all."""
    return f"count({expr}) or 0 * count({q.STATE})"


def _devices(context: Context) -> Panel:
    words = context.words
    quiet = f'label_replace({q.whole()}, "alarm", "none", "", "") * 0'
    columns = (
        ("", q.trouble()),
        ("Runs on", q.STATE),
        ("Survives a failure now?", q.SURVIVAL),
        ("", f"topk by (<place>) (1, {q.by(q.ALARM, 'alarm')} or {quiet})"),
        ("Charge", q.CHARGE),
        ("Runtime", q.RUNTIME),
        ("Worst load phase", q.by(q.series("generex_ups_output_load_ratio"))),
        ("Temperature", q.by(q.series("generex_ups_temperature_celsius"))),
        ("Blocks ill", q.ill_modules()),
        ("Last power failure", q.LAST_FAILURE),
    )
    queries = [Query(expr, name) for name, expr in columns]
    alarms = alarm_mapping(words.system_metrics)
    survives = choice_mapping(context.survival)
    overrides: list[Override] = [
        ("Device", {"links": _links(context), "custom.width": 160}),
        ("Runs on", {"mappings": choice_mapping(context.states), **coloured(), **_LEFT, "custom.width": 165}),
        ("Survives a failure now?", {"mappings": survives, **coloured(), **_LEFT, "custom.width": 250}),
        ("Worst alarm", {"mappings": alarms, **coloured(), "custom.width": 220}),
        ("Charge", {"unit": "percentunit", "decimals": 0, **coloured(limits(*context.charge))}),
        ("Runtime", {"unit": "dtdurations", "decimals": 0, **coloured(limits(*context.runtime))}),
        ("Worst load phase", {"unit": "percentunit", "decimals": 0, **coloured(limits(*context.load))}),
        ("Temperature", {"unit": "celsius", "decimals": 0}),
        ("Blocks ill", {"decimals": 0, **coloured(limits((None, QUIET), (1, ORANGE)))}),
        ("Last power failure", {"unit": "dtdurations", "decimals": 0}),
    ]
    titles = {label: label.title() for label in context.place}
    columns_by_name = {f"Value #{ref(index)}": name for index, (name, _) in enumerate(columns) if name}
    # the worst alarm stands behind what the device runs on and whether it would survive
    order = ["device", *context.place, "Value #B", "Value #C", "alarm", *list(columns_by_name)[2:]]
    titles = {"device": "Device", "alarm": "Worst alarm"} | titles | columns_by_name
    return table_panel(
        Frame(
            "Devices",
            "One row per device, the worst on top; a click on the name leads to its boards. “Runs on” shows "
            "the gravest of: danger to people, load dark, on battery, battery discharging without a UPS that"
            " says why, unreachable, UPS lost, UPS not read, bypass, eco, test, mains. Runtime is the "
            "smaller of the UPS's own and the one that follows from the fall of the charge. “Last power "
            "failure” is how long ago, within the time shown. A dash is a value that is not served or not "
            "known now: never a good sign by itself.",
            24,
            14,
        ),
        queries,
        transformations=[
            transform("merge"),
            sorted_by("Value #A", descending=True),
            transform("filterFieldsByName", include={"names": order}),
            transform(
                "organize", renameByName=titles, excludeByName={},
                indexByName={field: index for index, field in enumerate(order)},
            ),
        ],
        overrides=overrides,
    )  # fmt: skip


def _links(context: Context) -> list[dict[str, object]]:
    kept = [f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance", *context.place)]
    chosen = "&".join(("var-device=${__data.fields.Device}", *kept, "${__url_time_range}"))
    return [
        {"title": f"{what} of this device", "url": f"/d/{uid}?{chosen}", "targetBlank": False}
        for what, uid in (("UPS", _UPS), ("BACS", _BACS))
    ]


def _history(context: Context) -> Panel:
    return timeline_panel(
        Frame(
            "What each device ran on",
            "A line per device over time, with the words of the table above: the gravest of each step, "
            "however short it was. Orange marks at the top are power failures.",
            24,
            9,
        ),
        [Query(q.STATE_OVER_TIME, "{{device}}")],
        mappings=choice_mapping(context.states),
        none=_NO_RULES,
    )
