"""What months do to battery blocks: wear by warmth, blocks that fail, new ones, sensors that drift. Pure."""

from collections.abc import Mapping

from exporter.simulator.jitter import jitter

YEAR = 365 * 86400.0
DAY = 86400.0
WEAR_CELSIUS = 20.0  # life halves per 10 K above (C&D, operations.md 3)
HEALTHY_GROWTH = 0.04  # of the resistance in a year; blocks differ by half of it
COOLER_PER_KELVIN = -0.008  # resistance of a block by the room's temperature, from 21 °C
ROOM_CELSIUS = 21.0
WANDER = 0.015  # what a measuring lead adds or takes, from week to week
CAPACITY_LOST = 0.6  # of a failing block's capacity, while its resistance grows by its whole self
LEAST_CAPACITY = 0.3
FLOAT_SHIFT = -0.12  # volts of a failing block on float, while its resistance grows by its whole self
DRIFT_KELVIN = 12.0  # what a drifting sensor reads too much after a year


class Ageing:
    """The wear of `modules` blocks (counted from 0), each in the string that `string_of` says."""

    def __init__(self, string_of: list[int], seed: int) -> None:
        modules = range(len(string_of))
        self._string_of = string_of
        self._seed = seed
        self._growth = [HEALTHY_GROWTH * (1 + 0.5 * jitter(m + 1, seed + 3)) for m in modules]
        self._age = [0.0] * (max(string_of) + 1)  # seconds at 20 °C, of each string
        self._new_at = [0.0] * len(string_of)  # the age of the string when the block was put in
        self._fails_in: dict[int, tuple[float, float]] = {}  # the age at which it began, and seconds to twice
        self._drifting: int | None = None
        self._drift = 0.0
        self._room = ROOM_CELSIUS

    def fail(self, blocks: Mapping[int, float]) -> None:
        """From now on the resistance of these blocks grows, to twice its value in so many days at 20 °C."""
        for module in self._fails_in.keys() - blocks.keys():
            del self._fails_in[module]
        for module, days in blocks.items():
            began = self._fails_in.get(module, (self._age[self._string_of[module]], 0.0))[0]
            self._fails_in[module] = (began, days * DAY)

    def renew(self, module: int) -> None:
        """Put a new block in the place of this one."""
        self._fails_in.pop(module, None)
        self._new_at[module] = self._age[self._string_of[module]]

    def drift(self, module: int | None) -> None:
        """Let the temperature sensor of a block drift from now on, or none."""
        self._drifting = module
        self._drift = 0.0

    def age(self, seconds: float, room: float, heat: list[float]) -> None:
        """Let time pass in a room of `room` °C; `heat` is what each string has above it."""
        self._room = room
        self._drift += DRIFT_KELVIN * seconds / YEAR
        for string, kelvin in enumerate(heat):
            self._age[string] += seconds * 2 ** ((room + kelvin - WEAR_CELSIUS) / 10)

    def loss(self, module: int) -> float:
        """How far a failing block is on its way, 0 for one that does not fail, 1 at twice its resistance."""
        began, seconds = self._fails_in.get(module, (0.0, 0.0))
        if not seconds:
            return 0.0
        return ((self._age[self._string_of[module]] - began) / seconds) ** 2

    def resistance(self, module: int, hour: int) -> float:
        """The resistance that a block shows against its own when it was new; `hour` is the plant's."""
        age = self._age[self._string_of[module]] - self._new_at[module]
        worn = 1 + self._growth[module] * age / YEAR + self.loss(module)
        return worn * (1 + COOLER_PER_KELVIN * (self._room - ROOM_CELSIUS)) * (1 + self._wander(module, hour))

    def capacity(self, module: int) -> float:
        """What is left of a block's capacity, as a ratio."""
        return max(1 - CAPACITY_LOST * self.loss(module), LEAST_CAPACITY)

    def float_shift(self, module: int, size: int) -> float:
        """Volts that a block has more on float; the charger holds its string of `size` blocks as a whole."""
        if not self._fails_in or size < 2:
            return 0.0
        own = FLOAT_SHIFT * min(self.loss(module), 2.0)
        string = self._string_of[module]
        others = (
            FLOAT_SHIFT * min(self.loss(m), 2.0) for m in self._fails_in if self._string_of[m] == string
        )
        return own - (sum(others) - own) / (size - 1)

    def sensor_kelvin(self, module: int) -> float:
        """What the temperature sensor of a block reads too much."""
        return self._drift if module == self._drifting else 0.0

    def _wander(self, module: int, hour: int) -> float:
        week, into = divmod(hour, 168)
        # the first moment is that of the calibration: nothing has wandered yet
        one, other = (jitter(module + 1, w + self._seed + 40) if w else 0.0 for w in (week, week + 1))
        return WANDER * (one + (other - one) * into / 168)
