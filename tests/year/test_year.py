"""The simulated year is in Prometheus as its story tells it."""

import pytest

from tests.year.backfill import Prometheus
from tests.year.conftest import STORY
from tests.year.story import COARSE, DAY, DENSE, END, Story

LAST = END - COARSE


def test_every_discharge_is_there_with_its_length(one_year: Prometheus) -> None:
    for begin, lasts in STORY.discharges:
        at = STORY.start + begin
        (found,) = one_year.over_time("device:generex_discharging:max", at - 120, at + lasts + 120, DENSE)
        seen = [int(when) - at for when, value in found["values"] if value == "1"]
        assert (min(seen), max(seen)) == pytest.approx((0, lasts), abs=2 * DENSE)


def test_the_blocks_that_fail_and_no_other_reach_an_alarm_of_resistance(one_year: Prometheus) -> None:
    flags = 'max_over_time(module:generex_bacs_module_alarm:set{flag=~"resistor.*high"}[366d])'
    alarmed = {int(series["metric"]["module"]) for series in one_year.instant(flags, LAST)}
    assert alarmed == {*STORY.failing, STORY.replaced}


def test_a_new_block_is_no_longer_ill(one_year: Prometheus) -> None:
    ohms = f'module:generex_bacs_module_resistance_ohms:mean1d{{module="{STORY.replaced}"}}'
    before, after = (
        float(one_year.instant(ohms, STORY.start + STORY.replaced_on + days * DAY)[0]["value"][1])
        for days in (-1, 3)
    )
    assert after < before / 1.2


def test_a_sensor_that_drifts_is_away_from_its_string(one_year: Prometheus) -> None:
    found = one_year.instant("module:generex_bacs_module_temperature_celsius:deviation > 6", LAST)
    assert [int(series["metric"]["module"]) for series in found] == [STORY.drifting]


def test_stories_differ_by_their_seed() -> None:
    stories = [Story(seed) for seed in range(1, 9)]
    assert len({(*story.failing, story.replaced, *story.outages) for story in stories}) == len(stories)
    for story in stories:
        ends = [begin + lasts for begin, lasts in story.discharges]
        assert all(
            begin - end > 6 * 3600 for end, (begin, _) in zip(ends, story.discharges[1:], strict=False)
        )
