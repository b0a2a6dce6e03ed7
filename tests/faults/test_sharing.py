"""What docs/sharing.md says: two exporters and a BMS at a device with one place."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import yaml

from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from tests import hostile
from tests.hostile import BACS, UPS, Hostile, Peer, check_true, errors, fleet, scrape
from tests.loops import run

PAGE = Path(__file__).parents[2] / "docs" / "sharing.md"
(SHOWN,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0])[
    "devices"
]
HOLD = 0.05  # seconds for which the BMS keeps the place


def one_place(device: Hostile, peer: Peer) -> None:
    if len(device.peers) > 1:
        peer.close()


async def bms(device: Hostile, rounds: int) -> int:
    """Connects, reads, holds the place a while and leaves; tries again when there is none."""
    answers = 0
    while answers < rounds:
        reader, writer = await asyncio.open_connection("127.0.0.1", device.port)
        try:
            writer.write(bytes.fromhex("0001 0000 0006 01 03 006D 0001"))
            answer = await reader.read(11)
            answers += len(answer) == 11
            await asyncio.sleep(HOLD if answer else 0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()
        await asyncio.sleep(0.2)
    return answers


async def rounds(look: Callable[[], Awaitable[None]], number: int) -> None:
    for _ in range(number):
        await look()
        await asyncio.sleep(0.15)


def test_two_exporters_and_a_bms_at_a_device_with_one_place() -> None:
    async def test() -> None:
        settings = {key: value for key, value in SHOWN.items() if key not in ("name", "target")}
        assert settings == {"idle_close": "0s", "request_timeout": "1s"}
        entry = {"name": "a", "module": "cs141", "timeout": "5s", **settings}
        async with Hostile(served=[*UPS, *BACS]) as device:
            device.pins |= {1003: 2, 1004: 40}
            device.behaviour = hostile.late(0.005, in_time=True)
            device.welcome = one_place
            entry["target"] = device.target()
            async with fleet(entry) as first:
                two = Fleet(hostile.config(entry))

                async def look(at: Device) -> None:
                    snapshot = await scrape(at)
                    assert snapshot.up
                    assert all(snapshot.groups.values()), snapshot.errors

                one, other = first.devices["a"], two.devices["a"]
                await asyncio.gather(
                    rounds(lambda: look(one), 12), rounds(lambda: look(other), 12), bms(device, 10)
                )
                assert errors(one) or errors(other), "they did not even meet"
                two.close()

    run(test())


def test_an_exporter_that_keeps_its_place_leaves_none() -> None:
    """Why the page says so, and that it is back at once when there is a place."""

    async def test() -> None:
        async with Hostile() as device:
            device.welcome = one_place
            entry = {"name": "a", "target": device.target(), "request_timeout": "300ms", "timeout": "2s"}
            async with fleet(entry) as first:
                two = Fleet(hostile.config(entry))
                assert (await scrape(first.devices["a"])).up
                other = two.devices["a"]
                assert not (await scrape(other)).up
                assert set(errors(other)) == {"closed"}
                first.close()
                await hostile.until(lambda: not device.peers)
                snapshot = await scrape(other)
                assert snapshot.up
                check_true(snapshot, device)
                two.close()

    run(test())


def test_a_place_is_tried_for_every_tenth_of_a_second() -> None:
    """For a second and once more, as the page says, and not ever more seldom: in each pass."""

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({**SHOWN, "name": "a", "target": device.target(), "timeout": "5s"}) as devices,
        ):
            await device.hang_up()
            a = devices.devices["a"]
            for number in (1, 2):
                assert not (await scrape(a)).up
                assert 8 * number <= errors(a)["connect"] <= 12 * number

    run(test())
