"""How Python looks for garbage while a configuration is made: through what is new, in many small looks.

Each look through all objects of 5,000 devices took up to 0.7 s (measured), in which nothing else ran.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEVER = 2**31 - 1


@contextmanager
def no_full_looks() -> Iterator[None]:
    """Never look through all objects meanwhile."""
    young, middle, full = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, full)
