"""What cannot be seen reaches neither a log nor a terminal as it is."""

import json
import logging

import pytest

from exporter import logs
from exporter.plaintext import lines, one_line
from tests.support import inside

# a C0 and two C1 control characters, marks that turn the order of text, one without width, ends of lines,
# a character that is none, half of one, and one of no plane that is used
UNSEEN = "\x1b\x7f\x85\x9b\u202e\u2066\u200f\u200b\u2028\ufeff\ufffe\ud800\U000e0001"


def test_one_line() -> None:
    text = one_line(f"a{UNSEEN}b\nc é–😀")
    assert text.isprintable()
    assert text.startswith("a\\x1b\\x7f\\x85\\x9b\\u202e\\u2066")
    assert text.endswith("b\\nc é–😀")


def test_lines() -> None:
    assert lines("a\x9b\nb") == "a\\x9b\nb"


@pytest.mark.parametrize("form", logs.FORMATS)
def test_the_log(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.set_up("info", form)
        logging.getLogger("exporter.test").info("x", extra={"path": f"/{UNSEEN}é"})
    finally:
        root.handlers[:], root.level = handlers, level
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    if form == "json":
        assert json.loads(line)["path"] == f"/{UNSEEN}é"
    else:
        quoted = line.partition(" path=")[2]
        assert quoted.startswith('"/\\u001b\\u007f\\u0085\\u009b\\u202e')
        assert quoted.endswith('é"')
        assert json.loads(quoted) == f"/{UNSEEN}é"


@pytest.mark.slow
@pytest.mark.parametrize("command", [("probe",), ("serve", "--target"), ("check",)])
def test_errors_on_the_terminal(command: tuple[str, ...]) -> None:
    answer = inside(*command, "u\x9b31m\u202ep s")
    assert answer.returncode
    assert "\\x9b31m\\u202ep" in answer.stderr
    assert all(line.isprintable() for line in answer.stderr.splitlines())
