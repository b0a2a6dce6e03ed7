"""The open panels of a board as HTML: a plain drawing of what their queries answer, not Grafana's own."""

import html
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from tests.pictures.cells import Property, number, settings, shown

Series = dict[str, Any]
Answers = Sequence[tuple[dict[str, Any], list[Series]]]
"""Each target of a panel with what a Prometheus answered."""

_COLUMN, _ROW = 66, 38
_COLOURS = ("#73BF69", "#F2CC0C", "#8AB8FF", "#FF9830", "#F2495C", "#B877D9", "#6ED0E0", "#C0D8FF")
STYLE = """
body{background:#111217;color:#ccccdc;font:13px Inter,"DejaVu Sans",sans-serif;margin:8px;position:relative}
.p{position:absolute;background:#181b1f;border:1px solid #2c3235;overflow:hidden;box-sizing:border-box}
.p h2{font-size:12px;font-weight:500;margin:0;padding:5px 8px;white-space:nowrap}
.r{position:absolute;font-weight:600;padding-top:12px}
.v{display:flex;align-items:center;justify-content:center;color:#fff;font-weight:600;text-align:center}
table{border-collapse:collapse;width:100%}th{text-align:left;color:#8e9ab0;font-weight:500}
td,th{padding:4px 8px;border-bottom:1px solid #22252b;white-space:nowrap}svg{display:block}
"""


def page(board: dict[str, Any], ask: Callable[[dict[str, Any]], Answers]) -> str:
    """The board as a page; closed rows show their titles only."""
    parts, bottom = [], 0
    for panel in board["panels"]:
        place = panel["gridPos"]
        x, y, w, h = place["x"] * _COLUMN, place["y"] * _ROW, place["w"] * _COLUMN - 8, place["h"] * _ROW - 8
        box = f"left:{x}px;top:{y}px;width:{w}px;height:{h}px"
        bottom = max(bottom, y + h)
        title = html.escape(panel["title"])
        if panel["type"] == "row":
            parts.append(f'<div class=r style="{box}">{"▸" if panel["collapsed"] else "▾"} {title}</div>')
            continue
        body = _KINDS[panel["type"]](panel, ask(panel), w, h - 26)
        parts.append(f'<div class=p style="{box}"><h2>{title}</h2>{body}</div>')
    head = f"<meta charset=utf-8><style>{STYLE}</style>"
    return f'{head}<body style="width:{24 * _COLUMN}px;height:{bottom + 16}px">{"".join(parts)}'


def _stat(panel: dict[str, Any], answers: Answers, width: int, height: int) -> str:
    values = [
        shown(float(series["value"][1]), settings(panel, "", target["refId"]))
        for target, found in answers
        for series in found
    ] or [shown(None, settings(panel, ""))]
    size = min(34, int(height / len(values) * 0.5), int(1.6 * width / max(len(text) for text, _ in values)))
    return "".join(
        f'<div class=v style="background:{colour};height:{height // len(values)}px;font-size:{size}px">'
        f"{html.escape(text)}</div>"
        for text, colour in values
    )


def _table(panel: dict[str, Any], answers: Answers, width: int, height: int) -> str:
    steps = {step["id"]: step["options"] for step in panel["transformations"]}
    single = len(answers) == 1
    common = (
        set.intersection(
            *({label for series in found for label in series["metric"]} for _, found in answers if found),
            set(_labels(answers)),
        )
        if any(found for _, found in answers)
        else set()
    )
    by = steps["joinByField"]["byField"] if "joinByField" in steps else None
    rows: dict[Any, dict[str, Any]] = {}
    for target, found in answers:
        value = "Value" if single else f"Value #{target['refId']}"
        for series in found:
            labels = series["metric"]
            key = (
                labels.get(by)
                if by
                else tuple(sorted((k, v) for k, v in labels.items() if single or k in common))
            )
            rows.setdefault(key, {}).update(labels | {value: float(series["value"][1])})
    ordered = list(rows.values())
    for order in steps.get("sortBy", {}).get("sort", ()):
        ordered.sort(key=lambda row: _sortable(row.get(order["field"])), reverse=order["desc"])
    organize = steps["organize"]
    columns = sorted(
        steps["filterFieldsByName"]["include"]["names"], key=lambda c: organize["indexByName"].get(c, 0)
    )
    titles = [organize["renameByName"].get(column, column) for column in columns]
    fields = [settings(panel, title) for title in titles]
    kept = [n for n, field in enumerate(fields) if not field.get("custom.hidden")]
    heads = "".join(f"<th>{html.escape(str(fields[n].get('displayName', titles[n])))}</th>" for n in kept)
    lines = []
    for row in ordered[: steps.get("limit", {}).get("limitField", 100)]:
        lines.append("<tr>" + "".join(_cell(row.get(columns[n]), fields[n]) for n in kept) + "</tr>")
    if not lines:
        return (
            f'<div class=v style="height:{height}px">{html.escape(shown(None, settings(panel, ""))[0])}</div>'
        )
    return f"<table><tr>{heads}</tr>{''.join(lines)}</table>"


def _labels(answers: Answers) -> list[str]:
    return [label for _, found in answers for series in found for label in series["metric"]]


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _cell(value: Any, field: Property) -> str:
    text, colour = shown(value, field)
    style = f' style="background:{colour}"' if "custom.cellOptions" in field and colour else ""
    return f"<td{style}>{html.escape(text)}</td>"


def _name(target: dict[str, Any], series: Series) -> str:
    legend: str = target.get("legendFormat", "")
    for label, value in series["metric"].items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    return legend


def _timeline(panel: dict[str, Any], answers: Answers, width: int, height: int) -> str:
    rows = [(_name(target, series), series["values"]) for target, found in answers for series in found]
    if not rows:
        return _empty(panel, height)
    start, end, step = _span(rows)
    row, left = min(26, height / len(rows)), 170
    parts = []
    for index, (name, values) in enumerate(rows):
        y = index * row
        parts.append(f"<text x=4 y={y + row * 0.7:.0f} fill=#ccccdc font-size=11>{html.escape(name)}</text>")
        for at, value in values:
            _, colour = shown(float(value), settings(panel, name))
            x = left + (at - start) / (end - start + step) * (width - left)
            wide = step / (end - start + step) * (width - left) + 0.5
            parts.append(
                f'<rect x={x:.1f} y={y + 2:.0f} width={wide:.1f} height={row - 4:.0f} fill="{colour}"/>'
            )
    return f"<svg width={width} height={height}>{''.join(parts)}</svg>"


def _lines(panel: dict[str, Any], answers: Answers, width: int, height: int) -> str:
    rows = [(_name(target, series), series["values"]) for target, found in answers for series in found]
    if not rows:
        return _empty(panel, height)
    start, end, step = _span(rows)
    field = settings(panel, "")
    numbers = [float(value) for _, values in rows for _, value in values]
    low = min([*numbers, *([field["min"]] if field.get("min") is not None else [])])
    flat = 1 if field.get("decimals") == 0 and field.get("unit") != "percentunit" else 1e-9
    high = max([*numbers, field.get("custom", {}).get("axisSoftMax") or low, low + flat])
    tall, left = height - 24, 60
    parts = []
    for share in (0, 0.5, 1):
        y = 6 + (1 - share) * (tall - 12)
        text = html.escape(number(float(low + share * (high - low)), field))
        parts.append(f"<text x=2 y={y + 4:.0f} fill=#8e9ab0 font-size=10>{text}</text>")
        parts.append(f"<line x1={left} x2={width} y1={y:.0f} y2={y:.0f} stroke=#2c3235 />")
    for index, (name, values) in enumerate(rows):
        colour = "#9AA3B2" if "limit" in name or "nominal" in name else _COLOURS[index % len(_COLOURS)]
        dots = " ".join(
            f"{left + (at - start) / (end - start + step) * (width - left - 8):.1f},"
            f"{6 + (1 - (float(value) - low) / (high - low)) * (tall - 12):.1f}"
            for at, value in values
        )
        dash = ' stroke-dasharray="8 6"' if colour == "#9AA3B2" else ""
        parts.append(f'<polyline points="{dots}" fill=none stroke="{colour}" stroke-width=2{dash} />')
        if index < 8:
            place = f"x={left + index * 120} y={height - 6}"
            parts.append(f'<text {place} fill="{colour}" font-size=10>— {html.escape(name[:18])}</text>')
    return f"<svg width={width} height={height}>{''.join(parts)}</svg>"


def _span(rows: list[tuple[str, list[tuple[float, str]]]]) -> tuple[float, float, float]:
    times = sorted({at for _, values in rows for at, _ in values})
    step = min((later - sooner for sooner, later in pairwise(times)), default=1)
    return times[0], times[-1], step


def _empty(panel: dict[str, Any], height: int) -> str:
    text = html.escape(str(panel["fieldConfig"]["defaults"].get("noValue", "")))
    return f'<div class=v style="height:{height}px">{text}</div>'


_KINDS = {"stat": _stat, "table": _table, "state-timeline": _timeline, "timeseries": _lines}
