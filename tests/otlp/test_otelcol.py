"""Through a real OpenTelemetry Collector: what it has understood is what the Prometheus page says."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import Otlp
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.send import Sender
from tests.otlp.otlp_receiver import Receiver, receiver
from tests.otlp.test_otlp_values import check
from tests.snapshots import Source, simulated
from tests.support import free_port, require, running, wait_for

COLLECTOR = Path(__file__).parents[2] / ".ci" / "otelcol" / "build" / "otelcol"
SHIPPED = Path(__file__).parents[2] / "deploy" / "otel-collector" / "config.yaml"


def shipped() -> dict[str, Any]:
    """The example that is shipped."""
    data: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return data


def push_half(port: int, behind: int) -> dict[str, Any]:
    """The half of the example that is pushed to, from one port of this machine to another.

    The receiver prometheus is not in the Collector of the tests: building it takes too long.
    """
    data = shipped()
    del data["receivers"]["prometheus"], data["service"]["pipelines"]["metrics/scrape"]
    data["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = f"127.0.0.1:{port}"
    data["exporters"]["otlp_http"]["endpoint"] = f"http://127.0.0.1:{behind}"
    data["service"]["telemetry"] = {"metrics": {"level": "none"}}  # it would open port 8888
    return data


@pytest.fixture(name="collector")
def _collector(tmp_path: Path) -> Iterator[tuple[int, Receiver]]:
    """The port of a running Collector, and what is behind it."""
    if not COLLECTOR.exists():
        pytest.skip("there is no OpenTelemetry Collector (.ci/otelcol/install builds it where Go is)")
    port = free_port()
    with receiver() as behind:
        config, log = tmp_path / "otelcol.yaml", tmp_path / "log"
        config.write_text(yaml.safe_dump(push_half(port, behind.port)))
        with running([str(COLLECTOR), "--config", str(config)], log):
            wait_for(lambda: "Everything is ready" in log.read_text(), what="the Collector")
            yield port, behind


def test_the_collector_understands_every_point(collector: tuple[int, Receiver]) -> None:
    port, behind = collector
    sender = Sender(Otlp(f"http://127.0.0.1:{port}/v1/metrics"), Past(1_600_000_000_000_000_000))
    large = Source(name="large", labels={"site": "Wien"}, strings=10, modules=330).snapshot(
        simulated(strings=10, modules=330)
    )
    small = Source("ups", name="small").snapshot(simulated())
    assert sender.send([large, small], [], 1.7e9) == ""
    wait_for(lambda: behind.pushes, what="what the Collector passes on")
    (push,) = behind.pushes
    check(push.of("large"), large)
    check(push.of("small"), small)
    assert len(push.of("large")) == 7447
    assert {point.resource["site"] for point in push.of("large")} == {"Wien"}
    sender.close()


def test_the_collector_passes_on_what_has_ended(collector: tuple[int, Receiver]) -> None:
    port, behind = collector
    sender = Sender(Otlp(f"http://127.0.0.1:{port}/v1/metrics", delta=True), Past(1_600_000_000_000_000_000))
    source = Source("ups")
    told: tuple[tuple[int, dict[int, int]], ...] = (
        (100, {**simulated(), 114: 7}),
        (160, {**simulated(), 114: 9}),
        (220, {}),
    )
    for number, (time, words) in enumerate(told, 1):
        assert sender.send([replace(source.snapshot(words), time=time)], [], time) == ""
        # the Collector passes on several at once, and then in any order
        wait_for(lambda number=number: len(behind.pushes) == number, what="what the Collector passes on")
    first, second, dead = (push.of("ups1") for push in behind.pushes)
    deltas = [(p.value, p.start, p.time) for p in second if p.kind == "delta"]
    assert deltas == [(2, 100 * 10**9, 160 * 10**9)]
    assert {p.name for p in dead if not p.ended} < {p.name for p in first}
    assert "hw.battery.charge" in {p.name for p in dead if p.ended}
    assert {p.key for p in first} == {p.key for p in dead}


def test_a_refusal_of_the_collector_is_a_failure(collector: tuple[int, Receiver]) -> None:
    port, _ = collector
    sender = Sender(Otlp(f"http://127.0.0.1:{port}/elsewhere", timeout=2), Past(1))
    assert sender.send([], [], 1.0) == "404 Not Found: 404 page not found"


def test_a_receiver_for_grpc_is_named_at_whatever_port_it_listens(tmp_path: Path) -> None:
    if not COLLECTOR.exists():
        pytest.skip("there is no OpenTelemetry Collector (.ci/otelcol/install builds it where Go is)")
    port = free_port()
    data = push_half(0, 1)
    data["receivers"]["otlp"]["protocols"] = {"grpc": {"endpoint": f"127.0.0.1:{port}"}}
    config, log = tmp_path / "otelcol.yaml", tmp_path / "log"
    config.write_text(yaml.safe_dump(data))
    with running([str(COLLECTOR), "--config", str(config)], log):
        wait_for(lambda: "Everything is ready" in log.read_text(), what="the Collector")
        for words in ({}, simulated(strings=10, modules=330)):
            sender = Sender(Otlp(f"http://127.0.0.1:{port}/v1/metrics", timeout=5), Past(1))
            snapshot = Source(name="ups", strings=10, modules=330).snapshot(words)
            assert "this sends OTLP over HTTP" in sender.send([snapshot], [], 1.0)


def test_what_the_example_scrapes_is_good_for_prometheus(tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    config.write_text(yaml.safe_dump(shipped()["receivers"]["prometheus"]["config"]))
    result = subprocess.run(
        [require("promtool"), "check", "config", str(config)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "SUCCESS" in result.stdout
