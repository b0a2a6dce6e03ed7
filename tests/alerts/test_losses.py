"""Losses that a first glance misses: a dead phase, a UPS unread while BACS answers, a target gone."""

from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import SLOW, check_tests

BACS = {"generex-bacs", "generex-blocks"}
FIRING = 'count by (alertname, device) (ALERTS{alertstate="firing", alertname=~"Generex(%s)"})'
LOST = FIRING % "LostOnBattery"
PHASES = FIRING % "(Out|In)putVoltage"


def _series(name: str, values: str, instance: str = "i", **labels: str) -> dict[str, str]:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f'{name}{{{inside},site="s",job="j",instance="{instance}"}}', "values": values}


def _test(expr: str, at: str, *found: tuple[str, str]) -> dict[str, Any]:
    samples = [{"labels": f'{{alertname="Generex{n}", device="{d}"}}', "value": 1} for n, d in found]
    return {"expr": expr, "eval_time": at, "exp_samples": samples}


def test_one_dead_phase_is_seen_and_all_dead_ones_are_left_to_other_alerts(tmp_path: Path) -> None:
    dead, good, all_dead = "230x60 0x60", "230x120", "230x60 0x60"
    series = []
    for what in ("in", "out"):
        name = f"generex_ups_{what}put_volts"
        for phase, values in (("1", good), ("2", dead), ("3", good)):
            series.append(_series(name, values, device="one", phase=phase))
        for phase in ("1", "2", "3"):
            series.append(_series(name, all_dead, device="all", phase=phase))
        series.append(_series(name, good, device="single", phase="1"))
        series.append(_series(name, "0x120", device="single", phase="2"))
    for phase, values in (("1", good), ("2", dead)):
        series.append(_series("generex_ups_input_volts", values, device="battery", phase=phase))
    series.append(_series("generex_ups_status", "0x60 1x60", device="battery", flag="backup_mode"))
    tests = [_test(PHASES, "59m"), _test(PHASES, "80m", ("OutputVoltage", "one"), ("InputVoltage", "one"))]
    check_tests(tmp_path, [{"interval": "1m", "input_series": series, "promql_expr_test": tests}], "1m")


def test_an_output_far_off_is_told_though_the_word_for_it_comes_and_goes(tmp_path: Path) -> None:
    words = {"flaps": "0x100 1 1 0 1 1 0 1 1 0 1 1 0 1x60", "says": "0x100 1x70", "silent": "0x170"}
    series = []
    for device, values in words.items():
        series.append(_series("generex_ups_alarm", values, device=device, flag="output_bad"))
        for phase in "123":
            volts = "230x100 180x70" if phase == "2" else "230x170"
            series.append(_series("generex_ups_output_volts", volts, device=device, phase=phase))
    expr = FIRING % "Output(Bad|Voltage)"
    # ill from 25 min 15 s on
    tests = [
        _test(expr, "25m45s"),
        _test(expr, "27m", ("OutputBad", "says"), ("OutputVoltage", "flaps"), ("OutputVoltage", "silent")),
    ]
    check_tests(
        tmp_path, [{"interval": "15s", "input_series": series, "promql_expr_test": tests}], without=BACS
    )


@pytest.mark.parametrize("last", ["1", "0"])
def test_a_ups_on_battery_that_goes_unread_or_vanishes_is_lost(tmp_path: Path, last: str) -> None:
    series = [
        # the group of the UPS is unread, BACS answers
        _series("generex_up", "1x200", device="unread"),
        _series("generex_group_up", "1x40 0x160", device="unread", group="ups"),
        _series("generex_data_valid", "1x40 stale", device="unread", group="ups"),
        _series("generex_ups_status", f"0x20 {last}x20 stale", device="unread", flag="backup_mode"),
        # some words of it are unread, but not those that say so
        _series("generex_up", "1x200", device="partly"),
        _series("generex_group_up", "1x40 0x160", device="partly", group="ups"),
        _series("generex_ups_status", f"0x20 {last}x180", device="partly", flag="backup_mode"),
        # the target is gone, another is there
        _series("generex_up", "1x40 stale", "k", device="gone"),
        _series("generex_ups_status", f"0x20 {last}x20 stale", "k", device="gone", flag="backup_mode"),
    ]
    lost = (("LostOnBattery", "unread"), ("LostOnBattery", "gone")) if last == "1" else ()
    tests = [_test(LOST, "10m"), *(_test(LOST, at, *lost) for at in ("18m", "45m"))]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without=SLOW - {"generex-last"} | BACS)


def test_one_sample_after_a_gap_has_not_lasted(tmp_path: Path) -> None:
    flags = ("inverter_failure", "ups_failed", "bypass_mode")
    series = [
        _series("generex_ups_status", "0x20 stale _x3 1 0x80", device="blip", flag=flag) for flag in flags
    ]
    series += [
        _series("generex_ups_status", "0x20 stale _x3 1x80", device="lasts", flag=flag) for flag in flags
    ]
    where = {"string": "1", "module": "3", "flag": "voltage_high"}
    series.append(_series("generex_bacs_module_alarm", "_x20 1 stale", device="block", **where))
    expr = FIRING % "InverterFailed|UpsFault|OnBypass|BlockVoltageHigh"
    lasts = [(name, "lasts") for name in ("InverterFailed", "UpsFault", "OnBypass")]
    tests = [_test(expr, "390s"), _test(expr, "465s", *lasts)]
    check_tests(tmp_path, [{"interval": "15s", "input_series": series, "promql_expr_test": tests}])
