"""The simulated year is in Prometheus as its story tells it, and its report says so, too.

One file for both: each process of a run makes the year for itself.
"""

from datetime import UTC, datetime
from statistics import fmean, median

import pytest

from exporter.cli import main
from tests.year.backfill import Prometheus
from tests.year.conftest import STORY
from tests.year.reckon import Tables, against_string, by_day, means, samples, slope
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


YEAR = STORY.days * DAY
OHMS = "generex_bacs_module_resistance_ohms"


@pytest.fixture(scope="module", name="page")
def _page(one_year: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the year."""
    out = tmp_path_factory.mktemp("out") / "report.html"
    period = (f"--from={STORY.first_day}", f"--to={STORY.last_day}")
    assert main(["report", f"--prometheus={one_year.url}", *period, f"--out={out}"]) == 0
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="tables")
def _tables(page: str) -> Tables:
    return Tables(page)


def test_the_report_has_every_discharge_with_what_was_read_at_its_end(
    one_year: Prometheus, tables: Tables
) -> None:
    rows = tables.under("What")
    assert len(rows) == len(STORY.discharges)
    for row, (begin, lasts) in zip(rows, STORY.discharges, strict=True):
        start, end = STORY.start + begin, STORY.start + begin + lasts
        assert row["Start (UTC)"] == f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M}"
        assert row["What"] == ("test" if (begin, lasts) in STORY.tests else "power failure")
        assert row["Length"] == f"{lasts / 60:.0f} min"

        def last(metric: str, end: int = end, lasts: int = lasts) -> dict[int, list[float]]:
            found = samples(one_year, metric, end - 1, lasts)
            return {module: [value for _, value in points] for module, points in found.items()}

        (charge,) = last("generex_ups_battery_charge_ratio").values()
        assert row["Charge at end"] == f"{100 * charge[-1]:.0f} %"
        (runtime,) = last("generex_ups_battery_runtime_seconds").values()
        assert row["Runtime at end"] == f"{runtime[-1] / 60:.0f} min"
        volts = last("generex_bacs_module_volts")
        lowest = min(min(values) for values in volts.values())
        block = min(volts, key=lambda module: min(volts[module]))
        assert row["Lowest block"] == f"block {block}: {lowest:.2f} V"
        at_end = [values[-1] for values in volts.values()]
        assert row["Spread at end"] == f"{max(at_end) - min(at_end):.2f} V"


def test_the_report_has_every_test_and_the_days_since_the_last(page: str, tables: Tables) -> None:
    rows = tables.under("Length")
    assert [row["Result"] for row in rows] == ["passed"] * len(STORY.tests)
    assert [row["Length"] for row in rows] == ["10 min"] * len(STORY.tests)
    begin, lasts = STORY.tests[-1]
    since = (YEAR - begin - lasts) / DAY
    assert f"the last test that was passed</dt><dd>{since:.0f}<" in page
    assert f"Power failures counted</dt><dd>{len(STORY.outages)}<" in page
    assert ">100.0 %<" in page  # seen all the year


def test_the_resistances_of_the_report_are_those_of_the_samples(one_year: Prometheus, tables: Tables) -> None:
    floats = samples(one_year, 'generex_bacs_state{flag="float_charging"}', END, YEAR)[0]
    on_float = {at for at, value in floats if value == 1}
    daily = means(by_day(samples(one_year, OHMS, END, YEAR), STORY, on_float))
    ratios = against_string(daily, STORY)
    for module, days in daily.items():
        first = STORY.replaced_on // DAY if module == STORY.replaced else 0
        known = [days[day] for day in sorted(days) if day >= first]
        now, base = median(known[-7:]), median(known[:30])
        row = tables.block(module)
        assert float(row["Resistance mΩ"]) == pytest.approx(1000 * now, rel=0.005)
        assert float(row["Baseline mΩ"]) == pytest.approx(1000 * base, rel=0.005)
        assert float(row["× baseline"]) == pytest.approx(now / base, abs=0.015)
        of_string = {day: ratio for day, ratio in ratios[module].items() if day >= first}
        ratio = median([of_string[day] for day in sorted(of_string)][-7:])
        assert float(row["× median"]) == pytest.approx(ratio, abs=0.01)
        low, _, high = row["Trend % a year"].partition(" to ")
        pace = 100 * 365 * slope(of_string) / ratio
        assert float(low) - 1.5 <= pace <= float(high) + 1.5
    assert tables.block(STORY.replaced)["Flags, installed"].endswith(f"replaced {STORY.replaced_at:%Y-%m-%d}")


def test_the_temperatures_and_voltages_of_the_report_are_those_of_the_samples(
    one_year: Prometheus, tables: Tables
) -> None:
    sensors = samples(one_year, "generex_bacs_module_temperature_celsius", END, YEAR)
    celsius = by_day(sensors, STORY)
    volts = by_day(samples(one_year, "generex_bacs_module_volts", END, 30 * DAY), STORY)
    hourly = {at for at, _ in samples(one_year, "generex_up", END, YEAR)[0] if at % COARSE == 0}
    calm = means(by_day(sensors, STORY, hourly))
    for module in range(1, STORY.modules + 1):
        first = STORY.replaced_on // DAY if module == STORY.replaced else 0
        row = tables.block(module)
        means_of_days = [mean for day, mean in calm[module].items() if day >= first]
        assert float(row["Mean °C"]) == pytest.approx(fmean(means_of_days), abs=0.1)
        factor = fmean(2 ** ((mean - 20) / 10) for mean in means_of_days)
        assert float(row["Ageing ×"]) == pytest.approx(factor, abs=0.015)
        warmest = max(max(values) for day, values in celsius[module].items() if day >= first)
        assert float(row["Warmest °C"]) == warmest
        float_volts = median(median(values) for values in volts[module].values())
        assert float(row["Float V"]) == pytest.approx(float_volts, abs=0.005)


def test_the_report_ranks_the_blocks_that_fail_and_no_other(page: str) -> None:
    first = page.partition("What to replace first</h2>")[2].partition("First is the block")[0]
    worst = sorted(STORY.failing, key=lambda block: STORY.failing[block])
    found = [int(part.partition("<")[0]) for part in first.split(", block ")[1:]]
    assert found == worst


def test_the_report_has_the_flags_of_the_blocks_and_no_other(tables: Tables) -> None:
    flagged = {
        module for module in range(1, STORY.modules + 1)
        if "resistor_high" in tables.block(module)["Flags, installed"]
    }  # fmt: skip
    assert flagged == set(STORY.failing)


def test_the_report_has_the_alarms_by_length(tables: Tables) -> None:
    rows = {row[0]: row for row in tables.rows if len(row) == 4}
    hours = sum(lasts for _, lasts in STORY.discharges) / 3600
    assert float(rows["On battery"][2].removesuffix(" h")) == pytest.approx(hours, abs=0.5)
    assert rows["On battery"][3] == str(len(STORY.discharges))
