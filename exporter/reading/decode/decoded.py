"""What a pass's words say, as it is put together; and what one word says by itself. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from exporter.maps.model import Word
from exporter.reading.decode.layout import Instance, Layout
from exporter.reading.decode.series import Family, Raw, Series
from exporter.reading.decode.truth import Raws

Words = Mapping[int, int]
"""Registers as read, by key: function code << 16 | address."""

Belief = Literal["full", "flags", "frozen", "nothing"]
"""What of a section is exported: all, no measurements of strings and modules, what survives, or nothing."""


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
        self.readings[series.metric.name].add(series, raw)

    def extend(self, series: Sequence[Series], raws: Sequence[Raw]) -> None:
        """Give several series of one metric their values; there are as many of both."""
        if series:
            self.readings[series[0].metric.name].extend(series, raws)


def raw_number(instance: Instance, words: Words) -> int | None:
    """The raw number at an instance's place; None where it was not read, or is a formula's."""
    if instance.plain:
        return words.get(instance.key)
    if instance.span is None:
        return None
    keys = instance.span.keys()
    return instance.word.raw([words[key] for key in keys]) if all(key in words for key in keys) else None


def count_odd(word: Word, raw: Raw, result: Decoded) -> None:
    """Count a 0/1 word in a register that is neither; a group that has such registers starts at 0."""
    if word.formula is None and word.function in (3, 4):
        result.odd[word.group] += raw not in (0, 1) and raw not in word.absent


def formula_result(word: Word, layout: Layout, raws: Raws) -> Raw | None:
    """The result of a word's formula; None where a word it needs was not read, is filler, or is no number."""
    formula = word.formula
    if formula is None or any(name not in raws for name in formula.names):
        return None
    numbers = {name: layout.words[name].number(raws[name]) for name in formula.names}
    if not all(math.isfinite(number) for number in numbers.values()):
        return None
    result = formula(numbers)
    return None if result is None else word.computed(result)


def says_something(word: Word, raw: Raw) -> bool:
    """Whether a real word that is not whole has a value: not an AUX word beside 0 and 1, NaN or infinity."""
    return raw in (0, 1) if word.type == "bool" else word.is_finite(raw)
