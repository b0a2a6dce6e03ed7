"""The figures against values that were computed elsewhere or follow by hand."""

import math
import re
from array import array

import pytest

from exporter.report.figures import (
    BlockFigures,
    Outlook,
    ageing,
    block_figures,
    first_baseline,
    now,
    outlook,
    weakest,
)
from exporter.report.model import BlockKey, Discharge, Gathered, Occurrence, Period, Place
from exporter.report.occurrences import cut, either, grown, kind_of, occurrences, spans
from exporter.report.pictures import history
from exporter.report.ranking import ranking
from exporter.report.story import unknown
from exporter.report.trend import Trend, trend

NAN = math.nan
# weekly medians 1.00, 1.01, 1.00, 1.03, 1.02, 1.05, 1.04, 1.07, 1.06, 1.09: each for the seven days of a week
WEEKS = (1.00, 1.01, 1.00, 1.03, 1.02, 1.05, 1.04, 1.07, 1.06, 1.09)


def test_the_band_of_the_slope_is_that_of_sen() -> None:
    found = trend([value for value in WEEKS for _ in range(7)])
    assert found is not None
    # 45 slopes between weeks; spread 1.6449 × √(10 × 9 × 25 / 18) = 18.39: numbers 13 and 33 of 45
    slopes = sorted((WEEKS[j] - WEEKS[i]) / (7 * (j - i)) for i in range(10) for j in range(i + 1, 10))
    assert (found.low, found.high) == pytest.approx((slopes[12], slopes[32]))


@pytest.mark.parametrize(
    ("days", "known"),
    [
        ([1.0] * 60, False),  # from the first to the last are 59
        ([1.0] * 61, True),
        ([1.0, *[NAN] * 60, *[1.0] * 30], False),  # too few weeks
        ([NAN] * 200, False),
        ([], False),
    ],
)
def test_there_is_no_trend_from_less_than_60_days(days: list[float], known: bool) -> None:
    assert (trend(days) is not None) is known


def test_a_wrong_week_does_not_turn_the_slope() -> None:
    days = [1 + day / 1000 for day in range(120)]
    days[40:47] = [9.0] * 7
    found = trend(days)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.001, 0.001), rel=0.05)


def days_of(seen: Outlook | None) -> tuple[float, float]:
    assert seen is not None
    return seen.earliest, seen.latest


def test_the_outlook_is_a_range() -> None:
    # 1.2 now: 25 % are left to 1.5; by 0.1 and 0.05 % a day that is 250 and 500 days
    assert days_of(outlook(1.2, 1.0, Trend(0.0005, 0.001))) == pytest.approx((250, 500))
    assert days_of(outlook(1.2, 1.0, Trend(-0.001, 0.001))) == pytest.approx((250, math.inf))
    assert outlook(1.2, 1.0, Trend(-0.001, 0.0)) is None
    assert outlook(1.6, 1.0, Trend(0.0, 0.0)) == Outlook(0, 0)


@pytest.mark.parametrize(
    ("temperatures", "factor"),
    [([20], 1), ([30], 2), ([25], 1.4142), ([10, 30], 1.25), ([20, NAN], 1), ([NAN], None)],
)
def test_ageing_doubles_for_each_ten_kelvin(temperatures: list[float], factor: float | None) -> None:
    assert ageing(temperatures) == (None if factor is None else pytest.approx(factor, abs=1e-4))


def test_now_and_the_baseline_are_medians() -> None:
    assert now([9] * 20 + [1, 2, 3, 4, 5, 6, 7]) == 4
    assert now([9] * 20 + [NAN] * 14) is None
    assert first_baseline([NAN, *[5.0] * 29, 6.0, 7.0]) == 5
    assert first_baseline([5.0] * 9) is None


def test_two_blocks_are_not_compared_with_each_other() -> None:
    """Where one of two wears, the other would seem to get better by as much."""
    period = Period(0, 70)
    worn = array("d", (0.004 * (1 + day / 140) for day in range(70)))
    resistance = {BlockKey("1", "1"): array("d", [0.004] * 70), BlockKey("1", "2"): worn}
    it = Gathered(Place("", "a"), 15, resistance=resistance, present=dict.fromkeys(resistance, True))
    sound, weak = block_figures(it, period)
    assert (sound.ratio, sound.trend, sound.growth) == (None, None, 1)
    # the median of days 63 to 69 is that of day 66, and of the first 30 that of 14.5
    assert (weak.ratio, weak.trend) == (None, None)
    assert weak.growth == pytest.approx((1 + 66 / 140) / (1 + 14.5 / 140))
    assert [item.block.key.module for item in ranking((it.place, block) for block in (sound, weak))] == ["2"]


def test_lithium_is_not_judged_by_its_voltage_in_a_discharge() -> None:
    lowest = {BlockKey("1", str(number)): 12.8 for number in (1, 2, 3)} | {BlockKey("1", "4"): 12.0}
    it = Gathered(Place("", "a"), 15, present=dict.fromkeys(lowest, True))
    it.discharges = (Discharge(Occurrence(0, 600), "outage", lowest=lowest),)
    assert block_figures(it, Period(0, 1))[3].weakest == pytest.approx((0.9375, 600))
    it.chemistry = "lfp"
    assert block_figures(it, Period(0, 1))[3].weakest is None


def test_the_weakest_is_told_against_its_string() -> None:
    volts = {BlockKey("1", str(number)): 12.0 for number in (1, 2, 3)} | {BlockKey("1", "4"): 10.8}
    long, short = (Discharge(Occurrence(0, seconds), "outage", lowest=volts) for seconds in (600, 60))
    assert weakest([long], {})[BlockKey("1", "4")] == pytest.approx((0.9, 600))
    assert weakest([short], {}) == {}
    assert BlockKey("1", "4") not in weakest([long], {"4": 700.0})  # another block since


def test_occurrences_know_whether_they_were_seen_whole() -> None:
    seen = {0: 0, 15: 1, 30: 1, 45: 0, 60: 1, 300: 1, 315: 0}
    assert occurrences({float(at): float(value) for at, value in seen.items()}, 15) == [
        Occurrence(15, 45),
        Occurrence(60, 60, ended=False),
        Occurrence(300, 315, began=False),
    ]


def test_what_a_discharge_was() -> None:
    on, off = {0.0: 1.0, 15.0: 1.0}, {0.0: 0.0, 15.0: 0.0}
    assert kind_of(Occurrence(0, 30), on, off) == "outage"
    assert kind_of(Occurrence(0, 30), on, on) == "test"
    assert kind_of(Occurrence(0, 30), off, {}) == "alone"
    assert kind_of(Occurrence(0, 30), {}, {}) == "unknown"  # a BACS without a UPS
    assert either(on, off) == on


def test_a_test_that_the_mains_failed_in_is_cut() -> None:
    test = Occurrence(0, 600)
    assert not cut(test, {0: 1, 585: 1, 600: 1, 615: 0, 630: 0, 645: 1}, 15)  # the flags go one after another
    assert cut(test, {0: 1, 600: 1, 615: 1, 630: 1, 645: 0}, 15)
    assert not cut(test, {}, 15)


def test_a_gap_of_the_blocks_alone_is_told() -> None:
    it = Gathered(Place("", "a"), 15, rules=array("d", [1.0] * 48))
    whole = array("d", [1.0] * 48)
    late = array("d", [1.0] * 40 + [0.0] * 8)  # nothing at all was seen in the last eight hours
    blocks = array("d", [0.0] * 2 + [1.0] * 8 + [0.0] * 20 + [0.5] * 10 + [0.0] * 8)
    it.seen = {"device": late, "ups": late, "blocks": blocks}
    told = unknown(it, [], Period(0, 2))
    assert told[0] == (
        "Its blocks were not seen in 22 whole hours in which the device was, 20 of them in a row from "
        "1970-01-01 10:00."
    )
    it.seen = {"device": whole, "ups": whole, "blocks": array("d", [0.0] * 48)}
    assert not any("whole hours" in text for text in unknown(it, [], Period(0, 2)))


def test_what_bacs_says_of_a_block_lists_it() -> None:
    key = BlockKey("1", "3")
    it = Gathered(Place("", "a"), 15, present={key: True, BlockKey("1", "4"): True})
    nan = [NAN] * 20
    it.block_flags = {(key, "resistor_high"): array("d", [*nan, 60.0])}
    found = ranking((it.place, block) for block in block_figures(it, Period(0, 21)))
    assert [(item.block.key, item.urgent) for item in found] == [(key, True)]
    it.block_flags = {(key, "resistor_high"): array("d", [60.0, *nan])}  # long ago
    assert ranking((it.place, block) for block in block_figures(it, Period(0, 21))) == []


def test_no_line_is_drawn_over_weeks_that_are_not_known() -> None:
    days = [1.0] * 21 + [NAN] * 14 + [1.0] * 14
    (path,) = re.findall(r'class="block" d="([^"]*)"', history({"1": days}, 1.4, "a string"))
    assert re.sub("[^ML]", "", path) == "MLLML"
    assert "M" not in re.findall(r'd="M([^"]*)"', history({"1": [1.0] * 49}, 1.4, "a string"))[0]


def test_a_block_is_replaced_if_another_was_seen_before_it() -> None:
    old, new = BlockKey("1", "1"), BlockKey("1", "2")
    it = Gathered(Place("", "a"), 15, present={old: True, new: True}, installed={"1": 86400.0, "2": 86400.0})
    it.volts = {old: array("d", [13.6, 13.6, 13.6]), new: array("d", [NAN, NAN, 13.6])}
    assert [block.replaced for block in block_figures(it, Period(0, 3))] == [True, False]


def test_hours_close_to_each_other_are_one_span() -> None:
    assert spans([7200, 3600, 36000], 10, 600) == ([(-600, 7800), (31800, 36600)], 0)
    assert spans([3600, 36000], 1, 600) == ([(31800, 36600)], 1)


@pytest.mark.parametrize(
    ("counter", "by"), [([3, 3, 5], 2), ([3, NAN, 5], 2), ([7, 0, 2], 2), ([7, 2], 2), ([], 0)]
)
def test_a_counter_that_began_again(counter: list[float], by: int) -> None:
    assert grown(counter) == by


def test_the_ranking_puts_the_worn_block_first_and_no_healthy_one_on_it() -> None:
    def block(name: str, **figures: object) -> tuple[Place, BlockFigures]:
        return Place("north", "a"), BlockFigures(BlockKey("1", name), **figures)  # type: ignore[arg-type]

    found = ranking(
        [
            block("1", growth=1.05, ratio=1.02, weakest=(0.99, 0.0)),
            block("2", growth=1.35, ratio=1.2),
            block("3", growth=1.6, ratio=1.5, weakest=(0.93, 0.0)),
            block("4"),
            block("5", equalising_more=0.9),
        ]
    )
    assert [item.block.key.module for item in found] == ["3", "2"]
    assert [item.urgent for item in found] == [True, False]
    assert any("1.60 times" in sign.text for sign in found[0].signs)
