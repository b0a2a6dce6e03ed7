"""What pages show of a pass that is long past: struck through, whatever else is known."""

import asyncio
from pathlib import Path

from exporter.assess.condition import assess
from exporter.assess.measured import measured
from exporter.config import load_config
from exporter.reading.device.fleet import Fleet
from exporter.simulator.server import Simulator
from exporter.web.pages.device import device_data
from exporter.web.pages.overview import overview_data
from exporter.web.pages.since import state_since
from tests.loops import run
from tests.support import free_port


def test_what_is_long_past_is_not_shown_as_the_present() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            (row,) = overview_data(fleet, (), now() + 50, {})["rows"]
            assert row.seen is None
            assert row.whole
            (row,) = overview_data(fleet, (), now() + 120.5, {})["rows"]
            assert row.state_text == "Not read for 2 min"
            assert row.seen is not None
            assert row.seen.text == "on mains, 100 %"
            assert (row.now, row.whole, row.level) == (None, False, "none")
            data = device_data(device, being_read=False, now=now() + 120.5, grafana="")
            assert data["headline"] == ("none", "…", "Not read for 2 min")
            assert data["measurements"] == []
            assert data["old"], "what was measured is there, and struck through"
            assert data["blocks"] == []
            fleet.close()

    run(test())


def test_the_largest_sign_gives_its_time_to_what_it_belongs_to() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            simulator.set(136, 1)  # a countdown to switch the output off has begun
            await device.scrape(now() + 5)
            data = device_data(device, being_read=False, now=now(), grafana="")
            assert data["headline"] == ("critical", "✖", "On mains; shutting down")
            assert data["since"].startswith("On mains since before ")
            assert data["flags_since"]["Shutdown counting down"].startswith("for ")
            assert data["survival_runbook"] == "docs/runbook#generexshutdownpending"
            fleet.close()

    run(test())


def test_a_device_that_was_well_is_not_asked_for_its_slave_id() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
        await device.scrape(now() + 5)
        data = device_data(device, being_read=False, now=now(), grafana="")
        assert data["hint"].startswith("it answered before: ")
        fleet.close()

    run(test())


def test_a_device_lost_in_danger_names_the_danger_and_leads_to_its_section() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True, pins={1001: 0x0008}) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            data = device_data(device, being_read=False, now=now(), grafana="")
            assert data["headline"][2] == "Thermal runaway; on mains"
        await device.scrape(now() + 5)
        data = device_data(device, being_read=False, now=now(), grafana="")
        assert data["headline"][2].startswith("Thermal runaway: lost in danger; unreachable for ")
        assert data["runbook"] == "docs/runbook#generexthermalrunaway"
        fleet.close()

    run(test())


NOTHING = dict.fromkeys(range(97, 103), 0)  # neither volts nor load at the output


def test_how_long_a_state_that_no_flag_says_has_held() -> None:
    async def test() -> None:
        async with Simulator(listen=f"127.0.0.1:{free_port()}", modules=2, static=True) as simulator:
            config = load_config(targets=[f"a={simulator.target}", f"b=127.0.0.1:{free_port()}"])
            fleet = Fleet(config, judge=measured)
            device, never, now = fleet.devices["a"], fleet.devices["b"], asyncio.get_running_loop().time

            async def told() -> tuple[str, str]:
                await device.scrape(now() + 5)
                data = device_data(device, being_read=False, now=now() + 7.5, grafana="")
                return data["headline"][2], data["since"]

            await device.scrape(now() + 5)
            for address, raw in NOTHING.items():
                simulator.set(address, raw)
            assert await told() == ("No output seen", "for 7 s")
            for address in NOTHING:
                simulator.set(address, 230)
            simulator.turn(ups_communication=False)
            assert await told() == ("UPS lost", "for 7 s")
            await never.scrape(now() + 5)
            for row in overview_data(fleet, (), now(), {})["rows"]:
                assert row.since.startswith("first tried at " if row.name == "b" else "for ")
            simulator.turn(ups_communication=True, mains=False)
            await told()
            await simulator.stop()
            assert (await told())[1] == "", "the state itself says since when it does not answer"
            await simulator.start()
            headline, since = await told()
            assert headline.startswith("On battery")
            assert since.startswith("since before ")
            assert since.endswith(" (not always read), when this exporter first saw it")
            fleet.close()

    run(test())


def test_a_reason_against_survival_says_since_when() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]), judge=measured)
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            simulator.turn(bacs_starting=True)
            await device.scrape(now() + 5)
            data = device_data(device, being_read=False, now=now() + 7.5, grafana="")
            assert data["headline"][2] == "On mains; BACS not trusted"
            assert data["since"].startswith("On mains since before ")
            assert data["survival_since"] == "for 7 s"
            fleet.close()

    run(test())


def test_a_ups_that_is_lost_on_battery_says_since_when_it_is_lost() -> None:
    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2, static=True) as simulator:
            simulator.turn(mains=False)
            fleet = Fleet(load_config(targets=[f"a={simulator.target}"]), judge=measured)
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            await device.scrape(now() + 5)
            simulator.turn(ups_communication=False)
            await device.scrape(now() + 5)
            data = device_data(device, being_read=False, now=now() + 7.5, grafana="")
            assert (data["headline"][2], data["since"]) == ("Lost on battery", "for 7 s")
            fleet.close()

    run(test())


MODES = """\
map: modes
title: A UPS with a mode
source: this test
modules: {modes: [modes]}
metrics:
  own_ups_mode: {help: Mode of the UPS.}
groups:
  ups:
    title: UPS
    words:
      mode:
        address: 30
        metric: own_ups_mode
        states: {1: online, 2: battery, 3: bypass, 7: shutdown}
        roles: {battery: on_battery, bypass: bypass, shutdown: dark}
"""


def test_how_long_a_state_of_an_enumerated_word_has_held(tmp_path: Path) -> None:
    (tmp_path / "modes.yaml").write_text(MODES)

    async def test() -> None:
        async with Simulator(listen="127.0.0.1:0", static=True, pins={30: 2}) as simulator:
            (tmp_path / "generex.yml").write_text(
                f"maps: [modes.yaml]\ndevices: [{{name: a, target: '{simulator.target}', module: modes}}]\n"
            )
            fleet = Fleet(load_config(tmp_path / "generex.yml"))
            device, now = fleet.devices["a"], asyncio.get_running_loop().time
            told = []
            for mode in (2, 2, 1, 3, 1):
                simulator.set(30, mode)
                last = await device.scrape(now() + 5)
                state = assess(last).state
                held = state_since(device, last, state)
                told.append((state.state, held and held.changed, held and held.time == last.time))
            assert told == [
                ("On battery", False, True), ("On battery", False, False), ("On mains", True, True),
                ("On bypass", True, True), ("On mains", True, True),
            ]  # fmt: skip
            fleet.close()

    run(test())
