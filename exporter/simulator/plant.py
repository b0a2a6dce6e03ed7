"""A UPS on its battery in a room: what knobs turn on it and what time does to it. Pure and deterministic."""

import math
from typing import Any

from exporter.simulator.ageing import DAY, YEAR
from exporter.simulator.bacs import watch
from exporter.simulator.battery import Battery
from exporter.simulator.jitter import jitter
from exporter.simulator.knobs import Knobs
from exporter.simulator.readings import Bacs, Phases, Ups

WATTS_PER_MODULE = 1000.0  # the UPS is as large as its battery suggests: 40 blocks, 40 kW
EFFICIENCY = 0.94
NOMINAL_VOLTS = 230.0
TOLERANCE = 0.15  # the rectifier takes mains within ±15 % and 47–53 Hz
LOW_BATTERY_SECONDS = 300.0
SHUTDOWN_PENDING_SECONDS = 120.0
SHUTDOWN_IMMINENT_SECONDS = 5.0  # RFC 1628 (device.md 1.3)
DEPLETED_CHARGE = 0.05
HOT_CELSIUS = 45.0
LONGEST_RUNTIME_MINUTES = 999.0
SHORT_STEP, LONG_STEP = 1.0, 600.0  # seconds: while current flows, and on float


class Plant:
    """A three-phase UPS with `strings` strings and `modules` battery blocks in all; no BACS with 0 modules.

    Time only moves in `advance`. The same calls always give the same readings.
    """

    def __init__(self, strings: int = 2, modules: int = 40, seed: int = 1) -> None:
        if not 1 <= strings <= 10:
            raise ValueError(f"strings is a number from 1 to 10, not {strings}")
        if modules != 0 and not strings <= modules <= 330:
            raise ValueError(f"modules is 0, or a number from {strings} (one a string) to 330, not {modules}")
        self.has_modules = modules > 0
        self.strings = strings
        self.modules = modules or 20 * strings
        self.battery = Battery(strings, self.modules, seed)
        self.knobs = Knobs()
        self.seconds = 0.0
        self.power_failures = 3
        self.gateway_counter = 1.0
        self._emptied = False  # battery ran empty: the output stays off until mains is back
        self._frozen_ups: Ups | None = None
        self._frozen_bacs: Bacs | None = None
        self._warm_up()

    def turn(self, changes: Knobs | None = None, **values: Any) -> None:
        """Turn some knobs: those set in `changes`, or the given ones. Raises pydantic's ValidationError."""
        changes = changes or Knobs(**values)
        ups, bacs = self.ups(), self.bacs()
        if "charge" in changes.model_fields_set and changes.charge is not None:
            self.battery.set_charge(changes.charge)
        mains_before = self.mains_good
        new = {name: getattr(changes, name) for name in changes.model_fields_set}
        self.knobs = self.knobs.model_copy(update=new)
        if mains_before and not self.mains_good:
            self.power_failures += 1
        knobs = self.knobs
        self.battery.weak = self._block(knobs.weak_block)
        self.battery.running_away = knobs.runaway_block is not None
        if knobs.runaway_block is not None:
            self.battery.runaway = self._block(knobs.runaway_block)
        if "failing_blocks" in changes.model_fields_set:
            days = changes.failing_blocks.items()
            self.battery.ageing.fail({min(block, self.modules) - 1: life for block, life in days})
        if changes.replaced_block is not None:
            self.battery.renew(min(changes.replaced_block, self.modules) - 1)
        if "drifting_sensor" in changes.model_fields_set:
            self.battery.ageing.drift(self._block(changes.drifting_sensor))
        self._frozen_ups = None if knobs.ups_communication else ups
        self._frozen_bacs = bacs if knobs.bacs_frozen else None
        self._run(0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass, in steps short enough for the physics however long the time is."""
        while seconds > 1e-9:
            quiet = self.mains_good and all(mode == "float" for mode in self.battery.modes)
            quiet = quiet and not self.battery.running_away and not self.testing
            step = min(seconds, self._until_test(LONG_STEP) if quiet else SHORT_STEP)
            self._run(step)
            seconds -= step

    @property
    def mains_good(self) -> bool:
        """Mains is there and within what the rectifier takes."""
        knobs = self.knobs
        return (
            knobs.mains
            and abs(knobs.input_volts / NOMINAL_VOLTS - 1) <= TOLERANCE
            and 47 <= knobs.input_hertz <= 53
        )

    @property
    def room_celsius(self) -> float:
        """The room by season and hour: the plant begins at midnight on the coldest day."""
        knobs = self.knobs
        season = -knobs.season_kelvin * math.cos(2 * math.pi * self.seconds / YEAR)
        return knobs.room_celsius + season - knobs.day_kelvin * math.cos(2 * math.pi * self.seconds / DAY)

    @property
    def testing(self) -> bool:
        """A battery test runs, started by hand or by the UPS's own schedule."""
        knobs = self.knobs
        if not knobs.self_test_days or self.seconds < knobs.self_test_days * DAY:
            return knobs.test
        return knobs.test or self.seconds % (knobs.self_test_days * DAY) < knobs.self_test_seconds

    def _until_test(self, most: float) -> float:
        """Seconds until the next scheduled test begins, at most `most`."""
        every = self.knobs.self_test_days * DAY
        return min(most, every - self.seconds % every) if every else most

    @property
    def energised(self) -> bool:
        """The load has power from this UPS's output."""
        knobs = self.knobs
        if not knobs.output or knobs.ups_off:
            return False
        return self.mains_good or (not knobs.bypass and not self._emptied and bool(self._closed))

    @property
    def on_battery(self) -> bool:
        """The load, or a battery test, draws on the battery."""
        if not self.energised or self.knobs.bypass or not self._closed:
            return False
        return not self.mains_good or (self.testing and self.battery.mean_charge > 0)

    @property
    def battery_watts(self) -> float:
        """What the present load takes, or would take, from the battery."""
        return sum(self._load()) / 3 * WATTS_PER_MODULE * self.modules / EFFICIENCY

    @property
    def runtime_seconds(self) -> float:
        """Autonomy at the present load; none while the breaker is open."""
        if self._emptied:
            return 0.0
        return min(self.battery.seconds_left(self.battery_watts, self._closed), LONGEST_RUNTIME_MINUTES * 60)

    def ups(self) -> Ups:
        """The UPS as the CS141 shows it: while communication is lost the last reading and the loss itself."""
        now = self._ups_now() if self._frozen_ups is None else self._frozen_ups
        if self.knobs.ups_communication:
            return now
        return Ups(
            **{
                **vars(now),
                "status": now.status | {"comm_lost"},
                "alarms": now.alarms | {"communication_lost"},
            }
        )

    def bacs(self) -> Bacs:
        """What BACS shows, frozen or live."""
        if self._frozen_bacs is not None:
            return self._frozen_bacs
        return watch(self.battery, self.knobs, int(self.seconds), self.room_celsius)

    @property
    def _closed(self) -> set[int]:
        """The strings that are connected to the UPS."""
        if not self.knobs.breaker:
            return set()
        opened = self.knobs.open_string
        return set(range(self.strings)) - ({min(opened, self.strings) - 1} if opened else set())

    def _block(self, number: int | None) -> int | None:
        return None if number is None else min(number, self.modules) - 1

    def _warm_up(self) -> None:
        """Begin as a plant that has been running for a day."""
        self.battery.recharge(86400.0, set(range(self.strings)), self.knobs.room_celsius)

    def _run(self, seconds: float) -> None:
        self.seconds += seconds
        if self.knobs.gateway_counts:
            self.gateway_counter += seconds
        room = self.room_celsius
        if self.on_battery:
            self.battery.discharge(seconds, self.battery_watts, self._closed, room)
            if all(self.battery.charge[string] <= 0 for string in self._closed):
                self._emptied = not self.mains_good
        elif self.mains_good and self.knobs.charger and not self.knobs.ups_off:
            self._emptied = False
            self.battery.recharge(seconds, self._closed, room)
        else:
            self._emptied = self._emptied and not self.mains_good
            drained = set() if self._emptied or self.knobs.ups_off else self._closed
            self.battery.rest(seconds, drained, room)

    def _load(self) -> Phases:
        """Load per phase as a ratio; it breathes by 2 % over minutes."""
        if not self.energised:
            return (0.0, 0.0, 0.0)
        one, two, three = (
            load * (1 + 0.02 * math.sin(self.seconds / 140 + 2.1 * phase))
            for phase, load in enumerate(self.knobs.load)
        )
        return (one, two, three)

    def _ups_now(self) -> Ups:
        knobs, tick = self.knobs, int(self.seconds)
        load = self._load()
        low, mean, high = (jitter(90 + phase, tick // 5) for phase in range(3))
        volts = knobs.input_volts if knobs.mains else 0.0
        noise = 1.0 if volts else 0.0
        hertz = knobs.input_hertz if knobs.mains else 0.0
        out = NOMINAL_VOLTS if self.energised else 0.0
        if self.energised and (knobs.bypass or knobs.eco):
            out = volts
        if "output_bad" in knobs.faults:
            out *= 0.85
        celsius = self.room_celsius + 4 + 12 * sum(load) / 3
        status, alarms = self._flags(celsius, max(load))
        return Ups(
            output_volts=(out, out, out),
            load=load,
            charge=self.battery.mean_charge,
            input_volts=(volts + noise * low, volts + noise * mean, volts + noise * high),
            celsius=celsius,
            runtime_minutes=self.runtime_seconds / 60,
            status=frozenset(status),
            battery_volts=self.battery.bus_volts,
            input_hertz=(hertz, hertz, hertz),
            power_failures=self.power_failures,
            alarms=frozenset(alarms),
        )

    def _flags(self, celsius: float, load: float) -> tuple[set[str], set[str]]:
        """Status and alarms. Mains failure alone is 12 (device.md 3.1): input bad is mains there but bad."""
        knobs, left = self.knobs, self.runtime_seconds
        bypassed = knobs.bypass and self.energised
        on_battery = self.on_battery
        dark = not self.energised
        conditions = [  # when, status bit, alarm word: the ten that both show, then those that one shows
            (bypassed, "bypass_mode", "on_bypass"),
            (on_battery, "backup_mode", "on_battery"),
            (left <= LOW_BATTERY_SECONDS and not dark, "battery_low", "battery_low"),
            (celsius >= HOT_CELSIUS, "over_temp", "over_temperature"),
            (self.testing and on_battery, "test_act", "test_in_progress"),
            (knobs.mains and not self.mains_good, "input_high", "input_bad"),
            (load > 1.0, "output_high", "output_overload"),
            ("battery_bad" in knobs.faults, "battery_bad", "battery_bad"),
            ("general_fault" in knobs.faults, "ups_failed", "general_fault"),
            (knobs.ups_off, "shutdown", "ups_off_as_requested"),
            (not dark, "output_act", None),
            (knobs.eco and not dark, "eco_mode", None),
            ("inverter_failure" in knobs.faults, "inverter_failure", None),
            ("inverter_warn" in knobs.faults, "inverter_warn", None),
            ("dvg_alarm" in knobs.faults, "dvg_alarm", None),
            (self.battery.mean_charge <= DEPLETED_CHARGE or not knobs.breaker, None, "battery_depleted"),
            ("output_bad" in knobs.faults, None, "output_bad"),
            (not self.mains_good, None, "bypass_bad"),
            (not knobs.output, None, "output_off_as_requested"),
            (not knobs.charger, None, "charger_failed"),
            (dark, None, "ups_output_off"),
            (knobs.ups_off, None, "ups_system_off"),
            ("fan_failure" in knobs.faults, None, "fan_failure"),
            ("fuse_failure" in knobs.faults, None, "fuse_failure"),
            ("diagnostic_test_failed" in knobs.faults, None, "diagnostic_test_failed"),
            (self._emptied, None, "awaiting_power"),
            (self._ends_within(SHUTDOWN_PENDING_SECONDS), None, "shutdown_pending"),
            (self._ends_within(SHUTDOWN_IMMINENT_SECONDS), None, "shutdown_imminent"),
        ]
        status = {bit for when, bit, _ in conditions if when and bit}
        alarms = {word for when, _, word in conditions if when and word}
        return status, alarms

    def _ends_within(self, seconds: float) -> bool:
        return self.on_battery and not self.mains_good and self.runtime_seconds <= seconds
