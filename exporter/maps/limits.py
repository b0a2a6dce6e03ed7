"""What a quantity can be, by the metric that it becomes (operations 1.12). Pure.

Decoding takes a raw word of all ones, or an extreme of a signed word, as absent where its value is outside.
Other values outside are exported, and pages, boards and the alert GenerexImplausible doubt those that
`LIMITS` names. discover/words.py has narrower limits besides, as volts, hertz and degrees in tenths or of a
shifted list would often be within these.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """What values of `metric`, in its unit, can be: from `least` to `most`, but for what is inside `gaps`.

    `what` tells people which quantity it is, where pages doubt it. `threshold` is the name of `most` among
    the thresholds of the alerts, where it can be set for them. With `of_string` not every value is judged but
    the median of each string: one block may well be hot.
    """

    metric: str
    least: float
    most: float
    what: str = ""
    gaps: tuple[tuple[float, float], ...] = ()
    threshold: str = ""
    of_string: bool = False

    def allows(self, value: float) -> bool:
        """Whether there can be such a value."""
        return self.least <= value <= self.most and not any(low < value < high for low, high in self.gaps)


LIMITS = (
    # nothing, 50 or 60 Hz, 400 Hz
    Limit("generex_ups_input_frequency_hertz", 0, 440, "input frequency in Hz", gaps=((0, 40), (70, 360))),
    Limit("generex_ups_input_volts", 0, 1000, "input voltage in V", threshold="plausible_volts"),
    Limit("generex_ups_output_volts", 0, 1000, "output voltage in V", threshold="plausible_volts"),
    Limit("generex_ups_output_load_ratio", 0, 2, "load as a ratio", threshold="plausible_load"),
    Limit("generex_ups_battery_charge_ratio", 0, 1.05, "charge as a ratio", threshold="plausible_charge"),
    # two weeks: less than the 22 days of 0x7FFF minutes
    Limit("generex_ups_battery_runtime_seconds", 0, 14 * 86400, "runtime in s"),
    Limit("generex_ups_battery_volts", 0, 1500, "battery voltage in V"),
    # no UPS that works is colder
    Limit(
        "generex_ups_temperature_celsius", -40, 100, "UPS temperature in °C",
        threshold="plausible_ups_celsius",
    ),
    Limit("generex_bacs_string_volts", 0, 1500, "string voltage in V"),
    Limit(
        "generex_bacs_module_temperature_celsius", 0, 60, "median block temperature in °C",
        threshold="plausible_celsius", of_string=True,
    ),
)  # fmt: skip
"""What pages, boards and the alert doubt."""

_OF_WORDS = (
    *LIMITS,
    Limit("generex_ups_output_frequency_hertz", 0, 440),
    Limit("generex_bacs_string_current_amperes", -10_000, 10_000),
    # a block of 24 V at most: less than the 32.767 V of 0x7FFF
    Limit("generex_bacs_string_module_average_volts", 0, 32),
    Limit("generex_bacs_string_ripple_current_amperes", 0, 10_000),
    # a single block, in place of the median above; a module's raw word begins at −39 °C (device.md 2.4)
    Limit("generex_bacs_module_temperature_celsius", -39, 150),
    Limit("generex_bacs_module_volts", 0, 32),
    # the modules measure up to 110 mΩ (device.md 6.1)
    Limit("generex_bacs_module_resistance_ohms", 0, 0.3),
    Limit("generex_bacs_module_equalization_ratio", 0, 1.05),
    Limit("generex_sensor_temperature_celsius", -100, 300),
    Limit("generex_sensor_humidity_ratio", 0, 1.05),
    # for metrics that no built-in map has, by the unit in their name: wide, as nothing else is known
    Limit("celsius", -100, 2000),
    Limit("hertz", 0, 5000),
    Limit("ratio", -10, 100),
    Limit("volts", -20_000, 20_000),
)
_BY_NAME: Mapping[str, Limit] = {limit.metric: limit for limit in _OF_WORDS}


def limit_of(metric: str) -> Limit | None:
    """What a single value of a metric can be, for one without an entry of its own by the unit in its name."""
    return _BY_NAME.get(metric) or _BY_NAME.get(metric.rpartition("_")[2])
