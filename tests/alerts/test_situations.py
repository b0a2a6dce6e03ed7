"""Situations that went wrong in the hands of strangers: what must be told, and what not (operations 8)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import check_tests, rules_for
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

FIRING = 'ALERTS{alertstate="firing", alertname!="GenerexWatchdog"}'
MINUTE, FOUR_MINUTES, QUARTER = 60, 240, 900
Lines = list[dict[str, str]]


def line(name: str, values: str, device: str = "a", job: str = "j", **labels: str) -> dict[str, str]:
    every = {"device": device, "job": job, "instance": job, **labels}
    inside = ",".join(f'{key}="{value}"' for key, value in every.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


def flag(metric: str, name: str, values: str, device: str = "a", **labels: str) -> dict[str, str]:
    return line(f"generex_{metric}", values, device, flag=name, **labels)


def blocks(metric: str, *values: str, device: str = "a", string: str = "1") -> Lines:
    return [
        line(f"generex_bacs_module_{metric}", value, device, string=string, module=str(number))
        for number, value in enumerate(values, 1)
    ]


def fired(at: str, names: Iterable[tuple[str, str]], ever: str = "") -> dict[str, Any]:
    """Exactly these alerts, as name and device, fire at a time, or did at some time `ever` before it."""
    found = f"count_over_time({FIRING}[{ever}])" if ever else FIRING
    return {
        "expr": f"group by (alertname, device) ({found})",
        "eval_time": at,
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}", device="{device}"}}', "value": 1}
            for name, device in sorted(names)
        ],
    }


def check(folder: Path, series: Lines, *tests: dict[str, Any], step: int = 15, scrape: float = 0) -> None:
    group = {"interval": f"{step}s", "input_series": series, "promql_expr_test": list(tests)}
    interval = scrape or step
    check_tests(folder, [group], f"{interval:g}s", rules_for(interval))


def of(device: str, *names: str) -> set[tuple[str, str]]:
    return {(name, device) for name in names}


@pytest.mark.parametrize(
    "floating",
    ["1x94 0 " * 9, "1x9 0 " * 90, "0x60 1x11 0x23 " * 9],
    ids=["a self-test a day", "charged now and then", "charged for three hours a day"],
)
def test_a_block_at_twice_the_resistance_is_told_whatever_the_charger_does(
    floating: str, tmp_path: Path
) -> None:
    series = [flag("bacs_state", "float_charging", floating), line("generex_up", "1x800")]
    series += blocks("resistance_ohms", *["0.0042x800"] * 3, "0.0087x800")
    told = of("a", "ResistanceUneven")
    check(tmp_path, series, *(fired(at, told) for at in ("60h", "192h")), step=QUARTER)


def test_a_block_that_grew_old_again_is_told_by_its_configured_baseline_or_its_lowest_month(
    tmp_path: Path,
) -> None:
    floating = [flag("bacs_state", "float_charging", "1x900", device) for device in ("given", "seen", "new")]
    series = floating + [line("generex_up", "1x900", device) for device in ("given", "seen", "new")]
    for device in ("given", "seen", "new"):
        series += blocks("resistance_ohms", *["0.0060x900"] * 3, device=device)
        # replaced after a day, old again after six
        ages = "0.0062x95 0.0042x480 0.0062x400" if device != "new" else "0.0030x95 0.0062x900"
        series.append(line("generex_bacs_module_resistance_ohms", ages, device, string="1", module="4"))
    series += [
        line("generex_expected_block_resistance_ohms", "0.0040x900", "given", module="4"),
        # the sick block before it had less: that is no baseline of this one
        line("generex_expected_block_installed_timestamp_seconds", "86400x900", "new", module="4"),
    ]
    tests = [
        fired("5d", ()),
        fired("8d", {("ResistanceReplace", "given"), ("ResistanceGrown", "seen")}),
    ]
    check(tmp_path, series, *tests, step=QUARTER)


def test_a_bacs_without_ups_is_told_at_once_and_critical_by_duration_or_by_its_blocks(tmp_path: Path) -> None:
    series = []
    for device, volts in (("long", "12.0x200"), ("deep", "12.4x20 12-0.2x6 10.5x170")):
        series += [
            flag("bacs_state", "discharging", "0x20 1x180", device),
            line("generex_up", "1x200", device),
        ]
        series += blocks("volts", *[volts] * 4, device=device)
    at_once = {("Discharging", "long"), ("Discharging", "deep")}
    deep = at_once | {("DischargeDeep", "deep")}
    check(
        tmp_path, series,
        fired("5m15s", at_once), fired("10m", deep),
        fired("21m", deep | {("DischargeLong", device) for device in ("long", "deep")}),
    )  # fmt: skip


def test_a_ups_whose_words_stand_still_for_a_day_is_told(tmp_path: Path) -> None:
    series = []
    for device, volts in (("frozen", "231x200"), ("lives", "231x90 230x110")):
        series += [
            line("generex_ups_input_volts", volts, device, phase="1"),
            line("generex_ups_output_volts", "230x200", device, phase="1"),
            line("generex_data_valid", "1x200", device, group="ups"),
            line("generex_group_up", "1x200", device, group="ups"),
            line("generex_up", "1x200", device),
        ]
    # nothing vouches for the words of many a list, such as EverExceed's
    series += [
        line("generex_ups_input_volts", "231x200", "no word for it", phase="1"),
        line("generex_group_up", "1x200", "no word for it", group="ups"),
        line("generex_group_up", "1x200", "lost", group="ups"),
        line("generex_data_valid", "0x200", "lost", group="ups"),
    ]
    lost = of("lost", "UpsOutOfSight")
    still = lost | of("frozen", "UpsFrozen") | of("no word for it", "UpsFrozen")
    check(tmp_path, series, fired("23h", lost), fired("26h", still), step=QUARTER)


def test_a_runtime_on_mains_that_is_shorter_than_expected_is_told(tmp_path: Path) -> None:
    series = [
        line("generex_ups_battery_runtime_seconds", "240x120"),
        line("generex_expected_runtime_seconds", "600x120"),
        line("generex_up", "1x120"),
    ]
    check(tmp_path, series, fired("25m", of("a", "RuntimeBelowExpected")))


def test_a_hot_and_humid_room_and_a_warm_battery_are_told(tmp_path: Path) -> None:
    series = [
        line("generex_sensor_temperature_celsius", "55x150", sensor="room"),
        line("generex_sensor_humidity_ratio", "0.99x150", sensor="air"),
        line("generex_up", "1x150"), line("generex_up", "1x150", "b"),
        *blocks("temperature_celsius", *["45x150"] * 4, device="b"),
    ]  # fmt: skip
    check(
        tmp_path, series, fired("36m", {*of("a", "RoomHot", "RoomWarm", "RoomHumid"), ("BatteryWarm", "b")})
    )  # fmt: skip


def test_a_dead_sensor_is_told_and_makes_no_neighbour_hot(tmp_path: Path) -> None:
    series = [line("generex_up", "1x150"), line("generex_up", "1x150", "b")]
    series += blocks("temperature_celsius", "21x150", "-39x150")
    series += blocks("temperature_celsius", "21x150", "3x150", device="b", string="1")
    series += blocks("temperature_celsius", *["22x150"] * 3, "2x150", device="b", string="2")
    names = of("a", "BlockSensorBad") | of("b", "BlockSensorBad")
    check(tmp_path, series, fired("36m", names))


def test_a_string_left_disconnected_after_work_stands_apart_on_float(tmp_path: Path) -> None:
    """Half an hour of work, and then float. The string sinks to its rest voltage within another half."""
    series = [
        flag("bacs_state", "module_polling", "1x120 0x500"),
        flag("bacs_state", "float_charging", "0x120 1x500"),
        line("generex_up", "1x620"),
    ]
    for string, volts in (("1", "13.6x620"), ("2", "13.6x40 13.6-0.005x140 12.9x440")):
        series.append(line("generex_bacs_string_module_average_volts", volts, string=string))
        series += blocks("volts", *[volts] * 2, string=string)
    check(tmp_path, series, fired("2h20m", of("a", "StringApart")))


def test_two_of_a_pair_at_60_per_cent_each_are_told(tmp_path: Path) -> None:
    series = []
    for device, load, group in (("a", "0.6", "A"), ("b", "0.6", "A"), ("c", "0.4", "B"), ("d", "0.4", "B")):
        series += [
            line("generex_ups_output_load_ratio", f"{load}x60", device, phase="1", site="s"),
            line("generex_expected_redundancy_group_info", "1x60", device, redundancy_group=group, site="s"),
            line("generex_up", "1x60", device, site="s"),
        ]
    told = {
        "expr": f"group by (alertname, site, redundancy_group) ({FIRING})",
        "eval_time": "10m",
        "exp_samples": [
            {"labels": '{alertname="GenerexPairOverloaded", site="s", redundancy_group="A"}', "value": 1}
        ],
    }
    check(tmp_path, series, told)


def test_a_block_that_collapses_beside_a_single_neighbour_is_told_at_any_phase_of_slow_scrapes(
    tmp_path: Path,
) -> None:
    series = []
    phases = range(0, MINUTE, 5)
    for phase in phases:
        # a sample a minute, each device at another second of it
        late, pause = f"_x{phase // 5} " if phase else "", " _x10 "
        every = lambda value, late=late, pause=pause: late + pause.join([value] * 10)  # noqa: E731
        device = f"at {phase}"
        series += [
            flag("bacs_state", "discharging", every("1"), device),
            line("generex_up", every("1"), device),
            *blocks("volts", every("9.5"), every("12.2"), device=device),
        ]
    names = {
        (name, f"at {phase}") for phase in phases for name in ("BlockReversed", "WeakBlock", "Discharging")
    }
    check(tmp_path, series, fired("9m", names), step=5, scrape=MINUTE)


def ups(device: str, on_battery: str, *more: dict[str, str], up: str = "1x400") -> Lines:
    return [flag("ups_status", "backup_mode", on_battery, device), line("generex_up", up, device), *more]


def test_a_ups_made_for_eight_minutes_is_in_no_need_at_a_dip_and_in_the_end_it_is(tmp_path: Path) -> None:
    dip, failure = "0x40 1 0x100", "0x40 1x100"
    series = [
        *ups("dip", dip, line("generex_ups_battery_runtime_seconds", "480x41 460 480x100", "dip")),
        *ups("failure", failure, line("generex_ups_battery_runtime_seconds", "480x40 480-15x30", "failure")),
    ]
    tests = [
        fired("10m30s", {("OnBattery", "dip"), ("OnBattery", "failure")}),
        fired("19m30s", of("failure", "OnBattery", "OnBatteryLong", "RuntimeShort")),
    ]
    check(tmp_path, series, *tests)


def test_time_that_was_not_read_is_no_time_on_battery(tmp_path: Path) -> None:
    tested = "0x20 1x19 stale"
    series = [
        *ups("once", "0x40 1 stale _x8 0x80", up="1x41 0x8 1x80"),
        *ups(
            "in a test", tested,
            flag("ups_status", "test_act", tested, "in a test"),
            line("generex_ups_input_volts", "230x39 stale", "in a test", phase="1"),
            up="1x40 0x90",
        ),
    ]  # fmt: skip
    while_lost = {("OnBattery", "once"), ("LostOnBattery", "once")}
    lost = of("in a test", "LostOnBattery", "Unreachable")
    tests = [
        fired("12m", while_lost | of("in a test", "LostOnBattery", "TestRunning", "TestOnGoodMains")),
        fired("30m", lost),
        fired("30m", while_lost | lost | of("in a test", "TestRunning", "TestOnGoodMains"), "29m"),
    ]
    check(tmp_path, series, *tests)


def test_mains_that_is_back_for_ten_minutes_is_not_lost_with_one_failed_pass(tmp_path: Path) -> None:
    series = ups("a", "0x20 1x20 0x40 stale 0x40", up="1x80 0 1x40")
    check(tmp_path, series, fired("30m", (), "9m"))


def test_eco_mode_that_transfers_at_a_bad_input_is_no_bypass_without_protection(tmp_path: Path) -> None:
    series = [line("generex_up", "1x140"), line("generex_up", "1x140", "stuck")]
    # of ten words the alarm list alone, as a status word that says less would be told
    for name, values, stuck in (
        ("on_battery", "0x41 1x2 0x100", "0x140"), ("on_bypass", "1x41 0x2 1x100", "1x140"),
        ("input_bad", "0x40 1x3 0x100", "0x40 1x100"),
    ):  # fmt: skip
        series += [flag("ups_alarm", name, values), flag("ups_alarm", name, stuck, "stuck")]
    series += [
        flag("ups_status", "eco_mode", "1x140"),
        # one that stays on the bad bypass all the same is told
        flag("ups_status", "eco_mode", "1x140", "stuck"),
    ]
    tests = [fired("25m", {("OnBattery", "a"), *of("stuck", "OnBypass", "InputBad")}, "20m")]
    check(tmp_path, series, *tests)


def test_a_ups_that_died_on_battery_is_well_in_nothing_until_it_is_seen(tmp_path: Path) -> None:
    on, low = "0x20 1x20 stale", "0x30 1x10 stale"
    more = [
        flag("ups_alarm", "battery_low", low), flag("ups_status", "output_act", "1x40 0 stale"),
        line("generex_ups_battery_runtime_seconds", "900x20 900-30x20 stale"),
        line("generex_ups_status_word", "8x41 stale"),
    ]  # fmt: skip
    series = ups("a", on, *more, up="1x40 0x400")
    died = of(
        "a",
        "OnBattery",
        "OnBatteryLong",
        "RuntimeShort",
        "BatteryLowOnBattery",
        "LoadDark",
        "LostOnBattery",
        "Unreachable",
    )
    check(tmp_path, series, fired("40m", died), fired("100m", died))


@pytest.mark.parametrize("vanishes", [False, True], ids=["silent", "its target is gone"])
def test_what_was_last_known_of_an_outage_holds_until_more_is_known(vanishes: bool, tmp_path: Path) -> None:
    """The device stays and is silent, or its exporter goes with it, as a sidecar does."""
    on, low = "0x4 1x8 stale", "0x6 1x6 stale"
    series = ups(
        "a", on,
        flag("ups_alarm", "battery_low", low), flag("ups_status", "output_act", "1x12 0 stale"),
        line("generex_ups_status_word", "8x13 stale"),
        up="1x13 stale" if vanishes else "1x13 0x500",
    )  # fmt: skip
    series += [flag("bacs_state", "discharging", on, "alone"), line("generex_up", "1x13 0x500", "alone")]
    died = of("a", "OnBattery", "OnBatteryLong", "BatteryLowOnBattery", "LoadDark", "LostOnBattery")
    unseen = of("alone", "Unreachable") | (set() if vanishes else of("a", "Unreachable"))
    lost = fired("30h", died | unseen | of("alone", "Discharging", "LostOnBattery"))
    check(tmp_path, series, lost, step=FOUR_MINUTES)


def test_a_danger_that_was_seen_last_is_not_over_because_nobody_sees_it(tmp_path: Path) -> None:
    """One BACS falls silent, another shows zeros before; that of the third says that the danger is over."""
    series = [
        flag("bacs_state", "thermal_runaway", "0x10 1x10 stale", "hot"),
        flag("bacs_alarm", "current_ground_fault_detected", "0x10 1x10 0x10 stale", "earth"),
        flag("bacs_state", "thermal_runaway", "0x10 1x10 0x10 stale", "over"),
    ]
    for name, running, last in (("hot", "1x21", 21), ("earth", "1x21 0x10", 32), ("over", "1x32", 32)):
        series.append(flag("bacs_state", "running", f"{running} stale", name))
        series.append(flag("bacs_state", "discharging", f"0x{last} stale", name))
        series.append(line("generex_up", f"1x{last} 0x80", name))
    seen = of("hot", "ThermalRunaway") | of("earth", "GroundFault")
    unseen = {("Unreachable", name) for name in ("hot", "earth", "over")}
    check(tmp_path, series, fired("6h", seen | unseen), step=FOUR_MINUTES)


def test_what_was_last_known_holds_for_a_week_and_no_longer(tmp_path: Path) -> None:
    series = ups("a", "1x10 stale", up="1x10 0x2600")
    lost = of("a", "OnBattery", "OnBatteryLong", "LostOnBattery", "Unreachable")
    check(tmp_path, series, fired("168h", lost), fired("170h", of("a", "Unreachable")), step=FOUR_MINUTES)


@pytest.mark.parametrize("passes", [1, 2])
def test_a_ups_that_shows_zeros_before_it_dies_on_battery_is_lost_on_battery(
    passes: int, tmp_path: Path
) -> None:
    zeros = f"0 {'0 ' * (passes - 1)}stale"
    series = ups(
        "a", f"0x20 1x19 {zeros}",
        flag("ups_alarm", "battery_low", f"0x30 1x9 {zeros}"),
        flag("ups_status", "output_act", f"1x40 {zeros}"),
        line("generex_ups_output_volts", f"230x40 {zeros}", phase="1"),
        line("generex_ups_battery_charge_ratio", f"1x20 1-0.02x19 {zeros}"),
        line("generex_ups_battery_runtime_seconds", f"480x20 480-15x19 {zeros}"),
        up=f"1x{40 + passes} 0x400",
    )  # fmt: skip
    on_battery = ("OnBattery", "OnBatteryLong", "RuntimeShort", "BatteryLowOnBattery")
    lost = of("a", *on_battery, "LostOnBattery")
    board = {
        "expr": 'device:generex_outcome:rank{outcome=~"lost_.+"} * 0',
        "eval_time": "13m",
        "exp_samples": [
            {
                "labels": '{device="a", outcome="lost_on_battery", says="no", state="yes",'
                ' survival="yes", urgency="dark"}',
                "value": 0,
            }
        ],
    }
    tests = [
        fired("10m15s", of("a", *on_battery)),
        fired("13m", lost), fired("100m", lost | of("a", "Unreachable")),
    ]  # fmt: skip
    check(tmp_path, series, *tests, board)


@pytest.mark.parametrize("state", [0, 2], ids=["zeros", "starting"])
def test_a_bacs_without_ups_that_stops_in_a_discharge_is_lost_until_it_runs(
    state: int, tmp_path: Path
) -> None:
    """Its card shows zeros, or starts without saying more, and falls silent or goes on."""
    series = []
    for device, then in (("dies", "stale"), ("runs", "{}x40")):
        for name, on, after in (("discharging", "1", "0"), ("running", "1", "1")):
            values = f"{int(name == 'running')}x20 {on}x19 0x7 {then.format(after)}"
            series.append(flag("bacs_state", name, values, device))
        words = f"65x20 9x19 {state}x7 {then.format(65)}"
        series.append(line("generex_bacs_state_word", words, device, word="bacs.state"))
    # one pass that shows nothing is awaited
    once = "0x20 1x19 0 1x8 0x40"
    series += [
        flag("bacs_state", "discharging", once, "once"),
        flag("bacs_state", "running", "1x39 0 1x60", "once"),
        line("generex_up", "1x48 0x90", "dies"), line("generex_up", "1x140", "runs"),
        line("generex_up", "1x140", "once"),
    ]  # fmt: skip
    lost = {("LostOnBattery", "dies"), ("LostOnBattery", "runs")}
    tests = [
        fired("12m", lost | {("Discharging", device) for device in ("dies", "runs", "once")}, "12m"),
        fired("22m", of("dies", "Discharging", "LostOnBattery")),
    ]
    check(tmp_path, series, *tests)


@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_a_card_that_restarts_twice_is_no_dark_load_and_one_that_stays_at_zeros_is(
    seconds: int, tmp_path: Path
) -> None:
    minute = 60 // seconds
    series = [line("generex_up", f"1x{40 * minute}", device) for device in ("twice", "stays")]
    for name, good, labels in (
        ("ups_status", 1, {"flag": "output_act"}), ("ups_output_volts", 230, {"phase": "1"}),
    ):  # fmt: skip
        metric, gone = f"generex_{name}", f"0x{minute - 1}"
        well, short = f"{good}x{10 * minute - 1}", f"{good}x{minute - 1}"
        series.append(line(metric, f"{well} {gone} {short} {gone} {well}", "twice", **labels))
        series.append(line(metric, f"{well} 0x{20 * minute}", "stays", **labels))
    tests = [fired("15m", of("stays", "LoadDark")), fired("24m", of("stays", "LoadDark"), "24m")]
    check(tmp_path, series, *tests, step=seconds)


def test_a_ups_that_was_back_on_mains_when_it_was_lost_is_not_long_on_battery(tmp_path: Path) -> None:
    series = [
        *ups("back", "0x20 1x11 0x8 stale", up="1x40 0x100"),
        *ups("on", "0x20 1x11 stale", up="1x32 0x100"),
    ]
    held = of("on", "OnBattery", "OnBatteryLong", "LostOnBattery")
    first = held | of("back", "OnBattery", "OnBatteryLong")
    check(tmp_path, series, fired("9m15s", first), fired("20m", held))


def test_zeros_in_one_pass_of_an_outage_change_nothing(tmp_path: Path) -> None:
    once = lambda value: f"{value}x40 0 {value}x40"  # noqa: E731
    series = ups(
        "a", "0x20 1x19 0 1x40",
        flag("ups_status", "output_act", once("1")),
        line("generex_ups_output_volts", once("230"), phase="1"),
        line("generex_ups_battery_charge_ratio", "1x20 1-0.001x19 0 0.98-0.001x40"),
        line("generex_ups_battery_runtime_seconds", "1800x20 1800-15x19 0 1500-15x40"),
        up="1x100",
    )  # fmt: skip
    check(tmp_path, series, fired("14m", of("a", "OnBattery", "OnBatteryLong"), "14m"))


def test_a_restarting_card_that_is_silent_before_its_zeros_is_no_dark_load(tmp_path: Path) -> None:
    then = lambda value: f"{value}x40 stale _x16 0x4 {value}x40"  # noqa: E731
    series = [
        flag("ups_status", "output_act", then("1")),
        line("generex_ups_output_volts", then("230"), phase="1"),
        line("generex_up", "1x40 0x17 1x50"),
    ]
    check(tmp_path, series, fired("24m", (), "24m"))


@pytest.mark.parametrize("seconds", [15, 30, 60])
@pytest.mark.parametrize("zeros", [1, 2, 60])
def test_the_zeros_of_a_card_that_has_not_found_its_ups_yet_say_nothing_of_it(
    zeros: int, seconds: int, tmp_path: Path
) -> None:
    """A restarting card shows zeros, and then that it has no contact: all else is not exported."""
    passes = max(1, min(zeros, 90 // seconds))  # up to a minute and a half
    well = 1800 // seconds

    def then(value: str) -> str:
        return f"{value}x{well - 1} 0x{passes - 1} stale"

    def device(name: str, *more: dict[str, str]) -> Lines:
        lost = f"0x{well + passes - 1} 1x{2 * well}"
        return [
            line("generex_up", f"1x{4 * well}", name),
            flag("ups_status", "comm_lost", lost, name),
            line("generex_ups_status_word", f"4x{well - 1} 0x{passes - 1} 16384x{2 * well}", name),
            line("generex_data_valid", f"1x{well + passes - 1} 0x{2 * well}", name, group="ups"),
            flag("ups_status", "output_act", then("1"), name),
            line("generex_ups_output_volts", then("230"), name, phase="1"),
            line("generex_ups_battery_charge_ratio", then("1"), name),
            line("generex_ups_battery_runtime_seconds", then("1800"), name),
            *more,
        ]

    on = f"0x{well - 1200 // seconds - 1} 1x{1200 // seconds - 1} 0x{passes - 1} stale"
    series = [
        *device("mains", flag("ups_status", "backup_mode", then("0"), "mains")),
        *device("battery", flag("ups_status", "backup_mode", on, "battery")),
    ]
    ever = of("mains", "UpsOutOfSight") | of(
        "battery", "OnBattery", "OnBatteryLong", "LostOnBattery", "UpsOutOfSight"
    )
    lost = of("mains", "UpsOutOfSight") | of(
        "battery", "OnBattery", "OnBatteryLong", "LostOnBattery", "UpsOutOfSight"
    )
    check(tmp_path, series, fired("50m", lost), fired("50m", ever, "50m"), step=seconds)


@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_the_zeros_of_a_card_say_nothing_of_a_ups_without_values_either(seconds: int, tmp_path: Path) -> None:
    """Its flags are all that it serves; "output on" is the one that is normally set."""
    well, passes = 1800 // seconds, 60 // seconds
    series = []
    for name, on in (("mains", 0), ("battery", 1)):
        series += [
            line("generex_up", f"1x{4 * well}", name),
            flag("ups_status", "comm_lost", f"0x{well + passes - 1} 1x{2 * well}", name),
            line("generex_data_valid", f"1x{well + passes - 1} 0x{2 * well}", name, group="ups"),
            flag("ups_status", "output_act", f"1x{well - 1} 0x{passes - 1} stale", name),
            flag("ups_status", "backup_mode", f"{on}x{well - 1} 0x{passes - 1} stale", name),
        ]
    lost = of("mains", "UpsOutOfSight") | of(
        "battery", "OnBattery", "OnBatteryLong", "LostOnBattery", "UpsOutOfSight"
    )
    check(tmp_path, series, fired("50m", lost), fired("50m", lost, "50m"), step=seconds)


def test_a_battery_that_is_discharged_behind_an_output_that_is_off_contradicts_no_ups(
    tmp_path: Path,
) -> None:
    """No flag says that the UPS is on mains: it is not on battery, as it has switched off."""
    series = [
        *ups("a", "0x100"),
        flag("ups_status", "output_act", "1x20 0x80"),
        line("generex_ups_battery_volts", "54x100"),
        flag("bacs_state", "discharging", "0x20 1x80"),
        flag("bacs_state", "running", "1x100"),
    ]
    check(tmp_path, series, fired("20m", of("a", "LoadDark"), "20m"))


@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_a_pod_that_moves_ends_no_alert_and_begins_none_anew(seconds: int, tmp_path: Path) -> None:
    """The first pod goes after 30 minutes, the second comes a scrape later."""
    count = 1800 // seconds
    series = []
    for metric, name in (
        ("bacs_state", "current_ground_fault_detected"), ("ups_alarm", "charger_failed"),
        ("ups_status", "over_temp"),
    ):  # fmt: skip
        series.append(line(f"generex_{metric}", f"1x{count} stale", flag=name, job="one"))
        series.append(line(f"generex_{metric}", f"_x{count + 2} 1x{count}", flag=name, job="two"))
    for job, before in (("one", f"0x{count} stale"), ("two", f"_x{count + 2} 0x{count}")):
        series.append(line("generex_bacs_module_present", before, string="1", module="7", job=job))
        series.append(line("generex_up", before.replace("0x", "1x"), job=job))
    names = {"GroundFault", "ChargerFailed", "UpsHot", "ModulesSilent"}
    last = 50 * 60 // seconds
    unbroken = {
        "expr": f"sum by (alertname) (count_over_time({FIRING}[{last * seconds}s:{seconds}s]))"
        f" >= bool {last}",
        "eval_time": f"{10 * 60 + last * seconds}s",
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}"}}', "value": 1} for name in sorted(names)
        ],
    }  # fmt: skip
    check(tmp_path, series, unbroken, step=seconds)


def told(name: str, at: str, labels: dict[str, str], summary: str, description: str) -> dict[str, Any]:
    """This one alert fires at a time, and says so."""
    url = "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
    notes = {"summary": summary, "description": description, "runbook_url": f"{url}#{name.lower()}"}
    return {
        "eval_time": at,
        "alertname": name,
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": notes}],
    }


def test_what_is_lost_is_not_told_in_the_present_and_a_bacs_alone_is_no_ups(tmp_path: Path) -> None:
    series = [
        flag("ups_status", "backup_mode", "0x20 1x100", "seen", site="s"),
        line("generex_up", "1x120", "seen", site="s"),
        flag("ups_status", "backup_mode", "0x20 1x20 stale", "lost", site="s"),
        line("generex_up", "1x40 0x80", "lost", site="s"),
        flag("bacs_state", "discharging", "0x20 1x20 stale", "alone"),
        line("generex_up", "1x40 0x80", "alone"),
    ]
    fleet = told(
        "GenerexFleetOnBattery",
        "20m",
        {"severity": "warning", "condition": "fleet_on_battery", "site": "s"},
        "Several UPSs of a site have lost their supply.",
        "2 of 2 UPSs at s are on battery: lost (when last seen) seen.",
    )
    lost = told(
        "GenerexLostOnBattery",
        "20m",
        {"severity": "critical", "condition": "lost_on_battery", "outage": "3 dark", "device": "alone"},
        "A battery that carried a load can no longer be read.",
        "alone had a battery under discharge when it was last seen, and now neither BACS nor manager "
        "answers. Assume that the load is dark until someone has looked.",
    )
    groups = [
        {"interval": "15s", "input_series": part, "promql_expr_test": [], "alert_rule_test": [test]}
        for part, test in ((series[:4], fleet), (series[4:], lost))
    ]
    check_tests(tmp_path, groups)


def test_what_counts_is_told_in_seconds_on_battery(tmp_path: Path) -> None:
    series = [flag("ups_status", "backup_mode", "0x20 1x40"), line("generex_up", "1x60")]
    told_so = told(
        "GenerexOnBatteryLong",
        "6m30s",
        {"severity": "critical", "condition": "on_battery", "outage": "1 on battery", "device": "a"},
        "A UPS has run on its battery for longer than a generator needs to start.",
        "a was on battery for 90 s of the last five minutes. "
        "A generator, if there is one, did not take over in time.",
    )
    group = {"interval": "15s", "input_series": series, "alert_rule_test": [told_so]}
    check_tests(tmp_path, [group])


def test_a_charge_that_is_0_for_ever_is_not_reported_and_a_runtime_that_is_no_word_is_not_told(
    tmp_path: Path,
) -> None:
    series = ups("a", "0x100 1x12 0x200", line("generex_ups_battery_charge_ratio", "0x320"),
                 line("generex_ups_battery_runtime_seconds", "0x320"),
                 line("generex_ups_output_volts", "230x320", phase="1"))  # fmt: skip
    text = {
        "eval_time": "215m",
        "alertname": "GenerexOnBattery",
        "exp_alerts": [
            {
                "exp_labels": {"severity": "warning", "condition": "on_battery", "device": "a"},
                "exp_annotations": {
                    "summary": "A UPS has lost its supply.",
                    "description": "a runs on its battery.",
                    "runbook_url": "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
                    "#generexonbattery",
                },
            }
        ],
    }
    group = {
        "interval": "2m", "input_series": series,
        "promql_expr_test": [fired("10h", of("a", "OnBattery", "OnBatteryLong"), "10h")],
        "alert_rule_test": [text],
    }  # fmt: skip
    check_tests(tmp_path, [group], "2m", rules_for(120))


def test_a_driver_that_sets_the_word_and_not_the_bit_is_no_wrong_map_in_an_outage(tmp_path: Path) -> None:
    series = [
        line("generex_up", "1x200"),
        *(flag("ups_status", name, "0x200") for name in ("backup_mode", "battery_low")),
        flag("ups_alarm", "on_battery", "0x20 1x100 0x80"),
        flag("ups_alarm", "battery_low", "0x60 1x60 0x80"),
    ]
    names = of("a", "OnBattery", "OnBatteryLong", "BatteryLowOnBattery")
    check(tmp_path, series, fired("45m", names, "45m"))


@pytest.mark.parametrize(
    ("words", "also"), [(("109.4",), ("BatteryLow",)), (("109.4", "120=1"), ("BatteryLow", "InputBad"))]
)
def test_contradictions_of_opposite_sides_do_not_cancel(
    words: tuple[str, ...], also: tuple[str, ...], tmp_path: Path
) -> None:
    watched = Watched(named("a"))
    pages = [
        watched.page(put(image, *words) if step > 20 else image, 15 * step)
        for step, image in enumerate(healthy_images(80, 15))
    ]
    check(tmp_path, input_series(pages), fired("18m", of("a", "MapDisagrees", *also)))


def test_a_float_voltage_above_the_limit_by_less_than_the_modules_know_is_none(tmp_path: Path) -> None:
    series = []
    for device, volts in (("by 2 mV", "13.812"), ("by 30 mV", "13.98")):
        series += [
            flag("bacs_state", "float_charging", "1x150", device), line("generex_up", "1x150", device),
            line("generex_bacs_string_module_average_volts", f"{volts}x150", device, string="1"),
            *blocks("volts", *[f"{volts}x150"] * 2, device=device),
            *blocks("temperature_celsius", *["20x150"] * 2, device=device),
        ]  # fmt: skip
    check(tmp_path, series, fired("2h", of("by 30 mV", "FloatVoltageHigh")), step=MINUTE)


def test_of_a_pair_of_exporters_the_one_that_sees_counts(tmp_path: Path) -> None:
    series = []
    for job, up, duration in (("sees", "1", "0.2"), ("blind", "0", "5")):
        series += [
            line("generex_up", f"{up}x160", job=job),
            line("generex_scrape_duration_seconds", f"{duration}x160", job=job),
            line("generex_scrape_timeout_seconds", "5x160", job=job),
            line("generex_data_valid", f"{up}x160", job=job, group="bacs"),
        ]
    check(tmp_path, series, fired("39m", (), "39m"))


def test_devices_of_one_name_at_two_sites_do_not_vouch_for_each_other(tmp_path: Path) -> None:
    series = []
    for site, on_battery, up in (("north", "0x20 1x20 stale", "1x40 0x100"), ("south", "0x140", "1x140")):
        series += [
            flag("ups_status", "backup_mode", on_battery, "twin", site=site),
            line("generex_up", up, "twin", site=site),
        ]
    lost = {
        "expr": 'group by (alertname, site) (ALERTS{alertstate="firing", alertname=~".*Battery.*"})',
        "eval_time": "20m",
        "exp_samples": [
            {"labels": f'{{alertname="Generex{name}", site="north"}}', "value": 1}
            for name in ("LostOnBattery", "OnBattery", "OnBatteryLong")
        ],
    }
    check(tmp_path, series, lost)


def test_two_devices_of_one_name_at_one_place_are_told(tmp_path: Path) -> None:
    series = [line("generex_up", "1x100")]
    series += [
        line("generex_device_info", "1x100", job=job, target=f"tcp://{job}:502") for job in ("one", "two")
    ]
    check(tmp_path, series, fired("20m", of("a", "NameTwice")))


@pytest.mark.parametrize("times", [2, 4, 8])
@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_a_scrape_that_is_slower_than_the_rules_were_made_for_is_told(
    seconds: int, times: int, tmp_path: Path
) -> None:
    sample = "1" + f"{' _' * (times - 1)} 1" * (304 // times)
    series = [line("generex_up", sample, "slow"), line("generex_up", "1x300", "right")]
    check(tmp_path, series, fired(f"{240 * seconds}s", of("slow", "ScrapeSlow")), step=seconds)


def test_a_device_that_is_taken_away_is_not_scraped_slowly(tmp_path: Path) -> None:
    series = [line("generex_up", "1x60 stale", "away"), line("generex_up", "1x140")]
    check(tmp_path, series, fired("4h30m", (), "4h30m"), step=120)


def test_what_lasts_is_told_though_whole_passes_fail_now_and_then(tmp_path: Path) -> None:
    """A group that is read in part only, and passes that take long: one pass in eight fails as a whole."""
    fails = "1x6 0 " * 25
    series = [
        line("generex_up", fails),
        line("generex_group_up", "0x200", group="modules"),
        line("generex_group_up", fails, group="ups"),
        line("generex_scrape_duration_seconds", "4.8x200"),
        line("generex_scrape_timeout_seconds", "5x200"),
    ]
    check(tmp_path, series, fired("40m", of("a", "GroupUnread", "PassSlow", "Unsteady")))


def test_words_that_are_refused_and_were_not_a_day_ago_are_told_for_a_day(tmp_path: Path) -> None:
    series = [line("generex_up", "1x300"), line("generex_refused_words", "0x100 3x200", group="ups")]
    series.append(line("generex_refused_words", "2x300", group="bacs"))
    told = of("a", "WordsRefused")
    check(tmp_path, series, fired("26h", told), fired("48h", told), fired("56h", ()), step=QUARTER)


def test_a_module_that_its_bacs_has_lost_is_named_though_it_has_a_value(tmp_path: Path) -> None:
    series = [
        line("generex_up", "1x60"),
        *blocks("present", *["1x60"] * 3, "0x60"),
        *blocks("alarm_word", "0x60", f"{1 << 1}x60", "0x60"),
    ]
    test = told(
        "GenerexModulesSilent",
        "12m",
        {"severity": "warning", "condition": "modules_silent", "device": "a"},
        "Modules of a BACS do not answer.",
        "a: 2 of 4 modules do not answer: 2 (look between 1 and 2), 4 (look between 3 and 4)",
    )
    check_tests(tmp_path, [{"interval": "15s", "input_series": series, "alert_rule_test": [test]}])
