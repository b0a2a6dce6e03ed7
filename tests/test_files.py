"""What is read where a file is named: a file, a pipe while someone writes to it, and nothing else."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from exporter.errors import UserError
from exporter.files import read_file, write_whole
from tests.support import inside

CONFIG = "devices: [{name: a, target: 10.0.0.1}]\n"


@pytest.mark.parametrize("command", [("check",), ("serve", "--config.check", "--config.file")])
def test_a_configuration_that_is_no_file_is_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    pipe, place, folder = tmp_path / "pipe", tmp_path / "socket", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(str(place))
        for path, why in {
            pipe: "it is a pipe to which nobody writes within 10 s: name a file",
            place: "it is a socket: name a file",
            folder: "it is a folder: name the file in it",
        }.items():
            done = inside(*command, str(path))
            assert done.returncode == 1
            assert done.stderr.endswith(f"cannot read {path}: {why}\n")
            assert done.stdout == ""


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_a_pipe_is_read_as_long_as_somebody_writes_to_it(tmp_path: Path, size: int) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = os.urandom(size)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert read_file(pipe) == content
    writer.join()


def test_no_more_is_read_from_a_pipe_than_was_asked_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"exec yes > {pipe}"]) as endless:
        assert read_file(pipe, 5) == b"y\ny\ny"
        endless.wait(30)


def test_a_shell_may_make_the_configuration() -> None:
    command = [sys.executable, "-m", "exporter", "check", "/dev/stdin"]
    done = subprocess.run(command, input=CONFIG, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("/dev/stdin: good: 1 device")


def test_a_pipe_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="is not a file: give another name"):
        write_whole(pipe, "text")
    assert pipe.is_fifo()
