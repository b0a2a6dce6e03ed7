"""From points in time to what happened: when it began, how long it lasted, what it was. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from exporter.report.model import HOUR, Occurrence

Points = Mapping[float, float]


def spans(hours: Iterable[float], most: int, margin: float) -> tuple[list[tuple[float, float]], int]:
    """Stretches to look at closely, from the ends of hours in which something happened.

    Each has `margin` seconds more at both ends, so that its beginning and end are seen. Of more than
    `most` hours the oldest are left out; the second value says how many.
    """
    wanted = sorted(set(hours))
    kept = wanted[-most:] if most else []
    found: list[tuple[float, float]] = []
    for hour in kept:
        start, end = hour - HOUR - margin, hour + margin
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found, len(wanted) - len(kept)


def occurrences(points: Points, step: float) -> list[Occurrence]:
    """When a role was played: from its first 1 to the next 0, or to the last 1 before nothing is known.

    `points` are 1 and 0 by time, `step` seconds apart where nothing is missing.
    """
    found: list[Occurrence] = []
    start: float | None = None
    began = False
    before: tuple[float, float] | None = None
    for at in sorted(points):
        gap = before is not None and at - before[0] > 1.5 * step
        if gap and start is not None and before is not None:
            found.append(Occurrence(start, before[0], began, ended=False))
            start = None
        if points[at] and start is None:
            start, began = at, before is not None and not gap
        elif not points[at] and start is not None:
            found.append(Occurrence(start, at, began))
            start = None
        before = (at, points[at])
    if start is not None and before is not None:
        found.append(Occurrence(start, before[0], began, ended=False))
    return found


def either(*roles: Points) -> dict[float, float]:
    """1 while one of the roles is played, 0 while those that are known are not."""
    times = sorted({at for points in roles for at in points})
    return {at: max(points[at] for points in roles if at in points) for at in times}


def kind_of(when: Occurrence, on_battery: Points, test: Points) -> str:
    """What a discharge was: "test", "outage", "alone" where the UPS said that it was on mains, or "unknown".

    A test that the mains fails in is an outage: for the most part of it no test runs.
    """
    inside = [at for at in either(on_battery, test) if when.start <= at < when.end or at == when.start]
    tested = sum(test.get(at, 0) for at in inside)
    if inside and tested * 2 >= len(inside):
        return "test"
    if any(on_battery.get(at, 0) for at in inside):
        return "outage"
    return "alone" if any(at in on_battery for at in inside) else "unknown"


def cut(test: Occurrence, on_battery: Points, step: float) -> bool:
    """Whether the mains failed before a test was over: two passes after it the UPS is still on battery."""
    after = [value for at, value in on_battery.items() if test.end + 1.5 * step < at <= test.end + 2.5 * step]
    return any(after)


def grown(counter: Sequence[float]) -> int:
    """By how much a counter grew, also one that began again meanwhile. NaN is left out."""
    known = [value for value in counter if value == value]
    return round(sum(b - a if b >= a else b for a, b in pairwise(known)))
