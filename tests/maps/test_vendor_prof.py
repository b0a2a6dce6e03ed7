"""The map `prof` against the byte table of the SNMP_PROF gateway sheet V2025-10-07, typed from it."""

import pytest

from exporter.maps import load_maps

PROF = load_maps()["prof"]

# First byte of each word, from 3 on, and our word for the name that stands there
FRAME = {
    3: "output_load_1", 5: "output_load_2", 7: "output_load_3", 9: "battery_charge",
    11: "input_volts_1", 13: "input_volts_2", 15: "input_volts_3", 17: "temperature",
    19: "battery_runtime", 21: "status", 23: "battery_volts",
    25: "input_frequency_1", 27: "input_frequency_2", 29: "input_frequency_3", 31: "power_failures",
    33: "battery_bad", 35: "on_battery", 37: "battery_low", 39: "battery_depleted",
    41: "over_temperature", 43: "input_bad", 45: "output_bad", 47: "output_overload",
    49: "on_bypass", 51: "bypass_bad", 53: "output_off_as_requested", 55: "ups_off_as_requested",
    57: "charger_failed", 59: "ups_output_off", 61: "ups_system_off", 63: "fan_failure",
    65: "fuse_failure", 67: "general_fault", 69: "diagnostic_test_failed", 71: "communication_lost",
    73: "awaiting_power", 75: "shutdown_pending", 77: "shutdown_imminent", 79: "test_in_progress",
    81: "aux_1", 83: "aux_2", 85: "aux_3", 87: "aux_4",
    89: "state", 91: "state_1", 93: "alarms", 95: "num_strings", 97: "num_modules", 99: "alarms_1",
}  # fmt: skip


@pytest.mark.parametrize(("byte", "word"), FRAME.items())
def test_word_of_the_frame(byte, word):
    found = PROF.words[word]
    assert found.address == (byte - 1) // 2
    assert (found.map, found.group, found.id) == ("prof", "prof", f"prof.{word}")
    assert found.section == ("ups" if byte < 89 else "bacs")


def test_the_frame_has_50_words_one_after_the_other():
    addresses = [word.address for word in PROF.words.values() if word.address is not None]
    assert sorted(addresses) == list(range(50))
    names = {word.name for word in PROF.words.values() if word.address is not None}
    assert names == {"header", *FRAME.values()}


@pytest.mark.parametrize(
    ("header", "counter", "error"), [(0x0000, 0, 0), (0x0100, 1, 0), (0xFF00, 255, 0), (0x2A0B, 42, 11)]
)
def test_counter_and_error_byte(header, counter, error):
    assert PROF.words["header"].address == 0
    assert PROF.words["header"].metric == ""
    assert PROF.words["sequence_number"].formula({"header": header}) == counter
    assert PROF.words["error_code"].formula({"header": header}) == error
    assert PROF.words["sequence_number"].metric == "generex_prof_sequence_number"
    assert PROF.words["error_code"].metric == "generex_prof_error_code"


def test_the_words_are_those_of_the_other_maps():
    maps = load_maps()
    for byte, name in FRAME.items():
        here, there = PROF.words[name], maps["ups" if byte < 89 else "bacs"].words[name]
        assert (here.metric, here.labels, here.raw_metric, here.raw_labels) == (
            there.metric, there.labels, there.raw_metric, there.raw_labels,
        )  # fmt: skip
        assert (here.type, here.scale, here.offset, here.flags, here.flag) == (
            there.type, there.scale, there.offset, there.flags, there.flag,
        )  # fmt: skip


def test_frame_ups_and_bacs_vouch_each_for_themselves():
    trusts = {trust.section: trust for trust in PROF.trusts}
    assert {section: trust.rule for section, trust in trusts.items()} == {
        "prof": "frame", "ups": "lost_flags", "bacs": "bacs",
    }  # fmt: skip
    assert trusts["ups"].lost_flags == ("status.comm_lost", "communication_lost")


def test_it_is_one_group_with_no_strings_and_no_modules():
    (group,) = PROF.groups
    assert (group.name, group.title, group.readable) == ("prof", "SNMP_PROF frame", ())
    assert not any(word.repeat for word in PROF.words.values())
