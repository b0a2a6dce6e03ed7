"""Every scenario runs through; what each must show stands here in words of the device."""

from pathlib import Path

import pytest

from exporter.errors import UserError
from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from exporter.simulator.scenarios import (
    Playback,
    load_scenario,
    read_scenario,
    scenario_names,
    scenario_summaries,
)

NAMES = [
    "normal",
    "power-failure",
    "dies-on-battery",
    "generator-hunting",
    "short-dip",
    "battery-test",
    "overload",
    "bypass",
    "maintenance-bypass",
    "communication-lost",
    "charger-failed",
    "cs141-reboot",
    "module-lost",
    "bus-cut",
    "bus-cut-count-stays",
    "weak-block",
    "string-open",
    "thermal-runaway",
    "ground-fault",
    "service",
    "bacs-frozen",
    "no-bacs-zeros",
    "old-firmware",
    "everexceed-on-default-map",
    "scale-0.1",
    "plc-stopped",
    "demo",
    "year",
]

# bit of 109 and the alarm word that says the same (operations.md 1.12)
PAIRS = {0: 123, 3: 116, 4: 117, 5: 119, 6: 138, 7: 120, 8: 122, 10: 115, 13: 132, 14: 134}


def moments(name: str, every: float = 5.0, strings: int = 2, modules: int = 40) -> dict[float, Image]:
    """The words through the whole scenario by its seconds."""
    scenario = load_scenario(name)
    playback = Playback(scenario, Plant(strings, modules))
    seen = {0.0: image(playback.plant, scenario.personality, scenario.base)}
    while playback.seconds < scenario.lasts:
        playback.advance(every)
        seen[playback.seconds] = image(playback.plant, scenario.personality, scenario.base)
    return seen


def test_all_scenarios_are_there() -> None:
    assert scenario_names() == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_runs_through_and_its_words_agree(name: str) -> None:
    every = max(30.0, load_scenario(name).lasts / 1000)
    for seconds, words in moments(name, every=every).items():
        assert all(0 <= word <= 0xFFFF for word in words.values()), seconds
        if 138 in words:
            for bit, address in PAIRS.items():
                assert words[109] >> bit & 1 == words[address], f"{seconds} s: bit {bit}, address {address}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("strings", "modules"), [(1, 1), (3, 7), (1, 0)])
def test_small_plants_can_play_every_scenario(name: str, strings: int, modules: int) -> None:
    playback = Playback(load_scenario(name), Plant(strings, modules))
    for _ in range(40):
        playback.advance(playback.scenario.lasts / 40)
        image(playback.plant, playback.scenario.personality)


@pytest.mark.parametrize(
    "name",
    sorted(
        set(NAMES)
        - {
            "dies-on-battery",
            "no-bacs-zeros",
            "old-firmware",
            "everexceed-on-default-map",
            "scale-0.1",
            "plc-stopped",
            "year",
        }
    ),
)
def test_a_scenario_ends_healthy(name: str) -> None:
    scenario = load_scenario(name)
    playback = Playback(scenario, Plant())
    playback.advance(scenario.lasts - 1)
    words = image(playback.plant)
    assert playback.plant.knobs.answers
    assert words[109] == 4
    assert [a for a in range(115, 139) if words[a]] == []
    assert [words[a] for a in range(1000, 1006)] == [0x0041, 0, 0, 2, 40, 0]


def test_the_year_has_tests_outages_a_block_that_is_replaced_and_a_sensor_that_drifts() -> None:
    playback = Playback(load_scenario("year"), Plant())
    days = {}
    for day in (29.9, 30.001, 41.002, 249.9, 250.1, 364.9):
        playback.advance(day * 86400 - playback.seconds)
        days[day] = image(playback.plant)
    assert [days[day][109] for day in (29.9, 30.001, 41.002)] == [4, 76, 12]  # mains, a test, a failure
    assert days[249.9][1060 + 5 * 16 + 3] & 0x2040  # RESISTOR_WARN_HIGH or RESISTOR_HIGH
    assert days[250.1][1060 + 5 * 16 + 3] == 0
    celsius = {block: days[364.9][1060 + 5 * (block - 1)] / 2 - 39 for block in (8, 9, 10)}
    assert celsius[9] > max(celsius[8], celsius[10]) + 5


def statuses(name: str) -> list[int]:
    """The status words of a scenario in their order, each once in a row."""
    values = [words[109] for words in moments(name).values()]
    return [value for index, value in enumerate(values) if index == 0 or value != values[index - 1]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", [4]),
        ("power-failure", [4, 12, 4]),
        ("dies-on-battery", [4, 12, 28, 0]),
        ("generator-hunting", [4, 12] * 10 + [4]),
        ("battery-test", [4, 76, 4]),
        ("overload", [4, 260, 4]),
        ("bypass", [4, 5, 4]),
        ("maintenance-bypass", [4, 5, 0, 16384, 0, 5, 4]),
        ("communication-lost", [4, 16388, 4]),
        ("cs141-reboot", [4, 0, 4]),
        ("demo", [4, 12, 4]),
    ],
)
def test_the_status_word_tells_the_story(name: str, expected: list[int]) -> None:
    assert statuses(name) == expected


def word_at(name: str, seconds: float, *addresses: int) -> list[int]:
    playback = Playback(load_scenario(name), Plant())
    playback.advance(seconds)
    words = image(playback.plant, playback.scenario.personality)
    return [words[address] for address in addresses]


@pytest.mark.parametrize(
    ("name", "seconds", "words"),
    [
        ("power-failure", 120, {116: 1, 120: 0, 104: 0, 111: 0, 1000: 0x0009}),
        ("power-failure", 400, {116: 0, 1000: 0x0011}),
        ("dies-on-battery", 515, {117: 1, 118: 1, 136: 1, 137: 1}),
        ("dies-on-battery", 590, {97: 0, 100: 0, 128: 1, 135: 1}),
        ("charger-failed", 120, {127: 1, 1000: 0x0021}),
        ("charger-failed", 1200, {127: 1, 103: 87}),
        ("cs141-reboot", 90, {97: 0, 109: 0, 1000: 0, 1004: 0}),
        ("cs141-reboot", 140, {109: 4, 1000: 0x0042}),
        ("module-lost", 120, {1000: 0x0045, 1002: 0x0003, 1004: 40, 1170: 0xD8F1, 1173: 0xD8F1}),
        ("bus-cut", 120, {1004: 24, 1000: 0x0045, 1178: 0, 1180: 0xD8F1}),
        ("bus-cut-count-stays", 120, {1004: 40, 1000: 0x0045, 1178: 0, 1180: 0xD8F1}),
        ("weak-block", 120, {1000: 0x08C1, 1001: 0x0001, 1002: 0x0041, 1143: 0x0041, 1138: 0, 1148: 0}),
        ("string-open", 240, {1005: 0x0020, 1015: 0}),
        ("thermal-runaway", 590, {1000: 0x0441, 1001: 0x0009, 1002: 0x0011, 1213: 0x0011}),
        ("ground-fault", 120, {1000: 0x0041, 1001: 0x4000, 1005: 0x0200}),
        ("service", 120, {1000: 0x1041, 1060: 0xD8F1}),
        ("service", 400, {1000: 0x2041}),
        ("service", 600, {1000: 0x4041}),
        ("service", 900, {1000: 0x8041, 1063: 0}),
        ("no-bacs-zeros", 10, {1000: 0, 1003: 0, 1004: 0, 1060: 0}),
        ("old-firmware", 10, {1000: 0x0041, 1005: 0xD8F1}),
        ("scale-0.1", 10, {97: 2300, 111: 500}),
    ],
)
def test_what_a_scenario_shows(name: str, seconds: float, words: dict[int, int]) -> None:
    assert dict(zip(words, word_at(name, seconds, *words), strict=True)) == words


def test_a_short_dip_is_seen_by_the_counter_alone() -> None:
    playback = Playback(load_scenario("short-dip"), Plant())
    playback.advance(60)
    before = image(playback.plant)
    playback.advance(6)
    after = image(playback.plant)
    assert (before[109], after[109]) == (4, 4)
    assert after[114] == before[114] + 1


def test_dying_ends_in_silence() -> None:
    playback = Playback(load_scenario("dies-on-battery"), Plant())
    playback.advance(599)
    assert playback.plant.knobs.answers
    playback.advance(2)
    assert not playback.plant.knobs.answers


def test_a_frozen_bacs_answers_with_the_same_words() -> None:
    def bacs(seconds: float) -> list[int]:
        return word_at("bacs-frozen", seconds, *range(1000, 2710))

    assert bacs(61) == bacs(4000) == bacs(4.9 * 3600)
    assert bacs(50) != bacs(61)


def test_the_plc_stops_and_starts_again() -> None:
    assert word_at("plc-stopped", 30, 0) != word_at("plc-stopped", 32, 0)
    assert word_at("plc-stopped", 70, 0) == word_at("plc-stopped", 590, 0)
    assert word_at("plc-stopped", 70, 0) != word_at("plc-stopped", 610, 0)


def test_a_repeating_scenario_comes_round() -> None:
    playback = Playback(load_scenario("demo"), Plant())
    before = playback.plant.power_failures
    playback.advance(3 * 45 * 60 + 100)
    assert playback.plant.power_failures == before + 4
    assert image(playback.plant)[109] == 12


def test_one_long_look_and_many_short_ones_see_the_same() -> None:
    once = Playback(load_scenario("generator-hunting"), Plant())
    often = Playback(load_scenario("generator-hunting"), Plant())
    once.advance(700)
    for _ in range(1400):
        often.advance(0.5)
    assert once.plant.power_failures == often.plant.power_failures
    assert once.plant.ups().charge == pytest.approx(often.plant.ups().charge, abs=1e-3)


def test_summaries_are_the_descriptions() -> None:
    assert scenario_summaries() == {name: load_scenario(name).description for name in NAMES}


def test_an_unknown_scenario_lists_all() -> None:
    with pytest.raises(UserError, match=r'unknown scenario "storm": there are bacs-frozen, .*weak-block'):
        load_scenario("storm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ndescription: d\nlasts: 1m\nspeed: 2", ':4: speed: unknown key "speed"'),
        ("name: y\ndescription: d\nlasts: 1m", ':1: name: "y" is not the name of the file'),
        ("name: x\ndescription: d", "lasts: this key is required"),
        ("name: x\ndescription: d\nlasts: 60", "a time is text with a unit, like 30s or 5m, not 60"),
        ("name: x\ndescription: d\nlasts: soon", 'bad duration "soon"'),
        (
            "name: x\ndescription: d\nlasts: 1m\ntimeline:\n  - {at: 5s, set: {mians: true}}",
            ':5: timeline.0.set.mians: unknown key "mians"',
        ),
        ("name: x\ndescription: d\nlasts: 1m\ntimeline: [{at: 5s, set: {}}]", "a step must set something"),
        (
            "name: x\ndescription: d\nlasts: 1m\n"
            "timeline: [{at: 5s, set: {eco: true}}, {at: 5s, set: {eco: false}}]",
            "the times of the timeline must rise",
        ),
        (
            "name: x\ndescription: d\nlasts: 1m\ntimeline: [{at: 2m, set: {eco: true}}]",
            "lasts must be more than 0 and no less than the time of the last step",
        ),
        ("name: x\ndescription: d\nlasts: 1m\npersonality: apc", "not 'apc'"),
    ],
)
def test_mistakes_in_a_scenario_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_scenario(path)
    assert message in str(caught.value)
