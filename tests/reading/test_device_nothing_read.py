"""A pass that read nothing counts as one, with a reason, in the log and on the pages."""

import logging

import pytest

from exporter.reading.device.device import Device
from tests import hostile
from tests.hostile import Hostile, errors, fleet, scrape
from tests.loops import run


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("exporter")]


def shows(device: Device) -> bool:
    """Whether the pages show the device as up."""
    assert device.history is not None
    assert device.history.last is not None
    return device.history.last.up


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_device_that_dies_is_seen_to_where_a_pass_has_time_for_one_answer(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with (
            Hostile(transport) as device,
            fleet(
                {"name": "a", "target": device.target(), "timeout": "300ms", "request_timeout": "300ms"}
            ) as devices,
        ):
            a = devices.devices["a"]
            while not (await scrape(a)).up:
                pass
            caplog.clear()
            device.behaviour = hostile.silent
            snapshot = await scrape(a)
            assert not snapshot.up
            assert "no answer in time" in snapshot.errors[0]
            assert not shows(a)
            assert said(caplog) == ["device does not answer"]
            assert sum(errors(a).values()) >= 1

    with caplog.at_level(logging.INFO):
        run(test())


def test_a_device_that_dies_is_seen_to_by_scrapers_that_are_always_in_a_hurry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        entry = {"name": "a", "target": "", "request_timeout": "2s", "timeout": "5s"}
        async with Hostile() as device, fleet({**entry, "target": device.target()}) as devices:
            a = devices.devices["a"]
            await scrape(a)
            caplog.clear()
            device.behaviour = hostile.silent
            for expected in (True, False, False):
                assert not (await scrape(a, 0.1)).up
                assert shows(a) is expected
            assert said(caplog) == ["device does not answer"]
            device.behaviour = hostile.honest
            await scrape(a)
            assert shows(a)

    with caplog.at_level(logging.INFO):
        run(test())


def test_a_serial_line_that_is_never_quiet_is_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with (
            Hostile("rtu") as device,
            fleet({"name": "a", "target": device.target(), "timeout": "400ms"}) as devices,
        ):
            a = devices.devices["a"]
            await scrape(a)
            caplog.clear()
            before = sum(errors(a).values())

            def babble() -> None:
                for peer in device.peers:
                    peer.write(b"\xff")
                device.later(0.01, babble)

            babble()
            for _ in range(2):
                snapshot = await scrape(a)
                assert not snapshot.up
                assert snapshot.errors
            assert not shows(a)
            assert said(caplog) == ["device was not asked"]
            assert sum(errors(a).values()) >= before + 2

    with caplog.at_level(logging.INFO):
        run(test())
