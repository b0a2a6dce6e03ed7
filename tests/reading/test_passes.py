"""Whole passes over devices that refuse, fall silent or are slow, in time that jumps."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from exporter.reading.plan.spans import Request
from tests.hostile import words
from tests.loops import run_jumping
from tests.reading.passes import ALL, CALM, UPS, Passes, Words, cs141

WIDE = """
map: wide
title: Wide
source: written for a test
metrics: {my_value: {help: A test.}}
groups:
  wide:
    title: Wide
    readable: [[10, 29]]
    words:
      long: {address: 10, type: uint64, metric: my_value, labels: {n: "0"}}
      w1: {address: 14, metric: my_value, labels: {n: "1"}}
      w2: {address: 15, metric: my_value, labels: {n: "2"}}
      w3: {address: 16, metric: my_value, labels: {n: "3"}}
      w4: {address: 17, metric: my_value, labels: {n: "4"}}
      w5: {address: 18, metric: my_value, labels: {n: "5"}}
      w6: {address: 19, metric: my_value, labels: {n: "6"}}
      w7: {address: 20, metric: my_value, labels: {n: "7"}}
      w8: {address: 21, metric: my_value, labels: {n: "8"}}
"""
FLAGS = [109, *range(115, 123)]  # the status word and eight alarms


@pytest.mark.parametrize(
    ("modules", "seconds", "target"),
    [(330, 0.33, "10.0.0.1"), (240, 0.45, "rtu:///dev/ttyS0")],
    ids=["330 modules", "9600 baud"],
)
def test_flags_that_were_refused_are_asked_for_again_even_if_the_time_is_always_over(
    modules: int, seconds: float, target: str
) -> None:
    async def test() -> None:
        device = cs141(10, modules, but=FLAGS, seconds=seconds)
        scrape = Passes(device, target=target)
        await scrape.every(15, 8)  # it is known, and never read in one pass
        device.served |= {*FLAGS}
        seen: set[int] = set()
        for snapshot in await scrape.every(15, 6):
            seen |= words(snapshot).keys()
        assert seen >= {*FLAGS}, "a minute has gone by"
        assert not scrape.memory.refusals

    run_jumping(test())


def test_flags_are_asked_for_again_where_there_is_time_for_one_answer_only() -> None:
    async def test() -> None:
        device = cs141(1, 40, but=FLAGS, seconds=0.05)
        scrape = Passes(device)
        await scrape.every(15, 2)
        device.served |= {*FLAGS}
        device.seconds = 0.6
        seen: set[int] = set()
        for _ in range(16):
            seen |= words(await scrape(1.0)).keys()
            await asyncio.sleep(14)
        assert seen >= {*FLAGS}

    run_jumping(test())


@pytest.mark.parametrize("seconds", [0.33, 0.5, 0.9])
@pytest.mark.parametrize("refused", [FLAGS, range(97, 100), [109, 120, 131]], ids=str)
def test_what_a_slow_device_refuses_is_found_out_over_several_passes(
    seconds: float, refused: Collection[int]
) -> None:
    """A pass has time for five answers: too few to find out at once which words are refused."""

    async def test() -> None:
        device = cs141(2, 40, but=refused, seconds=seconds)
        scrape = Passes(device)
        found = await scrape.every(15, 20)
        assert all(snapshot.up for snapshot in found)
        served = {*UPS, *range(1000, 1006), *range(1060, 1260)} - {*refused}
        assert words(found[-1]).keys() | words(found[-2]).keys() >= served
        device.served |= {*refused}
        await scrape.every(15, 40)
        assert words(await scrape()).keys() >= served | {*refused}

    run_jumping(test())


@pytest.mark.parametrize("every", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("bad", [1, 2, 3])
def test_what_was_refused_by_chance_is_doubted_as_soon_as_the_device_is_well(every: int, bad: int) -> None:
    def by_chance(device: Words, request: Request) -> int:
        return 2 if len(device.requests) % every == 0 else 0

    async def test() -> None:
        device = cs141(2, 40)
        scrape = Passes(device)
        device.answer = by_chance
        await scrape.every(15, bad)
        device.answer = lambda words, request: 0
        first, second = await scrape.every(15, 2)
        assert first.groups == ALL, first.errors
        assert len(words(first)) == 46 + 6 + 2 * 4 + 40 * 5
        assert second.groups == ALL
        assert scrape.requests <= 4
        assert max(request.count for request in device.requests[-4:]) == 125

    run_jumping(test())


@pytest.mark.parametrize(("strings", "modules"), [(11, 40), (12, 48), (2, 331), (1, 400), (11, 400)])
def test_what_the_map_holds_is_read_in_the_first_pass_although_there_is_more(
    strings: int, modules: int
) -> None:
    async def test() -> None:
        snapshot = await Passes(cs141(strings, modules))()
        seen = words(snapshot).keys()
        assert {1010 + 5 * s for s in range(min(strings, 10))} <= seen
        assert {1060 + 5 * m for m in range(min(modules, 330))} <= seen
        assert snapshot.groups == ALL | {"strings": strings <= 10, "modules": modules <= 330}
        labels = {
            dict(series.labels)["module"]: dict(series.labels).get("string")
            for series, _ in snapshot.readings["generex_bacs_module_volts"]
        }
        # which string a module is in is said only where the device's own numbers say it
        if modules > 330 or modules % strings:
            assert set(labels.values()) == {None}
        else:
            assert labels["5"] == "2"
        for what, number, most in (("strings", strings, 10), ("modules", modules, 330)):
            assert (f"{number} {what}, but the map holds {most}" in snapshot.errors) is (number > most)

    run_jumping(test())


def test_a_device_that_refuses_until_the_time_is_over_has_answered() -> None:
    async def test() -> None:
        device = Words(set(), seconds=0.4)
        scrape = Passes(device, module="ups")
        snapshot = await scrape(0.6)
        assert not snapshot.up
        assert scrape.told_of_the_device

    run_jumping(test())


def test_a_device_of_which_not_all_was_refused_is_not_said_to_refuse_all() -> None:
    def busy(device: Words, request: Request) -> int:
        return 2 if request.address == 97 else 4

    async def test() -> None:
        snapshot = await Passes(Words({*UPS}, answer=busy))()
        assert not snapshot.up
        assert not any("every address" in text for text in snapshot.errors)

    run_jumping(test())


def test_a_device_that_needs_pauses_is_said_to_need_pacing() -> None:
    async def test() -> None:
        scrape = Passes(cs141(2, 40, pause=0.03))
        (snapshot,) = (await scrape.every(15, 3))[-1:]
        assert snapshot.groups == ALL
        (text,) = snapshot.errors
        assert "3 requests" in text
        assert "pacing" in text
        # one lost answer is none of that
        device = cs141(2, 40)
        device.answer = lambda words, request: -1 if len(words.requests) == 3 else 0
        assert (await Passes(device)()).errors == ()

    run_jumping(test())


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("refused", "refuses"),
        ("zeros", "0 in all"),
        ("filler", "-9999"),
        ("silent", "does not answer"),
    ],
)
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"expect": {"strings": 2, "modules": 40}}, "expect"),
        ({"bacs": "required"}, "bacs: required"),
    ],
    ids=["expect", "required"],
)
def test_a_bacs_that_is_expected_and_not_there_is_named(
    how: str, says: str, settings: dict[str, Any], why: str
) -> None:
    async def test() -> None:
        device = Words({*UPS}) if how == "refused" else cs141(0, 0)
        general = range(1000, 1010)
        if how in ("zeros", "filler"):
            device.pins |= dict.fromkeys(general, 0 if how == "zeros" else 0xD8F1)
        if how == "silent":
            device.ignored = {*range(1000, 2710)}
        for snapshot in await Passes(device, **settings).every(15, 2):
            assert snapshot.groups["ups"]
            assert snapshot.groups["bacs"] is False
            text = snapshot.errors[-1]
            assert why in text
            assert says in text
            names = [name for name, good in snapshot.groups.items() if not good]
            assert text.endswith(f": {', '.join(names)} {'count' if names[1:] else 'counts'} as unread")

    run_jumping(test())


@pytest.mark.parametrize("settings", [{}, {"bacs": "required"}, {"expect": {"modules": 8}}], ids=str)
def test_a_silent_ups_hides_no_bacs(settings: dict[str, Any]) -> None:
    async def test() -> None:
        device = cs141(1, 8)
        device.ignored = {*UPS}
        scrape = Passes(device, **settings)
        snapshots = await scrape.every(15, 20)
        assert not snapshots[0].up
        for snapshot in snapshots[1:]:
            assert snapshot.groups == ALL | {"ups": False}
            assert {1000, 1002, 1063} <= words(snapshot).keys()
        # its silence costs a timeout in a pass, and another when a word is asked for again
        silent = [r for r in device.requests[-scrape.requests :] if r.address < 1000]
        assert len(silent) <= 3
        device.ignored = set()
        await asyncio.sleep(60)
        assert (await scrape()).groups["ups"], "it is back at once"

    run_jumping(test())


@pytest.mark.parametrize("settings", [{}, {"bacs": "required"}], ids=str)
@pytest.mark.parametrize(
    "ignored",
    [[1005], range(97, 100), [1005, 97, 98, 99], [108, 120, 131]],
    ids=["1005", "97-99", "both", "3"],
)
def test_a_device_that_ignores_words_is_read_around_them(
    ignored: list[int], settings: dict[str, Any]
) -> None:
    async def test() -> None:
        device = cs141(2, 40)
        device.ignored = {*ignored}
        scrape = Passes(device, **settings)
        await scrape.every(15, 24)  # six minutes
        device.requests.clear()
        whole = {*UPS, *range(1000, 1006), *range(1060, 1260), *(1010 + i for i in (0, 1, 2, 3, 5, 6, 7, 8))}
        missing = []
        for snapshot in await scrape.every(15, 8):
            missing.append(whole - {*ignored} - words(snapshot).keys())
            assert snapshot.groups == ALL | {"ups": snapshot.groups["ups"]}
        assert missing == [set()] * 8
        device.ignored = set()
        seen: set[int] = set()
        for snapshot in await scrape.every(15, 44):
            seen |= words(snapshot).keys()
        assert seen >= whole, "what is served after all is found"

    run_jumping(test())


@pytest.mark.parametrize(
    ("ignored", "flags"),
    [
        (range(97, 100), {109, 115, 138, 1000, 1002, 1005}),
        ([104], {109, 115, 138, 1000, 1002, 1005}),
        ([142], {109, 115, 138, 1000, 1002, 1005}),
        ([1005], {109, 115, 138, 1000, 1002}),
        ([1003, 1004], {109, 115, 138, 1000, 1002, 1005}),
        ([120], {109, 1000, 1002, 1005}),
    ],
    ids=["97-99", "104", "142", "1005", "1003-1004", "120"],
)
def test_what_a_device_ignores_hides_no_flag_beyond_the_first_pass(
    ignored: list[int], flags: set[int]
) -> None:
    async def test() -> None:
        device = cs141(2, 40)
        device.ignored = {*ignored}
        second = (await Passes(device).every(15, 2))[1]
        assert words(second).keys() >= flags
        device = Words({*UPS}, dict(CALM), ignored={*ignored})
        second = (await Passes(device).every(15, 2))[1]
        assert words(second).keys() >= flags & {*UPS}

    run_jumping(test())


@pytest.mark.parametrize("most", [16, 64, 100])
def test_a_device_that_ignores_long_requests_is_read_in_shorter_ones(most: int) -> None:
    async def test() -> None:
        device = cs141(2, 40)
        device.answer = lambda words, request: -1 if request.count > most else 0
        scrape = Passes(device)
        # it is found out once, and from then on nothing is missing, however often more is tried
        snapshots = await scrape.every(15, 60)
        assert [snapshot.groups for snapshot in snapshots[12:]] == [ALL] * 48
        device.answer = lambda words, request: 0
        await scrape.every(60, 11)
        assert (await scrape()).groups == ALL
        assert scrape.requests == 4

    run_jumping(test())


@pytest.mark.parametrize("most", [6, 12, 20, 40])
def test_a_device_without_bacs_that_ignores_long_requests_is_read_in_shorter_ones(most: int) -> None:
    """Nothing else answers that would tell it from a device that is down."""

    async def test() -> None:
        device = Words({*UPS})
        device.answer = lambda words, request: -1 if request.count > most else 0
        scrape = Passes(device)
        snapshots = await scrape.every(15, 60)
        assert [words(snapshot).keys() >= {*UPS} for snapshot in snapshots[6:]] == [True] * 54
        device.answer = lambda words, request: 0
        await scrape.every(60, 11)
        assert (await scrape()).up
        assert [r.count for r in device.requests[-scrape.requests :] if r.address < 1000] == [46]

    run_jumping(test())


def test_a_device_that_was_down_is_read_at_once_again() -> None:
    async def test() -> None:
        device = cs141(2, 40)
        scrape = Passes(device)
        await scrape.every(15, 2)
        cheap = scrape.requests
        for passes in range(1, 12):
            device.answer = lambda words, request: -1
            await scrape.every(15, passes)
            device.answer = lambda words, request: 0
            assert (await scrape()).groups == ALL
            assert (await scrape()).groups == ALL
            assert scrape.requests == cheap

    run_jumping(test())


def test_one_answer_that_is_lost_costs_nothing_but_itself() -> None:
    async def test() -> None:
        device = cs141(2, 40)
        scrape = Passes(device)
        await scrape()
        await scrape()
        cheap = scrape.requests
        lost = len(device.requests) + 2
        device.answer = lambda words, request: -1 if lost <= len(words.requests) <= lost + 1 else 0
        assert (await scrape()).groups != ALL
        for _ in range(2):
            assert (await scrape()).groups == ALL
            assert scrape.requests == cheap

    run_jumping(test())


@pytest.mark.parametrize(("settings", "function"), [({}, 3), ({"function": 4}, 4)])
def test_a_device_is_read_by_the_function_code_that_is_configured(
    settings: dict[str, Any], function: int
) -> None:
    async def test() -> None:
        device = cs141(2, 40)
        device.answer = lambda words, request: 0 if request.function == 4 else 1
        scrape = Passes(device, **settings)
        snapshot = await scrape()
        assert {request.function for request in device.requests} == {function}
        assert snapshot.up is (function == 4)
        if snapshot.up:
            assert snapshot.groups == ALL
            assert snapshot.words["ups.status"] == 1

    run_jumping(test())


def test_a_device_too_slow_for_one_pass_is_read_in_several() -> None:
    async def test() -> None:
        device = cs141(1, 40, seconds=0.25)
        scrape = Passes(device)
        seen: set[int] = set()
        texts = []
        for _ in range(8):
            snapshot = await scrape(0.4)
            seen |= words(snapshot).keys()
            texts.append(snapshot.errors[-1])
            await asyncio.sleep(15)
        assert texts[:2] == [
            "ran out of time before bacs could be read",
            "ran out of time before ups, strings, modules could be read",
        ]
        assert seen >= {*UPS, *range(1000, 1006), *range(1010, 1014), *range(1060, 1260)}
        # once it is fast enough, a pass is whole, and starts with the UPS again
        device.seconds = 0.01
        for _ in range(2):
            device.requests.clear()
            snapshot = await scrape()
            assert snapshot.groups == ALL
            assert snapshot.errors == ()
        assert device.requests[0].address == 97

    run_jumping(test())


def test_a_slow_device_whose_bacs_falls_silent_misses_one_pass_at_most() -> None:
    """There is time for one answer in a pass: what came first in vain does not come first again."""

    async def test() -> None:
        device = cs141(1, 40, timeout=0.5)
        scrape = Passes(device)
        assert (await scrape()).groups == ALL
        device.seconds = 0.2
        device.ignored = {*range(1000, 2710)}
        heard = []
        for _ in range(12):
            heard.append((await scrape(0.4)).groups["ups"])
            await asyncio.sleep(15)
        assert heard.count(False) <= 1, heard

    run_jumping(test())


def test_a_limit_below_the_longest_value_ends_in_single_values(tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "wide.yaml"
        path.write_text(WIDE)
        device = Words({*range(10, 30)})
        device.answer = lambda words, request: 2 if request.count > 4 else 0
        scrape = Passes(
            device, sections={"maps": [str(path)], "modules": {"m": {"maps": ["wide"]}}}, module="m"
        )
        for _ in range(3):
            snapshot = await scrape()
        assert snapshot.groups == {"wide": True}
        assert len(snapshot.words) == 9

    run_jumping(test())
