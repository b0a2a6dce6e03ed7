"""Whether what was read may be believed (design 2.4, truth rules). Pure; times are given, never asked."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from exporter.maps.model import Trust, Word

Raws = Mapping[str, int | float]
"""Real raw words by word name; unread words and filler are not in it."""

BACS_WORDS = ("state", "state_1", "alarms", "num_strings", "num_modules", "alarms_1")
RUNNING, CONNECTED = 0x0001, 0x0002
FRAME_WORDS = ("sequence_number", "error_code")
"""What a gateway says of itself, and all that is to be had from a frame that is not valid."""


def lost_flags_verdict(
    trust: Trust, raws: Raws, known: Mapping[str, Word], unread: Container[str] = ()
) -> bool:
    """Whether a UPS is in sight of its manager: no lost flag is set, and at least one of their words is real.

    `known` are the words by name; a flag that is normally set says "lost" while it is clear. Without any
    word that could say so, nothing is trusted; nor while one is among `unread`, which got no answer.
    """
    references = [reference.partition(".")[::2] for reference in trust.lost_flags]
    if any(word in unread for word, _ in references):
        return False
    read = [(word, part) for word, part in references if word in raws]
    return bool(read) and not any(known[word].plays(part, raws[word]) for word, part in read)


def bacs_is_there(raws: Raws) -> bool:
    """Whether the six BACS words come from a BACS: all zero or all filler means that there is none."""
    return any(raws.get(word, 0) for word in BACS_WORDS)


def bacs_verdict(raws: Raws) -> bool:
    """Whether a BACS that is there can be trusted by its own words.

    State 0x0000 is the manager's internal communication interrupted, CONNECTED without RUNNING is starting up
    (device.md 3.2); a State that is filler beside real words says nothing.
    """
    state = int(raws.get("state", 0))
    return state != 0 and not (state & CONNECTED and not state & RUNNING)


_LATE = 1 / 30  # by this part scrapes may be late: those once a minute are rarely a minute apart to the dot


@dataclass
class FrameWatch:
    """The counter of a gateway frame: it must be seen moving, and must have moved lately.

    The counter is one byte and wraps, so a full round looks like a standing counter: only two
    looks at most `stale_after` seconds apart count, or a little more. When it moved between two looks is
    not known, so it counts as having moved at the first of them.
    """

    stale_after: float
    _counter: int | None = None
    _seen_at: float = 0.0
    _moved_at: float | None = None

    def observe(self, counter: int, now: float) -> None:
        """Note a frame's counter, read at `now` (monotonic seconds)."""
        restarted = counter == 0 and self._counter not in (0, 255)
        if self._counter is None or restarted or now - self._seen_at > self._longest:
            self._moved_at = None
        elif counter != self._counter:
            self._moved_at = self._seen_at
        self._counter, self._seen_at = counter, now

    def moving(self, now: float) -> bool:
        """Whether the counter had lately moved when it was looked at last, and that was not long ago."""
        if self._moved_at is None:
            return False
        return self._seen_at - self._moved_at <= self._longest and now - self._seen_at <= self.stale_after

    @property
    def _longest(self) -> float:
        return self.stale_after * (1 + _LATE)

    def forget(self) -> None:
        """After a pass without a frame: the next one must be seen moving again."""
        self._counter = self._moved_at = None
