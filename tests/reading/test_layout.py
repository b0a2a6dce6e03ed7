"""Users' maps, and what a device is laid out to: types, orders, repeats, maps together."""

import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.model import Expect, Options, Override, Prof
from exporter.errors import UserError
from exporter.maps import load_maps
from tests.reading.decoding import FILLER, mapped, run, series

HEAD = "map: mine\ntitle: Mine\nsource: written for a test\n"
FLAG = "{name: up, vendor: UP, label: Up, description: It is up., severity: none}"


@pytest.fixture
def mine(tmp_path):
    """A device with a map of the user's, after other maps."""

    def make(text: str, *others: str, head: str = HEAD, **device):
        path = tmp_path / "mine.yaml"
        path.write_text(head + text, encoding="utf-8")
        return mapped(*others, "mine", files=(path,), **device)

    return make


def one(entry: str, sets: str = "") -> str:
    """A map of one word."""
    return (
        f"metrics: {{my_value: {{help: A test.}}}}\n{sets}"
        f"groups: {{mine: {{title: Mine, words: {{one: {{address: 10, metric: my_value, {entry}}}}}}}}}\n"
    )


# 0x0102 stands for the bytes 01 02
@pytest.mark.parametrize(
    ("entry", "registers", "value"),
    [
        ("type: uint16", [0x8001], 32769),
        ("type: int16", [0x8001], -32767),
        ("type: uint16, byte_order: little", [0x0102], 0x0201),
        ("type: int16, byte_order: little", [0x00FF], -256),
        ("type: bool", [1], 1),
        ("type: uint32", [0x0001, 0x0002], 65538),
        ("type: int32", [0xFFFF, 0xFFFE], -2),
        ("type: uint32, word_order: little", [0x0002, 0x0001], 65538),
        ("type: uint32, byte_order: little", [0x0100, 0x0200], 65538),
        ("type: uint32, word_order: little, byte_order: little", [0x0200, 0x0100], 65538),
        ("type: int32, word_order: little", [0xFFFE, 0xFFFF], -2),
        ("type: uint64", [0x0001, 0x0002, 0x0003, 0x0004], 281483566841860),
        ("type: uint64, word_order: little", [0x0004, 0x0003, 0x0002, 0x0001], 281483566841860),
        ("type: uint64, byte_order: little", [0x0100, 0x0200, 0x0300, 0x0400], 281483566841860),
        ("type: int64", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], -1),
        ("type: int64, word_order: little, byte_order: little", [0xFEFF, 0xFFFF, 0xFFFF, 0xFFFF], -2),
        ("type: float32", [0x4148, 0x0000], 12.5),
        ("type: float32, word_order: little", [0x0000, 0x4148], 12.5),
        ("type: float32, byte_order: little", [0x4841, 0x0000], 12.5),
        ("type: float32, word_order: little, byte_order: little", [0x0000, 0x4841], 12.5),
        ("type: float64", [0xC029, 0x0000, 0x0000, 0x0000], -12.5),
        ("type: float64, word_order: little", [0x0000, 0x0000, 0x0000, 0xC029], -12.5),
        ("type: float64, word_order: little, byte_order: little", [0x0000, 0x0000, 0x0000, 0x29C0], -12.5),
        ("type: uint16, scale: 0.1", [3], 0.3),
        ("type: uint16, scale: 0.1, offset: -40", [5], -39.5),
        ("type: float32, scale: 2, offset: 1", [0x4148, 0x0000], 26),
        ("function: 4", [7], 7),
    ],
)
def test_types_and_orders(mine, entry, registers, value):
    device = mine(one(entry))
    function = 4 if "function: 4" in entry else 3
    words = {(function, 10 + n): register for n, register in enumerate(registers)}
    assert run(device, words)[0] == {"my_value": value}
    # part of a value is no value
    if len(registers) > 1:
        assert run(device, dict(list(words.items())[1:]))[0] == {}
        assert run(device, dict.fromkeys(words, FILLER))[0] == {}


ORDERS = [(words, octets) for words in ("big", "little") for octets in ("big", "little")]
KINDS = {"int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float32": "f", "float64": "d"}


@pytest.mark.parametrize(("word_order", "byte_order"), ORDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_registers_against_struct(tmp_path, kind, word_order, byte_order):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + one(f"type: {kind}, word_order: {word_order}, byte_order: {byte_order}"))
    device = mapped("mine", files=(path,))
    count = struct.calcsize(KINDS[kind]) // 2

    @given(st.lists(st.integers(0, 0xFFFF), min_size=count, max_size=count))
    def check(registers):
        octets = b"".join(
            register.to_bytes(2, byte_order) for register in registers[:: 1 if word_order == "big" else -1]
        )
        (value,) = struct.unpack(f">{KINDS[kind]}", octets)
        minus_9999 = {"int32": -9999, "uint32": 0xFFFFD8F1, "int64": -9999, "uint64": 0xFFFFFFFFFFFFD8F1}
        absent = set(registers) == {FILLER} or value == minus_9999.get(kind) or not math.isfinite(value)
        expected = {} if absent else {"my_value": float(value)}
        assert series(device, {10 + n: register for n, register in enumerate(registers)}) == expected

    check()


@pytest.mark.parametrize("function", [1, 2])
@pytest.mark.parametrize("bit", [0, 1])
def test_single_bits(mine, function, bit):
    found, decoded = run(mine(one(f"function: {function}, type: bool")), {(function, 10): bit, (3, 10): 9})
    assert found == {"my_value": bit}
    assert decoded.odd == {}


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize(("register", "odd"), [(0, 0), (1, 0), (9, 1), (FILLER, 0)])
def test_registers_that_are_neither_0_nor_1_are_counted(mine, function, register, odd):
    decoded = run(mine(one(f"function: {function}, type: bool")), {(function, 10): register})[1]
    assert decoded.odd == {"mine": odd}


@pytest.mark.parametrize(
    ("entry", "registers", "on"),
    [
        ("type: int16, states: {0: idle, 1: busy, -1: broken}", [1], "busy"),
        ("type: int16, states: {0: idle, 1: busy, -1: broken}", [0xFFFF], "broken"),
        ("type: uint32, states: {0: idle, 65536: busy, 1: broken}", [1, 0], "busy"),
    ],
)
def test_states(mine, entry, registers, on):
    found = series(mine(one(entry)), {10 + n: register for n, register in enumerate(registers)})
    assert found == {f'my_value{{state="{s}"}}': float(s == on) for s in ("idle", "busy", "broken")}


def test_a_number_without_a_name_may_mean_any_of_the_states(mine):
    found = series(mine(one("states: {0: idle, 1: busy, 2: broken}")), {10: 7})
    assert found == {'my_value{state="7"}': 1.0}


@pytest.mark.parametrize(
    ("entry", "registers", "flags", "rest"),
    [
        ("type: uint16", [0x0001], {"lowest"}, 0),
        ("type: uint16", [0x0202], {"tenth"}, 0x0002),
        ("type: uint16, byte_order: little", [0x0100], {"lowest"}, 0),
        ("type: uint32", [0x0000, 0x0001], {"lowest"}, 0),
        ("type: uint32", [0x8000, 0x0000], {"highest"}, 0),
        ("type: uint32, word_order: little", [0x0001, 0x8000], {"lowest", "highest"}, 0),
        ("type: uint32, word_order: little, byte_order: little", [0x0100, 0x0080], {"lowest", "highest"}, 0),
        ("type: uint32", [0x4000, 0x0002], set(), 0x40000002),
    ],
)
def test_bit_0_is_the_lowest_of_the_decoded_word(mine, entry, registers, flags, rest):
    bits = {"lowest": 0, "tenth": 9} | ({"highest": 31} if "32" in entry else {})
    flag = "vendor: X, label: X, description: X., severity: none"
    sets = "flag_sets: {set: {" + ", ".join(f"{n}: {{bit: {b}, {flag}}}" for n, b in bits.items()) + "}}\n"
    found = series(mine(one(f"{entry}, flags: set", sets)), {10 + n: r for n, r in enumerate(registers)})
    assert found == {
        **{f'my_value{{flag="{name}"}}': float(name in flags) for name in bits},
        'undefined_flags{word="mine.one"}': float(rest),
    }


@pytest.mark.parametrize(
    ("entry", "registers"),
    [
        ("type: int32", [0xFFFF, 0xD8F1]),
        ("type: uint32", [0xFFFF, 0xD8F1]),
        ("type: int32, word_order: little", [0xD8F1, 0xFFFF]),
        ("type: uint32, byte_order: little", [0xFFFF, 0xF1D8]),
        ("type: int64", [0xFFFF, 0xFFFF, 0xFFFF, 0xD8F1]),
        ("type: uint64, word_order: little", [0xD8F1, 0xFFFF, 0xFFFF, 0xFFFF]),
        ("type: int32", [0xD8F1, 0xD8F1]),
        ("type: uint64", [0xD8F1, 0xD8F1, 0xD8F1, 0xD8F1]),
    ],
)
def test_filler_of_long_words(mine, entry, registers):
    device = mine(one(entry))
    words = {10 + n: register for n, register in enumerate(registers)}
    assert run(device, words)[0] == {}
    assert run(device, words | {10: 0})[0].keys() == {"my_value"}


@pytest.mark.parametrize(
    ("shape", "one", "two", "values"),
    [
        ("type: bool", 5, 4, {"my_value": 1}),
        ("type: bool", 5, 5, {"my_value": 0}),
        ("type: bool", 4, 5, {"my_value": 1}),
        (
            "flags: bits",
            3,
            2,
            {
                'my_value{flag="low"}': 1,
                'my_value{flag="high"}': 0,
                'undefined_flags{word="mine.three"}': 0,
            },
        ),
        # −1 has all bits of the word set, and no others
        (
            "flags: bits",
            2,
            3,
            {
                'my_value{flag="low"}': 1,
                'my_value{flag="high"}': 1,
                'undefined_flags{word="mine.three"}': 0x7FFE,
            },
        ),
    ],
)
def test_shapes_of_formulas(mine, shape, one, two, values):
    flag = "vendor: F, label: F, description: F., severity: none"
    device = mine(
        "metrics: {my_value: {help: A test.}}\n"
        f"flag_sets: {{bits: {{low: {{bit: 0, {flag}}}, high: {{bit: 15, {flag}}}}}}}\n"
        "groups: {mine: {title: Mine, words: {one: {address: 10}, two: {address: 11},"
        f" three: {{formula: one - two, metric: my_value, {shape}}}}}}}}}\n"
    )
    assert series(device, {10: one, 11: two}) == values


@pytest.mark.parametrize("shape", ["", "type: bool"])
@pytest.mark.parametrize(
    "registers",
    [
        [4, 0x0000, 0x0000],  # divided by 0
        [4, 0x7F80, 0x0000],  # by infinity, which would be 0
        [4, 0x7FC0, 0x0000],  # by what is no number
    ],
)
def test_formulas_that_have_no_result(mine, shape, registers):
    device = mine(
        "metrics: {my_value: {help: A test.}}\n"
        "groups: {mine: {title: Mine, words: {one: {address: 10}, two: {address: 11, type: float32},"
        f" three: {{formula: one / two, metric: my_value, {shape}}}}}}}}}\n"
    )
    assert series(device, dict(zip(range(10, 13), registers, strict=True))) == {}
    assert series(device, {10: 4, 11: 0x4080, 12: 0x0000}) == {"my_value": 1}


# formulas and repeats

PUMPS = f"""
metrics:
  pump_power: {{help: A test.}}
  pump_share: {{help: A test.}}
  pump_alarm: {{help: A test.}}
  pump_state: {{help: A test.}}
  pump_there: {{help: A test.}}
  pump_level: {{help: A test.}}
flag_sets:
  states:
    fed: {{bit: 0, vendor: X, label: X, description: X., severity: none}}
    lost: {{bit: 3, vendor: X, label: X, description: X., severity: none}}
groups:
  hall:
    title: Hall
    words:
      pumps: {{address: 0}}
      unit: {{address: 1, type: int16}}
      level: {{formula: unit - 1, type: int16, metric: pump_level, states: {{-1: low, 0: fine}}}}
  pump:
    title: Pumps
    repeat:
      {{label: pump, count: pumps, max: 4, stride: 10, present_metric: pump_there, lost_flag: state.lost}}
    words:
      volts: {{address: 100, type: int16}}
      amperes: {{address: 101}}
      power: {{formula: volts * amperes, metric: pump_power}}
      share: {{formula: volts / unit, metric: pump_share}}
      alarm: {{address: 102, type: bool, metric: pump_alarm, flag: {FLAG}}}
      state: {{address: 103, metric: pump_state, flags: states}}
"""


def test_formulas_inside_repeats(mine):
    device = mine(PUMPS)
    words = {0: 3, 1: 2, 100: 230, 101: 3, 110: 0xFFFF, 111: 1, 120: 5, 121: FILLER}
    found, decoded = run(device, words, {"pump": 3})
    assert decoded.odd == {}, "a 0/1 word that was not read is not odd"
    assert found == {
        'pump_level{state="1"}': 1.0,
        'pump_there{pump="1"}': 1.0,
        'pump_there{pump="2"}': 1.0,
        'pump_there{pump="3"}': 1.0,
        'pump_power{pump="1"}': 690.0,
        'pump_power{pump="2"}': -1.0,  # which is no filler of a formula
        'pump_share{pump="1"}': 115.0,
        'pump_share{pump="2"}': -0.5,
        'pump_share{pump="3"}': 2.5,
    }
    assert series(device, {1: 0}) == {'pump_level{state="low"}': 1.0, 'pump_level{state="fine"}': 0.0}
    assert 'pump_share{pump="1"}' not in series(device, {**words, 1: 0}, {"pump": 1})


@pytest.mark.parametrize(
    ("entry", "registers", "values"),
    [
        ("type: int16, byte_order: little", [0x00FF, 0x0100], [-256, 1]),
        ("type: uint32", [0x0001, 0x0002, 0, 7], [65538, 7]),
        ("type: uint32, word_order: little", [0x0002, 0x0001, 7, 0], [65538, 7]),
        ("type: int32, byte_order: little", [0xFFFF, 0xFEFF, 0, 0x0700], [-2, 7]),
        # neither a register nor a value is there where half of it is missing, is filler or is no number
        ("type: uint32", [0x0001, None, 0, 7], [None, 7]),
        ("type: uint32", [FILLER, FILLER, 0, 7], [None, 7]),
        ("type: float32", [0x4148, 0x0000, 0x7FC0, 0x0000], [12.5, None]),
    ],
)
def test_wide_words_that_repeat(mine, entry, registers, values):
    device = mine(
        "metrics: {my_value: {help: A test.}}\n"
        "groups:\n  hall: {title: Hall, words: {pumps: {address: 0}}}\n"
        "  pump:\n    title: Pumps\n    repeat: {label: pump, count: pumps, max: 4, stride: 2}\n"
        f"    words: {{one: {{address: 100, metric: my_value, {entry}}}}}\n"
    )
    stride = len(registers) // 2
    places = [100 + 2 * item + register for item in range(2) for register in range(stride)]
    words = {place: word for place, word in zip(places, registers, strict=True) if word is not None}
    found = series(device, words, {"pump": 2})
    assert found == {
        f'my_value{{pump="{item}"}}': value for item, value in enumerate(values, start=1) if value is not None
    }


def test_flags_of_repeats(mine):
    device = mine(PUMPS)
    words = {
        102: 2,
        103: 0x0009,
        100: 230,
        101: 1,
        112: 1,
        113: 0x8001,
        110: 230,
        111: 1,
        122: FILLER,
        123: 0,
    }
    found, decoded = run(device, words, {"pump": 3})
    assert {name: value for name, value in found.items() if "alarm" in name or "state{" in name} == {
        'pump_alarm{flag="up",pump="1"}': 1.0,
        'pump_alarm{flag="up",pump="2"}': 1.0,
        'pump_state{flag="fed",pump="1"}': 1.0,
        'pump_state{flag="lost",pump="1"}': 1.0,
        'pump_state{flag="fed",pump="2"}': 1.0,
        'pump_state{flag="lost",pump="2"}': 0.0,
        'pump_state{flag="fed",pump="3"}': 0.0,
        'pump_state{flag="lost",pump="3"}': 0.0,
    }
    assert decoded.odd == {"pump": 1}
    # the first has lost sight of its pump: flags only
    assert {name for name in found if name.startswith("pump_power")} == {'pump_power{pump="2"}'}
    assert {name: value for name, value in found.items() if name.startswith("undefined")} == {
        'undefined_flags{word="mine.state#1"}': 0.0,
        'undefined_flags{word="mine.state#2"}': 32768.0,
        'undefined_flags{word="mine.state#3"}': 0.0,
    }


def test_repeats_beside_a_bacs_do_not_hang_on_it(mine):
    device = mine(PUMPS, "ups", "bacs")
    found = series(device, {1000: 0x0002, 1003: 1, 100: 230, 101: 2, 1061: 13000}, {"pump": 1, "modules": 1})
    assert found['pump_power{pump="1"}'] == 460
    assert not any(name.startswith("bacs_module_volts") for name in found)


def test_lost_flag_that_is_a_word(mine):
    device = mine(PUMPS.replace("lost_flag: state.lost", "lost_flag: alarm"))
    words = {100: 230, 101: 2}
    assert series(device, {**words, 102: 0}, {"pump": 1})['pump_power{pump="1"}'] == 460
    assert 'pump_power{pump="1"}' not in series(device, {**words, 102: 1}, {"pump": 1})


# maps together

UPS_OF_MINE = """
include:
  - {map: ups, addresses: %s, group: box, at: 500}
metrics: {my_value: {help: A test.}}
groups:
  box:
    title: Box
    words: {own: {address: 9, metric: my_value}}
"""


def test_include_takes_what_vouches_along(mine):
    device = mine(UPS_OF_MINE % "[107, 109]")
    words = {500: 27, 501: 10, 502: 4, 9: 1}
    found, decoded = run(device, words)
    assert (found["ups_temperature_celsius"], found["ups_battery_runtime_seconds"]) == (27, 600)
    assert decoded.valid == {"ups": True}
    found, decoded = run(device, {**words, 502: 0x4004})
    assert found == {"my_value": 1, "ups_status_word": 0x4004, 'ups_status{flag="comm_lost"}': 1}
    assert decoded.valid == {"ups": False}


def test_include_without_the_words_that_vouch_is_believed(mine):
    found, decoded = run(mine(UPS_OF_MINE % "[107, 108]"), {500: 27, 501: 10})
    assert found == {"ups_temperature_celsius": 27, "ups_battery_runtime_seconds": 600}
    assert decoded.valid == {}


def test_lost_sight_hides_undefined_bits_too(mine):
    text = """
metrics: {my_status: {help: A test.}, my_value: {help: A test.}}
flag_sets:
  status:
    lost: {bit: 0, vendor: X, label: X, description: X., severity: none}
    other: {bit: 1, vendor: X, label: X, description: X., severity: none}
groups:
  box:
    title: Box
    trust: {rule: lost_flags, lost_flags: [status.lost]}
    words:
      status: {address: 1, metric: my_status, flags: status}
      value: {address: 2, metric: my_value}
"""
    found = series(mine(text), {1: 0x8002, 2: 5})
    assert found == {
        'my_status{flag="lost"}': 0,
        'my_status{flag="other"}': 1,
        'undefined_flags{word="mine.status"}': 0x8000,
        "my_value": 5,
    }
    assert series(mine(text), {1: 0x8003, 2: 5}) == {'my_status{flag="lost"}': 1}


def test_frame_that_is_not_valid_shows_nothing_of_its_own_words(mine):
    text = """
include: [{map: everexceed, addresses: [100, 106], group: plc, at: 1}]
metrics: {my_count: {help: A test.}, my_error: {help: A test.}, my_value: {help: A test.}}
groups:
  plc:
    title: PLC
    trust: {rule: frame}
    words:
      header: {address: 0}
      sequence_number: {formula: header >> 8, metric: my_value}
      error_code: {formula: header & 0xff}
      own: {address: 20, metric: my_own}
      doors: {address: 21}
  door:
    title: Doors
    repeat: {label: door, count: doors, max: 4, stride: 1}
    words: {open: {address: 200, metric: my_door}}
""".replace("my_count", "my_own").replace("my_error", "my_door")
    device = mine(text)
    words = {0: 0x0700, 1: 25, 7: 4, 20: 5}
    found = series(device, words)
    assert (found["my_value"], found["my_own"], found["ups_temperature_celsius"]) == (7, 5, 25)
    assert series(device, {**words, 0: 0x0701}) == {"my_value": 7}
    assert series(device, words, frame_valid=False) == {"my_value": 7}
    # what is read beside the frame hangs on nothing in it
    doors = {"door": 1}
    assert series(device, {**words, 200: 1}, doors)['my_door{door="1"}'] == 1
    beside = series(device, {**words, 200: 1}, doors, frame_valid=False)
    assert beside == {"my_value": 7, 'my_door{door="1"}': 1}


def test_map_in_place_of_a_built_in_one(tmp_path):
    path = tmp_path / "ups.yaml"
    path.write_text(
        "map: ups\ntitle: Mine\nsource: test\nmetrics: {my_value: {help: A test.}}\n"
        "groups: {ups: {title: UPS, words: {one: {address: 5, metric: my_value}}}}\n"
    )
    device = mapped("ups", files=(path,))
    assert series(device, {5: 1, 109: 4}) == {"my_value": 1}
    # those that include from it were made from the built-in one
    assert "status" in load_maps([path])["inform"].words


def test_two_maps_in_one_group(mine, tmp_path):
    text = """
metrics: {my_value: {help: A test.}}
groups:
  ups:
    title: More
    optional: true
    readable: [[300, 304], [305, 310], [312, 315]]
    words: {more: {address: 300, metric: my_value}}
  bacs: {title: More, optional: true, readable: [[1100, 1110], [3000, 3010]], words: {extra: {address: 3000}}}
"""
    device = mine(text, "ups", "bacs")
    ups, bacs = (next(group for group in device.groups if group.name == name) for name in ("ups", "bacs"))
    assert (ups.title, ups.optional, len(ups.words)) == ("UPS", False, 47)
    assert (bacs.optional, bacs.anchor) == (True, "state")
    assert bacs.readable == ((1000, 2709), (1100, 1110), (3000, 3010))
    assert device.readable == {3: ((300, 310), (312, 315), (1000, 2709), (3000, 3010))}
    turned = mapped("bacs", "mine", "ups", files=(tmp_path / "mine.yaml",))
    assert turned.readable == device.readable
    ups, bacs = (next(group for group in turned.groups if group.name == name) for name in ("ups", "bacs"))
    assert (ups.optional, bacs.optional, bacs.anchor) == (False, True, "state")
    turned = mapped("mine", "bacs", files=(tmp_path / "mine.yaml",))
    bacs = next(group for group in turned.groups if group.name == "bacs")
    assert bacs.anchor == "state"


@pytest.mark.parametrize(
    ("option", "expect", "required"),
    [
        ("auto", Expect(), False),
        ("auto", Expect(strings=2), True),
        ("auto", Expect(modules=8), True),
        ("required", Expect(), True),
        ("off", Expect(modules=8), False),
    ],
)
def test_whoever_expects_blocks_has_a_bacs(option, expect, required):
    assert mapped("ups", "bacs", options=Options(bacs=option), expect=expect).bacs_required is required


def test_groups_left_out():
    layout = mapped("ups", "bacs").layout({"strings": 2, "modules": 4}, frozenset({"bacs", "modules"}))
    assert list(layout.group_spans) == ["ups", "strings"]
    assert {span.address for span in layout.spans} == {
        *range(97, 143),
        *range(1010, 1014),
        *range(1015, 1019),
    }


def test_every_word_of_a_cs141_with_bacs_is_asked_for_once():
    layout = mapped("ups", "bacs").layout({"strings": 10, "modules": 330})
    addresses = [span.address for span in layout.spans]
    strings = [1010 + 5 * s + n for s in range(10) for n in range(4)]
    assert sorted(addresses) == [*range(97, 143), *range(1000, 1006), *strings, *range(1060, 2710)]
    assert {span.function for span in layout.spans} == {3}


def test_base_address_of_a_frame():
    device = mapped("prof", options=Options(prof=Prof(base_address=4000)))
    assert [span.address for span in sorted(device.layout({}).spans)] == list(range(4000, 4050))


def test_values_wider_than_max_words(mine):
    with pytest.raises(UserError, match=r"max_words 3 is less than the 4 words of mine\.one"):
        mine(one("type: int64"), options=Options(max_words=3))
    assert mine(one("type: int64"), options=Options(max_words=4)).layout({}).spans[0].count == 4


def test_input_registers_of_a_device_that_knows_holding_registers_only(mine):
    device = mine(one("function: 4"), options=Options(function=3))
    assert series(device, {(3, 10): 7}) == {"my_value": 7}


def test_override_of_a_users_word(mine):
    options = Options(overrides={"mine.one": Override(scale=Decimal("0.5"), offset=Decimal(1))})
    assert series(mine(one("type: uint32"), options=options), {10: 0, 11: 3}) == {"my_value": 2.5}
