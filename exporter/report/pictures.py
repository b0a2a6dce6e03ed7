"""Pictures as SVG in the colours of the pages. Every picture has its figures in a table beside it. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from exporter.report.trend import weekly

_WIDTH = 700
_LEFT, _RIGHT = 46, 20
_APART = 14  # days: between them is a week of which too little is known, where a line breaks


def strip(days: Sequence[float], label: str) -> str:
    """A narrow band with a column for each day: the fuller, the more of the day was seen."""
    wide = _WIDTH / max(len(days), 1)
    bars = "".join(
        f'<rect class="{"seen" if share > 0.99 else "part"}" x="{number * wide:.2f}" '
        f'y="{24 * (1 - share):.1f}" '
        f'width="{wide + 0.05:.2f}" height="{24 * share:.1f}"/>'
        for number, share in enumerate(days)
        if share > 0
    )
    return _svg(label, 24, f'<rect class="gap" width="{_WIDTH}" height="24"/>{bars}')


def lines(mean: Sequence[float], most: Sequence[float], label: str) -> str:
    """Two lines over the days, in per cent: the mean and, paler, the most."""
    known = [value for value in (*mean, *most) if not math.isnan(value)]
    top = max([1.0, *known])
    return _svg(label, 130, _axis(0, top, 130, lambda value: f"{100 * value:.0f} %")
                + _line(most, "most", top) + _line(mean, "mean", top))  # fmt: skip


def bars(values: Sequence[tuple[str, float | None]], limit: float, label: str) -> str:
    """A bar for each block, from 1 up, with the limit as a line; a block that is not known has none."""
    known = [value for _, value in values if value is not None]
    low, high = min([0.8, *known]), max([limit * 1.05, *known])
    wide = (_WIDTH - _LEFT) / max(len(values), 1)
    scale = 110 / (high - low)
    drawn = [_axis(low, high, 120, lambda value: f"{value:.2f}")]
    for number, (name, value) in enumerate(values):
        x = _LEFT + number * wide
        if value is not None:
            grave = "grave" if value >= limit else "bar"
            drawn.append(
                f'<rect class="{grave}" x="{x + wide * 0.15:.1f}" y="{5 + (high - value) * scale:.1f}" '
                f'width="{wide * 0.7:.1f}" height="{(value - low) * scale:.1f}"/>'
            )
        if len(values) <= 24 or number % 5 == 4 or number == 0:
            drawn.append(f'<text x="{x + wide / 2:.1f}" y="128" text-anchor="middle">{escape(name)}</text>')
    y = 5 + (high - limit) * scale
    drawn.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return _svg(label, 134, "".join(drawn))


def history(blocks: Mapping[str, Sequence[float]], limit: float, label: str) -> str:
    """A thin line for each block over the weeks; a strong one with its name where it passes the limit.

    A line breaks where a week is not known.
    """
    weeks = {name: weekly(days) for name, days in blocks.items()}
    values = [value for points in weeks.values() for _, value in points]
    low, high = min([0.8, *values]), max([limit * 1.05, *values])
    wide = (_WIDTH - _LEFT - _RIGHT) / max([1, *(len(days) - 1 for days in blocks.values())])
    scale = 110 / (high - low)
    drawn = [_axis(low, high, 120, lambda value: f"{value:.2f}")]
    for name, points in sorted(weeks.items(), key=lambda item: max((v for _, v in item[1]), default=0)):
        places = [(_LEFT + day * wide, 5 + (high - value) * scale) for day, value in points]
        grave = any(value >= limit for _, value in points)
        path = "".join(
            f"{'L' if number and day - points[number - 1][0] < _APART else 'M'}{x:.1f} {y:.1f}"
            for number, ((day, _), (x, y)) in enumerate(zip(points, places, strict=True))
        )
        drawn.append(f'<path class="{"worn" if grave else "block"}" d="{path}"/>' if places else "")
        if grave:
            x, y = places[-1]
            drawn.append(f'<text x="{x + 3:.1f}" y="{y + 3:.1f}">{escape(name)}</text>')
    y = 5 + (high - limit) * scale
    drawn.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return _svg(label, 124, "".join(drawn))


def _line(days: Sequence[float], name: str, top: float) -> str:
    """A line that breaks where nothing is known."""
    step, parts, pen = (_WIDTH - _LEFT) / max(len(days) - 1, 1), [], "M"
    for number, value in enumerate(days):
        if math.isnan(value):
            pen = "M"
            continue
        parts.append(f"{pen}{_LEFT + number * step:.1f} {5 + 120 * (1 - value / top):.1f}")
        pen = "L"
    return f'<path class="{name}" d="{"".join(parts)}"/>'


def _axis(low: float, high: float, height: float, text: Callable[[float], str]) -> str:
    return (
        f'<text x="{_LEFT - 5}" y="13" text-anchor="end">{text(high)}</text>'
        f'<text x="{_LEFT - 5}" y="{height - 4}" text-anchor="end">{text(low)}</text>'
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{height - 5}" y2="{height - 5}"/>'
    )


def _svg(label: str, height: int, inside: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {height}" '
        f'xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    )
