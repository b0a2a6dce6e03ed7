"""The fault matrix of docs/faults.md: all cells of a place at once, each on a device of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.transport.answers import REASONS
from tests import hostile
from tests.faults import misbehaviour
from tests.faults.misbehaviour import FAULTS, PLACES, TRANSPORTS
from tests.hostile import BACS, UPS, Clock, Hostile, check_true, errors, fleet, scrape
from tests.loops import run

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
GROUPS = ("ups", "bacs", "strings", "modules")
MISSING = {"everything": set(GROUPS), "UPS": {"ups"}, "modules": {"modules"}, "": set()}
ONCE = ("mended", "mended always", "unnoticed", "lost")
WRONG = "a wrong value"
BUSY = ("exception_5",), ("exception_6",)  # asked again until the time is over
WORDS = 46 + 6 + 2 * 4 + 52 * 5  # UPS, BACS, strings, modules


@dataclass(frozen=True)
class Cell:
    """What the document says of a fault: `reasons` are empty where the answer is taken."""

    fault: str
    transport: str
    reasons: tuple[str, ...]
    once: str
    missing: str

    @property
    def name(self) -> str:
        return f"{self.fault} on {self.transport}"


def rows(place: str) -> Iterator[list[str]]:
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {place}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith(("| fault", "| ---")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def cells(place: str) -> Iterator[Cell]:
    for fault, *texts, missing in rows(place):
        for transport, text in zip(TRANSPORTS, texts, strict=True):
            if text == "–":
                continue
            reasons, _, once = ("", "", "") if text == "unhurt" else text.partition("; ")
            yield Cell(fault, transport, tuple(reasons.split(", ")) if reasons else (), once, missing)


@pytest.mark.parametrize("place", PLACES)
def test_the_table_has_every_fault_on_every_transport(place: str) -> None:
    assert [row[0] for row in rows(place)] == list(FAULTS)
    assert all(len(row) == 5 for row in rows(place))
    said = {(cell.fault, cell.transport) for cell in cells(place)}
    assert said == {(f, t) for f in FAULTS for t in TRANSPORTS if misbehaviour.makes_sense(place, f, t)}
    for cell in cells(place):
        assert set(cell.reasons) <= set(REASONS), cell
        assert cell.once in ONCE if cell.reasons else not cell.once, cell
        assert cell.missing in MISSING, cell


@pytest.mark.parametrize("place", PLACES)
def test_every_cell(place: str) -> None:
    async def test() -> None:
        table = list(cells(place))
        idle = {"idle_close": "0s"} if place == "connecting" else {}
        async with AsyncExitStack() as stack:
            there = {
                cell: await stack.enter_async_context(Hostile(cell.transport, served=[*UPS, *BACS]))
                for cell in table
            }
            neighbour = await stack.enter_async_context(Hostile())
            entries = [
                {"name": c.name, "target": there[c].target(), "module": "cs141", **times(c), **idle}
                for c in table
            ]
            entries += [
                {"name": dead_beside(c), "target": there[c].target(misbehaviour.DEAD), **times(c)}
                for c in table
                if c.fault == misbehaviour.GATEWAY
            ]
            good = {"name": "good", "target": neighbour.target(), "request_timeout": "4s", "timeout": "9s"}
            clock = Clock()
            devices = (await stack.enter_async_context(fleet(good, *entries, clock=clock))).devices
            async with asyncio.TaskGroup() as group:  # the first that fails ends the others, and is told
                tasks = [group.create_task(watch(devices["good"], neighbour))]
                for cell in table:
                    device, dead = devices[cell.name], devices.get(dead_beside(cell))
                    tasks.append(group.create_task(judge(cell, place, there[cell], device, dead, clock)))
            assert "\n".join(trouble for task in tasks for trouble in task.result()) == ""

    run(test())


def times(cell: Cell) -> dict[str, str]:
    return {
        "request_timeout": f"{1000 * misbehaviour.TIMEOUT:.0f}ms",
        "timeout": "2s" if cell.reasons in BUSY else "5s",
    }


def dead_beside(cell: Cell) -> str:
    """The name of the dead unit behind the same gateway; only some cells have one."""
    return f"{cell.name}: the dead unit"


async def scrape_beside(device: Device, dead: Device | None) -> Snapshot:
    """One scrape of a device while the dead unit behind the same gateway, if there is one, is asked, too."""
    if dead is None:
        return await scrape(device)
    beside = asyncio.create_task(scrape(dead))
    await asyncio.sleep(0)
    snapshot = await scrape(device)
    assert not (await beside).up
    return snapshot


async def get_to_know(there: Hostile, device: Device) -> None:
    there.pins |= {1003: 2, 1004: 52}
    for _ in range(10):
        snapshot = await scrape(device)
        if snapshot.groups == dict.fromkeys(GROUPS, True):
            return
    raise AssertionError(snapshot.errors)


async def watch(device: Device, there: Hostile) -> list[str]:
    """Another device meanwhile: whole and quick each time."""
    for _ in range(20):
        snapshot = await scrape(device)
        check_true(snapshot, there)
        assert snapshot.groups == {"ups": True}, snapshot.errors
        await asyncio.sleep(0.1)
    assert errors(device) == {}
    return []


async def judge(
    cell: Cell, place: str, there: Hostile, device: Device, dead: Device | None, clock: Clock
) -> list[str]:
    """What is otherwise than the table says."""
    await get_to_know(there, device)
    return await trouble_with(cell, place, there, device, dead, clock)


async def trouble_with(
    cell: Cell, place: str, there: Hostile, device: Device, dead: Device | None, clock: Clock
) -> list[str]:
    found = []
    everything = set(GROUPS)
    for once in (True, False):
        device.counters.errors.clear()
        await misbehaviour.begin(there, place, cell.fault, once=once)
        snapshot = await scrape_beside(device, dead)
        found += untrue(cell, snapshot, there)
        mended = cell.once == "mended always" or (once and cell.once != "lost") or not cell.reasons
        missing = set() if mended else MISSING[cell.missing]
        reasons = set(cell.reasons[:1] if once else cell.reasons)
        if once and cell.once == "unnoticed":
            reasons = set()
        if set(errors(device)) != reasons:
            found.append(f"{cell.name}, once {once}: counted {errors(device)}, not {reasons}")
        gone = {name for name in GROUPS if not snapshot.groups[name]}
        if gone != missing or snapshot.up is (missing == everything):
            found.append(f"{cell.name}, once {once}: up is {snapshot.up}, and missing are {gone}")
        if not snapshot.up and (others := hostile.exported(snapshot)):
            found.append(f"{cell.name}: {WRONG}: nothing was read, but there is {others}")
        await misbehaviour.end(there)
        if cell.reasons in (("exception_1",), ("exception_2",), ("exception_3",), ("exception_4",)):
            clock.advance(15)
        snapshot = await scrape(device)
        found += untrue(cell, snapshot, there)
        if snapshot.groups != dict.fromkeys(GROUPS, True) or len(hostile.words(snapshot)) != WORDS:
            found.append(f"{cell.name}, once {once}: not well afterwards: {snapshot.errors}")
    return found


def untrue(cell: Cell, snapshot: Snapshot, there: Hostile) -> list[str]:
    try:
        check_true(snapshot, there)
    except AssertionError as error:
        return [f"{cell.name}: {WRONG}: {error}"]
    return []
