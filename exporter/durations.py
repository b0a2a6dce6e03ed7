"""Durations as people write them: `500ms`, `30s`, `5m`, `12h`, `7d`."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds in `text`, for example 0.5 for "500ms".

    Raises ValueError for anything else, numbers without a unit included.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'bad duration "{text}": write a number and a unit, like 500ms, 30s or 5m')
    return float(match[1]) * _UNITS[match[2]]


def format_duration(seconds: float) -> str:
    """The shortest writing that parse_duration reads back, for example "1m30s" is written "90s"."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:g}{unit}"
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"
