"""Lays out the words of a device: each at each of its places, with the series that it feeds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from exporter.maps.model import Group, Labels, Metric, Repeat, Trust, Word
from exporter.maps.pass_metrics import UNDEFINED_FLAGS
from exporter.reading.decode.layout import Counts, Instance, Item, Layout, columns_of
from exporter.reading.decode.series import Series
from exporter.reading.plan.spans import Span


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
        singles: list[Instance] = []
        repeated: dict[str, tuple[Item, ...]] = {}
        spans: dict[str, tuple[Span, ...]] = {}
        for group in self.groups:
            if group.name in without:
                continue
            if group.repeat is None:
                instances = [self._instance(word, (), 0) for word in group.words]
                singles += instances
            else:
                items = self._items(group, group.repeat, counts)
                repeated[group.name] = items
                instances = [instance for item in items for instance in item.instances]
            spans[group.name] = tuple(instance.span for instance in instances if instance.span)
        everything = [*singles, *(i for items in repeated.values() for item in items for i in item.instances)]
        return Layout(
            counts=dict(counts),
            singles=tuple(singles),
            named={instance.word.name: instance for instance in singles},
            trusted={
                section: frozenset(i.id for i in singles if i.trust and i.trust.section == section)
                for section in self._by_section
            },
            repeated=repeated,
            columns={name: columns_of(items) for name, items in repeated.items()},
            spans=tuple(span for group_spans in spans.values() for span in group_spans),
            group_spans=spans,
            group_keys={name: frozenset(chain(*(s.keys() for s in group))) for name, group in spans.items()},
            keys=frozenset(chain(*(s.keys() for group in spans.values() for s in group))),
            required=frozenset(i.span for i in everything if i.span and not i.word.optional),
            flags=frozenset(
                i.span for i in everything if i.span and (i.word.flags or i.word.flag or i.word.roles)
            ),
            telling=tuple(
                dict.fromkeys(
                    i.series.metric.name for i in everything if i.series and not i.word.is_measurement
                )
            ),
            words=self.words,
            trusts=self._by_section,
        )

    def _items(self, group: Group, repeat: Repeat, counts: Counts) -> tuple[Item, ...]:
        count = counts.get(group.name, 0)
        parents = counts.get(repeat.parent, 0)
        items = []
        for number in range(1, min(count, repeat.max) + 1):
            labels: Labels = ((repeat.label, str(number)),)
            # the split is equal and contiguous (device.md 2.4); where it cannot be, the parent is not known
            if parents and count <= repeat.max and count % parents == 0:
                labels = ((repeat.parent_label, str((number - 1) // (count // parents) + 1)), *labels)
            instances = tuple(self._instance(word, labels, number) for word in group.words)
            present = Series(self.metrics[repeat.present_metric], labels) if repeat.present_metric else None
            alarm_name, _, lost = repeat.lost_flag.partition(".")
            alarm = next((i for i in instances if i.word.name == alarm_name), None)
            items.append(Item(number, instances, present, alarm, lost))
        return tuple(items)

    def _instance(self, word: Word, labels: Labels, number: int) -> Instance:
        address = word.address
        span = None
        if address is not None:
            stride = word.repeat.stride * (number - 1) if word.repeat else 0
            span = Span(word.function, address + stride, word.registers)
        trust = self._trust(word)
        own = (*labels, *word.labels)
        set_only = number > 0 and self.set_only
        all_flags = tuple(flag.name for flag in word.flags) if word.flags else None
        metric = self.metrics.get(word.metric)
        flag_label: Labels = (("flag", word.flag.name),) if word.flag else ()
        series = Series(metric, (*own, *flag_label), word, all_flags, set_only) if metric else None
        raw_series = (
            Series(self.metrics[word.raw_metric], (*own, *word.raw_labels)) if word.raw_metric else None
        )
        place = f"#{number}" if number else ""
        undefined: Labels = (("word", dict(word.raw_labels).get("word", word.id) + place),)
        return Instance(
            word=word,
            id=word.id + place,
            span=span,
            key=span.keys()[0] if span else -1,
            plain=span is not None and span.count == 1 and word.byte_order == "big",
            trust=trust,
            series=series,
            raw_series=raw_series,
            lost_series=_lost_series(word, trust, series),
            undefined_series=Series(UNDEFINED_FLAGS, undefined) if word.has_unnamed_bits else None,
        )

    @cached_property
    def _by_section(self) -> dict[str, Trust]:
        return {trust.section: trust for trust in self.trusts}

    def _trust(self, word: Word) -> Trust | None:
        by_section = self._by_section
        own = by_section.get(word.section)
        if own is None and word.repeat is not None:
            # strings and modules stand or fall with the BACS that counts them
            own = by_section.get(self.words[word.repeat.count].section)
        return own


def _lost_series(word: Word, trust: Trust | None, series: Series | None) -> Series | None:
    if trust is None or series is None:
        return None
    if word.survives:
        return series
    if word.flags or word.states:
        names = (*(flag.name for flag in word.flags), *(state for _, state in word.states))
        kept = tuple(name for name in names if f"{word.name}.{name}" in trust.lost_flags)
        return replace(series, flags=kept) if kept else None
    return series if word.name in trust.lost_flags else None
