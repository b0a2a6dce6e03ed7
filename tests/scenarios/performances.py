"""The performances of the folder, which take place at the same time."""

from concurrent.futures import Future
from dataclasses import dataclass

from tests.scenarios.play import Record
from tests.scenarios.slow import SlowRecord


@dataclass(frozen=True)
class Performances:
    """Most scenarios, those that take hours, and the rules that take many hours."""

    quick: Future[Record]
    long: Future[Record]
    slow: Future[SlowRecord]
