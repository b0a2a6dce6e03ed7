"""Value mappings, thresholds and overrides: how a number becomes a word, a shape and a colour."""

from collections.abc import Iterable, Mapping

from exporter.generate.dashboards.choices import BLUE, GREY, ORANGE, QUIET, RED, Choice
from exporter.generate.dashboards.sdk import dashboard, models
from exporter.generate.vocabulary import SEVERITIES, FlagMetric
from exporter.maps.roles import gravity

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


def choice_mapping(choices: Iterable[Choice], *, quiet: str = "") -> list[models.ValueMapping]:
    """The words of a table of choices; whatever has no number is not known.

    `quiet` is the colour of what is in order, where not that of the table.
    """
    words = {str(c.number): (c.text, quiet or c.colour if c.colour == QUIET else c.colour) for c in choices}
    return mapping(words, "? NOT KNOWN")


FLAG_LEVELS = {"critical": 3, "warning": 2, "info": 1, "none": 1}
"""Values of a flag on its timeline while it is set, by its severity."""


def flag_mapping() -> list[models.ValueMapping]:
    """A flag over time: set in the colour of its severity, clear and calm, or not available."""
    words = {
        "3": ("✖ critical", RED), "2": ("▲ warning", ORANGE), "1": ("◇ set", BLUE), "0": ("no", QUIET),
        "-1": ("n/a", GREY),
    }  # fmt: skip
    return mapping(words, "n/a")


def alarm_mapping(metrics: Iterable[FlagMetric]) -> list[models.ValueMapping]:
    """The words for the label `alarm` of queries.ALARM, and for `none`."""
    words: dict[str, tuple[str, str | None]] = {"none": ("none", QUIET)}
    for metric in metrics:
        for name, flag in metric.flags.items():
            if (grave := gravity(flag)) in SEVERITIES:
                text = f"{_SHAPE[grave]} {'not: ' if flag.normal else ''}{flag.label}"
                words[f"{metric.name}.{name}"] = (text, SEVERITY_COLOUR[grave])
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


def coloured(thresholds: dashboard.ThresholdsConfig | None = None) -> dict[str, object]:
    """A table cell with a coloured background, by thresholds or by mappings that are added to it.

    A cell without a value stays quiet.
    """
    found: dict[str, object] = {"custom.cellOptions": {"type": "color-background", "mode": "basic"}}
    if thresholds is not None:
        found |= {"thresholds": thresholds, "mappings": mapping({}, "–")}
    return found
