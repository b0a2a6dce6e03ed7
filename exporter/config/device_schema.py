"""The YAML form of a device, and of a module, whose keys stand in devices too."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from exporter.config.fields import (
    Bacs,
    Day,
    Duration,
    LabelName,
    LabelValue,
    ModuleName,
    Name,
    Number,
    Ohms,
    PlainText,
    PositiveDuration,
    Scale,
    Section,
    SensorNumber,
    TargetText,
    Unit,
    Volts,
    number_key,
)
from exporter.maps import DEFAULT_MODULE

MAX_STRINGS = 10
MAX_MODULES = 330
PROF_WORDS = 50  # the SNMP_PROF frame (design 2.5)

StringNumber = Annotated[int, Field(ge=1, le=MAX_STRINGS)]
ModuleNumber = Annotated[int, Field(ge=1, le=MAX_MODULES)]


class OverrideEntry(Section):
    """Another scale or offset for one word."""

    scale: Scale | None = Field(
        default=None, description="Factor that replaces the map's: value = word × scale + offset."
    )
    offset: Number | None = Field(
        default=None, description="Summand that replaces the map's, in the unit of the metric."
    )


class ProfEntry(Section):
    """Address of the SNMP_PROF gateway frame, and when it counts as frozen."""

    base_address: Annotated[int, Field(ge=0, le=0x10000 - PROF_WORDS)] = Field(
        default=0, description="0-based address of the frame's first word in the PLC."
    )
    stale_after: PositiveDuration = Field(
        default=60.0,
        json_schema_extra={"default": "1m"},
        description="A frame whose counter has not moved for this long is not valid.",
    )


class OptionsEntry(Section):
    """Options of modules and devices; the device's win."""

    timeout: PositiveDuration = Field(
        default=5.0,
        json_schema_extra={"default": "5s"},
        description="Longest time for a whole read pass; the scrape's own deadline may be shorter.",
    )
    request_timeout: PositiveDuration = Field(
        default=1.0,
        json_schema_extra={"default": "1s"},
        description="Longest wait for one Modbus answer, once a gateway is free for it; at most `timeout`, "
        "and never above it by default.",
    )
    pacing: Duration = Field(
        default=0.0,
        json_schema_extra={"default": "0s"},
        description="Pause between two requests, for devices that need one; shorter than `timeout`.",
    )
    connect_delay: Duration = Field(
        default=0.0,
        json_schema_extra={"default": "0s"},
        description="Pause between connecting and the first request, for devices that ignore early requests; "
        "shorter than `timeout`.",
    )
    any_transaction: bool = Field(
        default=False,
        description="Accept answers with any transaction number, for a Modbus/TCP device that does not "
        "repeat that of the request. Late answers then look like right ones.",
    )
    idle_close: Duration = Field(
        default=300.0,
        json_schema_extra={"default": "5m"},
        description="Close the connection after this long without a pass; 0s closes it after each pass.",
    )
    max_words: Annotated[int, Field(ge=1, le=125)] = Field(
        default=125, description="Most words asked for in one request, 1 to 125."
    )
    function: Literal[3, 4] | None = Field(
        default=None,
        description="Function code for all registers, 3 or 4, for devices that know only one of them; the "
        "default is that of the map, which is 3 for a CS141.",
    )
    bacs: Bacs = Field(
        default="auto",
        description="auto looks for a BACS from time to time, required reports a missing one as down, off "
        "never asks. Where nothing else is read, auto is required.",
    )
    module_flags: Literal["all", "set"] = Field(
        default="all",
        description="all exports every alarm flag of every battery module, set only the active ones.",
    )
    prof: ProfEntry = Field(
        default=ProfEntry(),
        description="Address of the gateway frame of the map prof, and when it is stale.",
    )
    overrides: dict[PlainText, OverrideEntry] = Field(
        default={},
        description="Other scales and offsets by word, such as ups.input_volts_1; "
        "the device's win key by key.",
    )


class ModuleEntry(OptionsEntry):
    """A named set of maps and options that devices share."""

    maps: Annotated[list[ModuleName], Field(min_length=1)] = Field(
        description="Names of the register maps that are read, built-in or the user's own."
    )


class BlockEntry(Section):
    """Known facts about one battery block."""

    installed: Day | None = Field(
        default=None,
        description="The day it was installed, such as 2026-03-01; earlier measurements belong to another "
        "block.",
    )
    baseline: Ohms | None = Field(
        default=None, description="Its resistance when new, in ohms: 0.0042 is 4.2 mΩ."
    )


class ExpectEntry(Section):
    """Known facts about the device, with which alerts notice a lost part and know normal values."""

    strings: Annotated[int, Field(ge=0, le=MAX_STRINGS)] = Field(
        default=0, description=f"Number of battery strings, at most {MAX_STRINGS}; 0 leaves it to the device."
    )
    modules: Annotated[int, Field(ge=0, le=MAX_MODULES)] = Field(
        default=0, description=f"Number of BACS modules, at most {MAX_MODULES}; 0 leaves it to the device."
    )
    phases: Annotated[int, Field(ge=1, le=3)] | None = Field(
        default=None,
        description="Phases of input and output; further phases are not judged, and one of these that never "
        "had voltage raises an alert.",
    )
    output_volts: Volts | None = Field(
        default=None,
        description="Nominal output voltage, as the UPS reports it; else the median of the last day.",
    )
    input_volts: Volts | None = Field(
        default=None,
        description="Nominal input voltage, as the UPS reports it; else the median of the last day.",
    )
    chemistry: Literal["vrla", "lfp"] | None = Field(
        default=None,
        description="lfp (lithium) turns off alerts whose limits are for lead-acid; the default is vrla.",
    )
    cells_per_block: Annotated[int, Field(ge=1, le=24)] | None = Field(
        default=None, description="Cells in series in a battery block; else guessed from its voltage."
    )
    string_groups: list[list[StringNumber]] = Field(
        default=[],
        description="Strings whose currents compare with each other, such as [[1, 3], [2, 4]] where 2 and 4 "
        "are the lower halves of centre-tapped strings; the strings not named compare with each other.",
    )

    runtime: PositiveDuration | None = Field(
        default=None,
        description="How long the UPS should carry its load without mains, such as 10m; a shorter estimate "
        "on mains raises an alert.",
    )
    test_every: PositiveDuration | None = Field(
        default=None,
        description="How often the battery should pass a test, such as 90d; an overdue test raises an alert. "
        "Prometheus must keep its data for longer.",
    )
    test_lasts: PositiveDuration | None = Field(
        default=None,
        description="How long a battery test should take, such as 10m; a shorter test raises an alert.",
    )
    redundancy_group: PlainText | None = Field(
        default=None,
        description="UPSs of one group back each other up, as a 2N pair does: together they may carry as "
        "much as all but one of them, if all have the same size.",
    )
    blocks: dict[Annotated[ModuleNumber, BeforeValidator(number_key)], BlockEntry] = Field(
        default={}, description="Known facts about battery blocks, by the number of their module."
    )

    @field_validator("string_groups")
    @classmethod
    def _each_string_once(cls, groups: list[list[int]]) -> list[list[int]]:
        numbers = [number for group in groups for number in group]
        for number in numbers:
            if numbers.count(number) > 1:
                raise ValueError(f"string {number} is there twice: a string is in one group")
        if any(len(group) < 2 for group in groups):
            raise ValueError("a group of fewer than two strings has nothing to compare")
        return groups


class SensorEntry(Section):
    """An analogue sensor at the CS141's SENSORMANAGER."""

    name: Name = Field(description="Text of the label `sensor`, different for every sensor of the device.")
    kind: Literal["temperature", "humidity", "value"] = Field(
        description="temperature and humidity have their own metrics; value is anything else."
    )
    scale: Scale = Field(
        description="Word × scale is °C, %RH or the value itself: 0.1 if the word counts tenths."
    )


class DeviceEntry(OptionsEntry):
    """A device that is read."""

    target: TargetText = Field(
        description="Where the device is: tcp://HOST[:502][?unit=N], "
        "rtu:///dev/ttyUSB0?baudrate=9600&parity=E&stopbits=1[&unit=N], rtu-tcp://HOST:PORT, "
        "or HOST[:PORT] alone for tcp. An address is four plain decimal numbers, or IPv6 in brackets; other "
        "number-like forms, such as 10.0.0.010, are refused. One place has one transport."
    )
    name: Name | None = Field(
        default=None, description="Text of the label `device`; the default is the address of the target."
    )
    unit: Unit | None = Field(
        default=None,
        description="Modbus unit id, 0 to 255, if the target does not give it; the default is 1.",
    )
    module: ModuleName | None = Field(
        default=None, description=f"Name of the module; the default is that of --module ({DEFAULT_MODULE})."
    )
    labels: dict[LabelName, LabelValue] = Field(
        default={},
        description="Labels that every series of this device carries, such as site or rack.",
        json_schema_extra={"additionalProperties": False},
    )
    expect: ExpectEntry = Field(
        default=ExpectEntry(),
        description="Known facts about the device. For strings and modules the largest number counts: this "
        "one, the device's own, or the number seen.",
    )
    sensors: dict[SensorNumber, SensorEntry] = Field(
        default={},
        description="Analogue sensors by number, 1 to 8; only the ones named here are exported.",
        json_schema_extra={"propertyNames": {"pattern": "^[1-8]$"}},
    )
