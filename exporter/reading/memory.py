"""What is remembered of a device from one pass to the next. Never a value: only what it has and serves."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from exporter.reading.plan import MAX_REGISTERS, Span
from exporter.reading.truth import FrameWatch

LOOK_EVERY = 60.0  # seconds between looks for an optional group, such as BACS, that was not found
RECHECK_NEVER_SERVED = 600.0  # seconds until a word that was always refused is asked for again
RECHECK_ONCE_SERVED = 60.0  # and one that was read before: most likely a device that is starting up


@dataclass
class Memory:
    """The memory of one device.

    `refused` holds, per span, the time (monotonic) from which it is asked for again. `found` are the optional
    groups that were seen; `alive` is the highest instance of each repeating group that was ever seen alive.
    `max_words` and `unreadable` (gaps) hold until `limited_until`; a device that refuses everything is looked
    into again at `narrow_from`.
    """

    frame: FrameWatch
    max_words: int = MAX_REGISTERS
    counts: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    next_look: dict[str, float] = field(default_factory=dict)
    refused: dict[Span, float] = field(default_factory=dict)
    unreadable: set[tuple[int, int]] = field(default_factory=set)
    limited_until: float = 0.0
    narrow_from: float = 0.0
    served: set[int] = field(default_factory=set)
    failed_last: bool = False

    def refuse(self, span: Span, now: float) -> None:
        """Remember that the device refuses `span`."""
        again = RECHECK_ONCE_SERVED if self.was_served(span) else RECHECK_NEVER_SERVED
        self.refused[span] = now + again

    def was_served(self, span: Span) -> bool:
        """Whether the span was ever read."""
        return span.keys()[0] in self.served

    def limit(
        self,
        now: float,
        *,
        max_words: int | None = None,
        unreadable: AbstractSet[tuple[int, int]] = frozenset(),
    ) -> None:
        """Remember how much the device takes at once, or what (function, address) it does not read over."""
        self.max_words = self.max_words if max_words is None else max_words
        self.unreadable |= unreadable
        self.limited_until = now + RECHECK_NEVER_SERVED

    def recheck_limits(self, now: float) -> None:
        """Forget the limits when their time is over: they may have been those of a device starting up."""
        if self.limited_until and now >= self.limited_until:
            self.max_words, self.limited_until = MAX_REGISTERS, 0.0
            self.unreadable.clear()

    def may_narrow(self, now: float) -> bool:
        """Whether it is worth finding out what a device serves that has refused everything in this pass."""
        if self.served and not self.narrow_from:
            self.narrow_from = now + RECHECK_ONCE_SERVED
        return now >= self.narrow_from

    def refuses_everything(self, now: float) -> None:
        """It was not worth it."""
        self.narrow_from = now + RECHECK_NEVER_SERVED
