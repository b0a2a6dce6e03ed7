"""Lays out the words of a device: each at each of its places, with the series that it feeds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby

from exporter.maps.model import Group, Labels, Metric, Repeat, Trust, Word
from exporter.maps.pass_metrics import UNDEFINED_FLAGS
from exporter.reading.decode.layout import Block, Column, Counts, Layout, span_of
from exporter.reading.decode.series import Series
from exporter.reading.plan.spans import Span

_Place = tuple[Word, int, Labels]
"""A word with the number of its string or module and their labels; 1 and none where it does not repeat."""


@dataclass(frozen=True)
class LayoutMaker:
    """Makes the layouts of one device; with `set_only` only the set flags of modules are exported."""

    groups: tuple[Group, ...]
    words: Mapping[str, Word]
    trusts: tuple[Trust, ...]
    metrics: Mapping[str, Metric]
    set_only: bool

    def make(self, counts: Counts, without: frozenset[str]) -> Layout:
        """All groups but those in `without`; `counts` says how often each repeating group repeats."""
        single: list[Column] = []
        repeated: dict[str, Block] = {}
        spans: dict[str, tuple[Span, ...]] = {}
        for group in self.groups:
            if group.name in without:
                continue
            spans[group.name] = ()
            if group.repeat is None:
                alike = groupby(group.words, self._kind)
                columns = [self._column([(word, 1, ()) for word in words]) for _, words in alike]
                single += columns
                spans[group.name] = tuple(chain(*(column.spans for column in columns)))
            elif places := _places(group, group.repeat, counts):
                block = repeated[group.name] = self._block(group, group.repeat, places)
                read = (column.spans for column in block.columns if column.spans)
                spans[group.name] = tuple(chain(*zip(*read, strict=True)))
        everything = [*single, *(column for block in repeated.values() for column in block.columns)]
        framed = any(trust.rule == "frame" for trust in self.trusts)
        keys = {name: frozenset(chain(*(s.keys() for s in group))) for name, group in spans.items()}
        return Layout(
            counts=dict(counts),
            singles=tuple(single),
            named={word.name: span_of(word) for column in single for word in column.words},
            trusted={
                section: frozenset(chain(*(column.ids for column in single if column.section == section)))
                for section in self._by_section
            },
            repeated=repeated,
            spans=tuple(chain(*spans.values())),
            group_spans=spans,
            group_keys=keys,
            keys=frozenset(chain(*keys.values())),
            required=frozenset(
                span
                for column in everything
                for word, span in zip(column.words, column.spans, strict=False)  # a formula has no span
                if not word.optional
            ),
            flags=_flags(everything),
            alarms=_flags(single),
            telling=tuple(
                dict.fromkeys(
                    c.series[0].metric.name for c in everything if c.series and not c.word.is_measurement
                )
            ),
            frame=spans.get(self.words["sequence_number"].group, ()) if framed else (),
            words=self.words,
            trusts=self._by_section,
        )

    def _kind(self, word: Word) -> object:
        """The same for words that may share a column: no two with flags, states or a formula are alike."""
        trust = self._trust(word)
        survives = word.survives or (trust is not None and word.name in trust.lost_flags)
        apart = word.name if word.flags or word.states or word.formula else ""
        return (
            apart, word.function, word.type, word.word_order, word.byte_order, word.absent, word.is_whole,
            word.flag is None, word.section, survives, word.metric, word.raw_metric,
        )  # fmt: skip

    def _block(self, group: Group, repeat: Repeat, places: Sequence[tuple[int, Labels]]) -> Block:
        present = self.metrics[repeat.present_metric] if repeat.present_metric else None
        alarm, _, lost = repeat.lost_flag.partition(".")
        return Block(
            numbers=[number for number, _ in places],
            columns=tuple(self._column([(word, *place) for place in places]) for word in group.words),
            present=tuple(Series(present, labels) for _, labels in places) if present else (),
            alarm=next((at for at, word in enumerate(group.words) if word.name == alarm), None),
            lost=lost,
        )

    def _column(self, places: Sequence[_Place]) -> Column:
        word = places[0][0]
        spans = tuple(span for one, number, _ in places if (span := span_of(one, number)))
        metric = self.metrics.get(word.metric)
        series = tuple(self._series(metric, one, labels) for one, _, labels in places) if metric else ()
        raw_metric = self.metrics[word.raw_metric] if word.raw_metric else None
        raw_labels = [(*labels, *one.labels, *one.raw_labels) for one, _, labels in places]
        names = [dict(one.raw_labels).get("word", one.id) + _place(one, number) for one, number, _ in places]
        undefined = names if word.has_unnamed_bits else ()
        trust = self._trust(word)
        return Column(
            word=word,
            words=tuple(one for one, _, _ in places),
            section=trust.section if trust else "",
            ids=tuple(one.id + _place(one, number) for one, number, _ in places),
            spans=spans,
            keys=tuple(span.key for span in spans),
            plain=bool(spans) and word.registers == 1 and word.byte_order == "big",
            absent=word.absent,
            is_flag=word.type == "bool" and word.is_register,
            is_whole=word.is_whole,
            series=series,
            raw_series=tuple(Series(raw_metric, labels) for labels in raw_labels) if raw_metric else (),
            lost_series=_lost(word, trust, series),
            undefined_series=tuple(Series(UNDEFINED_FLAGS, (("word", name),)) for name in undefined),
        )

    def _series(self, metric: Metric, word: Word, labels: Labels) -> Series:
        flag: Labels = (("flag", word.flag.name),) if word.flag else ()
        shown = tuple(flag.name for flag in word.flags) if word.flags else None
        set_only = self.set_only and word.repeat is not None
        return Series(metric, (*labels, *word.labels, *flag), word, shown, set_only)

    @cached_property
    def _by_section(self) -> dict[str, Trust]:
        return {trust.section: trust for trust in self.trusts}

    def _trust(self, word: Word) -> Trust | None:
        own = self._by_section.get(word.section)
        if own is None and word.repeat is not None:
            # strings and modules stand or fall with the BACS that counts them
            own = self._by_section.get(self.words[word.repeat.count].section)
        return own


def _flags(columns: Iterable[Column]) -> frozenset[Span]:
    """The words that hold flags, or states that mean as much."""
    return frozenset(chain(*(c.spans for c in columns if c.word.flags or c.word.flag or c.word.roles)))


def _places(group: Group, repeat: Repeat, counts: Counts) -> Sequence[tuple[int, Labels]]:
    """The strings or modules of a group: their numbers and labels."""
    count, parents = counts.get(group.name, 0), counts.get(repeat.parent, 0)
    # the split is equal and contiguous (device.md 2.4); where it cannot be, the parent is not known
    of_each = count // parents if parents and count <= repeat.max and count % parents == 0 else 0
    places = []
    for number in range(1, min(count, repeat.max) + 1):
        parent = ((repeat.parent_label, str((number - 1) // of_each + 1)),) if of_each else ()
        places.append((number, (*parent, (repeat.label, str(number)))))
    return places


def _place(word: Word, number: int) -> str:
    return f"#{number}" if word.repeat else ""


def _lost(word: Word, trust: Trust | None, series: tuple[Series, ...]) -> tuple[Series, ...]:
    """What is left of the series of a word, or of words alike, when it is frozen."""
    if trust is None or word.survives:
        return series if trust else ()
    if word.flags or word.states:
        names = (*(flag.name for flag in word.flags), *(state for _, state in word.states))
        kept = tuple(name for name in names if f"{word.name}.{name}" in trust.lost_flags)
        return tuple(replace(one, flags=kept) for one in series) if kept else ()
    return series if word.name in trust.lost_flags else ()
