"""alertmanager.yml by amtool: it loads, routes go where they should, and inhibition spares the dangerous."""

import re
import subprocess
from functools import cache
from typing import Any

import pytest

from exporter.durations import parse_duration
from tests.alerts.promtool import ROOT
from tests.support import load_yaml, require

FILE = ROOT / "alerts" / "alertmanager.yml"


def amtool(*arguments: str) -> str:
    answer = subprocess.run([require("amtool"), *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@cache
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = load_yaml(FILE.read_text())
    return loaded


@cache
def rules() -> list[dict[str, Any]]:
    groups = load_yaml((ROOT / "alerts" / "generex.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_amtool_accepts_the_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", str(FILE))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=GenerexWatchdog", "severity=none"], "dead-man"),
        (["alertname=GenerexLoadDark", "severity=critical"], "critical"),
        (["alertname=GenerexThermalRunaway", "severity=critical", "life_safety=true"], "critical"),
        (["alertname=GenerexOnBattery", "severity=warning"], "warning"),
        (["alertname=GenerexTestRunning", "severity=info"], "info"),
        (["alertname=SomethingElse"], "warning"),
    ],
)
def test_routes(labels: list[str], receiver: str) -> None:
    assert amtool("config", "routes", "test", f"--config.file={FILE}", *labels).split() == [receiver]


def test_waiting_and_repeating_are_those_of_operations_1_8() -> None:
    route = config()["route"]
    assert route["group_by"] == ["alertname", "site"]
    assert route["repeat_interval"] == "24h"
    critical = next(entry for entry in route["routes"] if entry["matchers"] == ['severity = "critical"'])
    assert (critical["group_wait"], critical["repeat_interval"]) == ("5s", "1h")


def matches(matchers: list[str], labels: dict[str, str]) -> bool:
    """What Alertmanager makes of matchers: all must hold, a missing label is empty, patterns are anchored."""
    for matcher in matchers:
        found = re.fullmatch(r'(\w+) (=~|!~|!=|=) "(.*)"', matcher)
        assert found is not None, matcher
        value, operator, wanted = labels.get(found[1], ""), found[2], found[3]
        equal = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
        if equal == operator.startswith("!"):
            return False
    return True


def inhibited(source: dict[str, str], target: dict[str, str]) -> bool:
    return any(
        matches(rule["source_matchers"], source)
        and matches(rule["target_matchers"], target)
        and all(source.get(label, "") == target.get(label, "") for label in rule["equal"])
        for rule in config()["inhibit_rules"]
    )


def alert(name: str, **labels: str) -> dict[str, str]:
    rule = next(rule for rule in rules() if rule["alert"] == f"Generex{name}")
    return {"alertname": rule["alert"], "device": "ups-1", "site": "north", **rule["labels"], **labels}


BLOCK = {"string": "1", "module": "7"}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (alert("OnBatteryLong"), alert("OnBattery")),
        (alert("BlockVoltageHigh", **BLOCK), alert("BlockVoltageHighWarning", **BLOCK)),
        (alert("ChargerFailedDraining"), alert("ChargerFailed")),
        *((alert(name), alert("BatteryLow")) for name in ("BatteryLowOnBattery", "RuntimeShort")),
        (alert("RoomHot", sensor="hall"), alert("RoomWarm", sensor="hall")),
        (alert("FleetOnBattery", device=""), alert("OnBattery")),
        *((alert("OnBattery"), alert(name)) for name in (
            "InputBad", "BypassBad", "InputVoltage", "InputFrequency", "ChargerFailed",
            "StringVoltageLowWarning", "StringCurrentHigh", "StringCurrentLow", "VoltagesApart",
        )),
        *((alert("TestOnGoodMains"), alert(name)) for name in (
            "InputVoltage", "ChargerFailed", "StringCurrentLow",
            "StringVoltageLowWarning", "VoltagesApart", "BypassBad",
        )),
        (alert("OnBattery"), alert("BlockVoltageLowUnderLoad", **BLOCK)),
        (alert("BacsService"), alert("ModulesSilent")),
        # an outage: what is less urgent gives way to what is to be done now
        *((alert(name), alert("OnBatteryLong")) for name in ("RuntimeShort", "BatteryLowOnBattery")),
        (alert("LoadDark"), alert("OnBatteryLong")),
        *((alert("LoadDark"), alert(name)) for name in (
            "RuntimeShort", "BatteryDepleted", "ShutdownPending", "LostOnBattery", "UpsOutOfSight",
            "Unreachable",
        )),
        (alert("LostOnBattery"), alert("Unreachable")),
        (alert("Unreachable"), alert("ModulesSilent")),
        *((alert("UpsOutOfSight"), alert(name)) for name in ("MapDisagrees", "InputBad", "FanFailed")),
    ],
    ids=lambda labels: labels["alertname"],
)  # fmt: skip
def test_what_is_muted(source: dict[str, str], target: dict[str, str]) -> None:
    assert inhibited(source, target)
    assert not inhibited(source, target | {"device": "ups-2", "site": "south"})


@pytest.mark.parametrize(
    ("source", "target"),
    [
        # what is not seen must not mute what was dangerous (operations 1.9)
        *((alert(source), alert(target)) for source in ("Unreachable", "UpsOutOfSight") for target in (
            "LostOnBattery", "OnBattery", "OnBatteryLong", "ThermalRunaway", "GroundFault",
        )),
        # a critical alert of another block, or of another condition
        (alert("BlockVoltageHigh", **BLOCK), alert("BlockVoltageHighWarning", string="1", module="8")),
        (alert("BatteryDepleted"), alert("BatteryLow")),
        (alert("RoomHot", sensor="hall"), alert("RoomWarm", sensor="cellar")),
        # a site on battery mutes the single warnings, never the single critical alerts
        (alert("FleetOnBattery", device=""), alert("OnBatteryLong")),
        (alert("FleetOnBattery", device=""), alert("BatteryLowOnBattery")),
        # on battery explains much, but not these
        *((alert("OnBatteryLong"), alert(name)) for name in (
            "BatteryLowOnBattery", "BatteryDepleted", "RuntimeShort", "LoadDark", "BreakerOpen",
            "BlockReversed", "WeakBlock", "StringOpen", "ModulesSilent", "BlockHot",
            "LostOnBattery", "UpsOutOfSight",
        )),
        # a test explains what a discharge does, never these (operations 1.7); not every test is exempt
        *((alert("TestOnGoodMains"), alert(name)) for name in (
            "BatteryLowOnBattery", "BatteryLow", "BatteryDepleted", "TestFailed", "TestLong", "OnBattery",
            "LoadDark", "WeakBlock", "StringOpen", "LostOnBattery", "BlockReversed", "BreakerOpen",
        )),
        # what is critical of a block or a string is told in planned work, too, and on battery
        *((alert(source), alert(name)) for source in ("BacsService", "OnBattery", "TestOnGoodMains")
          for name in ("BlockHot", "BlockVoltageHigh", "StringVoltageHigh", "StringOpen")),
        # it has ended, and mutes no longer
        (alert("ServiceLeftOn"), alert("ModulesSilent")),
        *((alert("TestRunning"), alert(name)) for name in ("ChargerFailed", "StringVoltageLow", "InputBad")),
        # devices without a site are no site
        (alert("FleetOnBattery", device="", site=""), alert("OnBattery", site="")),
        (alert("BacsService"), alert("BreakerOpen")),
        (alert("BacsService"), alert("OnBattery")),
        # work on the modules does not explain what is measured
        *((alert("BacsService"), alert(name, **BLOCK)) for name in ("BlockReversed", "BlockMuchHotter")),
        # a UPS out of sight leaves the battery in sight
        *((alert("UpsOutOfSight"), alert(name)) for name in (
            "Discharging", "WeakBlock", "ModulesSilent",
            "StringCurrentLow", "BacsNotRunning", "BlockVoltageLowWarning",
        )),
        (alert("OnBattery"), alert("OnBattery", device="ups-2")),
    ],
    ids=lambda labels: labels["alertname"],
)  # fmt: skip
def test_what_is_not_muted(source: dict[str, str], target: dict[str, str]) -> None:
    assert not inhibited(source, target)


def test_what_concerns_lives_is_muted_by_nothing() -> None:
    lives = [rule["alert"].removeprefix("Generex") for rule in rules() if rule["labels"].get("life_safety")]
    assert lives == ["ThermalRunaway", "GroundFault"]
    for name in lives:
        for rule in rules():
            source = {"alertname": rule["alert"], "device": "ups-1", "site": "north", **rule["labels"]}
            assert not inhibited(source, alert(name)), rule["alert"]
    for rule in config()["inhibit_rules"]:
        assert 'life_safety != "true"' in rule["target_matchers"]


def test_every_mute_has_one_source() -> None:
    """Alertmanager 0.34 forgets one of several sources of a rule."""
    for rule in config()["inhibit_rules"]:
        assert re.fullmatch(r'alertname = "Generex\w+"', rule["source_matchers"][0])
        assert len(rule["source_matchers"]) == 1 or rule["source_matchers"][1:] == ['site != ""']


# an expression that stays true for a while after what it looks at
_LOOKS_BACK = re.compile(r"^max_over_time\([^\[]*\[(\w+)\]\)")


def test_what_mutes_others_fires_for_longer_than_they_do() -> None:
    """A muted alert that outlasts the one that mutes it is sent when both are over."""
    seconds = {
        rule["alert"]: (parse_duration(rule["keep_firing_for"]), parse_duration(group["interval"]), rule)
        for group in load_yaml((ROOT / "alerts" / "generex.rules.yml").read_text())["groups"]
        for rule in group["rules"]
        if rule["alert"] != "GenerexWatchdog"
    }
    pairs = 0
    for mute in config()["inhibit_rules"]:
        source = mute["source_matchers"][0].split('"')[1]
        keeps, looks, _ = seconds[source]
        for name, (kept, looked, rule) in seconds.items():
            slower = kept > keeps or looked > looks or _LOOKS_BACK.search(rule["expr"])
            target = {"alertname": name, "site": "north", **rule["labels"]}
            if name == source or not slower or not matches(mute["target_matchers"], target):
                continue
            # of a device that does not answer these are over before it answers again
            if source == "GenerexUnreachable" and name in ("GenerexBacsService", "GenerexChargingLong"):
                continue
            back = max((parse_duration(time) for time in _LOOKS_BACK.findall(rule["expr"])), default=0)
            assert keeps - looks >= back + looked + kept, (source, name)
            pairs += 1
    assert pairs > 30
