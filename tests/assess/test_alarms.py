"""Active flags as alarms; bits typed from device.md 3, labels and gravity from operations 4 and 6."""

from collections import Counter
from pathlib import Path

from exporter.assess.alarms import Alarm, active_alarms, flag_readings, place_text
from exporter.reading.decode.snapshot import Snapshot
from tests.assess.spoken import FILLER, Words, words
from tests.snapshots import Source


def seen(*changes: Words) -> Snapshot:
    return Source().snapshot(words(*changes))


def alarms(*changes: Words) -> tuple[Alarm, ...]:
    return active_alarms(seen(*changes))


def test_a_healthy_device_has_none() -> None:
    assert alarms() == ()


def test_the_gravest_comes_first_and_what_is_worth_knowing_last() -> None:
    # in the order of the words: info, warning, critical, info
    found = alarms({109: 0x0044, 130: 1, 131: 1, 138: 1})
    assert [(alarm.severity, alarm.label) for alarm in found] == [
        ("critical", "Fuse blown"),
        ("warning", "Fan failed"),
        ("info", "Test running"),
    ]


def test_what_two_words_say_is_one_alarm() -> None:
    (found,) = alarms({109: 0x0044, 138: 1})
    assert found.label == "Test running"
    assert found.sources == ("ups_status.test_act", "ups_alarm.test_in_progress")
    assert (found.system, found.places, found.roles) == ("ups", (), frozenset({"test"}))
    assert (found.danger, found.collective) == (False, False)


OWN = """
map: own
title: Own
source: a test
modules: {own: [own]}
metrics: {own_door: {help: A test.}}
flag_sets:
  front: {open: {bit: 0, vendor: X, label: Open, description: Front., severity: info, role: general_alarm}}
  back: {open: {bit: 0, vendor: X, label: Open, description: Back., severity: info, action: A., role: danger}}
  side: {open: {bit: 0, vendor: X, label: Open, description: Side., severity: warning, action: B.}}
groups:
  doors:
    title: Doors
    words:
      front: {address: 1, metric: own_door, labels: {door: front}, flags: front}
      back: {address: 2, metric: own_door, labels: {door: back}, flags: back}
      side: {address: 3, metric: own_door, labels: {door: side}, flags: side}
"""


def test_of_words_that_say_the_same_the_gravest_counts(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "c.yml").write_text("maps: [own.yaml]\ndevices: [{target: tcp://10.0.0.9, module: own}]\n")
    (found,) = active_alarms(Source(config=tmp_path / "c.yml").snapshot({1: 1, 2: 1, 3: 1}))
    assert (found.severity, found.label) == ("critical", "Open")
    assert (found.meaning, found.action) == ("Back.", "A.")
    assert found.sources == ("own_door.open",)
    assert (found.danger, found.collective) == (True, False)


def test_danger_to_people_comes_before_all_that_is_as_grave() -> None:
    found = alarms({118: 1, 1001: 0x0008})
    assert [(alarm.label, alarm.danger, alarm.system) for alarm in found] == [
        ("Thermal runaway", True, "bacs"),
        ("Battery depleted", False, "ups"),
    ]


def test_a_collective_alarm_comes_after_what_it_stands_for() -> None:
    # 1002 bit 0 is the general alarm, module 1 has a resistance warning (bit 13), a warning, too
    found = alarms({1002: 0x0001, 1063: 0x2000})
    assert [(alarm.label, alarm.severity, alarm.collective) for alarm in found] == [
        ("Resistance high (warning)", "warning", False),
        ("General alarm", "warning", True),
    ]


def test_a_block_is_named_by_its_string_and_number() -> None:
    found = alarms({1002: 0x0008, 1063: 0x0008, 1068: 0x0008, 1083: 0x0008})
    assert [(alarm.label, alarm.places) for alarm in found] == [
        ("Block voltage low", ("string 1 module 1", "string 1 module 2", "string 2 module 5")),
    ]
    assert found[0].sources == ("bacs_alarm.voltage_low", "bacs_module_alarm.voltage_low")


def test_a_place_is_a_string_and_a_module() -> None:
    assert place_text((("string", "2"), ("module", "17"))) == "string 2 module 17"
    assert place_text((("phase", "1"),)) == ""


def test_flags_that_were_read() -> None:
    readings = Counter(
        (reading.word.metric, reading.is_set) for reading in flag_readings(seen({1063: 0x2001, 115: 1}))
    )
    # the status is 4, and of the 8 blocks the one with an alarm tells all of its flags
    assert readings["generex_ups_status", True] == 1
    assert (readings["generex_ups_alarm", True], readings["generex_ups_alarm", False]) == (1, 23)
    assert readings["generex_bacs_module_alarm", True] == 2
    places = {it.place for it in flag_readings(seen({1063: 0x2001})) if it.place}
    assert places == {(("string", "1"), ("module", "1"))}


def test_the_flags_of_the_whole_device_are_known_while_they_are_clear() -> None:
    clear = {(it.word.metric, it.flag.name) for it in flag_readings(seen()) if not it.is_set}
    assert ("generex_bacs_alarm", "voltage_high") in clear  # bit 2 of 1002


def test_a_ups_that_is_lost_says_so_and_nothing_else() -> None:
    # overload and battery low were so when it was heard last
    found = alarms({109: 0x4114, 122: 1, 134: 1})
    assert [alarm.sources for alarm in found] == [("ups_status.comm_lost", "ups_alarm.communication_lost")]


def test_what_was_not_read_is_no_alarm() -> None:
    # the status word would say that the output is off
    assert alarms({109: None, 1001: FILLER}) == ()
