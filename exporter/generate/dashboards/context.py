"""What every board is built from, and small tables that several boards share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from exporter.assess.promql import Prom
from exporter.generate.dashboards.choices import GREEN, ORANGE, RED
from exporter.generate.dashboards.looks import Steps
from exporter.generate.dashboards.queries import DEVICE, SCOPE
from exporter.generate.dashboards.vocabulary import Vocabulary

UNITS = {
    "volts": "volt", "amperes": "amp", "ohms": "ohm", "hertz": "hertz", "celsius": "celsius",
    "ratio": "percentunit", "seconds": "dtdurations", "voltamperes": "voltamp", "watts": "watt",
}  # fmt: skip
"""Grafana's names for the units of metrics."""


@dataclass(frozen=True)
class Context:
    """The maps' words and the thresholds that the alerts use."""

    words: Vocabulary
    thresholds: Mapping[str, float]

    @cached_property
    def prom(self) -> Prom:
        """What the boards ask about devices, over the series that their variables choose."""
        return Prom(self.words.maps, self.thresholds, (SCOPE, DEVICE))

    @property
    def load(self) -> Steps:
        """Colours of a load."""
        return (
            (None, GREEN),
            (self.thresholds["load_warning"], ORANGE),
            (self.thresholds["load_critical"], RED),
        )

    @property
    def charge(self) -> Steps:
        """Colours of a battery charge."""
        return (None, RED), (self.thresholds["survivable_charge"], GREEN)

    @property
    def runtime(self) -> Steps:
        """Colours of a runtime in seconds."""
        return (None, RED), (self.thresholds["runtime_short"], GREEN)

    def text(self, name: str) -> str:
        """A threshold as the descriptions write it."""
        value = self.thresholds[name]
        return f"{value:.0%}" if value <= 2 else f"{value:g}"
