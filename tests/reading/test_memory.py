"""What is remembered from pass to pass, part by part; times are given."""

import pytest

from exporter.reading.plan.spans import Span
from exporter.reading.readpass.memory import Counts, Limits, Presence, Sight
from exporter.reading.readpass.progress import Outcome
from exporter.reading.readpass.refusals import Refusals
from exporter.reading.readpass.suspects import Suspects, halves

WORD, OTHER = Span(3, 97, 1), Span(3, 98, 1)
THERE, EMPTY, GONE, SILENT = Sight.THERE, Sight.EMPTY, Sight.GONE, Sight.SILENT


@pytest.mark.parametrize(
    ("flags", "served", "waits"),
    [
        (True, False, [15, 30, 60, 60, 60]),
        (False, False, [15, 30, 60, 120, 240, 480, 600, 600]),
        (False, True, [15, 15, 15]),  # once served it is a loss, which may be over at any time
    ],
)
def test_how_long_a_refused_word_is_left_out(flags: bool, served: bool, waits: list[float]) -> None:
    refusals, now = Refusals(), 1000.0
    if served:
        refusals.note_served(WORD.keys())
    for wait in waits:
        refusals.add(WORD, now, flags=flags)
        assert refusals.due(now + wait - 0.1) == set()
        now += wait
        assert refusals.due(now) == {WORD}
    refusals.drop(WORD)
    assert not refusals
    assert refusals.due(1e9) == set()


def test_what_was_refused_by_chance_is_due_at_once_and_what_was_known_is_not() -> None:
    refusals = Refusals()
    refusals.add(WORD, 0.0, flags=False)
    known = refusals.known()
    refusals.add(OTHER, 5.0, flags=False)
    refusals.doubt(known, 5.0)
    assert refusals.due(5.0) == {OTHER}
    assert refusals.due(15.0) == {WORD, OTHER}
    refusals.go_back(known)
    assert refusals.spans == {WORD}


def test_a_device_that_refuses_everything_is_looked_into_rarely() -> None:
    refusals = Refusals()
    assert refusals.may_look_into(0.0)
    refusals.looked_in_vain(0.0)
    assert not refusals.may_look_into(599.0)
    assert refusals.may_look_into(600.0)
    # one that has served words is most likely starting up: that is over soon
    refusals.note_served(WORD.keys())
    assert not refusals.may_look_into(1000.0)
    assert not refusals.may_look_into(1059.0)
    assert refusals.may_look_into(1060.0)


def test_how_long_a_limit_holds() -> None:
    limits, now = Limits(), 100.0
    for hold in (15, 30, 60, 120, 240, 480, 600, 600):
        limits.learn(now, max_words=50, unreadable=[(3, 1014)])
        limits.learn(now, max_words=40)
        assert (limits.max_words, limits.unreadable) == (40, {(3, 1014)})
        assert not limits.due(now + hold - 0.1)
        now += hold
        assert limits.due(now)
    limits.forget()
    assert (limits.max_words, limits.unreadable) == (125, set())
    assert not limits.due(now)
    # long after, it is another trouble
    limits.learn(now + 10_000, max_words=50)
    assert limits.due(now + 10_015)


@pytest.mark.parametrize(
    ("sights", "found", "lost", "next_look"),
    [
        ([], False, False, 0),
        ([THERE], True, False, 0),
        ([GONE], False, False, 15),
        ([GONE, GONE], False, False, 30),
        ([GONE, EMPTY, GONE, GONE], False, False, 60),
        ([SILENT], False, False, 0),  # one lost answer is no absence
        ([SILENT, SILENT], False, False, 60),
        ([SILENT, GONE], False, False, 15),
        ([THERE, GONE], True, True, 0),
        ([THERE, SILENT], True, False, 0),
        ([THERE, GONE, SILENT], True, True, 0),
        ([THERE, GONE, EMPTY], True, False, 0),
        ([THERE, GONE, THERE], True, False, 0),
    ],
)
def test_presence(sights: list[Sight], found: bool, lost: bool, next_look: int) -> None:
    presence = Presence()
    for sight in sights:
        presence.note("bacs", sight, 1000.0)
    assert ("bacs" in presence.found, "bacs" in presence.lost) == (found, lost)
    assert presence.is_looked_for("bacs", 1000.0 + next_look)
    if next_look:
        assert not presence.is_looked_for("bacs", 999.0 + next_look)


def test_a_group_repeats_as_often_as_is_said_or_configured_or_was_seen() -> None:
    counts = Counts()
    counts.note("modules", said=8, configured=0)
    assert counts.counts == {"modules": 8}
    counts.see({"modules": {1, 2, 7}})
    counts.note("modules", said=4, configured=0)
    assert counts.counts == {"modules": 7}
    counts.note("modules", said=4, configured=10)
    assert counts.counts == {"modules": 10}


def nothing(span: Span) -> Outcome | None:
    return None


def test_a_word_is_ignored_when_it_alone_was_silent_time_after_time() -> None:
    spans = tuple(Span(3, address, 1) for address in range(100, 108))
    suspects = Suspects()
    for times in (1, 2):
        assert suspects.settle(nothing, [spans], others=True) == []
        assert [(piece.spans, piece.times) for piece in suspects.pieces] == [(spans, times)]
    # half of it is read, the other half is silent: what is left is asked for on
    assert suspects.settle(dict.fromkeys(spans[:4], Outcome.READ).get, [spans[4:]], others=True) == []
    assert suspects.spans == {*spans[4:]}
    suspects.settle(dict.fromkeys(spans[4:6], Outcome.REFUSED).get, [spans[6:]], others=True)
    assert suspects.settle({spans[7]: Outcome.READ}.get, [spans[6:7]], others=True) == [spans[6]]
    assert suspects.pieces == []


def test_words_with_flags_are_asked_for_apart_from_others_and_first() -> None:
    spans = tuple(Span(3, address, 1) for address in range(97, 103))
    flags = {spans[2], spans[4]}
    assert halves(spans, flags) == [(spans[2], spans[4]), (*spans[:2], spans[3], spans[5])]
    assert halves(spans[:2], flags) == [spans[:1], spans[1:2]]
    assert halves((spans[2], spans[4]), flags) == [(spans[2],), (spans[4],)]
    assert halves(spans[:1], flags) == [spans[:1]]
    suspects = Suspects()
    suspects.settle(nothing, [spans], others=False, alarms=flags)
    assert [piece.spans for piece in suspects.pieces] == halves(spans, flags)


def test_nothing_is_ignored_by_a_device_that_is_down() -> None:
    spans = tuple(Span(3, address, 1) for address in range(100, 200))
    suspects = Suspects()
    for _ in range(100):
        silent = [suspects.pieces[0].spans if suspects.pieces else spans]
        assert suspects.settle(nothing, silent, others=False) == []
    assert suspects.spans == {*spans}
    assert len(suspects.pieces) <= 17, "so many requests when it is back, once"
    suspects.settle(dict.fromkeys(spans, Outcome.READ).get, [], others=True)
    assert suspects.pieces == []
