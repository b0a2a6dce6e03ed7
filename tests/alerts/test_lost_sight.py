"""What is said of a device in the moment in which it is lost, and while it is (operations 1.2, 1.9)."""

from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.files import write_files
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps, load_maps
from tests.alerts.promtool import check_tests
from tests.alerts.series import Watched, input_series
from tests.alerts.test_situations import check, fired, flag, line, of, told, ups
from tests.support import load_yaml

GAS = """
map: gas
title: Gas
source: a made-up list
metrics: {gas_state: {help: Gas.}}
groups:
  gas:
    title: Gas
    words:
      state: {address: 10, description: State., metric: gas_state, flags: gas}
flag_sets:
  gas:
    leaks: {bit: 0, vendor: L, label: Gas leaks, description: Gas leaks., severity: critical, role: danger}
    burns: {bit: 1, vendor: B, label: Gas burns, description: Gas burns., severity: critical, role: danger}
"""


def test_a_battery_whose_ups_falls_silent_a_moment_before_its_bacs_is_not_discharged_alone(
    tmp_path: Path,
) -> None:
    """As the rules see it whose groups have their turns at other moments."""
    on, discharging = "0x20 1x20 stale", "0x20 1x21 stale"
    series = ups("a", on, flag("bacs_state", "discharging", discharging), up="1x41 0x100")
    lost = of("a", "OnBattery", "OnBatteryLong", "LostOnBattery")
    check(tmp_path, series, fired("18m", lost, "17m"))


def test_what_is_0_with_all_words_and_what_one_rule_compares_is_of_one_moment(tmp_path: Path) -> None:
    """Else a UPS that shows zeros before it dies on battery is on mains in one evaluation, and for a week."""
    (tmp_path / "gas.yaml").write_text(GAS)
    files = alert_files(load_maps([tmp_path / "gas.yaml"]), {})
    first, *_ = load_yaml(files["alerts/recording.rules.yml"])["groups"]
    played = {rule["labels"]["role"] for rule in first["rules"] if "labels" in rule}
    assert {rule["record"] for rule in first["rules"]} >= {
        "device:generex_ups:zero", "device:generex_ups_battery_charge_ratio:min",
        "device:generex_ups_battery_runtime_seconds:min",
    }  # fmt: skip
    assert played >= {
        "on_battery", "battery_low", "depleted", "test", "shutdown_pending", "shutdown_imminent", "dark",
        "discharging", "monitor_stopped", "thermal_runaway", "ground_fault", "danger",
    }  # fmt: skip


def test_a_bypass_and_what_feeds_it_are_of_one_moment() -> None:
    """Else a UPS whose input turns good in the scrape in which it goes to bypass is told to fail there."""
    (supply,) = [
        {rule["labels"]["role"] if "labels" in rule else rule["record"] for rule in group["rules"]}
        for group in load_yaml(alert_files(built_in_maps(), {})["alerts/recording.rules.yml"])["groups"]
        if any(rule["record"] == "device:generex_supply_bad:max" for rule in group["rules"])
    ]
    assert supply >= {"bypass", "input_bad", "bypass_bad", "eco", "device:generex_eco:max"}


def test_a_ups_that_was_switching_its_output_off_when_it_was_lost_is_told_until_it_is_read(
    tmp_path: Path,
) -> None:
    series = [
        line("generex_up", "1x30 0x100 1x100"),
        flag("ups_status", "backup_mode", "0x30 stale _x99 0x100"),
        flag("ups_alarm", "shutdown_pending", "0x20 1x10 stale _x99 0x100"),
        flag("ups_alarm", "shutdown_imminent", "0x29 1 stale _x99 0x100"),
    ]
    going = of("a", "ShutdownPending", "ShutdownImminent")
    tests = [fired("17m", going), fired("30m", going | of("a", "Unreachable")), fired("50m", ())]
    check(tmp_path, series, *tests)


def test_a_danger_of_the_users_own_map_is_not_over_because_nobody_sees_it(tmp_path: Path) -> None:
    (tmp_path / "gas.yaml").write_text(GAS)
    (tmp_path / "config.yaml").write_text(
        "maps: [gas.yaml]\nmodules: {gas: {maps: [gas]}}\n"
        "devices: [{name: a, target: 192.0.2.9, module: gas, labels: {site: north}}]\n"
    )
    config = load_config(tmp_path / "config.yaml")
    write_files(tmp_path, alert_files(config.maps, {}, scrape_interval=120))
    watched = Watched(config.devices[0], config)
    # leaks from the tenth pass to the twentieth, and again before it falls silent
    words = [{10: int(10 <= at < 20 or at >= 70)} if at < 80 else None for at in range(300)]
    series = input_series([watched.page(word, at * 120) for at, word in enumerate(words)])
    labels = {
        "severity": "critical", "condition": "gas_state_leaks", "device": "a", "site": "north",
        "role": "danger", "life_safety": "true",
    }  # fmt: skip
    notes = {
        "summary": "Gas leaks.",
        "runbook_url": "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
        "#generexgasstateleaks",
    }
    test = [
        {
            "eval_time": at,
            "alertname": "GenerexGasStateLeaks",
            "exp_alerts": [{"exp_labels": labels, "exp_annotations": notes | {"description": text}}]
            * bool(text),
        }
        for at, text in (
            ("30m", "a at north: Gas leaks."),
            ("2h18m", ""),
            ("2h30m", "a at north: Gas leaks."),
            ("9h", "a at north, when it was last seen: Gas leaks."),
        )
    ]
    test.append({"eval_time": "9h", "alertname": "GenerexGasStateBurns", "exp_alerts": []})
    rules = [str(tmp_path / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]
    check_tests(tmp_path, [{"interval": "2m", "input_series": series, "alert_rule_test": test}], "2m", rules)


@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_a_gap_in_all_series_is_no_slow_scrape(seconds: int, tmp_path: Path) -> None:
    series = [line("generex_up", f"1x60 _x{gap} 1x200", str(gap)) for gap in (26, 32, 39)]
    series.append(line("generex_up", "1x300", "in time"))
    check(tmp_path, series, fired(f"{200 * seconds}s", (), f"{200 * seconds}s"), step=seconds)


def test_texts_of_what_is_not_known_any_more(tmp_path: Path) -> None:
    """A UPS whose battery is empty is not on mains, although it says that it is not on battery."""
    series = [
        *ups("empty", "1x20 0x40", flag("ups_alarm", "battery_depleted", "0x10 1x50", "empty")),
        flag("ups_alarm", "ups_output_off", "0x20 1x40", "empty"),
        line("generex_up", "1x30 0x30", "bacs"), flag("bacs_state", "discharging", "0x20 1x9 stale", "bacs"),
        line("generex_up", "1x30 0x30", "off"), flag("ups_alarm", "shutdown_pending", "1x29 stale", "off"),
    ]  # fmt: skip
    texts = [
        (
            "BatteryDepleted", "The battery of a UPS cannot carry its load.", "battery_depleted", "critical",
            "empty says that its battery is depleted, so it has no runtime.",
            {"device": "empty", "outage": "2 shut down", "role": "depleted"},
        ),
        (
            "Discharging", "A battery is discharging, and no UPS says why.", "discharging", "warning",
            "bacs: BACS saw a discharge when it was last seen.", {"device": "bacs"},
        ),
        (
            "ShutdownPending", "A countdown to switch the output off is running.", "shutdown", "critical",
            "off counted down to switch its output off when it was last seen. Assume that the load is dark "
            "until someone has looked.",
            {"device": "off", "outage": "2 shut down", "role": "shutdown_pending"},
        ),
    ]  # fmt: skip
    tests = [
        told(f"Generex{name}", "12m", more | {"severity": severity, "condition": condition}, summary, text)
        for name, summary, condition, severity, text, more in texts
    ]
    check_tests(tmp_path, [{"interval": "15s", "input_series": series, "alert_rule_test": tests}])


def test_a_long_discharge_of_a_bacs_alone_is_critical_though_it_is_unread_for_minutes(tmp_path: Path) -> None:
    """A minute in which nothing answers, every eight minutes."""
    unread, read = " stale _x3", " 1x27"
    series = [
        line("generex_up", "1x20" + " 1x27 0x3" * 6),
        flag("bacs_state", "discharging", "0x20" + (read + unread) * 6),
    ]
    check(tmp_path, series, fired("22m", of("a", "Discharging", "DischargeLong")))


def test_a_prometheus_that_begins_looks_first_before_it_tells_what_was_seen_long_ago(tmp_path: Path) -> None:
    """Both were on battery when it was last up; one of them is back on mains, as its first scrape says."""
    series = [line("generex_up", "_x2 0x80", "gone"), *ups("back", "_x2 0x80", up="_x2 1x80")]
    for device in ("back", "gone"):
        for role, value in (("on_battery", 1), ("outage", 1), ("outage_seconds", 300)):
            recorded = f'device:generex_role:recent{{device="{device}",role="{role}"}}'
            series.append({"series": recorded, "values": f"{value} _x80"})
    lost = of("gone", "OnBattery", "OnBatteryLong", "LostOnBattery")
    check(tmp_path, series, fired("3m", lost, "3m"))
