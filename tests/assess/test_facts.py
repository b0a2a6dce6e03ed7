"""Whose words are whose: by their metric, or by the roles of their flags."""

import pytest

from exporter.assess.facts import bacs_groups, is_of_battery, is_of_ups, ups_groups
from exporter.maps import built_in_maps, load_maps
from exporter.maps.model import Word

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
