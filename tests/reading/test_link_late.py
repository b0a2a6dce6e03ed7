"""Late answers: never taken for the answer to the next request, and no obstacle to recovery.

The UPS map is one request of always the same length, so that only what the exporter knows of the line can
tell the answers apart. `check_true` compares each word with what was said in time, which differs every time.
"""

import asyncio

import pytest

from exporter.reading.transport.serial import SerialConnection
from tests import hostile
from tests.hostile import TIMEOUT, Hostile, Peer, Request, check_true, errors, fleet, scrape
from tests.loops import run

LINES = ("rtu-tcp", "rtu")


@pytest.mark.parametrize("transport", ["tcp", *LINES])
@pytest.mark.parametrize("timeouts", [1.2, 2.3, 5.5])
def test_an_answer_that_comes_late_is_not_the_next_one(transport: str, timeouts: float) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            check_true(await scrape(a), device)
            device.script = [hostile.late(timeouts * TIMEOUT)]
            for _ in range(4):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.groups == {"ups": True}

    run(test())


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("slowness", [2.5, 4.5])
def test_a_device_that_is_always_too_slow_is_down_and_comes_back(transport: str, slowness: float) -> None:
    """It works through its requests one after the other, as real ones do."""

    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target(), "timeout": "1s"}) as devices,
        ):
            a = devices.devices["a"]
            free_at = 0.0

            def slow(device: Hostile, peer: Peer, request: Request) -> None:
                nonlocal free_at
                free_at = max(free_at, request.at) + slowness * TIMEOUT
                hostile.late(free_at - request.at)(device, peer, request)

            device.behaviour = slow
            for _ in range(3):
                snapshot = await scrape(a)
                assert not snapshot.up
                assert not snapshot.words
            # the last of its late answers are still on their way when it is well again
            device.behaviour = hostile.honest
            for _ in range(2):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.up, errors(a)

    run(test())


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("code", [2, 6])
def test_exceptions_after_a_timeout_do_not_lock_the_line(transport: str, code: int) -> None:
    """An exception does not say which request it answers: taken for the late one, it would be so for ever."""

    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            device.script = [hostile.silent]
            device.behaviour = hostile.exception(code)
            for _ in range(3):
                assert not (await scrape(a)).up
            assert errors(a)["timeout"] >= 1
            assert errors(a)[f"exception_{code}"] > 1
            device.behaviour = hostile.honest
            snapshot = await scrape(a)
            assert snapshot.up
            check_true(snapshot, device)

    run(test())


@pytest.mark.parametrize("transport", LINES)
@pytest.mark.parametrize("code", [0, 1])
def test_a_device_without_the_other_function_recovers_too(transport: str, code: int) -> None:
    """The probe asks with function 4: some devices do not have it, and some say nothing then."""

    def three_only(device: Hostile, peer: Peer, request: Request) -> None:
        if request.function == 3:
            hostile.honest(device, peer, request)
        elif code:
            hostile.exception(code)(device, peer, request)

    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = three_only
            device.script = [hostile.silent]
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.up

    run(test())


def test_a_late_answer_comes_over_the_next_connection_to_a_serial_server() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu-tcp") as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            assert (await scrape(a)).up

            def close_and_answer_late(device: Hostile, peer: Peer, request: Request) -> None:
                hostile.late(1.4 * TIMEOUT)(device, peer, request)
                peer.close()

            device.script = [close_and_answer_late, close_and_answer_late]
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.up
            assert device.connections >= 3

    run(test())


@pytest.mark.parametrize("transport", LINES)
def test_the_late_answer_of_another_unit_is_not_taken_either(transport: str) -> None:
    """That unit 2 has answered says nothing of unit 1, which still owes one."""

    async def test() -> None:
        async with (
            Hostile(transport, units=(1, 2)) as device,
            fleet(
                {"name": "a", "target": device.target(1)},
                {"name": "b", "target": device.target(2)},
            ) as devices,
        ):
            a, b = devices.devices["a"], devices.devices["b"]
            assert (await scrape(a)).up
            held: list[bytes] = []

            def hold(device: Hostile, peer: Peer, request: Request) -> None:
                held.append(device.frame(request, device.pdu(request)))

            def let_go(device: Hostile, peer: Peer, request: Request) -> None:
                peer.write(held[0])

            def let_go_and_answer(device: Hostile, peer: Peer, request: Request) -> None:
                peer.write(held[0])
                hostile.late(0.02, in_time=True)(device, peer, request)

            device.script = [hold, hostile.silent, let_go_and_answer]
            assert not (await scrape(a)).up
            first = await scrape(b)
            check_true(first, device, 2)
            assert first.up
            assert errors(b) == {}, "it is passed over, and the right one waited for"
            device.script = [let_go]
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.up

    run(test())


@pytest.mark.parametrize("transport", LINES)
def test_a_scrape_that_left_leaves_no_answer_behind(transport: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target(), "request_timeout": "500ms"}) as devices,
        ):
            a = devices.devices["a"]
            device.script = [hostile.late(0.3)]
            waiting = asyncio.create_task(scrape(a))
            await hostile.until(lambda: device.requests)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
            assert snapshot.up

    run(test())


def test_a_flapping_line_never_says_anything_false() -> None:
    """A long mix of everything that can be late, silent or broken."""

    async def test() -> None:
        async with (
            Hostile("rtu") as device,
            fleet({"name": "a", "target": device.target(), "request_timeout": "30ms"}) as devices,
        ):
            a = devices.devices["a"]
            # never in time by accident: what comes after 30 ms is late
            mix = [
                hostile.late(0.045), hostile.honest, hostile.silent, hostile.late(0.08), hostile.bad_crc,
                hostile.exception(6), hostile.late(0.1), hostile.cut_off, hostile.honest, hostile.wrong_unit,
            ]  # fmt: skip
            seen = 0
            for round in range(12):
                device.script = [mix[(round * 3 + index * 7) % len(mix)] for index in range(4)]
                snapshot = await scrape(a)
                check_true(snapshot, device)
                seen += snapshot.up
            assert seen

    run(test())


@pytest.mark.parametrize("transport", LINES)
def test_the_line_is_left_alone_for_a_timeout_after_a_timeout(transport: str) -> None:
    """The late answer must not collide with the next request, and when it comes it settles the matter."""

    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "200ms", "timeout": "3s"}
            ) as devices,
        ):
            a = devices.devices["a"]
            for behaviour, functions in ((hostile.silent, [3, 4, 3, 3]), (hostile.late(0.28), [3, 3])):
                device.requests.clear()
                device.script = [behaviour]
                assert (await scrape(a)).up
                assert [request.function for request in device.requests] == functions
                # twice 0.2 s, seen by a device that may see the first late; once, if the line had no rest
                assert device.requests[1].at - device.requests[0].at >= 0.3
            assert device.connections <= 1

    run(test())


def test_an_answer_is_owed_for_half_a_minute_however_short_the_timeout() -> None:
    async def test() -> None:
        async with Hostile("rtu-tcp") as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = hostile.silent
            await scrape(a)
            connection = a.line.connection
            assert isinstance(connection, SerialConnection)
            assert connection.owed
            now = asyncio.get_running_loop().time()
            assert 28 < connection._late.until - now < 31

    run(test())
