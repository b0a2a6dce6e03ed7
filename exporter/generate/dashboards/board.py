"""What the boards have in common: variables, links to each other, annotations, layout, and JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from exporter.generate.dashboards import queries as q
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


@dataclass(frozen=True)
class Row:
    """Panels under a heading; with `repeat` once per value of that variable."""

    title: str
    panels: Sequence[Panel]
    repeat: str = ""


@dataclass(frozen=True)
class Board:
    """A board: `name` is its key in BOARDS."""

    name: str
    about: str
    rows: Sequence[Row]
    since: str = "now-6h"
    failures: bool = False
    variables: tuple[str, ...] = field(default=("job", "instance", "device"))


def render(board: Board) -> str:
    """The board as the JSON that Grafana imports."""
    uid, title = BOARDS[board.name]
    build = dashboard.Dashboard(title).uid(uid).description(board.about).tags(["generex", "ups"])
    build.readonly().time(board.since, "now").refresh("30s").timezone("browser")
    build.tooltip(models.DashboardCursorSync.CROSSHAIR)
    build.links([_link(name) for name in BOARDS if name != board.name])
    build.variables(_variables())
    if board.failures:
        build.annotations([_power_failures()])
    result = build.build()
    result.schema_version = SCHEMA_VERSION
    result.panels = _lay_out(board.rows)
    return json.dumps(result, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _lay_out(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    """All panels with their places: from left to right, in a new line where one is full."""
    found: list[models.Panel | models.RowPanel] = []
    y = 0
    for row in rows:
        head = models.RowPanel(title=row.title, repeat=row.repeat or None, id_val=len(found) + 1)
        head.grid_pos = models.GridPos(x=0, y=y, w=_WIDTH, h=1)
        found.append(head)
        x, y, height = 0, y + 1, 0
        for builder in row.panels:
            panel = builder.build()
            place = panel.grid_pos or models.GridPos()
            if x + place.w > _WIDTH:
                x, y, height = 0, y + height, 0
            place.x, place.y = x, y
            x, height = x + place.w, max(height, place.h)
            panel.id_val = len(found) + 1
            found.append(panel)
        y += height
    return found


def _link(name: str) -> dashboard.DashboardLink:
    uid, title = BOARDS[name]
    link = dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{uid}")
    return link.icon("dashboard").tooltip("").include_vars(True).keep_time(True).target_blank(False)


def _variables() -> list[Builder[models.VariableModel]]:
    source = dashboard.DatasourceVariable("datasource").label("Data Source").type("prometheus")
    jobs = '{__name__=~"generex_up|generex_exporter_build_info"}'
    scoped = '{__name__=~"generex_up|generex_exporter_build_info", job=~"$job"}'
    return [
        source,
        _variable("job", f"label_values({jobs}, job)"),
        _variable("instance", f"label_values({scoped}, instance)"),
        _variable("device", f"label_values(generex_up{{{q.SCOPE}}}, device)"),
    ]


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(name.title()).datasource(SOURCE)
    variable.query(query).definition(query).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(models.VariableSort.ALPHABETICAL_ASC).multi(True).include_all(True).all_value(".+")
    return variable.current(models.VariableOption(selected=True, text="All", value="$__all"))


def _power_failures() -> dashboard.AnnotationQuery:
    expr = f"{q.by(f'increase({q.POWER_FAILURES}[2m])')} > 0"
    target = prometheus.Dataquery().ref_id("A").expr(expr).datasource(SOURCE).range()
    note = dashboard.AnnotationQuery().name("Power failures").datasource(SOURCE).enable(True).hide(False)
    note.icon_color("orange").expr(expr).step("60s").title_format("Power failure")
    return note.text_format("{{device}}").target(target)
