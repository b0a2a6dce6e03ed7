"""The generator: committed files are what it writes, thresholds and the user's own maps change them."""

import re
import subprocess
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from exporter.cli import main
from exporter.config import load_config
from exporter.durations import parse_duration
from exporter.errors import UserError
from exporter.files import write_files
from exporter.generate.alerts import alert_files
from exporter.generate.alerts.flags import own_state_alerts
from exporter.generate.alerts.loading import alert_groups, recording_groups
from exporter.generate.alerts.model import Settings
from exporter.generate.alerts.named import NAMED
from exporter.generate.alerts.thresholds import parse_settings, thresholds
from exporter.maps import built_in_maps
from exporter.maps.roles import ROLES, Played
from tests.alerts.promtool import ROOT, check_tests, run
from tests.alerts.series import Watched, input_series
from tests.support import load_yaml

NAMES = (
    "alerts/recording.rules.yml", "alerts/generex.rules.yml", "alerts/alertmanager.yml", "alerts/runbook.md",
    "deploy/kubernetes/prometheusrule.yaml",
    "deploy/kubernetes/components/alertmanagerconfig/alertmanagerconfig.yaml", "docs/alerts.md",
)  # fmt: skip
FILES = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
"""As committed: the first tests compare them with what the generator writes."""


@cache
def made() -> dict[str, str]:
    return alert_files(built_in_maps(), {})


def alerts(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    groups = load_yaml(files["alerts/generex.rules.yml"])["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


_COUNTED = re.compile(r"(?:count|sum)_over_time\(([\w:]+)(?:\{[^}]*\})?\[(\w+)\]\) \* (\d+)")
_RANGE = re.compile(r"([\w:]+)(?:\{[^}]*\})?\[(\w+)\]")


def test_every_file_is_compared() -> None:
    assert set(made()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_file_is_what_the_generator_writes(name: str) -> None:
    assert FILES[name] == made()[name]


@pytest.mark.slow
def test_promtool_accepts_the_rules_also_scaled_and_with_every_threshold_changed(tmp_path: Path) -> None:
    other = {t.name: t.default * 1.01 + (t.default == 0) for t in thresholds().values()}
    write_files(tmp_path / "scaled", alert_files(built_in_maps(), {}, time_scale=0.01))
    write_files(tmp_path / "other", alert_files(built_in_maps(), other))
    for folder in (ROOT, tmp_path / "scaled", tmp_path / "other"):
        for name in ("recording.rules.yml", "generex.rules.yml"):
            answer = run("check", "rules", "--lint-fatal", str(folder / "alerts" / name))
            assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.slow
def test_scaled_rules_have_no_time_of_the_original_length() -> None:
    scaled = alert_files(built_in_maps(), {}, time_scale=0.01)
    rule = alerts(scaled)["GenerexOnBypass"]
    assert (rule["for"], rule["keep_firing_for"]) == ("450ms", "5400ms")
    assert "offset 6s" in alerts(scaled)["GenerexMissedDip"]["expr"]
    assert "[400ms]" in scaled["alerts/recording.rules.yml"]
    assert "* 0.01 < 0" in scaled["alerts/recording.rules.yml"]
    intervals = {group["interval"] for group in load_yaml(scaled["alerts/recording.rules.yml"])["groups"]}
    assert intervals == {"150ms", "600ms", "1200ms", "6s", "9s", "36s"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interval", "held", "shortest", "groups"),
    [
        ("15s", "40s", "45s", "15s"),
        ("30s", "75s", "90s", "30s"),
        ("1m", "150s", "3m", "1m"),
        ("2m", "5m", "6m", "2m"),
    ],
)
def test_windows_and_intervals_follow_the_scrape_interval(
    interval: str, held: str, shortest: str, groups: str, tmp_path: Path
) -> None:
    """A value is held for two and a half scrapes, and what lasts lasts for three (operations 1.1)."""
    assert main(["generate", "alerts", "--scrape-interval", interval, "--out", str(tmp_path)]) == 0
    made = {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES}
    rules = alerts(made)
    assert rules["GenerexOnBypass"]["for"] == shortest
    assert rules["GenerexUnreachable"]["for"] == "15m"
    assert set(re.findall(r"last_over_time\(generex_ups_alarm\{[^}]+\}\[(\w+)\]", str(made))) == {held}
    recordings = load_yaml(made["alerts/recording.rules.yml"])["groups"]
    assert next(group["interval"] for group in recordings if group["name"] == "generex-state") == groups
    assert run("check", "rules", str(tmp_path / "alerts" / "generex.rules.yml")).returncode == 0


@pytest.mark.parametrize(
    ("interval", "why"),
    [
        ("4s", '"4s" is not between 5s and 2m'),
        ("3m", '"3m" is not between 5s and 2m'),
        ("15", 'bad duration "15"'),
        ("soon", 'bad duration "soon"'),
    ],
)
def test_a_bad_scrape_interval_is_named(
    interval: str, why: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["generate", "alerts", "--scrape-interval", interval, "--out", str(tmp_path / "out")]) == 2
    assert f"--scrape-interval: {why}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_every_alert_has_what_operations_ask_of_it() -> None:
    for name, rule in alerts(FILES).items():
        assert name.startswith("Generex")
        assert rule["labels"]["severity"] in ("critical", "warning", "info", "none")
        assert rule["labels"]["condition"]
        # longer than a single sample is held
        assert rule["for"] == "0s" or seconds(rule["for"]) > seconds("40s")
        notes = rule["annotations"]
        assert "{{" not in notes["summary"]
        assert notes["summary"].endswith(".")
        assert notes["runbook_url"].endswith(f"#{name.lower()}")
        wanted = 3600 if rule["labels"].get("life_safety") else 300
        assert seconds(rule["keep_firing_for"]) >= wanted or name == "GenerexWatchdog"
        # humanizePercentage says 82.35 %, humanizeDuration 36m 0s
        assert "humanize" not in notes["description"]


def seconds(duration: str) -> float:
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[duration[-1]]


def groups() -> list[dict[str, Any]]:
    """All groups of both files."""
    return [
        group
        for file in ("alerts/recording.rules.yml", "alerts/generex.rules.yml")
        for group in load_yaml(FILES[file])["groups"]
    ]


def of_boards(group: dict[str, Any]) -> bool:
    """Whether the group records outcomes, from their own table."""
    names = ("generex-states", "generex-outcomes", "generex-flags")
    return str(group["name"]).startswith(names)


def test_expressions_can_be_read_at_a_glance() -> None:
    expressions = [rule["expr"] for group in groups() if not of_boards(group) for rule in group["rules"]]
    of_alerts = [rule["expr"] for rule in alerts(FILES).values()]
    assert median(map(len, of_alerts)) <= 160
    assert max(len(rule["expr"]) for group in groups() for rule in group["rules"]) <= 700
    assert sum(map(len, expressions)) <= 41_500
    assert mean(map(len, expressions)) <= 130


def test_groups_hold_no_more_rules_than_mimir_takes() -> None:
    assert max(len(group["rules"]) for group in groups()) <= 20


def test_no_rule_reads_its_own_result_or_what_fires() -> None:
    for group in groups():
        for rule in group["rules"]:
            assert "ALERTS" not in rule["expr"]
            if "record" in rule:
                assert not re.search(rf"{rule['record']}(?![a-z0-9_:])", rule["expr"]), rule["record"]


def test_every_recorded_series_that_a_rule_reads_is_recorded() -> None:
    rules = [rule for group in groups() for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    read = {name for rule in rules for name in re.findall(r"\b[a-z]+:[a-z]\w*:\w+", rule["expr"])}
    assert read <= recorded
    patterns = {name for rule in rules for name in re.findall(r'__name__=~"([^"]*:[^"]*)"', rule["expr"])}
    assert all(any(re.fullmatch(pattern, name) for name in recorded) for pattern in patterns)
    assert len(read) > 100


def test_what_lasts_is_of_devices_and_places_and_not_of_targets() -> None:
    """A pod that moves has another instance; only what is said of a target itself may name one."""
    of_targets = {"GenerexScrapeDown", "GenerexReloadFailed", "GenerexOtlpFailing"}
    for name, rule in alerts(FILES).items():
        assert ("instance" in rule["expr"]) == (name in of_targets), name


def test_long_ranges_are_not_read_every_fifteen_seconds() -> None:
    for group in groups():
        if group["interval"] == "15s":
            assert not any(re.search(r"\[(1|7|10|30)d[]:]", rule["expr"]) for rule in group["rules"])


@pytest.mark.parametrize("scrape", [15, 30, 60, 120])
def test_what_counts_or_looks_back_knows_how_often_its_series_is_recorded(scrape: int) -> None:
    made = alert_files(built_in_maps(), {}, scrape_interval=scrape)
    groups = [
        group
        for name in ("recording", "generex")
        for group in load_yaml(made[f"alerts/{name}.rules.yml"])["groups"]
    ]
    every = {
        rule["record"]: parse_duration(group["interval"])
        for group in groups
        for rule in group["rules"]
        if "record" in rule
    }
    counted = set()
    for rule in (rule for group in groups for rule in group["rules"]):
        for name, window, times in _COUNTED.findall(rule["expr"]):
            counted.add(name)
            assert float(times) == every[name], rule
            assert parse_duration(window) > every[name], rule
        for name, window in _RANGE.findall(rule["expr"]):
            if name in every:
                assert parse_duration(window) >= every[name], rule
    assert {"device:generex_bacs_module_volts:sum", "string:generex_bacs_cell_volts:float1h"} < counted


LAST = [f"device:generex_role:{name}" for name in ("last", "recent", "last7d")]


def test_after_a_prometheus_that_was_down_the_newest_record_of_a_role_counts() -> None:
    """Else a UPS that it saw lost on battery is not told, or one that was back on mains is, for minutes."""
    reads = {
        rule["record"]: {name: parse_duration(window) for name, window in _RANGE.findall(rule["expr"])}
        for group in groups()
        for rule in group["rules"]
        if rule.get("record") in LAST
    }
    longest = reads["device:generex_role:last"]["device:generex_role:last7d"]
    assert longest >= parse_duration("3h")
    first = reads["device:generex_role:recent"]["device:generex_role:known"]
    assert first >= longest
    week = reads["device:generex_role:last7d"]["device:generex_role:recent"]
    assert first + week + longest == parse_duration("7d")


def test_what_was_known_before_a_long_downtime_of_prometheus_is_known_within_two_minutes() -> None:
    """A group has its first turn within its interval; after hours nothing else knows of a lost UPS."""
    (interval,) = (
        group["interval"]
        for group in groups()
        if any(rule.get("record") == "device:generex_role:last7d" for rule in group["rules"])
    )
    assert parse_duration(interval) <= 120


def test_rules_that_wait_for_others_count_on_no_record_of_this_moment() -> None:
    """vmalert writes what it records a moment later, and would wait for ever."""
    exprs = (rule["expr"] for group in groups() for rule in group["rules"])
    found = [expr for expr in exprs if "all:generex_rules:running" in expr]
    assert len(found) == 2
    for expr in found:
        assert "count_over_time(all:generex_rules:running[1m] offset 15s) >= 4" in expr


def test_what_blocks_say_is_recorded_at_once() -> None:
    """A group has what another one records only when its own turn comes: of one group, no alert is later."""
    (flags,) = (
        group["rules"]
        for group in groups()
        if any(rule.get("record") == "module:generex_bacs_module_alarm:set" for rule in group["rules"])
    )
    assert ("device:generex_role:active", {"role": "general_alarm"}) in [
        (rule["record"], rule.get("labels", {})) for rule in flags
    ]
    names = {rule["record"] for rule in flags}
    assert names >= {"device:generex_bacs_flag:set", "module:generex_bacs_flag:active"}


def test_what_is_looked_at_more_seldom_is_not_urgent() -> None:
    for group in load_yaml(FILES["alerts/generex.rules.yml"])["groups"]:
        if group["interval"] != "15s":
            assert f"Looked at every {group['interval']}." in FILES["docs/alerts.md"]
            for rule in group["rules"]:
                assert rule["labels"]["severity"] != "critical"


def test_the_kubernetes_object_holds_the_same_rules() -> None:
    item = load_yaml(FILES["deploy/kubernetes/prometheusrule.yaml"])
    assert (item["apiVersion"], item["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert item["spec"]["groups"] == groups()


@pytest.mark.slow
def test_a_threshold_changes_its_rule_and_the_catalogue_and_nothing_else() -> None:
    files = alert_files(built_in_maps(), parse_settings(["load_warning=0.7"]))
    before, after = alerts(FILES), alerts(files)
    assert {name for name, rule in after.items() if rule != before[name]} == {"GenerexLoadHigh"}
    assert after["GenerexLoadHigh"]["expr"].endswith("> 70")
    assert "| `load_warning` | 0.7 |" in files["docs/alerts.md"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load=0.7", 'unknown threshold "load" (there are: load_warning, load_critical, '),
        ("load_warning=high", '--set load_warning=high: "high" is not a number'),
        ("load_warning", "--set load_warning: not NAME=VALUE"),
        ("load_warning=80", 'threshold "load_warning": 80 is not between 0.05 and 2 ratio'),
        ("load_warning=nan", 'threshold "load_warning": nan is not between'),
    ],
)
def test_a_bad_threshold_is_named(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        alert_files(built_in_maps(), parse_settings([text]))
    assert str(caught.value).startswith(message)


def test_every_threshold_says_why_and_is_used() -> None:
    settings = Settings({}, built_in_maps())
    every = (*recording_groups(settings), *alert_groups(settings))
    rules = "".join(rule.expr for group in every for rule in group.rules)
    used = set(re.findall(r"<([a-z0-9_]+)%?>", rules))
    assert set(thresholds()) == used - NAMED.keys() - {
        "place", "site", "per_second", "held", "interval", "minute", "twice", "settled", "twenty", "danger",
    }  # fmt: skip
    texts = "".join(rule.description for group in alert_groups(settings) for rule in group.rules)
    assert NAMED.keys() <= used | set(re.findall(r"<([a-z0-9_]+)>", texts))
    for threshold in thresholds().values():
        assert threshold.why
        assert threshold.source
        low, high = threshold.bounds
        assert low <= threshold.default <= high


@pytest.mark.slow
def test_the_labels_of_the_place_and_the_runbook_are_set_by_flags() -> None:
    files = alert_files(built_in_maps(), {}, place=("building", "room"), runbook_url="https://wiki/ups")
    assert alerts(files)["GenerexTestOverdue"]["expr"].count("max by (device, building, room) (") == 1
    rule = alerts(files)["GenerexFuseBlown"]
    assert (
        "at {{ . }}{{ end }}{{ with $labels.room }}, room {{ . }}{{ end }}"
        in rule["annotations"]["description"]
    )
    assert rule["annotations"]["runbook_url"] == "https://wiki/ups#generexfuseblown"
    assert "group_by: [alertname, building]" in files["alerts/alertmanager.yml"]


def test_nothing_is_written_when_something_is_wrong(tmp_path: Path) -> None:
    assert main(["generate", "alerts", "--set", "no_such=1", "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


PUMP = """\
map: pump
title: A cooling pump
source: its manual
metrics:
  pump_state: {help: Flags of the pump.}
groups:
  pump:
    title: Pump
    words:
      state:
        address: 10
        description: State of the pump.
        metric: pump_state
        flags: pump
flag_sets:
  pump:
    dry:
      {bit: 0, vendor: DRY, label: Runs dry, description: No water., severity: critical, action: Stop it.}
    worn: {bit: 1, vendor: WORN, label: Bearing worn, description: The bearing is worn., severity: warning}
    away: {bit: 2, vendor: AWAY, label: Away, description: Nobody is there., severity: info}
    turns: {bit: 3, vendor: TURNS, label: Turns, description: The pump turns., severity: none, normal: true}
    idle: {bit: 4, vendor: IDLE, label: Idle, description: The pump may rest., severity: none}
"""


@pytest.mark.slow
def test_flags_of_the_users_own_maps_become_alerts_by_their_severity(tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(PUMP)
    (tmp_path / "config.yaml").write_text(
        "maps: [pump.yaml]\nmodules: {pump: {maps: [pump]}}\n"
        "devices: [{name: pump-1, target: 192.0.2.9, module: pump, labels: {site: north}}]\n"
    )
    config = load_config(tmp_path / "config.yaml")
    files = alert_files(config.maps, {})
    write_files(tmp_path, files)
    own = {name: rule["labels"]["severity"] for name, rule in alerts(files).items() if "Pump" in name}
    assert own == {
        "GenerexPumpStateDry": "critical", "GenerexPumpStateWorn": "warning", "GenerexPumpStateAway": "info",
        "GenerexPumpStateTurns": "warning",  # while it does not
    }  # fmt: skip
    assert "Stop it." in files["alerts/runbook.md"]
    assert 'pump_state{flag="idle"}' in files["docs/alerts.md"]

    watched = Watched(config.devices[0], config)
    pages = [watched.page({10: 8 if step < 4 else 9}, step * 15) for step in range(12)]
    expected = {
        "exp_labels": {
            "severity": "critical", "condition": "pump_state_dry", "device": "pump-1", "site": "north",
        },
        "exp_annotations": {
            "summary": "Runs dry.",
            "description": "pump-1 at north: No water.",
            "runbook_url": "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
            "#generexpumpstatedry",
        },
    }  # fmt: skip
    test = {"eval_time": "2m", "alertname": "GenerexPumpStateDry", "exp_alerts": [expected]}
    group = {"interval": "15s", "input_series": input_series(pages), "alert_rule_test": [test]}
    rules = [str(tmp_path / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]
    check_tests(tmp_path, [group], rules=rules)


def test_a_state_becomes_an_alert_unless_its_role_asks_for_nothing() -> None:
    every = own_state_alerts(Played("own_mode", "state", role, role) for role in ROLES)
    assert ROLES.keys() - {name for alert in every for _, name in alert.flags} == {"eco", "float_charging"}


@pytest.mark.slow
def test_texts_of_the_users_own_maps_stand_as_they_are_written(tmp_path: Path) -> None:
    odd = "See [1], below <limit> {{ x }}"
    pump = PUMP.replace("Runs dry", f"'{odd}'").replace("description: No water.", f"description: '{odd}.'")
    (tmp_path / "pump.yaml").write_text(pump)
    (tmp_path / "generex.yml").write_text(
        "maps: [pump.yaml]\nmodules: {pump: {maps: [pump]}}\n"
        "devices: [{name: pump-1, target: 192.0.2.9, module: pump, labels: {site: north}}]\n"
    )
    config = load_config(tmp_path / "generex.yml")
    write_files(tmp_path, alert_files(config.maps, {}))
    watched = Watched(config.devices[0], config)
    pages = [watched.page({10: 1}, step * 15) for step in range(12)]
    expected = {
        "exp_labels": {
            "severity": "critical", "condition": "pump_state_dry", "device": "pump-1", "site": "north",
        },
        "exp_annotations": {
            "summary": f"{odd}.",
            "description": f"pump-1 at north: {odd}.",
            "runbook_url": "https://github.com/generex-exporter/generex-exporter/blob/main/alerts/runbook.md"
            "#generexpumpstatedry",
        },
    }  # fmt: skip
    test = {"eval_time": "2m", "alertname": "GenerexPumpStateDry", "exp_alerts": [expected]}
    group = {"interval": "15s", "input_series": input_series(pages), "alert_rule_test": [test]}
    check_tests(tmp_path, [group], rules=[str(tmp_path / "alerts" / "generex.rules.yml")])


@pytest.mark.slow
def test_the_command_writes_the_same_files(tmp_path: Path) -> None:
    import sys

    command = [sys.executable, "-m", "exporter", "generate", "alerts", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for name, text in FILES.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text
