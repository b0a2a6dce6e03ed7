"""What is special to Modbus/TCP: transaction numbers, deaf starts, gateways that ask one unit at a time."""

import asyncio
import struct
from collections.abc import Callable

import pytest

from exporter.reading.plan.spans import Request as PlannedRequest
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner
from exporter.reading.transport.line import Line, Turn
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.transports import connection_to
from exporter.targets import parse_target
from tests import hostile
from tests.hostile import TIMEOUT, Hostile, Peer, Request, check_true, config, errors, fleet, scrape
from tests.loops import run

REQUEST, HOLD = 0.3, 0.85  # as the defaults, 1 s and 5 s, are to a gateway that waits 2.8 s
TIMES = {"request_timeout": "300ms", "timeout": "1500ms"}


def test_two_links_do_not_count_alike() -> None:
    """Behind a gateway that mixes up its clients, the answer to the one must not fit the other."""

    async def test() -> None:
        firsts = set()
        for _ in range(8):
            async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
                await scrape(devices.devices["a"])
                firsts.add(device.requests[0].transaction)
        assert len(firsts) > 4

    run(test())


def test_the_answer_to_another_client_is_passed_over() -> None:
    def mixed_up(device: Hostile, peer: Peer, request: Request) -> None:
        foreign = device.frame(request, device.pdu(request), transaction=request.transaction ^ 0x5555)
        peer.write(foreign)
        hostile.honest(device, peer, request)

    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = mixed_up
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.up
            assert (errors(a), device.connections) == ({}, 1)

    run(test())


def behind_the_answer(*more: Callable[[Hostile, Request], bytes]) -> hostile.Behaviour:
    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        device.in_time(request)
        peer.write(b"".join(add(device, request) for add in (ours, *more)))

    return answer


def ours(device: Hostile, request: Request) -> bytes:
    return device.frame(request, device.pdu(request))


def foreign(device: Hostile, request: Request) -> bytes:
    """What another client asked for: other words of another unit, by another number."""
    return struct.pack(">HHH", request.transaction ^ 0x5555, 0, 7) + b"\x09\x03\x04\x12\x34\x56\x78"


def foreign_exception(device: Hostile, request: Request) -> bytes:
    return struct.pack(">HHH", request.transaction ^ 0x2222, 0, 3) + b"\x07\x83\x0b"


@pytest.mark.parametrize("more", [(foreign,), (foreign, foreign_exception), (foreign_exception, foreign)])
def test_whole_answers_to_other_clients_behind_ours_are_dropped_and_counted(
    more: tuple[Callable[[Hostile, Request], bytes], ...],
) -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = behind_the_answer(*more)
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.up
            assert (errors(a), device.connections) == ({}, 1)
            assert a.counters.foreign == len(more) * len(device.requests)

    run(test())


@pytest.mark.parametrize(
    "more",
    [
        (lambda device, request: b"\0",),
        (lambda device, request: foreign(device, request)[:-1],),  # cut off
        (foreign, lambda device, request: foreign(device, request)[:7]),
        (ours,),  # twice
        (foreign, ours),
        (lambda device, request: foreign(device, request)[:2] + b"\0\1" + foreign(device, request)[4:],),
        (lambda device, request: foreign(device, request)[:4] + b"\0\2" + foreign(device, request)[6:],),
    ],
)
def test_anything_else_behind_the_answer_makes_it_none(
    more: tuple[Callable[[Hostile, Request], bytes], ...],
) -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = behind_the_answer(*more)
            snapshot = await scrape(a)
            assert not snapshot.words
            assert set(errors(a)) == {"frame"}
            device.behaviour = hostile.honest
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.up

    run(test())


def test_without_numbers_nothing_may_come_behind_an_answer() -> None:
    async def test() -> None:
        device_settings = {"name": "a", "any_transaction": True}
        async with Hostile() as device, fleet({**device_settings, "target": device.target()}) as devices:
            device.behaviour = behind_the_answer(foreign)
            snapshot = await scrape(devices.devices["a"])
            assert not snapshot.words
            assert set(errors(devices.devices["a"])) == {"frame"}

    run(test())


def test_a_late_answer_of_our_own_behind_the_answer_is_not_taken_for_foreign() -> None:
    owed: list[bytes] = []

    def kept(device: Hostile, peer: Peer, request: Request) -> None:
        owed.append(ours(device, request))

    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.script = [kept, behind_the_answer(lambda device, request: owed.pop())]
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.up
            assert (errors(a), device.connections, a.counters.foreign) == ({"timeout": 1}, 1, 0)

    run(test())


def test_a_device_that_is_deaf_at_first_is_read_in_the_first_pass() -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = hostile.deaf_for(0.9 * TIMEOUT)
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.up
            assert (errors(a), device.connections) == ({"timeout": 1}, 1)

    run(test())


@pytest.mark.parametrize("timeouts", [1.5, 3])
def test_a_device_that_is_deaf_for_longer_is_read_in_the_next_pass(timeouts: float) -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = hostile.deaf_for(timeouts * TIMEOUT)
            assert not (await scrape(a)).up
            await asyncio.sleep(2 * TIMEOUT)
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.up
            assert device.connections == 1

    run(test())


def test_a_device_that_is_deaf_at_first_is_read_again_over_a_connection_that_is_not_kept() -> None:
    """Silent once, it has one try a pass; but each pass opens a connection, and finds it deaf."""

    async def test() -> None:
        settings = {"name": "a", "idle_close": "0s"}
        async with Hostile() as device, fleet({**settings, "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.behaviour = hostile.silent
            assert not (await scrape(a)).up
            device.behaviour = hostile.deaf_for(0.9 * TIMEOUT)
            assert (await scrape(a)).up

    run(test())


def test_a_longer_deafness_is_waited_for_when_that_is_asked_for() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "connect_delay": "700ms", "timeout": "2s"}
            ) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.deaf_for(3 * TIMEOUT)
            assert (await scrape(a)).up
            assert (await scrape(a)).up
            assert (errors(a), len(device.requests)) == ({}, 2)
            # there is no time left: then nothing is asked
            a.line.connection.close()
            assert not (await scrape(a, 0.2)).up
            assert len(device.requests) == 2

    run(test())


def test_a_connection_on_which_nothing_comes_any_more_is_given_up() -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            assert (await scrape(a)).up
            device.behaviour = hostile.silent
            assert not (await scrape(a)).up
            device.behaviour = hostile.honest
            assert (await scrape(a)).up
            assert device.connections == 2

    run(test())


def test_a_late_answer_is_passed_over_also_when_it_comes_in_two_parts() -> None:
    def in_two_parts(device: Hostile, peer: Peer, request: Request) -> None:
        frame = device.frame(request, device.pdu(request))
        device.later(1.2 * TIMEOUT, lambda: peer.write(frame[:20]))
        device.later(1.4 * TIMEOUT, lambda: peer.write(frame[20:]))

    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            a = devices.devices["a"]
            device.script = [in_two_parts, hostile.late(0.6 * TIMEOUT, in_time=True)]
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.up
            assert (errors(a), device.connections) == ({"timeout": 1}, 1)

    run(test())


def test_a_standing_transaction_is_told_and_taken_only_when_that_is_asked_for() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target()},
                {"name": "b", "target": device.target(2), "any_transaction": True},
            ) as devices,
        ):
            device.units.add(2)
            a, b = devices.devices["a"], devices.devices["b"]
            device.behaviour = hostile.standing(0)
            refused = await scrape(a)
            assert not refused.words
            assert errors(a) == {"transaction": 2}
            assert refused.errors == ("every answer carries transaction 0, whatever was asked",)
            snapshot = await scrape(b)
            check_true(snapshot, device, 2)
            assert snapshot.up

    run(test())


def test_without_numbers_a_late_answer_never_comes_over_the_next_connection() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), "any_transaction": True}) as devices,
        ):
            a = devices.devices["a"]
            device.behaviour = hostile.standing(0)

            def late(device: Hostile, peer: Peer, request: Request) -> None:
                frame = device.frame(request, device.pdu(request), transaction=0)
                device.later(1.3 * TIMEOUT, lambda: peer.write(frame))

            for _ in range(3):
                device.script = [late]
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.up

    run(test())


def test_an_answer_without_number_that_is_still_owed_is_not_taken_by_another_device() -> None:
    """A module may take any number, and a configured device at the same place may not."""

    def late(device: Hostile, peer: Peer, request: Request) -> None:
        frame = device.frame(request, device.pdu(request), transaction=0)
        device.later(1.3 * TIMEOUT, lambda: peer.write(frame))

    def later(device: Hostile, peer: Peer, request: Request) -> None:
        device.later(0.6 * TIMEOUT, lambda: hostile.standing(0)(device, peer, request))

    async def test() -> None:
        async with Hostile() as device:
            line = Line(connection_to(parse_target(device.target()).endpoint, Resolver()))
            request = PlannedRequest(3, 97, 40)
            loop = asyncio.get_running_loop()
            async with line.turn(turn := Turn(1), idle_close=60):
                device.script = [late, later]
                with pytest.raises(LinkError, match="no answer"):
                    await line.read(turn, request, Manner(TIMEOUT), Deadline(loop.time() + 5))
                manner = Manner(TIMEOUT, any_transaction=True)
                values = await line.read(turn, request, manner, Deadline(loop.time() + 5))
                assert values == device.values(device.requests[-1])
            line.close()

    run(test())


@pytest.mark.parametrize("any_transaction", [False, True])
@pytest.mark.parametrize("in_parts", [False, True])
def test_a_request_that_comes_back_is_no_answer(any_transaction: bool, in_parts: bool) -> None:
    """Three bytes of bits at addresses 768 to 1023: there an echo has the length of an answer."""

    def echo(device: Hostile, peer: Peer, request: Request) -> None:
        words = struct.pack(">HH", request.address, request.count)
        frame = device.frame(request, bytes((request.function,)) + words)
        peer.write(frame[:9] if in_parts else frame)
        if in_parts:
            device.later(0.1 * TIMEOUT, lambda: peer.write(frame[9:]))

    async def test() -> None:
        async with Hostile() as device:
            line = Line(connection_to(parse_target(device.target()).endpoint, Resolver()))
            device.behaviour = echo
            manner = Manner(5.0, any_transaction=any_transaction)
            deadline = Deadline(asyncio.get_running_loop().time() + 5)
            async with line.turn(turn := Turn(1), idle_close=60):
                with pytest.raises(LinkError, match="the request itself came back") as caught:
                    await line.read(turn, PlannedRequest(1, 768, 24), manner, deadline)
            assert caught.value.reason == "frame"
            line.close()

    run(test())


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("dead", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("units", [(1, 2), (1, 2, 3, 4)])
def test_a_dead_unit_behind_a_slow_gateway_costs_the_others_nothing(
    dead: tuple[int, ...], units: tuple[int, ...], says: bool
) -> None:
    living = [unit for unit in units if unit not in dead]

    async def test() -> None:
        async with (
            Hostile(units=units) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **TIMES} for unit in units)
            ) as devices,
        ):
            device.behaviour = hostile.SlowGateway(*dead, hold=HOLD, says=says)
            all_of_them = [devices.devices[f"u{unit}"] for unit in units]
            for number in range(3):
                snapshots = await asyncio.gather(*map(scrape, all_of_them))
                up = [unit for unit, snapshot in zip(units, snapshots, strict=True) if snapshot.up]
                # with two dead ones that nothing is known of, the first pass is over before the others' turn
                assert up == living or (number == 0 and len(dead) > 1), number
            for unit in dead:
                assert errors(devices.devices[f"u{unit}"]), "it was asked"
            for unit in living:
                assert errors(devices.devices[f"u{unit}"]) == {} or len(dead) > 1
            # and it is read as soon as it is back
            device.behaviour = hostile.honest
            assert all(snapshot.up for snapshot in await asyncio.gather(*map(scrape, all_of_them)))

    run(test())


@pytest.mark.parametrize("says", [True, False])
def test_a_dead_unit_that_comes_back_with_a_reload_costs_the_others_nothing(says: bool) -> None:
    """Under its old name, under another, or as what a stranger names: the line has met it before."""
    times = {**TIMES, "timeout": "900ms"}  # there is no time for the others behind it

    async def test() -> None:
        async with Hostile(units=range(1, 6)) as device:
            device.behaviour = hostile.SlowGateway(1, 2, hold=HOLD, says=says)
            dead = [device.target(unit) for unit in (1, 2)]
            alive = [{"name": f"u{unit}", "target": device.target(unit), **times} for unit in (3, 4, 5)]
            again = [{"name": f"again {target}", "target": target, **times} for target in dead]
            async with fleet({"name": "u1", "target": dead[0], **times}, *alive) as devices:
                for entries in ((), again[1:], (), again, (), again[:1]):
                    await asyncio.gather(*map(scrape, devices.devices.values()))
                    await asyncio.sleep(2 * HOLD)
                    devices.apply(config(*entries, *alive))
                    snapshots = await devices.scrape(asyncio.get_running_loop().time() + 0.9)
                    assert all(snapshot.up for snapshot in snapshots[-3:])

    run(test())


def test_a_gateway_that_waits_far_longer_than_is_asked_for_is_learned() -> None:
    """And says nothing then: what comes of a living unit, seconds later, tells how long it was busy."""
    times = {**TIMES, "request_timeout": "100ms"}

    async def test() -> None:
        async with (
            Hostile(units=(1, 2, 3)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u), **times} for u in (1, 2, 3))) as devices,
        ):
            device.behaviour = hostile.SlowGateway(1, 2, hold=HOLD, says=False)
            alive = devices.devices["u3"]
            for _ in range(4):
                await asyncio.gather(*map(scrape, devices.devices.values()))
                await asyncio.sleep(HOLD)
            check_true(snapshot := await scrape(alive), device, 3)
            assert snapshot.up

    run(test())


def test_what_several_silent_units_cost_is_shared_among_them() -> None:
    """Else a gateway would be thought to be busy for twice as long, and the living unit not be asked."""

    async def test() -> None:
        async with (
            Hostile(units=(1, 2, 3)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u), **TIMES} for u in (1, 2, 3))) as devices,
        ):
            device.behaviour = hostile.SlowGateway(1, 2, hold=HOLD, says=False)
            await asyncio.gather(*map(scrape, devices.devices.values()))
            await asyncio.sleep(2 * HOLD)
            one, _, alive = devices.devices.values()
            await scrape(one, REQUEST)
            check_true(snapshot := await scrape(alive, 1.5 * HOLD), device, 3)
            assert snapshot.up

    run(test())


def test_a_gateway_that_was_waited_for_shortly_is_not_taken_for_one_that_answers_at_once() -> None:
    async def test() -> None:
        async with (
            Hostile(units=(1, 2)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u), **TIMES} for u in (1, 2))) as devices,
        ):
            device.behaviour = hostile.SlowGateway(1, hold=HOLD, says=False)
            dead, alive = devices.devices.values()
            for later in (0.0, HOLD - 1.8 * REQUEST, 0.0):
                await scrape(dead, REQUEST)
                await asyncio.sleep(later)
                check_true(snapshot := await scrape(alive), device, 2)
                assert snapshot.up
                await asyncio.sleep(HOLD)
            assert errors(alive) == {}

    run(test())


def test_a_living_unit_that_is_probed_while_the_gateway_waits_for_a_dead_one_is_read() -> None:
    """As Prometheus probes: each unit by itself, at times of its own."""

    async def test() -> None:
        async with (
            Hostile(units=(1, 2)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u), **TIMES} for u in (1, 2))) as devices,
        ):
            device.behaviour = hostile.SlowGateway(1, hold=HOLD)
            dead, alive = devices.devices.values()
            for apart in (0.0, 0.5, 1.5, 2.0):
                one = asyncio.create_task(scrape(dead))
                await asyncio.sleep(apart * REQUEST)
                snapshot = await scrape(alive)
                check_true(snapshot, device, 2)
                assert snapshot.up, apart
                assert not (await one).up
            assert errors(alive) == {}

    run(test())


@pytest.mark.parametrize("says", [True, False])
def test_a_gateway_that_hung_once_is_not_thought_to_be_that_slow_for_ever(says: bool) -> None:
    """Each unit is probed by itself: the living one always while the gateway may wait for the dead one."""
    times = {"request_timeout": "200ms", "timeout": "600ms"}

    async def test() -> None:
        async with (
            Hostile(units=(1, 2)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u), **times} for u in (1, 2))) as devices,
        ):
            dead, alive = devices.devices.values()
            device.behaviour = hostile.SlowGateway(1, hold=1.5)
            await scrape(dead)
            await asyncio.sleep(3)
            assert (await scrape(alive)).up
            device.behaviour = hostile.SlowGateway(1, hold=0.4, says=says)
            read = []
            for _ in range(6):
                one = asyncio.create_task(scrape(dead))
                await asyncio.sleep(0.25)
                read.append((await scrape(alive)).up)
                await one
                await asyncio.sleep(1)
            assert read[-1], read

    run(test())


def test_silent_units_that_hold_up_nobody_are_asked_at_once() -> None:
    """A gateway that says nothing for a dead unit, and answers the next request at once, has no queue."""

    async def test() -> None:
        async with (
            Hostile(units=(1,)) as device,
            fleet(*({"name": f"u{u}", "target": device.target(u)} for u in (1, 2, 3, 4))) as devices,
        ):
            for _ in range(2):
                device.requests.clear()
                snapshots = await asyncio.gather(*map(scrape, devices.devices.values()))
                assert [snapshot.up for snapshot in snapshots] == [True, False, False, False]
            assert {request.unit for request in device.requests} == {1, 2, 3, 4}

    run(test())
