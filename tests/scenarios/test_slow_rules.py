"""What is evaluated once an hour is seen for five minutes; alerts read it as of the last three hours.

promtool evaluates all groups equally often, so only a real Prometheus shows it (operations 1.10).
"""

from itertools import pairwise

import pytest

from tests.scenarios.performances import Performances
from tests.scenarios.slow import HOUR, SlowRecord


@pytest.fixture(scope="session")
def record(performances: Performances) -> SlowRecord:
    return performances.slow.result()


def test_the_rule_is_evaluated_once_an_hour(record: SlowRecord) -> None:
    steps = [later - earlier for earlier, later in pairwise(record.evaluations)]
    assert len(steps) >= 5
    assert min(steps) > 0.8 * HOUR


def test_the_alert_stays_between_evaluations(record: SlowRecord) -> None:
    (began,) = record.began
    assert record.last - began > 4 * HOUR


def test_the_same_alert_without_looking_back_comes_and_goes(record: SlowRecord) -> None:
    assert len(record.naive_began) >= 3


def test_the_alert_names_the_block(record: SlowRecord) -> None:
    assert record.told == {("shorted", "1", "2")}
