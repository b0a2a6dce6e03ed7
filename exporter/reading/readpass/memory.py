"""What is remembered of a device from one pass to the next. Never a value: only what it has and serves."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from exporter.reading.decode.truth import FrameWatch
from exporter.reading.plan.spans import MAX_REGISTERS, Span

LOOK_EVERY = 60.0  # seconds between looks for an optional group, such as BACS, that was not found
RECHECK_FIRST = 15.0  # seconds until a refused word is asked for again: most likely the device is starting up
RECHECK_FLAGS = 60.0  # the wait doubles up to this for flags: an alarm may not stay hidden for long
RECHECK_MOST = 600.0  # and up to this for other words
LIMITS_HOLD = 600.0  # seconds for which it is remembered how much a device takes at once
NARROW_AGAIN = 600.0  # seconds until a device that refuses everything is looked into again
NARROW_ONCE_SERVED = 60.0  # and from when on, if it has served words before


@dataclass
class Memory:
    """The memory of one device.

    `refused` holds, per span, the time (monotonic) from which it is asked for again, and `waits` how long
    that was put off; `rechecks` counts such askings. `found` are the optional groups that were seen; `alive`
    is the highest instance of each repeating group that was ever seen alive, `seen` are all of them. `left`
    is what the last pass had no time for, `unheard` what was asked for first then and gave no answer: until
    it does, it goes before nothing else.
    `max_words` and `unreadable` (gaps) hold until `limited_until`; a device that refuses everything is looked
    into again at `narrow_from`.
    """

    frame: FrameWatch
    max_words: int = MAX_REGISTERS
    counts: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    seen: dict[str, frozenset[int]] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    next_look: dict[str, float] = field(default_factory=dict)
    refused: dict[Span, float] = field(default_factory=dict)
    waits: dict[Span, float] = field(default_factory=dict)
    rechecks: int = 0
    unreadable: set[tuple[int, int]] = field(default_factory=set)
    limited_until: float = 0.0
    left: tuple[Span, ...] = ()
    unheard: set[Span] = field(default_factory=set)
    narrow_from: float = 0.0
    served: set[int] = field(default_factory=set)
    failed_last: bool = False

    def refuse(self, span: Span, now: float, *, flags: bool) -> None:
        """Remember that the device refuses `span`, still or anew; `flags` says whether it holds any."""
        most = RECHECK_FLAGS if flags else RECHECK_MOST
        wait = min(2 * self.waits.get(span, RECHECK_FIRST / 2), most)
        self.waits[span] = RECHECK_FIRST if self.was_served(span) else wait
        self.refused[span] = now + self.waits[span]

    def serves(self, span: Span) -> None:
        """Forget that the device refused `span`."""
        self.refused.pop(span, None)
        self.waits.pop(span, None)

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
        self.limited_until = now + LIMITS_HOLD

    def recheck_limits(self, now: float) -> None:
        """Forget the limits when their time is over: they may have been those of a device starting up."""
        if self.limited_until and now >= self.limited_until:
            self.max_words, self.limited_until = MAX_REGISTERS, 0.0
            self.unreadable.clear()

    def may_narrow(self, now: float) -> bool:
        """Whether it is worth finding out what a device serves that has refused everything in this pass."""
        if self.served and not self.narrow_from:
            self.narrow_from = now + NARROW_ONCE_SERVED
        return now >= self.narrow_from

    def refuses_everything(self, now: float) -> None:
        """It was not worth it."""
        self.narrow_from = now + NARROW_AGAIN
