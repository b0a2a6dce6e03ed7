"""What is told of the process, against prometheus-client's collectors."""

import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as Reference

from exporter.exposition.process import Process

MOVING = {  # from one reading to the next, by so much at most
    "process_virtual_memory_bytes": 2**24,
    "process_resident_memory_bytes": 2**24,
    "process_start_time_seconds": 2,  # theirs knows the start of the machine to a second
    "process_cpu_seconds_total": 1,
    "python_gc_objects_collected_total": 10_000,
    "python_gc_collections_total": 100,
}


def reference() -> list[Reference]:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return list(registry.collect())


def test_the_process_is_told_of_as_prometheus_client_tells_of_it() -> None:
    process = Process()
    list(process.families())
    ours = [(metric, dict(samples)) for metric, samples in process.families()]
    theirs = reference()
    assert [(metric.name.removesuffix("_total"), metric.help, metric.type) for metric, _ in ours] == [
        (family.name, family.documentation, family.type) for family in theirs
    ]
    for (metric, values), family in zip(ours, theirs, strict=True):
        wanted = {tuple(sample.labels.items()): sample.value for sample in family.samples}
        assert values == pytest.approx(wanted, abs=MOVING.get(metric.name, 0)), metric.name


def test_counters_and_units_are_said() -> None:
    units = {metric.name: metric.unit for metric, _ in Process().families() if metric.unit}
    assert units == {
        "process_virtual_memory_bytes": "bytes",
        "process_resident_memory_bytes": "bytes",
        "process_start_time_seconds": "seconds",
        "process_cpu_seconds_total": "seconds",
    }


def test_a_process_that_can_open_no_file_tells_the_rest() -> None:
    """Then connections are many, and the page must come all the more."""
    program = (
        "import resource\n"
        "from exporter.exposition.process import Process\n"
        "process = Process()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "print(*(metric.name for metric, _ in process.families()))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.split() == [
        "python_info", "python_gc_objects_collected_total", "python_gc_objects_uncollectable_total",
        "python_gc_collections_total",
    ]  # fmt: skip
