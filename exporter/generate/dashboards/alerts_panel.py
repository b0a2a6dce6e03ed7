"""The alerts that fire, with the way to what to do about them."""

from collections.abc import Sequence

from exporter.generate.alerts.model import REPOSITORY_RUNBOOK, SERVED_RUNBOOK
from exporter.generate.dashboards.choices import BLUE, ORANGE, RED
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import coloured, mapping
from exporter.generate.dashboards.panels import Frame, Panel, Query, named, sorted_by, table_panel
from exporter.generate.dashboards.sdk import models

_LEVELS = {"critical": 3, "warning": 2, "info": 1}


def alerts_panel(context: Context, height: int) -> Panel:
    """A row per alert that fires, the grave ones on top; its name leads to its section of the runbook."""
    labels = ("alertname", *context.place, "device", "string", "module")
    firing = 'alertname=~"Generex.+", alertstate="firing", <or none>'
    expr = "\n  or ".join(
        f'{level} * max by ({", ".join(labels)}) (ALERTS{{severity="{severity}", {firing}}})'
        for severity, level in _LEVELS.items()
    )
    # the anchors of a page are in lower case, which neither Grafana nor PromQL can make
    anchor = f'label_replace({expr}, "anchor", "$1", "alertname", "(.+)")'
    names: dict[str, tuple[str, str | None]] = {name: (name.lower(), None) for name in context.alerts}
    runbook = context.runbook_url
    if not runbook:
        elsewhere = f'label_replace(vector(1), "url", "{REPOSITORY_RUNBOOK}", "", "")'
        anchor += f"\n  * on () group_left (url) topk(1, {SERVED_RUNBOOK} or on () {elsewhere})"
        runbook = "${__data.fields.url.text:raw}"
    link = {"title": "What to do", "url": f"{runbook}#${{__data.fields.anchor.text}}", "targetBlank": True}
    severity = mapping({"3": ("✖ critical", RED), "2": ("▲ warning", ORANGE), "1": ("◇ info", BLUE)}, "–")
    titles = {name: name.title() for name in labels} | {"alertname": "Alert"}
    return table_panel(
        Frame(
            "Firing alerts",
            "Alerts that fire now, the grave ones on top; a click on one leads to what to do about it. "
            "Alertmanager knows who was told, and what is silenced.",
            24, height,
        ),
        [Query(anchor, "Severity")],
        transformations=[sorted_by("Value", descending=True), *_order(labels, titles)],
        overrides=[
            ("Severity", {"mappings": severity, **coloured(), "custom.align": "left", "custom.width": 110}),
            ("Alert", {"links": [link], "custom.width": 260}),
            ("anchor", {"mappings": mapping(names), "custom.hidden": True}),
            ("url", {"custom.hidden": True}),
            *((titles[name], {"unit": "string"}) for name in ("string", "module")),
        ],
        none="–",
    )  # fmt: skip


def _order(labels: Sequence[str], titles: dict[str, str]) -> list[models.DataTransformerConfig]:
    """The severity first; a single query has its value without a letter."""
    keep, last = named([], "Value", *labels, "anchor", "url", Value="Severity", **titles)
    return [keep, last]
