"""A value as a board shows it: its word or number with a unit, and its colour."""

import math
from typing import Any

Property = dict[str, Any]
_UNITS = {
    "volt": " V", "amp": " A", "ohm": " Ω", "celsius": " °C", "kelvin": " K", "hertz": " Hz", "s": " s",
    "reqps": " req/s", "cps": " /s", "bytes": " B",
}  # fmt: skip
QUIET = "#23303F"


def settings(panel: dict[str, Any], name: str, letter: str = "") -> Property:
    """The field settings of a column or query: defaults, and what overrides change."""
    found = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] in (name, letter):
            found |= {entry["id"]: entry.get("value") for entry in override["properties"]}
    return found


def shown(value: float | str | None, field: Property) -> tuple[str, str]:
    """The text of a value and the colour behind it."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    for mapping in field.get("mappings") or ():
        options = mapping["options"]
        if missing and mapping["type"] == "special":
            return options["result"]["text"], options["result"]["color"]
        key = value if isinstance(value, str) else "" if missing else f"{value:g}"
        if mapping["type"] == "value" and not missing and key in options:
            return options[key]["text"], options[key].get("color", "")
    if missing or isinstance(value, str):
        return (value if isinstance(value, str) else field.get("noValue", "–")), QUIET
    assert isinstance(value, float)
    return number(value, field), threshold(value, field)


def threshold(value: float, field: Property) -> str:
    """The colour of a number by the thresholds of its field."""
    colour = QUIET
    for step in (field.get("thresholds") or {}).get("steps", ()):
        if step.get("value") is None or value >= step["value"]:
            colour = step["color"]
    return "" if colour == "text" else colour


def number(value: float, field: Property) -> str:
    """A number in its unit."""
    unit, decimals = field.get("unit", "none"), field.get("decimals")
    if unit == "percentunit":
        return f"{value * 100:.{decimals or 0}f} %"
    if unit == "hex0x":
        return f"0x{int(value):x}"
    if unit == "dtdurations":
        minutes, seconds = divmod(int(value), 60)
        hours, minutes = divmod(minutes, 60)
        return (
            f"{hours} h {minutes} min"
            if hours
            else f"{minutes} min {seconds} s"
            if minutes
            else f"{seconds} s"
        )
    if unit == "ohm" and abs(value) < 1:
        return f"{value * 1000:.{decimals or 0}f} mΩ"
    text = (
        f"{value:.{decimals}f}"
        if decimals is not None
        else f"{value:.3g}"
        if abs(value) < 1000
        else f"{value:.0f}"
    )
    return text + _UNITS.get(unit, "")
