"""What there is to read on a device and what becomes of it, laid out: one instance per word and place. Pure.

A layout is rebuilt only when a count changes, so plans and rendered text can be kept with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.maps.model import Trust, Word
from exporter.reading.decode.series import Series
from exporter.reading.plan.spans import Span

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One word at one place, with what it feeds; `lost_series` is what is left of `series` when it is frozen.

    `span` and `key` (of its first register) are where it is read, None and −1 for a formula. `plain` says
    that the value is one register as it stands.
    """

    word: Word
    id: str
    span: Span | None
    key: int
    plain: bool
    trust: Trust | None
    series: Series | None
    raw_series: Series | None
    lost_series: Series | None
    undefined_series: Series | None


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One instance of a repeating group: a string, a module.

    It is lost sight of while the word of `alarm` plays its flag or state `lost`.
    """

    number: int
    instances: tuple[Instance, ...]
    present: Series | None
    alarm: Instance | None
    lost: str


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One word of a repeating group in all its items; the instances differ in place and labels alone.

    Many modules are decoded column by column, so that what is the same for all is looked at once. `plain`
    and the series are as in `Instance`; of the series there are none or one per item.
    """

    word: Word
    instances: tuple[Instance, ...]
    ids: tuple[str, ...]
    keys: tuple[int, ...]
    plain: bool
    series: tuple[Series, ...]
    raw_series: tuple[Series, ...]
    lost_series: tuple[Series, ...]
    undefined_series: tuple[Series, ...]

    @classmethod
    def of(cls, instances: tuple[Instance, ...]) -> "Column":
        """The column of these instances of one word; there is at least one."""
        first = instances[0]
        return cls(
            word=first.word,
            instances=instances,
            ids=tuple(i.id for i in instances),
            keys=tuple(i.key for i in instances),
            plain=first.plain,
            series=tuple(i.series for i in instances if i.series),
            raw_series=tuple(i.raw_series for i in instances if i.raw_series),
            lost_series=tuple(i.lost_series for i in instances if i.lost_series),
            undefined_series=tuple(i.undefined_series for i in instances if i.undefined_series),
        )


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Layout:
    """Everything that is to be read and what becomes of it.

    `named` are the instances of `singles` by the names of their words, `trusted` the ids of those in each
    section that is to be trusted or not. `columns` are the instances of `repeated`, turned: a column per word
    instead of an item per number.
    `telling` are the metrics of flags and states.
    """

    counts: Counts
    singles: tuple[Instance, ...]
    named: Mapping[str, Instance]
    trusted: Mapping[str, frozenset[str]]
    repeated: Mapping[str, tuple[Item, ...]]
    columns: Mapping[str, tuple[Column, ...]]
    spans: tuple[Span, ...]
    group_spans: Mapping[str, tuple[Span, ...]]
    group_keys: Mapping[str, frozenset[int]]
    keys: frozenset[int]
    required: frozenset[Span]
    flags: frozenset[Span]
    telling: tuple[str, ...]
    words: Mapping[str, Word]
    trusts: Mapping[str, Trust]


def columns_of(items: tuple[Item, ...]) -> tuple[Column, ...]:
    """The same instances turned: a column per word."""
    return tuple(map(Column.of, zip(*(item.instances for item in items), strict=True)))
