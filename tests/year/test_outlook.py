"""The ranking of a report tried on batteries of known fate."""

import pytest

from tests.year.fates import fate
from tests.year.story import Story


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_blocks_that_fail_are_found_before_bacs_warns_and_no_healthy_one(seed: int) -> None:
    story = Story(seed)
    found = fate(story)
    assert set(found.listed) == {*story.failing, story.replaced}
    assert all(days > 0 for days in found.lead.values())
    assert (found.wrong, found.misled) == (0, 0)
