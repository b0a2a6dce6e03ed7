"""Whose words are whose, by metric or by roles; and what a pass answers of a device and leaves open."""

from pathlib import Path

import pytest

from exporter.assess.alarms import active_alarms
from exporter.assess.facts import Facts, bacs_groups, is_of_battery, is_of_ups, ups_groups
from exporter.assess.measured import measured
from exporter.maps import built_in_maps, load_maps
from exporter.maps.model import Word
from tests.assess.spoken import Words
from tests.assess.spoken import words as spoken_words
from tests.snapshots import Source

OWN = """
map: own
title: Own
source: a test
metrics: {own_flags: {help: A test.}}
flag_sets:
  source: {mains_failed: {bit: 0, vendor: X, label: X, description: X., severity: warning, role: on_battery}}
  cells: {swollen: {bit: 0, vendor: X, label: X, description: X., severity: critical, role: battery_alarm}}
  both:
    mains_lost: {bit: 0, vendor: X, label: X, description: X., severity: warning, role: on_battery}
    cell_hot: {bit: 1, vendor: X, label: X, description: X., severity: critical, role: thermal_runaway}
  gas: {gas: {bit: 0, vendor: X, label: X, description: X., severity: critical, role: danger}}
  door: {open: {bit: 0, vendor: X, label: X, description: X., severity: info}}
groups:
  box:
    title: Box
    words:
      source: {address: 1, metric: own_flags, flags: source}
      cells: {address: 2, metric: own_flags, flags: cells}
      both: {address: 3, metric: own_flags, flags: both}
      gas: {address: 4, metric: own_flags, flags: gas}
      door: {address: 5, metric: own_flags, flags: door}
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Word]:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(OWN)
    own = load_maps([path])["own"]
    return {word.id: word for item in (own, *built_in_maps().values()) for word in item.words.values()}


@pytest.mark.parametrize(
    ("name", "ups", "battery"),
    [
        ("ups.status", True, False),
        ("ups.battery_volts", True, False),
        ("bacs.alarms", False, True),
        ("bacs.state", False, True),
        ("bacs.module_volts", False, True),  # a measurement, without a flag
        ("own.source", True, False),
        ("own.cells", False, True),
        ("own.both", True, False),
        # danger to people may come from anything
        ("own.gas", False, False),
        ("own.door", False, False),
    ],
)
def test_whose_word_it_is(words: dict[str, Word], name: str, ups: bool, battery: bool) -> None:
    word = words[name]
    assert (is_of_ups(word), is_of_battery(word)) == (ups, battery)


def test_groups_that_must_be_read(words: dict[str, Word]) -> None:
    own = [word for name, word in words.items() if name.startswith("own.")]
    assert (ups_groups(own), bacs_groups(own)) == (("box",), ("box",))
    doors = [words["own.door"], words["own.gas"]]
    assert (ups_groups(doors), bacs_groups(doors)) == ((), ())


STATE = """
map: mode
title: Mode
source: a test
modules: {mode: [mode]}
metrics: {own_mode: {help: A test.}}
groups:
  box:
    title: Box
    trust: {rule: lost_flags, lost_flags: [mode.silent]}
    words:
      mode:
        address: 1
        metric: own_mode
        states: {0: online, 1: battery, 7: silent}
        roles: {battery: on_battery, silent: lost}
"""


def test_a_state_that_says_lost_says_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mode.yaml").write_text(STATE)
    (tmp_path / "c.yml").write_text("maps: [mode.yaml]\ndevices: [{target: tcp://10.0.0.9, module: mode}]\n")

    def facts(mode: int) -> Facts:
        return Facts(Source(config=tmp_path / "c.yml").snapshot({1: mode}))

    assert (facts(0).clear("on_battery"), facts(0).clear("lost")) == (True, True)
    assert (facts(1).plays("on_battery"), facts(1).clear("lost")) == (True, True)
    assert facts(7).plays("lost")
    assert not facts(7).plays("on_battery")
    assert not facts(7).clear("on_battery")


PARTS = """
map: parts
title: Parts
source: a test
modules: {parts: [parts]}
metrics: {own_part: {help: A test.}, own_parts: {help: A test.}}
flag_sets:
  part:
    inverting: {bit: 0, vendor: X, label: X, description: X., severity: warning, role: on_battery}
    burning: {bit: 1, vendor: X, label: X, description: X., severity: critical, role: danger}
    worn: {bit: 2, vendor: X, label: X, description: X., severity: info, role: battery_alarm}
groups:
  box: {title: Box, words: {parts: {address: 1, metric: own_parts}}}
  part:
    title: Part
    repeat: {label: part, count: parts, max: 3, stride: 1}
    words: {alarm: {address: 10, metric: own_part, flags: part}}
"""


@pytest.mark.parametrize(
    ("parts", "plays", "clear"),
    [((0, 0), (), ("on_battery", "danger")), ((0, 1), ("on_battery",), ("danger",))],
)
def test_flags_of_parts_that_are_all_clear_are_known(
    parts: tuple[int, int], plays: tuple[str, ...], clear: tuple[str, ...], tmp_path: Path
) -> None:
    """A UPS of several parts is on mains when none of them says otherwise."""
    (tmp_path / "parts.yaml").write_text(PARTS)
    (tmp_path / "c.yml").write_text(
        "maps: [parts.yaml]\ndevices: [{target: tcp://10.0.0.9, module: parts}]\n"
    )
    source = Source(config=tmp_path / "c.yml")
    source.memory.counts.counts["part"] = 2
    facts = Facts(source.snapshot({1: 2, 10: parts[0], 11: parts[1]}))
    assert [role for role in ("on_battery", "danger") if facts.plays(role)] == [*plays]
    assert [role for role in ("on_battery", "danger") if facts.clear(role)] == [*clear]
    # a part is neither a string nor a module
    assert [alarm.places for alarm in active_alarms(facts.snapshot)] == [()] * len(plays)


BACS_WELL = {"bacs_untrusted": False, "bacs_unread": False}
SEEN = {"unreachable": False, "all_zero": False, "ups_lost": False, "ups_unread": False, **BACS_WELL}
OUTPUT = {"map_in_doubt": False, "no_output": False}


@pytest.mark.parametrize(
    ("change", "answers"),
    [
        ({}, {**SEEN, **OUTPUT}),
        (dict.fromkeys(range(97, 103), 0), {**SEEN, **OUTPUT, "no_output": True}),
        (dict.fromkeys(range(97, 143), 0), {**SEEN, **OUTPUT, "all_zero": True, "no_output": True}),
        # what needs a UPS that was read and can be trusted is left open
        ({134: 1}, {**SEEN, "ups_lost": True}),
        ({103: None}, {**SEEN, "ups_unread": True}),
        ({1000: 0x0002}, {**SEEN, **OUTPUT, "bacs_untrusted": True}),
        ({1061: None}, {**SEEN, **OUTPUT, "bacs_unread": True}),
    ],
)
def test_what_a_pass_answers_and_what_it_leaves_open(change: Words, answers: dict[str, bool]) -> None:
    assert measured(Source().snapshot(spoken_words(change))) == answers


def test_nothing_read_answers_one_question() -> None:
    assert measured(Source().snapshot({})) == {"unreachable": True}
