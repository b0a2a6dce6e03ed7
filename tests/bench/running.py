"""The exporter as a process: scraped as Prometheus scrapes it, with what the kernel booked on it."""

import asyncio
import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

_UP = re.compile(rb"^generex_up\{[^}]*\} 1$", re.MULTILINE)
_NOT_WHOLE = re.compile(rb"^generex_(up|group_up)\{[^}]*\} 0$", re.MULTILINE)
_HEADERS = "Host: bench\r\nAccept-Encoding: identity\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n"


def cpu_seconds(pid: int) -> float:
    """The seconds of CPU that the kernel has booked on a process, to the nanosecond; of ended threads too."""
    return time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


@dataclass(frozen=True)
class Running:
    """A running exporter; `file` is its configuration.

    `started` is how many seconds passed from its start until it was ready: to a good scrape, if it was
    waited for.
    """

    port: int
    pid: int
    file: Path
    started: float = 0.0

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

    def reload(self) -> None:
        """Let it read its configuration again."""
        connection = self.connection()
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"no reload: {answer.read()!r}")

    def connection(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


@contextlib.contextmanager
def exporter(targets: Sequence[str], extra: str = "", *, scraped: bool = True) -> Iterator[Running]:
    """The exporter for these devices, named d0, d1 and so on; `extra` is what else the device entries say.

    It is waited for until it is ready and, if `scraped`, has read the first device.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory() as folder:
        file = Path(folder, "bench.yml")
        file.write_text(configuration(targets, extra))
        flags = [f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "exporter", "serve", *flags])
        try:
            running = Running(port, process.pid, file)
            while not _answers(running, scraped=scraped):
                time.sleep(0.005)
            yield replace(running, started=time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait()


def configuration(targets: Sequence[str], extra: str = "") -> str:
    """The configuration of these devices; "%d" in `extra` is the number of each."""
    lines = [
        f"  - {{name: d{number}, target: 'tcp://{target}'{extra.replace('%d', str(number))}}}"
        for number, target in enumerate(targets)
    ]
    return "\n".join(["devices:", *lines, ""])


def check(page: bytes) -> None:
    """Raise RuntimeError unless everything was read: what is not read costs less."""
    if not _UP.search(page) or _NOT_WHOLE.search(page):
        raise RuntimeError(f"a scrape failed: {page[:200]!r}")


def _answers(running: Running, *, scraped: bool) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException, RuntimeError):
        connection = running.connection()
        if not scraped:
            return running.get(connection, "/-/ready") == b"Ready\n"
        check(running.get(connection, "/probe?target=d0"))
        return True
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
            check(page)
        writer.close()

    async def run() -> list[float]:
        paths = [f"/probe?target={quote(name)}" for name in names] * rounds
        times: list[float] = []
        await asyncio.gather(*(worker(paths, times) for _ in range(connections)))
        return times

    return asyncio.run(run())
