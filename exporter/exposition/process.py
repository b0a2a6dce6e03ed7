"""What the kernel and Python say of this process, under the names that all exporters share.

prometheus-client's collectors give what never changes. The rest is read here: they read two files of the
kernel for it, one of them line by line, and took a tenth of the page of a UPS (measured).
"""

import gc
import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import PlatformCollector, ProcessCollector

from exporter.maps.model import Metric
from exporter.reading.decode.series import Sample

_CPU = Metric(
    "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter", "seconds"
)
_VIRTUAL = Metric("process_virtual_memory_bytes", "Virtual memory size in bytes.", unit="bytes")
_RESIDENT = Metric("process_resident_memory_bytes", "Resident memory size in bytes.", unit="bytes")
_FILES = Metric("process_open_fds", "Number of open file descriptors.")
_MOST_FILES = Metric("process_max_fds", "Maximum number of open file descriptors.")
_GARBAGE = {
    Metric("python_gc_objects_collected_total", "Objects collected during gc", "counter"): "collected",
    Metric(
        "python_gc_objects_uncollectable_total", "Uncollectable objects found during GC", "counter"
    ): "uncollectable",
    Metric(
        "python_gc_collections_total", "Number of times this generation was collected", "counter"
    ): "collections",
}  # fmt: skip
_CONSTANT = {"process_start_time_seconds": "seconds", "python_info": ""}  # with their units

_MEMORY, _OPEN = Path("/proc/self/statm"), "/proc/self/fd"
_PAGE = resource.getpagesize()

Families = Iterator[tuple[Metric, Sequence[Sample]]]


class ProcessMetrics:
    """The metrics of this process. What the system does not show is left out."""

    def __init__(self) -> None:
        collectors = ProcessCollector(registry=None), PlatformCollector(registry=None)
        self._constant = [
            (
                Metric(family.name, family.documentation, unit=_CONSTANT[family.name]),
                [(tuple(sample.labels.items()), sample.value) for sample in family.samples],
            )
            for collector in collectors
            for family in collector.collect()
            if family.name in _CONSTANT
        ]

    def families(self) -> Families:
        """All of them as they are now."""
        yield _CPU, [((), time.process_time())]
        with suppress(OSError):
            with _MEMORY.open("rb", 0) as pages:
                size, resident, *_ = pages.read().split()
            yield _VIRTUAL, [((), int(size) * _PAGE)]
            yield _RESIDENT, [((), int(resident) * _PAGE)]
        with suppress(OSError):
            yield _FILES, [((), len([*os.scandir(_OPEN)]))]
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY:
            yield _MOST_FILES, [((), most)]
        yield from self._constant
        generations = [((("generation", f"{number}"),), each) for number, each in enumerate(gc.get_stats())]
        for metric, counted in _GARBAGE.items():
            yield metric, [(labels, each[counted]) for labels, each in generations]
