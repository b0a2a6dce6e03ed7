"""`explain prof 0x…`: a frame typed by hand from the gateway sheet's byte table."""

import argparse
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from exporter.commands import explain
from exporter.commands.explain import parse_frame
from exporter.errors import UserError

# bytes 1 and 2, then the words by their first byte
HEAD = "1200"
WORDS = (
    "002A 002B 002C"  # 3-8: load 42, 43, 44 %
    " 0064"  # 9: battery 100 %
    " 00E7 00E6 00E5"  # 11-16: input 231, 230, 229 V
    " 0018"  # 17: 24 °C
    " 0023"  # 19: 35 minutes
    " 000C"  # 21: status, power fail
    " 0111"  # 23: battery 273 V
    " 0032 0032 0032"  # 25-30: 50 Hz
    " 0007"  # 31: power failures
    " 0000 0001 0000 0000 0000 0000 0000 0000"  # 33-48: on battery
    " 0000 0000 0000 0000 0000 0000 0000 0000"  # 49-64
    " 0000 0000 0000 0000 0000 0000 0000 0000"  # 65-80
    " 0001 0000 0000 0000"  # 81-88: AUX 1 high
    " 0049 0000 0002"  # 89-94: running, discharging, float charging; none; communication lost
    " 0002 0028"  # 95-98: 2 strings, 40 modules
    " 2000"  # 99: warning string charge low
)
FRAME = f"{HEAD} {WORDS}"


def frame(**changes: str) -> str:
    """FRAME with other words, by the number of their first byte: b21="4000"."""
    words = FRAME.split()
    for byte, word in changes.items():
        words[(int(byte.removeprefix("b")) - 1) // 2] = word
    return " ".join(words)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="explain")
    explain.add_arguments(parser)
    return explain.run(parser.parse_args(arguments))


def text(capsys: pytest.CaptureFixture[str], value: str) -> str:
    assert run("prof", value) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], value: str) -> dict[str, Any]:
    assert run("prof", value, "--format", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {word["word"].removeprefix("prof."): word for word in found["words"]}


def test_the_frame_by_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, FRAME)
    assert (found["bytes"], found["sequence_number"], found["error_code"]) == (100, 18, 0)
    assert found["valid"] == {"prof": True, "ups": True, "bacs": True}
    words = by_name(found)
    assert len(words) == 49
    assert all(word["believed"] for word in words.values())
    values = {name: words[name]["value"] for name in words if words[name]["kind"] == "measurement"}
    assert values == {
        "output_load_1": 0.42, "output_load_2": 0.43, "output_load_3": 0.44, "battery_charge": 1.0,
        "input_volts_1": 231.0, "input_volts_2": 230.0, "input_volts_3": 229.0, "temperature": 24.0,
        "battery_runtime": 2100.0, "battery_volts": 273.0, "input_frequency_1": 50.0,
        "input_frequency_2": 50.0, "input_frequency_3": 50.0, "power_failures": 7.0,
        "num_strings": 2.0, "num_modules": 40.0,
    }  # fmt: skip
    flags = {
        name: [flag["vendor"] for flag in word["flags"]] for name, word in words.items() if word["flags"]
    }
    assert flags == {
        "status": ["UPS_SB_BACKUP_MODE", "UPS_SB_OUTPUT_ACT"],
        "on_battery": ["Alarm: On Battery"],
        "state": ["BACS_STATE_FLOAT_CHARGING", "BACS_STATE_DISCHARGING", "BACS_STATE_RUNNING"],
        "alarms": ["BACS_ALARM_COMMUNICATION_LOST"],
        "alarms_1": ["BACS_WARNING_STRING_CHARGE_LOW"],
    }
    assert [name for name in words if words[name]["kind"] == "level"] == ["aux_1", "aux_2", "aux_3", "aux_4"]
    assert words["aux_1"]["value"] == 1.0


def test_a_frame_by_a_map_of_your_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A map is a frame's by its rule, whatever its name."""
    own = files("exporter.maps").joinpath("data", "prof.yaml").read_text(encoding="utf-8")
    for old, new in (("map: prof", "map: mine"), ("{prof: [prof]}", "{mine: [mine]}")):
        own = own.replace(old, new)
    (tmp_path / "mine.yaml").write_text(own)
    config = tmp_path / "generex.yml"
    config.write_text("maps: [mine.yaml]\n")
    value = frame(b1="1203")  # error byte 3
    assert run("mine", value, "--config.file", str(config)) == 0
    shown = capsys.readouterr().out
    assert shown.replace("mine.", "prof.") == text(capsys, value)
    assert "error byte: 3 (0x03)" in shown


def test_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, FRAME)
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert lines[:3] == ["SNMP_PROF frame of 100 bytes", "counter: 18", "error byte: 0 (0x00)"]
    rows = {line.split()[1]: line.split() for line in lines if " prof." in line and "+" in line}
    assert rows["prof.output_load_1"] == ["3+4", "prof.output_load_1", "42", "0x002A", "0.42", "(42", "%)"]
    assert rows["prof.status"] == ["21+22", "prof.status", "12", "0x000C", "backup_mode,", "output_act"]
    assert rows["prof.on_battery"] == ["35+36", "prof.on_battery", "1", "0x0001", "active"]
    assert rows["prof.alarms_1"][:2] == ["99+100", "prof.alarms_1"]
    assert (
        "prof.alarms, set:\n  2  0x0002  communication_lost  BACS_ALARM_COMMUNICATION_LOST  warning\n"
        in shown
    )
    assert "First action: Check the mains" in shown
    assert "does not show whether the counter moves" in shown


def test_error_byte(capsys: pytest.CaptureFixture[str]) -> None:
    value = frame(b1="1203")
    found = data(capsys, value)
    assert (found["sequence_number"], found["error_code"], found["valid"]["prof"]) == (18, 3, False)
    assert not any(word["believed"] for word in found["words"])
    shown = text(capsys, value)
    assert "Error byte 3: the frame is not valid. Nothing in it is to be believed but its counter." in shown
    assert "231 V [not trusted]" in shown
    assert "First action" not in shown


@pytest.mark.parametrize("changes", [{"b21": "400C"}, {"b71": "0001"}, {"b71": "0007"}])
def test_communication_lost(capsys: pytest.CaptureFixture[str], changes: dict[str, str]) -> None:
    value = frame(**changes)
    found = data(capsys, value)
    assert found["valid"] == {"prof": True, "ups": False, "bacs": True}
    words = by_name(found)
    # what belongs to the CS141 lives on: counter, AUX, BACS and the two flags that say "lost"
    alive = {name for name, word in words.items() if word["believed"]}
    assert alive == {
        "status", "communication_lost", "power_failures", "aux_1", "aux_2", "aux_3", "aux_4",
        "state", "state_1", "alarms", "num_strings", "num_modules", "alarms_1",
    }  # fmt: skip
    assert "comm_lost" not in words["status"]["doubted"]
    assert {"backup_mode", "output_act"} <= set(words["status"]["doubted"])
    shown = text(capsys, value)
    assert "has lost sight of the UPS: its values are frozen" in shown
    assert "231 V [frozen]" in shown
    assert "backup_mode [frozen], output_act [frozen]" in shown
    assert "active [frozen]" in next(line for line in shown.splitlines() if "prof.on_battery" in line)
    assert "prof.on_battery, set" not in shown


def test_nothing_vouches_for_the_ups(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, frame(b21="D8F1", b71="D8F1"))
    assert 'No word of the group "ups" confirms it' in shown
    assert "231 V [not confirmed]" in shown


@pytest.mark.parametrize("filler", ["0000", "D8F1"])
def test_no_bacs(capsys: pytest.CaptureFixture[str], filler: str) -> None:
    value = frame(**{f"b{byte}": filler for byte in (89, 91, 93, 95, 97, 99)})
    assert data(capsys, value)["valid"] == {"prof": True, "ups": True}
    shown = text(capsys, value)
    assert "The BACS words are all 0 or not available: there is no BACS." in shown
    assert "prof.state, not set" not in shown
    row = next(line for line in shown.splitlines() if " prof.state " in line)
    assert row.endswith("none [no BACS]" if filler == "0000" else "not available")


@pytest.mark.parametrize("state", ["0000", "0002", "D8F1"])
def test_a_bacs_that_does_not_vouch_for_itself(capsys: pytest.CaptureFixture[str], state: str) -> None:
    value = frame(b89=state)
    found = data(capsys, value)
    assert found["valid"]["bacs"] is False
    assert by_name(found)["alarms"]["believed"]
    assert any('generex_data_valid{group="bacs"} is 0' in note for note in found["notes"])


@pytest.mark.parametrize(
    "value",
    [
        "0x" + FRAME.replace(" ", ""),
        FRAME.replace(" ", ":"),
        FRAME.lower(),
        " ".join(f"0x{word}" for word in FRAME.split()),
        " ".join(word[:2] + " " + word[2:] for word in FRAME.split()),
        FRAME.replace(" ", "\n"),
    ],
)
def test_ways_to_write_a_frame(value: str) -> None:
    assert parse_frame(value) == bytes.fromhex(FRAME)


def test_a_frame_in_several_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prof", *FRAME.split()) == 0
    assert "counter: 18" in capsys.readouterr().out


def test_the_whole_module_of_128_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    value = FRAME + " FFFF" * 14
    found = data(capsys, value)
    assert found["bytes"] == 128
    assert found["words"] == data(capsys, FRAME)["words"]
    assert "Bytes 101 to 128 of the module carry nothing and are ignored." in text(capsys, value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "0x" + "00" * 99,
            "frame: it has 99 bytes; a frame has 100 (50 words), the 64-word module of the gateway 128",
        ),
        ("00", "frame: it has 1 bytes; a frame has 100 (50 words), the 64-word module of the gateway 128"),
        (FRAME + "0", 'frame: "20000" is not hexadecimal with two digits for each byte'),
        ("0x1 0x2", 'frame: "0x1" is not hexadecimal with two digits for each byte'),
        ("12zz", 'frame: "12zz" is not hexadecimal with two digits for each byte'),
        ("", 'frame: "" is not hexadecimal with two digits for each byte'),
        ("0x", 'frame: "0x" is not hexadecimal with two digits for each byte'),
    ],
)
def test_bad_frames(value: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        run("prof", value)
    assert str(caught.value) == message
