"""From the YAML form of a map to the map, resolved and checked."""

from collections.abc import Mapping
from dataclasses import replace

from exporter.maps.checks import (
    check_addresses,
    check_bits,
    check_known_by,
    check_lost,
    check_metric,
    check_not_available,
    check_series,
    check_shown,
    check_states,
)
from exporter.maps.formula import Formula, parse_formula
from exporter.maps.include import take
from exporter.maps.model import Flag, Group, KnownBy, Map, Metric, Repeat, Trust, Word
from exporter.maps.naming import with_otlp
from exporter.maps.roles import with_known_roles
from exporter.maps.schema import GroupEntry, IncludeEntry, MapEntry, RepeatEntry, TrustEntry, WordEntry
from exporter.maps.series import group_series
from exporter.yamlfile import Document, Place

_FLAG_TYPES = ("uint16", "uint32", "uint64")
# words without which a rule of reading.truth has nothing to go by
_RULE_WORDS = {"bacs": ("state",), "frame": ("sequence_number", "error_code"), "lost_flags": ()}


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
        self.included: dict[str, tuple[Place, Group]] = {}

    def fail(self, place: Place, message: str) -> None:
        raise self.document.error(place, f'map "{self.entry.map}": {message}')

    def build(self) -> Map:
        entry = self.entry
        for name, metric in entry.metrics.items():
            check_metric(("metrics", name), name, metric.type, metric.unit, self.fail)
            self.metrics[name] = Metric(name, metric.help, metric.type, metric.unit)
        for name, flags in entry.flag_sets.items():
            check_bits(("flag_sets", name), [(flag, item.bit) for flag, item in flags.items()], self.fail)
        for index, include in enumerate(entry.include):
            self._include(("include", index), include)
        for group_name, group in entry.groups.items():
            for word_name, word in group.words.items():
                self._add_word(group_name, group, word_name, word)
        self._parse_formulas()
        groups = (
            *(self._included_group(place, group) for place, group in self.included.values()),
            *(self._group(name, group) for name, group in entry.groups.items()),
        )
        if not groups:
            self.fail(("groups",), "a map has at least one group")
        for name, group in entry.groups.items():
            if group.trust is not None:
                self.trusts[name] = self._trust(name, group.trust)
        check_lost(self.words.values(), self.trusts.values(), self.places, self.fail)
        check_series(groups, self.places, self.fail)
        check_addresses(groups, self.places, self.fail)
        self._name_for_otlp(groups)
        modules = tuple((name, tuple(maps)) for name, maps in entry.modules.items())
        check_known_by(entry.known_by, self.words.values(), self.fail)
        lacks = (address for low, high in entry.known_by.lacks for address in range(low, high + 1))
        copies = tuple(entry.known_by.copies.items())
        known_by = KnownBy(tuple(lacks), copies, tuple(entry.known_by.zeros))
        return Map(
            entry.map, entry.title, entry.source, self.metrics, groups, tuple(self.trusts.values()),
            entry.short or entry.map, modules, entry.sensors, known_by,
        )  # fmt: skip

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

    def _include(self, place: Place, entry: IncludeEntry) -> None:
        source = self.others.get(entry.map)
        if source is None:
            self.fail((*place, "map"), f'unknown map "{entry.map}" (there are: {", ".join(self.others)})')
            return
        if entry.group and entry.group not in self.entry.groups:
            self.fail((*place, "group"), f'unknown group "{entry.group}"')
        taken = take(entry, source, self.entry.map, place, self.fail)
        for word in taken.words:
            self._register(place, word)
        for group in taken.groups:
            if group.name in self.entry.groups:
                self.fail((*place, "groups"), f'group "{group.name}" is there twice')
            self.included[group.name] = (place, group)
        for metric in taken.metrics():
            self.metrics.setdefault(metric, source.metrics[metric])
        for trust in source.trusts:
            kept = tuple(ref for ref in trust.lost_flags if ref.split(".")[0] in self.words)
            # the trust rule of a section comes with it, unless its words stayed behind
            if trust.section in {word.section for word in taken.words} and (
                kept if trust.rule == "lost_flags" else self._missing(trust.rule) is None
            ):
                self.trusts[trust.section] = replace(trust, lost_flags=kept)

    def _included_group(self, place: Place, group: Group) -> Group:
        """A group that came whole, with its words; what it counts by and computes from came with it."""
        words = tuple(word for word in self.words.values() if word.group == group.name)
        repeat = group.repeat
        needed = [repeat.count] if repeat else []
        needed += [operand for word in words if word.formula for operand in word.formula.names]
        for name in needed:
            if name not in self.words:
                self.fail((*place, "groups"), f'group "{group.name}" needs the word "{name}": include it too')
        if repeat and repeat.parent and repeat.parent not in {*self.entry.groups, *self.included}:
            self.fail((*place, "groups"), f'group "{group.name}" needs the group "{repeat.parent}" too')
        return replace(group, words=words)

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
        check_not_available((*place, "not_available"), entry, self.fail)
        check_states((*place, "states"), entry, self.fail)
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
            flag=entry.flag.made(entry.flag.name, 0) if entry.flag else None,
            optional=entry.optional, survives=entry.survives, sensor=entry.sensor or 0,
            repeat=self._repeat(group.repeat),
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
        check_shown(place, word, self.fail)
        self._register(place, word)

    def _flags(self, place: Place, entry: WordEntry) -> tuple[Flag, ...]:
        if entry.flags is None:
            return ()
        if entry.flags not in self.entry.flag_sets:
            self.fail((*place, "flags"), f'unknown flag set "{entry.flags}"')
        if entry.type not in _FLAG_TYPES:
            self.fail((*place, "type"), f"a bit field is one of {', '.join(_FLAG_TYPES)}, not {entry.type}")
        chosen = self.entry.flag_sets[entry.flags]
        flags = [item.made(name, item.bit) for name, item in chosen.items()]
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
        elif count.type.startswith("float"):
            self.fail((*place, "count"), f'"{repeat.count}" is a {count.type}: a count is a whole number')
        elif count.scale != 1 or count.offset:
            text = "has a scale or an offset: a count is the word as it is read"
            self.fail((*place, "count"), f'"{repeat.count}" {text}')
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
            if self.words[reference.partition(".")[0]].repeat is not None:
                self.fail((*place, "lost_flags", index), f'"{reference}" repeats: it speaks of one item only')
        missing = self._missing(entry.rule)
        if missing is not None:
            self.fail((*place, "rule"), f'the rule {entry.rule} needs a word "{missing}"')
        return Trust(entry.rule, name, tuple(entry.lost_flags))

    def _missing(self, rule: str) -> str | None:
        return next((word for word in _RULE_WORDS[rule] if word not in self.words), None)

    def _check_flag_reference(self, place: Place, reference: str) -> None:
        name, _, part = reference.partition(".")
        word = self.words.get(name)
        parts = {*(f.name for f in word.flags), *(state for _, state in word.states)} if word else set()
        if part not in parts and (part or word is None or word.flag is None):
            self.fail(
                place,
                f'"{reference}" is no flag or state: write WORD.FLAG, WORD.STATE, '
                "or the name of a 0/1 word with a flag",
            )
