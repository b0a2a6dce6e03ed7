"""The read pass of a push: shared with scrapes, devices in parallel, each within its own timeout."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.config import Otlp
from exporter.pushing import Pusher
from exporter.reading.device.fleet import Fleet
from tests import hostile, loops
from tests.hostile import Hostile, fleet, late, silent, until
from tests.otlp.otlp_receiver import receiver


@asynccontextmanager
async def pushing(devices: Fleet, port: int, interval: float = 3600) -> AsyncIterator[Pusher]:
    pusher = Pusher(devices, lambda: list)
    pusher.use(pusher.prepare(Otlp(f"http://127.0.0.1:{port}/v1/metrics", interval=interval)))
    task = asyncio.create_task(pusher.run())
    try:
        yield pusher
    finally:
        task.cancel()
        pusher.close()


def test_a_scrape_that_overlaps_shares_the_pass() -> None:
    async def run() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            device.behaviour = late(0.1, in_time=True)
            with receiver() as collector:
                async with pushing(devices, collector.port):
                    await until(lambda: device.requests)
                    snapshot = await hostile.scrape(devices.devices["a"])
                    await until(lambda: collector.pushes)
            assert len(device.requests) == 1
            assert devices.devices["a"].counters.coalesced == 1
            values = {p.key: p.value for p in collector.pushes[0].of("a")}
            (charge,) = [value for (name, _), value in values.items() if name == "hw.battery.charge"]
            assert charge == snapshot.words["ups.battery_charge"] / 100
            assert {p.time for p in collector.pushes[0].of("a")} == {int(snapshot.time * 1e9)}

    loops.run(run())


def test_silent_devices_cost_their_timeout_once_and_no_other_device_its_data() -> None:
    async def run() -> None:
        async with Hostile() as good, Hostile() as bad:
            bad.behaviour = silent
            targets = [{"name": "good", "target": good.target()}]
            targets += [{"name": f"bad{unit}", "target": bad.target(unit)} for unit in (1, 2)]
            with receiver() as collector:
                async with fleet(*targets) as devices, pushing(devices, collector.port):
                    started = asyncio.get_running_loop().time()
                    await until(lambda: collector.pushes)
                    assert asyncio.get_running_loop().time() - started < 3
            (push,) = collector.pushes
            up = {
                name: [p.value for p in push.of(name) if p.name == "generex.up"] for name in devices.devices
            }
            assert up == {"good": [1], "bad1": [0], "bad2": [0]}
            assert "hw.battery.charge" in {p.name for p in push.of("good")}
            for name in ("bad1", "bad2"):
                assert all(p.name.startswith("generex.") for p in push.of(name))

    loops.run(run())


def test_devices_that_come_and_go_with_a_reload_are_pushed_from_then_on() -> None:
    async def run() -> None:
        async with Hostile() as device:
            one, two = ({"name": name, "target": device.target(unit)} for name, unit in (("a", 1), ("b", 2)))
            device.units = {1, 2}
            with receiver() as collector:
                async with fleet(one) as devices, pushing(devices, collector.port, 0.05):
                    await until(lambda: collector.pushes)
                    devices.apply(hostile.config(two))
                    await until(lambda: collector.pushes[-1].of("b"))
                    # what there was of the other is told to be no longer, and then nothing more is
                    await until(lambda: collector.pushes[-1].of("b") and not collector.pushes[-1].of("a"))
                    (end,) = [p for p in collector.pushes if p.of("b") and p.of("a")]
                    assert end.of("a") == end.ended("a")

    loops.run(run())
