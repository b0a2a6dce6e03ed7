"""What is said of a device beside its values: after a reload, refusing, scraped in a hurry."""

import logging

import pytest

from exporter.reading.decode.snapshot import Snapshot
from exporter.simulator.server import Simulator
from tests import hostile
from tests.hostile import Hostile, config, exception, fleet, late, scrape
from tests.loops import run


def present(snapshot: Snapshot) -> dict[str, float]:
    readings = snapshot.readings.get("generex_bacs_module_present", ())
    return {dict(series.labels)["module"]: float(raw) for series, raw in readings}


def value(snapshot: Snapshot, name: str) -> float:
    (reading,) = snapshot.readings[name]
    return float(reading[1])


def test_a_lost_module_is_not_forgotten_when_a_label_is_edited() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", strings=1, modules=8, static=True) as device:
            entry = {"name": "a", "target": device.target, "module": "cs141", "labels": {"rack": "a"}}
            async with fleet(entry) as devices:
                assert sum(present(await scrape(devices.devices["a"])).values()) == 8
                # the bus is cut behind module 5, and the count shrinks with it
                device.set(1004, 5)
                for address in range(1060 + 5 * 5, 1060 + 5 * 8):
                    device.set(address, 0xD8F1)
                cut = {**{str(m): 1.0 for m in range(1, 6)}, "6": 0.0, "7": 0.0, "8": 0.0}
                assert present(await scrape(devices.devices["a"])) == cut
                devices.apply(config({**entry, "labels": {"rack": "b"}}))
                assert present(await scrape(devices.devices["a"])) == cut
                # at another place nothing of that is known
                devices.apply(config({**entry, "module": "ups"}))
                assert present(await scrape(devices.devices["a"])) == {}

    run(test())


def test_what_the_configuration_knows_of_a_device_is_said_also_when_it_is_down_and_nothing_else() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", strings=4, modules=8, static=True) as device:
            entry = {"name": "a", "target": device.target, "module": "cs141"}
            known = {
                "phases": 1, "output_volts": 230, "input_volts": 400, "chemistry": "lfp",
                "cells_per_block": 4, "string_groups": [[1, 3], [2, 4]], "runtime": "8m",
                "test_every": "90d", "test_lasts": "10m",
                "redundancy_group": "hall a", "blocks": {17: {"installed": "2026-03-01", "baseline": 0.0042}},
            }  # fmt: skip
            async with fleet({**entry, "expect": known}) as devices:
                up = await scrape(devices.devices["a"])
                await device.stop()
                down = await scrape(devices.devices["a"])
                devices.apply(config(entry))
                bare = await scrape(devices.devices["a"])
        assert (up.up, down.up) == (True, False)
        assert expectations(bare) == set()
        assert expectations(up) == expectations(down) == {
            ("generex_expected_phases", (), 1),
            ("generex_expected_output_volts", (), 230),
            ("generex_expected_input_volts", (), 400),
            ("generex_expected_battery_info", (("chemistry", "lfp"),), 1),
            ("generex_expected_cells_per_block", (), 4),
            ("generex_expected_string_group_info", (("string", "1"), ("string_group", "1")), 1),
            ("generex_expected_string_group_info", (("string", "3"), ("string_group", "1")), 1),
            ("generex_expected_string_group_info", (("string", "2"), ("string_group", "2")), 1),
            ("generex_expected_string_group_info", (("string", "4"), ("string_group", "2")), 1),
            ("generex_expected_runtime_seconds", (), 480),
            ("generex_expected_test_interval_seconds", (), 7776000),
            ("generex_expected_test_seconds", (), 600),
            ("generex_expected_redundancy_group_info", (("redundancy_group", "hall a"),), 1),
            ("generex_expected_block_resistance_ohms", (("module", "17"),), 0.0042),
            ("generex_expected_block_installed_timestamp_seconds", (("module", "17"),), 1772323200),
        }  # fmt: skip

    run(test())


def expectations(snapshot: Snapshot) -> set[tuple[str, tuple[tuple[str, str], ...], float]]:
    return {
        (name, series.labels, float(raw))
        for name, readings in snapshot.readings.items()
        if name.startswith("generex_expected_")
        for series, raw in readings
    }


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(1, "illegal function"), (2, "illegal data address"), (3, "illegal data value")],
)
def test_a_device_that_refuses_everything_is_said_to_refuse(
    caplog: pytest.LogCaptureFixture, code: int, meaning: str
) -> None:
    async def test() -> Snapshot:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            device.behaviour = exception(code)
            return await scrape(devices.devices["a"])

    with caplog.at_level(logging.INFO):
        snapshot = run(test())
    assert not snapshot.up
    assert snapshot.errors == (f"every address asked for is refused: exception {code} ({meaning})",)
    (line,) = caplog.records
    assert line.getMessage() == "device refuses everything"
    assert line.__dict__["error"] == snapshot.errors[0]


def test_only_requests_that_were_sent_are_counted() -> None:
    async def test() -> tuple[float, int]:
        async with fleet({"name": "a", "target": "127.0.0.1:1"}) as devices:
            snapshot = await scrape(devices.devices["a"])
            return value(snapshot, "generex_scrape_requests"), devices.devices["a"].counters.requests

    assert run(test()) == (0, 0)


def test_a_scraper_in_a_hurry_says_nothing_about_the_device(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> list[Snapshot]:
        entry = {"name": "a", "target": "", "request_timeout": "2s", "timeout": "5s"}
        async with Hostile() as device, fleet({**entry, "target": device.target()}) as devices:
            snapshots = [await scrape(devices.devices["a"])]
            for seconds in (0.1, 5.0, 0.1, 5.0):
                device.script = [late(0.3, in_time=True)]
                snapshots.append(await scrape(devices.devices["a"], seconds))
                await hostile.until(lambda: not device.script)
            return snapshots

    with caplog.at_level(logging.INFO):
        snapshots = run(test())
    assert [snapshot.up for snapshot in snapshots] == [True, False, True, False, True]
    assert [record.getMessage() for record in caplog.records] == ["device answers"]
    assert value(snapshots[1], "generex_scrape_timeout_seconds") == 0.1


def test_a_device_that_misses_requests_is_said_once_to_need_pauses(caplog: pytest.LogCaptureFixture) -> None:
    """Each request is answered only when it is asked again; every value is there all the same."""
    heard: set[tuple[int, int, int]] = set()

    def second(device: Hostile, peer: hostile.Peer, request: hostile.Request) -> None:
        key = request.function, request.address, request.count
        (hostile.honest if key in heard else hostile.silent)(device, peer, request)
        heard.symmetric_difference_update({key})

    async def test() -> None:
        clock = hostile.Clock()
        async with Hostile(served=[*hostile.UPS, *hostile.BACS]) as device:
            device.pins |= {1003: 1, 1004: 8}
            entry = {"name": "a", "target": device.target(), "module": "cs141", "timeout": "5s"}
            async with fleet(entry, clock=clock) as devices:
                a = devices.devices["a"]
                # one lost answer says nothing
                device.script = [hostile.silent]
                assert (await scrape(a)).errors == ()
                device.behaviour = second
                for _ in range(3):
                    clock.advance(3600)
                    snapshot = await scrape(a)
                    assert all(snapshot.groups.values())
                    assert "requests were answered only when they were asked again" in snapshot.errors[0]
                    assert "(pacing, such as 50ms)" in snapshot.errors[0]
                # nor is it news after a reload that changes no more than a label
                devices.apply(config({**entry, "labels": {"rack": "b"}}))
                await scrape(devices.devices["a"])

    with caplog.at_level(logging.INFO):
        run(test())
    (line,) = (record for record in caplog.records if record.message == "device misses requests")
    assert line.__dict__["device"] == "a"
    assert "pacing" in line.__dict__["error"]
    assert line.levelno == logging.WARNING


def test_only_a_device_that_has_answered_answers_again(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            for behaviour in (hostile.close, hostile.honest, hostile.close, hostile.honest):
                device.behaviour = behaviour
                await scrape(devices.devices["a"])
                await scrape(devices.devices["a"])

    with caplog.at_level(logging.INFO):
        run(test())
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "device does not answer", "device answers", "device does not answer", "device answers again"
    ]  # fmt: skip
