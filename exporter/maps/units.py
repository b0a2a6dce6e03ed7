"""The units of metrics, as Prometheus names them, and what others call them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """`symbol` as people write it, `ucum` for OTLP, `grafana` for boards.

    People read a value times `factor` in `read_as`, such as a ratio in per cent, or as it is without one.
    """

    symbol: str
    ucum: str
    grafana: str = "short"
    read_as: str = ""
    factor: float = 1


UNITS: Mapping[str, Unit] = {
    "amperes": Unit("A", "A", "amp"),
    "bytes": Unit("B", "By", "bytes"),
    "celsius": Unit("°C", "Cel", "celsius"),
    "grams": Unit("g", "g", "massg"),
    "hertz": Unit("Hz", "Hz", "hertz"),
    "joules": Unit("J", "J", "joule"),
    "meters": Unit("m", "m", "lengthm"),
    "ohms": Unit("Ω", "Ohm", "ohm", "mΩ", 1000),
    "pascals": Unit("Pa", "Pa", "pressurepa"),
    "percent": Unit("%", "%", "percent"),
    "ratio": Unit("", "1", "percentunit", "%", 100),
    "seconds": Unit("s", "s", "dtdurations"),
    "voltamperes": Unit("VA", "V.A", "voltamp"),
    "volts": Unit("V", "V", "volt"),
    "watts": Unit("W", "W", "watt"),
}
"""Every unit that the maps of the package have, and those that other lists have most."""

NO_UNIT = Unit("", "")
