"""The push of a running exporter: when, what, and that neither scrapes nor the end wait for a collector."""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.pushing import next_round
from tests.otlp.otlp_receiver import Push, Receiver, receiver
from tests.support import Exporter, cli, exporter, free_port, inside, quickest, simulator, wait_for

ATTEMPTS = "generex_exporter_otlp_exports_total"
FAILURES = "generex_exporter_otlp_export_failures_total"


def value(it: Exporter, name: str) -> float | None:
    """A metric of the exporter itself, None when it is not there."""
    return values(it, name)[0]


def values(it: Exporter, *names: str) -> list[float | None]:
    """Metrics of the exporter itself, of the same moment."""
    page = it.get("/metrics?collect[]=exporter")
    found = [re.search(rf"^{name} (\S+)$", page, re.M) for name in names]
    return [float(one[1]) if one else None for one in found]


def series(page: str) -> dict[str, int]:
    """The number of series by device."""
    counts: dict[str, int] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if "device" in sample.labels and not sample.name.startswith("generex_exporter_"):
                counts[sample.labels["device"]] = counts.get(sample.labels["device"], 0) + 1
    return counts


def config(folder: Path, otlp: str, devices: str = "") -> str:
    """A configuration file; without devices there is one that is not there."""
    file = folder / "generex.yml"
    file.write_text(f"devices:\n{devices or '  - {name: away, target: 127.0.0.1:9}'}\n{otlp}\n")
    return f"--config.file={file}"


def section(port: int, *lines: str) -> str:
    return "\n  ".join(["otlp:", f"endpoint: http://127.0.0.1:{port}", *lines])


@pytest.fixture(name="collector")
def _collector() -> Iterator[Receiver]:
    with receiver() as it:
        yield it


@contextmanager
def ups(*arguments: str) -> Iterator[int]:
    port = free_port()
    with simulator(port, "--battery-modules=4", *arguments):
        yield port


def first(collector: Receiver) -> Push:
    wait_for(lambda: collector.pushes, what="the first push")
    return collector.pushes[0]


def test_every_series_of_every_device_is_pushed_at_once(collector: Receiver, tmp_path: Path) -> None:
    with simulator(port := free_port(), "--battery-modules=330", "--strings=10"), ups() as small:
        devices = (
            f"  - {{name: large, target: '127.0.0.1:{port}', labels: {{site: Wien}}}}\n"
            f"  - {{name: small, target: '127.0.0.1:{small}'}}\n"
            "  - {name: away, target: '127.0.0.1:9'}"
        )
        before = time.time_ns()
        with exporter(config(tmp_path, section(collector.port, "interval: 1h"), devices)) as it:
            push = first(collector)
            counts = series(it.get("/metrics"))
            assert counts["large"] > 330 * 22
            assert {name: len(push.of(name)) for name in counts} == counts
            assert push.path == "/v1/metrics"
            assert {p.resource["site"] for p in push.of("large")} == {"Wien"}
            assert all(before < p.time < time.time_ns() for p in push.points)
            voltages = {p.value for p in push.of("small") if p.key[0] == "hw.voltage"}
            assert 230 in voltages
            assert [p.value for p in push.of("away") if p.name == "generex.up"] == [0]
            own = [p for p in push.points if p.name == "generex.exporter_build_info"]
            assert len(own) == 1
            assert own[0].resource["service.instance.id"] == own[0].resource["host.name"]
            wait_for(lambda: value(it, ATTEMPTS) == 1)
            assert value(it, FAILURES) == 0
            assert len(collector.pushes) == 1, "the next one is an hour away"


def test_each_push_is_a_read_pass_of_its_own(collector: Receiver, tmp_path: Path) -> None:
    with ups() as port:
        devices = f"  - {{name: a, target: '127.0.0.1:{port}'}}"
        with exporter(config(tmp_path, section(collector.port, "interval: 150ms"), devices)) as it:
            wait_for(lambda: len(collector.pushes) >= 4)
            times = [{p.time for p in push.of("a")} for push in collector.pushes[:4]]
            assert all(len(one) == 1 for one in times)
            moments = [one.pop() for one in times]
            assert moments == sorted(set(moments))
            # rounds begin on a grid of 150 ms, and a pass ends later: the first at most 150 ms
            assert moments[3] - moments[0] > 0.3e9
            counters = [p for push in collector.pushes[:4] for p in push.of("a") if p.kind == "counter"]
            assert len({p.start for p in counters}) == 1
            assert it.stop() == 0


def test_nobody_at_the_endpoint_is_counted_and_logged_once(tmp_path: Path) -> None:
    port = free_port()
    # a second try would come after 0.8 s at least; with a shorter timeout the first may be too late, too
    with exporter(config(tmp_path, section(port, "interval: 500ms", "timeout: 790ms"))) as it:
        wait_for(lambda: (value(it, FAILURES) or 0) >= 3)
        attempts, failures = values(it, ATTEMPTS, FAILURES)
        assert failures is not None
        assert attempts in (failures, failures + 1), "one may be under way"
        (line,) = it.log_lines("otlp") + it.log_lines("4318") + it.log_lines("pushed")
        assert "level=warn" in line
        assert 'msg="metrics not pushed"' in line
        assert f"endpoint=http://127.0.0.1:{port}/v1/metrics" in line
        assert 'error="Connection refused"' in line
        with receiver(port=port) as collector:
            first(collector)
            wait_for(lambda: it.log_lines("metrics pushed again"))
        wait_for(lambda: len(it.log_lines("metrics not pushed")) == 2)
        assert len(it.log_lines("metrics pushed again")) == 1
        assert "Traceback" not in it.log


def test_a_collector_that_hangs_delays_neither_scrapes_nor_the_end(
    collector: Receiver, tmp_path: Path
) -> None:
    collector.hangs = True
    with ups() as port:
        devices = f"  - {{name: a, target: '127.0.0.1:{port}'}}"
        otlp = section(collector.port, "interval: 50ms", "timeout: 10m")
        with exporter(config(tmp_path, otlp, devices)) as it:
            first(collector)
            for _ in range(20):  # one that waited for the collector would never come
                assert 'generex_up{device="a"} 1\n' in it.get("/metrics")
            assert value(it, ATTEMPTS) == 1, "rounds do not pile up behind the one under way"
            assert collector.most_at_once == 1
            assert it.stop(within=20) == 0, "the push would take 10 min"
            assert "Traceback" not in it.log


@pytest.mark.parametrize(
    ("now", "due"),
    [(100.2, 110), (100, 110), (109.9, 110), (110, 120), (110.1, 120), (145, 150), (99, 110)],
)
def test_rounds_that_a_slow_push_took_are_left_out(now: float, due: float) -> None:
    assert next_round(100, now, 10) == due


def test_a_collector_that_answers_byte_by_byte_holds_nothing(collector: Receiver, tmp_path: Path) -> None:
    with dripping() as port:
        path = config(tmp_path, section(port, "interval: 100ms", "timeout: 300ms"))
        with exporter(path) as it:
            wait_for(lambda: (value(it, FAILURES) or 0) >= 2, what="pushes that fail one after the other")
            (line,) = it.log_lines("metrics not pushed")
            assert 'error="timed out"' in line
            config(tmp_path, section(collector.port, "interval: 100ms"))
            assert it.request("/-/reload", "POST").status == 200
            wait_for(lambda: len(collector.pushes) >= 2, what="pushes to the other collector")
            assert it.stop() == 0


@contextmanager
def dripping() -> Iterator[int]:
    """A collector whose answer never ends; gives its port."""
    end = threading.Event()

    def serve() -> None:
        while not end.is_set():
            with suppress(OSError):
                client, _ = listener.accept()
                with client:
                    client.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not end.wait(0.05):
                        client.sendall(b"X-Drip: y\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            end.set()
            thread.join(10)


def test_secrets_come_from_file_and_environment_and_are_shown_nowhere(
    collector: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("Bearer f1le-s3cret\n")
    headers = "headers: {Authorization: {file: token}, X-Key: {env: COLLECTOR_KEY}}"
    env = {"COLLECTOR_KEY": "env-s3cret"}
    with exporter(
        config(tmp_path, section(collector.port, headers, "interval: 100ms")), "--log.level=debug", env=env
    ) as it:
        push = first(collector)
        assert push.headers["authorization"] == "Bearer f1le-s3cret"
        assert push.headers["x-key"] == "env-s3cret"
        dump = it.get("/config")
        assert f"file: {tmp_path}/token" in dump
        assert "env: COLLECTOR_KEY" in dump
        (tmp_path / "token").write_text("Bearer another-s3cret\n")
        assert it.request("/-/reload", "POST").status == 200
        wait_for(lambda: collector.pushes[-1].headers["authorization"] == "Bearer another-s3cret")
        collector.status = 500
        (line,) = wait_for(lambda: it.log_lines("metrics not pushed"))
        assert 'error="500 Internal Server Error"' in line
        assert "s3cret" not in it.get("/config") + it.log + it.get("/metrics")


def test_a_header_of_a_variable_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    result = inside(
        "serve", config(tmp_path, section(9)), OTEL_EXPORTER_OTLP_HEADERS="Authorization: Bearer s3cret"
    )
    assert result.returncode == 2
    assert "OTEL_EXPORTER_OTLP_HEADERS: entry 1 is not of the form NAME=VALUE" in result.stderr
    assert "s3cret" not in result.stderr


def test_every_reason_is_logged_once(collector: Receiver, tmp_path: Path) -> None:
    otlp = section(collector.port, "interval: 50ms")
    with ups() as port, exporter(config(tmp_path, otlp, f"  - {{target: '127.0.0.1:{port}'}}")) as it:
        reasons = []
        for status, reason in ((401, "401 Unauthorized"), (500, "500 Internal Server Error")) * 2:
            collector.status = status
            reasons.append(reason)
            wait_for(lambda: len(it.log_lines("metrics not pushed")) >= len(reasons))
            enough = collector.attempts + 3
            wait_for(lambda enough=enough: collector.attempts >= enough)
        lines = it.log_lines("metrics not pushed")
        assert [re.findall(r'error="([^"]*)"', line) for line in lines] == [[reason] for reason in reasons]


def test_a_push_under_way_at_the_end_is_told(collector: Receiver, tmp_path: Path) -> None:
    collector.hangs = True
    with receiver() as other, exporter(config(tmp_path, section(collector.port))) as it:
        first(collector)
        other.hangs = True
        config(tmp_path, section(other.port))
        assert it.request("/-/reload", "POST").status == 200
        first(other)
        assert it.stop() == 0
        changed, stopped = it.log_lines("push given up")
        assert f'endpoint=http://127.0.0.1:{collector.port}/v1/metrics reason="other settings"' in changed
        assert f'endpoint=http://127.0.0.1:{other.port}/v1/metrics reason="the exporter stops"' in stopped


def test_a_reload_moves_starts_and_ends_the_push(collector: Receiver, tmp_path: Path) -> None:
    with receiver() as other, exporter(config(tmp_path, "")) as it:

        def reload(otlp: str) -> None:
            config(tmp_path, otlp)
            assert it.request("/-/reload", "POST").status == 200

        assert value(it, ATTEMPTS) is None
        reload(section(collector.port, "interval: 1h"))
        first(collector)
        wait_for(lambda: value(it, ATTEMPTS) == 1)
        reload(section(collector.port, "interval: 1h"))
        reload(section(other.port, "interval: 1h"))
        first(other)
        assert value(it, ATTEMPTS) == 2, "settings that stay the same start nothing anew"
        reload("")
        assert value(it, ATTEMPTS) is None
        config(tmp_path, "otlp: {endpoint: nonsense}")
        answer = it.request("/-/reload", "POST")
        assert answer.status == 500
        assert "generex.yml:3: otlp.endpoint: bad endpoint" in answer.text


def test_a_reload_does_not_wait_for_a_collector_that_hangs(collector: Receiver, tmp_path: Path) -> None:
    collector.hangs = True
    with receiver() as other, exporter(config(tmp_path, section(other.port))) as it:

        def reload() -> None:
            assert it.request("/-/reload", "POST").status == 200

        def hang() -> None:
            config(tmp_path, section(collector.port, "timeout: 10m"))
            collector.pushes.clear()
            reload()
            first(collector)
            other.pushes.clear()
            config(tmp_path, section(other.port))

        assert quickest(reload, hang) < 1.5
        first(other)
        assert not it.log_lines("not pushed"), "that one was given up says nothing about the other"


def is_loaded(it: Exporter) -> bool:
    """Whether the process has loaded protobuf, which nothing but OTLP needs."""
    return "google/_upb" in Path(f"/proc/{it.process.pid}/maps").read_text()


def test_flag_environment_and_file_in_this_order(collector: Receiver, tmp_path: Path) -> None:
    nobody = section(free_port())
    with exporter(config(tmp_path, nobody), f"--otlp.endpoint=http://127.0.0.1:{collector.port}/") as it:
        assert first(collector).path == "/v1/metrics"
        assert is_loaded(it)
    collector.pushes.clear()
    env = {"GENEREX_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}/otlp/v1/metrics"}
    with exporter(config(tmp_path, nobody), env=env):
        assert first(collector).path == "/otlp/v1/metrics"


def test_otel_variables_never_switch_it_on(collector: Receiver, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{collector.port}"
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{url}/v1/metrics",
        "OTEL_METRICS_EXPORTER": "otlp", "OTEL_METRIC_EXPORT_INTERVAL": "50",
    }  # fmt: skip
    with exporter(config(tmp_path, "otlp: {interval: 50ms}"), env=env) as it:
        assert value(it, ATTEMPTS) is None
        assert "otlp" not in it.get("/metrics")
        assert not is_loaded(it)
        assert it.stop() == 0
    assert collector.attempts == 0


def test_otel_variables_fill_in_the_rest(collector: Receiver, tmp_path: Path) -> None:
    env = {
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b,authorization=from-env",
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1500",
        "OTEL_SERVICE_NAME": "power",
        "OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=pod-1,service.instance.id=mine",
        "NETRC": str(tmp_path / "netrc"),  # what other programs know of that host does not count
    }
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password program\n")
    (tmp_path / "token").write_text("from-file")
    headers = "headers: {Authorization: {file: token}}"
    with exporter(config(tmp_path, section(collector.port, headers)), env=env) as it:
        wait_for(lambda: len(collector.pushes) >= 2)
        push = collector.pushes[0]
        assert push.headers["x-tenant"] == "a b"
        assert push.headers["authorization"] == "from-file"
        assert "Content-Encoding" not in push.headers
        assert {p.resource["service.name"] for p in push.points} == {"power"}
        assert {p.resource["k8s.pod.name"] for p in push.points} == {"pod-1"}
        assert {p.resource["service.instance.id"] for p in push.points} == {"away", "mine"}
        dump = it.get("/config")
        assert "interval: 100ms\n" in dump
        assert "timeout: 1500ms\n" in dump


@pytest.mark.parametrize("endpoint", ["collector:4318", "ftp://c/", "http://", "http://a:b@c", "http://c:0"])
def test_a_wrong_flag_is_wrong_usage(endpoint: str) -> None:
    result = inside("--target=a=10.0.0.1", f"--otlp.endpoint={endpoint}")
    assert result.returncode == 2
    assert "endpoint" in result.stderr
    assert "a:b" not in result.stderr, "it may be a password"


@pytest.fixture(name="without")
def _without(tmp_path: Path) -> dict[str, str]:
    """An environment in which OpenTelemetry is not installed."""
    folder = tmp_path / "blocker"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('opentelemetry', 'google', 'requests'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parents[2])])}


def test_without_the_extra(without: dict[str, str], collector: Receiver, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{collector.port}"
    result = cli("--target=a=10.0.0.1", f"--otlp.endpoint={url}", PYTHONPATH=without["PYTHONPATH"])
    assert result.returncode == 1
    assert "pip install '.[otlp]'" in result.stderr
    assert "Traceback" not in result.stderr
    with exporter(config(tmp_path, ""), env=without) as it:
        assert 'generex_up{device="away"} 0' in it.get("/metrics")
        devices = "  - {name: other, target: '127.0.0.1:9'}"
        config(tmp_path, section(collector.port), devices)
        answer = it.request("/-/reload", "POST")
        assert answer.status == 500
        assert "pip install '.[otlp]'" in answer.text
        assert 'device="away"' in it.get("/metrics"), "a bad reload changes nothing"
        assert it.stop(signal.SIGINT) == 0
