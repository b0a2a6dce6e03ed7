"""`probe` on a real terminal: a status page, and with --watch one that stays in its place."""

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from exporter.simulator.server import Simulator

_ENTER, _LEAVE, _HIDE, _SHOW, _CLEAR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25l", "\x1b[?25h", "\x1b[2J"


class Terminal:
    """A pseudo terminal with a probe in it; `text` is all that was written to it so far."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self.master = master
        self.process = process
        self.data = bytearray()

    @property
    def text(self) -> str:
        return self.data.decode(errors="ignore")

    @property
    def plain(self) -> str:
        """The text without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.text)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 (there is no event for it)
                await asyncio.sleep(0.01)


_TERMINALS = ("NO_COLOR", "COLUMNS", "LINES")  # what another terminal would say of itself


@asynccontextmanager
async def terminal(*arguments: str, rows: int = 60) -> AsyncIterator[Terminal]:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 120, 0, 0))
    before = termios.tcgetattr(slave)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "probe", *arguments),
        stdin=slave, stdout=slave, stderr=slave,
        env={name: value for name, value in os.environ.items() if name not in _TERMINALS} | {"TERM": "xterm"},
    )  # fmt: skip
    it = Terminal(master, process)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, lambda: it.data.extend(os.read(master, 65536)))
    try:
        yield it
        assert termios.tcgetattr(slave) == before
    finally:
        loop.remove_reader(master)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)
        os.close(slave)


def test_a_probe_reads_like_a_status_page() -> None:
    async def run() -> None:
        device = Simulator(listen="127.0.0.1:0", modules=8, pins={103: 34})
        device.turn(mains=False, lost_modules=[6])
        async with device, terminal(device.target) as it:
            assert await it.process.wait() == 0
            await it.until(lambda: "equalization" in it.text)
            assert re.search(r"state +▲ On battery, \d+ min left", it.plain)
            assert re.search(r"survives a failure now +▲ on battery now", it.plain)
            assert re.search(r"blocks +7 of 8 OK, 1 absent", it.plain)
            assert re.search(r"absent +string 2 module 6", it.plain)
            assert re.search(r"ups_battery_charge_ratio +34 %", it.plain)
            assert (
                it.plain.index("On battery") < it.plain.index("first action") < it.plain.index("Measurements")
            )
            assert "Prepare an orderly shutdown" in it.plain
            assert _ENTER not in it.text

    asyncio.run(run())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_refreshes_in_place_and_gives_the_terminal_back(number: signal.Signals) -> None:
    async def run() -> None:
        device = Simulator(listen="127.0.0.1:0", modules=40)
        async with device, terminal("--watch", device.target, rows=30) as it:
            await it.until(lambda: "● On mains" in it.plain)
            device.turn(mains=False)
            await it.until(lambda: "▲ On battery" in it.plain)
            it.process.send_signal(number)
            async with asyncio.timeout(10):
                assert await it.process.wait() == 0
            await it.until(lambda: _LEAVE in it.text)
            assert (it.text.count(_ENTER), it.text.count(_LEAVE)) == (1, 1)
            assert _CLEAR not in it.text, "a cleared screen flickers"
            assert it.text.rindex(_SHOW) > it.text.rindex(_HIDE)
            assert "Traceback" not in it.text

    asyncio.run(run())


def test_watch_ends_while_a_device_keeps_silent() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    connected = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(hold, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with terminal("--watch", "--timeout=60s", f"127.0.0.1:{port}") as it:
            async with asyncio.timeout(20):
                await connected.wait()
            it.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await it.process.wait() == 0
            assert "Traceback" not in it.text
        server.close()

    asyncio.run(run())
