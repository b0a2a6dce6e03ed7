"""`explain --config.file`: words of one's own maps, and what devices make of a word by their settings."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from exporter.commands import explain
from exporter.errors import UserError


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="explain")
    explain.add_arguments(parser)
    return explain.run(parser.parse_args(arguments))


def text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(capsys, *arguments, "--format", "json"))
    return found


OWN_MAP = """
map: pump
title: Pump
source: its manual
metrics:
  generex_pump_mode: {help: Mode of the pump.}
  generex_pump_litres: {help: Litres pumped., unit: litres}
  generex_pump_level_ratio: {help: Level., unit: ratio}
  generex_valve_open: {help: Whether it is open.}
groups:
  pump:
    title: Pump
    words:
      mode: {address: 1, metric: generex_pump_mode, states: {0: idle, 1: auto}}
      litres: {address: 2, type: uint32, word_order: little, metric: generex_pump_litres}
      level: {address: 4, type: float32, metric: generex_pump_level_ratio}
      valves: {address: 6}
  valve:
    title: Valves
    repeat: {label: valve, count: valves, max: 4, stride: 1}
    words:
      open: {address: 10, type: bool, metric: generex_valve_open}
"""
CONFIG = """
maps: [pump.yaml]
devices:
  - name: old
    target: 10.0.0.1
    overrides: {ups.input_volts_1: {scale: 0.1}}
    sensors: {1: {name: room, kind: temperature, scale: 0.1}}
  - {name: new, target: 10.0.0.2}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "pump.yaml").write_text(OWN_MAP, encoding="utf-8")
    (tmp_path / "generex.yml").write_text(CONFIG, encoding="utf-8")
    return str(tmp_path / "generex.yml")


def test_enumerations(capsys: pytest.CaptureFixture[str], config: str) -> None:
    assert "state: auto\n" in text(capsys, "pump.mode", "1", "--config.file", config)
    assert data(capsys, "pump.mode", "7", "--config.file", config)["state"] == "7"


def test_an_odd_word_that_repeats_is_counted_like_any_other(
    capsys: pytest.CaptureFixture[str], config: str
) -> None:
    found = data(capsys, "pump.open", "3", "--config.file", config)
    assert found["notes"] == ["Neither 0 nor 1: it is not exported, and generex_odd_words counts it."]


def test_words_of_several_registers(capsys: pytest.CaptureFixture[str], config: str) -> None:
    # registers 2 and 3 hold 0x0001 and 0x0000, the lower word first
    assert data(capsys, "pump.litres", "0x00010000", "--config.file", config)["value"] == 1.0
    assert data(capsys, "pump.litres", "0xD8F1D8F1", "--config.file", config)["available"] is False
    assert data(capsys, "pump.level", "0x3F000000", "--config.file", config)["value"] == 0.5
    with pytest.raises(UserError, match="out of range"):
        run("pump.litres", "0x100000000", "--config.file", config)


def test_a_fraction_that_is_no_number(capsys: pytest.CaptureFixture[str], config: str) -> None:
    found = data(capsys, "pump.level", "0x7FC00000", "--config.file", config)
    assert (found["number"], found["value"], found["notes"]) == (
        None,
        None,
        ["No number: it is not exported."],
    )


def test_settings_of_devices(capsys: pytest.CaptureFixture[str], config: str) -> None:
    shown = text(capsys, "ups.input_volts_1", "2300", "--config.file", config)
    assert "value: 2300 V\nvalue on device old: 230 V\n" in shown
    assert "on device new" not in shown
    assert "value on device old: 21.5 °C" in text(capsys, "sensors.sensor_1", "215", "--config.file", config)
