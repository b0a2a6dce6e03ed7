"""Blocks beside the median of their string; values and limits typed from operations 3."""

from dataclasses import replace

import pytest

from exporter.assess.blocks import (
    DISCHARGE_SHARE,
    FLOAT_LIMITS,
    HEAT_KELVIN,
    HEAT_LIMIT,
    RESISTANCE_RATIO,
    Block,
    block_strings,
)
from exporter.config import Expect
from exporter.generate.alerts.thresholds import thresholds
from tests.snapshots import Source, simulated

MODULES = range(1060, 1100, 5)
"""The first words of the 8 modules; the first 4 are string 1."""


def blocks(changes: dict[int, int], expect: Expect | None = None) -> list[Block]:
    """8 blocks in 2 strings, all at 13.65 V, 5 mΩ, 21 °C and 4 % but for the changes, by address."""
    words = simulated()
    for module in MODULES:
        words |= dict(zip(range(module, module + 5), (120, 13650, 500, 0, 4), strict=True))
    snapshot = Source().snapshot(words | changes)
    strings = block_strings(replace(snapshot, device=replace(snapshot.device, expect=expect or Expect())))
    assert [(string.name, len(string.blocks)) for string in strings] == [("1", 4), ("2", 4)]
    return [block for string in strings for block in string.blocks]


@pytest.mark.parametrize(
    ("change", "quantity", "level", "sign"),
    [
        ({1061: 13650 - 119}, "voltage", 0, "·"),
        ({1061: 13650 - 121}, "voltage", 1, "▼"),  # half of 0.24 V
        ({1061: 13650 - 241}, "voltage", 2, "▼▼"),
        ({1061: 13650 - 481}, "voltage", 3, "▼▼▼"),
        ({1061: 13650 + 400}, "voltage", 1, "▲"),  # 0.49 V above
        ({1061: 13650 + 491}, "voltage", 2, "▲▲"),
        ({1000: 0x0009, 1061: 13650 - 400}, "voltage", 1, "▼"),  # 4 % of 13.65 V under discharge
        ({1000: 0x0009, 1061: 13650 - 560}, "voltage", 2, "▼▼"),
        ({1062: 590}, "resistance", 0, "·"),
        ({1062: 610}, "resistance", 1, "▲"),
        ({1062: 701}, "resistance", 2, "▲▲"),
        ({1062: 200}, "resistance", 0, "·"),
        ({1060: 120 + 10}, "temperature", 2, "▲▲"),  # half kelvins
        ({1060: 120 + 20}, "temperature", 3, "▲▲▲"),
        ({1060: 120 - 20}, "temperature", 0, "·"),
        ({1060 + 5 * n: 178 for n in range(4)}, "temperature", 3, "▲▲▲"),  # all of them at 50 °C
        ({1060: 180, **{1065 + 5 * n: 188 for n in range(3)}}, "temperature", 3, "▲▲▲"),  # 51 of 55 °C
        ({1060: 160, **{1065 + 5 * n: 170 for n in range(3)}}, "temperature", 0, "·"),
    ],
)
def test_how_far_a_block_is_from_its_string(
    change: dict[int, int], quantity: str, level: int, sign: str
) -> None:
    first, *_, last = blocks(change)
    reading = first.readings[quantity]  # type: ignore[index]
    assert (reading.level, reading.sign) == (level, sign)
    assert all(it.level == 0 for it in last.readings.values()), "the other string has its own median"


@pytest.mark.parametrize(
    ("volts", "change", "level"),
    [
        # a block of 2 V: 0.10 V below, 0.20 V above
        (2250, -99, 1), (2250, -101, 2), (2250, 199, 1), (2250, 201, 2),
        (2999, -101, 2), (2999, 199, 1),
        # of 6 V: 0.17 and 0.35 V, from 3 V on
        (3000, -169, 1), (3000, 349, 1),
        (6750, -169, 1), (6750, -171, 2), (6750, 349, 1), (6750, 351, 2),
        (8999, -171, 2), (8999, 351, 2),
        # of 12 V: 0.24 and 0.49 V, from 9 V on
        (9000, -239, 1), (9000, 489, 1),
    ],
)  # fmt: skip
def test_what_a_block_may_differ_depends_on_its_cells(volts: int, change: int, level: int) -> None:
    every = {module + 1: volts for module in MODULES}
    first, second, *_ = blocks(every | {1061: volts + change})
    assert first.readings["voltage"].level == level
    assert second.readings["voltage"].level == 0


def test_the_values_of_a_block_beside_its_string() -> None:
    first, *_ = blocks({1060: 124, 1061: 13640, 1062: 510, 1064: 20})
    found = {name: (round(it.value, 5), round(it.difference, 5)) for name, it in first.readings.items()}
    assert found == {
        "voltage": (13.64, -0.01),
        "resistance": (0.0051, 0.0001),
        "temperature": (23, 2),
        "equalising": (0.2, 0.16),
    }


def test_equalising_has_no_limit() -> None:
    first, *_ = blocks({1064: 100})
    assert (first.readings["equalising"].level, first.readings["equalising"].sign) == (0, "·")


@pytest.mark.parametrize(("word", "quantity"), [(1, "voltage"), (2, "resistance")])
def test_nothing_is_measured_against_a_median_of_0(word: int, quantity: str) -> None:
    first, *_ = blocks(dict.fromkeys(range(1065 + word, 1080, 5), 0))
    assert first.readings[quantity].level == 0  # type: ignore[index]


def test_a_string_of_which_every_block_is_absent() -> None:
    gone = {module + word: 0xD8F1 for module in MODULES[:4] for word in range(5)}
    found = [(block.number, block.present, len(block.readings)) for block in blocks(gone)]
    assert found == [(str(n), n > 4, 4 if n > 4 else 0) for n in range(1, 9)]


def test_modules_of_which_nobody_knows_the_string() -> None:
    # 8 modules do not come in 3 strings of one length (device.md 2.4)
    found = block_strings(Source(strings=3).snapshot(simulated() | {1003: 3}))
    assert [(string.name, len(string.blocks)) for string in found] == [("", 8)]


def test_lithium_has_limits_of_its_own() -> None:
    first = blocks({1061: 13000, 1062: 900, 1060: 150}, Expect(chemistry="lfp"))[0]
    assert [first.readings[name].level for name in ("voltage", "resistance", "temperature")] == [0, 0, 3]


def test_a_temperature_that_cannot_be_is_doubtful_and_neither_hot_nor_usual() -> None:
    first, *_, last = blocks({1060 + 5 * n: 78 + 2 * 301 for n in range(4)})
    for block in (first, last):
        heat = block.readings["temperature"]
        assert (heat.doubtful, heat.level, heat.sign) == (True, 1, "?")
        assert not block.readings["voltage"].doubtful
    assert first.readings["temperature"].value == 301


def test_absent_and_flagged_blocks() -> None:
    changes = dict.fromkeys(range(1065, 1070), 0xD8F1) | {1073: 0x0002, 1063: 0x2001}
    first, second, third, *_ = blocks(changes)
    assert (first.flags, first.severity) == (("Resistance high (warning)", "General alarm"), "warning")
    assert (second.present, second.readings) == (False, {})
    # lost sight of: it is there, and its values are not believed
    assert (third.present, third.readings) == (True, {})
    assert third.flags == ("Module not answering",)


def test_the_limits_are_those_of_the_alerts() -> None:
    default = {name: threshold.default for name, threshold in thresholds().items()}
    for (_, low, high), cells in zip(FLOAT_LIMITS, (1, 3, 6), strict=True):
        assert (low, high) == (default[f"float_low_{cells}"], default[f"float_high_{cells}"])
    assert pytest.approx(DISCHARGE_SHARE) == 1 - default["weak_block"]
    assert default["resistance_median"] == RESISTANCE_RATIO
    assert (default["heat_warning"], default["heat_limit"]) == (HEAT_KELVIN, HEAT_LIMIT)
    assert default["heat_critical"] == 2 * HEAT_KELVIN
