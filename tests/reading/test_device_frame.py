"""A gateway frame is read again within the pass until its counter is seen moving."""

import asyncio

import pytest

from tests import hostile
from tests.hostile import Hostile, Peer, Request, fleet, scrape
from tests.loops import run

PROF = {"module": "prof", "timeout": "5s", "request_timeout": "200ms"}


def counting(step: int) -> hostile.Behaviour:
    """A frame whose counter, the upper byte of word 0, moves with every read; the error byte is 0."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        hostile.honest(device, peer, request)
        device.pins[0] = (device.pins[0] + (step << 8)) & 0xFF00

    return answer


def test_a_moving_counter_is_seen_within_the_first_pass() -> None:
    async def test() -> None:
        async with (
            Hostile(served=range(50)) as device,
            fleet({"name": "a", "target": device.target(), **PROF}) as devices,
        ):
            device.pins |= {0: 0xFE00, 10: 1, 35: 0}
            device.behaviour = counting(1)
            a = devices.devices["a"]
            snapshot = await scrape(a)
            assert snapshot.valid["prof"] is True
            assert snapshot.groups == {"prof": True}
            assert len(device.requests) == 2
            # the counter has moved since: one read is enough from now on, over its wrap too
            for number in range(3, 6):
                assert (await scrape(a)).valid["prof"] is True
                assert len(device.requests) == number

    run(test())


def test_a_standing_counter_makes_no_valid_frame() -> None:
    async def test() -> None:
        async with (
            Hostile(served=range(50)) as device,
            fleet({"name": "a", "target": device.target(), **PROF}) as devices,
        ):
            device.pins |= {0: 0x0700, 10: 1, 35: 0}
            a = devices.devices["a"]
            loop = asyncio.get_running_loop()
            started = loop.time()
            snapshot = await scrape(a)
            assert 1.5 < loop.time() - started < 4
            assert snapshot.up
            assert snapshot.valid == {"prof": False}
            own = {"generex_prof_sequence_number", "generex_prof_error_code"}
            assert hostile.exported(snapshot) <= own | {"generex_data_valid", "generex_odd_words"}

    run(test())


def test_a_frame_of_nothing_but_zeros_is_not_valid() -> None:
    """A PLC that was cleared; the counter seems to have moved."""

    async def test() -> None:
        async with (
            Hostile(served=range(50)) as device,
            fleet({"name": "a", "target": device.target(), **PROF}) as devices,
        ):
            device.pins |= {0: 0xFE00, 10: 1, 35: 0}
            device.behaviour = counting(1)
            a = devices.devices["a"]
            assert (await scrape(a)).valid["prof"] is True  # the counter is at 255 by then
            device.behaviour = hostile.honest
            pins = dict(device.pins)
            device.pins = dict.fromkeys(range(50), 0)
            for _ in range(2):
                snapshot = await scrape(a)
                assert snapshot.valid == {"prof": False}
                assert not any(name.startswith("generex_ups") for name in snapshot.readings)
            # what comes after it must be seen moving
            device.pins = pins | {0: 0x0100}
            device.behaviour = counting(1)
            before = len(device.requests)
            assert (await scrape(a)).valid["prof"] is True
            assert len(device.requests) - before == 2

    run(test())


def test_a_second_look_that_fails_takes_nothing_back() -> None:
    async def test() -> None:
        async with (
            Hostile(served=range(50)) as device,
            fleet({"name": "a", "target": device.target(), **PROF}) as devices,
        ):
            device.pins |= {0: 0x0700, 10: 1, 35: 0}
            device.script = [hostile.honest]
            device.behaviour = hostile.silent
            snapshot = await scrape(devices.devices["a"])
            assert snapshot.up
            assert snapshot.valid == {"prof": False}
            assert snapshot.errors

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_frame_that_is_looked_at_again_and_again_holds_up_no_other_unit(transport: str) -> None:
    async def test() -> None:
        async with (
            Hostile(transport, served=[*range(50), *hostile.UPS], units=(1, 2, 3)) as device,
            fleet(
                {"name": "a", "target": device.target(1), **PROF},
                *({"name": f"u{u}", "target": device.target(u), "timeout": "1500ms"} for u in (2, 3)),
            ) as devices,
        ):
            device.pins |= {0: 0x0700, 10: 1, 35: 0}
            loop = asyncio.get_running_loop()
            still, *others = devices.devices.values()
            for _ in range(2):
                frame = asyncio.create_task(scrape(still))
                await hostile.until(lambda: device.requests)
                started = loop.time()
                for _ in range(3):
                    snapshots = await asyncio.gather(*map(scrape, others))
                    assert all(snapshot.groups == {"ups": True} for snapshot in snapshots)
                assert loop.time() - started < 1.2
                assert not frame.done()
                snapshot = await frame
                assert snapshot.groups == {"prof": True}
                assert snapshot.valid == {"prof": False}
                device.requests.clear()

    run(test())
