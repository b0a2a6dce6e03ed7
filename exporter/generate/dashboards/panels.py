"""The kinds of panels that the boards use, each with everything that every panel must have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from exporter.generate.dashboards.choices import QUIET, RED
from exporter.generate.dashboards.looks import Override, Steps, limits, mapping, properties
from exporter.generate.dashboards.sdk import (
    Builder,
    common,
    common_models,
    dashboard,
    heatmap,
    heatmap_models,
    models,
    prometheus,
    prometheus_models,
    stat,
    statetimeline,
    table,
    timeseries,
)

SOURCE = common_models.DataSourceRef(type_val="prometheus", uid="$datasource")
Panel = Builder[models.Panel]
STEP = "<step>"
"""The shortest step, by the scrape interval: see board.render."""
_COLUMNS = 480  # of a timeline: each wide enough to be seen
_P = TypeVar("_P", stat.Panel, timeseries.Panel, statetimeline.Panel, table.Panel, heatmap.Panel)


@dataclass(frozen=True)
class Query:
    """A query of a panel; `legend` may hold labels as `{{name}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Frame:
    """What every panel has: title, how to read it, its size on a grid 24 wide."""

    title: str
    about: str
    width: int
    height: int


def stat_panel(
    frame: Frame,
    queries: Sequence[Query],
    *,
    unit: str = "none",
    mappings: list[models.ValueMapping] | None = None,
    steps: Steps = ((None, QUIET),),
    none: str = "n/a",
    decimals: int | None = None,
    overrides: Mapping[str, Mapping[str, object]] | None = None,
) -> Panel:
    """A big value of this moment: an instant query, so that a dead device shows no old value.

    `overrides` are properties for single queries, by their letter.
    """
    panel = _common(stat.Panel(), frame, queries, instant=True).unit(unit).no_value(none)
    panel.thresholds(limits(*steps)).mappings(mappings or mapping({}, none))
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel.color_mode(common_models.BigValueColorMode.BACKGROUND_SOLID)
    panel.graph_mode(common_models.BigValueGraphMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["last"]).values(False).fields(""))
    panel.text_mode(common_models.BigValueTextMode.VALUE)
    panel.orientation(common_models.VizOrientation.HORIZONTAL)
    if decimals is not None:
        panel.decimals(decimals)
    for letter, values in (overrides or {}).items():
        panel.override_by_query(letter, properties(values))
    return panel


def lines_panel(
    frame: Frame,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Steps = (),
    overrides: Iterable[Override] = (),
    bounds: tuple[float | None, float | None] = (None, None),
    none: str = "not served",
    legend: bool = True,
    decimals: int | None = None,
) -> Panel:
    """Values over time; gaps stay gaps, limits are drawn as lines.

    `bounds` are the lowest value and one that the axis reaches; with `decimals` 0 it has whole units.
    """
    panel = _common(timeseries.Panel(), frame, queries).unit(unit).no_value(none)
    panel.legend(
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(legend)
        .calcs([])
    )
    panel.tooltip(
        common.VizTooltipOptions()
        .mode(common_models.TooltipDisplayMode.MULTI)
        .sort(common_models.SortOrder.DESCENDING)
    )
    panel.line_width(2).fill_opacity(0).span_nulls(False).show_points(common_models.VisibilityMode.AUTO)
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
    low, high = bounds
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.axis_soft_max(high)
    if decimals is not None:
        panel.decimals(decimals)
    if steps:
        panel.thresholds(limits(*steps))
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    return _override(panel, overrides)


def timeline_panel(
    frame: Frame,
    queries: Sequence[Query],
    *,
    mappings: list[models.ValueMapping] | None = None,
    overrides: Iterable[Override] = (),
    unit: str = "none",
    none: str = "n/a: not served",
    per_page: int = 50,
) -> Panel:
    """States over time, a row each; colours come from value mappings."""
    panel = _common(statetimeline.Panel(), frame, queries).unit(unit).no_value(none)
    panel.mappings(mappings or []).thresholds(limits((None, QUIET)))
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel.show_value(common_models.VisibilityMode.AUTO).merge_values(True).row_height(0.85)
    panel.fill_opacity(90).line_width(0).span_nulls(False).per_page(per_page)
    panel.max_data_points(_COLUMNS)
    panel.legend(common.VizLegendOptions().show_legend(False).calcs([]))
    return _override(panel, overrides)


def table_panel(
    frame: Frame,
    queries: Sequence[Query],
    *,
    transformations: Sequence[models.DataTransformerConfig],
    overrides: Iterable[Override] = (),
    unit: str = "none",
    none: str = "–",
    decimals: int | None = None,
    over: tuple[str, int] | None = None,
) -> Panel:
    """A table of this moment: instant queries. With `over`, a time and a number of steps, one of history."""
    panel = _common(table.Panel(), frame, queries, instant=over is None, as_table=True)
    panel.unit(unit).no_value(none)
    if over is not None:
        panel.time_from(over[0]).max_data_points(over[1])
    if decimals is not None:
        panel.decimals(decimals)
    panel.transformations(list(transformations)).mappings([])
    panel.thresholds(limits((None, "text"))).cell_height(common_models.TableCellHeight.SM)
    return _override(panel, overrides)


def heat_panel(frame: Frame, queries: Sequence[Query], *, unit: str, decimals: int, most: float) -> Panel:
    """A row per block and a column per time: the nearer to `most`, the fuller the colour.

    A cell without a value stays empty, and so looks one without a deviation.
    """
    panel = _common(heatmap.Panel(), frame, queries).unit(unit).no_value("no blocks: not served")
    panel.calculate(False).cell_gap(1)
    panel.color(
        heatmap.HeatmapColorOptions()
        .mode(heatmap_models.HeatmapColorMode.OPACITY)
        .fill(RED)
        .scale(heatmap_models.HeatmapColorScale.LINEAR)
        .exponent(0.5)
        .steps(64)
        .reverse(False)
        .min(0)
        .max(most)
    )
    panel.cell_values(heatmap.CellValues().unit(unit).decimals(decimals))
    panel.y_axis(heatmap.YAxisConfig().reverse(True).axis_placement(common_models.AxisPlacement.LEFT))
    panel.rows_frame(heatmap.RowsHeatmapOptions().layout(common_models.HeatmapCellLayout.AUTO))
    # the default hides zeros, which would look absent
    panel.filter_values(heatmap.FilterValueRange().le(-1e9))
    panel.max_data_points(120)
    return panel


def transform(name: str, **options: Any) -> models.DataTransformerConfig:
    """A transformation of a table."""
    return models.DataTransformerConfig(id_val=name, options=options)


def columns(
    field: str, queries: Sequence[Query], *labels: str, sort: bool = False
) -> list[models.DataTransformerConfig]:
    """Joins instant queries by a label into one table; each query's column is named by its legend.

    `labels` are further labels that become columns; the others are dropped.
    """
    keep = [field, *labels]
    return [
        transform("joinByField", byField=field, mode="outer"),
        *([sorted_by(field)] if sort else []),
        *named(queries, *keep),
    ]


def named(queries: Sequence[Query], *labels: str, **titles: str) -> list[models.DataTransformerConfig]:
    """Keeps labels and the queries that have a legend, in this order, with `titles` for the labels."""
    names = {f"Value #{ref(index)}": query.legend for index, query in enumerate(queries) if query.legend}
    order = [*labels, *names]
    return [
        transform("filterFieldsByName", include={"names": order}),
        transform(
            "organize", renameByName=names | titles, excludeByName={},
            indexByName={name: index for index, name in enumerate(order)},
        ),
    ]  # fmt: skip


def matrix(column: str, row: str) -> list[models.DataTransformerConfig]:
    """A column for each time in the field `column`, newest first, and a row for each value of `row`.

    Grafana names the first column after both, as `row\\column`.
    """
    to_text = {"targetField": column, "destinationType": "string", "dateFormat": "YYYY-MM-DD HH:mm"}
    return [
        sorted_by(column, descending=True),
        transform("convertFieldType", fields={}, conversions=[to_text]),
        transform(
            "groupingToMatrix", columnField=column, rowField=row, valueField="Value", emptyValue="null"
        ),
        sorted_by(f"{row}\\{column}"),
    ]


def sorted_by(field: str, *, descending: bool = False) -> models.DataTransformerConfig:
    """Sorts a table."""
    return transform("sortBy", fields={}, sort=[{"field": field, "desc": descending}])


def ref(index: int) -> str:
    """The letter of the query with that number, from 0."""
    return chr(ord("A") + index)


def _common(
    panel: _P, frame: Frame, queries: Sequence[Query], *, instant: bool = False, as_table: bool = False
) -> _P:
    panel.title(frame.title).description(frame.about).span(frame.width).height(frame.height)
    panel.datasource(SOURCE).interval(STEP)
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().ref_id(ref(index)).expr(query.expr).datasource(SOURCE)
        target.format(
            prometheus_models.PromQueryFormat.TABLE
            if as_table
            else prometheus_models.PromQueryFormat.TIME_SERIES
        )
        target = target.instant() if instant else target.range()
        if query.legend and not as_table:
            target.legend_format(query.legend)
        panel.with_target(target)
    return panel


def _override(panel: _P, overrides: Iterable[Override]) -> _P:
    for name, values in overrides:
        if name.startswith("/"):
            panel.override_by_regexp(name, properties(values))
        else:
            panel.override_by_name(name, properties(values))
    return panel
