"""What is remembered of a device's passes, and for how long."""

import asyncio
from dataclasses import replace
from pathlib import Path

from exporter.config import Config, load_config
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.changes import Held
from exporter.reading.device.fleet import Fleet
from exporter.reading.device.history import History
from exporter.simulator.server import Simulator
from exporter.targets import parse_target
from tests import loops
from tests.support import free_port


def read(*, lost: bool = False, battery: bool = False, dead: bool = False, charge: int = 100) -> Snapshot:
    """The snapshot of a pass over a simulated device."""

    async def run() -> Snapshot:
        device = Simulator(listen="127.0.0.1:0", modules=2, pins={103: charge})
        device.turn(mains=not battery)
        if lost:
            device.turn(ups_communication=False)
        async with device:
            target = f"tcp://127.0.0.1:{free_port()}" if dead else device.target
            fleet = Fleet(load_config(targets=[f"a={target}"]))
            snapshot = await fleet.devices["a"].scrape(asyncio.get_running_loop().time() + 5)
            fleet.close()
            return snapshot

    return loops.run(run())


def note(history: History, snapshot: Snapshot, at: float, *, excused: bool = False) -> None:
    dated = replace(snapshot, time=1.7e9 + at)
    history.note(dated, at=at, duration=0.1, requests=3, excused=excused)


def test_failures_are_kept_longer_than_successes() -> None:
    history, good, bad = History(), read(), read(dead=True)
    for at in range(0, 3):
        note(history, bad, at)
    for at in range(3, 60):
        note(history, good, at)
    passes = history.passes
    assert [entry.up for entry in passes] == [True] * 10 + [False] * 3
    assert [entry.time - 1.7e9 for entry in passes[:2]] == [59, 58]
    assert "cannot connect" in passes[-1].errors[0]
    for at in range(60, 90):
        note(history, bad, at)
    assert sum(not entry.up for entry in history.passes) == 20


def test_since_when_a_flag_is_so() -> None:
    history = History()
    mains, battery, lost = read(), read(battery=True), read(lost=True)
    word = mains.layout.words["status"]
    note(history, mains, 10)
    assert history.changes.since(word, (), "backup_mode") == Held(1.7e9 + 10, 10, False)
    for at in (20, 30):
        note(history, battery, at)
    note(history, read(dead=True), 40)
    note(history, battery, 50)
    # the pass at 40 showed nothing
    assert history.changes.since(word, (), "backup_mode") == Held(1.7e9 + 20, 20, True, gap=True)
    assert history.changes.since(word, (), "output_act") == Held(1.7e9 + 10, 10, False, gap=True)
    # what is out of sight may have changed meanwhile
    note(history, lost, 60)
    assert history.changes.since(word, (), "comm_lost") == Held(1.7e9 + 60, 60, True)
    note(history, mains, 70)
    assert history.changes.since(word, (), "backup_mode") == Held(1.7e9 + 70, 70, False)


def test_a_change_after_passes_that_were_all_alike_was_seen() -> None:
    history = History()
    mains, battery = read(), read(battery=True)
    word = mains.layout.words["status"]
    for at in (10, 20, 30, 40):
        note(history, mains, at)
    note(history, battery, 50)
    assert history.changes.since(word, (), "backup_mode") == Held(1.7e9 + 50, 50, True)
    assert history.changes.since(word, (), "output_act") == Held(1.7e9 + 10, 10, False)


def test_what_changed_while_nothing_was_read_is_no_change_that_was_seen() -> None:
    mains, battery, dead = read(), read(battery=True), read(dead=True)
    word = mains.layout.words["status"]
    for between in ([], [(20, dead)]):
        history = History()
        # no pass for longer than scrapes may be apart is as blind as one that failed
        at = 30 if between else 300
        for when, snapshot in [(10, mains), *between, (at, battery), (at + 10, battery)]:
            note(history, snapshot, when)
        assert history.changes.since(word, (), "backup_mode") == Held(1.7e9 + at, at, False)
    history = History()
    for at in (0, 120, 240, 361):  # every two minutes, one of them a little late
        note(history, battery, at)
    assert history.changes.since(word, (), "backup_mode") == Held(1.7e9, 0, False)


def test_since_when_an_answer_is_yes() -> None:
    def no_output(snapshot: Snapshot) -> dict[str, bool]:
        return {"no_output": snapshot.readings is dark.readings} if snapshot.up else {}

    lit, dark, dead = read(), read(), read(dead=True)
    history = History(no_output)
    note(history, lit, 10)
    assert history.changes.since_answer("no_output") is None
    assert history.changes.since_answer("map_in_doubt") is None
    note(history, dark, 20)
    note(history, dark, 30)
    assert history.changes.since_answer("no_output") == Held(1.7e9 + 20, 20, True)
    note(history, dead, 40)
    note(history, dark, 50)
    assert history.changes.since_answer("no_output") == Held(1.7e9 + 20, 20, True, gap=True)
    note(history, lit, 60)
    assert history.changes.since_answer("no_output") is None
    note(history, dead, 70)
    note(history, dark, 80)
    assert history.changes.since_answer("no_output") == Held(1.7e9 + 80, 80, False)


def test_zeros_of_a_card_that_restarts_are_not_what_was_seen_last() -> None:
    battery, zeros, dead = read(battery=True), read(), read(dead=True)
    history = History(lambda snapshot: {"all_zero": snapshot.readings is zeros.readings})
    for at, snapshot in ((10, battery), (20, zeros), (30, dead)):
        note(history, snapshot, at)
    last = history.last_good({*battery.groups})
    assert last is not None
    assert last.readings is battery.readings


def test_the_last_good_of_each_group() -> None:
    history, good, lost, dead = History(), read(), read(lost=True), read(dead=True)
    note(history, good, 0)
    note(history, lost, 10)
    note(history, dead, 20)
    assert history.last is not None
    assert not history.last.up
    ups, bacs = history.last_good(("ups",)), history.last_good(("bacs",))
    assert ups is not None
    assert bacs is not None
    assert (ups.time - 1.7e9, bacs.time - 1.7e9) == (0, 10)
    # the UPS is seen where all that vouches for it is, as the frame and the UPS in it
    both = history.last_good(("ups", "bacs"))
    assert both is ups
    assert history.last_good(("prof",)) is None
    assert history.up_at == 10
    note(history, good, 30)
    assert history.up_at == 30


def test_a_scraper_without_time_says_nothing_about_the_device() -> None:
    history, good, nothing = History(), read(), read(dead=True)
    note(history, good, 0)
    note(history, nothing, 10, excused=True)
    assert history.last is not None
    assert history.last.up
    assert history.last_at == 0
    assert [entry.up for entry in history.passes] == [False, True]


def test_how_fast_the_charge_falls() -> None:
    history = History()
    levels = {charge: read(charge=charge) for charge in (90, 89, 88, 86, 95)}
    assert history.fall() is None
    note(history, levels[90], 0)
    note(history, levels[89], 30)
    assert history.fall() is None, "half a minute says nothing"
    note(history, levels[88], 60)
    assert history.fall() == (0.90 - 0.88) / 60
    note(history, levels[86], 320)
    assert history.fall() == (0.89 - 0.86) / 290, "by the last five minutes"
    note(history, levels[95], 330)
    assert history.fall() is None, "it is charged again"


def test_a_device_has_a_history_and_a_probed_one_has_none(tmp_path: Path) -> None:
    def config(target: str, site: str) -> Config:
        path = tmp_path / "generex.yml"
        path.write_text(f"devices: [{{name: a, target: '{target}', labels: {{site: {site}}}}}]\n")
        return load_config(path)

    async def run() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=2) as device:
            fleet = Fleet(config(device.target, "north"))
            until = asyncio.get_running_loop().time() + 5
            one = fleet.devices["a"]
            shared = await asyncio.gather(*(one.scrape(until) for _ in range(3)))
            history = one.history
            assert history is not None
            assert history.last is shared[0]
            assert len(history.passes) == 1, "a pass that three shared is one pass"
            assert history.passes[0].requests == one.counters.requests
            # an edited label keeps it, another address does not
            fleet.apply(config(device.target, "south"))
            assert fleet.devices["a"] is not one
            assert fleet.devices["a"].history is history
            fleet.apply(config("10.0.0.7", "south"))
            assert fleet.devices["a"].history is not history
            probed = fleet.probed(parse_target("10.0.0.9"), "cs141")
            assert probed.history is None
            fleet.close()

    loops.run(run())
