"""A recording, replayed, is to the exporter what the device was: pass by pass the same metrics."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from exporter.exposition.lines import Renderer
from exporter.reading.device.fleet import Fleet
from exporter.recording.capture import capture
from exporter.recording.form import Header, Pass, Recording, Request
from exporter.simulator.replay import Replay
from exporter.simulator.replayer import Replayer
from exporter.simulator.scenarios import Scenario
from exporter.simulator.server import Simulator
from tests.hostile import BACS, FILLER, UPS, Hostile, config, silent

ANYWHERE = "127.0.0.1:0"
# what differs for good reasons: how long it took, and where it is
_OF_THE_WIRE = re.compile(
    r"^(generex_scrape_(duration|timeout)_seconds\{.*|generex_device_info\{.*)$", re.MULTILINE
)


def header(**other: Any) -> Header:
    plain: dict[str, Any] = {
        "version": "0",
        "started": "2026-01-01T00:00:00.000Z",
        "transport": "tcp",
        "unit": 1,
    }
    return Header(**plain | {"module": "cs141", "interval": 10.0} | other)


def fleet_of(target: str, module: str) -> Fleet:
    times = {"timeout": "5s", "request_timeout": "2s"}
    return Fleet(config({"name": "x", "target": target, "module": module, **times}))


async def metrics(fleet: Fleet) -> str:
    loop = asyncio.get_running_loop()
    snapshot = await fleet.devices["x"].scrape(loop.time() + 5)
    return _OF_THE_WIRE.sub("", "".join(Renderer().devices([snapshot], "text")))


async def recorded(
    target: str, module: str, times: list[float], set_time: Callable[[float], None]
) -> tuple[Recording, list[str]]:
    """A recording of these moments, and what another exporter said of the device in each of them."""
    passes, said = [], []
    async with AsyncExitStack() as stack:
        fleets = [fleet_of(target, module) for _ in range(2)]
        for fleet in fleets:
            stack.callback(fleet.close)
        for at in times:
            set_time(at)
            line, _ = await capture(fleets[0].devices["x"], at, hide=False)
            # through its text, as from a file
            passes.append(Pass.model_validate_json(line.line()))
            said.append(await metrics(fleets[1]))
    return Recording(header=header(module=module), passes=tuple(passes)), said


async def replayed(recording: Recording, times: list[float]) -> list[str]:
    now = [0.0]
    async with (
        Replayer(recording, listen=ANYWHERE, clock=lambda: now[0]) as device,
        AsyncExitStack() as stack,
    ):
        fleet = fleet_of(device.target, recording.header.module)
        stack.callback(fleet.close)
        said = []
        for at in times:
            now[0] = at
            said.append(await metrics(fleet))
        return said


@pytest.mark.parametrize(
    ("scenario", "settings"),
    [
        ("demo", {}),
        ("power-failure", {"modules": 60, "strings": 3}),
        ("communication-lost", {}),
        ("module-lost", {}),
        ("cs141-reboot", {}),
        ("old-firmware", {}),
        ("no-bacs-zeros", {}),
        ("normal", {"modules": 0}),
    ],
)
def test_the_replay_of_a_scenario_gives_the_same_metrics(scenario: str, settings: dict[str, Any]) -> None:
    times = [0.0, 20.0, 45.0, 90.0, 200.0, 420.0]

    async def play() -> None:
        now = [0.0]
        async with Simulator(scenario, listen=ANYWHERE, clock=lambda: now[0], **settings) as device:

            def set_time(at: float) -> None:
                now[0] = at

            recording, original = await recorded(device.target, "cs141", times, set_time)
        assert len(set(original)) > 1 or scenario in ("old-firmware", "no-bacs-zeros")
        assert await replayed(recording, times) == original
        # and once more: after the last pass and one interval it begins again
        assert (await replayed(recording, [at + 430.0 for at in times]))[0] == original[0]

    asyncio.run(play())


def test_refusals_limits_and_silence_are_replayed() -> None:
    """A device that refuses words, takes 100 at once, falls silent in the third pass and is back after it."""
    words = dict.fromkeys(BACS, FILLER) | dict.fromkeys(UPS, 230)
    words |= {109: 4, **dict.fromkeys(range(115, 143), 0), 1000: 0x41, 1001: 0, 1002: 0, 1003: 2, 1004: 40}
    words |= dict.fromkeys(range(1060, 1260), 120)
    times = [0.0, 10.0, 20.0, 30.0]

    async def play() -> None:
        async with Hostile(served=set(words) - {98, 110, 1005}, max_words=100) as device:
            device.pins = words
            honest = device.behaviour

            def set_time(at: float) -> None:
                device.behaviour = silent if at == 20.0 else honest

            recording, original = await recorded(device.target(), "cs141", times, set_time)
        reasons = [{r.reason for r in line.requests} for line in recording.passes]
        assert reasons[0] == {None, "exception_2", "exception_3"}
        assert reasons[2] == {"timeout"}
        assert 'generex_up{device="x"} 0' in original[2]
        assert 'generex_up{device="x"} 1' in original[3]
        assert await replayed(recording, times) == original

    asyncio.run(play())


def test_a_frame_that_is_read_again_within_a_pass() -> None:
    """Each reading of the frame in a pass gets its own answer, so that the counter is seen moving."""
    story = {"name": "plc", "description": "a PLC", "lasts": "1h", "personality": "prof"}

    async def play() -> None:
        async with Simulator(Scenario.model_validate(story), listen=ANYWHERE, speed=10.0) as device:
            recording, _ = await recorded(device.target, "prof", [0.0], lambda _: None)
        assert len(recording.passes[0].requests) > 1
        (said,) = await replayed(recording, [0.0])
        assert 'generex_data_valid{device="x",group="prof"} 1' in said

    asyncio.run(play())


# the pure part


def request(address: int, count: int, *words: int, reason: str | None = None, function: int = 3) -> Request:
    return Request(
        unit=1,
        function=function,
        address=address,
        count=count,
        words=words or None,
        reason=reason,
        seconds=0.1,
    )


def replay(*passes: list[Request]) -> Replay:
    lines = [
        Pass(at=10.0 * number, time="t", seconds=0.1, requests=tuple(requests))
        for number, requests in enumerate(passes)
    ]
    return Replay(Recording(header=header(), passes=tuple(lines)))


def test_words_stand_until_they_are_read_again() -> None:
    device = replay([request(100, 3, 1, 2, 3)], [request(101, 1, 9)])
    assert device.reply(0, 3, 100, 3) == [1, 2, 3]
    assert device.reply(9.9, 3, 101, 2) == [2, 3]
    assert device.reply(10, 3, 100, 3) == [1, 9, 3]
    assert device.reply(20, 3, 100, 3) == [1, 2, 3]  # from the start again


def test_what_was_never_read_is_refused() -> None:
    device = replay([request(100, 3, 1, 2, 3)])
    assert device.reply(0, 3, 102, 2) == 2
    assert device.reply(0, 4, 100, 3) == 2


def test_a_request_that_holds_a_refused_word_is_refused_with_its_code() -> None:
    device = replay([request(100, 3, reason="exception_3"), request(101, 1, reason="exception_3"),
                     request(100, 1, 1), request(102, 1, 3)], [])  # fmt: skip
    assert device.reply(0, 3, 99, 4) == 3
    assert device.reply(0, 3, 101, 2) == 3
    assert device.reply(0, 3, 102, 1) == [3]


def test_a_request_that_is_longer_than_what_was_taken_is_refused() -> None:
    device = replay([request(100, 4, reason="exception_3"), request(100, 2, 1, 2), request(102, 2, 3, 4),
                     request(200, 2, 5, 6), request(202, 3, 7, 8, 9)])  # fmt: skip
    assert device.reply(0, 3, 200, 4) == 3
    assert device.reply(0, 3, 200, 3) == [5, 6, 7]


def test_silence_and_wrong_answers_are_silence() -> None:
    for reason in ("timeout", "closed", "unit", "frame"):
        device = replay([request(100, 1, 7)], [request(100, 1, reason=reason)], [request(100, 1, 8)])
        assert device.reply(10, 3, 100, 1) is None
        assert device.reply(10, 3, 99, 9) is None
        assert device.reply(20, 3, 100, 1) == [8]


def test_a_pass_without_a_request_is_silence() -> None:
    device = replay([request(100, 1, 7)], [])
    assert device.reply(11, 3, 100, 1) is None


def test_the_same_request_gets_its_answers_in_order() -> None:
    device = replay([request(0, 1, 1), request(0, 1, reason="timeout"), request(0, 1, 2)])
    assert [device.reply(0, 3, 0, 1) for _ in range(4)] == [[1], None, [2], [2]]


def test_bits_are_served_with_their_function_code() -> None:
    device = replay([request(5, 2, 1, 0, function=2)])
    assert device.knows(2)
    assert not device.knows(3)
    assert device.reply(0, 2, 5, 2) == [1, 0]
