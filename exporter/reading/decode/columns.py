"""What the words of a column say: read, computed, and given to the series that they feed. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from exporter.maps.model import Word
from exporter.reading.decode.layout import Column, Layout
from exporter.reading.decode.series import Family, Raw, Series
from exporter.reading.plan.spans import Span

Words = Mapping[int, int]
"""Registers as read, by key: function code << 16 | address."""

Values = Sequence[Raw | None]
"""What a column says, item by item; None where a word was not read or, among real values, is filler."""

Belief = Literal["full", "flags", "frozen", "nothing"]
"""What of a section is exported: all, no measurements of strings and modules, what survives, or nothing."""

_BITS = {0, 1}


@dataclass(slots=True)
class Decoded:
    """What the words of a pass say."""

    readings: defaultdict[str, Family] = field(default_factory=lambda: defaultdict(Family))
    words: dict[str, Raw] = field(default_factory=dict)
    valid: dict[str, bool] = field(default_factory=dict)
    odd: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    alive: dict[str, set[int]] = field(default_factory=dict)
    bacs_there: bool = False

    def add(self, series: Series, raw: Raw) -> None:
        """Give a series its value for this pass."""
        self.readings[series.metric.name].add((series,), (raw,))

    def note(self, ids: Iterable[str], raws: Iterable[Raw | None]) -> None:
        """Note what was read, by the ids of words."""
        self.words.update(known_ones(ids, raws))

    def extend(self, series: tuple[Series, ...], raws: Values) -> None:
        """Give several series of one metric, as many as there are raw words, those values that are known."""
        known = cast("tuple[Raw, ...]", tuple(raws))
        if None in known:
            series = tuple(one for one, raw in zip(series, raws, strict=True) if raw is not None)
            known = tuple(raw for raw in known if raw is not None)
        if series:
            self.readings[series[0].metric.name].add(series, known)


def known_ones(names: Iterable[str], raws: Iterable[Raw | None]) -> dict[str, Raw]:
    """The raw words that are known, by name."""
    found = dict(zip(names, raws, strict=True))
    if None in found.values():  # mostly there is none to look for one by one
        return {name: raw for name, raw in found.items() if raw is not None}
    return cast("dict[str, Raw]", found)


def read(columns: Sequence[Column], words: Words) -> list[Values]:
    """All values, column by column; none yet of formulas."""
    return [
        tuple(map(words.get, column.keys)) if column.plain else _values(column, words) for column in columns
    ]


def real(columns: Sequence[Column], values: Sequence[Values]) -> list[Values]:
    """The values without those that are filler."""
    return [
        raws
        if (absent := column.absent).isdisjoint(raws)
        else [None if raw in absent else raw for raw in raws]
        for column, raws in zip(columns, values, strict=True)
    ]


def computed(word: Word, layout: Layout, raws: Mapping[str, Raw | None]) -> Raw | None:
    """The result of a word's formula; None where a word it needs was not read, is filler, or is no number."""
    formula = word.formula
    known = {name: raws.get(name) for name in formula.names} if formula else {}
    numbers = {name: layout.words[name].number(raw) for name, raw in known.items() if raw is not None}
    if formula is None or len(numbers) < len(known) or not all(map(math.isfinite, numbers.values())):
        return None
    result = formula(numbers)
    return None if result is None else word.computed(result)


def count_odd(columns: Sequence[Column], values: Sequence[Values], result: Decoded) -> None:
    """Count what in a 0/1 register is neither, by group; one that has such registers starts at 0."""
    for column, raws in zip(columns, values, strict=True):
        if column.is_flag and (read := {*raws} - {None}):
            odd = read - _BITS - column.absent
            result.odd[column.word.group] += sum(raw in odd for raw in raws) if odd else 0


def emit(column: Column, raws: Values, belief: Belief, result: Decoded) -> None:
    """Give what the real words of a column feed their values."""
    word, frozen = column.word, belief == "frozen"
    if series := column.lost_series if frozen else column.series:
        shown = raws if column.is_whole else [raw if _says_something(word, raw) else None for raw in raws]
        result.extend(series, shown)
    if column.raw_series:
        result.extend(column.raw_series, raws)
    if column.undefined_series and not frozen:
        undefined = [None if raw is None else int(raw) & ~word.named_bits for raw in raws]
        result.extend(column.undefined_series, undefined)


def number_at(word: Word, span: Span, words: Words) -> int | None:
    """The raw number of a word at its place; None where it was not read."""
    try:
        return word.raw([words[key] for key in span.keys()])  # noqa: SIM118
    except KeyError:
        return None


def _values(column: Column, words: Words) -> Values:
    return [number_at(column.word, span, words) for span in column.spans] or [None] * len(column.ids)


def _says_something(word: Word, raw: Raw | None) -> bool:
    """Whether a word that is not whole has a value: not an AUX word beside 0 and 1, NaN or infinity."""
    return raw is not None and (raw in _BITS if word.type == "bool" else word.is_finite(raw))
