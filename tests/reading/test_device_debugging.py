"""Debug passes are few at a time over a device, and scrapes go before them."""

import asyncio

from exporter.reading.device.device import TooManyDebugPassesError
from tests import hostile
from tests.hostile import BACS, UPS, Hostile, fleet, scrape
from tests.loops import run

ALL = {"ups": True, "bacs": True, "strings": True, "modules": True}


def test_debug_passes_starve_no_scrape() -> None:
    async def test() -> None:
        times = {"module": "cs141", "timeout": "4s", "request_timeout": "1s"}
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **times}) as devices,
        ):
            device.pins |= {1003: 2, 1004: 40}
            a = devices.devices["a"]
            await scrape(a)
            device.behaviour = hostile.late(0.1, in_time=True)
            loop = asyncio.get_running_loop()
            debugs = [asyncio.create_task(a.debug(loop.time() + 4, lambda exchange: None)) for _ in range(20)]
            await hostile.until(lambda: len(device.requests) > 4)
            for _ in range(3):
                # four requests of its own, and the one that was under way
                before = len(device.requests)
                assert (await scrape(a)).groups == ALL
                assert len(device.requests) - before <= 5
            results = await asyncio.gather(*debugs, return_exceptions=True)
            refused = [result for result in results if isinstance(result, TooManyDebugPassesError)]
            assert len(refused) == 18
            assert '"a"' in str(refused[0])
            assert all(not isinstance(result, BaseException) for result in results if result not in refused)

    run(test())
