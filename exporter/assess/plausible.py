"""Values that cannot be: a wrong scale, or the wrong register map. Pure; the limits are those of the maps."""

from collections.abc import Iterator
from statistics import median

from exporter.maps.limits import LIMITS, Limit
from exporter.reading.decode.snapshot import Snapshot


def implausible(snapshot: Snapshot) -> tuple[Limit, ...]:
    """The limits that values of this pass break."""
    return tuple(
        limit for limit in LIMITS if not all(limit.allows(value) for value in _judged(snapshot, limit))
    )


def _judged(snapshot: Snapshot, limit: Limit) -> Iterator[float]:
    strings: dict[str, list[float]] = {}
    for series, raw in snapshot.readings.get(limit.metric, ()):
        value = series.samples(raw)[0][1]
        if limit.of_string:
            strings.setdefault(dict(series.labels).get("string", ""), []).append(value)
        else:
            yield value
    yield from map(median, strings.values())
