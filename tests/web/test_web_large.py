"""Pages of many large devices: made and sent in pieces, so that nothing else waits and nothing piles up."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from exporter.config import load_config
from exporter.exposition.lines import Renderer
from exporter.exposition.negotiation import Format
from exporter.reading.decode.device_map import device_map
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.device.report import Reporter
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.progress import Progress
from exporter.simulator.server import Simulator
from exporter.web.reserve import Reserve
from tests import loops
from tests.web.webcase import Client, serving

PATH = "/metrics?collect[]=devices"


def large_snapshots(count: int) -> list[Snapshot]:
    """Snapshots of `count` devices with 330 modules each, from the words of a simulated one."""
    words = Simulator(strings=10, modules=330).image()
    config = load_config(targets=[f"ups{n}=tcp://10.0.0.{n + 1}" for n in range(count)])
    snapshots = []
    for device in config.devices:
        device_layouts = device_map(device, config.maps)
        memory = Memory(FrameWatch(60))
        memory.presence.found.add("bacs")
        memory.counts.counts.update(strings=10, modules=330)
        progress = Progress(device_layouts.layout(memory.counts.counts))
        for span in progress.layout.spans:
            progress.words.update(zip(span.keys(), (words[key & 0xFFFF] for key in span.keys()), strict=True))  # noqa: SIM118
        reporter = Reporter(device_layouts)
        decoded = reporter.decode(progress, memory, now=1)
        snapshots.append(reporter.snapshot(progress, decoded, memory, time=1, duration=1, allowed=1))
    return snapshots


def test_a_large_page_comes_in_pieces() -> None:
    """Between two pieces others run, so the pieces must be small, also within one family of one device."""
    (snapshot,) = large_snapshots(1)
    pieces = list(Renderer().devices([snapshot], "text"))
    page = "".join(pieces)
    assert len(page) > 600_000
    assert max(map(len, pieces)) < 80_000
    assert page.count("\n") > 7000


class _Fake:
    """A device that answers at once with a snapshot made beforehand."""

    silent, asked = False, 0

    def __init__(self, snapshot: Snapshot, note: Callable[[], None]) -> None:
        self.snapshot = snapshot
        self.note = note

    async def scrape(self, deadline: float) -> Snapshot:
        self.note()
        return self.snapshot


class _Counting(Renderer):
    """Counts the characters that it has rendered."""

    made = 0

    def devices(self, snapshots: Sequence[Snapshot], form: Format) -> Iterator[str]:
        for text in super().devices(snapshots, form):
            self.made += len(text)
            yield text


@asynccontextmanager
async def serving_large(
    snapshots: Sequence[Snapshot], asked: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[Client, _Counting]]:
    """The application with devices that give these snapshots."""
    async with serving(targets=["a=tcp://127.0.0.1:9"]) as client:
        renderer = client.state.renderer = _Counting()
        fleet = client.state.fleet
        fleet.devices = {s.device.name: _Fake(s, asked) for s in snapshots}
        yield client, renderer


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_others_run_while_a_large_page_is_made(encoding: str) -> None:
    async def play() -> None:
        turns = asked_at = 0

        def asked() -> None:
            nonlocal asked_at
            asked_at = turns

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with serving_large(large_snapshots(12), asked) as (client, renderer):
            counting = asyncio.create_task(count())
            url = f"{client.base}{PATH}"
            async with client.session.get(url, headers={"Accept-Encoding": encoding}) as answer:
                made, made_at = renderer.made, turns  # of a small answer all, of a large one the beginning
                assert made > 1_000_000
                body = await answer.read()
            counting.cancel()
            assert body.count(b"\n") > 12 * 7000
            assert made_at - asked_at > made / 100_000

    loops.run(play())


def test_a_large_page_is_the_same_as_it_goes_out_piece_by_piece() -> None:
    async def play() -> None:
        snapshots = large_snapshots(4)
        page = "".join(Renderer().devices(snapshots, "openmetrics")) + "# EOF\n"
        openmetrics = "application/openmetrics-text"
        async with serving_large(snapshots) as (client, _):
            answer = await client.ask(PATH, Accept=openmetrics, Accept_Encoding="identity")
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert await answer.text() == page
            head = await client.ask(PATH, "HEAD", Accept=openmetrics, Accept_Encoding="identity")
            assert (head.status, head.content_type) == (200, openmetrics)
            # the connection is good for the next request: nothing of the page was in the way
            assert await client.text("/-/healthy") == "Healthy\n"
            small = await client.ask(PATH, Accept=openmetrics, Accept_Encoding="gzip")
            assert 0 < int(small.headers["Content-Length"]) < 1_000_000
            assert await small.text() == page

    loops.run(play())


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_client_of_http_1_0_gets_a_large_page_up_to_the_end_of_the_connection(encoding: str) -> None:
    async def play() -> None:
        snapshots = large_snapshots(4)
        async with serving_large(snapshots) as (client, _):
            host, _, port = client.base.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {PATH} HTTP/1.0\r\nAccept-Encoding: {encoding}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            assert head.startswith(b"HTTP/1.0 200 ")
            text = gzip.decompress(body) if encoding == "gzip" else body
            assert text.decode() == "".join(Renderer().devices(snapshots, "text"))

    loops.run(play())


class _Broken(Renderer):
    """Fails in the middle of a page."""

    def devices(self, snapshots: Sequence[Snapshot], form: Format) -> Iterator[str]:
        for number, text in enumerate(super().devices(snapshots, form)):
            if number == 40:
                raise RuntimeError("out of ink")
            yield text


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_page_that_fails_on_the_way_breaks_off(version: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing follows that could be taken for the rest of it."""

    async def play() -> None:
        async with serving_large(large_snapshots(8)) as (client, _):
            client.state.renderer = _Broken()
            host, _, port = client.base.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {PATH} HTTP/{version}\r\nHost: x\r\n\r\n".encode())
            page = bytearray()
            with suppress(ConnectionResetError):
                while data := await reader.read(65536):
                    page += data
            writer.close()
            assert not page.endswith(b"0\r\n\r\n"), "the end of a page in chunks"
            assert page.count(b"HTTP/") == 1
            assert b"error inside" not in page
            assert await client.text("/-/healthy") == "Healthy\n"

    loops.run(play())
    assert "out of ink" in caplog.text


@pytest.mark.parametrize("path", ["/metrics?collect[]=exporter", "/config"])
def test_others_run_while_a_thousand_devices_are_told_of(path: str) -> None:
    async def play() -> None:
        targets = [f"d{n}=tcp://10.0.{n // 250}.{n % 250}" for n in range(1000)]
        async with serving(targets=targets) as client:
            turns = 0

            async def count() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            counting = asyncio.create_task(count())
            assert len(await client.text(path)) > 200_000
            counting.cancel()
            assert turns > 300

    loops.run(play())


def test_a_page_is_not_made_much_faster_than_its_client_reads() -> None:
    """Else it would pile up in memory: 63 MB for a hundred such devices, for each scraper that is slow."""

    async def play() -> None:
        async with serving_large(large_snapshots(40)) as (client, renderer):
            host, _, port = client.base.removeprefix("http://").partition(":")
            with socket.socket() as wire:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
                wire.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(wire, (host, int(port)))
                await loop.sock_sendall(
                    wire, f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
                )
                read = most = 0
                while data := await loop.sock_recv(wire, 64 * 1024):
                    read += len(data)
                    most = max(most, renderer.made - read)
            assert read > renderer.made > 24_000_000
            assert most < 12_000_000  # what the system keeps of it on the way

    loops.run(play())


async def _spoken_by_hand(client: Client, version: str) -> bytes:
    """All that comes to one request, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(client.base.rpartition(":")[2]))
    writer.write(f"GET {PATH} HTTP/{version}\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode())
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


def test_a_large_page_in_http_1_0_ends_with_the_connection() -> None:
    async def play() -> None:
        snapshots = large_snapshots(4)
        async with serving_large(snapshots) as (client, _):
            head, _, body = (await _spoken_by_hand(client, "1.0")).partition(b"\r\n\r\n")
            assert body.decode() == "".join(Renderer().devices(snapshots, "text"))
            assert b"chunked" not in head

    loops.run(play())


@pytest.mark.parametrize(
    ("last", "devices", "left", "kept"),
    [
        (0.0, 1, 10.0, 0.0004),  # nothing is known yet: by the number of devices
        (0.0, 5000, 9.5, 2.0),
        (0.05, 5000, 9.5, 2.0),
        (3.0, 5000, 9.5, 3.6),  # as the last page took, and a little more
        (3.0, 5000, 4.0, 2.0),  # but never more than half of the time
        (100.0, 1, 10.0, 5.0),
    ],
)
def test_what_is_kept_back_for_the_page(last: float, devices: int, left: float, kept: float) -> None:
    reserve = Reserve()
    reserve.note(last)
    assert reserve.of(devices, left) == pytest.approx(kept)


class _Overdue:
    """A device that ends after its deadline, as one does on a busy machine, and notes what it was left."""

    silent, asked = False, 0

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.left = snapshot, list[float]()

    async def scrape(self, deadline: float) -> Snapshot:
        loop = asyncio.get_running_loop()
        self.left.append(deadline - loop.time())
        await asyncio.sleep(deadline + 0.4 - loop.time())
        return self.snapshot


def test_a_page_that_came_too_late_leaves_the_next_more_time() -> None:
    async def play() -> None:
        (snapshot,) = large_snapshots(1)
        async with serving_large([snapshot]) as (client, _):
            device = _Overdue(snapshot)
            client.state.fleet.devices = {"a": device}  # type: ignore[dict-item]
            for _ in range(2):
                header = {"X_Prometheus_Scrape_Timeout_Seconds": "2"}
                assert (await client.ask(PATH, **header)).status == 200
            first, second = device.left
            assert first > 1.4
            assert second <= first - 0.4 or second == pytest.approx(first / 2, abs=0.1)

    loops.run(play())
