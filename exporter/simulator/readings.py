"""What the CS141 knows at one moment, in plain units and names; registers.py writes it as words."""

from dataclasses import dataclass

Names = frozenset[str]
Phases = tuple[float, float, float]


@dataclass(frozen=True)
class Ups:
    """The UPS as the CS141 last heard from it. Flag names are those of design.md 2.4."""

    output_volts: Phases
    load: Phases  # ratio
    charge: float  # ratio
    input_volts: Phases
    celsius: float
    runtime_minutes: float
    status: Names
    battery_volts: float
    input_hertz: Phases
    power_failures: int
    alarms: Names


@dataclass(frozen=True)
class String:
    """One string: amperes are negative while it discharges (device.md 2.2)."""

    amperes: float
    volts: float
    average_volts: float
    ripple_amperes: float


@dataclass(frozen=True, slots=True)
class Block:
    """One battery block as its module measures it."""

    celsius: float
    volts: float
    milliohms: float
    alarms: Names
    equalization: float  # ratio


@dataclass(frozen=True)
class Bacs:
    """The BACS part; `blocks` holds the modules that answer, by module number from 1."""

    state: Names
    state_1: Names
    alarms: Names
    alarms_1: Names
    modules: int  # NUMMODULES as the device counts
    strings: tuple[String, ...]
    blocks: dict[int, Block]
