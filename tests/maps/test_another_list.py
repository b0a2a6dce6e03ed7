"""A maker's list of 12 words and 5 flags beside the built-in ones: one file, and everything knows it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import exporter
from exporter.config import load_config
from exporter.files import write_files
from exporter.generate.alerts import alert_files
from exporter.maps import load_maps
from exporter.maps.roles import ROLES
from tests.alerts.promtool import SLOW, check_tests
from tests.alerts.series import Watched, input_series

pytestmark = pytest.mark.slow

LIST = Path(__file__).parent / "lists" / "acme.yaml"
TESTS = Path(__file__).parents[1]
PROGRAM = Path(exporter.__file__).parent

ASK = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from tests.snapshots import Source
from exporter.assess.condition import assess
for status in (1, 0, 3, 5, 8):
    words = {{400: status, **dict.fromkeys(range(401, 404), 230), **dict.fromkeys(range(404, 407), 40)}}
    words |= {{407: 100, 408: 12, 409: 400, 410: 400, 411: 400}}
    it = assess(Source("acme").snapshot(words))
    print(f"{{status}}: {{it.state.sign}} {{it.state_text}}, {{it.survival_text}}")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with one file more."""
    folder = tmp_path_factory.mktemp("with_acme")
    shutil.copytree(PROGRAM, folder / "exporter", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(LIST, folder / "exporter" / "maps" / "data")
    return folder


def run(package: Path, *args: str) -> str:
    done = subprocess.run(
        (sys.executable, *args),
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pages_and_probe_know_its_roles(package: Path) -> None:
    told = run(package, "-c", ASK.format(tests=str(TESTS)))
    assert told.splitlines() == [
        "1: ● On mains, YES",
        "0: ✖ Load dark, load is dark",
        "3: ▲ On battery, 12 min left, on battery now",
        "5: ◆ On bypass, NO: on bypass",
        "8: ? UPS lost, UPS lost",
    ]


def test_explain_and_maps_know_it(package: Path) -> None:
    assert "Acme on battery" in run(package, "-m", "exporter", "explain", "acme.status", "0x03")
    assert "acme" in run(package, "-m", "exporter", "maps")
    assert "capacitor_worn" in run(package, "-m", "exporter", "maps", "acme") + run(
        package, "-m", "exporter", "explain", "acme.status", "0x11"
    )


def test_its_module_is_known(package: Path) -> None:
    (package / "generex.yml").write_text("devices: [{name: a, target: tcp://10.0.0.1, module: acme}]\n")
    assert "good: 1 device" in run(package, "-m", "exporter", "check", "generex.yml")


def test_rules_boards_and_reference_know_it(package: Path) -> None:
    for kind in ("alerts", "dashboards", "reference"):
        run(package, "-m", "exporter", "generate", kind, "--out", str(package / "made" / kind))
    rules = yaml.safe_load(next((package / "made" / "alerts").rglob("recording.rules.yml")).read_text())
    found = {
        rule["labels"]["role"]: rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
        if rule["record"] == "device:generex_role:active"
    }
    for role, flag in (
        ("dark", "output_on"),
        ("on_battery", "running_on_battery"),
        ("bypass", "manual_bypass"),
        ("lost", "silent"),
    ):
        assert flag in found[role], role
    alerts = next((package / "made" / "alerts").rglob("generex.rules.yml")).read_text()
    assert 'acme_status{flag="capacitor_worn"}' in alerts
    boards = "".join(path.read_text() for path in (package / "made" / "dashboards").rglob("*.json"))
    assert json.dumps("Acme capacitor worn") in boards
    page = next((package / "made" / "reference").rglob("metrics.md")).read_text()
    assert "acme_rectifier_volts" in page
    assert "Acme" in page


# bits of the status word: output on, on battery, on bypass, silent, capacitor worn
STATUS = {
    name: {400: word}
    for name, word in {"well": 1, "battery": 3, "dark": 0, "bypass": 5, "silent": 9, "worn": 17}.items()
}
ALERTS = {
    "battery": "OnBattery OnBatteryLong",
    "dark": "LoadDark",
    "bypass": "OnBypass",
    "silent": "UpsOutOfSight",
    "worn": "AcmeStatusCapacitorWorn",
}
WELL = {400: 1, **dict.fromkeys(range(401, 404), 230), **dict.fromkeys(range(404, 407), 40)}
WELL |= {407: 100, 408: 12, 409: 400, 410: 400, 411: 400}


def check_alerts(
    folder: Path, text: str, well: dict[int, int], ill: dict[str, dict[int, int]], alerts: dict[str, str]
) -> None:
    """For two minutes each device is well, then it has these words for six: these alerts fire, no others.

    `text` is the list; each device stands at a site of its own.
    """
    name = text.split("map: ", 1)[1].split()[0]
    (folder / f"{name}.yaml").write_text(text)
    devices = [
        {"name": device, "target": f"192.0.2.{at}", "module": "it", "labels": {"site": device}}
        for at, device in enumerate(ill, start=1)
    ]
    document = {"maps": [f"{name}.yaml"], "modules": {"it": {"maps": [name]}}, "devices": devices}
    (folder / "generex.yml").write_text(yaml.safe_dump(document))
    config = load_config(folder / "generex.yml")
    write_files(folder, alert_files(config.maps, {}))
    series = []
    for device in config.devices:
        watched = Watched(device, config)
        pages = [watched.page(well | (ill[device.name] if at >= 8 else {}), 15 * at) for at in range(34)]
        series += input_series(pages, device.name)
    samples = [
        {"labels": f'{{alertname="Generex{alert}", device="{device}"}}', "value": 1}
        for device, names in alerts.items()
        for alert in names.split()
    ]
    expr = 'count by (alertname, device) (ALERTS{alertstate="firing", device!=""})'
    test = {"expr": expr, "eval_time": "8m", "exp_samples": samples}
    rules = [str(folder / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": [test]}
    check_tests(folder, [group], rules=rules, without=SLOW)


def test_its_flags_lead_to_the_alerts_of_their_roles(tmp_path: Path) -> None:
    check_alerts(tmp_path, LIST.read_text(encoding="utf-8"), WELL, STATUS, ALERTS)


@pytest.mark.parametrize(
    ("role", "other", "device", "alerts"),
    [
        ("role: on_battery", "role: test", "battery", "TestRunning"),
        ("role: bypass", "role: overload", "bypass", "Overload"),
        ("severity: none,\n       normal: true, role: dark", "severity: critical, normal: true", "dark",
         "AcmeStatusOutputOn"),
        ("near its end of life.", "near its end of life., role: fan_failed", "worn", "FanFailed"),
    ],
)  # fmt: skip
def test_another_role_leads_to_other_alerts(
    role: str, other: str, device: str, alerts: str, tmp_path: Path
) -> None:
    text = LIST.read_text(encoding="utf-8")
    assert text.count(role) == 1
    check_alerts(tmp_path, text.replace(role, other), WELL, STATUS, ALERTS | {device: alerts})


TOLD = {
    "dark": "LoadDark", "on_battery": "OnBattery OnBatteryLong", "bypass": "OnBypass", "eco": "OddEco",
    "test": "TestRunning", "lost": "UpsOutOfSight", "shutdown_pending": "ShutdownPending",
    "shutdown_imminent": "ShutdownImminent", "depleted": "BatteryDepleted",
    "battery_low": "BatteryLow", "battery_bad": "BatteryBad",
    "charger_failed": "ChargerFailed", "test_failed": "TestFailed", "overload": "Overload",
    "output_bad": "OutputBad", "inverter_failed": "InverterFailed", "inverter_warning": "InverterWarning",
    "ups_fault": "UpsFault", "fuse_blown": "FuseBlown", "fan_failed": "FanFailed", "hot": "UpsHot",
    "input_bad": "InputBad", "bypass_bad": "BypassBad", "site_alarm": "SiteAlarm",
    "thermal_runaway": "ThermalRunaway", "ground_fault": "GroundFault", "danger": "OddDanger",
    "breaker_open": "BreakerOpen", "battery_alarm": "OddBatteryAlarm", "general_alarm": "BacsGeneralAlarm",
    "discharging": "DischargingOnMains", "float_charging": "OddFloatCharging", "service": "BacsService",
    "monitor_stopped": "BacsNotRunning",
}  # fmt: skip
"""What a device is told of that plays one role for six minutes, by operations; "Odd…" are of the map."""


@pytest.mark.parametrize("normal", [False, True])
def test_a_flag_of_any_role_leads_to_an_alert_while_it_plays_it(normal: bool, tmp_path: Path) -> None:
    assert set(TOLD) == set(ROLES)
    names = {role: role + "_not" * normal for role in ROLES}
    flags = [
        f"      {name}: {{address: {at}, type: bool, metric: odd, flag: {{name: {name}, vendor: V, label: L, "
        f"description: D, severity: warning, role: {role}, normal: {str(normal).lower()}}}}}\n"
        for at, (role, name) in enumerate(names.items())
    ]
    trust = f"trust: {{rule: lost_flags, lost_flags: [{names['lost']}]}}"
    text = (
        "map: odd\ntitle: Odd\nsource: a made-up list\nmetrics: {odd: {help: Flags.}}\n"
        f"groups:\n  odd:\n    title: Odd\n    {trust}\n    words:\n" + "".join(flags)
    )
    ill = {role: {at: int(not normal)} for at, role in enumerate(ROLES)}
    own = {role: told + "Not" * (normal and told.startswith("Odd")) for role, told in TOLD.items()}
    check_alerts(tmp_path, text, dict.fromkeys(range(len(ROLES)), int(normal)), ill, own)


def test_a_state_of_any_role_leads_to_an_alert_while_it_is_so(tmp_path: Path) -> None:
    """What asks for nothing by its role has no severity as a state, and leads to none."""
    text = (
        "map: odd\ntitle: Odd\nsource: a made-up list\nmetrics: {odd: {help: Mode.}}\n"
        "groups:\n  odd:\n    title: Odd\n    trust: {rule: lost_flags, lost_flags: [mode.lost]}\n"
        "    words: {mode: {address: 0, metric: odd, states: {0: well, "
        + ", ".join(f"{number}: {role}" for number, role in enumerate(ROLES, start=1))
        + "}, roles: {"
        + ", ".join(f"{role}: {role}" for role in ROLES)
        + "}}}\n"
    )
    ill = {role: {0: number} for number, role in enumerate(ROLES, start=1)}
    check_alerts(tmp_path, text, {0: 0}, ill, TOLD | {"eco": "", "float_charging": ""})


@pytest.mark.parametrize("severity", ["none", "info"])
@pytest.mark.parametrize("kind", ["flag", "state"])
def test_danger_to_people_is_critical_whatever_the_map_says(kind: str, severity: str, tmp_path: Path) -> None:
    flag = f"{{name: gas, vendor: V, label: Gas, description: Gas., severity: {severity}, role: danger}}"
    what = (
        f"type: bool, flag: {flag}" if kind == "flag" else "states: {0: well, 1: gas}, roles: {gas: danger}"
    )
    (tmp_path / "odd.yaml").write_text(
        "map: odd\ntitle: Odd\nsource: a made-up list\nmetrics: {odd: {help: What.}}\n"
        f"groups: {{odd: {{title: Odd, words: {{what: {{address: 0, metric: odd, {what}}}}}}}}}\n"
    )
    files = alert_files(load_maps([tmp_path / "odd.yaml"]), {})
    groups = yaml.safe_load(files["alerts/generex.rules.yml"])["groups"]
    (rule,) = (rule for group in groups for rule in group["rules"] if rule["alert"] == "GenerexOddGas")
    assert rule["labels"] == {"severity": "critical", "condition": "odd_gas", "life_safety": "true"}
    assert rule["keep_firing_for"] == "1h"


def test_flags_of_one_name_in_two_metrics_do_not_hide_each_other(tmp_path: Path) -> None:
    """`or` takes series for the same that differ in the metric only; `away` plays no role in one of them."""
    flag = "vendor: V, label: L, description: D, severity: info"
    battery = f"role: on_battery, {flag}"
    text = (
        "map: odd\ntitle: Odd\nsource: a made-up list\n"
        "metrics: {odd_a: {help: Flags.}, odd_b: {help: Flags.}}\n"
        f"flag_sets:\n  a: {{battery: {{bit: 0, {battery}}}, away: {{bit: 1, {flag}}}}}\n"
        f"  b: {{battery: {{bit: 0, {battery}}}, away: {{bit: 1, {battery}}}}}\n"
        "groups:\n  odd:\n    title: Odd\n    words:\n"
        "      a: {address: 0, metric: odd_a, flags: a}\n      b: {address: 1, metric: odd_b, flags: b}\n"
    )
    told = "OnBattery OnBatteryLong"
    ill = {"a": {0: 1}, "b": {1: 1}, "away": {1: 2}, "no role": {0: 2}}
    alerts = {"a": told, "b": told, "away": told, "no role": "OddAAway"}
    check_alerts(tmp_path, text, {0: 0, 1: 0}, ill, alerts)
