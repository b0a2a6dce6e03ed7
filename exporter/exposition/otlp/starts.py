"""Since when the sums that are sent over OTLP count."""

from dataclasses import dataclass, field

Identity = tuple[object, ...]


@dataclass
class Starts:
    """The start of each sum; all times in nanoseconds of the clock.

    `since` is when this program began to count. A counter of a device began at a time that nobody knows: it
    counts since it was first read, and once it has gone back, since it was read before that.
    """

    since: int
    _seen: dict[Identity, tuple[int, int, float]] = field(default_factory=dict)

    def of_counter(self, counter: Identity, value: float, time: int) -> int:
        """The start of a device's counter that says `value` at `time`."""
        start, before, last = self._seen.get(counter, (time, time, value))
        if value < last:
            start = before
        self._seen[counter] = (start, time, value)
        return start
