"""Values that cannot be: a wrong scale, or the wrong register map (operations 1.12). Pure.

This is the only such table: pages judge by it, the alert GenerexImplausible and the boards are made from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from exporter.reading.decode.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Limit:
    """What values of `metric`, in its unit, can be: from `least` to `most`, but for what is inside `gaps`.

    `threshold` is the name of `most` among the thresholds of the alerts, where it can be set for them. With
    `of_string` not every value is judged but the median of each string: one block may well be hot.
    """

    metric: str
    what: str
    most: float
    least: float = float("-inf")
    gaps: tuple[tuple[float, float], ...] = ()
    threshold: str = ""
    of_string: bool = False

    def allows(self, value: float) -> bool:
        """Whether there can be such a value."""
        return self.least <= value <= self.most and not any(low < value < high for low, high in self.gaps)


LIMITS = (
    # nothing, 50 or 60 Hz, 400 Hz
    Limit("generex_ups_input_frequency_hertz", "input frequency in Hz", 440, gaps=((0, 40), (70, 360))),
    Limit("generex_ups_input_volts", "input voltage in V", 1000, threshold="plausible_volts"),
    Limit("generex_ups_output_volts", "output voltage in V", 1000, threshold="plausible_volts"),
    Limit("generex_ups_output_load_ratio", "load as a ratio", 2, threshold="plausible_load"),
    Limit("generex_ups_battery_charge_ratio", "charge as a ratio", 1.05, threshold="plausible_charge"),
    Limit("generex_ups_temperature_celsius", "UPS temperature in °C", 100, threshold="plausible_ups_celsius"),
    Limit(
        "generex_bacs_module_temperature_celsius", "median block temperature in °C", 60,
        least=0, threshold="plausible_celsius", of_string=True,
    ),
)  # fmt: skip


def implausible(snapshot: Snapshot) -> tuple[Limit, ...]:
    """The limits that values of this pass break."""
    return tuple(
        limit for limit in LIMITS if not all(limit.allows(value) for value in _judged(snapshot, limit))
    )


def _judged(snapshot: Snapshot, limit: Limit) -> Iterator[float]:
    strings: dict[str, list[float]] = {}
    for series, raw in snapshot.readings.get(limit.metric, ()):
        value = series.samples(raw)[0][1]
        if limit.of_string:
            strings.setdefault(dict(series.labels).get("string", ""), []).append(value)
        else:
            yield value
    yield from map(median, strings.values())
