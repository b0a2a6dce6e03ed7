"""The register map as the rest of the program sees it: frozen, resolved, checked."""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from exporter.maps.formula import Formula
from exporter.maps.limits import limit_of
from exporter.maps.otlp import Otlp, derived_name, instrument_of, unit_of

FILLER = 0xD8F1
"""−9999: "not available" in any 16-bit word of a CS141 (device.md 2.5); tested on the raw word."""

Severity = Literal["critical", "warning", "info", "none"]
WordType = Literal["bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
Labels = tuple[tuple[str, str], ...]

REGISTERS: dict[str, int] = {
    "bool": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2,
    "int64": 4, "uint64": 4, "float64": 4,
}  # fmt: skip
_INTEGERS = ("int16", "uint16", "int32", "uint32", "int64", "uint64")
_STRUCT = {"int16": "h", "int32": "i", "int64": "q", "float32": "f", "float64": "d"}


@dataclass(frozen=True)
class Metric:
    """A metric family: what HELP, TYPE and UNIT say of it, and its form over OTLP if a map gives one."""

    name: str
    help: str
    type: Literal["gauge", "counter"] = "gauge"
    unit: str = ""
    own_otlp: Otlp | None = None

    def __hash__(self) -> int:
        return hash(self.name)  # it is a key for every family of a page, and the texts need not be looked at

    @cached_property
    def otlp(self) -> Otlp:
        """Its form over OTLP, made from the rest where no map gives one."""
        if self.own_otlp is not None:
            return self.own_otlp
        name = derived_name(self.name)
        return Otlp(name, unit_of(name, self.name, self.unit), instrument_of(name, self.type))


@dataclass(frozen=True)
class Clear:
    """What it means, and what to do first, when a flag that is normally set is clear."""

    label: str
    description: str
    action: str = ""


@dataclass(frozen=True)
class Flag:
    """One named bit of a word, or the meaning of a whole 0/1 word (then `bit` is 0).

    `role` is one of roles.ROLES, or "". `note` is about the vendor's texts, for the reference only.
    """

    name: str
    bit: int
    vendor: str
    label: str
    description: str
    severity: Severity
    action: str = ""
    normal: bool = False
    role: str = ""
    note: str = ""
    clear: Clear | None = None

    @property
    def trouble(self) -> Clear:
        """Label, meaning and first action of the flag when it is not as it belongs."""
        if not self.normal:
            return Clear(self.label, self.description, self.action)
        unset = f"This flag is normally set, and it is clear now. When it is set: {self.description}"
        return self.clear or Clear(f"{self.label}: no", unset, self.action)

    @property
    def mask(self) -> int:
        """The bit as a mask; bit 0 is the lowest of the decoded word."""
        return 1 << self.bit


@dataclass(frozen=True)
class Repeat:
    """Words that repeat, as strings and modules do: instance n is at address + stride × (n − 1)."""

    label: str
    count: str
    max: int
    stride: int
    parent: str = ""
    parent_label: str = ""
    present_metric: str = ""
    lost_flag: str = ""


@dataclass(frozen=True)
class Word:
    """One value of a map: where it is, how it is read and what becomes of it.

    `address` is the 0-based address in the PDU, where words repeat of the first; a formula has none. `roles`
    are those of `states`, by name of the state. `sensor` is the number by which the configuration names what
    the word measures, 0 where the map says it.
    """

    map: str
    name: str
    group: str
    section: str
    address: int | None
    function: int = 3
    type: WordType = "uint16"
    word_order: Literal["big", "little"] = "big"
    byte_order: Literal["big", "little"] = "big"
    vendor: str = ""
    description: str = ""
    confidence: str = ""
    metric: str = ""
    labels: Labels = ()
    raw_metric: str = ""
    raw_labels: Labels = ()
    scale: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    states: tuple[tuple[int, str], ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    flags: tuple[Flag, ...] = ()
    flag: Flag | None = None
    formula: Formula | None = field(default=None, repr=False)
    optional: bool = False
    survives: bool = False
    sensor: int = 0
    repeat: Repeat | None = None
    fillers: tuple[int, ...] = (FILLER,)
    not_available: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The name by which config, `explain` and labels call the word, such as `ups.status`."""
        return f"{self.map}.{self.name}"

    @property
    def registers(self) -> int:
        """How many 16-bit registers (or coils) the value takes."""
        return REGISTERS[self.type]

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """The flags that it holds: those of its bits, or the one that it is as a whole."""
        return self.flags or ((self.flag,) if self.flag else ())

    @cached_property
    def named_bits(self) -> int:
        """The mask of all bits that have a name."""
        return sum(flag.mask for flag in self.flags)

    @property
    def has_unnamed_bits(self) -> bool:
        """Whether the word is a bit field with bits that no table names."""
        return bool(self.flags) and self.named_bits != (1 << 16 * self.registers) - 1

    @cached_property
    def is_whole(self) -> bool:
        """Whether every number is a value: of a floating-point word or one of 0 and 1 some are not.

        Any bit sets a 0/1 word that holds a flag.
        """
        return not self.type.startswith("float") and (self.type != "bool" or self.flag is not None)

    @cached_property
    def is_measurement(self) -> bool:
        """Whether the word is a measured value rather than flags, a 0/1 word or an enumeration."""
        return not (self.flags or self.flag or self.states or self.type == "bool")

    def raw(self, registers: Sequence[int]) -> int:
        """The registers as one unsigned number, by the word's byte and word order."""
        ordered = registers if self.word_order == "big" else tuple(reversed(registers))
        number = 0
        for register in ordered:
            if self.byte_order == "little":
                register = (register & 0xFF) << 8 | register >> 8
            number = number << 16 | register
        return number

    @cached_property
    def absent(self) -> frozenset[int]:
        """The raw numbers that mean that there is no value.

        These are those that the map names, and in a word that measures all ones and the extremes of a signed
        word, where their value is outside what the quantity can be (device.md 8: drivers pass them on so).
        """
        found = set(self.named_absent)
        limit = limit_of(self.metric)
        if limit is not None and self.is_measurement and self.is_register and self.type in _INTEGERS:
            most = (1 << 16 * self.registers) - 1
            extremes = (most, most >> 1, (most >> 1) + 1)
            found.update(raw for raw in extremes if not limit.allows(self.value(raw)))
        return frozenset(found)

    @cached_property
    def named_absent(self) -> frozenset[int]:
        """Those that the map names: its fillers, by register or as the word's number, and the word's own."""
        if not self.is_register:
            return frozenset()
        found = {self.raw([filler & 0xFFFF] * self.registers) for filler in self.fillers}
        signed = (filler - 0x10000 if filler & 0x8000 else filler for filler in self.fillers)
        found.update(map(self._raw_of, signed))
        found.update(map(self._raw_of, self.not_available))
        return frozenset(found)

    def means_nothing(self, number: int) -> bool:
        """Whether the map says that this number, by the word's type, is no value."""
        return self._raw_of(number) in self.named_absent

    @property
    def is_register(self) -> bool:
        """Whether it is read from registers, and not from single bits or by a formula."""
        return self.function in (3, 4) and self.formula is None

    def is_available(self, raw: int | float) -> bool:
        """Whether a raw number is a value: neither absent nor a floating-point number that is none."""
        return raw not in self.absent and self.is_finite(raw)

    def is_finite(self, raw: int | float) -> bool:
        """Whether the value is a number at all: not NaN, nor infinite."""
        return not self.type.startswith("float") or math.isfinite(self.value(raw))

    def _raw_of(self, number: int) -> int:
        """The raw number that the word's type reads as `number`."""
        code = _STRUCT.get(self.type, "")
        if code in ("f", "d"):
            return int.from_bytes(struct.pack(f">{code}", number), "big")
        return number & (1 << 16 * self.registers) - 1

    def state(self, raw: int | float) -> str | None:
        """The name of the state that a raw number is, None where it has no name."""
        number = self.number(raw)
        return next((name for value, name in self.states if value == number), None)

    def plays(self, name: str, raw: int | float) -> bool:
        """Whether its flag or state `name` is as its role means it; of a 0/1 word, `name` is "".

        So is a flag that is set, or clear where it is normally set. Any bit sets a 0/1 word.
        """
        if self.states:
            return self.state(raw) == name
        if self.flag is not None:
            return bool(raw) != self.flag.normal
        return any(bool(int(raw) & flag.mask) != flag.normal for flag in self.flags if flag.name == name)

    def computed(self, result: int | float) -> int | float:
        """The result of the formula as the word holds it: 0 or 1, as many bits as it has, or any number."""
        if self.type == "bool":
            return int(result != 0)
        return int(result) & (1 << 16 * self.registers) - 1 if self.flags else result

    def number(self, raw: int | float) -> int | float:
        """The raw number by the word's type, not scaled; the result of a formula is a number already."""
        code = _STRUCT.get(self.type)
        if code is None or self.formula is not None:
            return raw
        number: int | float = struct.unpack(f">{code}", int(raw).to_bytes(2 * self.registers, "big"))[0]
        return number

    def value(self, raw: int | float) -> float:
        """The value in the metric's unit: number × scale + offset, rounded once, at the end."""
        number = self.number(raw)
        if self.scale == 1 and self.offset == 0:
            return float(number)
        return float(Decimal(number) * self.scale + self.offset)


@dataclass(frozen=True)
class Trust:
    """How a section shows whether it can be trusted; the rules are in reading.truth.

    A section are the words that came into being in one group; an included word keeps the one it had.
    """

    rule: Literal["lost_flags", "bacs", "frame"]
    section: str
    lost_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Words that are read and reported on together; the label of generex_group_up."""

    name: str
    title: str
    words: tuple[Word, ...]
    optional: bool = False
    anchor: str = ""
    readable: tuple[tuple[int, int], ...] = ()
    repeat: Repeat | None = None


@dataclass(frozen=True)
class KnownBy:
    """What tells, beside its words, that a device has a list: schema.KnownByEntry says it by key.

    `copies` are addresses with the names of the flags that they repeat.
    """

    lacks: tuple[int, ...] = ()
    copies: tuple[tuple[int, str], ...] = ()
    zeros: tuple[int, ...] = ()


@dataclass(frozen=True)
class Map:
    """A register map.

    `short` is what people call it in a few words, `modules` are the modules that come with it, each with the
    maps that it reads. `sensors` says whether what is read by it can have a SENSORMANAGER.
    """

    name: str
    title: str
    source: str
    metrics: dict[str, Metric]
    groups: tuple[Group, ...]
    trusts: tuple[Trust, ...] = ()
    short: str = ""
    modules: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sensors: bool = True
    known_by: KnownBy = KnownBy()

    @property
    def is_frame(self) -> bool:
        """Whether it is a gateway's frame, which the configuration may move."""
        return any(trust.rule == "frame" for trust in self.trusts)

    @cached_property
    def words(self) -> dict[str, Word]:
        """All words by name, in map order."""
        return {word.name: word for group in self.groups for word in group.words}

    def flags(self) -> Iterator[tuple[Word, Flag]]:
        """Every flag with the word that holds it."""
        for word in self.words.values():
            for flag in word.all_flags:
                yield word, flag
