"""One file per mistake: its first lines say what the error must say, and nothing else may be reported."""

from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.errors import UserError

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
EXPECT = "# expect: "


def expected(path: Path) -> list[str]:
    """The substrings that the error lines must have, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_mistake_is_named(path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_config(path)
    lines = str(caught.value).splitlines()
    expectations = expected(path)
    assert expectations, "a bad file says what it expects"
    assert len(lines) == len(expectations), lines
    for line, expectation in zip(lines, expectations, strict=True):
        assert expectation in line
