"""The YAML form of a register map. What stands here is what a user may write in a map file of his own."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from exporter.maps.model import Clear, Flag, Severity, WordType
from exporter.maps.roles import ROLES
from exporter.yamlfile import Strict

RESERVED_LABELS = frozenset({"device", "job", "instance", "le", "quantile"})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=120)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Address = Annotated[int, Field(ge=0, le=0xFFFF)]
AddressRange = Annotated[list[Address], Field(min_length=2, max_length=2)]


def _label_name(name: object) -> object:
    if isinstance(name, str):
        if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) or name.startswith("__"):
            raise ValueError(f'"{name}" is not a label name')
        if name in RESERVED_LABELS or name.startswith("exported_"):
            raise ValueError(f'label "{name}" is taken')
    return name


def _decimal(number: object) -> object:
    # by its decimal writing: 0.1 in the file is a tenth, not the nearest binary fraction
    return (
        Decimal(str(number)) if isinstance(number, int | float) and not isinstance(number, bool) else number
    )


def _role(name: str) -> str:
    if name not in ROLES:
        raise ValueError(f'"{name}" is no role (there are: {", ".join(ROLES)})')
    return name


AttributeName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=120)
]
LabelName = Annotated[str, BeforeValidator(_label_name)]
Role = Annotated[str, AfterValidator(_role)]
Factor = Annotated[Decimal, BeforeValidator(_decimal), Field(allow_inf_nan=False)]


class OtlpEntry(Strict):
    """The metric over OTLP; what is left out is made from its Prometheus name, type and unit.

    A text of `attributes` may hold labels in braces, as in `bacs.module.{module}`.
    """

    name: (
        Annotated[str, StringConstraints(pattern=r"^(hw|generex)(\.[a-z][a-z0-9_]*)+$", max_length=120)]
        | None
    ) = None
    unit: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,40}$")] | None = None
    attributes: dict[AttributeName, Text] = Field(default={})


class MetricEntry(Strict):
    """A metric family. `unit` must be the end of its name (before `_total`)."""

    help: Text
    type: Literal["gauge", "counter"] = "gauge"
    unit: Annotated[str, StringConstraints(pattern=r"^[a-z_]*$")] = ""
    otlp: OtlpEntry | None = None


class ClearEntry(Strict):
    """What people read when a flag that is normally set is clear."""

    label: Text
    description: Text
    action: str = ""


class FlagTexts(Strict):
    """What a flag means. `note` is about the vendor's texts, for the reference only."""

    vendor: Text
    label: Text
    description: Text
    severity: Severity
    action: str = ""
    normal: bool = False
    role: Role = ""
    note: str = ""
    clear: ClearEntry | None = None

    @model_validator(mode="after")
    def _clear_is_trouble(self) -> "FlagTexts":
        if self.clear is not None and not self.normal:
            raise ValueError("clear is for flags with normal: true")
        return self

    def made(self, name: str, bit: int) -> Flag:
        """The flag as the program has it."""
        said = {key: value for key, value in self if key not in ("name", "bit", "clear")}
        clear = Clear(**self.clear.model_dump()) if self.clear is not None else None
        return Flag(name=name, bit=bit, **said, clear=clear)


class FlagEntry(FlagTexts):
    """One bit of a flag set, keyed by its name."""

    bit: Annotated[int, Field(ge=0, le=63)]


class WordFlag(FlagTexts):
    """What a 0/1 word means when it is set."""

    name: Name


class RawEntry(Strict):
    """The word itself as a number, beside its flags."""

    metric: MetricName
    labels: dict[LabelName, Text] = Field(default={})


class WordEntry(Strict):
    """One value, keyed by its name. Either `address` (0-based, as in the PDU) or `formula`."""

    address: Address | None = None
    formula: Text | None = None
    function: Literal[1, 2, 3, 4] = 3
    type: WordType = "uint16"
    word_order: Literal["big", "little"] = "big"
    byte_order: Literal["big", "little"] = "big"
    vendor: str = ""
    description: str = ""
    confidence: Literal["", "C", "V", "F", "I", "?"] = ""
    metric: MetricName | None = None
    labels: dict[LabelName, Text] = Field(default={})
    raw: RawEntry | None = None
    scale: Factor = Decimal(1)
    offset: Factor = Decimal(0)
    states: dict[int, Name] = Field(default={})
    roles: dict[Name, Role] = Field(default={})
    flags: Name | None = None
    flag: WordFlag | None = None
    optional: bool = False
    survives: bool = False
    sensor: Annotated[int, Field(ge=1, le=8)] | None = None
    not_available: list[int] = Field(default=[])


class RepeatEntry(Strict):
    """Instance n of every word of the group is at its address + stride × (n − 1)."""

    label: LabelName
    count: Name
    max: Annotated[int, Field(ge=1, le=10_000)]
    stride: Annotated[int, Field(ge=1, le=1000)]
    parent: Name | None = None
    present_metric: MetricName | None = None
    lost_flag: str | None = None


class TrustEntry(Strict):
    """How the group shows whether it can be trusted. `lost_flags` are `word` or `word.flag`."""

    rule: Literal["lost_flags", "bacs", "frame"]
    lost_flags: list[str] = Field(default=[])


class GroupEntry(Strict):
    """Words read and reported on together, keyed by the name that generex_group_up shows."""

    title: Text
    optional: bool = False
    anchor: Name | None = None
    readable: list[AddressRange] = Field(default=[])
    repeat: RepeatEntry | None = None
    trust: TrustEntry | None = None
    words: dict[Name, WordEntry] = Field(default={})


class IncludeEntry(Strict):
    """Words of another map: all with an address in `addresses`, into `group`, or whole `groups` as they are.

    With `at` the first goes there, with `function` they are read by that function code. By addresses,
    formulas and words that repeat stay behind.
    """

    map: Name
    addresses: list[Address] = Field(default=[])
    group: Name | None = None
    groups: list[Name] = Field(default=[])
    at: Address | None = None
    function: Literal[1, 2, 3, 4] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "IncludeEntry":
        by_address = len(self.addresses) == 2 and self.group is not None and not self.groups
        if not by_address and not (self.groups and not self.addresses and self.group is None):
            raise ValueError("write addresses: [FIRST, LAST] and a group, or groups")
        return self


class KnownByEntry(Strict):
    """What tells, beside its words, that a device has this list.

    The list has no words at the addresses `lacks`, although similar lists do. `copies` are 0/1 words that are
    not read, because each repeats a flag of the status word; those in `zeros` may be 0 whatever the flag.
    """

    lacks: list[AddressRange] = Field(default=[])
    copies: dict[Address, Name] = Field(default={})
    zeros: list[Address] = Field(default=[])


class MapEntry(Strict):
    """A map file. `short` is its name in a few words, `modules` come with it, each with the maps it reads.

    `not_available` are the numbers that mean so in every 16-bit word: −9999 unless given.
    """

    map: Name
    title: Text
    source: Text
    short: str = ""
    modules: dict[Name, Annotated[list[Name], Field(min_length=1)]] = Field(default={})
    sensors: bool = True
    known_by: KnownByEntry = Field(default=KnownByEntry())
    not_available: list[Annotated[int, Field(ge=-0x8000, le=0xFFFF)]] = Field(default=[-9999])
    metrics: dict[MetricName, MetricEntry] = Field(default={})
    flag_sets: dict[Name, Annotated[dict[Name, FlagEntry], Field(min_length=1)]] = Field(default={})
    include: list[IncludeEntry] = Field(default=[])
    groups: dict[Name, GroupEntry] = Field(default={})
