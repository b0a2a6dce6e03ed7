"""Battery tests (operations 1.7): what wakes nobody, for how long, and a device that is lost in one."""

import re
from pathlib import Path
from typing import Any

from tests.alerts.promtool import SLOW, check_tests

BACS = {"generex-bacs", "generex-blocks"}
FIRED = 'count by (alertname, device) (ALERTS{alertstate="firing",alertname=~"Generex(%s)"})'


def _series(name: str, values: str, **labels: str) -> dict[str, str]:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {
        "series": f'{name}{{{inside},site="s-{labels["device"]}",job="j",instance="i"}}',
        "values": values,
    }


def _ups(device: str, test: str, on_battery: str, volts: str, up: str) -> list[dict[str, str]]:
    return [
        _series("generex_ups_status", test, device=device, flag="test_act"),
        _series("generex_ups_status", on_battery, device=device, flag="backup_mode"),
        _series("generex_ups_input_volts", volts, device=device, phase="1"),
        _series("generex_data_valid", re.sub("230|150", "1", volts), device=device, group="ups"),
        _series("generex_up", up, device=device),
    ]  # fmt: skip


def _test(names: str, at: str, *found: tuple[str, str]) -> dict[str, Any]:
    samples = [{"labels": f'{{alertname="Generex{n}", device="{d}"}}', "value": 1} for n, d in sorted(found)]
    return {"expr": FIRED % names, "eval_time": at, "exp_samples": samples}


def test_a_device_that_falls_silent_on_battery_is_lost_after_two_failed_passes_also_in_a_test(
    tmp_path: Path,
) -> None:
    once, dead = "0x9 1x20 stale 1x60", "0x9 1x20 stale"
    volts_once, volts_dead = "230x30 stale 230x60", "230x30 stale"
    up_once, up_dead = "1x30 0 1x60", "1x30 0x61"
    mains = ("0x30 stale 0x60", "0x30 stale")
    series = [
        *_ups("test-once", once, once, volts_once, up_once),
        *_ups("test-dead", dead, dead, volts_dead, up_dead),
        # the mains is bad, or no test runs
        *_ups("bad-once", once, once, "230x20 150x9 stale 150x60", up_once),
        *_ups("failure-once", mains[0], once, volts_once, up_once),
        # the test is over, the UPS stays on battery
        *_ups("over-once", "0x9 1x19 0 stale 0x60", once, volts_once, up_once),
        *_ups("mains-dead", mains[1], mains[1], volts_dead, up_dead),
        # BACS alone, which knows of no tests
        _series("generex_bacs_state", once, device="bacs-once", flag="discharging"),
        _series("generex_up", up_once, device="bacs-once"),
        _series("generex_bacs_state", dead, device="bacs-dead", flag="discharging"),
        _series("generex_up", up_dead, device="bacs-dead"),
    ]
    lost = [("LostOnBattery", device) for device in ("test-dead", "bacs-dead")]
    # 31 samples, then the failed pass at 465 s
    tests = [_test("LostOnBattery", at) for at in ("465s", "480s")]
    tests += [_test("LostOnBattery", at, *lost) for at in ("525s", "20m")]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without={"generex-slow"} | BACS)


def test_a_test_is_exempt_with_good_mains_only_and_mutes_for_two_hours_at_most(tmp_path: Path) -> None:
    series = [
        *_ups("good", "0x49 1x150", "0x49 1x150", "230x200", "1x200"),
        *_ups("bad", "0x49 1x150", "0x49 1x150", "230x49 150x150", "1x200"),
    ]
    series += [
        _series("generex_expected_input_volts", "230x200", device=device) for device in ("good", "bad")
    ]
    names = "TestRunning|TestOnGoodMains|TestLong|OnBattery|OnBatteryLong"
    paged = [(name, "bad") for name in ("TestRunning", "OnBattery", "OnBatteryLong")]
    tests = [
        _test(names, "70m", *paged, ("TestRunning", "good"), ("TestOnGoodMains", "good")),
        _test(names, "190m", *paged, ("TestRunning", "good"), ("TestLong", "good"), ("TestLong", "bad")),
    ]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "1m", without={"generex-slow"} | BACS)


def test_the_end_of_a_test_wakes_nobody_unless_the_ups_stays_on_battery_or_the_mains_fails(
    tmp_path: Path,
) -> None:
    """The flag of the test may end first: by the UPS, or as rules record the one before a scrape only."""
    tested = "0x9 1x20 0x60"
    series = [
        *_ups("ends", tested, "0x9 1x21 0x59", "230x90", "1x90"),
        *_ups("stays", tested, "0x9 1x80", "230x90", "1x90"),
        *_ups("fails", tested, "0x9 1x80", "230x28 150x61", "1x90"),
    ]
    devices = ("ends", "stays", "fails")
    series += [_series("generex_expected_input_volts", "230x90", device=device) for device in devices]
    # the last sample with the test is at 435 s
    tests = [
        _test("OnBattery", "435s"),
        _test("OnBattery", "450s", ("OnBattery", "fails")),
        _test("OnBattery", "510s", ("OnBattery", "fails"), ("OnBattery", "stays")),
    ]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without={"generex-slow"} | BACS)


def test_devices_without_a_site_are_no_site(tmp_path: Path) -> None:
    def bare(device: str, site: str) -> dict[str, str]:
        labels = f'device="{device}",{site}flag="backup_mode",job="j",instance="i"'
        return {"series": f"generex_ups_status{{{labels}}}", "values": "0x4 1x20"}

    series = [bare("a", ""), bare("b", ""), bare("c", 'site="hall",'), bare("d", 'site="hall",')]
    names = "Generex(OnBattery|FleetOnBattery)"
    expr = f'count by (alertname, site) (ALERTS{{alertstate="firing",alertname=~"{names}"}})'
    test = {"expr": expr, "eval_time": "2m", "exp_samples": [
        {"labels": '{alertname="GenerexFleetOnBattery", site="hall"}', "value": 1},
        {"labels": '{alertname="GenerexOnBattery", site="hall"}', "value": 2},
        {"labels": '{alertname="GenerexOnBattery"}', "value": 2},
    ]}  # fmt: skip
    group = {"interval": "15s", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, [group], without=SLOW | BACS)
