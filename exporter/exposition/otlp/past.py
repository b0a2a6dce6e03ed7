"""What earlier pushes mean for the next one: since when sums count, and what a backend still shows.

A backend shows a point until it learns that the point has ended. Without that the last charge of a dead
device lives on, in Prometheus for five minutes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.maps.model import Metric

Identity = tuple[object, ...]
Resource = tuple[tuple[str, str], ...]
Points = Mapping[str, tuple[Metric, Sequence[bytes]]]
"""The encoded attributes of points, by the name of their metric over OTLP."""

_MOST = 50_000  # points of a metric that are remembered while no collector takes them


@dataclass(slots=True)
class _Delta:
    """A counter that is sent as what it grew by: since when and how much is untold, and its last value."""

    since: int
    value: float
    untold: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says of one resource; `deltas` are counters with their time and what they grew by."""

    resource: Resource
    points: Points
    deltas: Sequence[tuple[Identity, int, float]]


@dataclass
class Past:
    """What all pushes of this program told, also to another collector; all times in nanoseconds of the clock.

    `since` is when this program began to count.
    """

    since: int
    _seen: dict[Identity, tuple[int, int, float]] = field(default_factory=dict)
    _deltas: dict[Identity, _Delta] = field(default_factory=dict)
    _shown: dict[Resource, Points] = field(default_factory=dict)

    def start(self, counter: Identity, value: float, time: int, first: int) -> int:
        """The start of a counter that says `value` at `time`.

        It is `first` when the counter is seen first, and once it has gone back, when it was seen before.
        """
        start, before, last = self._seen.get(counter, (first, time, value))
        if value < last:
            start = before
        self._seen[counter] = (start, time, value)
        return start

    def delta(self, counter: Identity, value: float, first: tuple[int, float]) -> tuple[int, float]:
        """Since when a counter has grown, and by how much, that no collector has taken yet.

        `first` is the time and the value from which a counter that is seen first grows. One that went back
        has grown from 0.
        """
        known = self._deltas.get(counter)
        if known is None:
            known = self._deltas[counter] = _Delta(*first)
        known.untold += value if value < known.value else value - known.value
        known.value = value
        return known.since, known.untold

    def ended(self, resource: Resource, points: Points) -> Iterator[tuple[Metric, list[bytes]]]:
        """The points of a resource that a backend may show and that are not among `points`, by metric."""
        for name, (metric, before) in self._shown.get(resource, {}).items():
            now = points[name][1] if name in points else []
            if before != now:  # as a rule they are the same
                there = set(now)
                yield metric, [point for point in before if point not in there]

    def others(self, resources: Collection[Resource]) -> list[Resource]:
        """The resources that a backend may show and that are not among `resources`."""
        return [resource for resource in list(self._shown) if resource not in resources]

    def note(self, told: Told, *, settled: bool) -> None:
        """A message was sent. If it is not `settled`, it may have arrived or not, and is sent again."""
        if not settled:
            merged = dict(self._shown.get(told.resource, {}))
            for name, (metric, points) in told.points.items():
                before = merged[name][1] if name in merged else ()
                merged[name] = metric, list(dict.fromkeys([*points, *before]))[:_MOST]
            self._shown[told.resource] = merged
            return
        if told.points:
            self._shown[told.resource] = told.points
        else:
            self._shown.pop(told.resource, None)
        for counter, time, grown in told.deltas:
            known = self._deltas[counter]
            known.since = time
            known.untold -= grown
