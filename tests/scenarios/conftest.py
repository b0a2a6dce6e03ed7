"""All performances at once, while the tests wait: they need time, not processors."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from play import Record, perform
from stories import LONG, QUICK
from support import require


@dataclass(frozen=True)
class Performances:
    quick: Future[Record]
    long: Future[Record]


@pytest.fixture(scope="session")
def performances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Performances]:
    for program in ("prometheus", "prometheus-alertmanager"):
        require(program)
    with ThreadPoolExecutor() as pool:
        yield Performances(
            pool.submit(perform, tmp_path_factory.mktemp("quick"), QUICK, 30, 0.5),
            pool.submit(perform, tmp_path_factory.mktemp("long"), LONG, 120, 0.25),
        )
