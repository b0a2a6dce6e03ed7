"""What is remembered of a device from one pass to the next. Never a value: only what it has and serves.

Each part has one writer. Times are monotonic seconds, and are given.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum, auto

from exporter.reading.decode.truth import FrameWatch
from exporter.reading.plan.spans import MAX_REGISTERS, Request, Span
from exporter.reading.readpass.refusals import Refusals
from exporter.reading.readpass.suspects import Suspects

LOOK_FIRST = 15.0  # seconds until a group that was not found is looked for again: it may be starting up
LOOK_EVERY = 60.0  # the wait doubles up to this; for what never answers it is so long from the start
LIMITS_FIRST = 15.0  # seconds for which a limit holds at first: the device may have been starting up
LIMITS_MOST = 600.0  # and at most, when it was found again each time


@dataclass
class Limits:
    """How much the device takes at once, and the (function, address) pairs that it does not read over."""

    max_words: int = MAX_REGISTERS
    unreadable: set[tuple[int, int]] = field(default_factory=set)
    _until: float = 0.0
    _hold: float = 0.0

    def learn(
        self, now: float, *, max_words: int | None = None, unreadable: Iterable[tuple[int, int]] = ()
    ) -> None:
        """Remember a limit."""
        self.max_words = self.max_words if max_words is None else max_words
        self.unreadable = self.unreadable | set(unreadable)
        if now >= self._until:  # more of them may be learned in one pass
            found_again = now < self._until + LIMITS_MOST
            self._hold = min(2 * self._hold, LIMITS_MOST) if found_again and self._hold else LIMITS_FIRST
            self._until = now + self._hold

    def learn_from(self, now: float, request: Request, gap: Iterable[int], longest: int) -> None:
        """All words of a request are served, but not at once: it is its `gap` or, without one, its length.

        `longest` is the most that was read at once.
        """
        if unreadable := {(request.function, address) for address in gap}:
            self.learn(now, unreadable=unreadable)
        else:
            per_word = 16 if request.function in (1, 2) else 1
            self.learn(now, max_words=max(min(longest, request.count - 1) // per_word, 1))

    def due(self, now: float) -> bool:
        """Whether there are limits, and it is time to see if the device still has them."""
        return now >= self._until and (self.max_words < MAX_REGISTERS or bool(self.unreadable))

    def copy(self) -> "Limits":
        """The limits as they are now."""
        return Limits(self.max_words, self.unreadable, self._until, self._hold)

    def forget(self) -> None:
        """The device takes as much at once as any other."""
        self.max_words, self.unreadable = MAX_REGISTERS, set()


class Sight(Enum):
    """What a pass saw of an optional group."""

    THERE = auto()
    EMPTY = auto()  # it holds nothing but zeros
    GONE = auto()  # refused, or nothing but filler
    SILENT = auto()  # while others answered


@dataclass
class Presence:
    """Which optional groups the device has: `found` were ever seen, `lost` are those of them since gone."""

    found: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    _next_look: dict[str, float] = field(default_factory=dict)
    _waits: dict[str, float] = field(default_factory=dict)

    def is_looked_for(self, group: str, now: float) -> bool:
        """Whether the group is to be asked for in a pass at `now`."""
        return group in self.found or now >= self._next_look.get(group, 0)

    def note(self, group: str, sight: Sight, now: float) -> None:
        """Remember what was seen of a group."""
        if sight in (Sight.THERE, Sight.EMPTY):
            self.lost.discard(group)
        if sight is Sight.THERE:
            self.found.add(group)
        elif group not in self.found:
            # one lost answer is no absence, but what never answers must not cost a timeout in every pass
            wait = min(max(2 * self._waits.get(group, 0.0), LOOK_FIRST), LOOK_EVERY)
            if sight is Sight.SILENT:
                wait = LOOK_EVERY if group in self._waits else 0.0
            self._waits[group] = wait
            self._next_look[group] = now + wait
        elif sight is Sight.GONE:
            self.lost.add(group)


@dataclass
class Counts:
    """How often each repeating group repeats, and which of its instances were ever seen alive."""

    counts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, frozenset[int]] = field(default_factory=dict)

    def note(self, group: str, *, said: int, configured: int) -> None:
        """The group repeats as often as is configured, as the device says, or as was seen: the most."""
        self.counts[group] = max(configured, said, *self.seen.get(group, ()), 0)

    def see(self, alive: Mapping[str, AbstractSet[int]]) -> None:
        """Remember the instances of each group that are alive."""
        for name, numbers in alive.items():
            self.seen[name] = self.seen.get(name, frozenset()) | numbers


@dataclass
class Memory:
    """The memory of one device.

    `left_over` is what the last pass had no time for: the next one starts with it, or it would never be read.
    `read_nothing` says that the last pass met nothing but silence. `planned` is what the last plan rests on
    and the plan itself: an unchanged device is planned once.
    """

    frame: FrameWatch
    refusals: Refusals = field(default_factory=Refusals)
    limits: Limits = field(default_factory=Limits)
    presence: Presence = field(default_factory=Presence)
    counts: Counts = field(default_factory=Counts)
    suspects: Suspects = field(default_factory=Suspects)
    left_over: tuple[Span, ...] = ()
    read_nothing: bool = False
    planned: tuple[object, Sequence[Request]] | None = None
