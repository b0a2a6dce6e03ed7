"""What all tests share: which of them are quick, which begin, and how much is tried by fuzzing."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# what `make check` runs: no other program, and few processes; the rest has the marker `slow`
QUICK = {"assess", "config", "exposition", "maps", "recordings", "tests"}
QUICK_FILES = {"alerts/test_generated.py", "commands/test_generate_reference.py"}
# what takes longest begins, so that no worker sits over it alone at the end; this order
FIRST = (
    "alerts/test_cases.py", "pages/test_device_page.py", "alerts/test_situations.py", "year/test_year.py",
    "faults/test_load.py", "otlp/test_otlp_push.py", "assess/test_mutations.py",
    "security/test_read_only.py", "pages/test_overview.py", "maps/test_another_list.py",
    "assess/test_promql.py", "commands/test_probe_command.py", "e2e/test_readme_way.py",
    "alerts/test_records.py", "commands/test_cli.py", "alerts/test_coarse.py",
    "simulator/test_sim_scenarios.py", "reading/test_laws.py", "reading/test_serial.py",
)  # fmt: skip
TESTS = Path(__file__).parent

_FIRST = {TESTS / name: place for place, name in enumerate(FIRST)}

assert all((TESTS / name).exists() for name in (*FIRST, *QUICK_FILES))


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as processors: tests wait half of their time, for what shall happen or shall not."""
    return 2 * (os.cpu_count() or 1)


def quick(path: Path) -> bool:
    return path.parent.name in QUICK or path.relative_to(TESTS).as_posix() in QUICK_FILES


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # reading the files of which no test would run takes as long as some of the tests
    left_out = config.option.markexpr == "not slow" and collection_path.suffix == ".py"
    return True if left_out and not quick(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not quick(item.path) or getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: _FIRST.get(item.path, len(FIRST)))


# a shell starts its background deaf to SIGINT, and so would be the programs that tests end by it
signal.signal(signal.SIGINT, signal.default_int_handler)

# a machine that keeps no compiled modules would compile the exporter anew in hundreds of processes
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(TESTS.parent / ".pytest_cache" / "compiled")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# promtool and Prometheus spend a third of their time on collecting a small heap
os.environ.setdefault("GOGC", "400")

# a busy machine is no wrong answer; the same examples each time, so that only a change fails a run
settings.register_profile("generex", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=3000)  # make fuzz
settings.load_profile("generex")
