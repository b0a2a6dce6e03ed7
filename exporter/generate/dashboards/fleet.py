"""The board of all devices: one row each, the worst on top."""

from exporter.assess.outcomes import Urgency
from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.board import BOARDS, Board, Row
from exporter.generate.dashboards.choices import (
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    first_of,
    states,
    survival,
)
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.last_seen import last_seen_panel
from exporter.generate.dashboards.looks import (
    QUIET,
    Override,
    alarm_mapping,
    choice_mapping,
    coloured,
    limits,
)
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    stat_panel,
    table_panel,
    timeline_panel,
    transform,
)

_UPS, _BACS = BOARDS["ups"][0], BOARDS["bacs"][0]
_LEFT = {"custom.align": "left"}
_KEEP = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"


def fleet_board(context: Context) -> Board:
    """The board as Grafana will show it."""
    return Board(
        "fleet",
        "Every UPS and BACS, the one in most trouble on top. A device that fell silent stays listed for a "
        "day.",
        (
            Row("At a glance", _glance(context)),
            Row("Devices, the worst on top", (_devices(context), last_seen_panel(context.prom, 6))),
            Row("How it came to this", (_history(context),)),
        ),
        since="now-24h",
        failures=True,
    )


def _glance(context: Context) -> list[Panel]:
    urgency = first_of(states(context.prom), lambda choice: choice.order)
    survive = first_of(survival(context.prom), lambda choice: int(choice.colour in (RED, ORANGE)))
    ill = q.ill_modules(context.words, context.prom)
    everyone = context.prom.listed

    def count(expr: str) -> str:
        """How many; 0 only while there are devices at all."""
        return f"count({expr}) or 0 * count({everyone})"

    urgent = (
        ("Danger to people", "Thermal runaway, ground fault: stay out.", Urgency.DANGER, RED),
        (
            "Load dark",
            "Devices whose output is off, or that were on battery or dark when they were last seen.",
            Urgency.DARK,
            RED,
        ),
        ("On battery", "Devices that draw on their battery now.", Urgency.ON_BATTERY, ORANGE),
        (
            "Out of sight",
            "Devices that do not answer, whose manager has lost the UPS, whose UPS was not read whole, or "
            "whose map is in doubt: nothing sure is known about them.",
            Urgency.OUT_OF_SIGHT,
            PURPLE,
        ),
        ("On bypass", "Devices whose load hangs on the mains unprotected.", Urgency.BYPASS, RED),
    )
    tiles = (
        ("All devices", "All devices that were seen within the last day.", f"count({everyone})", QUIET),
        *(
            (title, about, count(f"({urgency}) == {order:d}"), colour)
            for title, about, order, colour in urgent
        ),
        (
            "Would not survive",
            "Devices that would lose their load in a power failure now. The table says why.",
            count(f"({survive}) == 1"),
            RED,
        ),
        (
            "Blocks needing attention",
            "Battery blocks that are absent or have a flag, over all devices whose blocks were read.",
            f"sum({ill})",
            ORANGE,
        ),
    )
    panels = []
    for index, (title, about, expr, colour) in enumerate(tiles):
        steps = ((None, QUIET),) if colour == QUIET else ((None, GREEN), (1, colour))
        frame = Frame(title, about if colour == QUIET else f"{about} 0 is good.", 3, 4)
        none = "NO DATA" if index < 7 else "not served"
        panels.append(stat_panel(frame, [Query(expr)], unit="none", steps=steps, none=none, decimals=0))
    return panels


def _devices(context: Context) -> Panel:
    words, prom = context.words, context.prom
    state_choices = states(prom)
    survival_choices = survival(prom)
    state, survive = first_of(state_choices), first_of(survival_choices)
    ranked = q.rank(words.system_metrics)
    whole = q.either(("generex_group_up", "generex_data_valid"))
    quiet = f'label_replace({q.by(whole, how="min")} == 1, "alarm", "none", "", "") * 0'
    by_state = first_of(state_choices, lambda choice: choice.trouble)
    by_prospect = first_of(survival_choices, lambda choice: choice.trouble)
    trouble = (
        f"max by (device) (\n  {by_state}\n  or 10 * ({ranked})\n"
        f'  or label_replace({by_prospect}, "alarm", "survival", "", "")\n)'
    )
    columns = (
        ("Trouble", trouble),
        ("Runs on", state),
        ("Survives a failure now?", survive),
        ("Worst alarm", f"topk by (device) (1, {ranked}\n  or {quiet})"),
        ("Charge", prom.charge),
        ("Runtime", q.runtime(prom)),
        ("Worst load phase", q.by(q.series("generex_ups_output_load_ratio"))),
        ("Temperature", q.by(q.series("generex_ups_temperature_celsius"))),
        ("Blocks ill", q.ill_modules(words, prom)),
        ("Last power failure", q.LAST_FAILURE),
        ("Last answer", q.LAST_SEEN),
    )
    names = {f"Value #{chr(ord('A') + index)}": name for index, (name, _) in enumerate(columns)}
    names = {"device": "Device"} | names | {"alarm": "Worst alarm"}
    shown = [field for field in names if field not in ("Value #A", "Value #D")]
    shown.insert(shown.index("Value #C") + 1, shown.pop())
    overrides: list[Override] = [
        ("Device", {"links": _links(), "custom.width": 160}),
        (
            "Runs on",
            {"mappings": choice_mapping(state_choices), **coloured(), **_LEFT, "custom.width": 165},
        ),
        (
            "Survives a failure now?",
            {"mappings": choice_mapping(survival_choices), **coloured(), **_LEFT, "custom.width": 250},
        ),
        (
            "Worst alarm",
            {
                "mappings": alarm_mapping(words.system_metrics),
                **coloured(),
                "custom.width": 220,
            },
        ),
        (
            "Charge",
            {"unit": "percentunit", **coloured(limits(*context.charge))},
        ),
        (
            "Runtime",
            {"unit": "dtdurations", **coloured(limits(*context.runtime))},
        ),
        (
            "Worst load phase",
            {"unit": "percentunit", **coloured(limits(*context.load))},
        ),
        ("Temperature", {"unit": "celsius"}),
        (
            "Blocks ill",
            {"decimals": 0, **coloured(limits((None, GREEN), (1, ORANGE)))},
        ),
        ("Last power failure", {"unit": "dtdurations", "decimals": 0}),
        ("Last answer", {"unit": "dtdurations", "decimals": 0}),
    ]
    return table_panel(
        Frame(
            "Devices",
            "One row per device, the worst on top; a click on the name leads to its boards. “Runs on” "
            "shows the gravest of: danger to people, load dark, on battery, unreachable, UPS lost, UPS not "
            "read, bypass, eco, test, mains. Runtime is the smaller of the UPS's own and the one that "
            "follows from the fall of the charge. “Last power failure” is how long ago, within the time "
            "shown. A dash is a value that is not served or not known now: never a good sign by itself.",
            24,
            14,
        ),
        [Query(expr, name) for name, expr in columns],
        transformations=[
            transform("joinByField", byField="device", mode="outer"),
            transform("sortBy", fields={}, sort=[{"field": "Value #A", "desc": True}]),
            transform("filterFieldsByName", include={"names": shown}),
            transform(
                "organize", renameByName={field: names[field] for field in shown}, excludeByName={},
                indexByName={field: index for index, field in enumerate(shown)},
            ),
        ],
        overrides=overrides,
    )  # fmt: skip


def _links() -> list[dict[str, object]]:
    device = "var-device=${__data.fields.Device}"
    return [
        {"title": f"{what} of this device", "url": f"/d/{uid}?{device}&{_KEEP}", "targetBlank": False}
        for what, uid in (("UPS", _UPS), ("BACS", _BACS))
    ]


def _history(context: Context) -> Panel:
    choices = states(context.prom)
    return timeline_panel(
        Frame(
            "What each device ran on",
            "A line per device over time, with the words of the table above. Orange marks at the top are "
            "power failures.",
            24,
            9,
        ),
        [Query(first_of(choices), "{{device}}")],
        mappings=choice_mapping(choices),
        none="NO DATA",
    )
