"""What is remembered of a device from one pass to the next. Never a value: only what it has and serves."""

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
    served: set[int] = field(default_factory=set)
    failed_last: bool = False

    def refuse(self, span: Span, now: float) -> None:
        """Remember that the device refuses `span`."""
        again = RECHECK_ONCE_SERVED if self.was_served(span) else RECHECK_NEVER_SERVED
        self.refused[span] = now + again

    def was_served(self, span: Span) -> bool:
        """Whether the span was ever read."""
        return span.keys()[0] in self.served
