"""What a map of one's own can take over from another, and name as not available."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.model import DeviceConfig, Options
from exporter.maps import load_maps
from exporter.reading.decode.device_map import DeviceMaps
from exporter.reading.plan.spans import Span
from exporter.targets import parse_target
from tests.reading.decoding import BUILT_IN, mapped, run, series

HEAD = "map: mine\ntitle: Mine\nsource: written for a test\n"


def own(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(HEAD + text)
    return path


def test_whole_groups_elsewhere_and_by_another_function(tmp_path: Path) -> None:
    """device.md 2.8, string 1 and module 1, at a gateway that serves 1000 as input register 2000."""
    path = own(tmp_path, "include: [{map: bacs, groups: [bacs, strings, modules], at: 2000, function: 4}]\n")
    device = mapped("mine", files=(path,))
    words = {
        2000: 0x0041, 2001: 0, 2002: 0, 2003: 1, 2004: 1, 2005: 0,
        2010: 0x0000, 2011: 0x0224, 2012: 0x3583, 2013: 0x0000,
        2060: 0x0073, 2061: 0x357A, 2062: 0x01F3, 2063: 0x0000, 2064: 0x0004,
    }  # fmt: skip
    counts = {"strings": 1, "modules": 1}
    layout = device.layout(counts)
    assert {span.function for span in layout.spans} == {4}
    assert Span(4, 2000, 1) in layout.spans
    assert device.readable == {4: ((2000, 3709),)}
    found = series(device, {(4, address): word for address, word in words.items()}, counts)
    assert found["bacs_modules"] == 1
    assert found['bacs_string_volts{string="1"}'] == 54.8
    assert found['bacs_module_volts{module="1",string="1"}'] == 13.69
    assert found['bacs_module_present{module="1",string="1"}'] == 1
    assert found['bacs_state{flag="float_charging"}'] == 1
    # it vouches for itself as it does at its own place
    silent = {(4, address): 0 if address == 2000 else word for address, word in words.items()}
    assert 'bacs_string_volts{string="1"}' not in series(device, silent, counts)


def test_single_words_by_another_function(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "include: [{map: ups, addresses: [107, 109], group: ups, at: 7, function: 4}]\n"
        "groups: {ups: {title: UPS}}\n",
    )
    found = series(mapped("mine", files=(path,)), {(4, 7): 27, (4, 8): 34, (4, 9): 4})
    assert found["ups_temperature_celsius"] == 27
    assert found["ups_battery_runtime_seconds"] == 34 * 60
    assert found['ups_status{flag="output_act"}'] == 1


WORDS = """
metrics: {mine_level: {help: A level.}, mine_mode: {help: A mode.}, mine_state: {help: Flags.}}
flag_sets:
  bits: {lit: {bit: 0, vendor: LIT, label: Is on, description: It is on., severity: none}}
groups:
  mine:
    title: Mine
    words:
      level: {address: 1, type: int16, metric: mine_level, not_available: [1110]}
      mode: {address: 4, metric: mine_mode, states: {1: good, 2: bad}}
      state: {address: 5, metric: mine_state, flags: bits}
"""


@pytest.mark.parametrize(
    ("fillers", "level", "there"),
    [
        ("", 0xD8F1, False),
        ("", 1110, False),
        ("", 9999, True),
        ("not_available: [9999]", 9999, False),
        ("not_available: [9999]", 0xD8F1, True),
        ("not_available: [9999]", 1110, False),  # what a word names comes on top
        ("not_available: [-1, 0x8000]", 0xFFFF, False),
        ("not_available: [-1, 0x8000]", 0x8000, False),
        ("not_available: []", 0xD8F1, True),
        ("not_available: []", 1110, False),
    ],
)
def test_a_map_names_what_is_not_available(tmp_path: Path, fillers: str, level: int, there: bool) -> None:
    device = mapped("mine", files=(own(tmp_path, fillers + WORDS),))
    assert ("mine_level" in series(device, {1: level})) == there


def test_the_filler_of_a_map_is_none_of_its_flags_and_states_either(tmp_path: Path) -> None:
    device = mapped("mine", files=(own(tmp_path, "not_available: [3]\n" + WORDS),))
    assert series(device, {4: 3, 5: 3}) == {}
    assert series(device, {4: 2, 5: 1})['mine_mode{state="bad"}'] == 1


def test_words_that_are_taken_over_keep_their_own_filler(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "not_available: []\ninclude: [{map: ups, addresses: [97, 97], group: ups}]\n"
        "groups: {ups: {title: UPS}}\n",
    )
    assert series(mapped("mine", files=(path,)), {97: 0xD8F1}) == {}


def test_long_words_have_the_filler_in_every_register_or_as_their_value(tmp_path: Path) -> None:
    text = "not_available: [-9999, 7]\nmetrics: {mine_long: {help: Long.}}\ngroups: {mine: {title: M, words: "
    text += "{long: {address: 2, type: int32, metric: mine_long}}}}\n"
    device = mapped("mine", files=(own(tmp_path, text),))
    for absent in ((0xD8F1, 0xD8F1), (0xFFFF, 0xD8F1), (7, 7), (0, 7)):
        assert series(device, {2: absent[0], 3: absent[1]}) == {}
    assert series(device, {2: 0, 3: 8}) == {"mine_long": 8}


def test_a_unit_says_what_a_value_of_an_own_metric_can_be(tmp_path: Path) -> None:
    text = "metrics: {mine_celsius: {help: T., unit: celsius}, mine_amperes: {help: I., unit: amperes}}\n"
    text += "groups: {mine: {title: M, words: {t: {address: 1, type: int16, metric: mine_celsius}, "
    text += "i: {address: 2, type: int16, metric: mine_amperes}}}}\n"
    device = mapped("mine", files=(own(tmp_path, text),))
    assert series(device, {1: 0x8000, 2: 0x8000}) == {"mine_amperes": -32768}
    assert series(device, {1: 0xFFFF, 2: 0xFFFF}) == {"mine_celsius": -1, "mine_amperes": -1}


def test_roles_of_states_are_asked_first_like_flags(tmp_path: Path) -> None:
    text = WORDS.replace("2: bad}}", "2: bad}, roles: {bad: dark}}")
    device = mapped("mine", files=(own(tmp_path, text),))
    assert device.layout({}).flags == {Span(3, 4, 1), Span(3, 5, 1)}


def test_all_built_in_maps_load_with_an_own_one(tmp_path: Path) -> None:
    assert "mine" in load_maps([own(tmp_path, "groups: {mine: {title: M, words: {one: {address: 1}}}}\n")])


def test_the_worked_example_with_a_mode() -> None:
    """docs/examples/own_modes.yaml, on a UPS that its card has lost or not."""
    path = Path(__file__).parents[2] / "docs" / "examples" / "own_modes.yaml"
    device = mapped("own_modes", files=(path,))
    words = {30: 2, 32: 0, 34: 230, 35: 1110, 39: 4}
    assert series(device, words) == {
        'own_ups_mode{state="online"}': 0,
        'own_ups_mode{state="battery"}': 1,
        'own_ups_mode{state="bypass"}': 0,
        'own_ups_mode{state="shutdown"}': 0,
        'ups_alarm{flag="communication_lost"}': 0,
        'ups_output_volts{phase="1"}': 230,
        "own_ups_card_starts_total": 4,
    }
    assert series(device, words | {32: 1}) == {
        'ups_alarm{flag="communication_lost"}': 1,
        "own_ups_card_starts_total": 4,
    }


def test_a_device_that_knows_one_function_code_only() -> None:
    device = mapped("ups", "bacs", options=Options(function=4))
    counts = {"strings": 1, "modules": 1}
    assert {span.function for span in device.layout(counts).spans} == {4}
    assert set(device.readable) == {4}
    assert series(device, {(4, 107): 27, (4, 134): 0})["ups_temperature_celsius"] == 27


def test_bits_stay_bits_whatever_the_function_of_registers() -> None:
    path = Path(__file__).parents[1] / "maps" / "lists" / "riello_netman_204.yaml"
    device = mapped("riello_netman_204", files=(path,), options=Options(function=4))
    assert {span.function for span in device.layout({}).spans} == {1}


def test_devices_that_differ_in_the_function_code_share_no_map() -> None:
    maps = DeviceMaps(BUILT_IN)
    one, other = (
        DeviceConfig(name, parse_target("10.0.0.1"), "m", ("ups",), options=options)
        for name, options in (("a", Options()), ("b", Options(function=4)))
    )
    functions = [{word.function for word in maps.of(device).words.values()} for device in (one, other)]
    assert functions == [{3}, {4}]


def test_devices_that_differ_in_name_only_share_all_but_that() -> None:
    maps = DeviceMaps(BUILT_IN)
    one, other = (
        maps.of(DeviceConfig(name, parse_target(address), "m", ("ups",)))
        for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"))
    )
    assert (one.config.name, other.config.name) == ("a", "b")
    assert one.layout({}) is other.layout({})


def test_maps_that_are_read_again_and_are_equal_are_those_of_before() -> None:
    device = DeviceConfig("a", parse_target("10.0.0.1"), "m", ("ups",))
    before = DeviceMaps(load_maps([]))
    known = before.of(device)
    again = DeviceMaps(load_maps([]), before).of(replace(device, labels={"site": "north"}))
    assert again.groups is known.groups
    assert again.layouts is known.layouts
    assert again.config.labels == {"site": "north"}
    changed = load_maps([])
    groups = tuple(replace(group, title="Another") for group in changed["ups"].groups)
    other = DeviceMaps({**changed, "ups": replace(changed["ups"], groups=groups)}, before).of(device)
    assert {group.title for group in other.groups} == {"Another"}


SEEN = """
metrics: {my_status: {help: A test.}, my_mode: {help: A test.}, my_value: {help: A test.}}
flag_sets:
  status:
    heard: {bit: 0, vendor: X, label: X, description: X., severity: none, normal: true, role: lost}
    other: {bit: 1, vendor: X, label: X, description: X., severity: none, role: on_battery}
groups:
  box:
    title: Box
    trust: {rule: lost_flags, lost_flags: [%s]}
    words:
      %s
      value: {address: 2, metric: my_value}
"""


def test_a_flag_that_is_normally_set_says_lost_while_it_is_clear(tmp_path: Path) -> None:
    word = "status: {address: 1, metric: my_status, flags: status}"
    device = mapped("mine", files=(own(tmp_path, SEEN % ("status.heard", word)),))
    alive = series(device, {(3, 1): 0x0001, (3, 2): 230})
    assert (alive["my_value"], alive['my_status{flag="other"}']) == (230, 0)
    assert series(device, {(3, 1): 0x0000, (3, 2): 230}) == {'my_status{flag="heard"}': 0}


def test_what_repeats_is_frozen_with_the_ups_that_counts_it(tmp_path: Path) -> None:
    phases = """
  phase:
    title: Phase
    repeat: {label: phase, count: phases, max: 3, stride: 10}
    words:
      volts: {address: 100, metric: my_mode}
      failures: {address: 101, metric: my_failures, survives: true}
"""
    word = "status: {address: 1, metric: my_status, flags: status}\n      phases: {address: 3}"
    text = (SEEN % ("status.heard", word) + phases).replace(
        "my_mode: {help: A test.}",
        "my_mode: {help: A test.}, my_failures: {help: A test.}",
    )
    device = mapped("mine", files=(own(tmp_path, text),))
    words = {(3, 3): 2, (3, 100): 230, (3, 110): 231, (3, 101): 4, (3, 111): 5}
    counted = {'my_failures{phase="1"}': 4, 'my_failures{phase="2"}': 5}
    alive = series(device, {**words, (3, 1): 0x0001}, {"phase": 2})
    assert {name: value for name, value in alive.items() if "phase" in name} == {
        'my_mode{phase="1"}': 230, 'my_mode{phase="2"}': 231, **counted
    }  # fmt: skip
    lost = series(device, {**words, (3, 1): 0x0000}, {"phase": 2})
    assert lost == {'my_status{flag="heard"}': 0, **counted}


def test_a_state_says_lost(tmp_path: Path) -> None:
    word = (
        "mode: {address: 1, metric: my_mode, states: {0: online, 1: battery, 7: silent}, "
        "roles: {battery: on_battery, silent: lost}}"
    )
    device = mapped("mine", files=(own(tmp_path, SEEN % ("mode.silent", word)),))
    alive = series(device, {(3, 1): 1, (3, 2): 230})
    assert alive == {
        'my_mode{state="online"}': 0, 'my_mode{state="battery"}': 1, 'my_mode{state="silent"}': 0,
        "my_value": 230,
    }  # fmt: skip
    # nothing is said of the battery then: no 0 that looks green
    assert series(device, {(3, 1): 7, (3, 2): 230}) == {'my_mode{state="silent"}': 1}


def test_lost_that_is_computed_is_not_known_while_its_word_is_unread(tmp_path: Path) -> None:
    words = """bits: {address: 1}
      silent:
        formula: bits & 1
        type: bool
        metric: my_mode
        flag: {name: silent, vendor: X, label: X, description: X., severity: none}
      dead:
        address: 3
        type: bool
        metric: my_mode
        flag: {name: dead, vendor: X, label: X, description: X., severity: none}"""
    device = mapped("mine", files=(own(tmp_path, SEEN % ("silent, dead", words)),))
    unread = frozenset({Span(3, 1, 1)})
    assert series(device, {(3, 2): 230, (3, 3): 0}, unread=unread) == {'my_mode{flag="dead"}': 0}
    assert series(device, {(3, 1): 0, (3, 2): 230, (3, 3): 0})["my_value"] == 230
    # another word that was not read says nothing of it
    value = frozenset({Span(3, 2, 1)})
    assert run(device, {(3, 1): 0, (3, 3): 0}, unread=value)[1].valid == {"box": True}


def test_filler_in_the_byte_order_of_the_word(tmp_path: Path) -> None:
    """−9999 is 0xD8F1: with its bytes turned 0xF1D8 on the wire, and a float holds it as 0xC61C3C00."""
    path = own(
        tmp_path,
        "metrics: {my_one: {help: A test.}, my_two: {help: A test.}}\n"
        "groups:\n  box:\n    title: Box\n    words:\n"
        "      one: {address: 1, type: int16, byte_order: little, metric: my_one}\n"
        "      two: {address: 2, type: float32, metric: my_two}\n",
    )
    device = mapped("mine", files=(path,))
    assert series(device, {(3, 1): 0xF1D8, (3, 2): 0xC61C, (3, 3): 0x3C00}) == {}
    assert series(device, {(3, 1): 0x0100, (3, 2): 0x4248, (3, 3): 0x0000}) == {"my_one": 1, "my_two": 50}
