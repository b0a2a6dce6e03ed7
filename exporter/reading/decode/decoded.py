"""What a pass's words say, as it is put together; and what one word says by itself. Pure."""

import math
from collections.abc import Mapping
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

    readings: dict[str, Family] = field(default_factory=dict)
    words: dict[str, Raw] = field(default_factory=dict)
    valid: dict[str, bool] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    alive: dict[str, set[int]] = field(default_factory=dict)
    bacs_there: bool = False

    def add(self, series: Series, raw: Raw) -> None:
        """Give a series its value for this pass."""
        self.family(series).add(series, raw)

    def family(self, series: Series) -> Family:
        """The family that a series belongs to."""
        name = series.metric.name
        family = self.readings.get(name)
        if family is None:
            family = self.readings[name] = Family()
        return family


def raw_number(instance: Instance, words: Words) -> int | None:
    """The raw number at an instance's place; None where it was not read, or is a formula's."""
    span = instance.span
    if span is None:
        return None
    if span.count == 1 and instance.word.byte_order == "big":
        return words.get(instance.key)
    keys = span.keys()
    return instance.word.raw([words[key] for key in keys]) if all(key in words for key in keys) else None


def count_odd(word: Word, raw: Raw, result: Decoded) -> None:
    """Count a 0/1 word in a register that is neither; a group that has such registers starts at 0."""
    if word.formula is None and word.function in (3, 4):
        odd = raw not in (0, 1) and raw not in word.absent
        result.odd[word.group] = result.odd.get(word.group, 0) + odd


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


def is_reading(word: Word) -> bool:
    """Whether a word is a measurement of a string or module; the counts of them say what there is."""
    return word.repeat is not None and word.is_measurement


def says_something(word: Word, raw: Raw) -> bool:
    """Whether a real word has a value to export: not an AUX word beside 0 and 1, nor NaN or infinity."""
    if word.is_whole:
        return True
    return raw in (0, 1) if word.type == "bool" else word.is_finite(raw)
