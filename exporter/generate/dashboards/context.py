"""What every board is built from, and small tables that several boards share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from exporter.assess.promql import Prom
from exporter.durations import format_duration
from exporter.generate.dashboards.choices import ORANGE, QUIET, RED, Choice, choices
from exporter.generate.dashboards.looks import Steps
from exporter.generate.vocabulary import Vocabulary


@dataclass(frozen=True)
class Context:
    """The maps' words, the thresholds that the alerts use, the labels of a place, and the runbook.

    `alerts` are the names of all alerts: their sections in the runbook are called so in lower case.
    `scrape_interval` is in seconds.
    """

    words: Vocabulary
    thresholds: Mapping[str, float]
    place: tuple[str, ...]
    runbook_url: str
    alerts: tuple[str, ...]
    scrape_interval: float = 15.0

    @property
    def times(self) -> Mapping[str, str]:
        """Times that follow the scrape interval, by their placeholder.

        A step is two scrapes, so that each has a sample whatever the scrape's phase. Windows in which a
        counter is seen to rise overlap by one scrape, so that each rise is in one of them.
        """
        return {
            name: format_duration(scrapes * self.scrape_interval)
            for name, scrapes in (("<step>", 2), ("<mark>", 4), ("<window>", 5))
        }

    @cached_property
    def states(self) -> tuple[Choice, ...]:
        """What a device runs on, in words."""
        return choices(self._prom, lambda row: row.state.upper())

    @cached_property
    def survival(self) -> tuple[Choice, ...]:
        """Whether the load would survive, in words."""
        return choices(self._prom, lambda row: row.survival)

    @cached_property
    def bacs_states(self) -> tuple[Choice, ...]:
        """How a BACS fares, in words."""
        return choices(self._prom, lambda row: row.bacs.upper())

    @property
    def _prom(self) -> Prom:
        return Prom(self.words.maps, self.thresholds)

    @property
    def load(self) -> Steps:
        """Colours of a load."""
        return (
            (None, QUIET),
            (self.thresholds["load_warning"], ORANGE),
            (self.thresholds["load_critical"], RED),
        )

    @property
    def charge(self) -> Steps:
        """Colours of a battery charge."""
        return (None, RED), (self.thresholds["survivable_charge"], QUIET)

    @property
    def runtime(self) -> Steps:
        """Colours of a runtime in seconds, on mains."""
        return (None, RED), (self.thresholds["runtime_short"], QUIET)

    @property
    def runtime_on_battery(self) -> Steps:
        """Colours of a runtime in seconds on battery, where no time is a good one."""
        return (None, RED), (self.thresholds["runtime_short"], ORANGE)

    def text(self, name: str) -> str:
        """A threshold as the descriptions write it."""
        value = self.thresholds[name]
        return f"{value:.0%}" if value <= 2 else f"{value:g}"
