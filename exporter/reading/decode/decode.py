"""From words to readings, under the truth rules. Pure: the same words give the same result."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from exporter.reading.decode.decoded import (
    Belief,
    Decoded,
    Words,
    count_odd,
    formula_result,
    raw_number,
    says_something,
)
from exporter.reading.decode.layout import Instance, Layout
from exporter.reading.decode.repeated import decode_repeated
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
    raws = _read_singles(layout, words, result)
    read = {section for section, ids in layout.trusted.items() if not ids.isdisjoint(result.words)}
    silent: AbstractSet[str] = frozenset()
    if not _frame_is_valid(layout, raws, read, result, counter_moves=frame_valid):
        silent = _silence_frame(layout, raws)
        read -= silent
    result.bacs_there = bacs_is_there(raws)
    beliefs = _beliefs(layout, raws, read, unread, result, bacs_found=bacs_found)
    beliefs |= dict.fromkeys(silent, "nothing")
    _emit(layout, raws, beliefs, result)
    for name, items in layout.repeated.items():
        if items:
            belief = _belief(items[0].instances[0], beliefs)
            before = seen.get(name, frozenset())
            decode_repeated(name, layout, words, raws, belief, unread, before, result)
    return result


def real_words(layout: Layout, words: Words, names: Iterable[str]) -> dict[str, int]:
    """The real raw values of the named words that do not repeat; those unread or filler are left out."""
    found = {}
    for name in names:
        instance = layout.named.get(name)
        raw = raw_number(instance, words) if instance is not None else None
        if instance is not None and raw is not None and raw not in instance.word.absent:
            found[name] = raw
    return found


def _read_singles(layout: Layout, words: Words, result: Decoded) -> dict[str, Raw]:
    """The real raw numbers of all words that do not repeat, formulas included, by word name."""
    raws: dict[str, Raw] = {}
    formulas: list[Instance] = []
    for instance in layout.singles:
        word = instance.word
        if word.formula is not None:
            formulas.append(instance)
            continue
        raw = raw_number(instance, words)
        if raw is None:
            continue
        result.words[instance.id] = raw
        if word.type == "bool":
            count_odd(word, raw, result)
        if raw not in word.absent:
            raws[word.name] = raw
    for instance in formulas:
        number = formula_result(instance.word, layout, raws)
        if number is not None:
            raws[instance.word.name] = result.words[instance.id] = number
    return raws


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
    beliefs: dict[str, Belief] = {}
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
    names = {i.word.name for i in layout.singles if i.span in unread}
    words = layout.words.values()
    return names.union(w.name for w in words if w.formula and not names.isdisjoint(w.formula.names))


def _belief(instance: Instance, beliefs: Mapping[str, Belief]) -> Belief:
    return beliefs[instance.trust.section] if instance.trust else "full"


def _emit(layout: Layout, raws: Raws, beliefs: Mapping[str, Belief], result: Decoded) -> None:
    """Give the series of real words that do not repeat their values, if the words are trusted."""
    for instance in layout.singles:
        word = instance.word
        raw = raws.get(word.name)
        if raw is None or (belief := _belief(instance, beliefs)) == "nothing":
            continue
        series = instance.lost_series if belief == "frozen" else instance.series
        if series is not None and (word.is_whole or says_something(word, raw)):
            result.add(series, raw)
        if instance.raw_series is not None:
            result.add(instance.raw_series, raw)
        if instance.undefined_series is not None and belief != "frozen":
            result.add(instance.undefined_series, int(raw) & ~word.named_bits)
