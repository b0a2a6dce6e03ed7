"""Strings and modules: the words that repeat, under the truth rules. Pure.

A BACS may have 330 modules, so this works column by column: a word in all modules, then the next word.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

from exporter.reading.decode.decoded import (
    Belief,
    Decoded,
    Words,
    count_odd,
    formula_result,
    raw_number,
    says_something,
)
from exporter.reading.decode.layout import Column, Item, Layout
from exporter.reading.decode.series import Raw, Series
from exporter.reading.decode.truth import Raws
from exporter.reading.plan.spans import Span

Values = Sequence[Raw | None]
"""What a column says, item by item; None where a word was not read or, among real values, is filler."""


def decode_repeated(
    group: str,
    layout: Layout,
    words: Words,
    singles: Raws,
    belief: Belief,
    unread: AbstractSet[Span],
    seen: AbstractSet[int],
    result: Decoded,
) -> None:
    """Put what the strings or modules of `group` say into `result`.

    `singles` are the real words that do not repeat. An item that is lost sight of keeps its flags only.
    """
    items, columns = layout.repeated[group], layout.columns[group]
    if belief == "nothing":
        return
    values: Sequence[Values] = [_values(column, words) for column in columns]
    real = [_real(column, raws) for column, raws in zip(columns, values, strict=True)]
    _note_presence(group, items, values, real, unread, seen, result)
    if any(column.word.formula for column in columns):
        values = _computed(columns, layout, values, real, singles)
        real = [_real(column, raws) for column, raws in zip(columns, values, strict=True)]
    _note_words(columns, values, result)
    lost = _lost(items, real, unread)
    for column, raws in zip(columns, real, strict=True):
        if column.word.is_measurement:
            if belief == "flags":
                continue
            if lost:
                raws = [None if n in lost else raw for n, raw in enumerate(raws)]
        _emit(column, raws, belief, result)


def _values(column: Column, words: Words) -> Values:
    if column.plain:
        return list(map(words.get, column.keys))
    return [raw_number(instance, words) for instance in column.instances]


def _real(column: Column, raws: Values) -> Values:
    absent = column.word.absent
    return [None if raw in absent else raw for raw in raws] if not absent.isdisjoint(raws) else raws


def _note_presence(
    group: str,
    items: Sequence[Item],
    values: Sequence[Values],
    real: Sequence[Values],
    unread: AbstractSet[Span],
    seen: AbstractSet[int],
    result: Decoded,
) -> None:
    """Note which items are alive: those with at least one real word."""
    nothing = (None,) * len(real)
    alive = [row != nothing for row in zip(*real, strict=True)]
    if numbers := {item.number for item, lives in zip(items, alive, strict=True) if lives}:
        result.alive[group] = numbers
    known = [
        (item.present, int(lives))
        for item, row, lives in zip(items, zip(*values, strict=True), alive, strict=True)
        if item.present is not None and (lives or _is_absent(item, row != nothing, unread, seen))
    ]
    result.extend([series for series, _ in known], [lives for _, lives in known])


def _is_absent(item: Item, answered: bool, unread: AbstractSet[Span], seen: AbstractSet[int]) -> bool:
    """Whether an item of which no word is real is known not to be there.

    One that is refused altogether may never have been there; if it was, it is lost.
    """
    if any(instance.span in unread for instance in item.instances):
        return False
    return answered or item.number in seen


def _computed(
    columns: Sequence[Column], layout: Layout, values: Sequence[Values], real: Sequence[Values], singles: Raws
) -> Sequence[Values]:
    """The values with the results of formulas where they belong."""
    names = [column.word.name for column in columns]
    rows = []
    for row, real_row in zip(zip(*values, strict=True), zip(*real, strict=True), strict=True):
        own = {name: raw for name, raw in zip(names, real_row, strict=True) if raw is not None}
        known = {**singles, **own}
        rows.append(
            [
                raw if column.word.formula is None else formula_result(column.word, layout, known)
                for column, raw in zip(columns, row, strict=True)
            ]
        )
    return list(zip(*rows, strict=True))


def _note_words(columns: Sequence[Column], values: Sequence[Values], result: Decoded) -> None:
    """Note all that was read, item by item, and what in a 0/1 register is neither."""
    ids = chain.from_iterable(zip(*(column.ids for column in columns), strict=True))
    raws = chain.from_iterable(zip(*values, strict=True))
    result.words.update({name: raw for name, raw in zip(ids, raws, strict=True) if raw is not None})
    for column, column_raws in zip(columns, values, strict=True):
        if column.word.type == "bool":
            for raw in column_raws:
                if raw is not None:
                    count_odd(column.word, raw, result)


def _lost(items: Sequence[Item], real: Sequence[Values], unread: AbstractSet[Span]) -> AbstractSet[int]:
    """The places of the items that say of themselves that they are lost, or that could not say so."""
    alarm = items[0].alarm
    if alarm is None:
        return frozenset()
    name, alarms = items[0].lost, real[items[0].instances.index(alarm)]
    saying = {raw for raw in {*alarms} if raw is not None and alarm.word.plays(name, raw)}
    lost = {n for n, raw in enumerate(alarms) if raw in saying} if saying else set()
    if unread:
        lost |= {n for n, item in enumerate(items) if item.alarm and item.alarm.span in unread}
    return lost


def _emit(column: Column, raws: Values, belief: Belief, result: Decoded) -> None:
    """Give what the real words of a column feed their values."""
    word, frozen = column.word, belief == "frozen"
    series = column.lost_series if frozen else column.series
    if series:
        shown = (
            raws
            if word.is_whole
            else [r if r is not None and says_something(word, r) else None for r in raws]
        )
        _add(series, shown, result)
    if column.raw_series:
        _add(column.raw_series, raws, result)
    if column.undefined_series and not frozen:
        undefined = [None if raw is None else int(raw) & ~word.named_bits for raw in raws]
        _add(column.undefined_series, undefined, result)


def _add(series: Sequence[Series], raws: Values, result: Decoded) -> None:
    known = [raw for raw in raws if raw is not None]
    if len(known) < len(raws):
        series = [one for one, raw in zip(series, raws, strict=True) if raw is not None]
    result.extend(series, known)
