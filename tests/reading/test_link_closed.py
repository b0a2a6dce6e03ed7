"""Connections that end. Wrong answers of every kind are in tests/faults."""

import asyncio

import hostile
from hostile import Hostile, errors, fleet, scrape


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
            assert loop.time() - started < 1

    asyncio.run(test())


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

    asyncio.run(test())
