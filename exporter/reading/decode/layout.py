"""What there is to read on a device and what becomes of it, laid out in columns of words alike. Pure.

A layout is rebuilt only when a count changes, so plans and rendered text can be kept with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.maps.model import Trust, Word
from exporter.reading.decode.series import Series
from exporter.reading.plan.spans import Span

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Words that are read and shown alike: one word in all strings or modules, or some that do not repeat.

    So what is the same for all is looked at once, at the first `word`. `words` and `ids` are those of each
    place, `spans` and `keys` (of the first registers) where they are read: none for a formula. `plain` says
    that each value is one register as it stands. Of the series there are none or one per place; `lost_series`
    is what is left of `series` when it is frozen. `section` is the one with which they are trusted; "" where
    they always are.
    """

    word: Word
    words: tuple[Word, ...]
    section: str
    ids: tuple[str, ...]
    spans: tuple[Span, ...]
    keys: tuple[int, ...]
    plain: bool
    absent: frozenset[int]
    is_flag: bool
    is_whole: bool
    series: tuple[Series, ...]
    raw_series: tuple[Series, ...]
    lost_series: tuple[Series, ...]
    undefined_series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A group that repeats: the numbers of its strings or modules, and a column for each word of theirs.

    One is lost sight of while the word of the column `alarm` plays its flag or state `lost`.
    """

    numbers: Sequence[int]
    columns: tuple[Column, ...]
    present: tuple[Series, ...]
    alarm: int | None
    lost: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Layout:
    """Everything that is to be read and what becomes of it.

    `singles` are the words that do not repeat, `repeated` the groups that do and are there at all. `named`
    are the spans of the former by name, in order (None for a formula), `trusted` the ids of those in each
    section that is to be trusted or not. `flags` are the words with flags, `alarms` those of them in
    `singles`, and `telling` the metrics of flags and states. `frame` are the words of a gateway frame.
    """

    counts: Counts
    singles: tuple[Column, ...]
    named: Mapping[str, Span | None]
    trusted: Mapping[str, frozenset[str]]
    repeated: Mapping[str, Block]
    spans: tuple[Span, ...]
    group_spans: Mapping[str, tuple[Span, ...]]
    group_keys: Mapping[str, frozenset[int]]
    keys: frozenset[int]
    required: frozenset[Span]
    flags: frozenset[Span]
    alarms: frozenset[Span]
    telling: tuple[str, ...]
    frame: tuple[Span, ...]
    words: Mapping[str, Word]
    trusts: Mapping[str, Trust]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every word that is read or computed."""
        return (*self.singles, *(column for block in self.repeated.values() for column in block.columns))


def span_of(word: Word, number: int = 1) -> Span | None:
    """Where a word is read, of a string or module by its `number`; None for a formula."""
    if word.address is None:
        return None
    stride = word.repeat.stride * (number - 1) if word.repeat else 0
    return Span(word.function, word.address + stride, word.registers)
