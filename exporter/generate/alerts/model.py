"""What a rule is, before it becomes YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.generate.alerts import snippets
from exporter.generate.alerts.nominal import standard_volts
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
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Alert:
    """An alert rule with its section of the runbook.

    Expressions and descriptions hold placeholders, see Settings.fill; times are as Prometheus writes them.
    How long a condition must last is part of the expression (operations 1.1), so `for` is always 0.
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
    keep: str = "5m"
    life_safety: bool = False
    flags: tuple[FlagRef, ...] = ()


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated together; `title` is that of its part of the runbook."""

    name: str
    interval: str
    rules: tuple[Recording | Alert, ...]
    title: str = ""


@dataclass(frozen=True)
class Settings:
    """What the rules are generated for. `time_scale` shortens all times, for tests.

    `place` are the labels, beside `device`, that say where a device is; the first of them is the site.
    """

    thresholds: Mapping[str, float]
    maps: Mapping[str, Map]
    place: tuple[str, ...] = ("site",)
    runbook_url: str = RUNBOOK_URL
    time_scale: float = 1.0

    def fill(self, text: str) -> str:
        """Text with its placeholders filled in and its times scaled.

        `<place>` are the labels of the place, `<site>` the first of them, `<load_warning>` and the like
        thresholds, `<standard_output>` and `<standard_input>` standard voltages, the rest are snippets.
        """
        text = re.sub(r"<([a-z0-9_]+)>", self._placeholder, text)
        text = re.sub(r"(?<=\[)[0-9smhd:]+(?=\])", lambda m: self._range(m[0]), text)
        return re.sub(r"(?<=offset )\w+", lambda m: self.time(m[0]), text)

    def time(self, duration: str) -> str:
        """A duration such as `5m`, scaled."""
        number, unit = int(duration[:-1]), duration[-1]
        if self.time_scale == 1 or number == 0:
            return duration
        milliseconds = number * {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]
        scaled = max(round(milliseconds * self.time_scale), 1)
        return f"{scaled}ms" if scaled % 1000 else f"{scaled // 1000}s"

    def _range(self, text: str) -> str:
        return ":".join(self.time(part) for part in text.split(":"))

    def _placeholder(self, match: re.Match[str]) -> str:
        name = match[1]
        if name == "place":
            return ", ".join(("device", *self.place))
        if name == "site":
            return self.place[0]
        if name == "per_second":  # derivatives are per second, also where time runs faster
            return "" if self.time_scale == 1 else f" * {self.time_scale:g}"
        if name.startswith("standard_"):
            return standard_volts(f"phase:generex_ups_{name.removeprefix('standard_')}_volts:usual")
        if name in self.thresholds:
            return f"{self.thresholds[name]:g}"
        return snippets.snippet(name, self.place)
