"""What is recorded of a discharge and of a test: its length, its lowest volts, and the time to recharge."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import check_tests, rules_for
from tests.alerts.test_situations import QUARTER, Lines, fired, line, of
from tests.alerts.test_situations import check as check_alerts
from tests.support import load_yaml

# Each 15 s: five minutes on mains, discharged from 315 s to 930 s, on mains again. Block 3 is weak. The
# charge is 90 % again at 2145 s. A test is what discharges it, and the UPS never says that it failed.
ALONE = (
    "generex-roles-1", "generex-roles-2", "generex-state", "generex-battery", "generex-records",
    "generex-records-ended", "generex-days", "generex-tests",
)  # fmt: skip
MARKS = 'module:generex_discharge_volts:mark{elapsed="5m"}'
ON = "0x20 1x41 0x200"
SERIES = [
    line("generex_up", "1x262"),
    line("generex_ups_alarm", ON, flag="on_battery"),
    line("generex_ups_alarm", ON, flag="test_in_progress"),
    line("generex_ups_alarm", "0x262", flag="diagnostic_test_failed"),
    line("generex_ups_battery_charge_ratio", "1x20 0.7x121 0.95x200"),
    *(
        line("generex_bacs_module_volts", f"13.6x20 {volts}-0.01x41 13.6x200", string="1", module=module)
        for module, volts in (("1", "12.5"), ("2", "12.5"), ("3", "12.0"))
    ),
]


def sample(expr: str, at: str, **values: float) -> dict[str, Any]:
    """What `expr` has at a time: a value by module, `device` for a series of the device, or nothing."""
    return {"expr": expr, "eval_time": at, "exp_samples": [_expected(name, v) for name, v in values.items()]}


def _expected(name: str, value: float) -> dict[str, Any]:
    return {"labels": f'{{name="{name}"}}', "value": value}


def named(expr: str, label: str = "") -> str:
    """The series of an expression with one label, `name`: m and the value of `label`, or `device`."""
    parts = f'"m$1", "{label}", "(.+)"' if label else '"device", "", ""'
    return f'max by (name) (label_replace({expr}, "name", {parts}))'


def check(folder: Path, *samples: Mapping[str, Any]) -> None:
    check_tests(folder, [{"interval": "15s", "input_series": SERIES, "promql_expr_test": list(samples)}])


def test_a_discharge_is_recorded_for_ten_minutes_after_its_end(tmp_path: Path) -> None:
    length = named("device:generex_discharge:seconds")
    lowest = named("round(1000 * module:generex_discharge_volts:lowest)", "module")
    spread = named("round(1000 * string:generex_discharge_volts:spread)", "string")
    check(
        tmp_path,
        sample(named("device:generex_discharge:elapsed_seconds"), "615s", device=315),
        sample(length, "915s"),
        # the last pass before it was at 300 s, the last one in it at 930 s
        sample(length, "960s", device=630),
        sample(length, "1500s", device=630),
        sample(length, "1560s"),
        # from 315 s on 41 times 0.01 V less
        sample(lowest, "960s", m1=12090, m2=12090, m3=11590),
        sample(spread, "960s", m1=500),
    )


def test_discharges_compare_after_the_same_time(tmp_path: Path) -> None:
    def mark(elapsed: str) -> str:
        return named(f'round(1000 * module:generex_discharge_volts:mark{{elapsed="{elapsed}"}})', "module")

    check(
        tmp_path,
        # 60 s after 300 s is the fourth pass of the discharge, 600 s after it the fortieth
        sample(mark("1m"), "360s", m1=12470, m2=12470, m3=11970),
        sample(mark("10m"), "900s", m1=12110, m2=12110, m3=11610),
        sample(
            named('count_over_time(module:generex_discharge_volts:mark{elapsed="5m"}[1h])'), "50m", device=1
        ),
    )


def test_how_long_until_it_was_charged_again(tmp_path: Path) -> None:
    # low until 2130 s, discharged until 930 s
    recharge = named("device:generex_recharge:seconds")
    check(tmp_path, sample(recharge, "2100s"), sample(recharge, "2160s", device=1200))


def test_a_test_that_a_power_failure_breaks_off_is_not_passed(tmp_path: Path) -> None:
    series = [
        line("generex_up", "1x262"),
        line("generex_ups_alarm", "0x20 1x81 0x160", flag="on_battery"),
        line("generex_ups_alarm", ON, flag="test_in_progress"),
        line("generex_ups_alarm", "0x262", flag="diagnostic_test_failed"),
    ]
    passed = named("max_over_time(device:generex_test:passed_timestamp_seconds[1h]) > bool 0")
    samples = [sample(named("max_over_time(device:generex_test:seconds[1h])"), "3600s", device=630)]
    samples.append(sample(passed, "3600s"))
    check_tests(tmp_path, [{"interval": "15s", "input_series": series, "promql_expr_test": samples}])


def test_a_test_that_did_not_fail_is_kept_as_passed(tmp_path: Path) -> None:
    days = named("time() - device:generex_test:passed_last_timestamp_seconds < bool 3600")
    check(
        tmp_path,
        sample(named("device:generex_test:seconds"), "960s", device=630),
        sample(named("device:generex_test:passed_timestamp_seconds > bool 0"), "1500s"),
        sample(named("device:generex_test:passed_timestamp_seconds > bool 0"), "1600s", device=1),
        sample(days, "61m", device=1),
        sample(named("device:generex_discharges:count365d"), "61m", device=1),
    )


def test_a_test_that_is_overdue_is_told_and_one_that_cannot_be_known(tmp_path: Path) -> None:
    days = 86400
    series = []
    # a passed one on the first day; b never did; c never did, and may wait for longer than is known
    for device, every in (("a", 10 * days), ("b", 10 * days), ("c", 30 * days), ("free", 0)):
        series += [
            line("generex_up", "1x1300", device),
            line("generex_ups_alarm", "0x1300", device, flag="on_battery"),
        ]
        if every:
            series.append(line("generex_expected_test_interval_seconds", f"{every}x1300", device))
    series.append(line("device:generex_test:passed_timestamp_seconds", f"{days}x4"))
    check_alerts(
        tmp_path, series,
        fired("9d", ()),
        fired("10d12h", of("b", "TestOverdue") | of("c", "TestUnknown")),
        fired("11d12h", of("a", "TestOverdue") | of("b", "TestOverdue") | of("c", "TestUnknown")),
        step=QUARTER,
    )  # fmt: skip


def test_a_test_that_is_shorter_than_expected_is_told(tmp_path: Path) -> None:
    series = []
    for device, passes in (("short", 20), ("long", 41)):
        on = f"0x20 1x{passes - 1} 0x200"
        series += [
            line("generex_up", "1x240", device),
            line("generex_ups_alarm", on, device, flag="test_in_progress"),
            line("generex_expected_test_seconds", "600x240", device),
        ]
    # the long one began after 300 s and lasted for 615 s
    running = of("short", "TestRunning") | of("long", "TestRunning")
    check_alerts(tmp_path, series, fired("9m", running), fired("40m", of("short", "TestShort")))


@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_a_failed_pass_at_the_end_makes_no_test_short(seconds: int, tmp_path: Path) -> None:
    series = []
    for device, lasted in (("whole", 1200), ("half", 600)):
        idle, passes = 600 // seconds, lasted // seconds
        for name, before, during in (("up", 1, 1), ("ups_alarm", 0, 1)):
            missed = "0" if name == "up" else "_"
            values = f"{before}x{idle} {during}x{passes - 2} {missed} {before}x{3600 // seconds}"
            labels = {"flag": "test_in_progress"} if name == "ups_alarm" else {}
            series.append(line(f"generex_{name}", values, device, **labels))
        series.append(line("generex_expected_test_seconds", f"1200x{5400 // seconds}", device))
    check_alerts(tmp_path, series, fired("45m", of("half", "TestShort")), step=seconds)


SCRAPES = pytest.mark.parametrize("scrape", [15, 30, 60])


def check_alone(
    folder: Path, scrape: int, step: int, groups: Sequence[str], series: Lines, *tests: dict[str, Any]
) -> None:
    """Only some groups of the rules for a scrape interval: all of them would take minutes."""
    rules = rules_for(scrape)
    names = [group["name"] for name in rules for group in load_yaml(Path(name).read_text())["groups"]]
    assert set(groups) <= set(names)
    tried = {"interval": f"{step}s", "input_series": series, "promql_expr_test": list(tests)}
    check_tests(folder, [tried], f"{step}s", rules, [name for name in names if name not in groups])


@SCRAPES
def test_a_test_is_overdue_two_hours_after_the_last_that_was_passed(scrape: int, tmp_path: Path) -> None:
    hour = 3600 // scrape
    series = []
    # tested for twelve minutes after half an hour, or after two hours; a pass fails at the end of one
    for name, before, missed, failed in (
        ("early", hour // 2, 0, 0), ("late", 2 * hour, 0, 0), ("misses a pass", 2 * hour, 1, 0),
        ("failed", 2 * hour, 0, 1), ("none", 5 * hour, 0, 0),
    ):  # fmt: skip
        passes = 12 * 60 // scrape
        test = f"0x{before - 1} 1x{passes - 1 - missed} {'_ ' * missed}0x{5 * hour}"
        result = f"0x{before + passes - 1} {failed}x{5 * hour}"
        series += [
            line("generex_up", f"1x{5 * hour}", name),
            line("generex_ups_alarm", test, name, flag="test_in_progress"),
            line("generex_ups_alarm", test, name, flag="on_battery"),
            line("generex_ups_alarm", result, name, flag="diagnostic_test_failed"),
            line("generex_expected_test_interval_seconds", f"7200x{5 * hour}", name),
        ]
    never = of("failed", "TestOverdue") | of("none", "TestOverdue")
    early = of("early", "TestOverdue")
    late = of("late", "TestOverdue") | of("misses a pass", "TestOverdue")
    check_alone(
        tmp_path, scrape, scrape, ALONE, series,
        # passed ten minutes after its end, and told five minutes late
        fired("2h45m", never), fired("3h05m", never | early),
        fired("4h15m", never | early), fired("4h35m", never | early | late),
    )  # fmt: skip


@SCRAPES
def test_that_a_test_cannot_be_known_is_told_after_ten_days(scrape: int, tmp_path: Path) -> None:
    # what hourly rules recorded, as it is seen each quarter of an hour
    hours = "0 _x3 " * 24 * 12
    series = []
    for name, every, passed in (("short", 30, False), ("tested", 30, True), ("overdue", 5, False)):
        series += [
            line("device:generex_discharges:count365d", hours, name, job=""),
            line("generex_expected_test_interval_seconds", f"{every * 86400}x1152", name),
        ]
        if passed:
            series.append(line("device:generex_test:passed_last_timestamp_seconds", hours, name, job=""))
    overdue = of("overdue", "TestOverdue")
    check_alone(
        tmp_path, scrape, QUARTER, ("generex-days", "generex-tests"), series,
        fired("8d", overdue), fired("11d", overdue | of("short", "TestUnknown")),
    )  # fmt: skip
