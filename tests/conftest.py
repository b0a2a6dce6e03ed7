"""Its place makes tests/support.py importable from every folder below."""

import os

from hypothesis import settings

# a busy machine is no wrong answer; and CI tries the same examples each time, so that a change is what fails it
settings.register_profile("generex", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("generex")
