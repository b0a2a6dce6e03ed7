"""What must last needs proof that it lasted: one sample after a gap is none (operations 1.1)."""

from pathlib import Path

import pytest

from tests.alerts.cases import SHORT
from tests.alerts.faults import ON_BATTERY
from tests.alerts.promtool import SLOW, check_tests, in_parts
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.test_situations import check, fired, line, ups
from tests.alerts.words import put

STEP, BEFORE, SILENT, AFTER = 30, 4, 12, 2  # seconds, steps: the silence is longer than any look back

AT_ONCE = {
    "OnBattery", "BatteryLowOnBattery", "RuntimeShort", "BatteryDepleted", "ShutdownPending",
    "ShutdownImminent", "BypassFailing", "ThermalRunaway", "TestFailed", "TestRunning", "TestOnGoodMains",
    "BacsService", "SiteAlarm", "FleetOnBattery", "Discharging",
}  # fmt: skip
"""Typed from operations 1 and 2: critical at once, tests, service phases, and what is only recorded."""


def test_one_sample_after_a_gap_has_lasted_nowhere(tmp_path: Path) -> None:
    series, cased, expected = [], set(), {("FleetOnBattery", "")}
    for story in SHORT.stories:
        if not isinstance(story.fault, tuple) or story.turn or story.module == "prof" or story.modules > 8:
            continue
        images = healthy_images(BEFORE + SILENT + 1 + AFTER, STEP, story.strings, story.modules)
        watched = Watched(named(story.device, story.module, site=story.labels.get("site", "north")))
        pages = []
        for step, words in enumerate(images):
            since = step - BEFORE
            shown = None if 0 <= since < SILENT else put(words, *story.fault) if since == SILENT else words
            pages.append(watched.page(shown, step * STEP))
        series += input_series(pages, story.device)
        names = {alert.removeprefix("Generex") for alert in story.alerts}
        cased |= names
        on_battery = {"OnBattery"} if set(ON_BATTERY) <= set(story.fault) else set()
        if on_battery and "108=4" in story.fault:  # four minutes left
            on_battery.add("RuntimeShort")
        at_once = (names & AT_ONCE | on_battery) - {"FleetOnBattery"}
        expected |= {(name, f', device="{story.device}"') for name in at_once}
    assert len(cased - AT_ONCE) > 45
    test = {
        "expr": "count by (alertname, device) (count_over_time("
        'ALERTS{alertstate="firing",alertname!~".*(Watchdog|Unsteady)"}[3m])) * 0',
        "eval_time": f"{(BEFORE + SILENT + AFTER) * STEP}s",
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}"{device}}}', "value": 0}
            for name, device in sorted(expected)
        ],
    }
    group = {"interval": f"{STEP}s", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, in_parts(group), f"{STEP}s", without={"generex-slow"})


def test_a_failed_pass_does_not_start_it_over(tmp_path: Path) -> None:
    # every fourth pass fails, also the one at which the time began or is up
    def values(first: int, sick: str, well: str) -> str:
        return " ".join("stale" if n % 4 == first else sick if n >= 20 else well for n in range(48))

    series = []
    for first in range(4):
        labels = f'device="{first}",site="s",job="j",instance="i"'
        for name, sick, well in (
            ('generex_ups_alarm{flag="output_overload",', "1", "0"),
            ('generex_ups_alarm{flag="charger_failed",', "1", "0"),
            ("generex_ups_battery_charge_ratio{", "0.85", "1"),
            ('generex_bacs_module_present{string="1",module="7",', "0", "1"),
            ('generex_bacs_alarm{flag="temperature_high",', "1", "0"),
        ):
            series.append({"series": f"{name}{labels}}}", "values": values(first, sick, well)})
    names = "Overload|ChargerFailed|ChargerFailedDraining|ModulesSilent|BlockHot"
    expr = f'count by (alertname) (ALERTS{{alertstate="firing",alertname=~"Generex({names})"}})'
    # sick from 300 s on: 45 s and 300 s later, and at most a failed pass at either end more
    tests = [
        {
            "expr": expr,
            "eval_time": at,
            "exp_samples": [
                {"labels": f'{{alertname="Generex{name}"}}', "value": 4} for name in sorted(found)
            ],
        }
        for at, found in (
            ("330s", ()),
            ("375s", ("Overload",)),
            ("585s", ("Overload",)),
            ("630s", names.split("|")),
        )
    ]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without=SLOW | {"generex-power"})


def test_a_gap_of_minutes_does_not_begin_hours_anew(tmp_path: Path) -> None:
    """A Prometheus that starts again, or a network at work: four minutes, an hour after it began."""
    labels = 'device="a",site="s",job="j",instance="i"'
    values = "1x60 stale _x3 1x1400"
    series = [
        {"series": f'{name}="{flag}",{labels}}}', "values": values}
        for name, flag in (
            ("generex_ups_status{flag", "test_act"),
            ("generex_bacs_state{flag", "module_polling"),
            ("generex_bacs_state{flag", "charging"),
        )
    ]
    hours, every = ("ServiceLeftOn", "TestLong"), ("ServiceLeftOn", "TestLong", "ChargingLong")
    expr = 'group by (alertname) (ALERTS{alertstate="firing",alertname=~"Generex(%s|ChargingLong)"})'
    tests = [
        {
            "expr": expr % "|".join(hours),
            "eval_time": at,
            "exp_samples": [
                {"labels": f'{{alertname="Generex{name}"}}', "value": 1} for name in sorted(found)
            ],
        }
        for at, found in (("119m", ()), ("122m", hours), ("1438m", hours), ("1442m", every))
    ]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], "1m")


def test_blocks_that_take_turns_are_told_by_the_word_of_the_system(tmp_path: Path) -> None:
    """Block 1 for three minutes, then block 2, and so on: no flag lasts, but there always is one."""

    def flag(name: str, values: str, device: str, **more: str) -> dict[str, str]:
        labels = {"device": device, "site": "s", "flag": "temperature_high"} | more
        inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return {"series": f"{name}{{{inside}}}", "values": values}

    turns = "16x11 " + "0x11 16x11 " * 5
    series = [
        flag("generex_bacs_alarm", "1x131", "turns"),
        flag("generex_bacs_module_alarm_word", turns, "turns", string="1", module="1"),
        flag("generex_bacs_module_alarm_word", f"0x11 {turns}", "turns", string="1", module="2"),
        # one whose flag stays speaks for itself, also after it has gone from its own word first
        flag("generex_bacs_alarm", "1x45 0x80", "stays"),
        flag("generex_bacs_module_alarm_word", "16x40 0x85", "stays", string="1", module="1"),
    ]
    hot = 'ALERTS{alertstate="firing",alertname="GenerexBlockHot"}'
    expr = f"count by (device, module) (count_over_time({hot}[10m])) * 0"
    tests = [
        {
            "expr": expr,
            "eval_time": "14m",
            "exp_samples": [
                {"labels": '{device="stays", module="1"}', "value": 0},
                {"labels": '{device="turns"}', "value": 0},
            ],
        }
    ]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without=SLOW)


def test_a_hot_block_whose_flag_comes_and_goes_is_told_by_its_temperature(tmp_path: Path) -> None:
    series = []
    for device, values in (("flaps", "16x9 0x3 " * 12), ("stays", "16x140"), ("none", "0x140")):
        labels = f'device="{device}",site="s",string="1",module="7"'
        series += [
            {"series": f"generex_bacs_module_temperature_celsius{{{labels}}}", "values": "55x140"},
            {"series": f"generex_bacs_module_alarm_word{{{labels}}}", "values": values},
        ]
    hot = 'ALERTS{alertstate="firing",alertname=~"GenerexBlock(Hot|MuchHotter)"}'
    expr = f"count by (device, alertname) ({hot}) * 0"
    found = [("BlockHot", "stays"), ("BlockMuchHotter", "flaps"), ("BlockMuchHotter", "none")]
    tests = [
        {
            "expr": expr,
            "eval_time": at,
            "exp_samples": [
                {"labels": f'{{alertname="Generex{name}",device="{device}"}}', "value": 0}
                for name, device in found
            ],
        }
        for at in ("15m", "20m", "25m")
    ]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    check_tests(tmp_path, [group], without={"generex-slow"})


@pytest.mark.parametrize("after", ["stale _x99", "0x100"], ids=["not read any more", "cleared"])
def test_a_hot_block_whose_flag_ends_before_the_heat_is_told_without_a_break(
    after: str, tmp_path: Path
) -> None:
    labels = 'device="mute",site="s",string="1",module="7"'
    series = [
        {"series": f"generex_bacs_module_temperature_celsius{{{labels}}}", "values": "55x140"},
        # set from the beginning on, until ten minutes
        {"series": f"generex_bacs_module_alarm_word{{{labels}}}", "values": f"16x39 {after}"},
    ]
    firing = 'ALERTS{alertstate="firing",alertname=~"GenerexBlock(Hot|MuchHotter)", alertstate="firing"}'
    test = {
        # 97 quarters of a minute from 6 to 30 minutes
        "expr": f"count_over_time((count by (device) ({firing}))[24m:15s])",
        "eval_time": "30m",
        "exp_samples": [{"labels": '{device="mute"}', "value": 97}],
    }
    group = {"interval": "15s", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, [group], without={"generex-slow"})


def test_at_two_minutes_a_single_reading_on_battery_is_no_two_minutes(tmp_path: Path) -> None:
    series = [*ups("dip", "0x30 1 0x40"), *ups("failure", "0x30 1x1 0x40")]
    on = {("OnBattery", "dip"), ("OnBattery", "failure")}
    check(tmp_path, series, fired("80m", on | {("OnBatteryLong", "failure")}, "75m"), step=120)


def test_at_two_minutes_a_dip_that_no_reading_shows_is_told(tmp_path: Path) -> None:
    counted = line("generex_ups_power_failures_total", "3x30 4x60")
    seen = line("generex_ups_power_failures_total", "3x30 4x60", "b")
    series = [*ups("a", "0x90", counted), *ups("b", "0x31 1 0x60", seen)]
    check(tmp_path, series, fired("2h", {("MissedDip", "a"), ("OnBattery", "b")}, "110m"), step=120)
