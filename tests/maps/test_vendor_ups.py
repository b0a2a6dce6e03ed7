"""The map `ups` against the vendor's tables, typed from the documents and never read back from the map."""

import re

import pytest

from exporter.maps import load_maps

UPS = load_maps()["ups"]

# SNMP_PROF gateway sheet V2025-10-07: bytes and name as printed | our word | metric less generex_ups_ | label
BYTE_TABLE = """
3 + 4 OUTP0WER0 | output_load_1 | output_load_ratio | phase=1
5 + 6 OUTP0WER1 | output_load_2 | output_load_ratio | phase=2
7 + 8 OUTP0WER2 | output_load_3 | output_load_ratio | phase=3
9 + 10 BATTCAP | battery_charge | battery_charge_ratio |
11 + 12 INVOLT0 | input_volts_1 | input_volts | phase=1
13 + 14 INVOLT1 | input_volts_2 | input_volts | phase=2
15 + 16 INVOLT2 | input_volts_3 | input_volts | phase=3
17 + 18 TEMPDEG | temperature | temperature_celsius |
19 + 20 AUTONOMOUSTIME | battery_runtime | battery_runtime_seconds |
21 + 22 STATUS | status | status |
23 + 24 BATTVOLT | battery_volts | battery_volts |
25 + 26 INFREQ0 | input_frequency_1 | input_frequency_hertz | phase=1
27 + 28 INFREQ1 | input_frequency_2 | input_frequency_hertz | phase=2
29 + 30 INFREQ2 | input_frequency_3 | input_frequency_hertz | phase=3
31 + 32 CNT_PF | power_failures | power_failures_total |
33 + 34 Alarm Battery Bad | battery_bad | alarm | flag=battery_bad
35 + 36 Alarm: On Battery | on_battery | alarm | flag=on_battery
37 + 38 Alarm: Battery Low | battery_low | alarm | flag=battery_low
39 + 40 Alarm: Battery Depleted | battery_depleted | alarm | flag=battery_depleted
41 + 42 Alarm: Over temperature | over_temperature | alarm | flag=over_temperature
43 + 44 Alarm: Input Bad | input_bad | alarm | flag=input_bad
45 + 46 Alarm: Output Bad | output_bad | alarm | flag=output_bad
47 + 48 Alarm: Output Overload | output_overload | alarm | flag=output_overload
49 + 50 Alarm: On Bypass | on_bypass | alarm | flag=on_bypass
51 + 52 Alarm: Bypass Bath | bypass_bad | alarm | flag=bypass_bad
53 + 54 Alarm: Output Off as requested. | output_off_as_requested | alarm | flag=output_off_as_requested
55 + 56 Alarm: UPS Off as requested. | ups_off_as_requested | alarm | flag=ups_off_as_requested
57 + 58 Alarm: Charger Failed | charger_failed | alarm | flag=charger_failed
59 + 60 Alarm: UPS Output Off | ups_output_off | alarm | flag=ups_output_off
61 + 62 Alarm: UPS System Off | ups_system_off | alarm | flag=ups_system_off
63 + 64 Alarm: Fan Failure | fan_failure | alarm | flag=fan_failure
65 + 66 Alarm: fuse failure | fuse_failure | alarm | flag=fuse_failure
67 + 68 Alarm: general fault | general_fault | alarm | flag=general_fault
69 + 70 Alarm: diagnostic test failed | diagnostic_test_failed | alarm | flag=diagnostic_test_failed
71 + 72 Alarm: communication lost | communication_lost | alarm | flag=communication_lost
73 + 74 Alarm: awaiting power | awaiting_power | alarm | flag=awaiting_power
75 + 76 Alarm: shutdown pending | shutdown_pending | alarm | flag=shutdown_pending
77 + 78 Alarm: shutdown imminent | shutdown_imminent | alarm | flag=shutdown_imminent
79 + 80 Alarm: test in progress | test_in_progress | alarm | flag=test_in_progress
81 + 82 AUX Port 1 | aux_1 | aux_input | port=1
83 + 84 AUX Port 2 | aux_2 | aux_input | port=2
85 + 86 AUX Port 3 | aux_3 | aux_input | port=3
87 + 88 AUX Port 4 | aux_4 | aux_input | port=4
"""

# "How MODBUS addressing works", 2025-07-23: name as printed, hexadecimal, decimal, our flag
STATUS_TABLE = [
    ("UPS_SB_BYPASS_MODE", 0x0001, 1, "bypass_mode"),
    ("UPS_SB_SHUTDOWN", 0x0002, 2, "shutdown"),
    ("UPS_SB_OUTPUT_ACT", 0x0004, 4, "output_act"),
    ("UPS_SB_BACKUP_MODE", 0x0008, 8, "backup_mode"),
    ("UPS_SB_BATTERY_LOW", 0x0010, 16, "battery_low"),
    ("UPS_SB_OVER_TEMP", 0x0020, 32, "over_temp"),
    ("UPS_SB_TEST_ACT", 0x0040, 64, "test_act"),
    ("UPS_SB_INPUT_HIGH", 0x0080, 128, "input_high"),
    ("UPS_SB_OUTPUT_HIGH", 0x0100, 256, "output_high"),
    ("UPS_SB_INVERTER_FAILURE", 0x0200, 512, "inverter_failure"),
    ("UPS_SB_BATTERY_BAD", 0x0400, 1024, "battery_bad"),
    ("UPS_SB_ECO_MODE", 0x0800, 2048, "eco_mode"),
    ("UPS_SB_INVERTER_WARN", 0x1000, 4096, "inverter_warn"),
    ("UPS_SB_UPS_FAILED", 0x2000, 8192, "ups_failed"),
    ("UPS_SB_COMM_LOST", 0x4000, 16384, "comm_lost"),
    ("UPS_SB_DVG_ALARM", 0x8000, 32768, "dvg_alarm"),
]

# Column U/S of the default list: S for 104–108 and 110 (device.md 1.1), U elsewhere.
SIGNED = {104, 105, 106, 107, 108, 110}


def byte_rows():
    rows = []
    for line in BYTE_TABLE.strip().splitlines():
        printed, word, metric, label = (part.strip() for part in line.split("|"))
        first, second, name = re.fullmatch(r"(\d+) \+ (\d+) (.+)", printed).groups()
        rows.append(pytest.param(int(first), int(second), name, word, metric, label, id=f"{first}-{word}"))
    return rows


def labels_of(word):
    labels = dict(word.labels)
    if word.flag:
        labels["flag"] = word.flag.name
    return labels


@pytest.mark.parametrize(("first", "second", "name", "word", "metric", "label"), byte_rows())
def test_word_of_the_byte_table(first, second, name, word, metric, label):
    found = UPS.words[word]
    assert second == first + 1
    assert found.address == 100 + (first - 3) // 2
    assert (found.function, found.registers) == (3, 1)
    assert found.metric == f"generex_ups_{metric}"
    assert labels_of(found) == (dict([label.split("=")]) if label else {})
    if name.startswith("Alarm"):
        assert found.type == "bool"
        assert found.flag.vendor == name.removesuffix(".")
    elif name == "AUTONOMOUSTIME":
        assert found.vendor == "AUTONOMTIME"  # the default list's spelling, device.md 7, number 2
        assert name in found.description
    else:
        assert found.vendor == name


def test_the_byte_table_has_43_words_from_100_to_142():
    addresses = sorted(UPS.words[row.values[3]].address or 0 for row in byte_rows())
    assert addresses == list(range(100, 143))


def test_the_default_list_says_bypass_bad():
    assert UPS.words["bypass_bad"].vendor == "Bypass Bad"


@pytest.mark.parametrize(
    ("address", "word", "vendor", "phase"),
    [
        (97, "output_volts_1", "OUTPUT_VOLT0", "1"),
        (98, "output_volts_2", "OUTPUT_VOLT1", "2"),
        (99, "output_volts_3", "OUTPUT_VOLT2", "3"),
    ],
)
def test_output_volts_that_the_gateway_leaves_out(address, word, vendor, phase):
    found = UPS.words[word]
    assert (found.address, found.vendor, found.type) == (address, vendor, "uint16")
    assert (found.metric, dict(found.labels)) == ("generex_ups_output_volts", {"phase": phase})
    assert found.value(230) == 230


def test_the_map_is_97_to_142_without_a_gap():
    assert sorted(word.address or 0 for word in UPS.words.values()) == list(range(97, 143))


def test_signedness():
    signed = {word.address for word in UPS.words.values() if word.type == "int16"}
    assert signed == SIGNED
    alarms_and_aux = {word.address for word in UPS.words.values() if word.type == "bool"}
    assert alarms_and_aux == set(range(115, 143))
    unsigned = {word.address for word in UPS.words.values() if word.type == "uint16"}
    assert unsigned == set(range(97, 115)) - SIGNED


@pytest.mark.parametrize(("vendor", "hexadecimal", "decimal", "name"), STATUS_TABLE)
def test_status_flag(vendor, hexadecimal, decimal, name):
    (flag,) = [flag for flag in UPS.words["status"].flags if flag.vendor == vendor]
    assert flag.name == name
    assert flag.mask == hexadecimal == decimal == 1 << flag.bit


@pytest.mark.parametrize(("vendor", "name"), [(row[0], row[3]) for row in STATUS_TABLE])
def test_status_flags_are_named_mechanically(vendor, name):
    assert vendor.removeprefix("UPS_SB_").lower() == name


def test_the_status_word_is_109_and_has_16_flags():
    status = UPS.words["status"]
    assert status.address == 109
    assert [flag.name for flag in status.flags] == [row[3] for row in STATUS_TABLE]
    assert not status.has_unnamed_bits
    assert (status.metric, status.labels) == ("generex_ups_status", ())
    assert (status.raw_metric, status.raw_labels) == ("generex_ups_status_word", ())


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (4, {"output_act"}),
        (5, {"output_act", "bypass_mode"}),
        (12, {"output_act", "backup_mode"}),
        (28, {"output_act", "backup_mode", "battery_low"}),
        (68, {"output_act", "test_act"}),
        (524, {"output_act", "backup_mode", "inverter_failure"}),
        (56, {"over_temp", "battery_low", "backup_mode"}),
    ],
)
def test_the_vendors_worked_values(value, names):
    assert {flag.name for flag in UPS.words["status"].flags if value & flag.mask} == names


def test_56_misses_what_is_normally_set():
    flags = UPS.words["status"].flags
    assert [flag.name for flag in flags if flag.normal and not 56 & flag.mask] == ["output_act"]
    assert [flag.name for _, flag in UPS.flags() if flag.normal] == ["output_act"]


@pytest.mark.parametrize(
    ("word", "raw", "value"),
    [
        ("output_volts_1", 231, 231),
        ("output_load_1", 7, 0.07),
        ("output_load_3", 110, 1.1),
        ("battery_charge", 100, 1),
        ("battery_charge", 29, 0.29),
        ("input_volts_2", 400, 400),
        ("input_volts_2", 0xFFFF, -1),
        ("temperature", 0xFFFB, -5),
        ("battery_runtime", 17, 1020),
        ("battery_runtime", 0xFFFF, -60),
        ("battery_volts", 0xFE0C, -500),
        ("input_frequency_3", 50, 50),
        ("power_failures", 0xFFFF, 65535),
    ],
)
def test_scales(word, raw, value):
    found = UPS.words[word]
    assert found.value(found.raw([raw])) == value


def test_only_what_belongs_to_the_cs141_survives_a_lost_ups():
    assert {word.name for word in UPS.words.values() if word.survives} == {
        "power_failures", "aux_1", "aux_2", "aux_3", "aux_4",
    }  # fmt: skip


def test_only_the_status_word_is_required():
    assert [word.name for word in UPS.words.values() if not word.optional] == ["status"]


def test_two_flags_vouch_for_the_ups():
    (trust,) = UPS.trusts
    assert (trust.rule, trust.section) == ("lost_flags", "ups")
    assert trust.lost_flags == ("status.comm_lost", "communication_lost")


def test_it_is_one_group():
    (group,) = UPS.groups
    assert (group.name, group.optional) == ("ups", False)
