"""Verdicts: the UPS in sight, the BACS vouching for itself, a gateway frame that moves."""

import pytest

from exporter.maps import built_in_maps
from exporter.maps.model import Trust
from exporter.reading.decode.truth import FrameWatch, bacs_is_there, bacs_verdict, lost_flags_verdict

UPS = Trust("lost_flags", "ups", ("status.comm_lost", "communication_lost"))
WORDS = built_in_maps()["ups"].words


@pytest.mark.parametrize(
    ("raws", "in_sight"),
    [
        ({"status": 0x0004, "communication_lost": 0}, True),
        ({"status": 0x8004, "communication_lost": 0}, True),
        ({"status": 0x4000, "communication_lost": 0}, False),
        ({"status": 0x0004, "communication_lost": 1}, False),
        ({"status": 0x0004, "communication_lost": 0x100}, False),
        ({"status": 0x0004}, True),
        ({"communication_lost": 0}, True),
        ({"communication_lost": 1}, False),
        ({"battery_volts": 240}, False),
        ({}, False),
    ],
)
def test_ups_in_sight(raws, in_sight):
    assert lost_flags_verdict(UPS, raws, WORDS) is in_sight


@pytest.mark.parametrize(
    ("raws", "there"),
    [
        ({}, False),
        (dict.fromkeys(("state", "state_1", "alarms", "num_strings", "num_modules", "alarms_1"), 0), False),
        ({"state": 0}, False),
        ({"state": 1}, True),
        ({"state_1": 1}, True),
        ({"alarms": 1}, True),
        ({"num_strings": 1}, True),
        ({"num_modules": 1}, True),
        ({"alarms_1": 1}, True),
        ({"status": 4}, False),
    ],
)
def test_bacs_is_there(raws, there):
    assert bacs_is_there(raws) is there


@pytest.mark.parametrize(
    ("state", "vouches"),
    [
        (0x0000, False),
        (0x0001, True),
        (0x0002, False),
        (0x0003, True),
        (0x0041, True),
        (0xFFFE, False),
        (0x0004, True),
    ],
)
def test_bacs_vouches(state, vouches):
    assert bacs_verdict({"state": state}) is vouches
    assert bacs_verdict({"state_1": 1}) is False


def test_ups_not_in_sight_while_a_word_that_could_say_lost_is_unread():
    raws = {"status": 0x0004, "communication_lost": 0}
    assert lost_flags_verdict(UPS, raws, WORDS, {"battery_volts"}) is True
    assert lost_flags_verdict(UPS, {"status": 4}, WORDS, {"communication_lost"}) is False
    assert lost_flags_verdict(UPS, {"communication_lost": 0}, WORDS, {"status"}) is False


# (time, counter) as read, and whether the frame is then believed
@pytest.mark.parametrize(
    "story",
    [
        # after a start not before the second one with another counter
        [(0, 5, False), (1, 5, False), (2, 6, True), (3, 6, True)],
        # standing for 60 s
        [(0, 5, False), (10, 6, True), (40, 6, True), (60, 6, True), (62.1, 6, False), (80, 7, True)],
        # it stopped right after a look: the next one sees it moved, but not later than at the first
        [(0, 5, False), (1, 6, True), (56, 7, True), (111, 7, False), (166, 7, False)],
        # looks about a minute apart
        [(0, 5, False), (58, 17, True), (119, 29, True), (179, 41, True), (238, 53, True), (299, 65, True)],
        # a jump to 0 is a cleared counter, unless it went round
        [(0, 9, False), (1, 10, True), (16, 0, False), (17, 0, False), (18, 1, True)],
        [(0, 254, False), (1, 255, True), (16, 0, True), (31, 0, True)],
        # one byte: after 255 comes 0
        [(0, 255, False), (1, 0, True)],
        # a counter that goes backwards has moved too: the gateway was started anew
        [(0, 200, False), (1, 3, True)],
        # two looks a minute apart can be compared, further apart they cannot: it may have gone round
        [(0, 5, False), (60, 6, True)],
        [(0, 5, False), (62.1, 6, False), (63, 7, True)],
        [(0, 5, False), (1, 6, True), (100, 9, False), (100.25, 9, False), (100.5, 10, True)],
        # it stands, and the looks are frequent
        [(0, 1, False), *((second, 1, False) for second in range(5, 200, 5))],
        # late by a clock that stands still
        [(7, 1, False), (7, 2, True)],
    ],
)
def test_frame_watch(story):
    watch = FrameWatch(60)
    for now, counter, believed in story:
        watch.observe(counter, now)
        assert watch.moving(now) is believed, (now, counter)


def test_belief_ends_without_a_look():
    watch = FrameWatch(10)
    watch.observe(1, 0)
    watch.observe(2, 1)
    assert watch.moving(11)
    assert not watch.moving(11.1)


def test_frame_that_went_away_must_move_again():
    watch = FrameWatch(60)
    watch.observe(1, 0)
    watch.observe(2, 1)
    watch.forget()
    assert not watch.moving(1)
    watch.observe(3, 2)
    assert not watch.moving(2)
    watch.observe(4, 3)
    assert watch.moving(3)


@pytest.mark.parametrize(
    ("stale_after", "apart", "believed"),
    [(60, 62, True), (60, 62.1, False), (15, 15.5, True), (15, 15.6, False)],
)
def test_looks_a_thirtieth_late_still_count(stale_after, apart, believed):
    """Between two looks further apart a full round of the counter may lie."""
    watch = FrameWatch(stale_after)
    watch.observe(1, 100)
    watch.observe(2, 100 + apart)
    assert watch.moving(100 + apart) is believed


def test_nothing_seen_yet():
    assert not FrameWatch(60).moving(0)
