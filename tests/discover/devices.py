"""Devices to discover, and the command run against them in this process."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.cli import main
from exporter.simulator.scenarios import Scenario
from exporter.simulator.server import Simulator
from tests.hostile import Hostile

ANYWHERE = "127.0.0.1:0"
QUICK = ("--pause=0ms",)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


async def command(capsys: pytest.CaptureFixture[str], *words: str) -> Done:
    """A command of the exporter, in a thread beside the device it talks to."""
    capsys.readouterr()
    code = await asyncio.to_thread(_main, words)
    out, err = capsys.readouterr()
    return Done(code, out, err)


def _main(words: tuple[str, ...]) -> int:
    try:
        return main(words)
    except SystemExit as exit:
        return int(str(exit.code or 0))


def simulated(
    capsys: pytest.CaptureFixture[str], scenario: str | Scenario = "normal", *words: str, **settings: Any
) -> Done:
    """`discover` on a simulated device."""

    async def play() -> Done:
        async with Simulator(scenario, listen=settings.pop("listen", ANYWHERE), **settings) as device:
            return await command(capsys, "discover", device.target, *QUICK, *words)

    return asyncio.run(play())


def image_of(scenario: str = "normal", **settings: Any) -> dict[int, int]:
    """The words of a scenario at its beginning."""
    return dict(Simulator(scenario, static=True, **settings).image())


def standing(words: Mapping[int, int], without: Iterable[int] = (), **settings: Any) -> Hostile:
    """A device on a bare socket with these words, of which it refuses some."""
    device = Hostile(served=set(words) - set(without), **settings)
    device.pins = dict(words)
    return device


def discovered(capsys: pytest.CaptureFixture[str], device: Hostile, *words: str) -> Done:
    """`discover` on such a device."""

    async def play() -> Done:
        async with device:
            return await command(capsys, "discover", device.target(), *QUICK, *words)

    return asyncio.run(play())


def lines_with(text: str, part: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if part in line]


def nothing_left(folder: Path) -> bool:
    return not list(folder.iterdir())
