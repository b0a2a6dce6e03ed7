"""How many devices one exporter carries at a scrape every 15 s; `python -m tests.deploy.capacity`.

Each device is an address of its own on the loopback network and answers every request after 10 ms. Scrapes
are spread evenly over the interval, each device on a connection that is kept, compressed, as Prometheus asks.
Devices and scraper are one process beside the exporter's; its lateness is printed, as it must not be what is
slow.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from exporter.simulator.plant import Plant
from exporter.simulator.registers import image
from tests.bench import cpu_seconds, resident_mb, table

INTERVAL, TIMEOUT, DELAY = 15.0, 10.0, 0.010
_REQUEST = (
    "GET /probe?target={} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n"
)


class Device(asyncio.Protocol):
    """Answers every read after the delay, from answers that are made once."""

    def __init__(self, words: dict[int, int], answers: dict[bytes, bytes]) -> None:
        self._words = words
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        question = data[7:12]
        if question not in self._answers:
            self._answers[question] = self._answer(question)
        pdu = data[6:7] + self._answers[question]
        frame = data[:4] + len(pdu).to_bytes(2, "big") + pdu
        asyncio.get_running_loop().call_later(DELAY, self._transport.write, frame)  # type: ignore[attr-defined]

    def _answer(self, question: bytes) -> bytes:
        start, count = int.from_bytes(question[1:3], "big"), int.from_bytes(question[3:5], "big")
        if not all(address in self._words for address in range(start, start + count)):
            return bytes((question[0] | 0x80, 2))
        values = b"".join(self._words[a].to_bytes(2, "big") for a in range(start, start + count))
        return bytes((question[0], 2 * count)) + values


@dataclass
class Round:
    """What a round of scrapes took; seconds."""

    times: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    missed: int = 0


class Scraper:
    """The scrapes of one device."""

    def __init__(self, port: int, name: str) -> None:
        self._port = port
        self._request = _REQUEST.format(name).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def scrape(self, at: float, result: Round) -> None:
        """One scrape at a time of the loop's clock."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(at - loop.time())
        start = loop.time()
        result.late.append(start - at)
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._once()
        except (OSError, EOFError, AssertionError):
            result.missed += 1
            self._streams = None
        else:
            result.times.append(loop.time() - start)

    async def _once(self) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)


def errors(page: str) -> int:
    """How often a device could not be reached or answered wrongly."""
    start = "generex_exporter_modbus_errors_total{"
    return sum(int(float(line.split()[-1])) for line in page.splitlines() if line.startswith(start))


async def own_metrics(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics?collect[]=exporter HTTP/1.0\r\n\r\n")
    page = (await reader.read()).decode()
    writer.close()
    return page


async def measure(devices: int, modules: int, folder: Path) -> tuple[str, ...]:
    """A round to warm up, and one that counts; a line of the table."""
    loop = asyncio.get_running_loop()
    words, answers = image(Plant(strings=2, modules=modules)), dict[bytes, bytes]()
    server = await loop.create_server(lambda: Device(words, answers), "0.0.0.0", 0, backlog=4096)
    modbus = server.sockets[0].getsockname()[1]
    entries = [
        {"name": f"ups-{n}", "target": f"tcp://127.1.{n // 250}.{n % 250 + 1}:{modbus}"}
        for n in range(devices)
    ]
    config = folder / "generex.yml"
    config.write_text(yaml.dump({"devices": entries}, Dumper=yaml.CSafeDumper))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "exporter", "serve", *flags)
    try:
        while True:
            with contextlib.suppress(OSError):
                await own_metrics(port)
                break
            await asyncio.sleep(0.1)
        scrapers = [Scraper(port, entry["name"]) for entry in entries]
        for _ in ("warm up", "count"):
            result, begin = Round(), loop.time() + 0.2
            used, own = cpu_seconds(process.pid), time.process_time()
            await asyncio.gather(
                *(s.scrape(begin + INTERVAL * n / devices, result) for n, s in enumerate(scrapers))
            )
            took = loop.time() - begin
        cpu, mine = (cpu_seconds(process.pid) - used) / took, (time.process_time() - own) / took
        failed = errors(await own_metrics(port))
        times = sorted(result.times) or [float("nan")]
        return (
            f"{devices}", f"{devices / INTERVAL:.0f}",
            f"{100 * cpu:.0f} %", f"{resident_mb(process.pid):.0f}",
            f"{1000 * times[len(times) // 2]:.0f}", f"{1000 * times[int(len(times) * 0.99)]:.0f}",
            f"{result.missed}", f"{failed}", f"{1000 * max(result.late):.0f}", f"{100 * mine:.0f} %",
        )  # fmt: skip
    finally:
        process.terminate()
        await process.wait()
        server.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs="*", type=int, default=[100, 500, 1000, 2000, 4000])
    parser.add_argument("--modules", type=int, default=40, help="BACS modules of each device (default: 40)")
    arguments = parser.parse_args()
    head = "devices,scrapes/s,CPU of a core,MB,median ms,p99 ms,missed,errors,scraper late ms,scraper CPU"
    with tempfile.TemporaryDirectory() as folder:
        rows = [asyncio.run(measure(count, arguments.modules, Path(folder))) for count in arguments.devices]
    print(f"{arguments.modules} modules each, {os.cpu_count()} cores\n")
    print(table(head.split(","), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
