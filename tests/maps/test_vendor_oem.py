"""The maps `inform`, `everexceed` and `sensors` against the vendor's lists, typed from device.md."""

from decimal import Decimal

import pytest

from exporter.maps import load_maps

MAPS = load_maps()
INFORM, EVEREXCEED, SENSORS = MAPS["inform"], MAPS["everexceed"], MAPS["sensors"]

EVEREXCEED_LIST = [
    (100, "TEMPDEG", "temperature", "generex_ups_temperature_celsius", {}),
    (101, "INFREQ0", "input_frequency_1", "generex_ups_input_frequency_hertz", {"phase": "1"}),
    (102, "INVOLT0", "input_volts_1", "generex_ups_input_volts", {"phase": "1"}),
    (103, "OUTFREQ0", "output_frequency_1", "generex_ups_output_frequency_hertz", {"phase": "1"}),
    (104, "OUTPUT_VOLT0", "output_volts_1", "generex_ups_output_volts", {"phase": "1"}),
    (105, "EX_OUT_VA0", "output_power_1", "generex_ups_output_apparent_power_voltamperes", {"phase": "1"}),
    (106, "STATUS", "status", "generex_ups_status", {}),
    (107, "EX_EXTSTATUS", "extended_status", "generex_ups_extended_status_word", {}),
]


def test_inform_is_the_default_list_from_100_to_127():
    assert sorted(word.address or 0 for word in INFORM.words.values()) == list(range(100, 128))
    assert "output_volts_1" not in INFORM.words
    for word in INFORM.words.values():
        other = MAPS["ups"].words[word.name]
        assert (word.address, word.type, word.metric, word.labels, word.scale) == (
            other.address, other.type, other.metric, other.labels, other.scale,
        )  # fmt: skip
        assert (word.flags, word.flag, word.optional) == (other.flags, other.flag, other.optional)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (100, "output_load_1"),
        (109, "status"),
        (114, "power_failures"),
        (124, "bypass_bad"),
        (127, "charger_failed"),
    ],
)
def test_inform_words(address, name):
    assert INFORM.words[name].address == address


def test_the_status_word_alone_vouches_for_inform():
    (trust,) = INFORM.trusts
    assert (trust.rule, trust.section, trust.lost_flags) == ("lost_flags", "ups", ("status.comm_lost",))
    assert {word.section for word in INFORM.words.values()} == {"ups"}


@pytest.mark.parametrize(("address", "vendor", "word", "metric", "labels"), EVEREXCEED_LIST)
def test_everexceed_word(address, vendor, word, metric, labels):
    found = EVEREXCEED.words[word]
    assert (found.address, found.vendor, found.type, found.scale) == (address, vendor, "uint16", Decimal(1))
    assert (found.metric, dict(found.labels)) == (metric, labels)


def test_everexceed_reads_nothing_else():
    addresses = [word.address for word in EVEREXCEED.words.values() if word.address is not None]
    assert addresses == list(range(100, 108))


def test_everexceed_uses_four_bits_of_the_status_word():
    status = EVEREXCEED.words["status"]
    assert [(flag.name, flag.bit) for flag in status.flags] == [
        ("bypass_mode", 0),
        ("output_act", 2),
        ("output_high", 8),
        ("ups_failed", 13),
    ]
    assert status.has_unnamed_bits
    assert (status.raw_metric, status.raw_labels) == ("generex_ups_status_word", ())


# Masks and shifts of the vendor's formulas, with 0x02 put right to 0x04
@pytest.mark.parametrize(
    ("word", "mask", "metric", "flag"),
    [
        ("on_bypass", 0x0001, "generex_ups_alarm", "on_bypass"),
        ("output_active", 0x0004, "generex_ups_output_active", None),
        ("output_overload", 0x0100, "generex_ups_alarm", "output_overload"),
        ("general_fault", 0x2000, "generex_ups_alarm", "general_fault"),
    ],
)
def test_everexceed_formulas(word, mask, metric, flag):
    found = EVEREXCEED.words[word]
    assert (found.address, found.type, found.metric) == (None, "bool", metric)
    assert (found.flag.name if found.flag else None) == flag
    assert found.formula.names == ("status",)
    assert found.formula({"status": mask}) == 1
    assert found.formula({"status": 0xFFFF}) == 1
    assert found.formula({"status": 0xFFFF ^ mask}) == 0
    assert found.formula({"status": 0}) == 0


def test_as_printed_the_output_would_never_be_active():
    assert all((status & 0x02) >> 2 == 0 for status in range(0x10000))


def test_everexceed_texts_are_those_of_the_default_map():
    status = {flag.name: flag for flag in MAPS["ups"].words["status"].flags}
    for flag in EVEREXCEED.words["status"].flags:
        assert flag == status[flag.name]
    for name in ("on_bypass", "output_overload", "general_fault"):
        here, there = EVEREXCEED.words[name].flag, MAPS["ups"].words[name].flag
        assert (here.label, here.description, here.severity, here.action) == (
            there.label, there.description, there.severity, there.action,
        )  # fmt: skip


def test_nothing_vouches_for_everexceed():
    assert EVEREXCEED.trusts == ()


def test_sensors_are_143_to_150():
    assert {word.name: word.address for word in SENSORS.words.values()} == {
        "sensor_1": 143, "sensor_2": 144, "sensor_3": 145, "sensor_4": 146,
        "sensor_5": 147, "sensor_6": 148, "sensor_7": 149, "sensor_8": 150,
    }  # fmt: skip
    for word in SENSORS.words.values():
        assert (word.type, word.metric, word.optional, word.survives) == ("int16", "", True, True)
    (group,) = SENSORS.groups
    assert (group.name, group.optional, group.readable) == ("sensors", True, ())
