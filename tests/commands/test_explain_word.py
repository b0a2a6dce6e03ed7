"""`explain MAP.WORD VALUE`: what is expected is typed from the vendor's documents, not read from the maps."""

import argparse
import io
import json
import sys
from typing import Any

import pytest

from exporter.commands import explain
from exporter.errors import UserError
from exporter.maps import built_in_maps

STATUS = {  # the article's table: name, vendor's name, value
    1: ("bypass_mode", "UPS_SB_BYPASS_MODE"),
    4: ("output_act", "UPS_SB_OUTPUT_ACT"),
    8: ("backup_mode", "UPS_SB_BACKUP_MODE"),
    16: ("battery_low", "UPS_SB_BATTERY_LOW"),
    32: ("over_temp", "UPS_SB_OVER_TEMP"),
    64: ("test_act", "UPS_SB_TEST_ACT"),
    512: ("inverter_failure", "UPS_SB_INVERTER_FAILURE"),
}


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


def test_56_is_what_the_article_works_out(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "ups.status", "56")
    assert [(flag["mask"], flag["name"], flag["vendor"], flag["hex"]) for flag in found["flags"]] == [
        (32, "over_temp", "UPS_SB_OVER_TEMP", "0x0020"),
        (16, "battery_low", "UPS_SB_BATTERY_LOW", "0x0010"),
        (8, "backup_mode", "UPS_SB_BACKUP_MODE", "0x0008"),
    ]
    assert [(flag["mask"], flag["name"]) for flag in found["missing"]] == [(4, "output_act")]
    assert (found["raw"], found["hex"], found["undefined"]) == (56, "0x0038", 0)


def test_56_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = text(capsys, "ups.status", "0x38").splitlines()
    assert lines[0] == "ups.status = 56 (0x0038)"
    assert lines[1].startswith("STATUS, address 109: ")
    assert lines[2] == "56 = 32 + 16 + 8"
    flags = [line.split() for line in lines if line.strip()[:1].isdigit() and "0x00" in line]
    assert flags == [
        ["32", "0x0020", "over_temp", "UPS_SB_OVER_TEMP", "critical"],
        ["16", "0x0010", "battery_low", "UPS_SB_BATTERY_LOW", "critical"],
        ["8", "0x0008", "backup_mode", "UPS_SB_BACKUP_MODE", "warning"],
        ["4", "0x0004", "output_act", "UPS_SB_OUTPUT_ACT", "none"],
    ]
    over_temp = lines.index(next(line for line in lines if "over_temp" in line))
    assert lines[over_temp + 1].startswith(
        "      Too hot. A temperature that the UPS watches is out of tolerance."
    )
    assert lines[over_temp + 2].startswith("      First action: Check room cooling")
    missing = lines.index("not set, although it normally is:")
    assert "backup_mode" in "\n".join(lines[:missing])
    assert "output_act" in lines[missing + 1]


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (4, [4]),  # UPS OK
        (5, [4, 1]),  # on bypass
        (12, [8, 4]),  # power fail
        (28, [16, 8, 4]),  # power fail and battery low
        (56, [32, 16, 8]),
        (68, [64, 4]),  # battery test
        (524, [512, 8, 4]),  # on battery and inverter error
        (0, []),
    ],
)
def test_documented_composites(capsys: pytest.CaptureFixture[str], value: int, bits: list[int]) -> None:
    found = data(capsys, "ups.status", str(value))
    assert [(flag["mask"], flag["name"], flag["vendor"]) for flag in found["flags"]] == [
        (bit, *STATUS[bit]) for bit in bits
    ]
    assert [flag["name"] for flag in found["missing"]] == ([] if 4 in bits else ["output_act"])


@pytest.mark.parametrize("value", ["56", "0x38", "0X0038", "0b111000", "056", " 56 "])
def test_ways_to_write_a_value(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert data(capsys, "UPS.Status", value)["raw"] == 56


def test_healthy_bacs(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "bacs.state", "0x0041")
    assert [flag["vendor"] for flag in found["flags"]] == ["BACS_STATE_FLOAT_CHARGING", "BACS_STATE_RUNNING"]
    assert (found["missing"], found["notes"]) == ([], [])


def test_state_zero_of_a_bacs_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "bacs.state", "0")
    assert (found["flags"], [flag["name"] for flag in found["missing"]]) == ([], ["running"])
    assert 'generex_data_valid{group="bacs"} is 0' in found["notes"][0]
    shown = text(capsys, "bacs.state", "0")
    assert "set:\n  none\n" in shown
    assert "communication of the web manager is interrupted" in shown


def test_module_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "bacs.module_alarm", "0x42")
    assert [(flag["mask"], flag["vendor"]) for flag in found["flags"]] == [
        (64, "BACS_ALARM_RESISTOR_HIGH"),
        (2, "BACS_ALARM_COMMUNICATION_LOST"),
    ]
    shown = text(capsys, "bacs.module_alarm", "0x42")
    assert "address 1063 + 5·(n−1), n = 1…330" in shown
    assert 'exported as: generex_bacs_module_alarm{module="n",flag="…"}' in shown


def test_bits_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "bacs.alarms_1", "0xC001")
    assert [flag["vendor"] for flag in found["flags"]] == ["BACS_ALARM_CURRENT_SENSOR_HIGH"]
    assert found["undefined"] == 0xC000
    assert "bits without a name: 14, 15 (0xC000), in generex_undefined_flags" in text(
        capsys, "bacs.alarms_1", "49153"
    )


@pytest.mark.parametrize(
    "word", ["bacs.alarms_1", "ups.input_volts_1", "ups.status", "ups.battery_low", "ups.aux_1"]
)
@pytest.mark.parametrize("value", ["0xD8F1", "55537", "-9999"])
def test_filler_is_no_flag_and_no_value(capsys: pytest.CaptureFixture[str], word: str, value: str) -> None:
    found = data(capsys, word, value)
    assert found["available"] is False
    assert (found["flags"], found["missing"], found["undefined"], found["value"]) == ([], [], 0, None)
    shown = text(capsys, word, value)
    assert "Not available: 0xD8F1 (−9999)" in shown
    assert "set:" not in shown
    assert "exported as" not in shown


def test_alarm_words(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "ups.battery_low", "1")
    assert "address 117:" in shown
    assert "\nactive:\n  1  0x0001  battery_low  Alarm: Battery Low  critical\n" in shown
    assert 'exported as: generex_ups_alarm{flag="battery_low"}' in shown
    clear = text(capsys, "ups.battery_low", "0")
    assert "not active; when it is 1:" in clear
    assert "\nactive:" not in clear


def test_a_word_that_is_neither_0_nor_1(capsys: pytest.CaptureFixture[str]) -> None:
    alarm = data(capsys, "ups.battery_low", "7")
    assert ([flag["name"] for flag in alarm["flags"]], alarm["value"]) == (["battery_low"], 1.0)
    assert alarm["notes"] == ["Neither 0 nor 1: it counts as set, and generex_odd_words counts it."]
    aux = data(capsys, "ups.aux_1", "3")
    assert aux["value"] is None
    assert aux["notes"] == ["Neither 0 nor 1: it is not exported, and generex_odd_words counts it."]


def test_aux(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "ups.aux_2", "1")
    assert "value: 1\n" in shown
    assert 'generex_ups_aux_input{port="2"}' in shown


@pytest.mark.parametrize(
    ("word", "value", "line"),
    [
        ("ups.input_volts_1", "230", "value: 230 V"),
        ("ups.input_volts_1", "65534", "value: -2 V"),
        ("ups.input_volts_1", "-2", "value: -2 V"),
        ("ups.output_volts_1", "65534", "value: 65534 V"),
        ("ups.battery_charge", "42", "value: 0.42 (42 %)"),
        ("ups.battery_runtime", "22", "value: 1320 s (22 min)"),
        ("ups.power_failures", "7", "value: 7"),
        ("bacs.string_current", "-150", "value: -1.5 A"),
        ("bacs.string_volts", "0x0224", "value: 54.8 V"),
        ("bacs.string_average_volts", "0x3583", "value: 13.699 V"),
        ("bacs.module_temperature", "0x73", "value: 18.5 °C"),
        ("bacs.module_temperature", "0", "value: -39 °C"),
        ("bacs.module_volts", "0x357A", "value: 13.69 V"),
        ("bacs.module_resistance", "0x01F3", "value: 0.00499 Ω (4.99 mΩ)"),
        ("bacs.module_equalization", "16", "value: 0.16 (16 %)"),
        ("prof.error_code", "3", "value: 3"),
    ],
)
def test_measurements(capsys: pytest.CaptureFixture[str], word: str, value: str, line: str) -> None:
    assert line in text(capsys, word, value).splitlines()


def test_all_ones_that_cannot_be_are_not_available(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "ups.battery_runtime", "0xFFFF")
    assert "Not available: all ones and the extremes of a signed word" in shown
    assert "value:" not in shown
    assert "value: -0.01 A" in text(capsys, "bacs.string_current", "0xFFFF")


def test_signed_words_show_what_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert text(capsys, "ups.temperature", "65535").startswith(
        "ups.temperature = 65535 (0xFFFF), as int16 -1\n"
    )


def test_lost_sight_of_the_ups_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for word, value in (("ups.status", "0x4004"), ("ups.communication_lost", "1")):
        assert "has lost sight of the UPS" in data(capsys, word, value)["notes"][0]
    assert data(capsys, "ups.status", "4")["notes"] == []


def test_words_computed_from_another(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "prof.header", "0x1203")
    assert found["computed"] == {"prof.sequence_number": 0x12, "prof.error_code": 3}
    # the vendor's slip, 0x02 for 0x04, is put right
    assert data(capsys, "everexceed.status", "4")["computed"]["everexceed.output_active"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ups.status", "65536"), "ups.status: 65536 is out of range (0 to 65535, uint16)"),
        (("ups.status", "-1"), "ups.status: -1 is out of range (0 to 65535, uint16)"),
        (("ups.temperature", "-32769"), "ups.temperature: -32769 is out of range (-32768 to 65535, int16)"),
        (("ups.status", "0x10000"), "ups.status: 0x10000 is out of range (0 to 65535, uint16)"),
        (("ups.status", "9" * 5000), f"ups.status: {'9' * 60} is out of range (0 to 65535, uint16)"),
        (("ups.status", "5x"), 'ups.status: "5x" is not a whole number (write 56, 0x38 or 0b111000)'),
        (("ups.status", "1.5"), 'ups.status: "1.5" is not a whole number (write 56, 0x38 or 0b111000)'),
        (("ups.status", "٥٦"), 'ups.status: "٥٦" is not a whole number (write 56, 0x38 or 0b111000)'),
        (("ups.status", "5", "6"), 'ups.status: "5 6" is not a whole number (write 56, 0x38 or 0b111000)'),
        (("ups.status", ""), 'ups.status: "" is not a whole number (write 56, 0x38 or 0b111000)'),
        (("ups.statos", "4"), 'map "ups" has no word "statos" (did you mean "status"?)'),
        (("ups.", "4"), 'map "ups" has no word "" (`generex-exporter maps` lists the words)'),
        (("upz.status", "4"), f'unknown map "upz" (there are: {", ".join(sorted(built_in_maps()))})'),
        (("bacs", "4"), '"bacs" is a map: write MAP.WORD, such as bacs.state'),
        (("xyzzy", "4"), '"xyzzy" is not MAP.WORD (`generex-exporter maps` lists them)'),
        (("a\nb", "4"), '"a\\nb" is not MAP.WORD (`generex-exporter maps` lists them)'),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError) as caught:
        run(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["status", "statsu"])
def test_a_bare_word_is_shown_its_map(name: str) -> None:
    with pytest.raises(UserError, match=rf'"{name}" is not MAP.WORD \(did you mean ups.status, '):
        run(name, "56")


def test_wrong_usage() -> None:
    for arguments in ((), ("ups.status",), ("ups.status", "56", "--format", "xml")):
        with pytest.raises(SystemExit) as caught:
            run(*arguments)
        assert caught.value.code == 2


@pytest.mark.parametrize("form", ["table", "text", "json"])
def test_no_colours_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = text(capsys, "ups.status", "56", "--format", form)
    assert "\x1b" not in shown
    assert "over_temp" in shown


def test_a_pipe_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert text(capsys, "ups.status", "56") == text(capsys, "ups.status", "56", "--format", "text")


def test_every_json_key_is_always_there(capsys: pytest.CaptureFixture[str]) -> None:
    keys = [
        list(data(capsys, *pair))
        for pair in (("ups.status", "56"), ("ups.aux_1", "-9999"), ("bacs.module_volts", "1"))
    ]
    assert keys[0] == keys[1] == keys[2]
    assert keys[0] == [
        "word", "vendor", "description", "address", "type", "confidence", "kind", "raw", "hex", "available",
        "number", "value", "unit", "state", "metric", "labels", "flags", "missing", "undefined", "computed",
        "devices", "notes",
    ]  # fmt: skip
    assert set(data(capsys, "ups.status", "56")["flags"][0]) == {
        "name", "bit", "mask", "hex", "vendor", "label", "description", "severity", "action",
        "normal", "role", "note", "clear",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["table", "text", "json"])
def test_an_output_that_has_no_degree_sign(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert run("bacs.module_temperature", "115", "--format", form) == 0
    sys.stdout.flush()
    assert b"18.5" in written.getvalue()


def test_a_sensor_without_configuration_has_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, "sensors.sensor_1", "215")
    assert "Exported only where the configuration names the sensor" in shown
    assert "exported as" not in shown
