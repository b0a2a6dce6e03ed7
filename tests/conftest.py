"""What all tests share: which of them are quick, and how much is tried by fuzzing."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# what `make check` runs: no other program, and few processes; the rest has the marker `slow`
QUICK = {"assess", "config", "exposition", "maps", "recordings", "tests"}
QUICK_FILES = {"alerts/test_generated.py", "commands/test_generate_reference.py"}
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        quick = item.path.parent.name in QUICK or item.path.relative_to(TESTS).as_posix() in QUICK_FILES
        if not quick or getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)


# a shell starts its background deaf to SIGINT, and so would be the programs that tests end by it
signal.signal(signal.SIGINT, signal.default_int_handler)

# promtool and Prometheus spend a third of their time on collecting a small heap
os.environ.setdefault("GOGC", "400")

# a busy machine is no wrong answer; CI tries the same examples each time, so that only a change fails it
settings.register_profile("generex", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.register_profile("fuzz", deadline=None, max_examples=3000)  # make fuzz
settings.load_profile("generex")
