"""Refused words and devices that take little at once: the rest is read, and the next pass is cheap."""

import asyncio
from typing import Any

import pytest

from tests import hostile
from tests.hostile import (
    BACS,
    TIMEOUT,
    UPS,
    Clock,
    Hostile,
    Peer,
    Request,
    check_true,
    exported,
    fleet,
    scrape,
    words,
)
from tests.loops import run

SENSORS = {number: {"name": f"s{number}", "kind": "value", "scale": 1} for number in range(1, 9)}
LONG = {"timeout": "10s", "request_timeout": "1s"}


@pytest.mark.parametrize(
    ("refused", "settings", "requests", "group"),
    [
        (range(97, 100), {}, 1, "ups"),
        (range(128, 143), {}, 1, "ups"),
        ([*range(97, 100), *range(128, 143)], {}, 1, "ups"),
        ([108, 120, 131], {}, 4, "ups"),
        (range(143, 151), {"sensors": SENSORS}, 1, "ups"),
        ([1005], {"module": "cs141"}, 2, "bacs"),
    ],
    ids=["97-99", "128-142", "both ends", "scattered", "sensors", "1005"],
)
def test_refused_words_are_left_out(
    refused: range, settings: dict[str, Any], requests: int, group: str
) -> None:
    clock = Clock()

    async def test() -> None:
        served = {*UPS, *BACS, *range(143, 151)} - set(refused)
        async with (
            Hostile(served=served) as device,
            fleet({"name": "a", "target": device.target(), **LONG, **settings}, clock=clock) as devices,
        ):
            a = devices.devices["a"]
            for _ in range(2):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups[group]
                assert words(snapshot).keys().isdisjoint(refused)
            # everything else of the maps was read
            assert served & words(snapshot).keys() == words(snapshot).keys()
            assert len(words(snapshot)) == len(UPS) + ("cs141" in settings.values()) * 6 - len(
                {*refused} & {*UPS, 1005}
            )
            # and from now on a pass is as cheap as it can be
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == requests
            # sensors are asked for because somebody named them: without them the group is not complete
            assert snapshot.groups.get("sensors", True) is ("sensors" not in settings)

            device.served.update(refused)
            clock.advance(10)
            assert words(await scrape(a)).keys().isdisjoint(refused)
            clock.advance(5)  # it may have been a device starting up: soon at first
            snapshot = await scrape(a)
            assert words(snapshot).keys() >= set(refused)
            assert all(snapshot.groups.values())
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before <= 2, "nothing is left out any more"

    run(test())


def test_words_refused_as_an_illegal_function_are_found_like_others() -> None:
    """A device that says exception 1 of the words that it has not, and of nothing else."""

    def picky(device: Hostile, peer: Peer, request: Request) -> None:
        there = not {*range(128, 143)}.intersection(range(request.address, request.last + 1))
        (hostile.honest if there else hostile.exception(1))(device, peer, request)

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = picky
            for _ in range(2):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert words(snapshot).keys() == {*range(97, 128)}
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == 1

    run(test())


@pytest.mark.parametrize("code", [1, 2, 3])
@pytest.mark.parametrize(("most", "requests"), [(100, 19), (50, 37), (10, 200), (1, 1700)])
def test_a_device_that_takes_less_at_once(most: int, requests: int, code: int) -> None:
    modules = 330 if most >= 50 else 10

    clock = Clock()

    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS], max_words=most, too_long=code) as device,
            fleet(
                {"name": "a", "target": device.target(), "module": "cs141", **LONG}, clock=clock
            ) as devices,
        ):
            device.pins |= {1003: 10, 1004: modules}
            a = devices.devices["a"]
            for _ in range(3):  # what is learned in a pass is bounded; the next ones go on
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.groups == {"ups": True, "bacs": True, "strings": True, "modules": True}
            assert len(words(snapshot)) == 46 + 6 + 4 * 10 + 5 * modules
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before <= requests
            assert all(request.count <= most for request in device.requests[before:])
            # a limit is tried again after a while: it may have been a device that was starting up
            device.max_words = 125
            clock.advance(600)
            await scrape(a)
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == (15 if modules == 330 else 2)

    run(test())


def test_the_first_pass_over_a_device_that_takes_100_words_is_complete() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS], max_words=100) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **LONG}) as devices,
        ):
            device.pins |= {1003: 10, 1004: 330}
            snapshot = await scrape(devices.devices["a"])
            assert snapshot.groups == {"ups": True, "bacs": True, "strings": True, "modules": True}
            check_true(snapshot, device)
            assert sum(request.count > 100 for request in device.requests) == 1
            assert len(device.requests) <= 23

    run(test())


def test_one_refusal_by_chance_changes_nothing() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **LONG}) as devices,
        ):
            device.pins |= {1003: 2, 1004: 40}
            a = devices.devices["a"]
            await scrape(a)
            before = len(device.requests)
            await scrape(a)
            cheap = len(device.requests) - before
            for position in range(cheap):
                device.script = [hostile.honest] * position + [hostile.exception(2)]
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert all(snapshot.groups.values())
                before = len(device.requests)
                assert all((await scrape(a)).groups.values())
                assert len(device.requests) - before == cheap

    run(test())


def test_a_gap_that_is_not_readable_after_all() -> None:
    async def test() -> None:
        gaps = {1014 + 5 * string for string in range(3)}
        async with (
            Hostile(served={*UPS, *BACS} - gaps) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **LONG}) as devices,
        ):
            device.pins |= {1003: 4, 1004: 0}
            a = devices.devices["a"]
            for _ in range(2):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups == {"ups": True, "bacs": True, "strings": True}
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == 1 + 4  # the UPS, and the strings between the gaps
            assert max(request.count for request in device.requests[before:]) == 46

    run(test())


@pytest.mark.parametrize("served_before", [True, False])
def test_a_device_that_is_starting_up_refuses_everything(served_before: bool) -> None:
    clock = Clock()

    async def test() -> None:
        async with (
            Hostile(served={*UPS, *BACS} - {97, 98, 99}) as device,
            fleet(
                {"name": "a", "target": device.target(), "module": "cs141", **LONG}, clock=clock
            ) as devices,
        ):
            device.pins |= {1003: 2, 1004: 8}
            a = devices.devices["a"]
            if served_before:
                await scrape(a)
            device.behaviour = hostile.exception(2)
            for _ in range(4):
                before = len(device.requests)
                snapshot = await scrape(a)
                assert not snapshot.up
                assert exported(snapshot) == set()
            # it is not looked into again and again
            assert len(device.requests) - before <= 6
            device.behaviour = hostile.honest
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.groups["ups"]
            assert len(words(snapshot).keys() & set(UPS)) == len(UPS) - 3
            clock.advance(60)  # BACS was not to be seen when it was looked for
            assert (await scrape(a)).groups == {"ups": True, "bacs": True, "strings": True, "modules": True}

    run(test())


def test_words_once_served_and_now_refused_are_missing() -> None:
    clock = Clock()

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG}, clock=clock) as devices,
        ):
            a = devices.devices["a"]
            assert (await scrape(a)).groups == {"ups": True}
            device.served -= {104, 105}
            for _ in range(3):
                snapshot = await scrape(a)
                assert snapshot.groups == {"ups": False}
                assert words(snapshot).keys() == set(UPS) - {104, 105}
            device.served |= {104, 105}
            clock.advance(15)
            assert (await scrape(a)).groups == {"ups": True}

    run(test())


@pytest.mark.parametrize(
    ("refused", "waits"),
    [
        (range(115, 143), [15, 30, 60, 60, 60]),  # alarms may not stay hidden for long
        (range(97, 108), [15, 30, 60, 120, 240, 480, 600, 600]),
    ],
    ids=["flags", "measurements"],
)
def test_refused_words_are_asked_for_again_soon_and_then_more_rarely(
    refused: range, waits: list[int]
) -> None:
    clock = Clock()

    async def test() -> None:
        async with (
            Hostile(served=set(UPS) - set(refused)) as device,
            fleet({"name": "a", "target": device.target(), **LONG}, clock=clock) as devices,
        ):
            a = devices.devices["a"]
            await scrape(a)
            for wait in waits:
                clock.advance(wait - 3)
                before = len(device.requests)
                await scrape(a)
                assert len(device.requests) - before == 1
                clock.advance(3)
                before = len(device.requests)
                await scrape(a)
                # all of it, and one word of it; AUX inputs are asked for apart from the alarms
                assert len(device.requests) - before in (3, 5)

            # a part of it that is served now is found too, as soon as its turn comes
            device.served |= {*refused[:8]}
            for _ in range(len(refused)):
                clock.advance(waits[-1])
                snapshot = await scrape(a)
            assert words(snapshot).keys() & set(refused) == {*refused[:8]}

    run(test())


def test_alarm_words_that_a_starting_device_refused_are_seen_within_half_a_minute() -> None:
    clock = Clock()

    async def test() -> None:
        async with (
            Hostile(served=[*range(97, 115), *BACS]) as device,
            fleet(
                {"name": "a", "target": device.target(), "module": "cs141", **LONG}, clock=clock
            ) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4}
            a = devices.devices["a"]
            await scrape(a)
            device.served |= {*range(115, 139)}  # but never the AUX inputs
            clock.advance(15)
            snapshot = await scrape(a)
            assert words(snapshot).keys() >= set(range(97, 139))
            check_true(snapshot, device)

    run(test())


def test_a_required_word_that_was_never_served_is_missing() -> None:
    async def test() -> None:
        async with (
            Hostile(served=set(UPS) - {109}) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            for _ in range(3):
                snapshot = await scrape(devices.devices["a"])
                assert snapshot.up
                assert snapshot.groups == {"ups": False}
                assert len(words(snapshot)) == 45

    run(test())


def test_everything_refused_but_a_few_words_scattered_about() -> None:
    async def test() -> None:
        served = {100, 109, 114, 134}
        async with (
            Hostile(served=served) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            for _ in range(3):
                snapshot = await scrape(a)
            assert words(snapshot).keys() == served
            assert snapshot.groups == {"ups": True}
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == 4

    run(test())


def cannot_serve(device: Hostile, peer: Peer, request: Request) -> None:
    """As a CS121: exception 04 where any of the words is not served."""
    there = device.served.issuperset(range(request.address, request.last + 1))
    (hostile.honest if there else hostile.exception(4))(device, peer, request)


def test_exception_4_of_a_device_that_serves_other_words_is_a_refusal() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *range(1000, 1005), *range(1010, 1100)]) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **LONG}) as devices,
        ):
            device.behaviour = cannot_serve
            device.pins |= {1003: 1, 1004: 4}
            a = devices.devices["a"]
            for _ in range(2):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups == {"ups": True, "bacs": True, "strings": True, "modules": True}
            assert snapshot.errors == ()
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == 3

    run(test())


def test_exception_4_of_a_device_that_serves_nothing_is_a_failure() -> None:
    async def test() -> None:
        async with (
            Hostile(served=set(UPS) - {128}) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            device.behaviour = cannot_serve
            snapshot = await scrape(devices.devices["a"])
            assert not snapshot.up
            assert len(device.requests) == 2
            assert len(snapshot.errors) == 1
            assert "exception 4" in snapshot.errors[0]

    run(test())


def test_busy_is_asked_again_within_the_deadline() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), "timeout": "3s"}) as devices,
        ):
            a = devices.devices["a"]
            device.script = [hostile.exception(6)] * 3
            snapshot = await scrape(a)
            assert snapshot.groups == {"ups": True}
            check_true(snapshot, device)
            assert hostile.errors(a) == {"exception_6": 3}
            pauses = [b.at - c.at for c, b in zip(device.requests, device.requests[1:], strict=False)]
            assert pauses == pytest.approx([0.1, 0.2, 0.4], abs=0.02)

    run(test())


def test_a_silent_device_costs_two_timeouts_and_then_one() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", "timeout": "5s"}) as devices,
        ):
            device.pins |= {1003: 2, 1004: 40}
            a = devices.devices["a"]
            await scrape(a)
            device.behaviour = hostile.silent
            for tries in (2, 1, 1):
                before = len(device.requests)
                loop = asyncio.get_running_loop()
                started = loop.time()
                assert not (await scrape(a)).up
                assert len(device.requests) - before == tries
                assert loop.time() - started < tries * TIMEOUT + 1

    run(test())
