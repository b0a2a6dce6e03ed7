"""What a pass has read so far, and what became of each word it asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import repeat

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

    `words` are by key. `outcomes` hold the words that were asked for; the others were not yet. `slowest` are
    the seconds of the longest exchange that got an answer, `answering` those of all of them together, and
    `waited` those of the last one that got none. `longest` is the most that was read at once.
    `asked_twice` are the requests that were answered only when they were asked again, `failures` the reasons
    of all that failed.
    """

    layout: Layout
    words: dict[int, int] = field(default_factory=dict)
    outcomes: dict[Span, Outcome] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    requests: int = 0
    longest: int = 0
    asked_twice: int = 0
    slowest: float = 0.0
    answering: float = 0.0
    waited: float = 0.0

    def count(self, exchange: Exchange) -> None:
        """Count an exchange, and how long it took."""
        self.requests += 1
        if exchange.answered:
            self.slowest = max(self.slowest, exchange.seconds)
            self.answering += exchange.seconds
        else:
            self.waited = exchange.seconds

    def note(self, spans: Iterable[Span], outcome: Outcome) -> None:
        """Note what became of `spans`. What was read stays read, and what is absent is refused no further."""
        if outcome is not Outcome.READ:
            kept = (Outcome.READ, Outcome.ABSENT)
            spans = [span for span in spans if self.outcomes.get(span) not in kept]
        self.outcomes.update(zip(spans, repeat(outcome)))

    def has(self, span: Span) -> bool:
        """Whether `span` was read."""
        return span.keys()[0] in self.words

    def became(self, spans: Iterable[Span]) -> set[Outcome]:
        """What became of `spans`; of those that were not asked for yet, nothing."""
        return {self.outcomes[span] for span in spans if span in self.outcomes}
