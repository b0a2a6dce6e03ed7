"""The queue in front of a connection: turns, rotation, one connection, closing, pacing, coming back."""

import asyncio
import socket
import threading
from contextlib import suppress
from itertools import groupby, pairwise
from typing import cast

import pytest

from exporter.reading.plan.spans import Request as PlannedRequest
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner
from exporter.reading.transport.line import Line, Turn
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.transports import connection_to
from exporter.targets import Endpoint
from tests import hostile
from tests.hostile import Hostile, Peer, Request, check_true, errors, fleet, open_files, scrape
from tests.loops import run

LONG = {"request_timeout": "1s", "timeout": "5s"}
UNITS = (1, 2, 3, 4)


def units_of(device: Hostile) -> list[int]:
    return [request.unit for request in device.requests]


def turns(device: Hostile) -> list[int]:
    """The units in the order in which they were asked; at the first contact with one it is asked twice."""
    return [unit for unit, _ in groupby(units_of(device))]


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_units_behind_one_gateway_share_one_connection(transport: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport, units=UNITS) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **LONG} for unit in UNITS)
            ) as devices,
        ):
            for _ in range(2):
                snapshots = await asyncio.gather(*map(scrape, devices.devices.values()))
                for unit, snapshot in zip(UNITS, snapshots, strict=True):
                    assert snapshot.groups == {"ups": True}
                    check_true(snapshot, device, unit)
            assert device.most_open <= 1
            assert device.connections == (0 if transport == "rtu" else 1)
            assert turns(device) == [1, 2, 3, 4] * 2

    run(test())


def test_a_deadline_too_short_for_all_goes_round() -> None:
    """Two of four fit in: nobody is left out for ever, though nobody has failed."""

    async def test() -> None:
        async with (
            Hostile(units=UNITS) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **LONG} for unit in UNITS)
            ) as devices,
        ):
            device.behaviour = hostile.late(0.12, in_time=True)
            served = []
            for _ in range(6):
                snapshots = await asyncio.gather(*(scrape(d, 0.38) for d in devices.devices.values()))
                served.append([unit for unit, s in zip(UNITS, snapshots, strict=True) if s.up])
            for start in range(4):
                assert set().union(*served[start : start + 3]) == set(UNITS), served

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_dead_unit_gets_one_try_after_the_others(transport: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport, units=(2, 3)) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), "timeout": "3s"} for unit in (1, 2, 3))
            ) as devices,
        ):
            for round in range(3):
                device.requests.clear()
                snapshots = await asyncio.gather(*map(scrape, devices.devices.values()))
                assert [s.up for s in snapshots] == [False, True, True]
                if round:
                    tries = units_of(device)
                    assert tries[:2] == [2, 3]
                    assert tries[2:] == [1]
            # it is back: read by the very next scrape, and again in its turn
            device.units.add(1)
            assert (await scrape(devices.devices["u1"])).up

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_dead_unit_with_little_time_left_kills_nobody_else(transport: str) -> None:
    """There is time for one request that is not answered, but not for two."""

    async def test() -> None:
        times = {"request_timeout": "600ms", "timeout": "1100ms"}
        async with (
            Hostile(transport, units=(2, 3)) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **times} for unit in (1, 2, 3))
            ) as devices,
        ):
            for _ in range(3):
                snapshots = await asyncio.gather(*map(scrape, devices.devices.values()))
                assert [s.up for s in snapshots] == [False, True, True]
            assert [errors(d) for d in devices.devices.values()][1:] == [{}, {}]

    run(test())


def test_a_unit_that_was_not_asked_has_not_had_its_turn() -> None:
    """The time is over before the second one is asked: then it is the first one's turn to wait."""

    async def test() -> None:
        times = {"request_timeout": "300ms", "timeout": "400ms"}
        async with (
            Hostile("rtu-tcp", units=(2,)) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **times} for unit in (1, 2))
            ) as devices,
        ):
            both = list(devices.devices.values())
            rounds = []
            for _ in range(3):
                over = asyncio.get_running_loop().time() + 0.25
                rounds.append(await asyncio.gather(*(d.scrape(over) for d in both)))
            assert [[s.up for s in one] for one in rounds] == [[False, False], [False, True], [False, True]]
            assert errors(devices.devices["u2"]) == {}

    run(test())


class Gateway:
    """A connection behind which some units are silent; `asked` are the units in the order of the requests."""

    def __init__(self, silent: set[int]) -> None:
        self.silent = silent
        self.asked: list[int] = []

    @property
    def sent(self) -> int:
        return len(self.asked)

    def busy_until(self, unit: int) -> float:
        return 0.0

    async def read(self, unit: int, *_: object) -> list[int]:
        self.asked.append(unit)
        if unit in self.silent:
            raise LinkError("timeout", "no answer in time")
        return [0]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("silent", "order"),
    [(set[int](), [5, 6, 1, 2, 3]), ({2}, [1, 3, 5, 6, 2])],
    ids=["all answer", "one is silent"],
)
def test_units_never_asked_wait_for_those_that_answer_where_one_is_silent(
    silent: set[int], order: list[int]
) -> None:
    """Else those that may be as silent would cost the others their time."""

    async def test() -> None:
        gateway = Gateway(silent)
        line = Line(cast(Connection, gateway))

        async def one(unit: int) -> None:
            turn = Turn(unit)
            async with line.turn(turn, idle_close=0):
                with suppress(LinkError):
                    deadline = Deadline(asyncio.get_running_loop().time() + 5)
                    await line.read(turn, request, Manner(1.0), deadline)

        request = PlannedRequest(3, 97, 1)
        await asyncio.gather(*map(one, (1, 2, 3)))
        gateway.asked.clear()
        await asyncio.gather(*map(one, (1, 2, 3, 5, 6)))
        assert gateway.asked == order

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp"])
def test_a_busy_unit_lets_the_others_go_first(transport: str) -> None:
    """It is asked again and again until its time is over, but only when nobody else waits."""

    def busy(device: Hostile, peer: Peer, request: Request) -> None:
        (hostile.exception(6) if request.unit == 1 else hostile.honest)(device, peer, request)

    async def test() -> None:
        times = {"request_timeout": "300ms", "timeout": "900ms"}
        async with (
            Hostile(transport, units=UNITS) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **times} for unit in UNITS)
            ) as devices,
        ):
            device.behaviour = busy
            for _ in range(3):
                device.requests.clear()
                snapshots = await asyncio.gather(*map(scrape, devices.devices.values()))
                assert [s.up for s in snapshots] == [False, True, True, True]
                assert set(turns(device)[:4]) == set(UNITS)
                assert len(units_of(device)) > 4
            # one that comes in the pause between two tries does not wait either
            one = asyncio.create_task(scrape(devices.devices["u1"]))
            device.requests.clear()
            await hostile.until(lambda: len(device.requests) == 3)
            assert (await scrape(devices.devices["u2"])).up
            assert units_of(device)[:4] == [1, 1, 1, 2], "in the pause of 0.4 s"
            await one

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_unit_that_falls_half_silent_costs_the_others_nothing(transport: str) -> None:
    def half(device: Hostile, peer: Peer, request: Request) -> None:
        if request.unit != 1 or request.address < 1000:
            hostile.honest(device, peer, request)

    async def test() -> None:
        entry = {"module": "cs141", "request_timeout": "900ms", "timeout": "2s"}
        async with (
            Hostile(transport, served=[*hostile.UPS, *hostile.BACS], units=(1, 2, 3)) as device,
            fleet(
                *({"name": f"u{unit}", "target": device.target(unit), **entry} for unit in (1, 2, 3))
            ) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4}
            for behaviour in (hostile.honest, half, half):
                device.behaviour = behaviour
                one, *others = await asyncio.gather(*map(scrape, devices.devices.values()))
                assert one.groups["ups"]
                assert len(hostile.words(one)) >= 46
                assert one.groups["modules"] is (behaviour is hostile.honest)
                assert all(len(s.groups) == 4 and all(s.groups.values()) for s in others)

    run(test())


def test_two_waiting_units_are_not_mistaken_for_each_other() -> None:
    """Both never served: leaving the queue, one must not take the other one out."""

    async def test() -> None:
        line = Line(connection_to(Endpoint("tcp", "127.0.0.1", 1), Resolver()))
        order: list[int] = []
        hold = asyncio.Event()

        async def take(unit: int) -> None:
            async with line.turn(Turn(unit), idle_close=0):
                order.append(unit)
                await hold.wait()

        tasks = [asyncio.create_task(take(unit)) for unit in (1, 2, 3)]
        await hostile.until(lambda: order == [1])
        tasks[2].cancel()
        await asyncio.wait({tasks[2]})
        hold.set()
        await asyncio.wait_for(tasks[1], 2)
        assert order == [1, 2]
        assert not line.in_use

    run(test())


def test_a_turn_granted_to_one_who_leaves_goes_to_the_next() -> None:
    async def test() -> None:
        line = Line(connection_to(Endpoint("tcp", "127.0.0.1", 1), Resolver()))
        order: list[int] = []

        async def take(unit: int) -> None:
            async with line.turn(Turn(unit), idle_close=0):
                order.append(unit)

        for yields in range(5):  # at every moment between asking and being granted
            order.clear()
            leaving = asyncio.create_task(take(1))
            staying = asyncio.create_task(take(2))
            for _ in range(yields):
                await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.wait({leaving, staying}, timeout=2)
            assert 2 in order
            assert not line.in_use

    run(test())


def test_an_idle_connection_is_closed_and_opened_again() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), "idle_close": "100ms"}) as devices,
        ):
            a = devices.devices["a"]
            for number in (1, 2):
                assert (await scrape(a)).up
                assert (await scrape(a)).up
                assert device.connections == number
                await hostile.until(lambda: not device.peers)
            assert errors(a) == {}

    run(test())


def test_a_connection_need_not_be_kept() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), "idle_close": "0s"}) as devices,
        ):
            for _ in range(2):
                assert (await scrape(devices.devices["a"])).up
                await hostile.until(lambda: not device.peers)
            assert device.connections == 2

    run(test())


def test_pacing_is_kept_between_requests() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*hostile.UPS, *hostile.BACS]) as device,
            fleet(
                {"name": "a", "target": device.target(), "module": "cs141", "pacing": "60ms", **LONG}
            ) as devices,
        ):
            device.pins |= {1003: 2, 1004: 80}
            a = devices.devices["a"]
            assert all((await scrape(a)).groups.values())
            assert all((await scrape(a)).groups.values())
            times = [request.at for request in device.requests]
            assert len(times) > 8
            assert min(b - a for a, b in pairwise(times)) >= 0.058
            # pacing longer than the time there is costs the deadline, not more
            snapshot = await scrape(a, 0.15)
            assert snapshot.up
            assert not snapshot.groups["modules"]

    run(test())


def test_a_refused_connection_never_costs_more_than_the_deadline_and_is_forgotten_at_once() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            assert (await scrape(a)).up
            await device.hang_up()
            for _ in range(8):
                assert not (await scrape(a, 0.2)).up
            assert set(errors(a)) == {"connect"}
            assert "Connection refused" in (await scrape(a)).errors[0]
            await device.listen()
            snapshot = await scrape(a)
            assert snapshot.up
            check_true(snapshot, device)

    run(test())


def test_an_address_that_does_not_answer_at_all() -> None:
    async def test() -> None:
        with socket.socket() as deaf, socket.socket() as filler, socket.socket() as second:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            for one in (filler, second):  # a full queue: the next SYN is dropped
                one.setblocking(False)
                one.connect_ex(deaf.getsockname())
            port = deaf.getsockname()[1]
            async with (
                Hostile() as neighbour,
                fleet(
                    {"name": "a", "target": f"127.0.0.1:{port}"},
                    {"name": "b", "target": neighbour.target(), **LONG},
                ) as devices,
            ):
                a, b = devices.devices.values()
                dead, good = await asyncio.gather(scrape(a), scrape(b))
                assert not dead.up
                assert good.up
                assert errors(a) == {"connect": 2}
                assert dead.errors == (f"cannot connect to 127.0.0.1:{port}: no answer",)

    run(test())


def test_a_name_that_does_not_resolve() -> None:
    async def test() -> None:
        async with fleet(
            {"name": "a", "target": "no-such-host.invalid", "timeout": "5s", "request_timeout": "2s"}
        ) as devices:
            a = devices.devices["a"]
            snapshot = await scrape(a)
            assert not snapshot.up
            assert set(errors(a)) == {"resolve"}

    run(test())


def test_a_slow_resolver_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing replaced here is the system's resolver."""
    asked = []
    answer = threading.Event()

    def slow(host: str, *_: object, **__: object) -> list[object]:
        if host != "quick.invalid":
            asked.append(host)
            answer.wait(60)
            raise socket.gaierror
        return [(0, 0, 0, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def test() -> None:
        async with Hostile() as device:
            names = [f"h{number}.slow.invalid" for number in range(20)]
            async with fleet(
                *({"name": name, "target": name} for name in names),
                {"name": "a", "target": f"quick.invalid:{device.port}"},
            ) as devices:
                for _ in range(2):
                    *dead, good = await asyncio.gather(*map(scrape, devices.devices.values()))
                    assert not any(snapshot.up for snapshot in dead)
                    assert good.up
                assert sorted(asked) == sorted(names), "one look-up at a time per name"
                answer.set()

    run(test())


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """localhost is ::1 first, and many devices speak IPv4 only."""
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(0, 0, 0, "", (address, 0)) for address in ("127.0.0.9", "127.0.0.1")],
    )

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": f"ups.invalid:{device.port}"}) as devices,
        ):
            assert (await scrape(devices.devices["a"])).up

    run(test())


@pytest.mark.parametrize("path", ["/dev/no-such-port", "/dev/null"])
def test_a_serial_port_that_cannot_be_opened(path: str) -> None:
    async def test() -> None:
        async with fleet({"name": "a", "target": f"rtu://{path}"}) as devices:
            a = devices.devices["a"]
            for _ in range(3):
                assert not (await scrape(a)).up
            assert set(errors(a)) == {"connect"}

    run(test())


def test_a_serial_port_that_vanishes_and_comes_back() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu") as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            assert (await scrape(a)).up
            device.unplug()
            assert not (await scrape(a)).up
            device.plug()
            snapshot = await scrape(a)
            assert snapshot.up
            check_true(snapshot, device)

    run(test())


def test_giving_up_while_the_serial_port_opens_leaves_it_closed() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu") as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            before = open_files()
            for yields in range(1, 8):
                task = asyncio.create_task(scrape(a))
                for _ in range(yields):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await hostile.until(lambda: not a.line.in_use)
                a.line.connection.close()
                assert open_files() == before
            assert (await scrape(a)).up

    run(test())


def test_closing_a_serial_line_ends_the_request_under_way() -> None:
    async def test() -> None:
        async with (
            Hostile("rtu") as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "4s", "timeout": "5s"}
            ) as devices,
        ):
            a = devices.devices["a"]

            def cut(device: Hostile, peer: Peer, request: Request) -> None:
                a.line.connection.close()

            device.script = [cut]
            device.behaviour = hostile.silent
            waiting = asyncio.create_task(scrape(a))
            await hostile.until(lambda: errors(a).get("closed"), 3)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    run(test())
