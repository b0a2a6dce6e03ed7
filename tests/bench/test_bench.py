"""The measurements run; what they find depends on the machine."""

import pytest

from tests.bench.measures import MEASURES


@pytest.mark.parametrize("name", ["steps", "paths"])
def test_measures_find_something(name: str) -> None:
    table = MEASURES[name](5)
    assert len(table.rows) >= 3
    for row in table.rows:
        assert len(row) == len(table.head)
        assert float(row[-1]) > 0
