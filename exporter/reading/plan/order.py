"""In which order the words of a device are asked for. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.reading.plan.spans import Span


@dataclass(frozen=True, slots=True)
class Part:
    """A group of words as the order sees it.

    `sure` says that the device has it, `optional` that another device might not; `vouches` that its words
    decide whether others are trusted.
    """

    spans: tuple[Span, ...]
    repeats: bool = False
    sure: bool = True
    optional: bool = False
    vouches: bool = False


def in_order(parts: Iterable[Part], left_over: Sequence[Span] = ()) -> dict[Span, int]:
    """The place of every span in the order: what does not repeat, what was left over, then the rest.

    The alarms are in what does not repeat, so it comes first in every pass. Only where the device is too slow
    for even that, what the last pass left over has its turn first. What may not be there comes last.
    """
    ordered = sorted(parts, key=lambda part: (not part.sure, part.optional, not part.vouches))
    there = {span for part in ordered for span in part.spans}
    left = [span for span in left_over if span in there]
    single = [part for part in ordered if not part.repeats]
    first = [span for part in single if part.sure for span in part.spans]
    turns = not {span for part in single for span in part.spans}.isdisjoint(left)
    places = dict.fromkeys([*left, *first] if turns else [*first, *left])
    for part in ordered:
        places |= dict.fromkeys(part.spans)
    return {span: number for number, span in enumerate(places)}
