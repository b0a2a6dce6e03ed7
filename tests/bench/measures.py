"""The measurements. Each gives a table and the figures in it that are compared with the baseline."""

import asyncio
import multiprocessing
import statistics
import time
import zlib
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

from exporter.config import Otlp, load_config
from exporter.exposition.lines import Renderer
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.send import Sender
from exporter.reading.decode.decode import decode
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.device.fleet import Fleet
from exporter.reading.plan.spans import Request
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Exchange, Manner
from exporter.reading.transport.line import Turn
from tests.bench.boards import boards
from tests.bench.devices import Read, devices, floor
from tests.bench.paths import PROBE, paths
from tests.bench.peer import peer
from tests.bench.rules import rules
from tests.bench.running import Running, configuration, exporter, probe_all
from tests.bench.sink import sink
from tests.bench.table import Table

MODULES = (0, 40, 330)
DELAYS = (0.0, 0.001, 0.010, 0.050)
OWN_SENSOR = ", sensors: {1: {name: room%d, kind: temperature, scale: 0.1}}"
PUSHED = (1, 100, 1000)
GOALS = {0: 0.4, 40: 1.0, 330: 4.0}  # milliseconds of CPU a scrape
TURNS = 4  # in which things take turns that are compared: a busy moment of the machine meets all of them
PAUSE = 0.010  # seconds that a device takes to answer


async def _prepared(target: str) -> tuple[Fleet, Device, Snapshot, list[Exchange]]:
    """A device that has been read a few times, and the requests of one pass."""
    fleet = Fleet(load_config(targets=[f"bench=tcp://{target}"]))
    device = fleet.devices["bench"]
    for _ in range(10):
        exchanges: list[Exchange] = []
        snapshot = await device.debug(asyncio.get_running_loop().time() + 5, exchanges.append)
    return fleet, device, snapshot, exchanges


def _reads(target: str) -> list[Read]:
    async def run() -> list[Read]:
        fleet, _, _, exchanges = await _prepared(target)
        fleet.close()
        return [(exchange.request.address, exchange.request.count) for exchange in exchanges]

    return asyncio.run(run())


def latency(scrapes: int) -> Table:
    """How long a scrape takes over the wire's floor: the same requests over a plain socket."""
    table = Table(
        "A scrape of one device by /probe over a kept connection, in milliseconds, with what the client\n"
        "takes to read the page; the floor is what the same requests take over a plain socket, in turns",
        (
            "modules", "device ms", "requests",
            "floor", "median", "p95", "median over", "p95 over", "median/floor",
        ),
    )  # fmt: skip
    for delay in DELAYS:
        for modules in MODULES:
            rounds = max(int(scrapes / TURNS / (1 + 10 * delay * (1 + modules / 20))), 5)
            with devices(1, modules, delay) as (target,):
                reads = _reads(target)
                with exporter([target]) as running:
                    probe_all(running, ["d0"], 20, connections=1)
                    floors, times = [], []
                    for _ in range(TURNS):
                        floors += floor(target, reads, rounds)
                        times += probe_all(running, ["d0"], rounds, connections=1)
            least, median = 1000 * statistics.median(floors), 1000 * statistics.median(times)
            p95 = 1000 * statistics.quantiles(times, n=20)[-1]
            numbers = (least, median, p95, median - least, p95 - least, median / least)
            what = (f"{modules}", f"{delay * 1000:g}", f"{len(reads)}")
            table.rows.append((*what, *(f"{number:.2f}" for number in numbers)))
            table.figures[f"median ms over the floor, {modules} modules, device {delay * 1000:g} ms"] = (
                median - least
            )
    return table


def steps(scrapes: int) -> Table:
    """Where the time over the floor goes: each step after a pause in which other things were done."""
    table = Table(
        "The steps of a scrape in milliseconds, each after a pause of 10 ms as a device makes it; "
        "the rest of\na scrape is HTTP and the client",
        ("modules", "pass over the floor", "decode", "render", "gzip"),
    )
    for modules in MODULES:
        with devices(1, modules, PAUSE) as (target,):
            table.rows.append(
                (f"{modules}", *(f"{n:.2f}" for n in asyncio.run(_steps(target, max(scrapes // 5, 2)))))
            )
    return table


async def _steps(target: str, rounds: int) -> tuple[float, float, float, float]:
    fleet, device, snapshot, exchanges = await _prepared(target)
    reads = [(exchange.request.address, exchange.request.count) for exchange in exchanges]
    loop = asyncio.get_running_loop()
    words = {
        key: value
        for exchange in exchanges
        for key, value in zip(exchange.request.keys(), exchange.values or (), strict=False)
    }
    layout, renderer = snapshot.layout, Renderer()

    def render() -> bytes:
        return "".join(renderer.devices([snapshot], "text")).encode()

    page = render()
    whole = []
    for _ in range(rounds):
        began = time.perf_counter()
        await device.scrape(loop.time() + 5)
        whole.append(time.perf_counter() - began)
    least = statistics.median(await asyncio.to_thread(floor, target, reads, rounds))
    fleet.close()
    decoding = _after_a_pause(lambda: decode(layout, words, bacs_found=True), rounds)
    rendering = _after_a_pause(render, rounds)
    packing = _after_a_pause(lambda: zlib.compress(page, 1), rounds)
    return 1000 * (statistics.median(whole) - least), decoding, rendering, packing


def _after_a_pause(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds, the median."""
    times = []
    for _ in range(rounds):
        time.sleep(PAUSE)
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def shares(scrapes: int) -> Table:
    """Where the CPU of a scrape goes."""
    table = Table(
        "CPU of a scrape in milliseconds, and where it goes (device 0 ms)",
        ("modules", "series", "pass", "I/O", "decode", "render", "HTTP", "all", "all/goal", "us/series"),
    )
    for modules in MODULES:
        with devices(1, modules) as (target,):
            plan, wire, decoding, rendering, series = asyncio.run(_inside(target, scrapes))
            with exporter([target]) as running:
                probe_all(running, ["d0"], 50, connections=1)
                before = running.cpu
                probe_all(running, ["d0"], 4 * scrapes, connections=1)
                whole = 1000 * (running.cpu - before) / (4 * scrapes)
        http_share = whole - plan - wire - decoding - rendering
        parts = (plan, wire, decoding, rendering, http_share, whole, whole / GOALS[modules])
        table.rows.append(
            (f"{modules}", f"{series}", *(f"{p:.2f}" for p in parts), f"{1000 * whole / series:.1f}")
        )
        table.figures[f"CPU ms a scrape, {modules} modules"] = whole
    return table


async def _inside(target: str, rounds: int) -> tuple[float, float, float, float, int]:
    """Milliseconds of CPU for planning and bookkeeping, I/O, decoding and rendering; the number of series."""
    fleet, device, snapshot, exchanges = await _prepared(target)
    loop = asyncio.get_running_loop()
    options = device.config.options
    words: dict[int, int] = {}

    async def read(request: Request) -> None:
        turn = Turn(1)
        async with device.line.turn(turn, idle_close=300):
            values = await device.line.read(
                turn, request, Manner(1, options.pacing), Deadline(loop.time() + 5)
            )
        words.update(zip(request.keys(), values, strict=True))

    async def reading() -> None:
        for exchange in exchanges:
            await read(exchange.request)

    async def scraping() -> None:
        await device.scrape(loop.time() + 5)

    layout, renderer = device.map.layout(device._memory.counts.counts), Renderer()
    wire = await _cpu(reading, rounds)
    whole = await _cpu(scraping, rounds)
    decoding = await _cpu(lambda: decode(layout, words, bacs_found=True), rounds)
    rendering = await _cpu(lambda: list(renderer.devices([snapshot], "text")), rounds)
    series = "".join(renderer.devices([snapshot], "text")).count("\ngenerex_")
    fleet.close()
    return max(whole - wire - decoding, 0.0), wire, decoding, rendering, series


async def _cpu(work: Callable[[], object], rounds: int) -> float:
    start = time.process_time()
    for _ in range(rounds):
        result = work()
        if asyncio.iscoroutine(result):
            await result
    return 1000 * (time.process_time() - start) / rounds


def fleets(scrapes: int) -> Table:
    """What many devices cost: a scrape stays what it is with one."""
    table = Table(
        "Devices with 40 modules, probed one after the other over up to 8 connections; those with a sensor\n"
        "of their own share no layout",
        ("devices", "sensors", "CPU ms a scrape", "against one", "MB"),
    )
    first = 0.0
    for number, sensors in ((1, ""), (10, ""), (100, ""), (1000, ""), (100, OWN_SENSOR)):
        with devices(number, 40) as targets, exporter(targets, sensors) as running:
            names = [f"d{n}" for n in range(number)]
            connections = min(number, 8)  # with more of them than devices, scrapes would share passes
            probe_all(running, names, 2, connections)
            rounds = max(2 * scrapes // number, 3)
            before = running.cpu
            probe_all(running, names, rounds, connections)
            cpu = (running.cpu - before) / (rounds * number)
            megabytes = running.megabytes
        first = first or cpu
        kind = "own" if sensors else "none"
        table.rows.append((f"{number}", kind, f"{1000 * cpu:.2f}", f"{cpu / first:.2f}", f"{megabytes:.0f}"))
        table.figures[f"CPU ms a scrape, {number} devices, {kind} sensors"] = 1000 * cpu
        table.figures[f"MB, {number} devices, {kind} sensors"] = megabytes
    return table


def _scrape(running: Running, encoding: str, times: int, result: Connection) -> None:
    connection = running.connection()
    page, milliseconds = b"", []
    for _ in range(times):
        start = time.perf_counter()
        page = running.get(connection, "/metrics?collect[]=devices", encoding)
        milliseconds.append(1000 * (time.perf_counter() - start))
    result.send((len(page), statistics.median(milliseconds)))


def waits(scrapes: int) -> Table:
    """How long others wait while a large page is made: 10 devices with 330 modules in one scrape."""
    table = Table(
        "Answers of /-/healthy in milliseconds while /metrics of 10 devices with 330 modules is scraped",
        ("encoding", "page MB", "scrape ms", "median", "longest"),
    )
    with devices(10, 330) as targets, exporter(targets) as running:
        connection = running.connection()
        for _ in range(2):  # the first passes find out what the devices have
            running.get(connection, "/metrics?collect[]=devices")
        for encoding in ("identity", "gzip"):
            here, there = multiprocessing.Pipe(duplex=False)
            # in a process of its own: whoever reads such a page keeps other threads waiting
            scraping = multiprocessing.Process(
                target=_scrape, args=(running, encoding, max(scrapes // 30, 5), there)
            )
            scraping.start()
            found = []
            while scraping.is_alive():
                start = time.perf_counter()
                running.get(connection, "/-/healthy")
                found.append(1000 * (time.perf_counter() - start))
            size, median = here.recv()
            table.rows.append(
                (
                    encoding, f"{size / 1e6:.2f}", f"{median:.0f}",
                    f"{statistics.median(found):.1f}", f"{max(found):.1f}",
                )
            )  # fmt: skip
            table.figures[f"longest wait ms, {encoding}"] = max(found)
    return table


def growth(scrapes: int) -> Table:
    """How long others wait while much is new: first passes, and a reload that changes every device."""
    table = Table(
        "Seconds until the exporter is ready, of the first scrape of a device and one more, and of a reload\n"
        "that gives every device another label; and how many milliseconds /-/healthy took at most meanwhile",
        ("devices", "modules", "ready", "first", "again", "longest ms", "reload", "longest ms"),
    )
    for number, modules in ((1, 330), (1000, 40), (5000, 40)):
        with devices(number, modules) as targets, exporter(targets, scraped=False) as running:
            first, while_first = _waiting(running, lambda: running.get(running.connection(), PROBE))
            again, _ = _waiting(running, lambda: running.get(running.connection(), PROBE))
            running.file.write_text(configuration(targets, ", labels: {row: b}"))
            reload, while_reload = _waiting(running, running.reload)
        numbers = f"{running.started:.2f}", f"{first:.3f}", f"{again:.3f}", f"{while_first:.0f}"
        table.rows.append((f"{number}", f"{modules}", *numbers, f"{reload:.2f}", f"{while_reload:.0f}"))
        table.figures[f"longest wait ms in a reload, {number} devices"] = while_reload
    return table


def _waiting(running: Running, work: Callable[[], object]) -> tuple[float, float]:
    """The seconds that `work` takes, and the milliseconds that others wait at most meanwhile."""
    here, there = multiprocessing.Pipe(duplex=False)

    def timed() -> None:
        began = time.perf_counter()
        work()
        there.send(time.perf_counter() - began)

    process = multiprocessing.get_context("fork").Process(target=timed)
    connection, longest = running.connection(), 0.0
    process.start()
    while process.is_alive():
        began = time.perf_counter()
        running.get(connection, "/-/healthy")
        longest = max(longest, time.perf_counter() - began)
        time.sleep(0.001)
    return here.recv(), 1000 * longest


def start(scrapes: int) -> Table:
    """From the start of the process to the first good scrape, and its memory after some."""
    table = Table("Start and memory with one device of 40 modules", ("first good scrape s", "MB"))
    seconds = []
    with devices(1, 40) as (target,):
        for _ in range(3):
            with exporter([target]) as running:
                probe_all(running, ["d0"], scrapes, connections=1)
                seconds.append(running.started)
                megabytes = running.megabytes
    table.rows.append((f"{statistics.median(seconds):.2f}", f"{megabytes:.0f}"))
    table.figures |= {"first good scrape s": statistics.median(seconds), "MB, one device": megabytes}
    return table


def push(scrapes: int) -> Table:
    """What an OTLP push costs beside the read passes: encoding, compressing and sending."""
    table = Table(
        "An OTLP push of devices with 40 modules, without their read passes",
        ("devices", "points", "requests", "MB gzipped", "CPU s", "CPU us a point"),
    )
    for number in PUSHED:
        with devices(number, 40) as targets, sink() as (endpoint, received):
            points, cpu = asyncio.run(_pushed(targets, endpoint))
        requests, size = received()
        table.rows.append(
            (
                f"{number}", f"{points}", f"{requests}", f"{size / 1e6:.2f}", f"{cpu:.2f}",
                f"{1e6 * cpu / points:.1f}",
            )
        )  # fmt: skip
        table.figures[f"CPU us a pushed point, {number} devices"] = 1e6 * cpu / points
    return table


async def _pushed(targets: Sequence[str], endpoint: str) -> tuple[int, float]:
    """The points of one push, and its seconds of CPU."""
    fleet = Fleet(load_config(targets=[f"d{n}=tcp://{target}" for n, target in enumerate(targets)]))
    deadline = asyncio.get_running_loop().time() + 60
    # twice: what there is to read is known only after the first pass
    for _ in range(2):
        snapshots = [await device.scrape(deadline) for device in fleet.devices.values()]
    fleet.close()
    readings = (reading for s in snapshots for family in s.readings.values() for reading in family)
    points = sum(len(series.samples(raw)) for series, raw in readings)
    sender = Sender(Otlp(endpoint=f"{endpoint}/v1/metrics"), Past(time.time_ns()))
    start = time.process_time()
    if trouble := sender.send(snapshots, (), time.time()):
        raise RuntimeError(f"the push failed: {trouble}")
    return points, time.process_time() - start


MEASURES: dict[str, Callable[[int], Table]] = {
    "latency": latency,
    "steps": steps,
    "shares": shares,
    "paths": paths,
    "peer": peer,
    "fleets": fleets,
    "waits": waits,
    "start": start,
    "growth": growth,
    "push": push,
    "rules": rules,
    "boards": boards,
}
NEEDS = {"peer": "modbus_exporter", "rules": "prometheus", "boards": "prometheus"}
"""The program in PATH without which a measure is left out."""
