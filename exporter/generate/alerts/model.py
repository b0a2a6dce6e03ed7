"""What a rule is, before it becomes YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from exporter.maps.model import Map

RUNBOOK_URL = "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"

Severity = Literal["critical", "warning", "info", "none"]
FlagRef = tuple[str, str]
"""A flag as the series have it: metric name and value of the label `flag`."""


@dataclass(frozen=True)
class Recording:
    """A recording rule; `why` says what it is for."""

    record: str
    expr: str
    why: str


@dataclass(frozen=True)
class Alert:
    """An alert rule with its section of the runbook.

    Expressions hold `<name>` for a threshold and `<place>` for the labels that say where. Times in them,
    `lasts` and `keep` are written as Prometheus writes durations.
    """

    name: str
    expr: str
    severity: Severity
    condition: str
    summary: str
    description: str
    means: str
    check: str
    leads: str
    away: str
    lasts: str = "0s"
    keep: str = "5m"
    life_safety: bool = False
    flags: tuple[FlagRef, ...] = ()


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated together."""

    name: str
    interval: str
    rules: tuple[Recording | Alert, ...]


@dataclass(frozen=True)
class Settings:
    """What the rules are generated for. `time_scale` shortens all times, for tests."""

    thresholds: Mapping[str, float]
    maps: Mapping[str, Map]
    place: tuple[str, ...] = ("site",)
    runbook_url: str = RUNBOOK_URL
    time_scale: float = 1.0
    names: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """An expression with its thresholds, places and times filled in."""
        text = re.sub(r"<([a-z0-9_]+)>", self._placeholder, text)
        text = re.sub(r"(?<=\[)[0-9smhd:]+(?=\])", lambda m: self._range(m[0]), text)
        return re.sub(r"(?<=offset )\w+", lambda m: self.time(m[0]), text)

    def time(self, duration: str) -> str:
        """A duration such as `5m`, scaled."""
        if self.time_scale == 1:
            return duration
        number, unit = int(duration[:-1]), duration[-1]
        milliseconds = number * {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]
        scaled = round(milliseconds * self.time_scale)
        return f"{max(scaled, 1 if milliseconds else 0)}ms" if scaled % 1000 else f"{scaled // 1000}s"

    def _range(self, text: str) -> str:
        return ":".join(self.time(part) for part in text.split(":"))

    def _placeholder(self, match: re.Match[str]) -> str:
        name = match[1]
        if name == "place":
            return ", ".join(("device", *self.place))
        if name == "per_second":  # derivatives are per second, also when time runs faster
            return "" if self.time_scale == 1 else f" * {self.time_scale:g}"
        return f"{self.thresholds[name]:g}"
