"""From the YAML form of a map to the map, resolved and checked."""

import re
from collections.abc import Mapping
from dataclasses import replace

from exporter.maps.checks import check_addresses, check_series
from exporter.maps.formula import Formula, parse_formula
from exporter.maps.model import REGISTERS, Flag, Group, Map, Metric, Repeat, Trust, Word
from exporter.maps.naming import with_otlp
from exporter.maps.roles import with_known_roles
from exporter.maps.schema import GroupEntry, MapEntry, RepeatEntry, TrustEntry, WordEntry
from exporter.maps.series import group_series
from exporter.yamlfile import Document, Place

_FLAG_TYPES = ("uint16", "uint32", "uint64")
# words without which a rule of reading.truth has nothing to go by
_RULE_WORDS = {"bacs": ("state",), "frame": ("sequence_number", "error_code"), "lost_flags": ()}
# metrics that the exporter makes itself (design 2.4)
_OWN_METRICS = re.compile(
    r"generex_(up|group_up|data_valid|device_info|undefined_flags|odd_words|refused_words)"
    r"|(generex_expected|generex_scrape|generex_exporter|process|python)_.*"
)


def build_map(document: Document, entry: MapEntry, others: Mapping[str, Map]) -> Map:
    """Resolve one map. `others` are the maps it may include from.

    Raises UserError that names the map file, the entry and its place.
    """
    return _Builder(document, entry, others).build()


class _Builder:
    def __init__(self, document: Document, entry: MapEntry, others: Mapping[str, Map]) -> None:
        self.document = document
        self.entry = entry
        self.others = others
        self.metrics: dict[str, Metric] = {}
        self.words: dict[str, Word] = {}
        self.places: dict[str, Place] = {}
        self.trusts: dict[str, Trust] = {}

    def fail(self, place: Place, message: str) -> None:
        raise self.document.error(place, f'map "{self.entry.map}": {message}')

    def build(self) -> Map:
        entry = self.entry
        for name, metric in entry.metrics.items():
            self._check_metric(("metrics", name), name, metric.type, metric.unit)
            self.metrics[name] = Metric(name, metric.help, metric.type, metric.unit)
        for name, flags in entry.flag_sets.items():
            self._check_bits(("flag_sets", name), [(flag, item.bit) for flag, item in flags.items()])
        for index, include in enumerate(entry.include):
            self._include(("include", index), include)
        for group_name, group in entry.groups.items():
            for word_name, word in group.words.items():
                self._add_word(group_name, group, word_name, word)
        self._parse_formulas()
        groups = tuple(self._group(name, group) for name, group in entry.groups.items())
        for name, group in entry.groups.items():
            if group.trust is not None:
                self.trusts[name] = self._trust(name, group.trust)
        check_series(groups, self.places, self.fail)
        check_addresses(groups, self.places, self.fail)
        self._name_for_otlp(groups)
        modules = tuple((name, tuple(maps)) for name, maps in entry.modules.items())
        return Map(
            entry.map, entry.title, entry.source, self.metrics, groups, tuple(self.trusts.values()),
            entry.short or entry.map, modules, entry.sensors,
        )  # fmt: skip

    def _check_metric(self, place: Place, name: str, kind: str, unit: str) -> None:
        if (kind == "counter") != name.endswith("_total"):
            self.fail(place, f'"{name}" is a {kind}: names of counters, and only those, end in _total')
        if _OWN_METRICS.fullmatch(name):
            self.fail(place, f'"{name}" is a metric of the exporter itself')
        if unit and not name.removesuffix("_total").endswith(f"_{unit}"):
            self.fail(place, f'the name "{name}" does not end in its unit "{unit}"')
        if re.search(r"_(created|bucket|count|sum|info)$", name):
            self.fail(place, f'the ending of "{name}" has another meaning in OpenMetrics')

    def _name_for_otlp(self, groups: tuple[Group, ...]) -> None:
        series = [(metric, dict(labels)) for group in groups for _, metric, labels in group_series(group)]
        names = {metric: tuple(labels) for metric, labels in series}
        for name, entry in self.entry.metrics.items():
            try:
                named = with_otlp(self.metrics[name], entry.otlp, names.get(name), self.others.values())
            except ValueError as error:
                self.fail(("metrics", name, "otlp"), str(error))
            else:
                self.metrics[name] = named
        points: dict[object, str] = {}
        for metric, labels in series:
            otlp = self.metrics[metric].otlp
            attributes = otlp.attributes(labels)
            other = points.setdefault((otlp.name, tuple(sorted(attributes.items()))), metric)
            if other != metric:
                self.fail(
                    ("metrics", metric), f'over OTLP the same point as "{other}": "{otlp.name}" {attributes}'
                )

    def _check_bits(self, place: Place, bits: list[tuple[str, int]]) -> None:
        seen: dict[int, str] = {}
        for name, bit in bits:
            if bit in seen:
                self.fail((*place, name), f'bit {bit} is both "{seen[bit]}" and "{name}"')
            seen[bit] = name

    def _include(self, place: Place, include: object) -> None:
        include = self.entry.include[int(place[1])]
        source = self.others.get(include.map)
        if source is None:
            self.fail((*place, "map"), f'unknown map "{include.map}" (there are: {", ".join(self.others)})')
            return
        if include.group not in self.entry.groups:
            self.fail((*place, "group"), f'unknown group "{include.group}"')
        low, high = include.addresses
        shift = 0 if include.at is None else include.at - low
        plain = [w for w in source.words.values() if w.address is not None and not w.repeat]
        chosen = [word for word in plain if low <= (word.address or 0) <= high]
        if not chosen:
            self.fail((*place, "addresses"), f'map "{include.map}" has no word from {low} to {high}')
        for word in chosen:
            new = replace(word, map=self.entry.map, group=include.group, address=(word.address or 0) + shift)
            self._register(place, new)
            for metric in filter(None, (new.metric, new.raw_metric)):
                self.metrics.setdefault(metric, source.metrics[metric])
        for trust in source.trusts:
            kept = tuple(ref for ref in trust.lost_flags if ref.split(".")[0] in self.words)
            # what vouches for a section comes with it, unless the words that it goes by stayed behind
            if trust.section in {word.section for word in chosen} and (
                kept if trust.rule == "lost_flags" else self._missing(trust.rule) is None
            ):
                self.trusts[trust.section] = replace(trust, lost_flags=kept)

    def _register(self, place: Place, word: Word) -> None:
        if word.name in self.words:
            self.fail(place, f'word "{word.name}" is there twice')
        self.words[word.name] = word
        self.places[word.name] = place

    def _add_word(self, group_name: str, group: GroupEntry, name: str, entry: WordEntry) -> None:
        place: Place = ("groups", group_name, "words", name)
        if (entry.address is None) == (entry.formula is None):
            self.fail(place, f'word "{name}" needs an address or a formula, and not both')
        if entry.function in (1, 2) and entry.type != "bool":
            self.fail((*place, "function"), f"function {entry.function} reads single bits: the type is bool")
        if entry.function in (1, 2) and entry.byte_order != "big":
            self.fail((*place, "byte_order"), "a single bit has no byte order")
        if entry.scale == 0:
            self.fail((*place, "scale"), "a scale of 0 would make every value 0")
        shapes = [shape for shape in ("flags", "flag", "states") if getattr(entry, shape)]
        if len(shapes) > 1:
            self.fail(place, f"{' and '.join(shapes)} exclude each other")
        if (shapes or entry.type == "bool") and (entry.scale != 1 or entry.offset != 0):
            self.fail(place, "flags, states and 0/1 words have no scale or offset")
        if shapes and not entry.metric:
            self.fail(place, f"{shapes[0]} need a metric")
        self._check_not_available((*place, "not_available"), entry)
        if entry.raw and not entry.flags:
            self.fail((*place, "raw"), "the raw word belongs beside flags")
        flags = self._flags(place, entry)
        word = Word(
            map=self.entry.map, name=name, group=group_name, section=group_name, address=entry.address,
            function=entry.function, type=entry.type,
            word_order=entry.word_order, byte_order=entry.byte_order,
            vendor=entry.vendor, description=entry.description, confidence=entry.confidence,
            metric=entry.metric or "", labels=tuple(entry.labels.items()),
            raw_metric=entry.raw.metric if entry.raw else "",
            raw_labels=tuple(entry.raw.labels.items()) if entry.raw else (),
            scale=entry.scale, offset=entry.offset, states=tuple(sorted(entry.states.items())),
            roles=tuple(entry.roles.items()), flags=flags,
            flag=Flag(bit=0, **entry.flag.model_dump()) if entry.flag else None,
            optional=entry.optional, survives=entry.survives, repeat=self._repeat(group.repeat),
            fillers=tuple(number & 0xFFFF for number in self.entry.not_available),
            not_available=tuple(entry.not_available),
        )  # fmt: skip
        for metric in filter(None, (word.metric, word.raw_metric)):
            if metric not in self.metrics:
                self.fail(place, f'metric "{metric}" is not in the section metrics')
        for state in entry.roles.keys() - entry.states.values():
            self.fail((*place, "roles", state), f'"{state}" is no state of the word')
        try:
            word = with_known_roles(word, self.others.values())
        except ValueError as error:
            self.fail(place, str(error))
        self._register(place, word)

    def _check_not_available(self, place: Place, entry: WordEntry) -> None:
        if entry.not_available and (entry.formula is not None or entry.function in (1, 2)):
            self.fail(place, "only what is read as a register can hold a number for it")
        bits = 16 * REGISTERS[entry.type]
        for index, number in enumerate(entry.not_available):
            if not -(1 << bits - 1) <= number < 1 << bits:
                self.fail((*place, index), f"{number} is no {entry.type}")

    def _flags(self, place: Place, entry: WordEntry) -> tuple[Flag, ...]:
        if entry.flags is None:
            return ()
        if entry.flags not in self.entry.flag_sets:
            self.fail((*place, "flags"), f'unknown flag set "{entry.flags}"')
        if entry.type not in _FLAG_TYPES:
            self.fail((*place, "type"), f"a bit field is one of {', '.join(_FLAG_TYPES)}, not {entry.type}")
        chosen = self.entry.flag_sets[entry.flags]
        flags = [Flag(name=name, **item.model_dump()) for name, item in chosen.items()]
        width = 16 * {"uint16": 1, "uint32": 2, "uint64": 4}[entry.type]
        for flag in flags:
            if flag.bit >= width:
                self.fail(
                    ("flag_sets", entry.flags, flag.name, "bit"), f"bit {flag.bit} is not in a {entry.type}"
                )
        return tuple(sorted(flags, key=lambda flag: flag.bit))

    def _parse_formulas(self) -> None:
        entries = {
            name: (("groups", group, "words", name, "formula"), word.formula)
            for group, item in self.entry.groups.items()
            for name, word in item.words.items()
            if word.formula is not None
        }
        fractional = frozenset(name for name, word in self.words.items() if word.type.startswith("float"))
        for name, (place, text) in entries.items():
            try:
                formula = parse_formula(text, fractional=fractional)
            except ValueError as error:
                self.fail(place, str(error))
            else:
                self._check_operands(place, name, formula, entries)
                self.words[name] = replace(self.words[name], formula=formula)

    def _check_operands(
        self, place: Place, name: str, formula: Formula, formulas: Mapping[str, object]
    ) -> None:
        for operand in formula.names:
            word = self.words.get(operand)
            if word is None:
                self.fail(place, f'unknown word "{operand}" in the formula')
            elif operand in formulas:
                self.fail(place, f'"{operand}" is a formula itself: name the words it is made of')
            elif word.repeat and word.group != self.words[name].group:
                self.fail(place, f'"{operand}" repeats, and this word does not repeat with it')

    def _group(self, name: str, entry: GroupEntry) -> Group:
        words = tuple(word for word in self.words.values() if word.group == name)
        place: Place = ("groups", name)
        if not words:
            self.fail(place, f'group "{name}" has no words')
        if entry.anchor and entry.anchor not in {word.name for word in words}:
            self.fail((*place, "anchor"), f'unknown word "{entry.anchor}"')
        for index, (low, high) in enumerate(entry.readable):
            if low > high:
                self.fail((*place, "readable", index), f"{low} is above {high}")
        if entry.repeat is not None:
            self._check_repeat((*place, "repeat"), entry.repeat)
        readable = tuple((low, high) for low, high in entry.readable)
        return Group(
            name, entry.title, words, entry.optional, entry.anchor or "", readable, self._repeat(entry.repeat)
        )

    def _check_repeat(self, place: Place, repeat: RepeatEntry) -> None:
        count = self.words.get(repeat.count)
        if count is None or count.repeat is not None:
            self.fail((*place, "count"), f'"{repeat.count}" is no word that holds a count')
        elif count.formula is not None:
            self.fail((*place, "count"), f'"{repeat.count}" is a formula: a count is a word of the device')
        parent = self.entry.groups.get(repeat.parent or "")
        if repeat.parent and (parent is None or parent.repeat is None):
            self.fail((*place, "parent"), f'"{repeat.parent}" is no group that repeats')
        if repeat.present_metric and repeat.present_metric not in self.metrics:
            self.fail(
                (*place, "present_metric"), f'metric "{repeat.present_metric}" is not in the section metrics'
            )
        if repeat.lost_flag:
            self._check_flag_reference((*place, "lost_flag"), repeat.lost_flag)
            if self.words[repeat.lost_flag.partition(".")[0]].group != place[1]:
                self.fail((*place, "lost_flag"), f'"{repeat.lost_flag}" is not in the group that repeats')

    def _repeat(self, entry: RepeatEntry | None) -> Repeat | None:
        if entry is None:
            return None
        parent = self.entry.groups.get(entry.parent or "")
        return Repeat(
            label=entry.label, count=entry.count, max=entry.max, stride=entry.stride,
            parent=entry.parent or "",
            parent_label=parent.repeat.label if parent and parent.repeat else "",
            present_metric=entry.present_metric or "", lost_flag=entry.lost_flag or "",
        )  # fmt: skip

    def _trust(self, name: str, entry: TrustEntry) -> Trust:
        place: Place = ("groups", name, "trust")
        if entry.rule == "lost_flags" and not entry.lost_flags:
            self.fail(place, "the rule lost_flags needs a list of lost_flags")
        for index, reference in enumerate(entry.lost_flags):
            self._check_flag_reference((*place, "lost_flags", index), reference)
        missing = self._missing(entry.rule)
        if missing is not None:
            self.fail((*place, "rule"), f'the rule {entry.rule} needs a word "{missing}"')
        return Trust(entry.rule, name, tuple(entry.lost_flags))

    def _missing(self, rule: str) -> str | None:
        return next((word for word in _RULE_WORDS[rule] if word not in self.words), None)

    def _check_flag_reference(self, place: Place, reference: str) -> None:
        name, _, flag = reference.partition(".")
        word = self.words.get(name)
        known = word is not None and (flag in {f.name for f in word.flags} if flag else word.flag is not None)
        if not known:
            self.fail(
                place, f'"{reference}" is no flag: write WORD.FLAG, or the name of a 0/1 word with a flag'
            )
