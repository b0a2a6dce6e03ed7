"""What was asked of a Prometheus about one device. Days are of UTC; NaN stands for what is not known."""

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

DAY = 86400
HOUR = 3600

Days: TypeAlias = "array[float]"
"""One value for each day of the period."""


@dataclass(frozen=True)
class Period:
    """Whole days of UTC from `start`, in seconds of the epoch."""

    start: int
    days: int

    @property
    def end(self) -> int:
        """The moment at which the last day is over."""
        return self.start + self.days * DAY

    def unknown(self, each: int = DAY) -> Days:
        """A value for each day, or other part of the period, none of them known yet."""
        return array("d", [math.nan]) * (self.days * DAY // each)

    def index(self, at: float, each: int = DAY) -> int:
        """The day, or other part, that is over at `at`."""
        return round((at - self.start) / each) - 1

    def day(self, at: float) -> int:
        """The day that `at` is in, or the nearest of the period."""
        return min(max(int((at - self.start) // DAY), 0), self.days - 1)


def utc(at: float) -> datetime:
    """The time in UTC."""
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True, order=True)
class Place:
    """A device by its labels; `site` is "" where it has none."""

    site: str
    device: str


@dataclass(frozen=True, order=True)
class BlockKey:
    """A block of a device; `string` is "" where it is not known."""

    string: str
    module: str


BlockDays = dict[BlockKey, Days]


@dataclass(frozen=True)
class Occurrence:
    """From when to when something was so, in seconds of the epoch.

    `began` and `ended` say whether its beginning and its end were seen: there may have been a gap.
    """

    start: float
    end: float
    began: bool = True
    ended: bool = True

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Discharge:
    """One discharge. Volts are of blocks: their lowest in it, and at its end. None is not known.

    `kind` is "outage", "test", "alone" where BACS saw it and the UPS said that it was on mains, or "unknown"
    where the UPS said nothing.
    """

    when: Occurrence
    kind: str
    charge_before: float | None = None
    charge: float | None = None
    runtime: float | None = None
    load: float | None = None
    lowest: Mapping[BlockKey, float] = field(default_factory=dict)
    at_end: Mapping[BlockKey, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Test:
    """One test. `failed` is what the UPS said after it.

    None where it says nothing of that, and where the mains failed in a test that had not failed.
    """

    when: Occurrence
    failed: bool | None


@dataclass
class Gathered:
    """Everything about one device.

    `seen` are shares of each hour, by what was seen: the device, its UPS, its blocks. `rules` says how often
    the rules recorded in an hour. `failures` are what the counter of power failures said, hour by hour.
    `alarms` and `block_flags` are minutes of each day. Of `untold` hours with a discharge or test nothing
    more was asked.
    """

    place: Place
    interval: float
    seen: dict[str, Days] = field(default_factory=dict)
    rules: Days = field(default_factory=lambda: array("d"))
    failures: tuple[float, ...] = ()
    load_mean: Days = field(default_factory=lambda: array("d"))
    load_most: Days = field(default_factory=lambda: array("d"))
    discharges: tuple[Discharge, ...] = ()
    tests: tuple[Test, ...] = ()
    untold: int = 0
    alarms: dict[tuple[str, str], Days] = field(default_factory=dict)
    block_flags: dict[tuple[BlockKey, str], Days] = field(default_factory=dict)
    resistance: BlockDays = field(default_factory=dict)
    volts: BlockDays = field(default_factory=dict)
    temperature: BlockDays = field(default_factory=dict)
    warmest: BlockDays = field(default_factory=dict)
    equalising: BlockDays = field(default_factory=dict)
    present: dict[BlockKey, bool] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    installed: dict[str, float] = field(default_factory=dict)
    chemistry: str = ""

    @property
    def watched(self) -> tuple[int, ...]:
        """The hours of which more was seen than the one pass beside a gap, so that rules had to record."""
        return tuple(hour for hour, share in enumerate(self.seen["device"]) if share > 0.1)
