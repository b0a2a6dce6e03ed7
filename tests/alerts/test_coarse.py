"""A coarse flag gives way to a finer alert that fires, never to flags that come and go (operations 1.11)."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from exporter.generate.alerts.loading import alert_groups
from exporter.generate.alerts.model import Alert, Settings
from exporter.generate.alerts.thresholds import threshold_values
from exporter.maps import built_in_maps
from tests.alerts.faults import DISCHARGE
from tests.alerts.promtool import SLOW, check_tests
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

STEP, BEFORE, ILL, AFTER = 15, 20, 80, 24  # seconds, steps

COARSE = {
    # alert: its flag; finer flags that lead to alerts, each after the time that is typed in operations 2
    "SensorLost": ("1001.4", "1001.15"),
    "StringVoltageHighWarning": ("1001.7", "1001.5"),
    "StringVoltageLowWarning": ("1001.8", "1001.6"),
    "CurrentOutOfRange": ("1001.13", "1001.9"),
    "EqualisingCutOff": ("1005.4", "1063.8"),
    "VoltagesApart": ("1001.1", "1063.2"),
    "VoltageOutOfRange": ("1000.9", "1063.2"),
    "TemperatureOutOfRange": ("1000.10", "1002.4"),
    "ResistanceOutOfRange": ("1000.11", "1063.6"),
    "BacsGeneralAlarm": ("1001.0", "1063.4"),
}
FINER = {
    "SensorLost": "CurrentSensorLost",
    "StringVoltageHighWarning": "StringVoltageHigh",
    "StringVoltageLowWarning": "StringVoltageLow",
    "CurrentOutOfRange": "StringCurrentHigh",
    "EqualisingCutOff": "BlockEqualisingFailed",
    "VoltagesApart": "BlockVoltageHigh",
    "VoltageOutOfRange": "BlockVoltageHigh",
    "TemperatureOutOfRange": "BlockHot",
    "ResistanceOutOfRange": "BlockResistanceHigh",
    "BacsGeneralAlarm": "BlockHot",
}

Fault = Callable[[int], Sequence[str]]
"""The changes to the words at a step of the illness."""


def _series(device: str, fault: Fault, after: Sequence[str] = ()) -> list[dict[str, str]]:
    watched = Watched(named(device, site=device))
    images = healthy_images(BEFORE + ILL + AFTER, STEP, 2, 2)
    pages = []
    for step, words in enumerate(images):
        since = step - BEFORE
        shown = () if since < 0 else fault(since) if since < ILL else after
        pages.append(watched.page(put(words, *shown), step * STEP))
    return input_series(pages, device)


def _fired(at: str, ever: str, found: set[tuple[str, str]], within: str = "") -> dict[str, Any]:
    """All alerts, as device and name, that fired in the time `ever` before `at`."""
    return {
        "expr": "group by (device, alertname) ("
        f'count_over_time(ALERTS{{alertstate="firing",device!=""{within}}}[{ever}]))',
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}", device="{device}"}}', "value": 1}
            for device, name in sorted(found)
        ],
    }


def _check(folder: Path, series: Sequence[dict[str, str]], *tests: dict[str, Any]) -> None:
    group = {"interval": f"{STEP}s", "input_series": series, "promql_expr_test": tests}
    check_tests(folder, [group], without=SLOW)


def test_the_finer_alert_alone_is_told_from_beginning_to_end(tmp_path: Path) -> None:
    series = [
        line for name, flags in COARSE.items() for line in _series(name, lambda step, flags=flags: flags)
    ]
    _check(tmp_path, series, _fired("31m", "31m", set(FINER.items())))


def test_a_finer_flag_that_comes_and_goes_leaves_the_coarse_one_to_be_told(tmp_path: Path) -> None:
    """For a minute and a half in two: no finer alert is made of it, whatever it is."""

    def flaps(coarse: str, finer: str) -> Fault:
        return lambda step: (coarse, finer) if step % 8 < 6 else (coarse,)

    series = [
        line for name, (coarse, finer) in COARSE.items()
        if name != "SensorLost"  # a lost current sensor is told after a minute
        for line in _series(name, flaps(coarse, finer))
    ]  # fmt: skip
    told = {(name, name) for name in COARSE} - {("SensorLost", "SensorLost")}
    # ill from 5 min on; a coarse flag lasts five minutes, as long as a finer one takes
    _check(tmp_path, series, _fired("9m45s", "9m", set()), _fired("11m", "11m", told))


def test_flags_that_take_turns_or_all_come_and_go_are_told_by_the_coarse_one(tmp_path: Path) -> None:
    series = [
        # high, then low, and never nothing
        *_series("turns", lambda step: ("1000.9", "1063.2" if step % 8 < 4 else "1063.3")),
        # all of them for three minutes in four
        *_series("together", lambda step: ("1000.10", "1063.4") if step % 16 < 12 else ()),
        # once, for three minutes: too short for the alert of that flag, and none is made in its stead
        *_series("once", lambda step: ("1000.10", "1063.4") if step < 12 else ()),
    ]
    told = {("turns", "VoltageOutOfRange"), ("together", "TemperatureOutOfRange")}
    _check(tmp_path, series, _fired("31m", "31m", told))


def test_the_coarse_flag_is_told_at_once_where_no_finer_one_is_set_and_after_the_finer_has_gone(
    tmp_path: Path,
) -> None:
    series = [
        *_series("alone", lambda step: ("1000.9",)),
        # the block is well again after ten minutes, and the finer alert holds for five more
        *_series("stays", lambda step: ("1000.9", "1063.2") if step < 40 else ("1000.9",)),
    ]
    early = {("alone", "VoltageOutOfRange")}
    later = early | {("stays", "BlockVoltageHigh")}
    _check(
        tmp_path,
        series,
        _fired("9m45s", "9m", set()),
        _fired("11m", "11m", later),
        _fired("20m", "20m", later),
        _fired("23m", "23m", later | {("stays", "VoltageOutOfRange")}),
    )


def test_a_weak_block_is_told_as_such_through_a_discharge_and_the_charge_after_it(tmp_path: Path) -> None:
    low = ("1000.9", "1002.0", "1002.3", "1063.0", "1063.3", "1001.0")

    def discharge(step: int) -> Sequence[str]:
        # discharge, charge, and float from the 60th step on
        return (*low, *(DISCHARGE if step < 30 else ("1000.4", "-1000.6") if step < 60 else ()))

    coarse = ',alertname=~"Generex(VoltageOutOfRange|BacsGeneralAlarm|Block.+)"'
    blocks = {("low", f"BlockVoltageLow{when}") for when in ("UnderLoad", "OffFloat", "")}
    _check(tmp_path, _series("low", discharge, low), _fired("31m", "31m", blocks, coarse))


def test_warm_blocks_after_a_discharge_are_no_general_alarm(tmp_path: Path) -> None:
    warm = ("1000.10", "1001.0", "1002.11", "1063.0", "1063.11")
    series = [
        # a discharge of five minutes first
        *_series("rests", lambda step: (*warm, *(DISCHARGE if step < 20 else ())), warm),
        *_series("warm", lambda step: warm, warm),
    ]
    only = ',alertname=~"Generex(TemperatureOutOfRange|BacsGeneralAlarm|BlockHotWarning)"'
    group = {
        "interval": f"{STEP}s",
        "input_series": series,
        "promql_expr_test": [_fired("31m", "31m", {("warm", "BlockHotWarning")}, only)],
    }
    check_tests(tmp_path, [group], without={"generex-slow"})


def test_every_flag_that_leads_to_an_alert_explains_a_general_alarm() -> None:
    settings = Settings(threshold_values({}), built_in_maps())
    alerts = {
        rule.name: rule for group in alert_groups(settings) for rule in group.rules if isinstance(rule, Alert)
    }
    general = re.search(r'flag!~"([^"]+)"', alerts["GenerexBacsGeneralAlarm"].expr)
    assert general
    normal = {
        "GenerexBacsGeneralAlarm", "GenerexBacsNotRunning", "GenerexBacsStarting", "GenerexBacsService",
        "GenerexDischarging", "GenerexChargingLong",
    }  # fmt: skip
    told = {
        flag for name, rule in alerts.items() if name not in normal
        for metric, flag in rule.flags if metric.startswith("generex_bacs_")
    }  # fmt: skip
    assert len(told) > 40
    assert not {flag for flag in told if re.fullmatch(general[1], flag)}


def test_a_share_that_comes_and_goes_leaves_an_uneven_discharge_to_be_told(tmp_path: Path) -> None:
    def line(name: str, values: str, device: str, **more: str) -> dict[str, str]:
        inside = ",".join(
            f'{key}="{value}"' for key, value in {"device": device, "site": device, **more}.items()
        )
        return {"series": f"{name}{{{inside}}}", "values": values}

    series = []
    # of three strings one carries half of what the others do, always or for a minute in two
    for device, amperes in (("flaps", " ".join(["5x3 10x3"] * 15)), ("steady", "5x119")):
        series += [
            line("generex_bacs_state", "0x20 1x99", device, flag="discharging"),
            line("generex_up", "1x119", device),
            line("generex_bacs_alarm", "0x20 1x99", device, flag="discharge_current_deviation"),
            line("generex_bacs_string_current_amperes", amperes, device, string="1"),
            *(line("generex_bacs_string_current_amperes", "10x119", device, string=s) for s in "23"),
        ]
    only = ',alertname=~"Generex(DischargeUneven|String.+)"'
    told = {("flaps", "DischargeUneven"), ("steady", "StringWeak")}
    _check(
        tmp_path,
        series,
        _fired("10m", "10m", {("steady", "StringWeak")}, only),
        _fired("20m", "20m", told, only),
    )
