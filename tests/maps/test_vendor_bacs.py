"""The map `bacs` against the vendor's tables, typed from the documents and never read back from the map."""

import re

import pytest

from exporter.maps import load_maps
from exporter.maps.model import FILLER

BACS = load_maps()["bacs"]

# SNMP_PROF gateway sheet V2025-10-07: name, hexadecimal, decimal and binary as printed, then our flag
STATE = """
BACS_STATE_NONE 0x0000 0 0000 0000 0000 0000 -
BACS_STATE_RUNNING 0x0001 1 0000 0000 0000 0001 running
BACS_STATE_CONNECTED 0x0002 2 0000 0000 0000 0010 connected
BACS_ STATE_MODULE_LOST 0x0004 4 0000 0000 0000 0100 module_lost
BACS_STATE_DISCHARGING 0x0008 8 0000 0000 0000 1000 discharging
BACS_STATE_CHARGING 0x0010 16 0000 0000 0001 0000 charging
BACS_STATE_DISCHARGING_STOPPED 0x0020 32 0000 0000 0010 0000 discharging_stopped
BACS_STATE_FLOAT_CHARGING 0x0040 64 0000 0000 0100 0000 float_charging
BACS_STATE_EQUALISATION 0x0080 128 0000 0000 1000 0000 equalisation
BACS_STATE_SYSTEM_FAILURE 0x0100 256 0000 0001 0000 0000 system_failure
BACS_STATE_VOLTAGE_OUTOFRANGE 0x0200 512 0000 0010 0000 0000 voltage_outofrange
BACS_STATE_TEMPERATURE_OUTOFRANGE 0x0400 1024 0000 0100 0000 0000 temperature_outofrange
BACS_STATE_RESISTOR-OUTOFRANGE 0x0800 2048 0000 1000 0000 0000 resistor_outofrange
BACS_STATE_MODULE-ADDRESSING 0x1000 4096 0001 0000 0000 0000 module_addressing
BACS_STATE_MODULE-SEARCHING 0x2000 8192 0010 0000 0000 0000 module_searching
BACS_STATE_MODULE-INITIALIZING 0x4000 16384 0100 0000 0000 0000 module_initializing
BACS_STATE_MODULE-POLLING 0x8000 32768 1000 0000 0000 0000 module_polling
"""

STATE_1 = """
BACS_STATE_NONE 0x0000 0 0000 0000 0000 0000 -
BACS_STATE-GENERAL-ALARM 0x0001 1 0000 0000 0000 0001 general_alarm
BACS_STATE-VOLTAGE-DIFF-HIGH 0x0002 2 0000 0000 0000 0010 voltage_diff_high
BACS_STATE-BATTERY-BREAKER-OPEN 0x0004 4 0000 0000 0000 0100 battery_breaker_open
BACS_STATE_THERMAL_RUNAWAY 0x0008 8 0000 0000 0000 1000 thermal_runaway
BACS_STATE_SENSOR_LOST 0x0010 16 0000 0000 0001 0000 sensor_lost
BACS_STATE_STRING_VOLTAGE_HIGH 0x0020 32 0000 0000 0010 0000 string_voltage_high
BACS_STATE_STRING_VOLTAGE_LOW 0x0040 64 0000 0000 0100 0000 string_voltage_low
BACS_STATE_STRING_VOLTAGE_WARNING_HIGH 0x0080 128 0000 0000 1000 0000 string_voltage_warning_high
BACS_STATE_STRING_VOLTAGE_WARNING_LOW 0x0100 256 0000 0001 0000 0000 string_voltage_warning_low
BACS_STATE_STRING_CURRENT_HIGH 0x0200 512 0000 0010 0000 0000 string_current_high
BACS_STATE_STRING_CURRENT_LOW 0x0400 1024 0000 0100 0000 0000 string_current_low
BACS_STATE_STRING_CURRENT_WARNING_HIGH 0x0800 2048 0000 1000 0000 0000 string_current_warning_high
BACS_STATE_STRING_CURRENT_WARNING_LOW 0x1000 4096 0001 0000 0000 0000 string_current_warning_low
BACS_STATE_CURRENT_OUTOFRANGE 0x2000 8192 0010 0000 0000 0000 current_outofrange
BACS_STATE_CURRENT_GROUND_FAULT_DETECTED 0x4000 16384 0100 0000 0000 0000 current_ground_fault_detected
BACS_STATE_CURRENT_SENSOR_CONNECTION_LOST 0x8000 32768 1000 0000 0000 0000 current_sensor_connection_lost
"""

ALARMS = """
BACS_ALARM_NONE 0x0000 0 0000 0000 0000 0000 -
BACS_ALARM_GENERAL_ALARM 0x0001 1 0000 0000 0000 0001 general_alarm
BACS_ALARM_COMMUNICATION_LOST 0x0002 2 0000 0000 0000 0010 communication_lost
BACS_ALARM_VOLTAGE_HIGH 0x0004 4 0000 0000 0000 0100 voltage_high
BACS_ALARM_VOLTAGE_LOW 0x0008 8 0000 0000 0000 1000 voltage_low
BACS_ALARM_TEMPERATURE_HIGH 0x0010 16 0000 0000 0001 0000 temperature_high
BACS_ALARM_TEMPERATURE_LOW 0x0020 32 0000 0000 0010 0000 temperature_low
BACS_ALARM_RESISTOR_HIGH 0x0040 64 0000 0000 0100 0000 resistor_high
BACS_ALARM_RESISTOR_LOW 0x0080 128 0000 0000 1000 0000 resistor_low
BACS_ALARM_EQUALISATION_ERR 0x0100 256 0000 0001 0000 0000 equalisation_err
BACS_ALARM_VOLTAGE_WARN_HIGH 0x0200 512 0000 0010 0000 0000 voltage_warn_high
BACS_ALARM_VOLTAGE_WARN_LOW 0x0400 1024 0000 0100 0000 0000 voltage_warn_low
BACS_ALARM_TEMPERATURE_WARN_HIGH 0x0800 2048 0000 1000 0000 0000 temperature_warn_high
BACS_ALARM_TEMPERATURE_WARN_LOW 0x1000 4096 0001 0000 0000 0000 temperature_warn_low
BACS_ALARM_RESISTOR_WARN_HIGH 0x2000 8192 0010 0000 0000 0000 resistor_warn_high
BACS_ALARM_RESISTOR_WARN_LOW 0x4000 16384 0100 0000 0000 0000 resistor_warn_low
BACS_ALARM_MODREV_INCOMPATIBLE* 0x8000 32768 1000 0000 0000 0000 modrev_incompatible
"""

ALARMS_1 = """
BACS_ALARM_NONE 0x0000 0 0000 0000 0000 0000 -
BACS_ALARM_CURRENT_SENSOR_HIGH 0x0001 1 0000 0000 0000 0001 current_sensor_high
BACS_ALARM_CURRENT_SENSOR_LOW 0x0002 2 0000 0000 0000 0010 current_sensor_low
BACS_WARNING_CURRENT_SENSOR_HIGH 0x0004 4 0000 0000 0000 0100 warning_current_sensor_high
BACS_WARNING_CURRENT_SENSOR_LOW 0x0008 8 0000 0000 0000 1000 warning_current_sensor_low
BACS_ALARM_EQUALIZING_CUTOFF 0x0010 16 0000 0000 0001 0000 equalizing_cutoff
BACS_ALARM_DISCHARGE_CURRENT_DEVIATION 0x0020 32 0000 0000 0010 0000 discharge_current_deviation
BACS_ALARM_CHARGE_CURRENT_DEVIATION 0x0040 64 0000 0000 0100 0000 charge_current_deviation
BACS_WARNING_DISCHARGE_CURRENT_DEVIATION 0x0080 128 0000 0000 1000 0000 warning_discharge_current_deviation
BACS_WARNING_CHARGE_CURRENT_DEVIATION 0x0100 256 0000 0001 0000 0000 warning_charge_current_deviation
BACS_ALARM_RCM_CURRENT_DIFFERENCE 0x0200 512 0000 0010 0000 0000 rcm_current_difference
BACS_ALARM_CURRENT_SENSOR_CONNECTION_LOST 0x0400 1024 0000 0100 0000 0000 current_sensor_connection_lost
BACS_ALARM_GX_R_AUX_CONNECTION_LOST 0x0800 2048 0000 1000 0000 0000 gx_r_aux_connection_lost
BACS_ALARM_STRING_CHARGE_LOW 0x1000 4096 0001 0000 0000 0000 string_charge_low
BACS_WARNING_STRING_CHARGE_LOW 0x2000 8192 0010 0000 0000 0000 warning_string_charge_low
"""

TABLES = {"state": STATE, "state_1": STATE_1, "alarms": ALARMS, "alarms_1": ALARMS_1}
ROW = re.compile(r"(BACS.+?) (0x[0-9A-F]{4}) (\d+) ([01]{4} [01]{4} [01]{4} [01]{4}) (\S+)")

# The same sheet, bytes 89–100: first byte, name as printed, our word
BYTE_TABLE = [
    (89, "BACS State", "state"),
    (91, "BACS State 1", "state_1"),
    (93, "BACS Alarms", "alarms"),
    (95, "BACS_NUMSTRINGS", "num_strings"),
    (97, "BACS_NUMMODULES", "num_modules"),
    (99, "BACS Alarms 1", "alarms_1"),
]


def rows(table):
    """Vendor name, mask in hexadecimal, in decimal and in binary, our flag."""
    found = [ROW.fullmatch(line).groups() for line in table.strip().splitlines()]
    return [(a, int(b, 16), int(c), int(d.replace(" ", ""), 2), e) for a, b, c, d, e in found]


ALL_ROWS = [(word, *row) for word, table in TABLES.items() for row in rows(table)]
FLAGS = [row for row in ALL_ROWS if row[-1] != "-"]
FLAG_IDS = [f"{row[0]}-{row[-1]}" for row in FLAGS]


def mechanical(vendor):
    """The naming rule of design 2.4."""
    name = vendor.replace(" ", "").rstrip("*")
    for prefix in ("BACS_STATE_", "BACS_STATE-", "BACS_ALARM_"):
        name = name.removeprefix(prefix)
    if name.startswith("BACS_WARNING_"):
        name = "warning_" + name.removeprefix("BACS_WARNING_")
    return name.lower().replace("-", "_")


def value(word, *registers):
    return BACS.words[word].value(BACS.words[word].raw(registers))


def address(word, instance):
    return BACS.words[word].address + BACS.words[word].repeat.stride * (instance - 1)


def test_66_rows_of_which_4_are_none():
    assert len(ALL_ROWS) == 66
    none = [row for row in ALL_ROWS if row[-1] == "-"]
    assert [row[1] for row in none] == ["BACS_STATE_NONE"] * 2 + ["BACS_ALARM_NONE"] * 2
    assert all(row[2:5] == (0, 0, 0) for row in none)
    assert len(FLAGS) == 62


@pytest.mark.parametrize(("word", "vendor", "hexadecimal", "decimal", "binary", "name"), FLAGS, ids=FLAG_IDS)
def test_flag(word, vendor, hexadecimal, decimal, binary, name):
    assert hexadecimal == decimal == binary
    (flag,) = [flag for flag in BACS.words[word].flags if flag.mask == hexadecimal]
    assert flag.name == name
    assert flag.bit == hexadecimal.bit_length() - 1
    assert flag.vendor == vendor.rstrip("*")  # the asterisk is a footnote: calibration


@pytest.mark.parametrize(("word", "vendor", "hexadecimal", "decimal", "binary", "name"), FLAGS, ids=FLAG_IDS)
def test_flags_are_named_mechanically(word, vendor, hexadecimal, decimal, binary, name):
    assert mechanical(vendor) == name


@pytest.mark.parametrize(
    ("word", "count"),
    [("state", 16), ("state_1", 16), ("alarms", 16), ("alarms_1", 14), ("module_alarm", 16)],
)
def test_no_flag_is_there_beside_the_table(word, count):
    assert len(BACS.words[word].flags) == count


def test_bits_14_and_15_of_alarms_1_have_no_name():
    unnamed = [word.name for word in BACS.words.values() if word.has_unnamed_bits]
    assert unnamed == ["alarms_1"]
    assert BACS.words["alarms_1"].named_bits == 0x3FFF
    assert FILLER & ~BACS.words["alarms_1"].named_bits == 0xC000


def test_modules_have_the_bits_of_the_system():
    expected = [(row[-1], row[2]) for row in FLAGS if row[0] == "alarms"]
    assert [(flag.name, flag.mask) for flag in BACS.words["module_alarm"].flags] == expected


def test_healthy_is_running_and_float_charging():
    flags = BACS.words["state"].flags
    assert [flag.name for flag in flags if 0x0041 & flag.mask] == ["running", "float_charging"]
    assert [flag.name for _, flag in BACS.flags() if flag.normal] == ["running"]


def test_the_calibration_footnote_is_told():
    (flag,) = [flag for flag in BACS.words["alarms"].flags if flag.bit == 15]
    assert "calibration" in flag.description


@pytest.mark.parametrize(("first", "vendor", "word"), BYTE_TABLE)
def test_word_of_the_byte_table(first, vendor, word):
    found = BACS.words[word]
    assert found.address == 1000 + (first - 89) // 2
    assert (found.vendor, found.type, found.function, found.registers) == (vendor, "uint16", 3, 1)


@pytest.mark.parametrize(
    ("word", "metric", "raw_metric", "raw_labels"),
    [
        ("state", "generex_bacs_state", "generex_bacs_state_word", {"word": "bacs.state"}),
        ("state_1", "generex_bacs_state", "generex_bacs_state_word", {"word": "bacs.state_1"}),
        ("alarms", "generex_bacs_alarm", "generex_bacs_alarm_word", {"word": "bacs.alarms"}),
        ("alarms_1", "generex_bacs_alarm", "generex_bacs_alarm_word", {"word": "bacs.alarms_1"}),
        ("num_strings", "generex_bacs_strings", "", {}),
        ("num_modules", "generex_bacs_modules", "", {}),
        ("string_current", "generex_bacs_string_current_amperes", "", {}),
        ("string_volts", "generex_bacs_string_volts", "", {}),
        ("string_average_volts", "generex_bacs_string_module_average_volts", "", {}),
        ("string_ripple_current", "generex_bacs_string_ripple_current_amperes", "", {}),
        ("module_temperature", "generex_bacs_module_temperature_celsius", "", {}),
        ("module_volts", "generex_bacs_module_volts", "", {}),
        ("module_resistance", "generex_bacs_module_resistance_ohms", "", {}),
        ("module_alarm", "generex_bacs_module_alarm", "generex_bacs_module_alarm_word", {}),
        ("module_equalization", "generex_bacs_module_equalization_ratio", "", {}),
    ],
)
def test_metrics_and_labels(word, metric, raw_metric, raw_labels):
    found = BACS.words[word]
    assert (found.metric, found.labels) == (metric, ())
    assert (found.raw_metric, dict(found.raw_labels)) == (raw_metric, raw_labels)


@pytest.mark.parametrize(
    ("word", "instance", "expected"),
    [
        ("string_current", 1, 1010),
        ("string_volts", 1, 1011),
        ("string_average_volts", 1, 1012),
        ("string_ripple_current", 1, 1013),
        ("string_current", 10, 1055),
        ("string_volts", 10, 1056),
        ("string_average_volts", 10, 1057),
        ("string_ripple_current", 10, 1058),
        ("module_temperature", 1, 1060),
        ("module_volts", 1, 1061),
        ("module_resistance", 1, 1062),
        ("module_alarm", 1, 1063),
        ("module_equalization", 1, 1064),
        ("module_temperature", 2, 1065),
        ("module_equalization", 2, 1069),
        ("module_temperature", 12, 1115),
        ("module_equalization", 12, 1119),
        ("module_temperature", 330, 2705),
        ("module_alarm", 330, 2708),
        ("module_equalization", 330, 2709),
    ],
)
def test_addresses_of_strings_and_modules(word, instance, expected):
    assert address(word, instance) == expected


@pytest.mark.parametrize(
    ("group", "label", "count", "most", "parent"),
    [("strings", "string", "num_strings", 10, ""), ("modules", "module", "num_modules", 330, "strings")],
)
def test_repeats(group, label, count, most, parent):
    (found,) = [item for item in BACS.groups if item.name == group]
    repeat = found.repeat
    assert (repeat.label, repeat.count, repeat.max, repeat.stride) == (label, count, most, 5)
    assert repeat.parent == parent
    assert repeat.parent_label == ("string" if parent else "")


def test_a_module_shows_whether_it_is_there():
    repeat = BACS.words["module_volts"].repeat
    assert repeat.present_metric == "generex_bacs_module_present"
    assert repeat.lost_flag == "module_alarm.communication_lost"


# Strings: signed by the EcoStruxure BMS guide. Modules: temperature and volts, by the field reader.
def test_signedness():
    assert {word.name for word in BACS.words.values() if word.type == "int16"} == {
        "string_current", "string_volts", "string_average_volts", "string_ripple_current",
        "module_temperature", "module_volts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "raw", "expected"),
    [
        # device.md 2.8
        ("num_strings", 0x0003, 3),
        ("num_modules", 0x000C, 12),
        ("string_current", 0x0000, 0),
        ("string_volts", 0x0224, 54.8),
        ("string_average_volts", 0x3583, 13.699),
        ("string_ripple_current", 0x0000, 0),
        ("module_temperature", 0x0073, 18.5),
        ("module_volts", 0x357A, 13.690),
        ("module_resistance", 0x01F3, 0.00499),
        ("module_equalization", 0x0004, 0.04),
        ("module_temperature", 0x0076, 20.0),
        ("module_volts", 0x3584, 13.700),
        ("module_resistance", 0x01D7, 0.00471),
        ("module_equalization", 0x0010, 0.16),
        ("module_temperature", 0x007D, 23.5),
        ("module_volts", 0x350C, 13.580),
        ("module_resistance", 0x01B4, 0.00436),
        ("module_equalization", 0x0000, 0),
        # discharge is negative; the ends of the ranges
        ("string_current", 0xFFFF, -0.01),
        ("string_current", 0xCFC7, -123.45),
        ("string_current", 0x7FFF, 327.67),
        ("string_current", 0x8000, -327.68),
        ("module_temperature", 0x0000, -39),
        ("module_temperature", 0x00FF, 88.5),
        ("module_resistance", 0xFFFF, 0.65535),
    ],
)
def test_scales(word, raw, expected):
    assert value(word, raw) == expected


def test_groups():
    assert [(group.name, group.optional, group.anchor) for group in BACS.groups] == [
        ("bacs", True, "state"),
        ("strings", True, ""),
        ("modules", True, ""),
    ]
    (trust,) = BACS.trusts
    assert (trust.rule, trust.section) == ("bacs", "bacs")


def test_only_the_young_word_1005_is_optional():
    assert [word.name for word in BACS.words.values() if word.optional] == ["alarms_1"]


def test_reads_may_go_across_the_bacs_block_and_no_further():
    assert {group.readable for group in BACS.groups} == {((1000, 2709),)}


def test_reserved_words_stay_unread():
    taken = set()
    for word in BACS.words.values():
        count = word.repeat.max if word.repeat else 1
        taken |= {address(word.name, n) if word.repeat else word.address for n in range(1, count + 1)}
    free = set(range(1000, 2710)) - taken
    assert free == {1006, 1007, 1008, 1009, *range(1014, 1060, 5)}
