"""`make bench`: what a scrape costs, as ratios to the wire's floor. Nothing is asserted here.

The device is a process of its own that answers from memory after a set delay, so that only the exporter's
own work is counted. CPU times are those that the kernel booked on the exporter's process.
"""

import argparse
import asyncio
import contextlib
import gc
import http.client
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from exporter.config import load_config
from exporter.exposition.prometheus import Renderer
from exporter.reading.fleet import Fleet
from exporter.simulator.plant import Plant
from exporter.simulator.registers import image

_TICK = os.sysconf("SC_CLK_TCK")
MODULES = (0, 40, 330)
DELAYS = (0.0, 0.010)
GOALS = {0: 1.0, 40: 3.0, 330: 15.0}  # milliseconds of CPU a scrape


@dataclass
class Result:
    """One line of the table; times in milliseconds."""

    modules: int
    delay: float
    requests: int
    series: int
    median: float
    p99: float
    cpu: float

    @property
    def floor(self) -> float:
        """What the wire alone takes."""
        return self.requests * self.delay * 1000


class _Responder(asyncio.Protocol):
    """Answers every read from `words` after `delay` seconds; hand-written, to cost as little as possible."""

    def __init__(self, words: dict[int, int], delay: float) -> None:
        self._words = words
        self._delay = delay
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        start, count = int.from_bytes(data[8:10], "big"), int.from_bytes(data[10:12], "big")
        if all(address in self._words for address in range(start, start + count)):
            values = b"".join(self._words[a].to_bytes(2, "big") for a in range(start, start + count))
            pdu = bytes((data[6], data[7], 2 * count)) + values
        else:
            pdu = bytes((data[6], data[7] | 0x80, 2))
        frame = data[:4] + len(pdu).to_bytes(2, "big") + pdu
        assert self._transport is not None
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, frame)
        else:
            self._transport.write(frame)


def _device(words: dict[int, int], delay: float, ready: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Responder(words, delay), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


@contextlib.contextmanager
def device(modules: int, delay: float) -> Iterator[int]:
    """A device with that many modules in 2 strings (none: no BACS); gives its port."""
    words = image(Plant(strings=2, modules=modules))
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_device, args=(words, delay, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


@contextlib.contextmanager
def exporter(*targets: str) -> Iterator[tuple[int, int, float]]:
    """A running exporter: its port, its process id, and how long it took from the start to a good scrape."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [f"--target={target}" for target in targets]
    command = [
        sys.executable,
        "-m",
        "exporter",
        "serve",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    started = time.perf_counter()
    process = subprocess.Popen([*command, *flags])
    try:
        while True:
            with contextlib.suppress(OSError):
                if b"generex_up{" in scrape(http.client.HTTPConnection("127.0.0.1", port)):
                    break
            time.sleep(0.005)
        yield port, process.pid, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def scrape(connection: http.client.HTTPConnection) -> bytes:
    """One scrape of the devices over a kept connection, as Prometheus does it."""
    connection.request("GET", "/metrics?collect[]=devices", headers={"Accept-Encoding": "identity"})
    return connection.getresponse().read()


def cpu_seconds(pid: int) -> float:
    """The CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mb(pid: int) -> float:
    """The resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(modules: int, delay: float, scrapes: int) -> Result:
    """Scrape one device over and over."""
    with device(modules, delay) as port, exporter(f"bench=tcp://127.0.0.1:{port}") as (http_port, pid, _):
        connection = http.client.HTTPConnection("127.0.0.1", http_port)
        for _ in range(20):
            page = scrape(connection)
        before = cpu_seconds(pid)
        times = []
        for _ in range(scrapes):
            start = time.perf_counter()
            page = scrape(connection)
            times.append(1000 * (time.perf_counter() - start))
        cpu = 1000 * (cpu_seconds(pid) - before) / scrapes
        connection.close()
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    requests = next(
        int(float(line.split()[-1])) for line in lines if line.startswith("generex_scrape_requests")
    )
    times.sort()
    return Result(
        modules, delay, requests, len(lines), statistics.median(times), times[int(len(times) * 0.99)], cpu
    )


async def split(modules: int, port: int) -> tuple[float, float]:
    """Milliseconds per scrape for a pass (plan, I/O and decoding) and for rendering, inside one process."""
    fleet = Fleet(load_config(targets=[f"bench=tcp://127.0.0.1:{port}"]))
    renderer, unit = Renderer(), fleet.devices["bench"]
    loop = asyncio.get_running_loop()
    for _ in range(10):
        snapshot = await unit.scrape(loop.time() + 5)
        list(renderer.devices([snapshot], "text"))
    rounds = 100
    reading = rendering = 0.0
    for _ in range(rounds):
        start = time.process_time()
        snapshot = await unit.scrape(loop.time() + 5)
        middle = time.process_time()
        list(renderer.devices([snapshot], "text"))
        reading += middle - start
        rendering += time.process_time() - middle
    fleet.close()
    return 1000 * reading / rounds, 1000 * rendering / rounds


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    )
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrapes", type=int, default=300, help="scrapes per row (default: 300)")
    scrapes = parser.parse_args().scrapes
    gc.collect()
    rows = []
    for delay in DELAYS:
        for modules in MODULES:
            result = measure(modules, delay, scrapes if delay == 0 else max(scrapes // 6, 20))
            allowed = 1.15 * result.floor + 10
            rows.append(
                (
                    f"{modules}",
                    f"{delay * 1000:g}",
                    f"{result.requests}",
                    f"{result.series}",
                    f"{result.median:.2f}",
                    f"{result.p99:.2f}",
                    f"{result.median / allowed:.2f}" if delay else "-",
                    f"{result.cpu:.2f}",
                    f"{result.cpu / GOALS[modules]:.2f}",
                    f"{1000 * result.cpu / result.series:.1f}",
                )
            )
    print("A scrape of one device (milliseconds; floor = requests x delay)\n")
    head = "modules,device ms,requests,series,median,p99,median/(1.15 floor+10),CPU,CPU/goal,CPU us/series"
    print(table(head.split(","), rows))
    print("\nWhere the CPU goes (milliseconds a scrape; the rest of the above is HTTP)\n")
    shares = []
    for modules in MODULES:
        with device(modules, 0) as port:
            reading, rendering = asyncio.run(split(modules, port))
        shares.append((f"{modules}", f"{reading:.2f}", f"{rendering:.2f}"))
    print(table(("modules", "pass (plan, I/O, decode)", "render"), shares))
    with device(40, 0) as port, exporter(f"bench=tcp://127.0.0.1:{port}") as (http_port, pid, start):
        connection = http.client.HTTPConnection("127.0.0.1", http_port)
        for _ in range(200):
            scrape(connection)
        connection.close()
        print(f"\nstart to first good scrape: {start:.2f} s ({start / 1.5:.2f} of 1.5 s)")
        print(
            f"resident memory with one device: {resident_mb(pid):.0f} MB "
            f"({resident_mb(pid) / 80:.2f} of 80 MB)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
