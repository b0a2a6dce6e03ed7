"""How blocks age: what the last discharge told, and how their resistance grows."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.choices import ORANGE, QUIET, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import Override, Steps, coloured, limits
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    lines_panel,
    ref,
    table_panel,
    transform,
)
from exporter.generate.dashboards.sdk import models

OHMS = "generex_bacs_module_resistance_ohms"
_WORST = 10

BLOCK_LEGEND = "S{{string}} · {{block}}"
"""It must not begin with a digit: a heat map would take it for a number, and sort by it."""
BLOCK_COLUMN: Override = ("Block", {"unit": "string", "custom.width": 80})
"""Block numbers are names: with a unit of numbers, Grafana would show 017 as 17."""


def per_block(expr: str, *labels: str) -> str:
    """An expression per module as one per block number."""
    return f"max by ({', '.join(('block', *labels))}) ({q.block(expr)})"


def worst_first(
    queries: list[Query], *labels: str, hidden: tuple[str, ...] = (), rename: dict[str, str] | None = None,
    descending: bool = True,
) -> list[models.DataTransformerConfig]:  # fmt: skip
    """Joins queries by block into a table of the ten worst by the first query."""
    names = {f"Value #{ref(index)}": query.legend for index, query in enumerate(queries)}
    shown = {field: name for field, name in names.items() if name not in hidden}
    order = ["block", *labels, *shown]
    titles = {"block": "Block", "string": "String"} | (rename or {}) | shown
    return [
        transform("joinByField", byField="block", mode="outer"),
        transform("sortBy", fields={}, sort=[{"field": "Value #A", "desc": descending}]),
        transform("limit", limitField=_WORST),
        transform("filterFieldsByName", include={"names": order}),
        transform(
            "organize", renameByName={field: titles[field] for field in order}, excludeByName={},
            indexByName={field: index for index, field in enumerate(order)},
        ),
    ]  # fmt: skip


def _baseline(at: str = "") -> str:
    return q.by(f"last_over_time({q.recorded(rules.OHMS_BASELINE)}[3h]{at})", *q.BLOCK)


def to_baseline(at: str = "") -> str:
    """Per module its resistance as a multiple of its baseline; `at` is a modifier such as ` @ end()`."""
    return f"{q.by(q.series(OHMS) + at, *q.BLOCK)} / on (<place>, string, module) {_baseline(at)}"


def ageing_steps(context: Context) -> Steps:
    """Colours of a resistance against its baseline."""
    thresholds = context.thresholds
    return (None, QUIET), (thresholds["resistance_warning"], ORANGE), (thresholds["resistance_replace"], RED)


def discharge_panels(context: Context) -> list[Panel]:
    """The best sign of a weak block: its voltage while the battery carries the load."""
    ratio = q.recorded(rules.DISCHARGE_RATIO)
    weak = context.thresholds["weak_block"]
    steps = ((None, RED), (weak, QUIET))
    colour = {
        "unit": "percentunit",
        "decimals": 1,
        **coloured(limits(*steps)),
    }
    queries = [
        Query(
            per_block(q.by(f"last_over_time({ratio}[90d])", *q.BLOCK), "string"),
            "At the end of the last discharge",
        ),
        Query(per_block(q.by(f"min_over_time({ratio}[90d])", *q.BLOCK)), "Worst in 90 days"),
    ]
    lowest = f"bottomk(5, {q.by(f'min_over_time({ratio}[$__range] @ end())', *q.BLOCK)})"
    shown = f"{q.by(q.least(ratio), *q.BLOCK)} and on (<place>, string, module) {lowest}"
    return [
        table_panel(
            Frame(
                "Ranking from the last discharge",
                "Block voltage against the median of its string while the battery carried the load, from "
                f"the third minute on; the lowest on top. Below {weak:.0%} a block is weak: the best sign "
                "there is. Empty until a discharge of more than two minutes was seen.",
                12, 12,
            ),
            queries,
            transformations=worst_first(queries, "string", descending=False),
            overrides=[BLOCK_COLUMN, *((query.legend, colour) for query in queries)],
            none="no discharge yet",
        ),
        lines_panel(
            Frame(
                "The last discharge, lowest blocks",
                "The five lowest blocks of the time shown, against the median of their string, while the "
                f"battery carried the load. Below {weak:.0%} a block is weak. Choose a time with a "
                "discharge in it.",
                12, 12,
            ),
            [Query(per_block(shown, "string"), BLOCK_LEGEND)],
            unit="percentunit", steps=steps, none="no discharge in this time",
        ),
    ]  # fmt: skip


def trend_panels(context: Context) -> list[Panel]:
    """How the blocks age."""
    worst = f"topk({_WORST}, {to_baseline(' @ end()')})"
    ageing = f"last_over_time({q.recorded(rules.AGEING)}[3h])"
    thresholds = context.thresholds
    return [
        lines_panel(
            Frame(
                "Resistance against baseline",
                "The ten blocks whose resistance has grown most. Above "
                f"{thresholds['resistance_warning']:g} plan the replacement, above "
                f"{thresholds['resistance_replace']:g} replace. The baseline is the lowest daily mean on "
                "float of the last 30 days, or that of the block in expect.blocks: needs the rules, and a "
                "retention of 40 days.",
                16, 9,
            ),
            [
                Query(
                    per_block(f"({to_baseline()} and on (<place>, string, module) {worst})", "string"),
                    BLOCK_LEGEND,
                )
            ],
            unit="short", steps=ageing_steps(context), none="no baseline yet",
        ),
        lines_panel(
            Frame(
                "Ageing by warmth",
                "How much faster than at 20 °C the blocks age, by their temperature over 30 days: life "
                "halves for every 10 K. 1 is the life that the maker promises.",
                8, 9,
            ),
            [Query(q.per(ageing, "string"), "string {{string}}")],
            unit="short", bounds=(0, 2), none="no history yet",
        ),
    ]  # fmt: skip
