"""What the kernel and Python say of the process, by the names and texts that all exporters share.

prometheus-client is the reference in tests. Its collectors read files that take the kernel longer, and make
each family anew, which took a sixth of a scrape of one UPS (measured).
"""

import gc
import os
import platform
import resource
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from exporter.maps.model import Labels, Metric
from exporter.reading.decode.series import Sample

_MEMORY = Path("/proc/self/statm")
_VIRTUAL = Metric("process_virtual_memory_bytes", "Virtual memory size in bytes.", unit="bytes")
_RESIDENT = Metric("process_resident_memory_bytes", "Resident memory size in bytes.", unit="bytes")
_STARTED = Metric(
    "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", unit="seconds"
)
_CPU = Metric(
    "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter", "seconds"
)
_OPEN_FILES = Metric("process_open_fds", "Number of open file descriptors.")
_MOST_FILES = Metric("process_max_fds", "Maximum number of open file descriptors.")
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


class Process:
    """This process."""

    def __init__(self) -> None:
        self._page = resource.getpagesize()
        major, minor, patch = platform.python_version_tuple()
        self._python: Labels = (
            ("version", platform.python_version()),
            ("implementation", platform.python_implementation()),
            ("major", major),
            ("minor", minor),
            ("patchlevel", patch),
        )

    @cached_property
    def _started(self) -> float:
        """Seconds since 1970. Raises OSError. By proc(5) it is field 22 of stat, in ticks since the boot."""
        ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return boot + int(ticks) / os.sysconf("SC_CLK_TCK")

    def families(self) -> Iterator[tuple[Metric, Sequence[Sample]]]:
        """What is true of it now; without what the kernel knows where no file can be opened any more."""
        try:
            with _MEMORY.open("rb", buffering=0) as file:
                virtual, resident = file.read().split()[:2]
            files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a path for each of thousands is not needed
            started = self._started
        except OSError:
            pass
        else:
            yield _VIRTUAL, [((), int(virtual) * self._page)]
            yield _RESIDENT, [((), int(resident) * self._page)]
            yield _STARTED, [((), started)]
            yield _CPU, [((), time.process_time())]
            yield _OPEN_FILES, [((), files)]
            yield _MOST_FILES, [((), resource.getrlimit(resource.RLIMIT_NOFILE)[0])]
        yield _PYTHON, [(self._python, 1)]
        generations = gc.get_stats()
        for key, metric in _GC.items():
            yield metric, [((("generation", str(n)),), stats[key]) for n, stats in enumerate(generations)]
