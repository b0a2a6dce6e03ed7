"""What boards and rules take from the register maps: flags with their words, groups, metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from exporter.maps.model import Flag, Map, Severity, Word
from exporter.maps.roles import gravity

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""Those that are trouble, the worst first."""


@dataclass(frozen=True)
class FlagMetric:
    """A metric with its flags by name, in map order; the first map that has a flag names it."""

    name: str
    flags: Mapping[str, Flag]

    def names(self, severity: Severity) -> tuple[str, ...]:
        """The flags that are of that severity when set."""
        return tuple(
            name for name, flag in self.flags.items() if not flag.normal and gravity(flag) == severity
        )


@dataclass(frozen=True)
class Vocabulary:
    """The register maps as the boards see them."""

    maps: Mapping[str, Map]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All words of all maps."""
        return tuple(word for item in self.maps.values() for word in item.words.values())

    @cached_property
    def flag_metrics(self) -> Mapping[str, FlagMetric]:
        """Every metric that carries the label `flag`, by its name."""
        found: dict[str, dict[str, Flag]] = {}
        for item in self.maps.values():
            for word, flag in item.flags():
                if word.metric:
                    found.setdefault(word.metric, {}).setdefault(flag.name, flag)
        return {name: FlagMetric(name, flags) for name, flags in found.items()}

    def flags(self, metric: str) -> FlagMetric:
        """The flags of a metric; none when no loaded map has it."""
        return self.flag_metrics.get(metric, FlagMetric(metric, {}))

    @cached_property
    def system_metrics(self) -> tuple[FlagMetric, ...]:
        """The metrics with flags of a whole device, not of a string or module."""
        repeated = {word.metric for word in self.words if word.repeat}
        return tuple(metric for name, metric in self.flag_metrics.items() if name not in repeated)

    def metrics(self) -> dict[str, tuple[str, str]]:
        """Help and unit of every metric of the maps, by name."""
        return {
            name: (metric.help, metric.unit)
            for item in self.maps.values()
            for name, metric in item.metrics.items()
        }


def frame_metrics(maps: Iterable[Map], word: str) -> tuple[str, ...]:
    """The metrics that a word has in the frames of gateways, such as `error_code`."""
    found = (item.words[word].metric for item in maps if item.is_frame and word in item.words)
    return tuple(dict.fromkeys(filter(None, found)))


def alternatives(names: Iterable[str]) -> str:
    """Names as a regular expression that matches any of them."""
    return "|".join(names)
