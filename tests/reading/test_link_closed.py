"""Connections that end, and a program that is late itself. Wrong answers are in tests/faults."""

import asyncio
import socket
import threading
import time

from tests import hostile
from tests.hostile import Hostile, errors, fleet, scrape
from tests.loops import run, work


def test_a_closed_connection_fails_the_request_at_once() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "4s", "timeout": "5s"}
            ) as devices,
        ):
            device.behaviour = hostile.close
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert not (await scrape(devices.devices["a"])).up
            assert loop.time() - started < 3
            assert errors(devices.devices["a"]).keys() == {"closed"}, "no timeout"

    run(test())


def test_a_connection_closed_while_idle_is_not_noticed() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            a = devices.devices["a"]
            for _ in range(3):
                assert (await scrape(a)).up
                device.peers[0].close()
                await hostile.until(lambda: not device.peers)
            # and the moment before the exporter can know
            assert (await scrape(a)).up
            device.script = [hostile.close]
            assert (await scrape(a)).up
            assert errors(a) == {}

    run(test())


def test_an_answer_in_time_counts_though_a_busy_program_sees_it_late() -> None:
    """The answer and the end of its time come up together: the device has done nothing wrong."""

    async def test() -> None:
        loop = asyncio.get_running_loop()
        answered = threading.Event()

        def hold() -> None:
            """Keep the loop until there is an answer and its time is over."""
            answered.wait(10)
            answered.clear()
            work(0.5)

        def answer(server: socket.socket) -> None:
            wire, _ = server.accept()
            with wire:
                while request := wire.recv(12):
                    loop.call_soon_threadsafe(hold)
                    time.sleep(0.02)  # by now the loop is held
                    count = int.from_bytes(request[10:12], "big")
                    pdu = bytes((request[6], request[7], 2 * count)) + bytes((0, 7)) * count
                    wire.sendall(request[:4] + len(pdu).to_bytes(2, "big") + pdu)
                    answered.set()

        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=answer, args=(server,))
            thread.start()
            target = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            times = {"request_timeout": "400ms", "timeout": "5s"}
            async with fleet({"name": "a", "target": target, "module": "ups", **times}) as devices:
                a = devices.devices["a"]
                snapshot = await scrape(a)
                assert snapshot.words["ups.battery_charge"] == 7
                assert (errors(a), snapshot.errors) == ({}, ())
            await asyncio.to_thread(thread.join)

    run(test())
