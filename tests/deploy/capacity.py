"""How many devices one exporter carries at a scrape every 15 s; `python -m tests.deploy.capacity`.

`make bench` says what a scrape costs when one follows the other. Here they come at their times, spread
evenly, compressed, over connections that are kept and shared, as Prometheus does it; a device answers after
10 ms. Two columns say whether the machine is what is slow: the share of time in which the exporter waited for
a core, and how late the scraper is itself.
"""

import argparse
import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.devices import devices
from tests.bench.running import Running, exporter
from tests.bench.table import Table

INTERVAL = 15.0  # seconds between two scrapes of a device
TIMEOUT, DELAY = 10.0, 0.010
_REQUEST = (
    "GET /probe?target={} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n"
)


@dataclass
class Round:
    """What a round of scrapes took; seconds."""

    times: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    missed: int = 0


class Scraper:
    """Scrapes over connections that go from one device to the next."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def scrape(self, name: str, at: float, result: Round) -> None:
        """One scrape of a device at a time of the loop's clock."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(at - loop.time())
        start = loop.time()
        result.late.append(start - at)
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._once(_REQUEST.format(name).encode())
        except (OSError, EOFError, RuntimeError):
            result.missed += 1
        else:
            result.times.append(loop.time() - start)

    async def _once(self, request: bytes) -> None:
        streams = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = streams
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"a probe failed: {head!r}")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        except BaseException:
            writer.close()
            raise
        self._free.append(streams)


def errors(running: Running) -> int:
    """How often a device was not reached or not understood."""
    page = running.get(running.connection(), "/metrics?collect[]=exporter").decode()
    start = "generex_exporter_modbus_errors_total{"
    return sum(int(float(line.split()[-1])) for line in page.splitlines() if line.startswith(start))


def waited(running: Running) -> float:
    """The seconds in which it could have worked and had no core."""
    return int(Path(f"/proc/{running.pid}/schedstat").read_text().split()[1]) / 1e9


async def rounds(running: Running, number: int) -> tuple[Round, float, float]:
    """A round to warm up and one that counts: its scrapes, the cores used, and those that were missing."""
    loop = asyncio.get_running_loop()
    scraper = Scraper(running.port)
    used, missing, result = 0.0, 0.0, Round()
    for _ in ("warm up", "count"):
        result, begin, before, stood = Round(), loop.time() + 0.2, running.cpu, waited(running)
        every = INTERVAL / number
        await asyncio.gather(*(scraper.scrape(f"d{n}", begin + every * n, result) for n in range(number)))
        await asyncio.sleep(begin + INTERVAL - loop.time())
        took = loop.time() - begin
        used, missing = (running.cpu - before) / took, (waited(running) - stood) / took
    return result, used, missing


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.capacity", description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, default=[100, 1000, 2000, 4000], metavar="devices")
    parser.add_argument("--modules", type=int, default=40, help="BACS modules of each device (default: 40)")
    args = parser.parse_args()
    table = Table(
        f"{args.modules} modules each, a scrape every {INTERVAL:g} s, {os.cpu_count()} cores for all of it",
        (
            "devices",
            "scrapes/s",
            "cores",
            "waited",
            "MB",
            "median ms",
            "p99 ms",
            "missed",
            "errors",
            "scraper late ms",
        ),
    )
    for number in args.numbers:
        with devices(number, args.modules, DELAY) as targets, exporter(targets) as running:
            result, used, missing = asyncio.run(rounds(running, number))
            times = sorted(result.times)
            table.rows.append(
                (
                    f"{number}", f"{number / INTERVAL:.0f}", f"{used:.2f}", f"{missing:.2f}",
                    f"{running.megabytes:.0f}",
                    f"{1000 * times[len(times) // 2]:.0f}", f"{1000 * times[int(len(times) * 0.99)]:.0f}",
                    f"{result.missed}", f"{errors(running)}", f"{1000 * max(result.late):.0f}",
                )
            )  # fmt: skip
    print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
