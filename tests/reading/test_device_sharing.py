"""Scrapes that overlap share one pass: how long it lasts, what each gets, when it ends."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from exporter.reading.device.device import Device
from exporter.reading.readpass.run import ReadPass
from exporter.reading.transport.exchange import Exchange
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.transports import connection_to
from exporter.targets import parse_target
from tests import hostile
from tests.hostile import BACS, UPS, Hostile, check_true, errors, fleet, scrape, words
from tests.loops import run

LONG = {"module": "cs141", "timeout": "5s", "request_timeout": "2s"}
ALL = {"ups": True, "bacs": True, "strings": True, "modules": True}


async def known(device: Hostile, a: Device, modules: int = 80) -> int:
    """After this the device is known, with a BACS; gives the requests of a pass."""
    device.pins |= {1003: 2, 1004: modules}
    await scrape(a)
    device.requests.clear()
    assert (await scrape(a)).groups == ALL
    number = len(device.requests)
    device.requests.clear()
    return number


def test_scrapes_that_overlap_share_one_pass() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            requests = await known(device, a)
            device.behaviour = hostile.late(0.02, in_time=True)
            first = asyncio.create_task(scrape(a))
            await hostile.until(lambda: len(device.requests) == 2)
            snapshots = await asyncio.gather(first, *(scrape(a) for _ in range(4)))
            assert len(device.requests) == requests
            assert a.counters.coalesced == 4
            assert all(snapshot.words is snapshots[0].words for snapshot in snapshots)
            check_true(snapshots[0], device)
            # what comes afterwards is a pass of its own: nothing is repeated
            assert (await scrape(a)).words != snapshots[0].words
            assert len(device.requests) == 2 * requests

    run(test())


def test_each_of_those_who_share_is_told_its_own_time() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG, "module": "ups"}) as devices,
        ):
            device.script = [hostile.late(0.05, in_time=True)]
            a = devices.devices["a"]
            snapshots = await asyncio.gather(*(scrape(a, seconds) for seconds in (1, 3, 9)))
            assert len(device.requests) == 1
            for snapshot, allowed in zip(snapshots, (1, 3, 5), strict=True):
                ((_, said),) = snapshot.readings["generex_scrape_timeout_seconds"]
                assert abs(float(said) - allowed) < 0.3

    run(test())


def test_very_little_time_is_enough_for_a_quick_device() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG, "module": "ups"}) as devices,
        ):
            assert (await scrape(devices.devices["a"])).up
            assert (await scrape(devices.devices["a"], 0.045)).up

    run(test())


def test_the_latest_deadline_counts_even_for_the_request_in_flight() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            requests = await known(device, a)
            device.script = [hostile.honest, hostile.late(0.6, in_time=True)]
            hurried = asyncio.create_task(scrape(a, 0.3))
            await hostile.until(lambda: len(device.requests) == 2)
            patient = asyncio.create_task(scrape(a, 4))

            # the first gets what is read so far
            part = await hurried
            assert part.up
            assert part.groups == {"ups": True, "bacs": False, "strings": False, "modules": False}
            assert words(part).keys() == set(UPS)
            check_true(part, device)

            whole = await patient
            assert whole.groups == ALL
            check_true(whole, device)
            assert len(device.requests) == requests
            assert device.connections == 1
            assert errors(a) == {}

    run(test())


def test_whoever_joins_between_two_requests_shares_the_pass() -> None:
    async def test() -> None:
        entry = {"name": "a", "module": "cs141", "pacing": "300ms", "timeout": "5s"}
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({**entry, "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            hurried = asyncio.create_task(scrape(a, 0.4))
            await hostile.until(lambda: device.requests)
            await asyncio.sleep(0.1)
            assert len(device.requests) == 1
            snapshot = await scrape(a, 4)
            check_true(snapshot, device)
            assert snapshot.groups == {"ups": True, "bacs": True}
            assert (await hurried).up
            assert (len(device.requests), a.counters.coalesced) == (2, 1)

    run(test())


def test_a_connection_under_way_gets_the_longer_deadline_too() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "2s", "timeout": "5s"}
            ) as devices,
        ):
            a = devices.devices["a"]
            endpoint, resolver = parse_target(f"tcp://slow.example:{device.port}").endpoint, Resolver()
            name_server = asyncio.get_running_loop().create_future()
            resolver._running["slow.example"] = name_server
            a.line.connection = connection_to(endpoint, resolver)
            hurried = asyncio.create_task(scrape(a, 0.2))
            await asyncio.sleep(0.05)
            patient = asyncio.create_task(scrape(a, 4))
            assert not (await hurried).up
            name_server.set_result(["127.0.0.1"])
            assert (await patient).up
            assert errors(a) == {}

    run(test())


def test_the_pass_is_cancelled_when_the_last_has_left() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            await known(device, a)
            device.script = [hostile.honest, hostile.silent]
            scrapes = [asyncio.create_task(scrape(a)) for _ in range(2)]
            await hostile.until(lambda: len(device.requests) == 2)
            scrapes[0].cancel()
            await asyncio.wait({scrapes[0]})
            await asyncio.sleep(0.02)
            assert device.peers, "one is still waiting"
            scrapes[1].cancel()
            await asyncio.gather(*scrapes, return_exceptions=True)
            await hostile.until(lambda: not a.line.in_use)
            assert len(device.requests) == 2
            assert device.connections == 1, "what comes late is known by its number"
            # that somebody left says nothing of the device: it is tried twice as ever
            device.script = [hostile.close]
            assert (await scrape(a)).groups == ALL

    run(test())


def test_a_scrape_right_after_a_cancelled_pass_reads_anew() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "2s", "timeout": "5s"}
            ) as devices,
        ):
            a = devices.devices["a"]
            device.script = [hostile.silent]
            left = asyncio.create_task(scrape(a))
            await hostile.until(lambda: device.requests)
            left.cancel()
            await asyncio.wait({left})
            snapshot = await scrape(a)
            assert snapshot.up
            check_true(snapshot, device)
            assert a.counters.coalesced == 0
            assert device.most_open == 1

    run(test())


def test_debug_passes_are_not_shared() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "2s", "timeout": "5s"}
            ) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.late(0.05, in_time=True)
            exchanges: list[Exchange] = []
            deadline = asyncio.get_running_loop().time() + 4
            scraped, debugged, other = await asyncio.gather(
                scrape(a), a.debug(deadline, exchanges.append), a.debug(deadline, exchanges.append)
            )
            assert a.counters.coalesced == 0
            assert len(device.requests) == 3
            assert device.connections == 1
            assert len({id(snapshot) for snapshot in (scraped, debugged, other)}) == 3
            assert [exchange.request.count for exchange in exchanges] == [46, 46]
            assert all(exchange.received[7] == 3 and not exchange.error for exchange in exchanges)
            check_true(other, device)

    run(test())


def test_a_pass_older_than_the_timeout_is_not_joined() -> None:
    """It was made longer by a scrape that joined; what it read first would be too old for a third one."""

    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet(
                {
                    "name": "a",
                    "target": device.target(),
                    **LONG,
                    "timeout": "500ms",
                    "request_timeout": "400ms",
                }
            ) as devices,
        ):
            a = devices.devices["a"]
            requests = await known(device, a)
            assert requests == 5
            device.script = [hostile.late(0.135, in_time=True)] * requests
            first = asyncio.create_task(scrape(a))
            await asyncio.sleep(0.35)
            second = asyncio.create_task(scrape(a))
            await asyncio.sleep(0.2)
            assert not second.done()
            third = asyncio.create_task(scrape(a))
            assert (await first).groups["modules"] is False
            assert (await second).groups == ALL
            snapshot = await third
            assert snapshot.groups == ALL
            check_true(snapshot, device)
            assert a.counters.coalesced == 1
            assert len(device.requests) == 2 * requests

    run(test())


def test_waiting_for_an_old_pass_ends_at_the_deadline() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "timeout": "300ms", "request_timeout": "250ms"}
            ) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.exception(6)
            first = asyncio.create_task(scrape(a))
            await asyncio.sleep(0.2)
            second = asyncio.create_task(scrape(a))
            await asyncio.sleep(0.15)
            third = asyncio.create_task(scrape(a, 0.05))
            snapshot = await third
            assert not snapshot.up
            assert snapshot.groups == {"ups": False}
            await asyncio.gather(first, second)

    run(test())


def test_a_good_pass_is_forgotten_when_it_ends_without_waiting_for_the_collector() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            await known(device, a)
            gc.collect()
            gc.disable()
            for _ in range(3):
                await scrape(a)
            await asyncio.sleep(0)
            assert not [each for each in gc.get_objects() if isinstance(each, ReadPass)]

    try:
        run(test())
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("moment", "done"),
    [
        # the pass is over, and the device does not know yet
        (lambda shared: shared.task.done(), True),
        # its time is over, and it is ending
        (lambda shared: shared.read_pass.deadline.left <= 0, False),
    ],
    ids=["over", "ending"],
)
def test_nobody_joins_a_pass_that_is_over(moment: Callable[[Any], bool], done: bool) -> None:
    """It ends by the short deadline of another scrape, just now: this one has time of its own."""

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG, "module": "ups"}) as devices,
        ):
            a = devices.devices["a"]
            device.script = [hostile.silent]
            hurried = asyncio.create_task(scrape(a, 0.2))
            await hostile.until(lambda: device.requests)
            while a._shared is not None and not moment(a._shared):  # noqa: ASYNC110 (turn by turn)
                await asyncio.sleep(0)
            assert a._shared is not None
            assert a._shared.task.done() is done
            assert (await scrape(a, 3)).up
            assert not (await hurried).up
            assert a.counters.coalesced == 0

    run(test())
