"""What is remembered of the words that a device refuses, and when to ask for them again. Times are given."""

from collections.abc import Collection, KeysView, Mapping
from dataclasses import dataclass, field

from exporter.reading.plan.spans import Span

RECHECK_FIRST = 15.0  # seconds until a refused word is asked for again: most likely the device is starting up
RECHECK_FLAGS = 60.0  # the wait doubles up to this for flags: an alarm may not stay hidden for long
RECHECK_MOST = 600.0  # and up to this for other words
LOOK_INTO_AGAIN = 600.0  # seconds until a device that refuses everything is looked into again
LOOK_INTO_ONCE_SERVED = 60.0  # and from when on, if it has served words before


@dataclass(frozen=True, slots=True)
class Refusal:
    """A word is asked for again at `again`; it was left out for `wait` seconds until then."""

    again: float
    wait: float


@dataclass
class Refusals:
    """The words that a device refuses. `now` is in monotonic seconds everywhere.

    `rounds` counts how often refused words were asked for again.
    """

    rounds: int = 0
    _refused: dict[Span, Refusal] = field(default_factory=dict)
    _served: set[int] = field(default_factory=set)
    _look_into_from: float = 0.0

    def __contains__(self, span: Span) -> bool:
        return span in self._refused

    def __len__(self) -> int:
        return len(self._refused)

    @property
    def spans(self) -> KeysView[Span]:
        """The words that are refused."""
        return self._refused.keys()

    def due(self, now: float) -> set[Span]:
        """The words that are to be asked for again."""
        return {span for span, refusal in self._refused.items() if now >= refusal.again}

    def add(self, span: Span, now: float, *, flags: bool) -> None:
        """Remember that the device refuses `span`, still or again; `flags` says whether it holds any."""
        most = RECHECK_FLAGS if flags else RECHECK_MOST
        known = self._refused.get(span)
        wait = RECHECK_FIRST if known is None or self.was_served(span) else min(2 * known.wait, most)
        self._refused[span] = Refusal(now + wait, wait)

    def drop(self, span: Span) -> None:
        """Forget that the device refused `span`."""
        self._refused.pop(span, None)

    def known(self) -> dict[Span, Refusal]:
        """All of it, to go back to."""
        return dict(self._refused)

    def doubt(self, known: Mapping[Span, Refusal], now: float) -> None:
        """Ask in the next pass for what was learned since `known`: the device refuses by chance."""
        for span, refusal in self._refused.items():
            if refusal != known.get(span):
                self._refused[span] = Refusal(now, RECHECK_FIRST / 2)

    def go_back(self, known: Mapping[Span, Refusal]) -> None:
        """Forget what was learned since `known`."""
        self._refused = dict(known)

    def note_served(self, keys: Collection[int]) -> None:
        """Remember that these words were read: a device that serves any does not refuse everything."""
        self._served.update(keys)
        if keys:
            self._look_into_from = 0.0

    def was_served(self, span: Span) -> bool:
        """Whether the span was ever read."""
        return span.key in self._served

    def may_look_into(self, now: float) -> bool:
        """Whether it is worth finding out what a device serves that has refused everything in this pass."""
        if self._served and not self._look_into_from:
            self._look_into_from = now + LOOK_INTO_ONCE_SERVED
        return now >= self._look_into_from

    def looked_in_vain(self, now: float) -> None:
        """It was not worth it."""
        self._look_into_from = now + LOOK_INTO_AGAIN
