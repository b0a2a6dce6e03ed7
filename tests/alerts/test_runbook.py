"""The runbook: a section per alert, and first actions that hurt nobody (operations 6)."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from exporter.assess.outcomes import OUTCOMES, Urgency
from exporter.cli import COMMANDS
from exporter.generate.alerts import alert_files
from exporter.maps import built_in_maps
from tests.alerts.test_generated import FILES, alerts
from tests.support import free_port, require, running, wait_for

RUNBOOK = FILES["alerts/runbook.md"]
SECTIONS = {
    text.split("\n", 1)[0]: " ".join(text.split("\n# ")[0].split()) for text in RUNBOOK.split("\n## ")[1:]
}
PARTS = (
    "**What it means.**", "**Check first.**", "**What it leads to.**", "**When to stay away.**",
    "**Planned work.**",
)  # fmt: skip


STATES = {"Danger to people", "Map in doubt", "All values 0", "No output seen", "Low charge on mains"}


def test_every_alert_has_its_section_and_no_section_is_left_over() -> None:
    assert set(SECTIONS) - {"Planned work"} == {*alerts(FILES), *STATES}


@pytest.mark.parametrize("name", sorted(STATES))
def test_a_section_of_a_state_says_what_to_do(name: str) -> None:
    at = [SECTIONS[name].index(part) for part in PARTS[:4]]
    assert at == sorted(at)


@pytest.mark.parametrize("name", sorted(set(SECTIONS) - {"Planned work"} - STATES))
def test_a_section_says_all_five_things(name: str) -> None:
    text = SECTIONS[name]
    at = [text.index(part) for part in PARTS]
    assert at == sorted(at)
    for begin, end in zip(at, [*at[1:], len(text)], strict=True):
        assert len(text[begin:end].split("** ", 1)[1].strip()) > 10


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("GenerexBreakerOpen", "who opened it and why; lock or tag; Never reclose; DC precharge procedure"),
        ("GenerexThermalRunaway", "Get everybody out; do not enter; entilation on; rom outside the room"),
        ("GenerexThermalRunaway", "fire service; switch nothing inside"),
        ("GenerexGroundFault", "not touch; second fault; electrical specialist"),
        ("GenerexBlockVoltageHigh", "dry, sulphated or new; loose lead"),
        ("GenerexBlockVoltageHigh", "all others slightly high; shorted cell"),
        ("GenerexBacsNoState", "alarm relay opens on a reboot; warn the building's desk first"),
        ("GenerexBacsNoState", "Never reboot during a discharge"),
        ("GenerexModulesSilent", "measured first; collapsed block; bus cable"),
        ("GenerexStringCurrentLow", "negative; strong discharge"),
        ("GenerexChargerFailed", "rectifier breaker; runtime left"),
        ("GenerexOnBypass", "unprotected; Operate nothing; UPS panel"),
        ("GenerexOverload", "Shed what was switched on last"),
        ("GenerexFuseBlown", "Do not reset; call service"),
        ("GenerexInverterFailed", "Do not reset; call service"),
        ("GenerexBatteryDepleted", "no autonomy"),
    ],
)  # fmt: skip
def test_first_actions_are_those_of_operations_6(name: str, phrases: str) -> None:
    for phrase in phrases.split("; "):
        assert phrase in SECTIONS[name]


def test_nobody_is_told_to_do_what_could_hurt() -> None:
    text = " ".join(RUNBOOK.split()).lower()
    for phrase in (
        "close the breaker",
        "close breaker",
        "reset the ups",
        "touch the block",
        "enter the room",
    ):
        for found in re.finditer(phrase, text):
            before = text[max(0, found.start() - 25) : found.start()]
            assert re.search(r"not|never|nobody|without", before), text[found.start() - 60 : found.end() + 20]


# to those who work there, or to those who take the load for safe
DANGEROUS = {
    "thermal_runaway", "ground_fault", "runaway_precursor", "block_reversed", "block_temperature",
    "lost_on_battery",
}  # fmt: skip


def test_silences_for_planned_work_end_and_spare_lives() -> None:
    commands = re.findall(r"```\n(amtool silence add.*?)```", RUNBOOK.split("\n# ", 1)[0], re.S)
    assert len(commands) == 2
    conditions = {rule["labels"]["condition"] for rule in alerts(FILES).values()}
    for command in commands:
        assert re.search(r"--duration=\d+h", command)
        assert "'life_safety!=\"true\"'" in command
        assert "--comment=" in command
        names = re.search(r'condition=~"([^"]+)"', command)
        assert names is not None
        for name in names[1].split("|"):
            matched = {condition for condition in conditions if re.fullmatch(name, condition)}
            assert matched, name
            assert not matched & DANGEROUS


def test_amtool_takes_every_silence_and_each_is_for_its_own_alert(tmp_path: Path) -> None:
    never = {
        "ThermalRunaway", "GroundFault", "RunawayPrecursor", "BlockReversed", "LostOnBattery", "Watchdog",
    }  # fmt: skip
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "config.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        require("prometheus-alertmanager"), f"--config.file={tmp_path}/config.yml",
        f"--storage.path={tmp_path}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    script = "\n".join(re.findall(r"```\n(amtool silence add.*?)```", RUNBOOK, re.S))
    with running(command, tmp_path / "log"):
        wait_for(lambda: answers(f"{url}/-/ready"), 30, "Alertmanager")
        subprocess.run(
            ["bash", "-euc", script.replace("http://localhost:9093", url)],
            check=True, capture_output=True, env=os.environ | {"USER": "tests"},
        )  # fmt: skip
        with urllib.request.urlopen(f"{url}/api/v2/silences") as answer:
            silences = json.load(answer)
    alone = {
        matcher["value"]: silence
        for silence in silences
        for matcher in silence["matchers"]
        if matcher["name"] == "alertname"
    }
    assert set(alone) == {name for name in alerts(FILES) if name.removeprefix("Generex") not in never}
    assert len(silences) == len(alone) + 2
    for name, silence in alone.items():
        assert len(silence["matchers"]) == (1 if name == "GenerexNothingWatched" else 2)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_every_command_that_people_are_sent_to_exists() -> None:
    for name in ("alerts/runbook.md", "docs/alerts.md"):
        found = set(re.findall(r"`generex-exporter ([a-z]+)", FILES[name]))
        assert found, name
        assert found <= set(COMMANDS), (name, found - set(COMMANDS))


def test_a_flag_that_is_missing_is_not_explained_as_if_it_were_set() -> None:
    assert "This is the normal state" not in SECTIONS["GenerexBacsNotRunning"]


def test_texts_of_flags_come_from_the_map() -> None:
    flag = next(flag for word, flag in built_in_maps()["ups"].flags() if flag.name == "fan_failure")
    assert flag.action in SECTIONS["GenerexFanFailed"]
    assert flag.description in SECTIONS["GenerexFanFailed"]
    assert alert_files(built_in_maps(), {})["alerts/runbook.md"] == RUNBOOK


@pytest.mark.parametrize(
    "name",
    sorted({row.section for row in OUTCOMES if row.section and row.order in (Urgency.DANGER, Urgency.DARK)}),
)
def test_what_may_be_dangerous_leads_to_no_section_that_says_it_is_not(name: str) -> None:
    assert "not dangerous by itself" not in SECTIONS[name]
