"""What series say of a raw word, and families and snapshots of them; bits and scales typed from device.md."""

from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest

from exporter.maps.model import Metric, Word
from exporter.reading.decode.series import Family, Series
from tests.assess.spoken import Words, words
from tests.reading.decoding import BUILT_IN
from tests.snapshots import Source

METRIC = Metric("own_mode", "A test.", "gauge", "")
STATUS = BUILT_IN["ups"].words["status"]  # 109
MODE = replace(STATUS, flags=(), states=((0, "online"), (1, "battery"), (7, "silent")))


def shown(word: Word | None, raw: float, **fields: Any) -> dict[str, float]:
    """The values by flag or state."""
    samples = Series(METRIC, (), word, **fields).samples(raw)
    kind = word and ("flag" if word.flags else "state" if word.states else "")
    assert {label for extra, _ in samples for label, _ in extra} <= {kind}
    return {extra[0][1] if extra else "": value for extra, value in samples}


def test_every_flag_is_shown_or_only_some() -> None:
    every = shown(STATUS, 0x0005)
    assert len(every) == 16
    assert {name for name, value in every.items() if value} == {"bypass_mode", "output_act"}
    assert shown(STATUS, 0x4005, flags=("comm_lost", "output_act")) == {"output_act": 1, "comm_lost": 1}
    assert shown(STATUS, 0x0005, flags=("comm_lost", "output_act")) == {"output_act": 1, "comm_lost": 0}
    assert shown(STATUS, 0x0005, set_only=True) == {"bypass_mode": 1, "output_act": 1}
    assert shown(STATUS, 0x4005, flags=("comm_lost", "eco_mode"), set_only=True) == {"comm_lost": 1}


def test_one_state_is_the_state() -> None:
    assert shown(MODE, 1) == {"online": 0, "battery": 1, "silent": 0}
    assert shown(MODE, 1, flags=("silent",)) == {"silent": 0}
    assert shown(MODE, 7, flags=("silent",)) == {"silent": 1}


def test_a_number_without_a_name_is_the_only_state_where_all_are_shown() -> None:
    assert shown(MODE, 5) == {"5": 1}
    assert shown(replace(MODE, type="int16"), 0xFFFE) == {"-2": 1}
    assert shown(MODE, 5, flags=("silent",)) == {}


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("ups.battery_charge", 87, 0.87),
        ("ups.battery_runtime", 40, 2400),
        ("bacs.module_temperature", 118, 20),  # (raw − 78) / 2
        ("ups.on_battery", 2, 1),  # a 0/1 word that holds a flag: any bit sets it
        ("ups.on_battery", 0, 0),
    ],
)
def test_one_value(name: str, raw: int, value: float) -> None:
    by_id = {word.id: word for item in BUILT_IN.values() for word in item.words.values()}
    assert shown(by_id[name], raw) == {"": value}


def test_a_number_that_the_exporter_found_out_stands_as_it_is() -> None:
    (sample,) = Series(METRIC, ()).samples(3)
    assert sample == ((), 3.0)
    assert isinstance(sample[1], float)


def test_a_family_holds_series_beside_raw_words() -> None:
    one, two, three = (Series(METRIC, (("phase", str(number)),)) for number in (1, 2, 3))
    family = Family()
    assert len(family) == 0
    family.add((one,), (230,))
    assert family.metric is METRIC
    family.add((two, three), (231, 232))
    assert [*family] == [(one, 230), (two, 231), (three, 232)]
    assert len(family) == 3


def test_a_family_of_one_column_shares_it_with_the_layout() -> None:
    column = tuple(Series(METRIC, (("phase", str(number)),)) for number in (1, 2, 3))
    here, there = Family(), Family()
    here.add(column, (230, 231, 232))
    there.add(column, (0, 0, 0))
    assert here.series is there.series is column


def test_families_are_the_same_with_the_same_series_and_words() -> None:
    one, two = Series(METRIC, ()), Series(METRIC, ())

    def of(*pairs: tuple[Series, int]) -> Family:
        family = Family()
        for series, raw in pairs:
            family.add((series,), (raw,))
        return family

    assert of((one, 1), (two, 2)) == of((one, 1), (two, 2))
    assert of((one, 1)) != of((one, 2))
    assert of((one, 1)) != of((two, 1))
    assert of((one, 1)) == ANY  # which decides itself


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        ({}, True),
        ({109: 0x0C}, True),
        ({103: None}, False),
        ({109: 0x4004}, False),  # all was read, and the UPS is lost
        ({1000: 0x0002}, False),  # the BACS does not trust itself
        ({1061: None}, False),
    ],
)
def test_what_was_read_and_can_be_trusted_is_whole(change: Words, whole: bool) -> None:
    assert Source().snapshot(words(change)).whole is whole


def test_nothing_read_is_not_whole() -> None:
    silent = Source("bacs").snapshot({})
    assert not silent.whole
    # nor where it is not known that it has any group
    assert not replace(silent, groups={}).whole
