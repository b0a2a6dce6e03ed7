"""From words to readings, under the truth rules. Pure: the same words give the same result.

A BACS may have 330 modules, so this works column by column: a word in all modules, then the next word.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, compress
from types import MappingProxyType

from exporter.reading.decode.columns import (
    Belief,
    Decoded,
    Values,
    Words,
    computed,
    count_odd,
    emit,
    known_ones,
    number_at,
    read,
    real,
)
from exporter.reading.decode.layout import Block, Layout
from exporter.reading.decode.series import Raw
from exporter.reading.decode.truth import FRAME_WORDS, Raws, bacs_is_there, bacs_verdict, lost_flags_verdict
from exporter.reading.plan.spans import Span

__all__ = ["Decoded", "decode", "real_words"]


def decode(
    layout: Layout,
    words: Words,
    *,
    bacs_found: bool = False,
    frame_valid: bool = True,
    unread: AbstractSet[Span] = frozenset(),
    seen: Mapping[str, AbstractSet[int]] = MappingProxyType({}),
) -> Decoded:
    """Decode the words read in one pass; those that were not read are not in `words`.

    `bacs_found` says that the device is known to have a BACS, so that six zeros are a silent one and not
    none; `frame_valid` is the verdict over a gateway frame's counter. `unread` are the spans asked for in
    vain, as opposed to those that the device refuses; `seen` are the instances of each repeating group that
    were alive before.
    """
    result = Decoded()
    raws, known = _read_singles(layout, words, result)
    heard = {section for section, ids in layout.trusted.items() if not ids.isdisjoint(result.words)}
    silent: AbstractSet[str] = frozenset()
    if not _frame_is_valid(layout, raws, heard, result, counter_moves=frame_valid):
        silent = _silence_frame(layout, raws)
        heard -= silent
        known = [[raws.get(word.name) for word in column.words] for column in layout.singles]
    result.bacs_there = bacs_is_there(raws)
    beliefs = _beliefs(layout, raws, heard, unread, result, bacs_found=bacs_found)
    beliefs |= dict.fromkeys(silent, "nothing")
    for column, shown in zip(layout.singles, known, strict=True):
        if (belief := beliefs[column.section]) != "nothing":
            emit(column, shown, belief, result)
    for name, block in layout.repeated.items():
        if (belief := beliefs[block.columns[0].section]) != "nothing":
            _decode_items(
                name, block, layout, words, raws, belief, unread, seen.get(name, frozenset()), result
            )
    return result


def real_words(layout: Layout, words: Words, names: Iterable[str]) -> dict[str, int]:
    """The real raw values of the named words that do not repeat; those unread or filler are left out."""
    found = {}
    for name in names:
        if span := layout.named.get(name):
            word = layout.words[name]
            raw = number_at(word, span, words)
            if raw is not None and raw not in word.absent:
                found[name] = raw
    return found


def _read_singles(layout: Layout, words: Words, result: Decoded) -> tuple[dict[str, Raw], Sequence[Values]]:
    """The real raw numbers of all words that do not repeat, formulas included: by name, and by column."""
    columns = layout.singles
    values = read(columns, words)
    count_odd(columns, values, result)
    known = real(columns, values)
    raws = known_ones(layout.named, chain.from_iterable(known))
    for at, column in enumerate(columns):
        if not column.spans and (number := computed(column.word, layout, raws)) is not None:
            values[at] = known[at] = [number]
            raws[column.word.name] = number
    ids = chain.from_iterable(column.ids for column in columns)
    result.note(ids, chain.from_iterable(values))
    return raws, known


def _frame_is_valid(
    layout: Layout, raws: Raws, read: AbstractSet[str], result: Decoded, *, counter_moves: bool
) -> bool:
    """Whether the gateway frame is valid that everything came in; true where there is none."""
    frame = next((trust for trust in layout.trusts.values() if trust.rule == "frame"), None)
    if frame is None:
        return True
    valid = counter_moves and raws.get("error_code") == 0
    if frame.section in read:
        result.valid[frame.section] = valid
    return valid


def _silence_frame(layout: Layout, raws: dict[str, Raw]) -> set[str]:
    """Take out of `raws` what came in a frame that is not valid; the sections that it carries."""
    group = layout.words["sequence_number"].group
    in_frame = {word.name for word in layout.words.values() if word.group == group} - {*FRAME_WORDS}
    for name in list(raws):
        formula = layout.words[name].formula
        if name in in_frame or (
            formula and name not in FRAME_WORDS and not in_frame.isdisjoint(formula.names)
        ):
            del raws[name]
    own = {trust.section for trust in layout.trusts.values() if trust.rule == "frame"}
    return {layout.words[name].section for name in in_frame} - own


def _beliefs(
    layout: Layout,
    raws: Raws,
    read: AbstractSet[str],
    unread: AbstractSet[Span],
    result: Decoded,
    *,
    bacs_found: bool,
) -> dict[str, Belief]:
    """How far each section is believed; what its own words say of it goes into `result.valid`."""
    beliefs: dict[str, Belief] = {"": "full"}
    for section, trust in layout.trusts.items():
        if trust.rule == "frame":
            beliefs[section] = "full"
        elif trust.rule == "lost_flags":
            in_sight = lost_flags_verdict(trust, raws, layout.words, _unread_words(layout, unread))
            beliefs[section] = "full" if in_sight else "frozen"
            if section in read:
                result.valid[section] = in_sight
        elif result.bacs_there or bacs_found:
            vouches = bacs_verdict(raws)
            beliefs[section] = "full" if vouches else "flags"
            if section in read:
                result.valid[section] = vouches
        else:
            beliefs[section] = "nothing"
    return beliefs


def _unread_words(layout: Layout, unread: AbstractSet[Span]) -> set[str]:
    """The names of the words that got no answer, and of the formulas that need one of them."""
    if not unread:
        return set()
    names = {name for name, span in layout.named.items() if span in unread}
    words = layout.words.values()
    return names.union(w.name for w in words if w.formula and not names.isdisjoint(w.formula.names))


def _decode_items(
    group: str,
    block: Block,
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
    columns = block.columns
    values = read(columns, words)
    known = real(columns, values)
    count_odd(columns, values, result)
    _note_presence(group, block, values, known, unread, seen, result)
    names = [column.word.name for column in columns]
    for at, column in enumerate(columns):
        if not column.spans:
            rows = [dict(zip(names, row, strict=True)) for row in zip(*known, strict=True)]
            values[at] = known[at] = [computed(column.word, layout, {**singles, **row}) for row in rows]
    ids = chain.from_iterable(zip(*(column.ids for column in columns), strict=True))
    result.note(ids, chain.from_iterable(zip(*values, strict=True)))
    lost = _lost(block, known, unread)
    for column, raws in zip(columns, known, strict=True):
        if column.word.is_measurement:
            if belief == "flags":
                continue
            if lost:
                raws = [None if at in lost else raw for at, raw in enumerate(raws)]
        emit(column, raws, belief, result)


def _note_presence(
    group: str,
    block: Block,
    values: Sequence[Values],
    known: Sequence[Values],
    unread: AbstractSet[Span],
    seen: AbstractSet[int],
    result: Decoded,
) -> None:
    """Note which items are alive: those with at least one real word."""
    nothing = (None,) * len(known)
    alive = [*map(nothing.__ne__, zip(*known, strict=True))]
    result.alive[group] = {*compress(block.numbers, alive)}

    def is_absent(at: int, row: tuple[Raw | None, ...]) -> bool:
        # one that is refused altogether may never have been there; if it was, it is lost
        answered = row != nothing or block.numbers[at] in seen
        return answered and not any(column.spans[at] in unread for column in block.columns if column.spans)

    if block.present and all(alive):
        result.extend(block.present, [1] * len(alive))
    elif block.present:
        rows = enumerate(zip(*values, strict=True))
        result.extend(
            block.present, [int(alive[at]) if alive[at] or is_absent(at, row) else None for at, row in rows]
        )


def _lost(block: Block, known: Sequence[Values], unread: AbstractSet[Span]) -> AbstractSet[int]:
    """The places of the items that say of themselves that they are lost, or that could not say so."""
    if block.alarm is None:
        return frozenset()
    alarm, alarms = block.columns[block.alarm], known[block.alarm]
    saying = {raw for raw in {*alarms} if raw is not None and alarm.word.plays(block.lost, raw)}
    lost = {at for at, raw in enumerate(alarms) if raw in saying} if saying else set()
    if unread:
        lost |= {at for at, span in enumerate(alarm.spans) if span in unread}
    return lost
