"""Completion in real shells: what they offer after a few letters."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.cli import COMMANDS, main
from tests.support import environment, require

CASES = [
    ("sim", "simulate"),
    ("simulate --batt", "--battery-modules"),
    ("simulate --scenario thermal", "thermal-runaway"),
    ("explain ups.stat", "ups.status"),
    ("explain bacs.module_resi", "bacs.module_resistance"),
    ("maps everex", "everexceed"),
    ("probe --module everex", "everexceed"),
    ("serve --log.level deb", "debug"),
    ("generate dash", "dashboards"),
    ("check a-configuration-f", "a-configuration-file.yml"),
    ("serve --config.file a-configuration-f", "a-configuration-file.yml"),
    ("simulate --replay a-configuration-f", "a-configuration-file.yml"),
]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the scripts, and a file to complete."""
    capsys.readouterr()
    for shell, name in (("bash", "script.bash"), ("zsh", "_generex-exporter"), ("fish", "script.fish")):
        assert main(["completion", shell]) == 0
        (tmp_path / name).write_text(capsys.readouterr().out)
    (tmp_path / "a-configuration-file.yml").touch()
    return tmp_path


class Typed:
    """A shell on a pseudo terminal, typed at."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._shown = ""

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Read on until `text` is shown."""
        until = time.monotonic() + seconds
        while text not in self._shown:
            left = until - time.monotonic()
            assert left > 0, f"{text!r} was not shown, but {self._shown!r}"
            if select.select([self._master], [], [], left)[0]:
                self._shown += os.read(self._master, 4096).decode(errors="replace")
        self._shown = self._shown.partition(text)[2]


@contextmanager
def typed_at(command: list[str], folder: Path, **env: str) -> Iterator[Typed]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True,
        env=environment(TERM="dumb", HOME=str(folder), **env),
    )  # fmt: skip
    os.close(slave)
    try:
        yield Typed(master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.parametrize(
    ("command", "set_up"),
    [
        (["bash", "--norc", "--noprofile", "-i"], "source script.bash"),
        (["zsh", "-f", "-i"], "fpath=($PWD $fpath); autoload -U compinit; compinit -u -D"),
    ],
    ids=["bash", "zsh"],
)
def test_the_tab_key_completes(folder: Path, command: list[str], set_up: str) -> None:
    require(command[0])
    with typed_at(command, folder, PS1="ready> ") as shell:
        shell.wait_for("ready> ")
        shell.send(f"{set_up}\n")
        for number, (typed, completed) in enumerate(CASES):
            # what is echoed is not what was typed, so that the one is not taken for the other
            shell.send(f"echo next'-'{number}\n")
            shell.wait_for(f"next-{number}")
            shell.wait_for("ready> ")
            start = typed.rpartition(" ")[0]
            shell.send(f"generex-exporter {typed}\t")
            shell.wait_for(f"generex-exporter {start} {completed}".replace("  ", " "))
            shell.send("\x15")  # away with the line


def test_fish_completes(folder: Path) -> None:
    fish = require("fish")
    questions = "; ".join(f"complete -C 'generex-exporter {typed}'; echo --" for typed, _ in CASES)
    done = subprocess.run(
        [fish, "--no-config", "-c", f"source script.fish; {questions}"],
        cwd=folder, env=environment(HOME=str(folder)), capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    answers = done.stdout.split("--\n")
    for (typed, completed), answer in zip(CASES, answers, strict=False):
        offered = [line.split("\t")[0] for line in answer.splitlines()]
        assert completed in offered, f"{typed}: {offered}"


def test_every_command_is_offered(folder: Path) -> None:
    script = (folder / "script.bash").read_text()
    assert [command for command in COMMANDS if f"_{command}_" not in script] == []


def test_a_shell_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "csh"])
    assert caught.value.code == 2
    assert "choose from 'bash', 'zsh', 'fish'" in capsys.readouterr().err
