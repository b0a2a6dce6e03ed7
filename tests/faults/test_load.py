"""The exporter under load, as a process, through HTTP: a thousand devices, two hundred people, a long time.

The fifteen seconds of a real scrape interval are fewer here, as few as the machine is quick.
`make soak` does the long run with 100,000 scrapes.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from tests.faults import crowd
from tests.support import Exporter, exporter, free_port, running, wait_for

DEVICES = 1000
SHORTEST, LONGEST, TIMEOUT = 3.0, 15.0, 10.0  # seconds: interval and timeout of scrapes
LATE = 2.0  # seconds by which a busy machine may be late
ROUNDS = 2
SCRAPES = int(os.environ.get("SOAK", "3000"))


class Scraper:
    """Keeps its connections between scrapes, as Prometheus does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        stream = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = stream
        header = f"X-Prometheus-Scrape-Timeout-Seconds: {TIMEOUT}"
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if length := re.search(r"Content-Length: (\d+)", head):
            body = await reader.readexactly(int(length[1]))
        else:
            assert "Transfer-Encoding: chunked" in head, head
            body = b""
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        self.idle.append(stream)
        return int(head.split()[1]), body.decode()

    async def close(self) -> None:
        for _, writer in self.idle:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log = tmp_path_factory.mktemp("crowd") / "log"
    port = free_port()
    with running([sys.executable, crowd.__file__, str(port), str(DEVICES)], log):
        wait_for(lambda: "ready" in log.read_text(), what="the crowd")
        yield port


def configure(path: Path, port: int, devices: int, edition: int = 0) -> Path:
    """A configuration; another edition has another label at every device."""
    lines = [f"  - {{name: d{n}, target: '{crowd.host(n)}:{port}', <<: *all}}" for n in range(devices)]
    path.write_text(
        "\n".join(
            [
                "probe: {max_concurrent: 500}",
                "devices:",
                # YAML wants the anchor first: the first device is one that nobody looks at
                f"  - &all {{name: x, target: '127.0.0.1:{port}', module: ups, "
                f"labels: {{edition: '{edition}'}}}}",
                *lines,
            ]
        )
    )
    return path


@pytest.fixture(scope="module")
def it(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    path = configure(tmp_path_factory.mktemp("load") / "config.yaml", port, DEVICES)
    with exporter("--config.file", str(path), env={"CONFIG": str(path)}) as running_exporter:
        yield running_exporter


def config_file(it: Exporter) -> Path:
    arguments = cast(list[str], it.process.args)
    return Path(arguments[arguments.index("--config.file") + 1])


def by_device(page: str) -> dict[str, dict[str, str]]:
    """The values of each device by metric."""
    found: dict[str, dict[str, str]] = {}
    for metric, device, value in re.findall(
        r'^generex_(\w+){device="(\w+)"[^}]*} (\S+)$', page, re.MULTILINE
    ):
        found.setdefault(device, {})[metric] = value
    return found


def what_is_wrong_with(number: int, status: int, body: str) -> str:
    """Why a scrape of one device is not what it should be."""
    if status != 200:
        return f"d{number}: status {status}: {body}"
    return what_is_wrong(number, by_device(body).get(f"d{number}", {}))


def what_is_wrong(number: int, found: dict[str, str]) -> str:
    name = f"d{number} ({crowd.kind(number)})"
    up = crowd.kind(number) in ("good", "slow")
    if found.get("up") != ("1" if up else "0"):
        return f"{name}: up is {found.get('up')}"
    if found.get("ups_battery_volts") != (str(number) if up else None):
        return f"{name}: {found.get('ups_battery_volts')} volts"
    if float(found["scrape_duration_seconds"]) > float(found["scrape_timeout_seconds"]) + LATE:
        return f"{name}: took {found['scrape_duration_seconds']} s"
    return ""


def test_a_thousand_devices_of_which_a_quarter_misbehaves(it: Exporter, port: int) -> None:
    """Two rounds, and reloads that change every device meanwhile: no good scrape is lost."""

    async def test() -> None:
        scraper = Scraper(it.port)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(3, 203):
            await scraper.get(f"/probe?target=d{number if crowd.kind(number) == 'good' else 3}")
        interval = min(max(SHORTEST, 3 * (loop.time() - begun) / 200 * DEVICES), LONGEST)
        started = loop.time()
        print(f"an interval of {interval:.1f} s")

        async def scrape(number: int, at: float) -> str:
            await asyncio.sleep(at - loop.time())
            return what_is_wrong_with(number, *await scraper.get(f"/probe?target=d{number}"))

        async def reload(edition: int, at: float) -> str:
            await asyncio.sleep(at - loop.time())
            await asyncio.to_thread(configure, config_file(it), port, DEVICES, edition)
            begun = loop.time()
            status, body = await scraper.get("/-/reload", "POST")
            print(f"reload took {loop.time() - begun:.1f} s")
            return "" if status == 200 else body

        plan = [
            scrape(number, started + (round + number / DEVICES) * interval)
            for round in range(ROUNDS)
            for number in range(DEVICES)
        ]
        plan += [reload(edition, started + (edition - 0.7) * interval) for edition in range(1, ROUNDS + 1)]
        wrong = [text for text in await asyncio.gather(*plan) if text]
        print(f"{ROUNDS * DEVICES} scrapes in {loop.time() - started:.1f} s")
        assert wrong == []
        _, page = await scraper.get("/probe?target=d3")
        assert 'edition="2"' in page
        # all at once, too: those that are down make nobody else's data missing
        _, page = await scraper.get("/metrics?collect[]=devices")
        found = by_device(page)
        wrong = [text for number in range(DEVICES) if (text := what_is_wrong(number, found[f"d{number}"]))]
        assert wrong == []
        await scraper.close()

    asyncio.run(test())
    assert len(it.log.splitlines()) < 400, "the log stays readable"


def test_two_hundred_clients_of_one_device_share_its_passes(it: Exporter) -> None:
    async def test() -> None:
        scraper = Scraper(it.port)
        before = await counted(scraper)
        answers = await asyncio.gather(*(scraper.get("/probe?target=d21") for _ in range(200)))
        assert [what_is_wrong_with(21, *answer) for answer in answers] == [""] * 200
        coalesced, requests = (after - b for after, b in zip(await counted(scraper), before, strict=True))
        assert coalesced + requests == 200
        assert requests <= 20, "one pass takes 150 ms, and all of them have come by then"
        await scraper.close()

    async def counted(scraper: Scraper) -> tuple[int, int]:
        _, page = await scraper.get("/metrics?collect[]=exporter")
        names = ("scrapes_coalesced", "modbus_requests")
        found = [re.search(rf'generex_exporter_{n}_total{{device="d21"}} (\S+)', page) for n in names]
        return int(float(found[0][1])), int(float(found[1][1]))  # type: ignore[index]

    asyncio.run(test())


def test_a_long_run_does_not_grow(port: int, tmp_path: Path) -> None:
    """Good devices and liars in turn, with a reload now and then."""
    path = configure(tmp_path / "config.yaml", port, 40)

    async def test(it: Exporter) -> None:
        scraper = Scraper(it.port)
        # the dead and the slow ones would only take their time
        numbers = [n for n in range(40) if crowd.kind(n) in ("good", "lying")]

        async def run(scrapes: int) -> tuple[float, float]:
            rest = iter(range(scrapes))

            async def client() -> None:
                for number in rest:
                    device = numbers[number % len(numbers)]
                    assert what_is_wrong_with(device, *await scraper.get(f"/probe?target=d{device}")) == ""
                    if number % 1000 == 500:
                        await asyncio.to_thread(configure, path, port, 40, number)
                        assert (await scraper.get("/-/reload", "POST"))[0] == 200

            await asyncio.gather(*(client() for _ in range(4)))
            _, page = await scraper.get("/metrics?collect[]=exporter")
            found = [
                re.search(rf"^process_{name} (\S+)$", page, re.MULTILINE)
                for name in ("resident_memory_bytes", "open_fds")
            ]
            return float(found[0][1]), float(found[1][1])  # type: ignore[index]

        started = time.monotonic()
        before = await run(SCRAPES // 3)
        after = await run(SCRAPES)
        print(
            f"{SCRAPES} scrapes in {time.monotonic() - started:.0f} s; memory, files: {before}, then {after}"
        )
        assert after[1] <= before[1] + 4, "sockets"
        assert after[0] - before[0] < 4_000_000, "bytes"
        await scraper.close()

    with exporter("--config.file", str(path)) as it:
        asyncio.run(test(it))
