"""What the kernel and Python say of this process, under the names that all exporters share.

prometheus-client's collectors read the same in 180 µs, which is a third of a scrape of a UPS.
"""

import gc
import os
import platform
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from exporter.maps.model import Metric
from exporter.reading.decode.series import Sample

_VIRTUAL = Metric("process_virtual_memory_bytes", "Virtual memory size in bytes.", unit="bytes")
_RESIDENT = Metric("process_resident_memory_bytes", "Resident memory size in bytes.", unit="bytes")
_START = Metric(
    "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", unit="seconds"
)
_CPU = Metric(
    "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter", "seconds"
)
_OPEN = Metric("process_open_fds", "Number of open file descriptors.")
_MOST = Metric("process_max_fds", "Maximum number of open file descriptors.")
_PYTHON = Metric("python_info", "Python platform information")
_GC = {
    "collected": Metric("python_gc_objects_collected_total", "Objects collected during gc", "counter"),
    "uncollectable": Metric(
        "python_gc_objects_uncollectable_total", "Uncollectable objects found during GC", "counter"
    ),
    "collections": Metric(
        "python_gc_collections_total", "Number of times this generation was collected", "counter"
    ),
}
_STATM, _FILES = Path("/proc/self/statm"), Path("/proc/self/fd")
_PAGE = resource.getpagesize()


class Process:
    """This process. What a system without /proc does not tell is left out."""

    def __init__(self) -> None:
        self._start: float | None = None
        with suppress(OSError):
            self._start = _started()
        major, minor, patchlevel = platform.python_version_tuple()
        self._python = (
            ("implementation", platform.python_implementation()),
            ("major", major),
            ("minor", minor),
            ("patchlevel", patchlevel),
            ("version", platform.python_version()),
        )

    def families(self) -> Iterator[tuple[Metric, Sequence[Sample]]]:
        """Each metric with its samples, as they are now."""
        with suppress(OSError):  # no /proc, or no file descriptor left to look into it
            with _STATM.open("rb", buffering=0) as file:
                size, resident = file.read().split()[:2]
            yield _VIRTUAL, [((), float(int(size) * _PAGE))]
            yield _RESIDENT, [((), float(int(resident) * _PAGE))]
        if self._start is not None:
            yield _START, [((), self._start)]
        yield _CPU, [((), time.process_time())]
        with suppress(OSError):
            with os.scandir(_FILES) as files:
                number = sum(1 for _ in files)
            yield _OPEN, [((), float(number))]
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY:
            yield _MOST, [((), float(most))]
        yield _PYTHON, [(self._python, 1.0)]
        generations = gc.get_stats()
        for key, metric in _GC.items():
            yield (
                metric,
                [
                    ((("generation", str(which)),), float(generation[key]))
                    for which, generation in enumerate(generations)
                ],
            )


def _started() -> float:
    """When this process started, in seconds since the epoch. Raises OSError where there is no /proc."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
