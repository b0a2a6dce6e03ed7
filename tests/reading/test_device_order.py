"""In which order a device is asked: what is sure to be there first, and what there was no time for next."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.reading.device.device import Device
from tests import hostile
from tests.hostile import BACS, FILLER, UPS, Hostile, Peer, Request, check_true, fleet, scrape, words
from tests.loops import run

LONG = {"timeout": "10s", "request_timeout": "50ms"}
BLOCK = """
map: block
title: Block
source: written for a test
metrics: {my_value: {help: A test.}, my_other: {help: A test.}}
groups:
  low: {title: Low, optional: true, words: {one: {address: 10, metric: my_value}}}
  bits:
    title: Bits
    optional: true
    words: {two: {address: 20, function: 2, type: bool, metric: my_other}}
"""


def test_a_silent_optional_block_hides_nothing_and_is_not_asked_in_every_pass(tmp_path: Path) -> None:
    path = tmp_path / "block.yaml"
    path.write_text(BLOCK, encoding="utf-8")

    def ups_only(device: Hostile, peer: Peer, request: Request) -> None:
        if 97 <= request.address < 143:
            hostile.honest(device, peer, request)

    async def test() -> None:
        modules = {"both": {"maps": ["block", "ups"]}}
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "module": "both", **LONG},
                modules=modules,
                maps=[str(path)],
            ) as devices,
        ):
            device.behaviour = ups_only
            a = devices.devices["a"]
            for _ in range(4):
                snapshot = await scrape(a)
                assert snapshot.groups == {"ups": True}
                assert len(words(snapshot)) == 46
                check_true(snapshot, device)
            before = len(device.requests)
            await scrape(a)
            assert len(device.requests) - before == 1

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_alarms_of_a_half_silent_unit_are_read_in_every_pass(transport: str) -> None:
    """Silence where BACS was, or never was, eats all the time there is; the UPS is heard before."""

    def half(device: Hostile, peer: Peer, request: Request) -> None:
        if request.address < 1000:
            hostile.honest(device, peer, request)

    async def watch(device: Hostile, a: Device, had_bacs: bool) -> None:
        device.pins |= {1003: 1, 1004: 40}
        device.behaviour = hostile.honest if had_bacs else half
        await scrape(a)  # at the first contact with a unit on a line there is a request more
        if had_bacs:
            assert (await scrape(a)).groups["bacs"]
        device.behaviour = half
        for _ in range(4):
            # scrapes have a pause between them: the line is left alone for a timeout after a silence
            await asyncio.sleep(0.3)
            snapshot = await scrape(a)
            assert words(snapshot).keys() == set(UPS), snapshot.errors
            assert snapshot.groups["ups"]
            check_true(snapshot, device)

    async def test() -> None:
        cases = {f"{t}ms {bacs}": (t, bacs) for t in (210, 300, 420, 580) for bacs in (True, False)}
        async with AsyncExitStack() as stack:
            served = [*UPS, *BACS]
            there = {
                name: await stack.enter_async_context(Hostile(transport, served=served)) for name in cases
            }
            times = {"module": "cs141", "request_timeout": "200ms"}
            entries = [
                {"name": name, "target": there[name].target(), "timeout": f"{timeout}ms", **times}
                for name, (timeout, _) in cases.items()
            ]
            devices = (await stack.enter_async_context(fleet(*entries))).devices
            await asyncio.gather(
                *(watch(there[name], devices[name], bacs) for name, (_, bacs) in cases.items())
            )

    run(test())


@pytest.mark.parametrize("expect", [{"modules": 40}, {"strings": 2}])
def test_whoever_expects_modules_has_a_bacs(expect: dict[str, int]) -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", "expect": expect}) as devices,
        ):
            for _ in range(2):
                assert (await scrape(devices.devices["a"])).groups["bacs"] is False
            # and it is looked for in every pass
            device.served |= {*BACS}
            device.pins |= {1003: 1, 1004: 4}
            groups = (await scrape(devices.devices["a"])).groups
            assert groups == {"ups": True, "bacs": True, "strings": True, "modules": True}

    run(test())


@pytest.mark.parametrize("lost_by", ["refusal", "filler"])
def test_zeros_after_a_loss_are_read_as_zeros_without_one(lost_by: str) -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), "module": "cs141", **LONG}) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4}
            a = devices.devices["a"]
            await scrape(a)
            pins = dict(device.pins)
            if lost_by == "refusal":
                device.served -= {*BACS}
            else:
                device.pins |= dict.fromkeys(range(1000, 1006), FILLER)
            for _ in range(2):
                assert (await scrape(a)).groups["bacs"] is False
            device.served |= {*BACS}
            device.pins = pins | dict.fromkeys(range(1000, 1006), 0)
            snapshot = await scrape(a)
            assert snapshot.groups == {"ups": True, "bacs": True, "strings": True, "modules": True}
            assert snapshot.valid["bacs"] is False
            assert words(snapshot).keys() >= {*range(1060, 1080)}

    run(test())
