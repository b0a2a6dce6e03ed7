"""What a rule is, before it becomes YAML."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.durations import format_duration, parse_duration
from exporter.generate.alerts import snippets
from exporter.generate.alerts.named import NAMED
from exporter.maps.model import Map, Severity
from exporter.maps.roles import DANGER, played

REPOSITORY_RUNBOOK = "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
"""Where the runbook is read if Prometheus knows no exporter that serves it."""
SERVED_RUNBOOK = "all:generex_runbook:url"
"""The recorded series whose label `url` is where an exporter serves the runbook."""

FlagRef = tuple[str, str]
"""A flag or state as the series have it: metric name and value of the label `flag` or `state`."""


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
    `lasts` is its `for`, `keep` its `keep_firing_for` where it is not the usual one. `outage` is the step of
    an outage that it reports: those of one step are one message.
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
    keep: str = ""
    life_safety: bool = False
    outage: str = ""
    flags: tuple[FlagRef, ...] = ()

    @property
    def keeps_firing_for(self) -> str:
        """Its `keep_firing_for`: at least five minutes (operations 1.1), and longer where it mutes others.

        Those may look back over two minutes, be evaluated every minute, and keep firing for five.
        """
        usual = "9m" if self.severity == "critical" else "5m"
        return self.keep or ("1h" if self.life_safety else usual)


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated together; `title` is that of its part of the runbook.

    `interval` is "scrape" for as often as devices are scraped.
    """

    name: str
    interval: str
    rules: tuple[Recording | Alert, ...]
    title: str = ""


@dataclass(frozen=True)
class Settings:
    """What the rules are generated for. `time_scale` shortens all times, for tests.

    `place` are the labels, beside `device`, that say where a device is; the first of them is the site.
    `runbook_url` is where the runbook is read, "" for the pages of the exporter. `scrape_interval` is in
    seconds.
    """

    thresholds: Mapping[str, float]
    maps: Mapping[str, Map]
    place: tuple[str, ...] = ("site",)
    runbook_url: str = ""
    time_scale: float = 1.0
    scrape_interval: float = 15.0

    def runbook(self, alert: str) -> str:
        """The link to an alert's section, as Prometheus expands it."""
        found = (
            f'{{{{ with query "{SERVED_RUNBOOK}" }}}}{{{{ . | sortByLabel "url" | first | label "url" }}}}'
        )
        served = f"{found}{{{{ else }}}}{REPOSITORY_RUNBOOK}{{{{ end }}}}"
        return f"{self.runbook_url or served}#{alert.lower()}"

    def fill(self, text: str) -> str:
        """Text with its placeholders filled in and its times scaled.

        `<place>` are the labels of the place, `<site>` the first of them; `<interval>` is the scrape interval
        in seconds, `<minute>` that of rules that run once a minute; `[<held>]` reaches over a failed pass,
        `[<twice>]` and `[<settled>]` over two and four scrapes; `<danger>` are the roles of danger to people;
        `<load_warning>` and the like are thresholds, `<load_warning%>` in per cent. What the maps say of
        themselves is in named.NAMED, the rest are snippets.
        """
        text = re.sub(r"<([a-z0-9_]+)(%?)>", self._placeholder, text)
        text = re.sub(r"(?<=\[)[0-9smhd:]+(?=\])", lambda m: self._range(m[0]), text)
        return re.sub(r"(?<=offset )\w+", lambda m: self.time(m[0]), text)

    def every(self, interval: str) -> str:
        """How often a group is evaluated; never more often than devices are scraped."""
        if interval == "scrape":
            return self.time(format_duration(self.scrape_interval))
        return self.time(format_duration(max(parse_duration(interval), self.scrape_interval)))

    def lasting(self, duration: str) -> str:
        """A `for`: 0s, or longer than a single sample is held, whatever the scrape interval."""
        seconds = parse_duration(duration)
        return self.time(format_duration(max(seconds, 3 * self.scrape_interval)) if seconds else "0s")

    def time(self, duration: str) -> str:
        """A duration such as `5m`, scaled."""
        if self.time_scale == 1 or parse_duration(duration) == 0:
            return duration
        scaled = max(round(parse_duration(duration) * 1000 * self.time_scale), 1)
        return f"{scaled}ms" if scaled % 1000 else f"{scaled // 1000}s"

    def flags(self, role: str) -> tuple[FlagRef, ...]:
        """The flags and states that play this role in the maps."""
        return tuple((item.metric, item.name) for item in played(self.maps.values(), role))

    def _windows(self) -> dict[str, str]:
        """Times that follow the scrape interval; `held` is two and a half of it, in whole five seconds."""
        scrape = self.scrape_interval
        return {
            "interval": f"{scrape:g}",
            "minute": f"{max(scrape, 60):g}",
            "held": format_duration(math.ceil(scrape / 2) * 5.0),
            "twice": format_duration(2 * scrape),
            "settled": format_duration(4 * scrape),
            "twenty": format_duration(20 * scrape),
        }

    def _range(self, text: str) -> str:
        return ":".join(self.time(part) for part in text.split(":"))

    def _placeholder(self, match: re.Match[str]) -> str:
        name = match[1]
        if name == "place":
            return ", ".join(("device", *self.place))
        if name == "site":
            return self.place[0]
        if name == "danger":
            return "|".join(DANGER)
        if name in self._windows():
            return self._windows()[name]
        if name == "per_second":  # derivatives are per second, also where time runs faster
            return "" if self.time_scale == 1 else f" * {self.time_scale:g}"
        if name in NAMED:
            return NAMED[name](self.maps.values())
        if name in self.thresholds:
            return f"{self.thresholds[name] * (100 if match[2] else 1):g}"
        return snippets.snippet(name, self.place)
