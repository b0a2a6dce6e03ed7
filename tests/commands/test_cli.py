"""The command line: help and version everywhere, the environment, exit codes, and never a traceback."""

import logging
import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import __version__
from exporter.cli import COMMANDS
from tests.support import cli, environment, free_port, inside


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_and_version(command: str) -> None:
    words = [command] if command else []
    shown = inside(*words, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"usage: generex-exporter {command}".rstrip())
    version = inside(*words, "--version")
    assert (version.returncode, version.stdout) == (0, f"generex-exporter {__version__}\n")


def test_a_flag_in_front_means_serve() -> None:
    for flag in ("--help", "--version"):
        shown = inside("--target=a", flag)
        assert shown.returncode == 0
    assert "--web.listen-address" in inside("--log.level=debug", "--help").stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["serve", "--conf", "x"], "unrecognized arguments: --conf x"),
        (["serve"], "nothing to read: give a --target"),
        (["--log.level=debug"], "nothing to read: give a --target"),
        (["--target"], "expected one argument"),
        (["--target", "http://x"], '--target "http://x"'),
        (["--target", ""], '--target ""'),
        (["--target", "a b=tcp://x"], "--target"),
        (["--target", "tcp://x?unit=999"], "unit is a number from 0 to 255"),
        (["--target=a", "--web.listen-address=80"], 'bad listen address "80"'),
        (["--target=a", "--web.listen-address=:99999"], 'bad listen address ":99999"'),
        (["--target=a", "--web.listen-address=::1:80"], 'bad listen address "::1:80"'),
        (["--target=a", "--web.listen-address=[::1:80"], 'bad listen address "[::1:80"'),
        (["--target=a", "--web.listen-address=a b:80"], 'bad listen address "a b:80"'),
        (["--target=a", "--timeout-offset=soon"], '"soon"'),
        (["--target=a", "--timeout-offset=-1"], 'bad --timeout-offset "-1"'),
        (["--target=a", "--timeout-offset=nan"], 'bad --timeout-offset "nan"'),
        (["--target=a", "--log.level=loud"], "invalid choice: 'loud'"),
        (["--target=a", "--log.format=xml"], "invalid choice: 'xml'"),
        (["healthy", "--web.listen-address=:x"], 'bad listen address ":x"'),
        (["healthy", "--web.listen-address=:99999"], 'bad listen address ":99999"'),
        (["healthy", "surplus"], "unrecognized arguments: surplus"),
        (["--target=a", "--nope"], "usage: generex-exporter serve "),
        (["healthy", "--nope"], "usage: generex-exporter healthy "),
        (["check"], "FILE"),
        (
            ["probe", "ups1"],
            '"ups1" is not an address like tcp://10.0.0.7; the name of a device needs --config.file',
        ),
    ],
)
def test_wrong_usage_is_2(words: list[str], text: str) -> None:
    done = inside(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "content", [None, "folder", b"\xff\xfe", b"\x00", b"devices: [", b"- 1", b"a: " + b"[" * 9000]
)
def test_a_bad_configuration_is_1(tmp_path: Path, content: bytes | str | None) -> None:
    config = tmp_path / "config.yaml"
    if isinstance(content, bytes):
        config.write_bytes(content)
    elif content:
        config.mkdir()
    for command in ("serve", "check"):
        done = inside(command, *(["--config.file"] if command == "serve" else []), str(config))
        assert (done.returncode, done.stdout) == (1, "")
        assert "config.yaml" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 500


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--target=a", "--module=nope"], 'unknown module "nope"'),
        (["--target=x=10.0.0.1", "--target=x=10.0.0.2"], 'the name "x" is taken'),
        (["--target=10.0.0.1", "--target=y=10.0.0.1"], "is the device"),
    ],
)
def test_flags_that_do_not_fit_together_are_2(words: list[str], text: str) -> None:
    done = inside(*words)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_device_that_is_not_configured_is_2(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("devices: [{name: ups-a, target: 10.0.0.1}]\n")
    done = inside("probe", "ups1", "--config.file", str(config))
    assert done.returncode == 2
    assert '"ups1" is neither a configured device (there are: ups-a) nor an address' in done.stderr
    assert "tcp://ups1" in done.stderr


def test_an_empty_file_has_nothing_to_read(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("")
    done = inside("--config.file", str(config))
    assert done.returncode == 1
    assert (
        done.stderr
        == f"generex-exporter: error: nothing to read: {config} has neither devices nor probe.allow\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("GENEREX_TARGET", "http://x", '--target "http://x"'),
        ("GENEREX_LOG_LEVEL", "loud", "GENEREX_LOG_LEVEL: 'loud' is not one of debug, info, warn, error"),
        ("GENEREX_LOG_FORMAT", "xml", "GENEREX_LOG_FORMAT: 'xml' is not one of logfmt, json"),
        ("GENEREX_WEB_LISTEN_ADDRESS", "nonsense", 'bad listen address "nonsense"'),
        ("GENEREX_TIMEOUT_OFFSET", "soon", '"soon"'),
    ],
)
def test_a_wrong_value_from_the_environment_is_named(variable: str, value: str, text: str) -> None:
    done = inside("serve", **{"GENEREX_TARGET": "a", variable: value})
    assert done.returncode == 2
    assert text in done.stderr


def test_the_exit_code_reaches_the_shell() -> None:
    assert cli("--target=http://x").returncode == 2
    assert cli("check", "no-such-file.yaml").returncode == 1
    assert cli("--version").returncode == 0


def test_a_taken_port_is_1_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("--target=a", f"--web.listen-address=127.0.0.1:{port}")
        assert done.returncode == 1
        assert (
            f"generex-exporter: error: cannot listen on 127.0.0.1:{port}: Address already in use\n"
            in done.stderr
        )
        assert "Traceback" not in done.stderr
    done = cli("--target=a", f"--web.listen-address=203.0.113.7:{free_port()}")
    assert done.returncode == 1
    assert "Cannot assign requested address" in done.stderr


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "ünï..x"])
def test_a_listen_address_that_cannot_be_found_is_1(host: str) -> None:
    done = inside("--target=a", f"--web.listen-address={host}:80")
    assert done.returncode == 1
    assert f"generex-exporter: error: cannot listen on {host}:80: " in done.stderr


def test_output_that_nobody_reads_is_no_error() -> None:
    command = f"{sys.executable} -m exporter check --schema | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment(), timeout=20
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_the_command_line_works_on_a_terminal() -> None:
    reader, writer = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", "--version"],
            stdin=writer,
            stdout=writer,
            env=environment(),
            timeout=20,
        )
        assert done.returncode == 0
        assert os.read(reader, 100).decode().strip() == f"generex-exporter {__version__}"
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("arguments", ["check --schema", "explain ups.status 56", "maps"])
def test_a_full_disk_is_an_error_line(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "exporter", *arguments.split()]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), timeout=20
        )
    assert done.returncode == 1
    assert done.stderr == "generex-exporter: error: cannot write the output: No space left on device\n"


def test_a_failed_probe_stays_failed_when_nobody_reads_on() -> None:
    command = f"{sys.executable} -m exporter probe 127.0.0.1:1 2>/dev/null | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, env=environment(), timeout=20)
    assert done.returncode == 1


def test_without_arguments_the_environment_says_what_to_serve() -> None:
    command = [sys.executable, "-m", "exporter"]
    nowhere = {**environment(), "GENEREX_TARGET": "a=nonsense:x"}
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere, timeout=20)
    assert 'bad target "nonsense:x"' in done.stderr
    bare = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=20)
    assert (bare.returncode, "COMMAND" in bare.stderr) == (2, True)


@pytest.mark.parametrize(
    ("target", "said"), [("rtu:///dev/ttyS1", True), ("rtu-tcp://10.0.0.1:4001", True), ("10.0.0.1", False)]
)
def test_check_names_a_transaction_number_that_is_to_be_ignored_where_there_is_none(
    tmp_path: Path, target: str, said: bool
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"devices: [{{name: a, target: '{target}', any_transaction: true}}]\n")
    done = inside("check", str(path))
    assert done.returncode == 0
    line = "    any_transaction means nothing on a serial line: its answers carry no transaction number\n"
    assert (line in done.stdout) is said


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ("timeout: 1s", "timeout 1s leaves no time beside request_timeout 1s"),
        ("timeout: 800ms", "timeout 800ms leaves no time beside request_timeout 800ms"),
        ("timeout: 2s", ""),
        ("timeout: 1s, request_timeout: 400ms", ""),
    ],
)
def test_check_names_times_that_leave_room_for_one_answer_only(tmp_path: Path, times: str, said: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"devices: [{{name: a, target: 10.0.0.1, {times}}}]\n")
    done = inside("check", str(path))
    assert done.returncode == 0
    assert ("leaves no time" in done.stdout) is bool(said)
    assert said in done.stdout


def test_a_command_in_this_process_leaves_no_levels_of_loggers(caplog: pytest.LogCaptureFixture) -> None:
    names = ("", "aiohttp.access", "aiohttp.server", "asyncio")
    for name in names:
        caplog.set_level(logging.DEBUG, logger=name)
    assert inside("--target=a", "--web.listen-address=nowhere").returncode == 2
    assert [logging.getLogger(name).level for name in names] == [logging.DEBUG] * len(names)
