"""The files that `discover` writes, and the errors that name the next step."""

import asyncio
import errno
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from exporter.config import load_config
from exporter.hints import Failure, with_next_step
from exporter.simulator.server import Simulator
from exporter.targets import parse_target
from tests.discover.devices import (
    QUICK,
    Done,
    command,
    discovered,
    image_of,
    nothing_left,
    simulated,
    standing,
)
from tests.hostile import Hostile, Peer, Request, silent
from tests.support import environment, free_port, wait_for


def test_the_report_holds_every_raw_word_and_no_address(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    done = discovered(capsys, standing(image_of(), [110]), f"--report={report}", "--name=secret-ups")
    assert done.code == 0
    text = report.read_text()
    assert text.startswith("# Modbus words of a GENEREX device\n")
    assert " 1000  0041 0000 0000 0002 0028 0000 D8F1 D8F1 D8F1 D8F1\n" in text
    assert re.search(r"^  110    -- 0032 0032 0032 0003 ", text, re.MULTILINE)
    assert re.search(r"^function 3, 46 from 97: exception_2: exception 2 .*ms\)$", text, re.MULTILINE)
    assert "127.0.0.1" not in text
    assert "secret-ups" not in text
    assert "Please add: model, firmware, UPS model." in text


@pytest.mark.parametrize("flag", ["--write", "--report"])
def test_a_file_is_not_replaced_without_being_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flag: str
) -> None:
    file = tmp_path / "mine"
    file.write_text("precious")
    device = standing(image_of(modules=0))
    done = discovered(capsys, device, f"{flag}={file}")
    assert (done.code, file.read_text()) == (1, "precious")
    assert f"{file} exists: give another name, or --force to replace it" in done.err
    assert not device.requests
    assert discovered(capsys, standing(image_of(modules=0)), f"{flag}={file}", "--force").code == 0
    assert "precious" not in file.read_text()


def test_a_file_that_cannot_be_written_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for flag in ("--write", "--report"):  # the folder is looked for before the device is asked
        device = standing(image_of(modules=0))
        done = discovered(capsys, device, f"{flag}={tmp_path}/no/such/file")
        assert (done.code, device.requests) == (1, [])
        assert f"cannot write {tmp_path}/no/such/file: there is no folder {tmp_path}/no/such" in done.err
    # so is the name: the configuration would refuse what cannot be one
    for name, text in ((" blank ", "begins or ends with a blank"), ("a" * 201, "longer than 200 characters")):
        device = standing(image_of(modules=0))
        done = discovered(capsys, device, f"--write={tmp_path}/generex.yml", f"--name={name}")
        assert (done.code, device.requests) == (2, [])
        assert "bad --name" in done.err
        assert text in done.err
        assert nothing_left(tmp_path)


def test_the_file_holds_hostile_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name = 'Halle "2": {Süd} # 1'
    simulated(capsys, "normal", f"--write={tmp_path}/generex.yml", f"--name={name}", modules=0)
    assert load_config(tmp_path / "generex.yml").devices[0].name == name


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["http://x"], 'unknown scheme "http"'),
        (["x", "--units=0-256"], 'bad --units "0-256": write ids from 0 to 255, like 1-10 or 1,3,7'),
        (["x", "--units=3-1"], 'bad --units "3-1"'),
        (["x", "--units=a"], 'bad --units "a"'),
        (["x", "--pause=1"], '--pause: bad duration "1"'),
        (["x", "--timeout=0s"], '--timeout: "0s" is not between 1ms and 1m'),
        (["x", "--pause=61s"], '--pause: "61s" is not between 0ms and 1m'),
        (["x", "--prof.base-address=65500"], "--prof.base-address is a number from 0 to 65486, not 65500"),
    ],
)
def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str], words: list[str], text: str) -> None:
    done = asyncio.run(command(capsys, "discover", *words))
    assert (done.code, done.out) == (2, "")
    assert text in done.err


def test_errors_name_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    def of(target: str) -> str:
        done = asyncio.run(command(capsys, "discover", target, *QUICK))
        assert (done.code, done.out) == (1, "")
        return done.err

    assert (
        "Connection refused\n  nothing listens there, or it takes no further master: a CS141 always has"
        in of(f"127.0.0.1:{free_port()}")
    )
    assert "\n  try the IP address instead: if that works, the name or" in of("no-such-host.invalid")
    assert "/dev/ttyNONE: No such file or directory\n  is the adapter plugged in?" in of("rtu:///dev/ttyNONE")
    assert "/dev/null is no serial port" in of("rtu:///dev/null")


def test_a_serial_port_that_another_program_has(capsys: pytest.CaptureFixture[str]) -> None:
    async def play() -> Done:
        async with Simulator(listen="pty") as device:
            with serial.Serial(device.address, exclusive=True):
                return await command(capsys, "discover", device.target, *QUICK)

    done = asyncio.run(play())
    assert done.code == 1
    assert (
        ": another program has the port\n  a serial line has one master: `sudo fuser -v /dev/pts/" in done.err
    )


def test_a_serial_port_that_the_user_may_not_open() -> None:
    target = parse_target("rtu:///dev/ttyUSB0")
    text = f"cannot connect to /dev/ttyUSB0: {os.strerror(errno.EACCES)}"
    assert with_next_step(Failure(target, "connect", text)) == (
        "cannot connect to /dev/ttyUSB0: Permission denied\n  `ls -l /dev/ttyUSB0` names the group that may "
        "use it, on Debian dialout: sudo usermod -aG dialout $USER, then log in again"
    )


def test_a_range_in_which_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    device = Hostile()
    device.behaviour = silent
    done = discovered(capsys, device, "--units=1-3", "--timeout=30ms")
    assert done.code == 1
    assert "none of the units 1–3 answers\n" in done.err


def test_ctrl_c_ends_cleanly_on_a_terminal(tmp_path: Path) -> None:
    """A device that takes the connection and stays silent; the progress line is wiped."""
    with socket.create_server(("127.0.0.1", 0)) as device:
        reader, writer = pty.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "exporter", "discover", f"127.0.0.1:{device.getsockname()[1]}",
                 "--timeout=30s", f"--write={tmp_path}/x.yml"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writer, env=environment(),
            )  # fmt: skip
            seen = b""

            def asking() -> bool:
                nonlocal seen
                seen += os.read(reader, 1000)
                return b"unit 1: function 3, 100" in seen

            wait_for(asking, what="the progress line")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=10)
        finally:
            os.close(writer)
        rest = b""
        try:
            while chunk := os.read(reader, 1000):
                rest += chunk
        except OSError:  # nobody holds the other end any more
            pass
        os.close(reader)
    assert (process.returncode, out) == (130, b"")
    assert (seen + rest).endswith(b"\r\x1b[K")
    assert b"Traceback" not in seen + rest
    assert nothing_left(tmp_path)


def test_a_serial_servers_address_that_speaks_modbus_tcp(capsys: pytest.CaptureFixture[str]) -> None:
    async def play() -> tuple[Done, int]:
        async with Simulator(listen="127.0.0.1:0", modules=0) as device:
            target = f"rtu-tcp://127.0.0.1:{device.port}"
            return await command(capsys, "discover", target, *QUICK, "--timeout=300ms"), device.port

    done, port = asyncio.run(play())
    assert done.code == 1
    assert done.err.endswith(f"\n  it answers as Modbus/TCP: write tcp://127.0.0.1:{port}\n")


def test_a_silent_peer_gets_no_bytes_that_could_be_another_function_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The device fails the test at any request that is not one to read."""
    device = Hostile("tcp")
    device.behaviour = silent
    faults: list[str] = []

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context)))
        async with device:
            await command(capsys, "discover", device.target(), *QUICK, "--timeout=50ms")

    asyncio.run(play())
    assert device.requests
    assert not faults


def test_the_report_names_no_address_in_errors_either(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = standing(image_of(modules=0))
    honest = device.behaviour

    def only_3(device: Hostile, peer: Peer, request: Request) -> None:
        (honest if request.function == 3 else silent)(device, peer, request)

    device.behaviour = only_3
    report = tmp_path / "report.md"
    discovered(capsys, device, f"--report={report}", "--timeout=100ms", "--bits")
    text = report.read_text()
    assert "function code 4: the device: no answer in time" in text
    assert "127.0.0.1" not in text
