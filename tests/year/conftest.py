from collections.abc import Iterator

import pytest

from tests.year.backfill import Prometheus, year
from tests.year.story import Story

STORY = Story(seed=1)


@pytest.fixture(scope="session")
def one_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """The year of `STORY` in a real Prometheus."""
    with year(tmp_path_factory.mktemp("year"), STORY) as prometheus:
        yield prometheus
