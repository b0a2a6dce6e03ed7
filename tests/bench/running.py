"""The exporter as a process: scraped as Prometheus scrapes it, with what the kernel booked on it."""

import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

_TICK = os.sysconf("SC_CLK_TCK")
_HEADERS = "Host: bench\r\nAccept-Encoding: identity\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n"


def cpu_seconds(pid: int) -> float:
    """The seconds of CPU that the kernel has booked on a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@dataclass(frozen=True)
class Running:
    """A running exporter; `started` is how many seconds passed from its start to the first good scrape."""

    port: int
    pid: int
    started: float

    @property
    def cpu(self) -> float:
        """The seconds of CPU it has used."""
        return cpu_seconds(self.pid)

    @property
    def megabytes(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def get(self, connection: http.client.HTTPConnection, path: str, encoding: str = "identity") -> bytes:
        """A page over a kept connection."""
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        return connection.getresponse().read()

    def connection(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


@contextlib.contextmanager
def exporter(targets: Sequence[str], extra: str = "") -> Iterator[Running]:
    """The exporter for these devices, named d0, d1 and so on; `extra` is more configuration."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory() as folder:
        file = Path(folder, "bench.yml")
        lines = [
            f"  - {{name: d{number}, target: 'tcp://{target}'}}" for number, target in enumerate(targets)
        ]
        file.write_text("\n".join(["devices:", *lines, extra, ""]))
        flags = [f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "exporter", "serve", *flags])
        try:
            running = Running(port, process.pid, 0.0)
            while not _answers(running):
                time.sleep(0.005)
            yield Running(port, process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait()


def _answers(running: Running) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return b"generex_up{" in running.get(running.connection(), "/probe?target=d0")
    return False


def probe_all(running: Running, names: Sequence[str], rounds: int, connections: int = 8) -> list[float]:
    """Probe every device `rounds` times over some connections at once; gives the seconds that each took."""

    async def worker(paths: list[str], times: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=2**24)
        while paths:
            start = time.perf_counter()
            writer.write(f"GET {paths.pop()} HTTP/1.1\r\n{_HEADERS}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            page = await reader.readexactly(length)
            times.append(time.perf_counter() - start)
            if b"generex_up{" not in page:
                raise RuntimeError(f"a probe failed: {page[:200]!r}")
        writer.close()

    async def run() -> list[float]:
        paths = [f"/probe?target={quote(name)}" for name in names] * rounds
        times: list[float] = []
        await asyncio.gather(*(worker(paths, times) for _ in range(connections)))
        return times

    return asyncio.run(run())
