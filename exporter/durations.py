"""Durations as people write them: `500ms`, `30s`, `5m`, `12h`, `7d`."""

import re
from decimal import Decimal

from exporter.errors import UsageError

# decimal, so that what is written is what is meant and every number can be written back
_UNITS = {"d": Decimal(86400), "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_DURATION = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,40})?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds in `text`, for example 0.5 for "500ms".

    Raises ValueError for anything else, numbers without a unit included.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'bad duration "{text}": write a number and a unit, like 500ms, 30s or 5m')
    return float(Decimal(match[1]) * _UNITS[match[2]])


def seconds(flag: str, text: str, least: float, most: float) -> float:
    """Seconds in the value of a flag of the command line, from `least` to `most`. Raises UsageError."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None
    if not least <= found <= most:
        low, high = format_duration(least), format_duration(most)
        raise UsageError(f'{flag}: "{text}" is not between {low} and {high}')
    return found


def format_duration(seconds: float) -> str:
    """The same duration as parse_duration reads it, in the largest unit of which it is a whole number.

    For example 90 is "90s", 3600 is "1h" and 0.25 is "250ms".
    """
    exact = Decimal(repr(seconds))
    whole = (unit for unit, size in _UNITS.items() if exact >= size and exact % size == 0)
    unit = next(whole, "ms" if exact < 1 else "s")
    number = f"{exact / _UNITS[unit]:f}"
    return (number.rstrip("0").rstrip(".") if "." in number else number) + unit
