"""Everything a scenario or a test can turn on the plant. What is not here follows from physics."""

from typing import Annotated, Literal

from pydantic import Field

from exporter.yamlfile import Strict

Fault = Literal[
    "battery_bad",
    "output_bad",
    "fan_failure",
    "fuse_failure",
    "general_fault",
    "diagnostic_test_failed",
    "inverter_failure",
    "inverter_warn",
    "dvg_alarm",
]
ServicePhase = Literal["none", "addressing", "searching", "initializing", "polling"]
BlockNumber = Annotated[int, Field(ge=1, le=330)]
Load = Annotated[float, Field(ge=0, le=2)]
Aux = Literal[0, 1]
Days = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=0, le=1)]

_AS_LIST = Field(strict=False)  # YAML has lists, frozen settings have tuples


class Knobs(Strict):
    """The plant's settings with their healthy values. Block and string numbers start at 1.

    Numbers beyond the simulated plant mean its last block or string, so that scenarios suit small plants too.
    """

    # the room and the mains
    mains: bool = True
    input_volts: Annotated[float, Field(ge=0, le=500)] = 230.0
    input_hertz: Annotated[float, Field(ge=0, le=70)] = 50.0
    room_celsius: Annotated[float, Field(ge=-20, le=60)] = 21.0
    season_kelvin: Annotated[float, Field(ge=0, le=20)] = 0.0  # warmer in summer, cooler in winter
    day_kelvin: Annotated[float, Field(ge=0, le=10)] = 0.0  # the same at noon and at midnight

    # the UPS
    load: Annotated[tuple[Load, Load, Load], _AS_LIST] = (0.42, 0.45, 0.40)  # ratio per phase
    output: bool = True  # false: output switched off as requested
    ups_off: bool = False  # whole UPS shut down as commanded
    bypass: bool = False
    eco: bool = False
    test: bool = False  # a battery test that really loads the battery
    self_test_days: Annotated[int, Field(ge=0, le=365)] = 0  # the UPS tests by itself so often; 0 never
    self_test_seconds: Annotated[float, Field(gt=0, le=3600)] = 600.0
    charger: bool = True
    faults: Annotated[tuple[Fault, ...], _AS_LIST] = ()

    # the battery
    charge: Ratio | None = None  # sets the state of charge once, when turned
    breaker: bool = True  # closed
    open_string: Annotated[int, Field(ge=1, le=10)] | None = None
    weak_block: BlockNumber | None = None
    runaway_block: BlockNumber | None = None
    # in how many days at 20 °C the resistance of each grows to twice its value
    failing_blocks: dict[BlockNumber, Days] = Field(default_factory=dict)
    replaced_block: BlockNumber | None = None  # a new block is put in, once, when turned
    drifting_sensor: BlockNumber | None = None  # the temperature it reads rises from month to month
    ground_fault: bool = False

    # the CS141
    answers: bool = True
    rebooting: bool = False  # every word reads 0
    ups_communication: bool = True  # false: the UPS words are frozen
    aux: Annotated[tuple[Aux, Aux, Aux, Aux], _AS_LIST] = (0, 0, 0, 0)
    tenths: bool = False  # volts, °C and Hz of the UPS ten times too large (device.md 1.4)

    # BACS
    bacs: Literal["present", "absent", "zeros"] = "present"
    bacs_starting: bool = False  # CONNECTED without RUNNING
    bacs_frozen: bool = False
    service: ServicePhase = "none"
    lost_modules: Annotated[tuple[BlockNumber, ...], _AS_LIST] = ()
    bus_cut_after: BlockNumber | None = None
    count_shrinks: bool = False  # whether a cut bus lowers NUMMODULES: not documented, so both exist
    old_firmware: bool = False  # 1005 is reserved, 1001 knows four bits (device.md 2.1, 3.3)

    # the SNMP_PROF gateway and its PLC
    gateway_counts: bool = True
    gateway_error: Annotated[int, Field(ge=0, le=255)] = 0
