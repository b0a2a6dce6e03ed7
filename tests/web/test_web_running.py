"""What happens while requests are under way: deadlines, reloads, clients that leave, large pages."""

import asyncio
import gc
import http.client
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from exporter.config import Config, load_config
from exporter.errors import UserError
from exporter.simulator.server import Simulator
from exporter.web.parameters import RequestError, scrape_seconds
from exporter.web.state import State
from tests.loops import run
from tests.support import environment, exporter, free_port, running, wait_for
from tests.web.webcase import put, serving, until, value

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize(
    ("header", "offset", "seconds"),
    [
        (None, 0.5, 10),
        (None, 20, 10),
        ("10", 0.5, 9.5),
        ("10", 0, 10),
        ("1.5", 0.5, 1.0),
        ("1", 0.5, 0.5),
        ("0.8", 0.5, 0.4),
        ("0.1", 0.5, 0.05),
        ("10", 30, 5),
        ("120", 0.5, 119.5),
    ],
)
def test_the_time_for_a_scrape(header: str | None, offset: float, seconds: float) -> None:
    assert scrape_seconds(header, offset) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "header", ["", "abc", "0", "-1", "nan", "inf", "1e999", "10s", "10,5", "1_0", "1e1", "٣"]
)
def test_bad_timeout_headers_are_named(header: str) -> None:
    with pytest.raises(RequestError, match=HEADER) as raised:
        scrape_seconds(header, 0.5)
    assert f'"{header}"' in str(raised.value)


def test_a_bad_timeout_header_is_a_bad_request() -> None:
    async def play() -> None:
        async with (
            Simulator(listen="127.0.0.1:0", modules=0) as ups,
            serving(targets=[f"a={ups.target}"]) as client,
        ):
            for path in ("/metrics", "/probe?target=a", "/probe?target=a&debug=true"):
                text = await client.text(path, 400, X_Prometheus_Scrape_Timeout_Seconds="soon")
                right = "a number of seconds above 0 and below 1000000 is right"
                assert text == f'bad header {HEADER} "soon": {right}\n'
            # the half that asks no device has no deadline, but a page is no place for a lie either
            text = await client.text("/probe?target=a", X_Prometheus_Scrape_Timeout_Seconds="1.5")
            assert value(text, "generex_scrape_timeout_seconds") == pytest.approx(1.0, abs=0.2)

    run(play())


@asynccontextmanager
async def silent() -> AsyncIterator[tuple[int, list[asyncio.StreamWriter], list[bytes]]]:
    """A device that takes connections and never answers: its port, its connections, what it was asked."""
    open_now: list[asyncio.StreamWriter] = []
    asked: list[bytes] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.append(writer)
        try:
            while request := await reader.read(100):
                asked.append(request)
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], open_now, asked
    finally:
        server.close()
        for writer in open_now:
            writer.close()
        await asyncio.sleep(0)


def test_a_silent_device_ends_with_the_scrapers_time_and_harms_no_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with silent() as (port, _, _), Simulator(listen="127.0.0.1:0", modules=4) as ups:
            targets = [f"dead=127.0.0.1:{port}", f"alive={ups.target}"]
            async with serving(targets=targets) as client:
                text = await client.text("/metrics", X_Prometheus_Scrape_Timeout_Seconds="1")
                assert 'generex_up{device="dead"} 0' in text
                assert 'generex_up{device="alive"} 1' in text
                assert value(text, 'generex_scrape_duration_seconds{device="dead"}') < 1
                assert value(text, 'generex_scrape_timeout_seconds{device="dead"}') == pytest.approx(
                    0.5, abs=0.1
                )

    run(play())


def _more_than(things: Sequence[object], count: int) -> bool:
    return len(things) > count


SLOW = "devices: [{{name: slow, target: '127.0.0.1:{port}', timeout: 50s, request_timeout: 40s}}]\n"


def test_a_client_that_leaves_cancels_its_scrape(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"

    async def play() -> None:
        async with silent() as (port, _, asked):
            put(config, SLOW.format(port=port))
            process = exporter(f"--config.file={config}")
            it = await asyncio.to_thread(process.__enter__)
            try:
                for path in ("/probe?target=slow", "/metrics", "/probe?target=slow&debug=true", "/metrics"):
                    before = len(asked)
                    _, writer = await asyncio.open_connection("127.0.0.1", it.port)
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{HEADER}: 60\r\n\r\n".encode())
                    # a pass that went on would have the line, or this scrape would share it: far longer than
                    # is waited for here
                    await until(partial(_more_than, asked, before))
                    writer.close()
            finally:
                await asyncio.to_thread(process.__exit__, None, None, None)

    run(play())


def test_the_scrapes_that_stay_are_not_cancelled_with_the_one_that_leaves(tmp_path: Path) -> None:
    async def play() -> None:
        async with silent() as (port, open_now, _):  # noqa: SIM117 (the port comes first)
            async with serving(targets=[f"a=127.0.0.1:{port}"]) as client:
                leaving = asyncio.create_task(client.ask("/probe?target=a"))
                staying = asyncio.create_task(client.text("/probe?target=a"))
                device = client.state.fleet.devices["a"]
                await until(lambda: open_now and device.counters.coalesced == 1)
                leaving.cancel()
                assert 'generex_up{device="a"} 0' in await staying
                await until(lambda: not device.line.in_use)

    run(play())


def test_scrapes_that_overlap_share_a_pass() -> None:
    async def play() -> None:
        async with (
            Simulator(listen="127.0.0.1:0", modules=4) as ups,
            serving(targets=[f"a={ups.target}"]) as client,
        ):
            await client.text("/probe?target=a")
            before = await client.text("/metrics?collect[]=exporter")
            pages = await asyncio.gather(*(client.text("/probe?target=a") for _ in range(10)))
            assert all('generex_up{device="a"} 1' in page for page in pages)
            after = await client.text("/metrics?collect[]=exporter")
            name = 'generex_exporter_{}_total{{device="a"}}'
            coalesced = name.format("scrapes_coalesced")
            assert value(after, coalesced) - value(before, coalesced) > 0
            requests = name.format("modbus_requests")
            assert value(after, requests) - value(before, requests) < 10 * 2

    run(play())


RELOADED = "generex_exporter_config_last_reload_successful"
RELOADED_AT = "generex_exporter_config_last_reload_success_timestamp_seconds"


def test_reload_takes_the_good_and_keeps_the_old_for_the_bad(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"

    async def play() -> None:
        async with Simulator(listen="127.0.0.1:0", modules=0) as ups:
            good = f"devices: [{{name: one, target: '{ups.target}'}}]\n"
            put(config, good)
            async with serving(config) as client:
                first = await client.text("/metrics")
                assert value(first, RELOADED) == 1
                for bad in (
                    "devices: [",
                    "devices: []\nnonsense: 1\n",
                    good.replace("one", "one, timeout: soon"),
                    "\x00",
                    "[" * 5000,
                    "devices: [{target: tcp://h, unit: 300}]",
                ):
                    put(config, bad)
                    text = await client.text("/-/reload", 500, "POST")
                    assert text.startswith("failed to reload config: "), text
                    assert "Traceback" not in text
                    page = await client.text("/metrics")
                    assert value(page, RELOADED) == 0
                    assert value(page, RELOADED_AT) == value(first, RELOADED_AT)
                    assert 'generex_up{device="one"} 1' in page
                put(config, good.replace("one", "two, labels: {site: Wien}"))
                assert await client.text("/-/reload", method="POST") == "reloaded\n"
                page = await client.text("/metrics")
                assert value(page, RELOADED) == 1
                assert value(page, RELOADED_AT) > value(first, RELOADED_AT)
                assert 'generex_up{device="two",site="Wien"} 1' in page
                assert '"one"' not in page
                put(config, good.replace("one", "two, labels: {site: Graz}"))
                await client.text("/-/reload", method="POST")
                page = await client.text("/metrics")
                assert 'generex_up{device="two",site="Graz"} 1' in page
                assert "Wien" not in page
                config.unlink()
                assert "config.yaml" in await client.text("/-/reload", 500, "POST")

    run(play())


def test_reload_with_scrapes_in_flight_loses_none(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"

    async def play() -> None:
        async with (
            Simulator(listen="127.0.0.1:0", modules=40) as ups,
            Simulator(listen="127.0.0.1:0", modules=0) as other,
        ):
            both = f"devices: [{{name: a, target: '{ups.target}'}}, {{name: b, target: '{other.target}'}}]\n"
            put(config, both)
            async with serving(config) as client:
                pages: list[str] = []
                done = asyncio.Event()

                async def scrape() -> None:
                    while not done.is_set():
                        pages.append(await client.text("/metrics?collect[]=devices"))

                scrapers = [asyncio.create_task(scrape()) for _ in range(3)]
                for turn in range(20):
                    put(config, both if turn % 2 else both.replace("name: b", "name: b, labels: {site: x}"))
                    await client.text("/-/reload", method="POST")
                    seen = len(pages)
                    await until(partial(_more_than, pages, seen))
                done.set()
                await asyncio.gather(*scrapers)
        assert len(pages) > 20
        for page in pages:
            assert 'generex_up{device="a"} 1\n' in page
            assert page.count('generex_up{device="b"') == 1
            assert "generex_ups_output_volts" in page
            wrong = [
                line for line in page.splitlines() if line.startswith("generex_up{") and line.endswith(" 0")
            ]
            assert not wrong

    run(play())


def test_all_objects_are_never_looked_through_while_a_configuration_is_read(tmp_path: Path) -> None:
    """Among the objects of 5,000 devices such a look for garbage holds up everything for half a second."""
    config = tmp_path / "config.yaml"
    put(config, "devices: [{name: a, target: 10.0.0.1}]\n")
    usual, during = gc.get_threshold(), []

    def load() -> Config:
        during.append(gc.get_threshold())
        assert gc.isenabled(), "what is new is looked through"
        return load_config(config)

    async def play() -> None:
        state = State(load, 0.5)
        await state.reload()
        put(config, "devices: [{name: a, target: }]\n")
        with pytest.raises(UserError):
            await state.reload()

    run(play())
    assert [full > 1_000_000 for _, _, full in during] == [True, True, True]
    assert gc.get_threshold() == usual


def test_where_no_thread_is_left_it_is_said_and_goes_over(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    put(config, "devices: [{name: a, target: '127.0.0.1:1', timeout: 100ms}]\n")

    async def play() -> None:
        async with serving(config) as client:
            asked = [("/", "GET"), ("/device/a", "GET"), ("/config", "GET"), ("/docs/", "GET")]
            usual = threading.stack_size(1 << 46)  # more than there is: none can be started
            try:
                for path, method in asked:
                    text = await client.text(path, 503, method)
                    assert text.startswith("the system has no thread left for this: try again"), path
                text = await client.text("/-/reload", 500, "POST")
                assert text.startswith("failed to reload config: the system has no thread left for this")
                page = await client.text("/metrics")
                assert f"{RELOADED} 0\n" in page
                assert 'generex_up{device="a"' in page
            finally:
                threading.stack_size(usual)
            for path, method in (*asked, ("/-/reload", "POST")):
                await client.text(path, 200, method)
            assert f"{RELOADED} 1\n" in await client.text("/metrics")

    run(play())


def test_a_reload_is_seen_through_when_its_client_has_left(tmp_path: Path) -> None:
    """A pipe in place of the file: who reads it waits until somebody writes."""
    config = tmp_path / "config.yaml"
    put(config, "devices: [{name: a, target: 10.0.0.1}]\n")

    async def play() -> None:
        async with serving(config) as client:
            before = client.state.exporter_state().reloaded_at
            config.unlink()
            os.mkfifo(config)
            port = int(client.base.rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /-/reload HTTP/1.1\r\nHost: here\r\n\r\n")
            pipe = await asyncio.to_thread(os.open, config, os.O_WRONLY)  # once it is being read
            writer.close()
            await writer.wait_closed()
            assert "generex" in await client.text("/metrics"), "others are served, and the handler has ended"
            await asyncio.to_thread(os.write, pipe, b"devices: [{name: b, target: 10.0.0.1}]\n")
            os.close(pipe)
            await until(lambda: [*client.state.fleet.devices] == ["b"])
            await until(lambda: client.state.exporter_state().reloaded_at > before)

    run(play())


def test_a_reload_holds_up_nothing_for_long(tmp_path: Path) -> None:
    """What the loop calls between two turns is counted, for devices that stay and for those that change."""
    number = 1000
    config = tmp_path / "config.yaml"

    def write(volts: int) -> None:
        entries = (
            f"{{name: ups{n}, target: 10.0.{n // 250}.{n % 250}, expect: {{output_volts: {volts}}}}}"
            for n in range(number)
        )
        put(config, f"devices: [{', '.join(entries)}]\n")

    async def play() -> list[float]:
        state = State(lambda: load_config(config), 0.5)
        found = []
        for volts in (230, 120):
            write(volts)
            calls = longest = 0

            def count(frame: object, event: str, arg: object) -> None:
                nonlocal calls
                calls += event == "call"

            async def turns() -> None:
                nonlocal calls, longest
                while True:
                    longest, calls = max(longest, calls), 0
                    await asyncio.sleep(0)

            turning = asyncio.create_task(turns())
            await asyncio.sleep(0)
            sys.setprofile(count)  # of this thread only
            try:
                await state.reload()
            finally:
                sys.setprofile(None)
                turning.cancel()
            found.append(max(longest, calls) / number)
        return found

    write(230)
    unchanged, changed = run(play())
    assert unchanged < 3
    assert changed < 3


def test_hangup_reloads_and_a_bad_file_is_logged(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("devices: [{name: one, target: '127.0.0.1:9'}]\n")
    with exporter(f"--config.file={config}") as it:
        config.write_text("devices: [{name: two, target: '127.0.0.1:9'}]\n")
        it.process.send_signal(1)
        wait_for(lambda: '"two"' in it.get("/sd"))
        config.write_text("devices: 3\n")
        it.process.send_signal(1)
        wait_for(lambda: f"{RELOADED} 0\n" in it.get("/metrics?collect[]=exporter"))
        assert '"two"' in it.get("/sd")
        (line,) = it.log_lines("configuration not reloaded")
        assert "level=error" in line
        assert "config.yaml:1: devices" in line
        assert "Traceback" not in it.log
        config.write_text("devices: [{name: three, target: '127.0.0.1:9'}]\n")
        it.process.send_signal(1)
        wait_for(lambda: f"{RELOADED} 1\n" in it.get("/metrics?collect[]=exporter"))
        assert '"three"' in it.get("/sd")


PASSING = """
import sys
from pathlib import Path
from exporter.cli import main
from exporter.serialports import warn_of_passing_names

warn_of_passing_names.__defaults__ = (Path(sys.argv[1]),)
sys.exit(main(sys.argv[2:]))
"""


def test_a_passing_serial_name_is_logged_once_by_a_hangup(tmp_path: Path) -> None:
    port, by_id, log = tmp_path / "dev/ttyUSB0", tmp_path / "dev/serial/by-id", tmp_path / "log"
    by_id.mkdir(parents=True)
    (by_id / "usb-FTDI_A9XYZ-port0").symlink_to(port)
    flags = (f"--target=one=rtu://{port}", f"--web.listen-address=127.0.0.1:{free_port()}")
    with running([sys.executable, "-c", PASSING, str(by_id), *flags], log, environment()) as process:
        wait_for(lambda: "another adapter after a restart" in log.read_text())
        process.send_signal(1)
        wait_for(lambda: "configuration reloaded" in log.read_text())
        process.terminate()
        process.wait(10)
    assert log.read_text().count("another adapter after a restart") == 2, "at the start, and by the reload"


BUSY = """
import sys, threading, time, urllib.request
from exporter.cli import main

def work():
    ready = False
    while not ready:  # a start beside it would take ten times as long
        try:
            ready = urllib.request.urlopen(f"http://{sys.argv[-1].partition('=')[2]}/-/ready").status == 200
        except OSError:
            time.sleep(0.05)
    print("at work", flush=True)
    while True:
        pass

threading.Thread(target=work, daemon=True).start()
sys.exit(main(sys.argv[1:]))
"""


def test_a_thread_at_work_hardly_delays_a_request(tmp_path: Path) -> None:
    """A push of many points works in a thread; Python's own 5 ms until it yields would add up in a scrape."""
    port = free_port()
    flags = ["--target=a=127.0.0.1:9", f"--web.listen-address=127.0.0.1:{port}"]
    with running([sys.executable, "-c", BUSY, *flags], tmp_path / "log", environment()):
        wait_for(lambda: "at work" in (tmp_path / "log").read_text(), what="the exporter")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

        def seconds() -> float:
            time.sleep(0.01)  # until the thread has the interpreter for itself
            started = time.perf_counter()
            connection.request("GET", "/-/healthy")
            assert connection.getresponse().read() == b"Healthy\n"
            return time.perf_counter() - started

        # the machine may be busy with more than this for a while; with Python's 5 ms it would never come
        wait_for(lambda: median(seconds() for _ in range(9)) < 0.004, what="half of nine answers within 4 ms")
        connection.close()
