"""Since when the sums that are sent over OTLP count."""

from dataclasses import dataclass, field

Identity = tuple[object, ...]


@dataclass
class Starts:
    """The start of each sum; all times in nanoseconds of the clock.

    `since` is when this program began to count.
    """

    since: int
    _seen: dict[Identity, tuple[int, int, float]] = field(default_factory=dict)

    def of_counter(self, counter: Identity, value: float, time: int, first: int) -> int:
        """The start of a counter that says `value` at `time`.

        It is `first` when the counter is seen first, and once it has gone back, when it was seen before.
        """
        start, before, last = self._seen.get(counter, (first, time, value))
        if value < last:
            start = before
        self._seen[counter] = (start, time, value)
        return start
