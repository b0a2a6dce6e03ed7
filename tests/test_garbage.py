"""How Python looks for garbage while a configuration is made."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exporter.garbage import no_full_looks


class Cycle:
    """Garbage that only a look finds."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def looks() -> Iterator[list[int]]:
    """The generations of the looks meanwhile."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    try:
        yield seen
    finally:
        gc.callbacks.remove(note)


def make(objects: int) -> list[list[int]]:
    return [[number] for number in range(objects)]


def test_new_objects_are_looked_through_and_never_all() -> None:
    gc.collect()
    with looks() as seen, no_full_looks():
        kept = make(300_000)
        garbage = weakref.ref(Cycle())
        kept += make(5_000)
        assert garbage() is None
    assert {0, 1} == {*seen}
    with looks() as seen:
        kept += make(300_000)
    assert 2 in seen, "as ever afterwards"


def test_what_fails_leaves_everything_as_it_was() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(ValueError, match="no"), no_full_looks():
        raise ValueError("no")
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    assert gc.isenabled()
