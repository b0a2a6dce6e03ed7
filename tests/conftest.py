"""Its place makes tests/support.py importable from every folder below."""

import os

from hypothesis import settings

# promtool and Prometheus spend a third of their time on collecting a small heap
os.environ.setdefault("GOGC", "400")

# a busy machine is no wrong answer; CI tries the same examples each time, so that only a change fails it
settings.register_profile("generex", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.register_profile("fuzz", deadline=None, max_examples=3000)  # make fuzz
settings.load_profile("generex")
