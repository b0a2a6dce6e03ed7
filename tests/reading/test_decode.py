"""Decoding under the truth rules of design 2.4; everything expected is typed from the documents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.model import Options, Override, Prof, Sensor
from exporter.reading.decode.decode import real_words
from exporter.reading.plan.spans import Span
from tests.reading.decoding import CS141, FILLER, keyed, mapped, run, series
from tests.reading.typed_tables import (
    ALARMS,
    BACS_ALARMS,
    BACS_ALARMS_1,
    STATE,
    STATE_1,
    STATUS,
    decode_cs141,
)

UPS = mapped("ups")
BACS = mapped("bacs")
BOTH = mapped(*CS141)
PROF = mapped("prof")

HEALTHY_UPS = {
    97: 230, 98: 231, 99: 229, 100: 40, 101: 41, 102: 39, 103: 100, 104: 228, 105: 229, 106: 230,
    107: 27, 108: 34,
    109: 4, 110: 273, 111: 50, 112: 50, 113: 50, 114: 7, **dict.fromkeys(range(115, 139), 0),
    139: 1, 140: 0, 141: 0, 142: 1,
}  # fmt: skip
# device.md 2.8, field values; module 3 is absent
HEALTHY_BACS = {
    1000: 0x0041, 1001: 0, 1002: 0, 1003: 3, 1004: 12, 1005: FILLER,
    1010: 0x0000, 1011: 0x0224, 1012: 0x3583, 1013: 0x0000, 1014: FILLER,
    1060: 0x0073, 1061: 0x357A, 1062: 0x01F3, 1063: 0x0000, 1064: 0x0004,
    1065: 0x0076, 1066: 0x3584, 1067: 0x01D7, 1068: 0x0000, 1069: 0x0010,
    **dict.fromkeys(range(1070, 1075), FILLER),
    1115: 0x007D, 1116: 0x350C, 1117: 0x01B4, 1118: 0x0000, 1119: 0x0000,
}  # fmt: skip
COUNTS = {"strings": 3, "modules": 12}


def set_flags(found: dict[str, float], metric: str) -> set[str]:
    """The flags of a metric that are 1."""
    prefix = f'{metric}{{flag="'
    return {
        name.removeprefix(prefix).partition('"')[0]
        for name, v in found.items()
        if name.startswith(prefix) and v
    }


def names(found: dict[str, float]) -> set[str]:
    """The metric names."""
    return {name.partition("{")[0] for name in found}


# values


def test_healthy_ups():
    found, decoded = run(UPS, HEALTHY_UPS)
    flags = {f'ups_status{{flag="{flag}"}}': float(flag == "output_act") for flag in STATUS}
    alarms = {f'ups_alarm{{flag="{flag}"}}': 0.0 for flag in ALARMS}
    assert found == {
        'ups_output_volts{phase="1"}': 230.0,
        'ups_output_volts{phase="2"}': 231.0,
        'ups_output_volts{phase="3"}': 229.0,
        'ups_output_load_ratio{phase="1"}': 0.4,
        'ups_output_load_ratio{phase="2"}': 0.41,
        'ups_output_load_ratio{phase="3"}': 0.39,
        "ups_battery_charge_ratio": 1.0,
        'ups_input_volts{phase="1"}': 228.0,
        'ups_input_volts{phase="2"}': 229.0,
        'ups_input_volts{phase="3"}': 230.0,
        "ups_temperature_celsius": 27.0,
        "ups_battery_runtime_seconds": 2040.0,
        "ups_status_word": 4.0,
        "ups_battery_volts": 273.0,
        'ups_input_frequency_hertz{phase="1"}': 50.0,
        'ups_input_frequency_hertz{phase="2"}': 50.0,
        'ups_input_frequency_hertz{phase="3"}': 50.0,
        "ups_power_failures_total": 7.0,
        'ups_aux_input{port="1"}': 1.0,
        'ups_aux_input{port="2"}': 0.0,
        'ups_aux_input{port="3"}': 0.0,
        'ups_aux_input{port="4"}': 1.0,
        **flags,
        **alarms,
    }
    assert decoded.valid == {"ups": True}
    assert decoded.odd == {"ups": 0}


# device.md 3.1: documented composites
@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (0, set()),
        (4, {"output_act"}),
        (5, {"output_act", "bypass_mode"}),
        (12, {"output_act", "backup_mode"}),
        (28, {"output_act", "backup_mode", "battery_low"}),
        (56, {"backup_mode", "battery_low", "over_temp"}),
        (68, {"output_act", "test_act"}),
        (524, {"output_act", "backup_mode", "inverter_failure"}),
        (0xBFFF, set(STATUS) - {"comm_lost"}),
    ],
)
def test_status(status, flags):
    found = series(UPS, {**HEALTHY_UPS, 109: status})
    assert set_flags(found, "ups_status") == flags
    assert sum(name.startswith("ups_status{") for name in found) == 16
    assert found["ups_status_word"] == status


def test_every_alarm_word_sets_its_flag_and_no_other():
    for address, flag in enumerate(ALARMS, start=115):
        if flag != "communication_lost":
            assert set_flags(series(UPS, {**HEALTHY_UPS, address: 1}), "ups_alarm") == {flag}


def test_signed_and_unsigned_words():
    found = series(UPS, {**HEALTHY_UPS, 107: 0xFFF6, 110: 0xFFFE, 97: 0xFFFE, 114: 0xFFFF})
    assert found["ups_temperature_celsius"] == -10
    assert found["ups_battery_volts"] == -2
    assert found['ups_output_volts{phase="1"}'] == 65534
    assert found["ups_power_failures_total"] == 65535


@pytest.mark.parametrize(
    ("address", "raw", "name"),
    [
        (108, 0xFFFF, "ups_battery_runtime_seconds"),  # −1 min
        (108, 0x7FFF, "ups_battery_runtime_seconds"),  # 22 days
        (107, 0x8000, "ups_temperature_celsius"),
        (107, 0x7FFF, "ups_temperature_celsius"),
        (104, 0xFFFF, 'ups_input_volts{phase="1"}'),  # −1 V
        (97, 0xFFFF, 'ups_output_volts{phase="1"}'),
        (97, 0x8000, 'ups_output_volts{phase="1"}'),
        (100, 0xFFFF, 'ups_output_load_ratio{phase="1"}'),
        (103, 0xFFFF, "ups_battery_charge_ratio"),
        (110, 0xFFFF, "ups_battery_volts"),
        (111, 0x7FFF, 'ups_input_frequency_hertz{phase="1"}'),
    ],
)
def test_all_ones_and_signed_extremes_that_cannot_be_are_absent(address, raw, name):
    healthy = series(UPS, HEALTHY_UPS)
    found = series(UPS, {**HEALTHY_UPS, address: raw})
    assert name in healthy
    assert found == {key: value for key, value in healthy.items() if key != name}


@pytest.mark.parametrize(
    ("address", "raw", "name", "value"),
    [
        (107, 0xFFFF, "ups_temperature_celsius", -1),
        (109, 0x7FFF & 0xBFFF, "ups_status_word", 0x3FFF),
        (109, 0x8000, "ups_status_word", 0x8000),
        (114, 0xFFFF, "ups_power_failures_total", 65535),
        (114, 0x8000, "ups_power_failures_total", 32768),
        (116, 0xFFFF, 'ups_alarm{flag="on_battery"}', 1),
        (108, 0xFFFE, "ups_battery_runtime_seconds", -120),  # cannot be, but nobody says "not available" so
    ],
)
def test_all_ones_and_signed_extremes_stay_where_they_can_be(address, raw, name, value):
    assert series(UPS, {**HEALTHY_UPS, address: raw})[name] == value


def test_all_ones_of_strings_and_modules():
    strange = {1010: 0xFFFF, 1011: 0xFFFF, 1060: 0xFFFF, 1061: 0x7FFF, 1062: 0xFFFF, 1063: 0xFFFF}
    found = series(BACS, {**HEALTHY_BACS, **strange}, COUNTS)
    assert found['bacs_string_current_amperes{string="1"}'] == -0.01
    assert 'bacs_string_volts{string="1"}' not in found
    place = '{module="1",string="1"}'
    for quantity in ("temperature_celsius", "volts", "resistance_ohms"):
        assert f"bacs_module_{quantity}{place}" not in found
    assert found[f"bacs_module_alarm_word{place}"] == 0xFFFF


def test_a_module_of_which_every_word_is_not_available_is_absent():
    gone = {1060: 0xFFFF, 1061: 0xFFFF, 1062: 0xFFFF, 1063: FILLER, 1064: 0xFFFF}
    found = series(BACS, {**HEALTHY_BACS, **gone}, COUNTS)
    assert found['bacs_module_present{module="1",string="1"}'] == 0


def test_the_scale_of_a_device_says_what_a_value_can_be():
    tenths = Options(overrides={"ups.battery_volts": Override(scale=Decimal("0.01"))})
    found = series(mapped("ups", options=tenths), {**HEALTHY_UPS, 110: 0x7FFF})
    assert found["ups_battery_volts"] == 327.67


def test_field_values_of_a_bacs():
    found, decoded = run(BACS, HEALTHY_BACS, COUNTS)
    assert set_flags(found, "bacs_state") == {"running", "float_charging"}
    assert {
        name: value for name, value in found.items() if '{flag="' not in name and "present" not in name
    } == {
        'bacs_state_word{word="bacs.state"}': 65.0,
        'bacs_state_word{word="bacs.state_1"}': 0.0,
        'bacs_alarm_word{word="bacs.alarms"}': 0.0,
        "bacs_strings": 3.0,
        "bacs_modules": 12.0,
        'bacs_string_current_amperes{string="1"}': 0.0,
        'bacs_string_volts{string="1"}': 54.8,
        'bacs_string_module_average_volts{string="1"}': 13.699,
        'bacs_string_ripple_current_amperes{string="1"}': 0.0,
        'bacs_module_temperature_celsius{module="1",string="1"}': 18.5,
        'bacs_module_volts{module="1",string="1"}': 13.69,
        'bacs_module_resistance_ohms{module="1",string="1"}': 0.00499,
        'bacs_module_alarm_word{module="1",string="1"}': 0.0,
        'bacs_module_equalization_ratio{module="1",string="1"}': 0.04,
        'bacs_module_temperature_celsius{module="2",string="1"}': 20.0,
        'bacs_module_volts{module="2",string="1"}': 13.7,
        'bacs_module_resistance_ohms{module="2",string="1"}': 0.00471,
        'bacs_module_alarm_word{module="2",string="1"}': 0.0,
        'bacs_module_equalization_ratio{module="2",string="1"}': 0.16,
        'bacs_module_temperature_celsius{module="12",string="3"}': 23.5,
        'bacs_module_volts{module="12",string="3"}': 13.58,
        'bacs_module_resistance_ohms{module="12",string="3"}': 0.00436,
        'bacs_module_alarm_word{module="12",string="3"}': 0.0,
        'bacs_module_equalization_ratio{module="12",string="3"}': 0.0,
    }
    # 3 is absent, 4 to 11 were not read
    assert {name: value for name, value in found.items() if "present" in name} == {
        'bacs_module_present{module="1",string="1"}': 1.0,
        'bacs_module_present{module="2",string="1"}': 1.0,
        'bacs_module_present{module="3",string="1"}': 0.0,
        'bacs_module_present{module="12",string="3"}': 1.0,
    }
    assert sum(name.startswith('bacs_state{flag="') for name in found) == 32
    assert sum(name.startswith('bacs_alarm{flag="') for name in found) == 16  # old firmware: 1005 is filler
    assert decoded.valid == {"bacs": True}
    assert decoded.alive == {"strings": {1}, "modules": {1, 2, 12}}
    assert decoded.bacs_there


def test_all_that_was_read_is_kept_as_it_came():
    words = run(BACS, HEALTHY_BACS, COUNTS)[1].words
    assert {name: word for name, word in words.items() if "#" not in name or name[-2:] in ("#1", "#3")} == {
        "bacs.state": 0x0041, "bacs.state_1": 0, "bacs.alarms": 0, "bacs.num_strings": 3,
        "bacs.num_modules": 12, "bacs.alarms_1": FILLER,
        "bacs.string_current#1": 0x0000, "bacs.string_volts#1": 0x0224,
        "bacs.string_average_volts#1": 0x3583, "bacs.string_ripple_current#1": 0x0000,
        "bacs.module_temperature#1": 0x0073, "bacs.module_volts#1": 0x357A,
        "bacs.module_resistance#1": 0x01F3, "bacs.module_alarm#1": 0x0000,
        "bacs.module_equalization#1": 0x0004,
        "bacs.module_temperature#3": FILLER, "bacs.module_volts#3": FILLER,
        "bacs.module_resistance#3": FILLER, "bacs.module_alarm#3": FILLER,
        "bacs.module_equalization#3": FILLER,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "metric", "flags"),
    [
        (1000, "bacs_state", STATE),
        (1001, "bacs_state", STATE_1),
        (1002, "bacs_alarm", BACS_ALARMS),
        (1005, "bacs_alarm", BACS_ALARMS_1),
        (1063, "bacs_module_alarm", BACS_ALARMS),
    ],
)
def test_every_bit_of_bacs_words(address, metric, flags):
    healthy = {**HEALTHY_BACS, 1005: 0}
    usual = {"running", "float_charging"} if metric == "bacs_state" and address != 1000 else set()
    for bit, flag in enumerate(flags):
        found = series(BACS, {**healthy, address: 1 << bit}, COUNTS)
        assert set_flags(found, metric) == {flag} | usual


# what was not read, and filler


def test_nothing_read_gives_nothing():
    found, decoded = run(BOTH, {}, COUNTS)
    assert (found, decoded.words, decoded.valid, decoded.odd) == ({}, {}, {}, {})


@given(kept=st.sets(st.sampled_from(sorted(HEALTHY_UPS))))
def test_a_word_that_was_not_read_has_no_series(kept):
    words = {address: HEALTHY_UPS[address] for address in kept | {109, 134}}
    assert series(UPS, words) == pytest.approx(decode_cs141(words, 1, 0))


@given(address=st.sampled_from(sorted(HEALTHY_UPS)))
def test_filler_is_as_good_as_not_read(address):
    without = {place: word for place, word in HEALTHY_UPS.items() if place != address}
    assert series(UPS, {**HEALTHY_UPS, address: FILLER}) == series(UPS, without)


@pytest.mark.parametrize(
    ("maps", "counts"),
    [
        (("ups",), {}),
        (("inform",), {}),
        (("everexceed",), {}),
        (("ups", "bacs"), {"strings": 10, "modules": 330}),
        (("prof",), {}),
    ],
)
def test_filler_everywhere_is_nothing(maps, counts):
    sensors = tuple(Sensor(n, f"s{n}", "value", Decimal(1)) for n in range(1, 9)) if maps == ("ups",) else ()
    device = mapped(*maps, sensors=sensors)
    words = {key: FILLER for span in device.layout(counts).spans for key in range(span.address, span.end)}
    found, decoded = run(device, words, counts, bacs_found=True)
    assert names(found) <= {"bacs_module_present"}
    assert set(found.values()) <= {0.0}
    assert not any(decoded.odd.values())
    assert not any(decoded.valid.values())


@given(data=st.data(), maps=st.sampled_from([("ups", "bacs"), ("inform",), ("everexceed",), ("prof",)]))
def test_a_filler_word_never_yields_a_sample(data, maps):
    """A series that hangs on one word is the same for any value of that word; with filler it is not there."""
    device = mapped(*maps)
    layout = device.layout({"strings": 2, "modules": 4})
    spans = sorted(layout.spans)
    values = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=len(spans), max_size=len(spans)))
    words = {span.address: value for span, value in zip(spans, values, strict=True)}
    absent = data.draw(st.sets(st.sampled_from(spans), min_size=1))
    words |= {span.address: FILLER for span in absent}
    _, decoded = run(device, words, layout.counts)
    gone = {span.address for span in absent} | {a for a, value in words.items() if value == FILLER}
    for readings in decoded.readings.values():
        for one, raw in readings:
            if one.word is not None and one.word.address is not None and one.word.repeat is None:
                assert one.word.address not in gone
            if one.word is not None and one.word.formula is None:
                assert raw != FILLER


# lost sight of the UPS

SURVIVE = {
    "ups_status_word",
    "ups_power_failures_total",
    'ups_aux_input{port="1"}',
    'ups_aux_input{port="2"}',
    'ups_aux_input{port="3"}',
    'ups_aux_input{port="4"}',
}
LOST_FLAGS = {'ups_status{flag="comm_lost"}', 'ups_alarm{flag="communication_lost"}'}


@pytest.mark.parametrize(
    ("words", "status_bit", "alarm"),
    [
        ({109: 0x4004}, 1.0, 0.0),
        ({109: 0xFFFF}, 1.0, 0.0),
        ({134: 1}, 0.0, 1.0),
        ({134: 2}, 0.0, 1.0),
        ({109: 0x4000, 134: 1}, 1.0, 1.0),
    ],
)
def test_lost_sight_of_the_ups(words, status_bit, alarm):
    sensor = Sensor(1, "room", "temperature", Decimal("0.1"))
    device = mapped(*CS141, sensors=(sensor,))
    on_battery = {116: 1, 139: 1, 143: 215}
    found, decoded = run(device, {**HEALTHY_UPS, **on_battery, **HEALTHY_BACS, **words}, COUNTS)
    ups = {name for name in found if name.startswith("ups_")}
    assert ups == SURVIVE | LOST_FLAGS
    assert found['ups_status{flag="comm_lost"}'] == status_bit
    assert found['ups_alarm{flag="communication_lost"}'] == alarm
    assert found['sensor_temperature_celsius{sensor="room"}'] == 21.5
    assert found['bacs_module_volts{module="1",string="1"}'] == 13.69
    assert decoded.valid == {"ups": False, "bacs": True}


@pytest.mark.parametrize(
    ("status", "alarm", "valid"),
    [
        (4, 0, True),
        (FILLER, 0, True),
        (4, FILLER, True),
        (FILLER, 1, False),
        (0x4004, FILLER, False),
        (FILLER, FILLER, False),  # nothing is left that could say so
    ],
)
def test_what_says_that_the_ups_is_in_sight(status, alarm, valid):
    found, decoded = run(UPS, {**HEALTHY_UPS, 109: status, 134: alarm})
    assert decoded.valid == {"ups": valid}
    assert ("ups_battery_volts" in found) is valid
    assert ('ups_alarm{flag="on_battery"}' in found) is valid


def test_inform_has_the_status_bit_only():
    device = mapped("inform")
    words = {address: word for address, word in HEALTHY_UPS.items() if 100 <= address <= 127}
    assert run(device, words)[1].valid == {"ups": True}
    found, decoded = run(device, {**words, 109: 0x4004})
    assert decoded.valid == {"ups": False}
    assert set(found) == {"ups_status_word", "ups_power_failures_total", 'ups_status{flag="comm_lost"}'}


# BACS vouching for itself

BACS_WORDS_SERIES = {
    "bacs_state", "bacs_state_word", "bacs_alarm", "bacs_alarm_word", "bacs_strings", "bacs_modules",
    "bacs_module_alarm", "bacs_module_alarm_word", "bacs_module_present",
}  # fmt: skip
BACS_MEASUREMENTS = {
    "bacs_string_current_amperes", "bacs_string_volts", "bacs_string_module_average_volts",
    "bacs_string_ripple_current_amperes", "bacs_module_temperature_celsius", "bacs_module_volts",
    "bacs_module_resistance_ohms", "bacs_module_equalization_ratio",
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "vouches"),
    [
        (0x0041, True),
        (0x0001, True),
        (0x0003, True),
        (0x0040, True),
        (0x8000, True),
        (0x0000, False),
        (0x0002, False),
        (0x0042, False),
        (FILLER, False),
    ],
)
def test_bacs_vouches_for_itself(state, vouches):
    found, decoded = run(BACS, {**HEALTHY_BACS, 1000: state}, COUNTS)
    assert decoded.valid == {"bacs": vouches}
    assert names(found) == BACS_WORDS_SERIES | (BACS_MEASUREMENTS if vouches else set())
    assert ('bacs_state{flag="running"}' in found) == (state != FILLER)


@pytest.mark.parametrize("word", [0, FILLER])
def test_six_zeros_or_filler_are_no_bacs(word):
    found, decoded = run(BACS, dict.fromkeys(range(1000, 1006), word), COUNTS)
    assert (found, decoded.valid, decoded.bacs_there) == ({}, {}, False)


def test_five_zeros_and_a_reserved_word_are_no_bacs():
    found, decoded = run(BACS, {**dict.fromkeys(range(1000, 1005), 0), 1005: FILLER}, COUNTS)
    assert (found, decoded.valid, decoded.bacs_there) == ({}, {}, False)


def test_six_zeros_of_a_bacs_that_was_there_are_one_that_fell_silent():
    found, decoded = run(BACS, dict.fromkeys(range(1000, 1006), 0), COUNTS, bacs_found=True)
    assert decoded.valid == {"bacs": False}
    assert found['bacs_state_word{word="bacs.state"}'] == 0
    assert names(found) == {
        "bacs_state", "bacs_state_word", "bacs_alarm", "bacs_alarm_word", "bacs_strings", "bacs_modules",
        "undefined_flags",
    }  # fmt: skip


def test_modules_without_the_words_that_vouch_show_flags_only():
    words = {address: word for address, word in HEALTHY_BACS.items() if address >= 1010}
    found, decoded = run(BACS, words, COUNTS, bacs_found=True)
    assert decoded.valid == {}
    assert names(found) == {"bacs_module_alarm", "bacs_module_alarm_word", "bacs_module_present"}


def test_words_that_are_asked_for_by_name_without_filler_and_what_was_not_read():
    words = keyed({1000: 0x0041, 1002: 0, 1003: 3, 1004: FILLER})
    counts = real_words(BACS.layout({}), words, {"num_strings", "num_modules", "alarms", "alarms_1"})
    assert counts == {"num_strings": 3, "alarms": 0}


# strings and modules


def test_module_with_communication_lost_has_no_measurements():
    found = series(BACS, {**HEALTHY_BACS, 1063: 0x0002}, COUNTS)
    ours = {name for name in found if 'module="1"' in name}
    assert names(dict.fromkeys(ours, 0.0)) == {
        "bacs_module_present", "bacs_module_alarm", "bacs_module_alarm_word",
    }  # fmt: skip
    assert found['bacs_module_volts{module="2",string="1"}'] == 13.7


def test_communication_lost_at_the_system_leaves_the_modules_alone():
    found = series(BACS, {**HEALTHY_BACS, 1002: 0x0002}, COUNTS)
    assert found['bacs_module_volts{module="1",string="1"}'] == 13.69


@pytest.mark.parametrize(
    ("words", "unread", "seen", "present"),
    [
        ({}, range(1060, 1065), 0, None),
        ({}, range(1060, 1065), 1, None),
        # the fifth was not read, and may be real
        (dict.fromkeys(range(1060, 1064), FILLER), [1064], 0, None),
        (dict.fromkeys(range(1060, 1064), FILLER), [1064], 1, None),
        (dict.fromkeys(range(1060, 1065), FILLER), [], 0, 0.0),
        ({**dict.fromkeys(range(1060, 1064), FILLER), 1064: 0}, [], 0, 1.0),
        ({1062: 0}, [1060, 1061, 1063, 1064], 0, 1.0),
        # what was not read is refused
        (dict.fromkeys(range(1060, 1064), FILLER), [], 0, 0.0),
        ({1062: FILLER}, [], 0, 0.0),
        ({}, [], 0, None),
        ({}, [], 1, 0.0),
    ],
)
def test_module_present(words, unread, seen, present):
    found = series(
        BACS,
        {1000: 0x41, 1003: 1, 1004: 1, **words},
        {"strings": 1, "modules": 1},
        unread=frozenset(Span(3, address, 1) for address in unread),
        seen={"modules": {seen}},
    )
    assert found.get('bacs_module_present{module="1",string="1"}') == present


def test_a_module_whose_alarm_word_was_not_read_could_be_lost():
    words = {address: word for address, word in HEALTHY_BACS.items() if address != 1063}
    found = series(BACS, words, COUNTS, unread=frozenset({Span(3, 1063, 1)}))
    assert 'bacs_module_volts{module="1",string="1"}' not in found
    assert found['bacs_module_volts{module="2",string="1"}'] == 13.7
    assert found['bacs_module_present{module="1",string="1"}'] == 1
    # one that the device refuses never says anything
    assert series(BACS, words, COUNTS)['bacs_module_volts{module="1",string="1"}'] == 13.69


@pytest.mark.parametrize("address", [109, 134])
def test_a_word_that_could_have_said_lost_was_not_read(address):
    words = {place: word for place, word in HEALTHY_UPS.items() if place != address}
    found, decoded = run(UPS, words, unread=frozenset({Span(3, address, 1)}))
    assert decoded.valid == {"ups": False}
    assert names(found) <= {
        "ups_status", "ups_status_word", "ups_alarm", "ups_power_failures_total", "ups_aux_input"
    }  # fmt: skip
    # one that the device refuses is no reason to doubt, nor is another word that was not read
    for unread in (frozenset(), frozenset({Span(3, 110, 1)})):
        found, decoded = run(UPS, words, unread=unread)
        assert decoded.valid == {"ups": True}
        assert found["ups_battery_charge_ratio"] == 1


def test_alarm_word_that_is_filler_says_nothing_of_the_module():
    found = series(BACS, {**HEALTHY_BACS, 1063: FILLER}, COUNTS)
    assert found['bacs_module_volts{module="1",string="1"}'] == 13.69
    assert 'bacs_module_alarm_word{module="1",string="1"}' not in found


# device.md 2.4: 72 modules in 6 strings, module 49 is the first of string 5
@pytest.mark.parametrize(
    ("strings", "modules", "module", "string"),
    [
        (6, 72, 1, "1"), (6, 72, 12, "1"), (6, 72, 13, "2"), (6, 72, 49, "5"), (6, 72, 72, "6"),
        (2, 40, 20, "1"), (2, 40, 21, "2"), (10, 330, 330, "10"), (1, 1, 1, "1"),
        (12, 48, 48, "12"),
        (3, 10, 4, None), (0, 10, 4, None), (7, 5, 5, None),
    ],
)  # fmt: skip
def test_string_of_a_module(strings, modules, module, string):
    words = {1000: 0x41, 1003: 1, 1004: 1, 1061 + 5 * (module - 1): 13000}
    found = series(BACS, words, {"strings": strings, "modules": modules})
    label = f',string="{string}"' if string else ""
    assert found[f'bacs_module_volts{{module="{module}"{label}}}'] == 13


def test_a_lost_module_renumbers_nobody():
    device_says = {**HEALTHY_BACS, 1004: 11}
    assert 'bacs_module_volts{module="12",string="3"}' in series(BACS, device_says, COUNTS)


def test_no_more_than_the_map_holds():
    layout = BACS.layout({"strings": 12, "modules": 400})
    assert [len(layout.repeated[group].numbers) for group in ("strings", "modules")] == [10, 330]
    # where modules are left out, which string one is in is not known
    volts = series(BACS, {1000: 0x0041, 1061: 13000}, {"strings": 2, "modules": 400})
    assert volts['bacs_module_volts{module="1"}'] == 13
    # nothing is known to repeat before the device has said so
    assert BACS.layout({}).repeated == {}


def test_alarms_and_what_every_device_has():
    layout = BOTH.layout({"strings": 1, "modules": 2})
    alarms = {109, *range(115, 139), 1000, 1001, 1002, 1005, 1063, 1068}
    assert layout.flags == {Span(3, address, 1) for address in alarms}
    sure = {109, *range(1000, 1005), *range(1010, 1014), *range(1060, 1070)}
    assert layout.required == {Span(3, address, 1) for address in sure}


# odd words and undefined bits


def test_alarm_words_that_are_neither_0_nor_1_count_as_set():
    found, decoded = run(
        UPS, {**HEALTHY_UPS, 116: 2, 130: 0xFFFF, 139: 2, 140: 0x8000, 141: FILLER, 115: FILLER}
    )
    assert set_flags(found, "ups_alarm") == {"on_battery", "fan_failure"}
    assert {name for name in found if name.startswith("ups_aux")} == {'ups_aux_input{port="4"}'}
    assert decoded.odd == {"ups": 4}


def test_odd_words_of_a_lost_ups_are_counted_too():
    assert run(UPS, {**HEALTHY_UPS, 116: 2, 134: 1})[1].odd == {"ups": 1}


@pytest.mark.parametrize(
    ("word", "mask"), [(0, 0), (0x3FFF, 0), (0x4000, 0x4000), (0xC001, 0xC000), (FILLER, None)]
)
def test_undefined_bits(word, mask):
    found = series(BACS, {**HEALTHY_BACS, 1005: word}, COUNTS)
    assert found.get('undefined_flags{word="bacs.alarms_1"}') == mask
    assert [name for name in found if name.startswith("undefined")] == (
        [] if mask is None else ['undefined_flags{word="bacs.alarms_1"}']
    )
    # the same word in a gateway's frame
    assert series(PROF, frame(w49=word)).get('undefined_flags{word="bacs.alarms_1"}') == mask


# the gateway frame


def frame(header: int = 0x0500, **changes: int) -> dict[int, int]:
    """The 50 words of a frame; `w1` to `w49` change words."""
    words = {0: header}
    words |= {1 + n: HEALTHY_UPS[100 + n] for n in range(43)}
    words |= {44 + n: HEALTHY_BACS[1000 + n] for n in range(6)}
    return words | {int(name[1:]): word for name, word in changes.items()}


def test_good_frame():
    found, decoded = run(PROF, frame())
    assert found["prof_sequence_number"] == 5
    assert found["prof_error_code"] == 0
    assert found["ups_battery_volts"] == 273
    assert set_flags(found, "bacs_state") == {"running", "float_charging"}
    assert found["bacs_modules"] == 12
    assert found['bacs_state_word{word="bacs.state"}'] == 0x41
    assert not any("output_volts" in name for name in found)
    assert decoded.valid == {"prof": True, "ups": True, "bacs": True}


@pytest.mark.parametrize(
    ("header", "moves", "series_left"),
    [
        (0x0501, True, {"prof_sequence_number": 5.0, "prof_error_code": 1.0}),
        (0xFFFF, True, {"prof_sequence_number": 255.0, "prof_error_code": 255.0}),
        (0x0500, False, {"prof_sequence_number": 5.0, "prof_error_code": 0.0}),
        (FILLER, True, {}),
    ],
)
def test_frame_that_is_not_valid(header, moves, series_left):
    found, decoded = run(PROF, frame(header), frame_valid=moves)
    assert found == series_left
    assert decoded.valid == {"prof": False}
    assert not decoded.bacs_there


def test_frame_that_is_not_valid_silences_nothing_beside_it(tmp_path):
    path = tmp_path / "plc.yaml"
    path.write_text(
        "map: plc\ntitle: t\nsource: s\nmetrics: {plc_door: {help: d}, plc_twice: {help: s}}\n"
        "groups: {plc: {title: P, words: {door: {address: 200, metric: plc_door},"
        " twice: {formula: door + door, metric: plc_twice}}}}\n",
        encoding="utf-8",
    )
    device = mapped("prof", "plc", files=(path,))
    found, decoded = run(device, {**frame(0x0502), 200: 7}, bacs_found=True)
    assert found == {"prof_sequence_number": 5, "prof_error_code": 2, "plc_door": 7, "plc_twice": 14}
    assert decoded.valid == {"prof": False}
    assert not decoded.bacs_there
    assert run(device, {**frame(), 200: 7})[0]["plc_door"] == 7


def test_frame_without_its_header():
    words = frame()
    del words[0]
    found, decoded = run(PROF, words)
    assert (found, decoded.valid) == ({}, {})


def test_frame_that_lost_sight_of_the_ups():
    found, decoded = run(PROF, frame(w10=0x4004))
    assert {name for name in found if name.startswith("ups_")} == SURVIVE | LOST_FLAGS
    assert found["bacs_strings"] == 3
    assert decoded.valid == {"prof": True, "ups": False, "bacs": True}


def test_frame_without_a_bacs():
    found, decoded = run(PROF, frame(w44=0, w47=0, w48=0))
    assert not any(name.startswith("bacs") for name in found)
    assert decoded.valid == {"prof": True, "ups": True}


def test_frame_at_another_address():
    device = mapped("prof", options=Options(prof=Prof(base_address=4000)))
    assert series(device, {4000 + n: word for n, word in frame().items()}) == series(PROF, frame())
    assert device.readable == {3: tuple((low + 4000, high + 4000) for low, high in PROF.readable[3])}
    # which moves no other list
    beside = mapped("ups", options=Options(prof=Prof(base_address=4000)))
    assert beside.layout({}).spans == UPS.layout({}).spans


# what a device's own settings change


def test_sensors():
    device = mapped(
        "ups",
        sensors=(
            Sensor(1, "room", "temperature", Decimal("0.1")),
            Sensor(2, "room air", "humidity", Decimal("0.1")),
            Sensor(8, "door", "value", Decimal(2)),
        ),
    )
    named = mapped("ups", "sensors", sensors=device.config.sensors)
    assert named.layout({}).spans == device.layout({}).spans, "each sensor once, also where the map is named"
    without = mapped("ups", "sensors")
    assert [group.name for group in without.groups] == ["ups"], "without a name none is asked for"
    sure = device.layout({}).required - UPS.layout({}).required
    assert sure == {Span(3, address, 1) for address in (143, 144, 150)}, "whoever names one has it"
    assert [(group.name, group.optional) for group in device.groups] == [("ups", False), ("sensors", False)]
    words = {143: 215, 144: 455, 145: 1, 150: 0xFFFF}
    assert series(device, words) == {
        'sensor_temperature_celsius{sensor="room"}': 21.5,
        'sensor_humidity_ratio{sensor="room air"}': 0.455,
        'sensor_value{sensor="door"}': -2.0,
    }
    assert series(device, {143: FILLER, 144: 0xFFF6}) == {'sensor_humidity_ratio{sensor="room air"}': -0.01}
    assert series(mapped("ups"), words) == {}


def test_overrides():
    options = Options(
        overrides={
            "ups.input_frequency_1": Override(scale=Decimal("0.1")),
            "ups.temperature": Override(offset=Decimal("-2.5")),
            "bacs.string_current": Override(scale=Decimal(1)),
            "bacs.module_temperature": Override(scale=Decimal("0.1"), offset=Decimal(0)),
        }
    )
    words = {**HEALTHY_UPS, **HEALTHY_BACS, 111: 501, 112: 501, 1010: 0xFFFB}
    found = series(mapped(*CS141, options=options), words, COUNTS)
    assert found['ups_input_frequency_hertz{phase="1"}'] == 50.1
    assert found['ups_input_frequency_hertz{phase="2"}'] == 501
    assert found["ups_temperature_celsius"] == 24.5
    assert found['bacs_string_current_amperes{string="1"}'] == -5
    assert found['bacs_module_temperature_celsius{module="1",string="1"}'] == 11.5


def test_module_flags_that_are_set_only():
    device = mapped(*CS141, options=Options(module_flags="set"))
    found = series(device, {**HEALTHY_UPS, **HEALTHY_BACS, 1063: 0x8004}, COUNTS)
    assert {name: value for name, value in found.items() if name.startswith("bacs_module_alarm{")} == {
        'bacs_module_alarm{flag="voltage_high",module="1",string="1"}': 1.0,
        'bacs_module_alarm{flag="modrev_incompatible",module="1",string="1"}': 1.0,
    }
    assert found['bacs_module_alarm_word{module="2",string="1"}'] == 0
    assert sum(name.startswith("bacs_state{") for name in found) == 32
    assert sum(name.startswith("ups_status{") for name in found) == 16


@pytest.mark.parametrize(
    ("status", "bypass", "active", "overload", "fault"),
    [
        (0x0000, 0, 0, 0, 0),
        (0x0001, 1, 0, 0, 0),
        (0x0004, 0, 1, 0, 0),
        (0x0100, 0, 0, 1, 0),
        (0x2105, 1, 1, 1, 1),
    ],
)
def test_everexceed_formulas(status, bypass, active, overload, fault):
    found = series(mapped("everexceed"), {106: status, 100: 25, 105: 900})
    assert found['ups_alarm{flag="on_bypass"}'] == bypass
    assert found["ups_output_active"] == active
    assert found['ups_alarm{flag="output_overload"}'] == overload
    assert found['ups_alarm{flag="general_fault"}'] == fault
    assert found["ups_temperature_celsius"] == 25
    assert found['ups_output_apparent_power_voltamperes{phase="1"}'] == 900


def test_everexceed_formulas_of_an_absent_status():
    assert series(mapped("everexceed"), {106: FILLER}) == {}


# everything at once

ANY_WORD = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0, 0, 1, 2, 0x41, FILLER, 0x7FFF, 0x8000]))
ADDRESSES = [*range(97, 143), *range(1000, 1006), *range(1010, 1014), *range(1015, 1019), *range(1060, 1080)]


@given(values=st.lists(ANY_WORD, min_size=len(ADDRESSES), max_size=len(ADDRESSES)), lost=st.booleans())
def test_any_words_of_a_cs141_against_a_decoder_from_typed_tables(values, lost):
    words = dict(zip(ADDRESSES, values, strict=True))
    if not lost:
        words |= {109: words[109] & 0xBFFF, 134: 0}
    found = series(BOTH, words, {"strings": 2, "modules": 4})
    assert found == pytest.approx(decode_cs141(words, 2, 4), rel=1e-12, abs=1e-15)
