"""`maps [NAME]`: what it lists, in every format. Addresses and names are typed from the vendor's lists."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from exporter.commands import maps
from exporter.errors import UserError
from exporter.maps import built_in_maps


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="maps")
    maps.add_arguments(parser)
    return maps.run(parser.parse_args(arguments))


def text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(text(capsys, *arguments, "--format", "json"))


def rows(shown: str) -> dict[str, str]:
    """The lines of a map by the name of the word, blanks squeezed."""
    table = shown.split("\n\n", 1)[1].splitlines()
    return {line.split("  0x", 1)[-1].split()[1]: " ".join(line.split()) for line in table[1:]}


def test_all_maps(capsys: pytest.CaptureFixture[str]) -> None:
    lines = text(capsys).splitlines()
    assert lines[0].split() == ["name", "title", "groups", "words", "source"]
    assert [line.split()[0] for line in lines[1:]] == list(built_in_maps())
    found = {item["name"]: item for item in data(capsys)}
    assert found["bacs"]["groups"] == ["bacs", "strings", "modules"]
    # 97-142; six words, four of a string, five of a module; 143-150; 100-127
    counts = {name: found[name]["word_count"] for name in ("ups", "bacs", "sensors", "inform")}
    assert counts == {"ups": 46, "bacs": 15, "sensors": 8, "inform": 28}
    assert found["everexceed"]["source"] == "GENEREX Modbus address list for EverExceed, complete"


def test_words_of_the_ups(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "UPS")
    assert shown.startswith("ups: UPS at a CS141, default address list\nsource: GENEREX")
    found = rows(shown)
    assert len(found) == 46
    assert found["status"] == "109 0x006D status uint16 bits 16 generex_ups_status STATUS confirmed"
    assert found["output_load_1"] == (
        "100 0x0064 output_load_1 uint16 raw × 0.01 (ratio) generex_ups_output_load_ratio OUTP0WER0 confirmed"
    )
    assert found["battery_low"] == (
        "117 0x0075 battery_low bool 0 or 1 1 generex_ups_alarm Battery Low confirmed"
    )
    assert "raw × 60 s" in found["battery_runtime"]
    assert "int16 raw V" in found["battery_volts"]


def test_repeating_words(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "bacs")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert (
        "1060 + 5·(n−1), n = 1…330 0x0424 module_temperature int16 raw × 0.5 − 39 °C "
        "generex_bacs_module_temperature_celsius MODULE_nnn_TEMP field use only"
    ) in lines
    assert any(line.startswith("1010 + 5·(n−1), n = 1…10 0x03F2 string_current ") for line in lines)
    assert any(line.startswith("1005 0x03ED alarms_1 uint16 bits 14 ") for line in lines)


def test_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n= header >> 8 " in text(capsys, "prof")


def test_json_of_a_map(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "bacs")
    words = {word["name"]: word for word in found["words"]}
    assert found["word_count"] == len(words)
    assert words["module_resistance"] == {
        "name": "module_resistance", "group": "modules", "address": 1062, "function": 3, "type": "uint16",
        "kind": "measurement", "formula": None, "repeat": {"label": "module", "stride": 5, "max": 330},
        "scale": 1e-05, "offset": 0.0, "unit": "ohms", "metric": "generex_bacs_module_resistance_ohms",
        "labels": {}, "flags": [], "states": {}, "vendor": "MODULE_nnn_IMPC",
        "description": "Internal resistance of the block, in hundredths of a milliohm.", "confidence": "F",
        "optional": False,
    }  # fmt: skip
    assert words["state"]["flags"][:3] == ["running", "connected", "module_lost"]


@pytest.mark.parametrize("form", ["table", "text", "json"])
@pytest.mark.parametrize("name", [(), ("bacs",)])
def test_no_colours_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: tuple[str, ...], form: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = text(capsys, *name, "--format", form)
    assert "\x1b" not in shown
    assert "BACS battery monitor" in shown


def test_unknown_map() -> None:
    with pytest.raises(UserError) as caught:
        run("upz")
    assert str(caught.value) == (f'unknown map "upz" (there are: {", ".join(sorted(built_in_maps()))})')


def test_own_maps(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(
        "map: pump\ntitle: Pump\nsource: '[bold]its manual[/bold]'\ngroups:\n  pump:\n    title: Pump\n"
        "    words:\n      litres: {address: 2, type: uint32}\n",
        encoding="utf-8",
    )
    config = tmp_path / "generex.yml"
    config.write_text("maps: [pump.yaml]\n", encoding="utf-8")
    assert "\n2–3      0x0002  litres  uint32  raw" in text(capsys, "pump", "--config.file", str(config))
    # what looks like markup is text
    assert "[bold]its manual[/bold]" in text(capsys, "--config.file", str(config), "--format", "table")
