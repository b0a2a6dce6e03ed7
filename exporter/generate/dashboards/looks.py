"""Value mappings, thresholds and overrides: how a number becomes a word, a shape and a colour."""

from collections.abc import Iterable, Mapping

from exporter.generate.dashboards.choices import BLUE, GREEN, GREY, ORANGE, RED, Choice
from exporter.generate.dashboards.sdk import dashboard, models
from exporter.generate.dashboards.vocabulary import SEVERITIES, FlagMetric
from exporter.maps.model import Flag

QUIET = "#23303F"
"""A flag that is not set: there, but calm."""

SEVERITY_COLOUR = {"critical": RED, "warning": ORANGE, "info": BLUE, "none": BLUE}
_SHAPE = {"critical": "✖", "warning": "▲", "info": "◇", "none": "◇"}

Property = models.DynamicConfigValue
Override = tuple[str, Mapping[str, object]]
"""The name of a field and the properties that it overrides."""
Steps = tuple[tuple[float | None, str], ...]
"""Colours from a value upwards; the first has no value."""


def mapping(words: Mapping[str, tuple[str, str | None]], missing: str = "") -> list[models.ValueMapping]:
    """Texts and colours by value; `missing` is what no value at all is called.

    Without `missing`, no value would have the colour of the lowest threshold, which may be green.
    """
    found: list[models.ValueMapping] = []
    if words:
        results = {
            value: models.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(words.items())
        }
        found.append(models.ValueMap(results))
    if missing:
        result = models.ValueMappingResult(
            text=missing, color=QUIET if missing == "–" else GREY, index=len(words)
        )
        special = models.DashboardSpecialValueMapOptions(
            match=models.SpecialValueMatch.NULL_AND_NAN, result=result
        )
        found.append(models.SpecialValueMap(special))
    return found


def choice_mapping(choices: Iterable[Choice]) -> list[models.ValueMapping]:
    """The words of a table of choices; whatever has no number is not known."""
    return mapping({str(c.number): (c.text, c.colour) for c in choices}, "? NOT KNOWN")


def flag_mapping(flag: Flag) -> list[models.ValueMapping]:
    """A flag over time: set in the colour of its severity, clear and calm, or not available."""
    if flag.normal:
        on, off = (f"● {flag.label}", GREEN), (f"✖ not: {flag.label}", RED)
    else:
        on = (f"{_SHAPE[flag.severity]} {flag.label}", SEVERITY_COLOUR[flag.severity])
        off = ("no", QUIET)
    return mapping({"1": on, "0": off, "-1": ("n/a", GREY)}, "n/a")


def flag_overrides(metric: FlagMetric) -> list[Override]:
    """For each flag its words in place of its name, and its mapping."""
    return [
        (name, {"displayName": flag.label, "mappings": flag_mapping(flag)})
        for name, flag in metric.flags.items()
    ]


def alarm_mapping(metrics: Iterable[FlagMetric]) -> list[models.ValueMapping]:
    """The words for the label `alarm` that queries.rank makes, and for `none`."""
    words: dict[str, tuple[str, str | None]] = {"none": ("none", QUIET)}
    for metric in metrics:
        for name, flag in metric.flags.items():
            if flag.normal:
                words[f"{metric.name}.{name}"] = (f"✖ not: {flag.label}", RED)
            elif flag.severity in SEVERITIES:
                text = f"{_SHAPE[flag.severity]} {flag.label}"
                words[f"{metric.name}.{name}"] = (text, SEVERITY_COLOUR[flag.severity])
    return mapping(words, "–")


def limits(*steps: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from a value upwards."""
    return dashboard.ThresholdsConfig().steps([models.Threshold(value, colour) for value, colour in steps])


def properties(values: Mapping[str, object]) -> list[Property]:
    """Properties of an override; builders among them are built."""
    return [
        Property(name, value.build() if isinstance(value, dashboard.ThresholdsConfig) else value)
        for name, value in values.items()
    ]


def coloured(thresholds: dashboard.ThresholdsConfig | None = None, missing: str = "–") -> dict[str, object]:
    """A table cell with a coloured background, by thresholds or by mappings that are added to it.

    A cell without a value is called `missing` and stays quiet.
    """
    found: dict[str, object] = {"custom.cellOptions": {"type": "color-background", "mode": "basic"}}
    if thresholds is not None:
        found |= {"thresholds": thresholds, "mappings": mapping({}, missing)}
    return found
