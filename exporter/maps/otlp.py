"""What a metric is called over OTLP: `hw.*` where OpenTelemetry has a name for it, else `generex.*`.

Names, units, instruments and required attributes of `hw.*` are those of the hardware conventions at v1.44
(peers.md 4.1; their stability is Development). Units are UCUM.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from exporter.maps.units import UNITS

Instrument = Literal["gauge", "counter", "updowncounter"]
PREFIX = "generex."
_PLACEHOLDER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")


@dataclass(frozen=True)
class Convention:
    """A metric of the hardware conventions."""

    unit: str
    description: str
    instrument: Instrument = "gauge"
    required: tuple[str, ...] = ("hw.id",)


CONVENTIONS: Mapping[str, Convention] = {
    "hw.battery.charge": Convention("1", "Charge of the battery as a fraction of full."),
    "hw.battery.time_left": Convention(
        "s", "Time until the battery is discharged or charged, as hw.state says.",
        required=("hw.id", "hw.state"),
    ),
    "hw.energy": Convention("J", "Energy consumed.", "counter", ("hw.id", "hw.type")),
    "hw.errors": Convention("{error}", "Errors of the component.", "counter", ("hw.id", "hw.type")),
    "hw.host.ambient_temperature": Convention("Cel", "Temperature around the device."),
    "hw.power": Convention("W", "Power consumed.", required=("hw.id", "hw.type")),
    "hw.power_supply.usage": Convention("W", "Power that the supply gives.", "updowncounter"),
    "hw.power_supply.utilization": Convention("1", "Load of the supply as a fraction of its largest."),
    "hw.status": Convention(
        "1", "Whether the component is in the state hw.state: 1 or 0 for each.",
        "updowncounter", ("hw.id", "hw.type", "hw.state"),
    ),
    "hw.temperature": Convention("Cel", "Temperature at the sensor."),
    "hw.voltage": Convention("V", "Voltage at the sensor."),
}  # fmt: skip

_COUNTED = {
    "answers": "{answer}", "coalesced": "{scrape}", "collections": "{collection}", "echoes": "{echo}",
    "errors": "{error}", "exports": "{export}", "failures": "{failure}", "flags": "{flag}",
    "phases": "{phase}", "requests": "{request}", "words": "{word}",
}  # fmt: skip
"""What metrics without a unit count, by the last part of their names."""


@dataclass(frozen=True)
class Otlp:
    """A metric's name, unit, instrument and attributes over OTLP.

    An attribute's text may hold labels, as in `bacs.module.{module}`; it is left out where the series does
    not have them. Labels that no attribute holds become attributes of their own, `generex.LABEL`.
    """

    name: str
    unit: str
    instrument: Instrument
    templates: tuple[tuple[str, str], ...] = ()

    def attributes(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The attributes of the point that a series with these labels becomes."""
        found = {
            name: text.format_map(labels) for name, text, needed in self._parsed if needed <= labels.keys()
        }
        for label, value in labels.items():
            if label not in self.labels:
                found[PREFIX + label] = value
        return found

    @cached_property
    def labels(self) -> frozenset[str]:
        """The labels that the attributes hold."""
        return frozenset(label for _, _, needed in self._parsed for label in needed)

    @cached_property
    def _parsed(self) -> tuple[tuple[str, str, frozenset[str]], ...]:
        return tuple((name, text, frozenset(_PLACEHOLDER.findall(text))) for name, text in self.templates)

    def fault(self, labels: Collection[str]) -> str | None:
        """What is wrong with this for a metric with these labels, if anything is."""
        for name, text in self.templates:
            rest = _PLACEHOLDER.sub("", text)
            if "{" in rest or "}" in rest:
                return f'attribute "{name}": braces hold the name of a label, as in "{{phase}}"'
            for label in _PLACEHOLDER.findall(text):
                if label not in labels:
                    return f'attribute "{name}": there is no label "{label}" on the metric'
        if not self.name.startswith("hw."):
            return None
        convention = CONVENTIONS.get(self.name)
        if convention is None:
            return f'"{self.name}" is not one of {", ".join(CONVENTIONS)}; other names begin with {PREFIX}'
        if self.unit != convention.unit:
            return f'"{self.name}" is in {convention.unit}, and this metric in {self.unit or "no unit"}'
        if (self.instrument == "counter") != (convention.instrument == "counter"):
            return f'"{self.name}" is a {convention.instrument}, and this metric a {self.instrument}'
        missing = [name for name in convention.required if name not in dict(self.templates)]
        return f'"{self.name}" needs the attribute {missing[0]}' if missing else None


def derived_name(metric: str) -> str:
    """The name of a metric for which a map gives none: without `generex_` and `_total`.

    Its unit stays, as `acme_pump_volts` and `acme_pump_amperes` are two metrics.
    """
    return PREFIX + metric.removeprefix("generex_").removesuffix("_total")


def unit_of(name: str, metric: str, unit: str) -> str:
    """The UCUM unit of a metric that is `name` over OTLP; an unknown `unit` becomes an annotation.

    A metric without one says what it counts, or nothing: backends make names in `_ratio` of the unit 1, which
    only ratios, and what the conventions say so of, have.
    """
    if unit:
        return UNITS[unit].ucum if unit in UNITS else f"{{{unit}}}"
    if name.startswith("hw."):
        return "1"
    return _COUNTED.get(metric.removesuffix("_total").rpartition("_")[2], "")


def instrument_of(name: str, kind: Literal["gauge", "counter"]) -> Instrument:
    """The instrument of a metric: Prometheus has no updowncounter, the conventions have."""
    convention = CONVENTIONS.get(name)
    return "updowncounter" if convention and convention.instrument == "updowncounter" else kind
