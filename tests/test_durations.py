"""Durations: as people write them, and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("12h", 43200),
        ("7d", 604800),
        ("0s", 0),
        ("0.5s", 0.5),
        ("1.5m", 90),
        ("0.1ms", 0.0001),
        ("300ms", 0.3),
        (" 30s ", 30),
        ("007s", 7),
    ],
)
def test_good(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "30",
        "s",
        "30 s",
        "30S",
        "30sec",
        "-1s",
        "+1s",
        ".5s",
        "5.s",
        "1e3s",
        "1m30s",
        "1,5s",
        "5M",
        "5w",
        "5us",
        "nans",
        "infs",
        "٣s",
        "3s\n4s",
        "9" * 400 + "s",
        "1." + "0" * 400 + "s",
        "0x10s",
        "1_0s",
    ],
)
def test_bad(text):
    with pytest.raises(ValueError, match="bad duration") as caught:
        parse_duration(text)
    assert f'"{text}"' in str(caught.value)
    assert "500ms, 30s or 5m" in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"), (0.25, "250ms"), (0.5, "500ms"), (1.0, "1s"), (90.0, "90s"), (90, "90s"), (300.0, "5m"),
        (3600.0, "1h"), (5400.0, "90m"), (86400.0, "1d"), (100000.0, "100000s"), (0.0001, "0.1ms"),
        (864000.0, "10d"), (1.5, "1500ms"), (0.3, "300ms"),
    ],
)  # fmt: skip
def test_written(seconds, text):
    assert format_duration(seconds) == text


@given(seconds=st.floats(0, 1e12).filter(lambda seconds: seconds == 0 or seconds > 1e-12))
def test_what_is_written_is_read_back(seconds):
    assert parse_duration(format_duration(seconds)) == seconds
