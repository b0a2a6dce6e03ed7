"""All performances at once, while the tests wait: they need time more than processors."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scenarios.performances import Performances
from tests.scenarios.play import perform_in_time
from tests.scenarios.slow import wait_for_hours
from tests.scenarios.stories import LONG, QUICK
from tests.support import require


@pytest.fixture(scope="session")
def performances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Performances]:
    for program in ("prometheus", "prometheus-alertmanager"):
        require(program)
    with ThreadPoolExecutor() as pool:
        yield Performances(
            pool.submit(perform_in_time, tmp_path_factory.mktemp("quick"), QUICK, 12.5, 1.2),
            pool.submit(perform_in_time, tmp_path_factory.mktemp("long"), LONG, 50, 0.64),
            pool.submit(wait_for_hours, tmp_path_factory.mktemp("slow")),
        )
