"""The memory of words that were asked for together and got no answer. Pure; without time."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from exporter.reading.plan.spans import Span
from exporter.reading.readpass.progress import Outcome

SURE = 2  # passes in a row: one lost answer says nothing, after so many a word is ignored by the device
_MOST_HALVED = 16  # pieces of a device that is down: when it is back, each is a request more, once
_LEAST_HALF = 3  # words in such a piece

Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that were asked for together and got no answer; which of them is at fault is still unknown.

    They were refused, or gave no answer in so many passes in which others did.
    """

    spans: Spans
    refused: bool = False
    times: int = 0


@dataclass
class Suspects:
    """The words that got no answer, in the pieces in which they were last asked for.

    Each piece is asked for apart from all else, what was asked for longest ago first. What is refused is
    looked into at once while there is time; a silent piece is halved from pass to pass, its alarms first.
    """

    pieces: list[Piece] = field(default_factory=list)

    @property
    def spans(self) -> set[Span]:
        """All words of all pieces."""
        return {span for piece in self.pieces for span in piece.spans}

    @property
    def refused(self) -> set[Span]:
        """The words of pieces that were refused."""
        return {span for piece in self.pieces if piece.refused for span in piece.spans}

    def settle(
        self,
        became: Callable[[Span], Outcome | None],
        silent: Iterable[Spans],
        refused: Iterable[Spans] = (),
        *,
        others: bool,
        in_time: bool = True,
        alarms: Collection[Span] = (),
    ) -> Sequence[Span]:
        """Take note of a pass: what `became` of a word, and which requests were `silent` or are `refused`.

        `others` says that the device answered others. Where it did not, it is most likely down; but it may
        ignore a word in each request, so the next pass tries half of one if it was silent `in_time`; `alarms`
        are the words with flags.
        Gives the single words that the device ignores; they are no longer remembered here.
        """
        silent, refused = list(silent), list(dict.fromkeys(refused))
        times = {span: piece.times for piece in self.pieces for span in piece.spans}
        asked = [Piece(spans, times=max(times.get(span, 0) for span in spans) + others) for spans in silent]
        asked += [Piece(spans, refused=True) for spans in refused]
        anew = {span for piece in asked for span in piece.spans}
        settled = (Outcome.READ, Outcome.REFUSED, Outcome.ABSENT)
        kept = []
        for piece in self.pieces:
            spans = tuple(s for s in piece.spans if s not in anew and became(s) not in settled)
            kept += [replace(piece, spans=spans)] if spans else []
        if in_time and not others and len(kept) + len(asked) < _MOST_HALVED:
            asked = [half for piece in asked for half in _halves(piece, alarms)]
        ignored = [piece for piece in asked if len(piece.spans) == 1 and piece.times > SURE]
        self.pieces = [*kept, *(piece for piece in asked if piece not in ignored)]
        return [piece.spans[0] for piece in ignored]


def halves(spans: Spans, alarms: Collection[Span]) -> Sequence[Spans]:
    """`spans` in up to two pieces, the `alarms` apart and first: silence may not hide them for long."""
    middle = len(spans) // 2
    parts = [spans[:middle], spans[middle:]]
    if not {*spans}.isdisjoint(alarms) and not {*spans} <= {*alarms}:
        parts = [tuple(s for s in spans if s in alarms), tuple(s for s in spans if s not in alarms)]
    return [part for part in parts if part]


def _halves(piece: Piece, alarms: Collection[Span]) -> Sequence[Piece]:
    parts = halves(piece.spans, alarms)
    if len(piece.spans) // 2 < _LEAST_HALF:
        return [piece]
    return [replace(piece, spans=spans) for spans in parts]
