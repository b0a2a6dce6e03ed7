"""What is said of the process, against what prometheus-client says of it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric as Family

from exporter.exposition.process import ProcessMetrics

MOVES = {"process_cpu_seconds_total", "process_virtual_memory_bytes", "process_resident_memory_bytes"}


@dataclass
class Said:
    """A metric: what HELP and TYPE say, and its values by labels."""

    help: str
    type: str
    values: dict[tuple[tuple[str, str], ...], float]


def said_here() -> dict[str, Said]:
    return {
        metric.name: Said(metric.help, metric.type, dict(samples))
        for metric, samples in ProcessMetrics().families()
    }


def families_there() -> Iterator[Family]:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return iter([*registry.collect()])


def said_there() -> dict[str, Said]:
    return {
        f"{family.name}{'_total' if family.type == 'counter' else ''}": Said(
            family.documentation,
            family.type,
            {tuple(sample.labels.items()): sample.value for sample in family.samples},
        )
        for family in families_there()
    }


def test_the_process_is_described_as_prometheus_client_does() -> None:
    here, there = said_here(), said_there()
    assert here.keys() == there.keys()
    for name, said in there.items():
        assert (here[name].help, here[name].type) == (said.help, said.type), name
        assert here[name].values.keys() == said.values.keys(), name
        if not name.startswith("python_gc"):  # there may be a look in between
            wanted = pytest.approx(said.values, rel=0.1) if name in MOVES else said.values
            assert here[name].values == wanted, name


def test_the_cpu_of_the_process_moves() -> None:
    def cpu() -> float:
        return said_here()["process_cpu_seconds_total"].values[()]

    before, began = cpu(), time.process_time()
    while time.process_time() < began + 0.05:
        pass
    assert 0.05 <= cpu() - before < 5


def test_units_are_those_of_the_names() -> None:
    units = {metric.name: metric.unit for metric, _ in ProcessMetrics().families()}
    assert {name: unit for name, unit in units.items() if unit} == {
        "process_cpu_seconds_total": "seconds",
        "process_virtual_memory_bytes": "bytes",
        "process_resident_memory_bytes": "bytes",
        "process_start_time_seconds": "seconds",
    }
