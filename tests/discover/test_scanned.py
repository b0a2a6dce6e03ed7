"""What a word looks like by how it stood and moved, as functions of what was heard."""

import pytest

from exporter.discover.heard import Heard
from exporter.discover.scanned import Scanned, looks_like, nothing_heard, places, rows, same_list, summary
from exporter.discover.skeleton import map_text, wanted


@pytest.mark.parametrize(
    ("values", "like"),
    [
        ([0xD8F1] * 3, "filler (−9999)"),
        ([0xFFFF], "all ones or an extreme: most likely not available"),
        ([0x8000, 0x8000], "all ones or an extreme: most likely not available"),
        ([0], "stands"),
        ([7, 7], "stands"),
        ([1, 1], "stands: may be a flag"),
        ([230], "stands: may be volts"),
        ([2301], "stands: may be tenths of volts"),
        ([50], "stands: may be hertz"),
        ([500], "stands: may be tenths of hertz"),
        ([5998], "stands: may be hundredths of hertz"),
        ([0x2100], "stands: may be a bit field with bits 8, 13 set"),
        ([0x0100], "stands: may be a bit field with bit 8 set"),
        ([0, 1, 1], "a flag that changes"),
        ([7, 7, 8, 12], "only rises: a count or a clock"),
        ([7, 8], "moves from 7 to 8"),  # two values are no trend
        ([4, 12, 12, 28], "only rises: a count or a clock"),
        ([4, 12, 4, 20], "single bits change (3–4): a bit field"),
        ([230, 231, 230], "moves from 230 to 231: may be volts"),  # bit 0 flips, as it does in any number
        ([3, 0xFFFE, 1], "moves, signed from -2 to 3"),
        ([2310, 2290], "moves from 2290 to 2310: may be tenths of volts"),
    ],
)
def test_what_a_word_looks_like(values: list[int], like: str) -> None:
    assert looks_like(values) == like


def words_of(text: bytes, first: int) -> dict[int, int]:
    return {first + i: int.from_bytes(text[2 * i : 2 * i + 2], "big") for i in range(len(text) // 2)}


def scanned(words: dict[int, int], four: dict[int, int] | None = None, *looks: dict[int, int]) -> Scanned:
    heard = {3: Heard(1, 3, words=words)}
    if four is not None:
        heard[4] = Heard(1, 4, words=four)
    return Scanned(1, 0, 99, heard, {3: list(looks)})


def like(scan: Scanned) -> dict[int, str]:
    return {place.address: place.like for place in places(scan)}


def test_text_is_two_characters_a_word() -> None:
    found = like(
        scanned(words_of(b"CS141  ", 10) | words_of(b"AB12\0\0", 40) | {20: 0x4142, 30: 0x3535, 31: 0x3939})
    )
    assert {found[a] for a in (10, 11, 12)} == {'text "CS141" in 10–12'}
    assert found[40] == found[41] == 'text "AB12" in 40–41'
    assert found[20] == "stands"  # two characters may be anything
    assert found[30] == found[31] == "stands"  # digits alone may be numbers
    moving = scanned(words_of(b"CS141X", 10), None, {10: 1})
    assert like(moving)[10].startswith("moves")


def test_two_function_codes_that_give_the_same_are_one() -> None:
    words = {a: 100 * a for a in range(1, 30)}
    assert same_list(scanned(words, words | {3: 301}))  # a value that moved by then
    assert {place.function for place in places(scanned(words, words))} == {3}
    assert not same_list(scanned(words, dict.fromkeys(words, 7)))
    assert not same_list(scanned(words, {1: 100}))
    assert not same_list(scanned({}, {}))
    assert {place.function for place in places(scanned(words, {1: 100}))} == {3, 4}


def test_neighbours_that_say_nothing_are_one_row() -> None:
    scan = scanned({0: 0, 1: 0, 2: 0, 3: 5, 4: 5, 6: 0xD8F1, 7: 0xD8F1, 8: 0, 10: 0})
    assert [(addresses, raw) for _, addresses, raw, _, _ in rows(places(scan))] == [
        ("0–2", "0"), ("3", "5"), ("4", "5"), ("6–7", "55537"), ("8", "0"), ("10", "0"),
    ]  # fmt: skip


def test_what_was_not_asked_is_told_from_what_was_not_answered() -> None:
    scan = Scanned(
        1, 0, 49, {3: Heard(1, 3, words={0: 1}, refused={1: 2, 2: 3}, silent={3, 4}, max_words=32)}
    )
    scan.ended = "the scan was ended before its time"
    assert summary(scan) == [
        "function code 3: 0 answers; 1 refused with exception 2; 2 refused with exception 3; "
        "3–4 not answered; 5–49 not asked",
        "it takes 32 words at once, not more",
        "the words were looked at 1 time",
        "the scan was ended before its time",
    ]


def test_what_was_ended_before_anything_answered_says_nothing_of_the_device() -> None:
    scan = Scanned(1, 0, 9, ended="the scan was ended before its time")
    assert summary(scan) == ["the scan was ended before its time"]
    assert nothing_heard(scan, []) == "no word from 0 to 9 had answered by then"
    scan = Scanned(1, 0, 9, {3: Heard(1, 3, refused=dict.fromkeys(range(10), 2))})
    assert summary(scan) == ["function code 3: none answer; 0–9 refused with exception 2"]
    assert nothing_heard(scan, []) == "no word from 0 to 9 answers"
    zeros = scanned(dict.fromkeys(range(5000), 0))
    assert wanted(places(zeros)) == []
    assert nothing_heard(zeros, places(zeros)).endswith("that answer stood at 0 or filler")


def test_a_map_of_very_many_words_leaves_out_what_says_nothing() -> None:
    many = places(scanned(dict.fromkeys(range(5000), 0) | {7: 7}))
    assert [place.address for place in wanted(many)] == [7]
    ones = places(scanned(dict.fromkeys(range(5000), 0xFFFF) | {7: 7}))
    assert [place.address for place in wanted(ones)] == [7]
    assert [row[1] for row in rows(ones)] == ["0–6", "7", "8–4999"]
    few = places(scanned(dict.fromkeys(range(50), 0)))
    assert len(wanted(few)) == 50
    assert "word_49:" in map_text("head", few)
