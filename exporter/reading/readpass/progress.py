"""What a pass has read so far, and what became of each word it asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from exporter.reading.decode.layout import Layout
from exporter.reading.plan.spans import Span
from exporter.reading.transport.exchange import Exchange


class Outcome(Enum):
    """What became of words that were asked for."""

    READ = auto()
    REFUSED = auto()
    ABSENT = auto()  # refused together with the whole group, which is not there
    SILENT = auto()  # no good answer came
    CUT_OFF = auto()  # the time was over, and the device had answered before


@dataclass
class Progress:
    """What a pass has read so far; good at any moment for a snapshot of it.

    `words` are by key. `unread` says why words that were asked for did not come. `slowest` are the seconds of
    the longest exchange that got an answer, `answering` those of all of them together, and `waited` those of
    the last one that got none. `longest` is the most that was read at once. `asked_twice` are the requests
    that were answered only when they were asked again, `failures` the reasons of all that failed.
    """

    layout: Layout
    words: dict[int, int] = field(default_factory=dict)
    unread: dict[Span, Outcome] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    requests: int = 0
    longest: int = 0
    asked_twice: int = 0
    slowest: float = 0.0
    answering: float = 0.0
    waited: float = 0.0

    @property
    def begun(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.words or self.unread)

    @property
    def smooth(self) -> bool:
        """Whether every request was answered with its words, and at once."""
        return not (self.failures or self.unread)

    def count(self, exchange: Exchange) -> None:
        """Count an exchange, and how long it took."""
        self.requests += 1
        if exchange.answered:
            self.slowest = max(self.slowest, exchange.seconds)
            self.answering += exchange.seconds
        else:
            self.waited = exchange.seconds

    def miss(self, spans: Iterable[Span], outcome: Outcome) -> None:
        """Note why `spans` were not read. What is absent is refused no further."""
        kept = (Outcome.READ, Outcome.ABSENT)
        self.unread.update({span: outcome for span in spans if self.outcome(span) not in kept})

    def has(self, span: Span) -> bool:
        """Whether `span` was read."""
        return span.key in self.words

    def outcome(self, span: Span) -> Outcome | None:
        """What became of `span`, which stays read; None as long as it was not asked for."""
        return Outcome.READ if span.key in self.words else self.unread.get(span)

    def became(self, spans: Iterable[Span]) -> set[Outcome]:
        """What became of `spans`; of those that were not asked for yet, nothing."""
        return {outcome for span in spans if (outcome := self.outcome(span)) is not None}
