"""What a report asks for, as PromQL: first of what the rules recorded, else of the series themselves."""

import math
from dataclasses import dataclass
from functools import cached_property

from exporter.assess.promql import playing
from exporter.maps import built_in_maps
from exporter.report.model import HOUR, Place

FEW = "15m"
"""How often the state of blocks is asked for: they change slowly."""
ROLES = ("on_battery", "discharging", "test")
_SENSOR_LOW = -25  # °C: a block's sensor that reads less is dead; the rules' threshold sensor_low
SEEN = {
    "device": ("generex_up",),
    "ups": ("generex_data_valid", 'group=~"ups|prof"'),
    "blocks": ("generex_group_up", 'group="modules"'),
}
"""What vouches that something was seen, while it is 1."""


@dataclass(frozen=True)
class Question:
    """What rules recorded, and an expression that says the same without them; "" is none."""

    recorded: str
    raw: str


@dataclass(frozen=True)
class Asks:
    """The questions about one device, which is scraped every `interval` seconds."""

    place: Place
    interval: float = 15.0

    @cached_property
    def matchers(self) -> tuple[str, ...]:
        """What chooses the series of the device."""
        return (f"device={_literal(self.place.device)}", f"site={_literal(self.place.site)}")

    @property
    def slot(self) -> str:
        """The part of time that counts as seen when one pass in it was good."""
        return f"{max(300, round(2 * self.interval))}s"

    @property
    def held(self) -> str:
        """How long a value counts when a pass failed: two and a half scrapes (operations 1.1)."""
        return f"{max(40, round(2.5 * self.interval))}s"

    @property
    def step(self) -> float:
        """How closely is looked at what happened."""
        return max(15.0, round(self.interval))

    def during(self, seconds: float) -> str:
        """The passes of some seconds, each with its time."""
        return self.series("generex_up") + f"[{math.ceil(seconds)}s]"

    def series(self, metric: str, *matchers: str) -> str:
        """A selector."""
        return f"{metric}{{{', '.join((*self.matchers, *matchers))}}}"

    @property
    def passes(self) -> str:
        """How many passes an hour had."""
        return f"max(count_over_time({self.series('generex_up')}[1h]))"

    @property
    def rules(self) -> str:
        """How often the rules recorded in an hour."""
        return f"max(count_over_time({self.series('device:generex_role:active')}[1h]))"

    def seen(self, what: str) -> str:
        """The share of an hour in which something was seen."""
        good = f"max(max_over_time({self.series(*SEEN[what])}[{self.slot}])) > 0 or vector(0)"
        return f"avg_over_time(({good})[1h:{min(float(self.slot[:-1]), HOUR):g}s])"

    @property
    def failures(self) -> str:
        """What the counter of power failures said last in an hour."""
        return f"max(last_over_time({self.series('generex_ups_power_failures_total')}[1h]))"

    def load(self, how: str) -> str:
        """The load of the phase that carries most, as `avg` or `max` of a day."""
        return f"max({how}_over_time({self.series('generex_ups_output_load_ratio')}[1d]))"

    def roles(self, *roles: str) -> Question:
        """1 by `role` while one is played."""
        recorded = self.series("device:generex_role:active", f'role=~"{"|".join(roles)}"')
        parts = [f'label_replace({self._role(role)}, "role", "{role}", "", "")' for role in roles]
        raw = " or ".join(parts)
        return Question(f"max by (role) (last_over_time({recorded}[{self.held}]))", f"max by (role) ({raw})")

    def hours(self) -> Question:
        """The roles of ROLES that were played within an hour."""
        now = self.roles(*ROLES)
        recorded = self.series("device:generex_role:active", f'role=~"{"|".join(ROLES)}"')
        return Question(
            f"max by (role) (max_over_time({recorded}[1h])) == 1", f"max_over_time(({now.raw})[1h:1m]) == 1"
        )

    @property
    def alarms(self) -> Question:
        """Minutes of a day for which a flag of the device asked for something, by `metric` and `flag`.

        The minute at midnight is of the day that begins: hence the second of offset.
        """
        recorded = f"max by (metric, flag) ({self.series('device:generex_flag:rank')})"
        raw = []
        for (metric, value), names in _flags().items():
            of = self.series(metric, f"flag=~{_literal(names)}")
            named = f"max by (flag) (last_over_time({of}[{self.held}])) == {value}"
            raw.append(f'label_replace({named}, "metric", "{metric}", "", "")')
        return Question(
            f"count_over_time(({recorded})[1d:1m] offset 1s)",
            f"count_over_time(({' or '.join(raw)})[1d:5m] offset 1s) * 5",
        )

    @property
    def block_flags(self) -> Question:
        """Minutes of a day for which a block had a flag."""
        recorded = self.series("module:generex_bacs_module_alarm:set")
        return Question(f"count_over_time((max by (string, module, flag) ({recorded}))[1d:1m] offset 1s)", "")

    @property
    def resistance(self) -> Question:
        """The resistance of each block over the float of a day, in ohms."""
        return Question(
            self._of_day("module:generex_bacs_module_resistance_ohms:mean1d"),
            self._on_float("generex_bacs_module_resistance_ohms"),
        )

    @property
    def volts(self) -> Question:
        """The voltage of each block over the float of a day."""
        return Question(
            self._of_day("module:generex_bacs_module_volts:float1d"),
            self._on_float("generex_bacs_module_volts"),
        )

    @property
    def temperature(self) -> Question:
        """The mean temperature of each block over a day, of sensors that read what can be."""
        raw = self._block("generex_bacs_module_temperature_celsius")
        return Question(
            self._of_day("module:generex_bacs_module_temperature_celsius:mean1d"),
            f"avg_over_time(({raw} > {_SENSOR_LOW})[1d:{FEW}])",
        )

    @property
    def warmest(self) -> Question:
        """The highest temperature of each block on a day."""
        most = f"max_over_time({self.series('generex_bacs_module_temperature_celsius')}[1d])"
        return Question(
            self._of_day("module:generex_bacs_module_temperature_celsius:max1d"),
            f"max by (string, module) ({most}) > {_SENSOR_LOW}",
        )

    @property
    def equalising(self) -> Question:
        """How hard each block was equalised over a day, from 0 to 1."""
        raw = self._block("generex_bacs_module_equalization_ratio")
        return Question(
            self._of_day("module:generex_bacs_module_equalization_ratio:mean1d"),
            f"avg_over_time(({raw})[1d:{FEW}])",
        )

    def last(self, metric: str, days: int, *labels: str) -> str:
        """The last that is known of something that hardly changes."""
        known = f"last_over_time({self.series(metric)}[{FEW}])"
        return f"max by ({', '.join(labels)}) (last_over_time({known}[{days}d:3h]))"

    def over(self, metric: str, how: str, seconds: float, *labels: str) -> str:
        """The `avg`, `min` or `last` of a metric over some seconds."""
        window = f"{max(1, round(seconds))}s"
        inside = f"{how}_over_time({self.series(metric)}[{window}])"
        return f"{'min' if how == 'min' else 'max'} by ({', '.join(labels)}) ({inside})"

    def _of_day(self, recorded: str) -> str:
        """What a rule that runs every hour recorded of the day that ends."""
        return f"max by (string, module) (last_over_time({self.series(recorded)}[3h]))"

    def _block(self, metric: str) -> str:
        return f"max by (string, module) (last_over_time({self.series(metric)}[{FEW}]))"

    def _on_float(self, metric: str) -> str:
        float_now = f"{self._role('float_charging', FEW)} == 1"
        return f"avg_over_time(({self._block(metric)} and on () ({float_now}))[1d:{FEW}])"

    def _role(self, role: str, window: str = "") -> str:
        return f"max({playing(built_in_maps().values(), role, window or self.held, *self.matchers)})"


def _flags() -> dict[tuple[str, int], str]:
    """The flags of devices that ask for something: metric and the value that does, to a pattern of names."""
    found: dict[tuple[str, int], dict[str, None]] = {}
    for one in built_in_maps().values():
        for word, flag in one.flags():
            if word.repeat is None and flag.severity in ("critical", "warning"):
                found.setdefault((word.metric, 0 if flag.normal else 1), {})[flag.name] = None
    return {key: "|".join(names) for key, names in found.items()}


def _literal(text: str) -> str:
    """Text in quotes of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
