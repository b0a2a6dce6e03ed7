"""Strings of lead-acid blocks: charge, voltage, current and heat over time. Pure and deterministic.

State is kept per string and each block follows from it by what is particular to that block, so that a step
costs the same for 4 blocks and for 330. Healthy figures are those of device.md 6.1.
"""

import math
from typing import Literal

from exporter.simulator.ageing import Ageing
from exporter.simulator.jitter import jitter

BLOCK_AH = 40.0
FLOAT_VOLTS = 13.65  # at 20 °C
FLOAT_VOLTS_PER_KELVIN = -0.018  # −3 mV/K for each of six cells (operations.md 3)
FLOAT_AMPERES = 0.02
CHARGE_AMPERES = 0.3 * BLOCK_AH
TAPER_FROM = 0.9  # state of charge at which the charging current begins to fall
TAPER_SECONDS = (1.0 - TAPER_FROM) * BLOCK_AH * 3600 / CHARGE_AMPERES
FULL = 0.985  # from here on the charger floats
PEUKERT = 1.2
PEUKERT_AMPERES = BLOCK_AH / 10  # the ten-hour rate, at which the capacity is 40 Ah
POLARISATION = 2.0  # a loaded block sags by more than its impedance says
STANDBY_AMPERES = 0.5  # what the UPS draws from a battery that is not charged
HEAT_SECONDS = 1800.0
KELVIN_PER_SQUARE_AMPERE = 0.004
RUNAWAY_SECONDS = 90.0  # the heat of a block in thermal runaway grows e-fold in this time
RUNAWAY_LIMIT = 62.0  # K; the temperature word ends at 88.5 °C (device.md 2.4)
COOLING_SECONDS = 120.0  # quicker than real ones: what heated up is well again before a scenario ends

WEAK_CAPACITY = 0.4
WEAK_RESISTANCE = 1.9
WEAK_FLOAT_VOLTS = -0.2
WEAK_EQUALIZATION = 0.65

Mode = Literal["float", "charge", "discharge", "rest"]


def open_circuit_volts(charge: float) -> float:
    """Volts of an unloaded block. A charge below 0 is that of a weak block driven on by its neighbours."""
    volts = 11.6 + 1.25 * charge
    if charge < 0.15:
        volts -= ((0.15 - charge) / 0.15) ** 2
    return max(volts, 1.0)


class Battery:
    """`strings` parallel strings with `modules` blocks in all, contiguous slices as in device.md 2.4."""

    def __init__(self, strings: int, modules: int, seed: int = 1) -> None:
        self.strings = strings
        self.modules = modules
        self.string_of = [module * strings // modules for module in range(modules)]
        self.sizes = [self.string_of.count(string) for string in range(strings)]
        self.charge = [1.0] * strings
        self.amperes = [0.0] * strings  # negative: discharge
        self.heat = [0.0] * strings
        self.modes: list[Mode] = ["float"] * strings
        self.runaway_heat = 0.0
        self.weak: int | None = None
        self.runaway: int | None = None  # stays set while the block cools down again
        self.running_away = False
        self._seed = seed
        self._base_milliohms = [_milliohms(module, seed) for module in range(modules)]
        self._base_volts = [0.04 * jitter(module + 1, seed + 1) for module in range(modules)]
        self._base_kelvin = [0.8 + 0.7 * jitter(module + 1, seed + 2) for module in range(modules)]
        self.ageing = Ageing(self.string_of, seed)

    @property
    def mean_charge(self) -> float:
        """State of charge of all strings together, 0…1."""
        return sum(self.charge) / self.strings

    @property
    def bus_volts(self) -> float:
        """Volts at the battery terminals: the mean of the strings that carry current, else of all."""
        volts = [self.string_volts(string) for string in range(self.strings)]
        live = [v for v, mode in zip(volts, self.modes, strict=True) if mode != "rest"] or volts
        return sum(live) / len(live)

    def seconds_left(self, watts: float, closed: set[int]) -> float:
        """How long the closed strings carry a load of `watts`, by Peukert's law at 12 V a block."""
        if not closed:
            return 0.0
        if watts <= 0:
            return math.inf
        amperes = watts / (12.0 * sum(self.sizes[string] for string in closed))
        charge = sum(self.charge[string] for string in closed) / len(closed)
        return max(charge, 0.0) * BLOCK_AH * 3600 / _peukert(amperes)

    def discharge(self, seconds: float, watts: float, closed: set[int], room: float) -> None:
        """Draw `watts` from the closed strings; they share by their voltage and resistance."""
        amperes = self._share(watts, closed)
        for string in range(self.strings):
            if string in closed and amperes[string] > 0:
                self.modes[string] = "discharge"
                self.amperes[string] = -amperes[string]
                used = _peukert(amperes[string]) * seconds / 3600 / BLOCK_AH
                self.charge[string] = max(self.charge[string] - used, 0.0)
            else:
                self._rest(string, seconds, 0.0)
        self._warm(seconds, room)

    def recharge(self, seconds: float, closed: set[int], room: float) -> None:
        """Charge the closed strings: constant current, then a falling one, then float."""
        for string in range(self.strings):
            if string not in closed:
                self._rest(string, seconds, 0.0)
                continue
            charge = self.charge[string]
            taper = min(1.0, (1.0 - charge) / (1.0 - TAPER_FROM))
            amperes = max(CHARGE_AMPERES * taper, FLOAT_AMPERES)
            if taper < 1:  # what is missing decays: exact however long the step
                self.charge[string] = 1.0 - (1.0 - charge) * math.exp(-seconds / TAPER_SECONDS)
            else:
                self.charge[string] = min(1.0, charge + amperes * seconds / 3600 / BLOCK_AH)
            self.modes[string] = "float" if self.charge[string] >= FULL else "charge"
            self.amperes[string] = FLOAT_AMPERES if self.modes[string] == "float" else amperes
            if self.runaway is not None and self.string_of[self.runaway] == string:
                self.amperes[string] += 0.05 * self.runaway_heat
        self._warm(seconds, room)

    def rest(self, seconds: float, closed: set[int], room: float) -> None:
        """No charger: the UPS's own small draw from the closed strings."""
        for string in range(self.strings):
            self._rest(string, seconds, STANDBY_AMPERES if string in closed else 0.0)
        self._warm(seconds, room)

    def string_volts(self, string: int) -> float:
        """Sum of a string's block voltages."""
        return math.fsum(self.block_volts(m) for m in range(self.modules) if self.string_of[m] == string)

    def block_volts(self, module: int, tick: int = 0) -> float:
        """Volts of one block (counted from 0), with the millivolts of noise that a live measurement has."""
        string = self.string_of[module]
        charge, amperes, mode = self.charge[string], self.amperes[string], self.modes[string]
        noise = 0.002 * jitter(module + 1, tick + self._seed)
        if mode in ("float", "charge"):
            volts = FLOAT_VOLTS + FLOAT_VOLTS_PER_KELVIN * self.heat[string] + self._base_volts[module]
            volts += self.ageing.float_shift(module, self.sizes[string])
            if mode == "charge":
                volts = min(volts, 12.7 + 1.05 * charge + self._base_volts[module])
            if self.weak is not None and self.string_of[self.weak] == string:
                # the charger holds the whole string: what the weak block lacks its neighbours get
                others = max(self.sizes[string] - 1, 1)
                volts += WEAK_FLOAT_VOLTS if module == self.weak else -WEAK_FLOAT_VOLTS / others
            return volts + noise
        capacity = WEAK_CAPACITY if module == self.weak else self.ageing.capacity(module)
        charge = 1 - (1 - charge) / capacity
        sag = -amperes * self.block_milliohms(module) / 1000 * POLARISATION
        return max(open_circuit_volts(charge) - sag + 0.3 * self._base_volts[module] + noise, 0.5)

    def block_milliohms(self, module: int, tick: int = 0) -> float:
        """Internal resistance of one block after `tick` hours of the plant; 1.9 times it of a weak one."""
        milliohms = self._base_milliohms[module] + 0.02 * jitter(module + 1, tick + self._seed)
        milliohms *= self.ageing.resistance(module, tick)
        return milliohms * (WEAK_RESISTANCE if module == self.weak else 1.0)

    def block_celsius(self, module: int, room: float) -> float:
        """Temperature of one block in a room of `room` °C, as its sensor reads it."""
        own = self.runaway_heat if module == self.runaway else 0.0
        own += self.ageing.sensor_kelvin(module)
        return room + self._base_kelvin[module] + self.heat[self.string_of[module]] + own

    def block_equalization(self, module: int, tick: int = 0) -> float:
        """Equalizing level 0…1: 0…0.21 in a healthy string (device.md 6.1), none during a discharge."""
        if self.modes[self.string_of[module]] not in ("float", "charge"):
            return 0.0
        if module == self.weak:
            return WEAK_EQUALIZATION
        return max(0.0, min(0.21, 0.10 + 1.5 * self._base_volts[module] + 0.04 * jitter(module + 1, tick)))

    def set_charge(self, charge: float) -> None:
        """Put all strings at one state of charge, 0…1."""
        self.charge = [charge] * self.strings

    def renew(self, module: int) -> None:
        """Put a new block, with a resistance of its own, in the place of this one."""
        self.ageing.renew(module)
        self._base_milliohms[module] = _milliohms(module + 1000, self._seed)

    def _share(self, watts: float, closed: set[int]) -> list[float]:
        """Each string's amperes: sources with their resistances in parallel on a load of constant power."""
        sources = [self._source(string) for string in range(self.strings)]
        live = {string for string in closed if self.charge[string] > 0}
        if not live or watts <= 0:
            return [0.0] * self.strings
        short_circuit = sum(sources[s][0] / sources[s][1] for s in live)
        conductance = sum(1 / sources[s][1] for s in live)
        # conductance·V² − short_circuit·V + watts = 0; below 0 the load is more than the battery can give
        root = math.sqrt(max(short_circuit**2 - 4 * conductance * watts, 0.0))
        volts = (short_circuit + root) / (2 * conductance)
        return [
            max((volts_open - volts) / ohms, 0.0) if string in live else 0.0
            for string, (volts_open, ohms) in enumerate(sources)
        ]

    def _source(self, string: int) -> tuple[float, float]:
        size, charge = self.sizes[string], self.charge[string]
        ohms = 4.75e-3 * POLARISATION * size
        volts = size * open_circuit_volts(charge)
        if self.weak is not None and self.string_of[self.weak] == string:
            volts += open_circuit_volts(1 - (1 - charge) / WEAK_CAPACITY) - open_circuit_volts(charge)
            ohms += 4.75e-3 * POLARISATION * (WEAK_RESISTANCE - 1)
        return volts, ohms

    def _rest(self, string: int, seconds: float, amperes: float) -> None:
        self.modes[string] = "rest"
        self.amperes[string] = -amperes if self.charge[string] > 0 else 0.0
        self.charge[string] = max(self.charge[string] - amperes * seconds / 3600 / BLOCK_AH, 0.0)

    def _warm(self, seconds: float, room: float) -> None:
        self.ageing.age(seconds, room, self.heat)
        decay = math.exp(-seconds / HEAT_SECONDS)
        for string in range(self.strings):
            final = KELVIN_PER_SQUARE_AMPERE * self.amperes[string] ** 2
            self.heat[string] = final + (self.heat[string] - final) * decay
        if self.running_away:
            grown = max(self.runaway_heat, 1.0) * math.exp(min(seconds / RUNAWAY_SECONDS, 10))
            self.runaway_heat = min(grown, RUNAWAY_LIMIT, 88.0 - room - 12.0)
        else:
            self.runaway_heat *= math.exp(-seconds / COOLING_SECONDS)


def _milliohms(block: int, seed: int) -> float:
    """The resistance of a new block: 4.75 mΩ and up to 0.6 more or less (device.md 6.1)."""
    return 4.75 + 0.6 * jitter(block + 1, seed)


def _peukert(amperes: float) -> float:
    """The current at which a full block would be empty after 40 Ah, for a discharge with `amperes`."""
    if amperes <= PEUKERT_AMPERES:
        return amperes
    return amperes * math.pow(amperes / PEUKERT_AMPERES, PEUKERT - 1)
