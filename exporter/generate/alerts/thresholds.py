"""Every number that a rule compares with, with the reason for it. `--set NAME=VALUE` replaces a default."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from exporter.assess.defaults import DEFAULTS
from exporter.errors import UsageError
from exporter.generate.alerts.texts import read_text
from exporter.maps.limits import LIMITS
from exporter.yamlfile import parse


@dataclass(frozen=True)
class Threshold:
    """A number in the rules; `bounds` are what a user may set."""

    name: str
    default: float
    unit: str
    why: str
    source: str
    bounds: tuple[float, float]


@cache
def thresholds() -> Mapping[str, Threshold]:
    """The table in rules/thresholds.yaml, by name."""
    text = read_text("rules", "thresholds.yaml")
    # pages judge by these, too
    shared = {**DEFAULTS, **{limit.threshold: limit.most for limit in LIMITS}}
    return {
        name: Threshold(name, **{"default": shared.get(name), **row, "bounds": tuple(row["bounds"])})
        for name, row in parse(text, "thresholds.yaml", packaged=True).data.items()
    }


def threshold_values(overrides: Mapping[str, float]) -> dict[str, float]:
    """All thresholds with the user's values in place of defaults.

    Raises UsageError that names an unknown threshold, or a value outside its bounds.
    """
    values = {name: threshold.default for name, threshold in thresholds().items()}
    for name, value in overrides.items():
        threshold = thresholds().get(name)
        if threshold is None:
            raise UsageError(f'unknown threshold "{name}" (there are: {", ".join(thresholds())})')
        low, high = threshold.bounds
        if not math.isfinite(value) or not low <= value <= high:
            raise UsageError(
                f'threshold "{name}": {value:g} is not between {low:g} and {high:g} {threshold.unit}'
            )
        values[name] = value
    return values


def parse_settings(texts: list[str]) -> dict[str, float]:
    """The overrides of `--set NAME=VALUE` flags. Raises UsageError for anything else."""
    overrides = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            overrides[name.strip()] = float(value)
        except ValueError:
            raise UsageError(
                f'--set {text}: "{value}" is not a number' if equals else f"--set {text}: not NAME=VALUE"
            ) from None
    return overrides
