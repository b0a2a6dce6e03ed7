"""What the boards have in common: variables, links to each other, annotations, layout, and JSON."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.panels import SOURCE, Panel
from exporter.generate.dashboards.sdk import Builder, JSONEncoder, dashboard, models, prometheus

BOARDS = {
    "fleet": ("generex-fleet", "GENEREX fleet"),
    "ups": ("generex-ups", "GENEREX UPS"),
    "bacs": ("generex-bacs", "GENEREX BACS"),
    "exporter": ("generex-exporter", "GENEREX exporter"),
}
"""The boards by file name: uid, by which they link to each other, and title."""

SCHEMA_VERSION = 42
_WIDTH = 24
_IDS = 1_000_000


@dataclass(frozen=True)
class Row:
    """Panels under a heading; a closed one asks nothing until it is opened."""

    title: str
    panels: Sequence[Panel]
    closed: bool = False


@dataclass(frozen=True)
class Board:
    """A board: `name` is its key in BOARDS. One that is about a `single` device opens on one.

    `variables` are its own, beside those that all boards have.
    """

    name: str
    about: str
    rows: Sequence[Row]
    since: str = "now-6h"
    failures: bool = False
    single: bool = False
    variables: Sequence[Builder[models.VariableModel]] = ()


def render(board: Board, context: Context) -> str:
    """The board as the JSON that Grafana imports."""
    uid, title = BOARDS[board.name]
    build = dashboard.Dashboard(title).uid(uid).description(board.about).tags(["generex", "ups"])
    build.readonly().time(board.since, "now").refresh("30s").timezone("browser")
    build.tooltip(models.DashboardCursorSync.CROSSHAIR)
    build.links([_link(name) for name in BOARDS if name != board.name])
    build.variables([*_variables(board, context.place), *board.variables])
    if board.failures:
        build.annotations([_power_failures()])
    result = build.build()
    result.schema_version = SCHEMA_VERSION
    result.panels = _lay_out(board.rows)
    content = _without_nothing(json.loads(json.dumps(result, cls=JSONEncoder)))
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    places = [f'{label}=~"${label}"' for label in context.place]
    device = "=" if board.single else "=~"
    chosen = ", ".join((*places, f'device{device}"$device"'))
    text = text.replace("<device>", json.dumps(chosen)[1:-1])
    # alerts without a device and a place are always shown
    any_of = ", ".join(f'{label}=~"${label}|"' for label in (*context.place, "device"))
    text = text.replace("<or none>", json.dumps(any_of)[1:-1])
    for name, time in context.times.items():
        text = text.replace(name, time)
    return text.replace("<place>", ", ".join(("device", *context.place))) + "\n"


def _without_nothing(value: Any) -> Any:
    """Without keys that say nothing: Grafana takes what is missing for its default."""
    if isinstance(value, dict):
        found = {key: _without_nothing(item) for key, item in value.items()}
        # the lowest of the thresholds has the value null: minus infinity
        return {key: item for key, item in found.items() if item is not None or key == "value"}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value


def _lay_out(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    """All panels with their places: from left to right, in a new line where one is full."""
    found: list[models.Panel | models.RowPanel] = []
    taken: set[int] = set()
    y = 0
    for row in rows:
        head = models.RowPanel(title=row.title, id_val=_panel_id(f"row {row.title}", taken))
        head.grid_pos = models.GridPos(x=0, y=y, w=_WIDTH, h=1)
        head.collapsed = row.closed
        found.append(head)
        x, y, height = 0, y + 1, 0
        for builder in row.panels:
            panel = builder.build()
            place = panel.grid_pos or models.GridPos()
            if x + place.w > _WIDTH:
                x, y, height = 0, y + height, 0
            place.x, place.y = x, y
            x, height = x + place.w, max(height, place.h)
            panel.id_val = _panel_id(str(panel.title), taken)
            (head.panels if row.closed else found).append(panel)
        y = head.grid_pos.y + 1 if row.closed else y + height
    return found


def _panel_id(title: str, taken: set[int]) -> int:
    """A number that a link to a panel keeps when others come and go: from its title."""
    number = zlib.crc32(title.encode()) % _IDS + 1
    while number in taken:
        number += 1
    taken.add(number)
    return number


def _link(name: str) -> dashboard.DashboardLink:
    uid, title = BOARDS[name]
    link = dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{uid}")
    return link.icon("dashboard").tooltip("").include_vars(True).keep_time(True).target_blank(False)


def _variables(board: Board, place: Sequence[str]) -> list[Builder[models.VariableModel]]:
    source = dashboard.DatasourceVariable("datasource").label("Data Source").type("prometheus")
    jobs = '{__name__=~"generex_up|generex_exporter_build_info"}'
    scoped = '{__name__=~"generex_up|generex_exporter_build_info", job=~"$job"}'
    found: list[Builder[models.VariableModel]] = [
        source,
        _variable("job", f"label_values({jobs}, job)"),
        _variable("instance", f"label_values({scoped}, instance)"),
    ]
    matchers = [q.SCOPE]
    for label in place:
        # a device that has no such label is chosen by All
        chosen = ", ".join(matchers)
        found.append(_variable(label, f"label_values(generex_up{{{chosen}}}, {label})", every=".*"))
        matchers.append(f'{label}=~"${label}"')
    devices = f"label_values(generex_up{{{', '.join(matchers)}}}, device)"
    found.append(_variable("device", devices, single=board.single))
    return found


def _variable(name: str, query: str, *, single: bool = False, every: str = ".+") -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(name.title()).datasource(SOURCE)
    variable.query(query).definition(query).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(models.VariableSort.ALPHABETICAL_ASC)
    if single:
        return variable.multi(False).include_all(False)
    variable.multi(True).include_all(True).all_value(every)
    return variable.current(models.VariableOption(selected=True, text="All", value="$__all"))


def _power_failures() -> dashboard.AnnotationQuery:
    expr = f"{q.by(f'increase({q.POWER_FAILURES}[<window>])')} > 0"
    target = prometheus.Dataquery().ref_id("A").expr(expr).datasource(SOURCE).range()
    note = dashboard.AnnotationQuery().name("Power failures").datasource(SOURCE).enable(True).hide(False)
    note.icon_color("orange").expr(expr).step("<mark>").title_format("Power failure")
    return note.text_format("{{device}}").target(target)
