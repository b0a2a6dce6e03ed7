"""The simulated year is in Prometheus as its story tells it, and its report says so, too.

One file for both: each process of a run makes the year for itself.
"""

import re
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
LOAD = "generex_ups_output_load_ratio"
PHASES = (1, 2, 3)
RESISTOR_HIGH = 6  # bit of a module's alarm word
STRINGS = {
    name: range(first, first + STORY.modules // STORY.strings)
    for name, first in enumerate(range(1, STORY.modules + 1, STORY.modules // STORY.strings), 1)
}


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

        (before,) = last("generex_ups_battery_charge_ratio", end=start, lasts=120).values()
        assert row["Charge before"] == f"{100 * before[-1]:.0f} %"
        loads = [last(f'{LOAD}{{phase="{phase}"}}')[0] for phase in PHASES]
        assert row["Load"] == f"{100 * max(map(fmean, loads)):.0f} %"
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


def test_the_report_has_how_far_each_block_is_off_on_float_and_how_hard_it_is_equalised(
    one_year: Prometheus, tables: Tables
) -> None:
    floats = samples(one_year, 'generex_bacs_state{flag="float_charging"}', END, 30 * DAY)[0]
    on_float = {at for at, value in floats if value == 1}
    month = range(STORY.days - 30, STORY.days)
    volts = means(by_day(samples(one_year, "generex_bacs_module_volts", END, 31 * DAY), STORY, on_float))
    efforts = samples(one_year, "generex_bacs_module_equalization_ratio", END, 31 * DAY)
    hourly = {at for of in efforts.values() for at, _ in of if at % COARSE == 0}
    equalised = means(by_day(efforts, STORY, hourly))
    for string in STRINGS.values():
        middle = {day: median(volts[module][day] for module in string) for day in month}
        for module in string:
            row = tables.block(module)
            off = 1000 * median(volts[module][day] - middle[day] for day in month)
            assert float(row["to median mV"]) == pytest.approx(off, abs=1.5)
            effort = 100 * fmean(equalised[module][day] for day in month)
            assert float(row["Equalising"].removesuffix(" %")) == pytest.approx(effort, abs=1)


def lowest_of_discharges(prometheus: Prometheus) -> dict[int, tuple[float, int]]:
    """By module its lowest voltage in a discharge against that of its string, and when that ended."""
    found: dict[int, tuple[float, int]] = {}
    for begin, lasts in STORY.discharges:
        end = STORY.start + begin + lasts
        volts = samples(prometheus, "generex_bacs_module_volts", end - 1, lasts)
        least = {module: min(value for _, value in points) for module, points in volts.items()}
        for string in STRINGS.values():
            middle = median(least[module] for module in string)
            for module in string:
                if module != STORY.replaced or begin >= STORY.replaced_on:
                    found[module] = min(found.get(module, (9.9, 0)), (least[module] / middle, end))
    return found


def test_the_report_has_the_weakest_discharge_of_each_block(one_year: Prometheus, tables: Tables) -> None:
    for module, (share, _) in lowest_of_discharges(one_year).items():
        told = float(tables.block(module)["Weakest in a discharge"].removesuffix(" %"))
        assert told == pytest.approx(100 * (share - 1), abs=0.051)


def test_the_report_says_of_each_string_what_its_blocks_say_together(page: str, tables: Tables) -> None:
    """From the figures of the blocks, which other tests reckon from the samples."""
    text = " ".join(re.sub("<[^>]*>", " ", page).split())
    for name, string in STRINGS.items():
        words = text.partition(f"String {name}: {len(string)} blocks ")[2].partition("(medians)")[0]
        told = [float(number) for number in re.findall(r"[-+]?\d+\.?\d*", words)]
        blocks = [tables.block(module) for module in string]

        def of(head: str, blocks: list[dict[str, str]] = blocks) -> list[float]:
            return [float(row[head]) for row in blocks]

        assert told == [
            pytest.approx(median(of("Float V")), abs=0.006), min(of("to median mV")), max(of("to median mV")),
            pytest.approx(fmean(of("Mean °C")), abs=0.1), max(of("Warmest °C")),
            pytest.approx(fmean(of("Ageing ×")), abs=0.011), 20,  # °C
            pytest.approx(median(of("Resistance mΩ")), abs=0.011),
            pytest.approx(median(of("× baseline")), abs=0.011),
        ]  # fmt: skip


def test_the_report_has_the_load_of_the_phase_that_carries_most(one_year: Prometheus, page: str) -> None:
    loads = [samples(one_year, f'{LOAD}{{phase="{phase}"}}', END, YEAR) for phase in PHASES]
    daily = [means(by_day(of, STORY))[0] for of in loads]
    mean = fmean(max(of[day] for of in daily) for day in range(STORY.days))
    most = max(value for of in loads for _, value in of[0])
    assert f"Load, mean</dt><dd>{100 * mean:.0f} %<" in page
    assert f"Load, most</dt><dd>{100 * most:.0f} %<" in page


def test_the_reasons_of_the_ranking_have_the_figures_of_the_samples(
    one_year: Prometheus, page: str, tables: Tables
) -> None:
    weakest = lowest_of_discharges(one_year)
    reasons = page.partition("What to replace first</h2>")[2].partition("First is the block")[0]
    for part in reasons.split(", block ")[1:]:
        module = int(part.partition("<")[0])
        row, (share, ended) = tables.block(module), weakest[module]
        when = datetime.fromtimestamp(ended, UTC)
        assert f"its resistance is {row['× baseline']} times that of its first 30 days" in part
        assert f"its resistance is {row['× median']} times the median of its string" in part
        told = re.search(r"in the discharge of ([\d-]+) its lowest voltage was ([\d.]+) % below", part)
        assert told
        assert told[1] == f"{when:%Y-%m-%d}"
        assert float(told[2]) == pytest.approx(100 * (1 - share), abs=0.051)
        assert "reached" in part  # 1.5 times its baseline
        assert float(row["× baseline"]) > 1.5


def test_the_report_ranks_the_blocks_that_fail_and_no_other(page: str) -> None:
    first = page.partition("What to replace first</h2>")[2].partition("First is the block")[0]
    worst = sorted(STORY.failing, key=lambda block: STORY.failing[block])
    found = [int(part.partition("<")[0]) for part in first.split(", block ")[1:]]
    assert found == worst


def test_the_report_has_the_flags_of_the_blocks_and_for_how_long(
    one_year: Prometheus, tables: Tables
) -> None:
    told = {}
    for module in range(1, STORY.modules + 1):
        found = re.search(r"Resistance high ([\d.]+) d", tables.block(module)["Flags, installed"])
        if found:
            told[module] = float(found[1])
    words = samples(one_year, "generex_bacs_module_alarm_word", END, YEAR)
    hours = {
        module: sum(int(word) >> RESISTOR_HIGH & 1 for at, word in words[module] if at % COARSE == 0)
        for module in STORY.failing
    }
    assert told == {module: pytest.approx(count / 24, abs=0.3) for module, count in hours.items()}


def test_the_report_has_the_alarms_by_length(one_year: Prometheus, tables: Tables) -> None:
    rows = {row[0]: row for row in tables.rows if len(row) == 4}
    hours = sum(lasts for _, lasts in STORY.discharges) / 3600
    assert float(rows["On battery"][2].removesuffix(" h")) == pytest.approx(hours, abs=0.5)
    assert rows["On battery"][3] == str(len(STORY.discharges))
    for flag, alarm in (("resistor_high", "Resistance high"), ("general_alarm", "General alarm")):
        (of,) = samples(one_year, f'generex_bacs_alarm{{flag="{flag}"}}', END, YEAR).values()
        days = {int((at - STORY.start) // DAY) for at, value in of if value == 1}
        assert int(rows[alarm][3]) == pytest.approx(len(days), abs=1)
        hours = sum(value for at, value in of if at % COARSE == 0)
        assert float(rows[alarm][2].removesuffix(" d")) == pytest.approx(hours / 24, rel=0.01)
