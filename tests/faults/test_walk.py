"""Random walks through a device's life: scrapes, leavers, reloads, lost connections, faults, in any order.

Seeded, and all at once in one fleet, so that one device's trouble would show at the others.
"""

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from exporter.config.model import DeviceConfig
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import TooManyDebugPassesError
from exporter.reading.device.fleet import Fleet
from tests import hostile
from tests.faults.misbehaviour import TRANSPORTS
from tests.hostile import BACS, UPS, Clock, Hostile, Peer, Request, fleet, until
from tests.loops import run

STEPS = 40
WALKS = 3  # of each transport
TIMES = {"module": "cs141", "request_timeout": "80ms", "timeout": "500ms"}
MIX = [
    *[hostile.honest] * 12, hostile.silent, hostile.close, hostile.reset, hostile.late(0.03, in_time=True),
    hostile.late(0.12), hostile.garbage, hostile.short, hostile.wrong_unit, hostile.two_answers,
    hostile.cut_off, hostile.byte_by_byte, *(hostile.exception(code) for code in (1, 2, 3, 4, 6, 11)),
]  # fmt: skip


class Walk:
    """One device with its simulated neighbour at the other end of the wire."""

    def __init__(self, name: str, there: Hostile, fleet: Fleet, clock: Clock) -> None:
        self.name = name
        self.there = there
        self.fleet = fleet
        self.clock = clock
        self.random = random.Random(name)
        self.scrapes: set[asyncio.Task[None]] = set()
        self.asking: set[Peer] = set()
        self.seen = 0
        there.pins |= {1003: 2, 1004: 40}

    def behave(self, device: Hostile, peer: Peer, request: Request) -> None:
        # after a silence a TCP connection is given up, so there is never a second request beside the first
        assert device.transport != "tcp" or peer not in self.asking, "two requests in flight"
        if peer not in self.asking:
            self.asking.add(peer)
            write = peer.write

            def answer(data: bytes) -> None:
                self.asking.discard(peer)
                peer.write = write
                write(data)

            peer.write = answer
        self.random.choice(MIX)(device, peer, request)
        if device.transport == "rtu" and not device.plugged:
            device.later(0.05, device.plug)

    async def run(self) -> None:
        while "bacs" not in (await hostile.scrape(self.fleet.devices[self.name])).groups:
            pass
        self.there.behaviour = self.behave
        for _ in range(STEPS):
            await self.random.choice(
                [self.scrape, self.scrape, self.scrape, self.leave, self.reload, self.cut, self.debug]
            )()
            await asyncio.sleep(self.random.choice([0, 0, 0.01, 0.05, 0.15]))
        await asyncio.gather(*self.scrapes)
        # and all is well again
        self.there.behaviour = hostile.honest
        if self.there.transport == "rtu":
            await until(lambda: self.there.plugged)  # a pulled adapter comes back a moment later
        device = self.fleet.devices[self.name]
        # what it refused, and how little it took at once, is forgotten after ten minutes at most
        self.clock.advance(600)
        everything = {"ups": True, "bacs": True, "strings": True, "modules": True}
        # how many passes that takes hangs on the machine: a busy one has no time for all of it in one
        async with asyncio.timeout(20):
            while (snapshot := await hostile.scrape(device)).groups != everything:
                pass
        self.check(snapshot)

    async def scrape(self) -> None:
        async def one(seconds: float) -> None:
            self.check(await hostile.scrape(self.fleet.devices[self.name], seconds))

        self.keep(asyncio.create_task(one(self.random.choice([0.02, 0.1, 0.3, 5]))))

    async def debug(self) -> None:
        async def one() -> None:
            deadline = asyncio.get_running_loop().time() + 0.4
            with suppress(TooManyDebugPassesError):
                self.check(await self.fleet.devices[self.name].debug(deadline, lambda exchange: None))

        self.keep(asyncio.create_task(one()))

    def keep(self, task: "asyncio.Task[None]") -> None:
        self.scrapes.add(task)

    async def leave(self) -> None:
        running = [task for task in self.scrapes if not task.done()]
        for task in self.random.sample(running, self.random.randint(0, len(running))):
            task.cancel()
            self.scrapes.discard(task)

    async def reload(self) -> None:
        def edited(entry: DeviceConfig) -> DeviceConfig:
            return replace(entry, labels={"edition": str(self.random.random())})

        known = self.fleet.config
        entries = (edited(entry) if entry.name == self.name else entry for entry in known.devices)
        self.fleet.apply(replace(known, devices=tuple(entries)))

    async def cut(self) -> None:
        if self.there.transport != "rtu":
            for peer in list(self.there.peers):
                self.random.choice([peer.close, peer.reset])()

    def check(self, snapshot: Snapshot) -> None:
        """Every value was said in answer to a request of this very pass."""
        ((_, duration),) = snapshot.readings["generex_scrape_duration_seconds"]
        started = asyncio.get_running_loop().time() - float(duration) - 0.05
        said = [request for request in self.there.answered if request.at >= started]
        values = {request: self.there.values(request) for request in said}
        for address, value in hostile.words(snapshot).items():
            assert any(
                request.address <= address <= request.last
                and values[request][address - request.address] == value
                for request in said
            ), f"{self.name}: word {address} was not said in this pass"
            self.seen += 1


def test_walks() -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            names = [f"{transport} {number}" for number in range(WALKS) for transport in TRANSPORTS]
            there = {
                name: await stack.enter_async_context(Hostile(name.split()[0], served=[*UPS, *BACS]))
                for name in names
            }
            entries = [{"name": name, "target": there[name].target(), **TIMES} for name in names]
            clock = Clock()
            devices = await stack.enter_async_context(fleet(*entries, clock=clock))
            walks = [Walk(name, there[name], devices, clock) for name in names]
            async with asyncio.TaskGroup() as group:
                for walk in walks:
                    group.create_task(walk.run())
            assert all(walk.seen for walk in walks)
            assert all(not device.line.in_use for device in devices.devices.values())
            for one in there.values():
                assert one.most_open <= 1
                await until(lambda one=one: len(one.peers) <= 1)

    run(test())
