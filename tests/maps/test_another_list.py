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

LIST = Path(__file__).parent / "lists" / "acme.yaml"
TESTS = Path(__file__).parents[1]
PROGRAM = Path(exporter.__file__).parent

ASK = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from snapshots import Source
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
        rule["labels"]["outcome"]: rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
        if rule["record"] == "device:generex_outcome:rank"
    }
    for outcome, flag in (
        ("load_dark", "output_on"),
        ("on_battery", "running_on_battery"),
        ("bypass", "manual_bypass"),
        ("ups_lost", "silent"),
    ):
        assert flag in found[outcome], outcome
    alerts = next((package / "made" / "alerts").rglob("generex.rules.yml")).read_text()
    assert 'acme_status{flag="capacitor_worn"}' in alerts
    boards = "".join(path.read_text() for path in (package / "made" / "dashboards").rglob("*.json"))
    assert json.dumps("Acme capacitor worn") in boards
    page = next((package / "made" / "reference").rglob("metrics.md")).read_text()
    assert "acme_rectifier_volts" in page
    assert "Acme" in page
