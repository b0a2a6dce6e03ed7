"""Values that cannot be, just beyond each limit and just within it; limits typed from operations 1.12.

The scales of the words are those of device.md 1.1 and 2.
"""

import re

import pytest

from exporter.assess.facts import Facts
from exporter.generate.alerts.implausible import implausible_recordings
from exporter.generate.alerts.thresholds import threshold_values
from tests.assess.spoken import Words, words
from tests.snapshots import Source

STRING_1, STRING_2 = range(1060, 1080, 5), range(1080, 1100, 5)
"""The temperatures of their blocks in half kelvins, 78 is 0 °C."""


@pytest.mark.parametrize(
    ("what", "beyond", "within"),
    [
        ("input frequency in Hz", {111: 1}, {111: 0}),
        ("input frequency in Hz", {111: 39}, {111: 40}),
        ("input frequency in Hz", {112: 71}, {112: 70}),
        ("input frequency in Hz", {113: 359}, {113: 360}),
        ("input frequency in Hz", {111: 441}, {111: 440}),
        ("input voltage in V", {104: 1001}, {104: 1000}),
        ("input voltage in V", {105: 0xFFFE}, {105: 0}),
        ("output voltage in V", {97: 1001}, {97: 1000}),
        ("load as a ratio", {100: 201}, {100: 200}),
        ("charge as a ratio", {103: 106}, {103: 105}),
        ("runtime in s", {108: 14 * 24 * 60 + 1}, {108: 14 * 24 * 60}),
        ("runtime in s", {108: 0xFFFE}, {108: 0}),
        ("battery voltage in V", {110: 1501}, {110: 1500}),
        ("battery voltage in V", {110: 0xFFFE}, {110: 0}),
        ("UPS temperature in °C", {107: 101}, {107: 100}),
        ("UPS temperature in °C", {107: 0x10000 - 41}, {107: 0x10000 - 40}),
        ("string voltage in V", {1011: 15_001}, {1011: 15_000}),
        ("string voltage in V", {1011: 0xFFFE}, {1011: 0}),
        ("median block temperature in °C", dict.fromkeys(STRING_1, 78 + 121), {1060: 78 + 2 * 88}),
        ("median block temperature in °C", dict.fromkeys(STRING_1, 78 + 121), dict.fromkeys(STRING_1, 198)),
        ("median block temperature in °C", dict.fromkeys(STRING_2, 78 - 1), dict.fromkeys(STRING_2, 78)),
    ],
)
def test_what_is_beyond_a_limit_is_named(what: str, beyond: Words, within: Words) -> None:
    assert Facts(Source().snapshot(words(beyond))).doubt == (
        f"These values are impossible: {what}. Most likely the scale or the register map is wrong."
    )
    assert Facts(Source().snapshot(words(within))).doubt == ""


def test_alerts_judge_what_pages_judge() -> None:
    asked = {dict(rule.labels)["what"]: rule.expr for rule in implausible_recordings()}
    assert {what: re.findall(r"(?:[<>]|!=) (<\w+>|-?[\d.e+]+)", expr) for what, expr in asked.items()} == {
        "input frequency in Hz": ["440", "70", "360", "40", "0"],
        "input voltage in V": ["<plausible_volts>", "0"],
        "output voltage in V": ["<plausible_volts>", "0"],
        "load as a ratio": ["<plausible_load>", "0"],
        "charge as a ratio": ["<plausible_charge>", "0"],
        "runtime in s": ["1.2096e+06", "0"],
        "battery voltage in V": ["1500", "0"],
        "UPS temperature in °C": ["<plausible_ups_celsius>", "-40"],
        "string voltage in V": ["1500", "0"],
        "median block temperature in °C": ["<plausible_celsius>", "0"],
    }


def test_alerts_judge_by_the_same_limits() -> None:
    values = threshold_values({})
    assert {name: value for name, value in values.items() if name.startswith("plausible_")} == {
        "plausible_volts": 1000,
        "plausible_load": 2,
        "plausible_charge": 1.05,
        "plausible_ups_celsius": 100,
        "plausible_celsius": 60,
    }
