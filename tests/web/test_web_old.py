"""What pages show of a pass that is long past: struck through, whatever else is known."""

import asyncio

from exporter.config import load_config
from exporter.reading.device.fleet import Fleet
from exporter.simulator.server import Simulator
from exporter.web.pages.device import device_data
from exporter.web.pages.overview import overview_data


def test_what_is_long_past_is_not_shown_as_the_present() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            (row,) = overview_data(fleet, (), now() + 50, {})["rows"]
            assert row.seen is None
            assert row.whole
            (row,) = overview_data(fleet, (), now() + 120, {})["rows"]
            assert row.state_text == "Not read for 2 min"
            assert row.seen is not None
            assert row.seen.text == "on mains, 100 %"
            assert (row.now, row.whole, row.level) == (None, False, "none")
            data = device_data(device, being_read=False, now=now() + 120, grafana="")
            assert data["headline"] == ("none", "…", "Not read for 2 min")
            assert data["measurements"] == []
            assert data["old"], "what was measured is there, and struck through"
            assert data["blocks"] == []
            fleet.close()

    asyncio.run(test())
