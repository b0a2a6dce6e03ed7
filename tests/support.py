"""What tests of the running program share: the exporter as a process, conditions, real programs."""

import http.client
import io
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
import yaml

from exporter.cli import main

T = TypeVar("T")

# the loggers to which a command that serves gives a level; "" is the root
_LEVELLED = ("", "aiohttp.access", "aiohttp.server", "asyncio")


def require(program: str) -> str:
    """The path of a program. Skips the test where it is missing, and fails it when REQUIRE_REAL=1."""
    path = shutil.which(program)
    if path is None:
        reason = f"{program} is not installed (.ci/run installs it)"
        if os.environ.get("REQUIRE_REAL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def load_yaml(text: str) -> Any:
    """A document of YAML; by libyaml, where PyYAML has it, in a tenth of the time."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def _ports() -> Iterator[int]:
    """Ports that the kernel gives to nobody who asks for any, those of this worker of pytest-xdist."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = [port for port in range(11000, 65536) if not low <= port <= high][worker::workers]
    # hypothesis seeds the other random numbers; each once, as a program may not listen on the one before yet
    return cycle(random.SystemRandom().sample(ports, len(ports)))


def free_port() -> int:
    """A TCP port that nobody listens on, at no address, and that nobody else gets before it is opened."""
    return next(filter(_is_free, _ports()))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("", port))
        return True
    return False


def wait_for(condition: Callable[[], T], timeout: float = 60.0, what: str = "the condition") -> T:
    """The first true result of `condition`; an assertion that fails inside counts as not yet."""
    until = time.monotonic() + timeout
    while True:
        try:
            if result := condition():
                return result
            trouble: AssertionError | OSError | None = None
        except (AssertionError, OSError) as error:
            trouble = error
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come within {timeout:g} s") from trouble
        time.sleep(0.02)


def quickest(act: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """The seconds of the quickest of three: a busy machine is late now and then, what waits is each time."""
    seconds = []
    for _ in range(3):
        before()
        started = time.monotonic()
        act()
        seconds.append(time.monotonic() - started)
    return min(seconds)


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in `log`; it is always ended."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(10)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Exporter:
    """A running `python -m exporter`."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def log_lines(self, text: str) -> list[str]:
        """The lines of the log that contain `text`."""
        return [line for line in self.log.splitlines() if text in line]

    def request(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, status: int = 200) -> str:
        answer = self.request(path)
        assert answer.status == status, answer.text
        return answer.text

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 10.0) -> int:
        """Send a signal and wait; the exit code. Raises TimeoutExpired after `within` seconds."""
        self.process.send_signal(number)
        return self.process.wait(within)


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without GENEREX_ variables, and with `extra`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GENEREX_")} | extra


@contextmanager
def exporter(
    *arguments: str, env: Mapping[str, str] | None = None, ready: bool | str = True
) -> Iterator[Exporter]:
    """`python -m exporter` with these arguments on a free port; always ended.

    Waits until it is ready; `ready` may be the path to ask.
    """
    port = free_port()
    command = [sys.executable, "-m", "exporter", *arguments, f"--web.listen-address=127.0.0.1:{port}"]
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with running(command, log, environment(**(env or {}))) as process:
            it = Exporter(process, port, log)
            if ready:
                path = ready if isinstance(ready, str) else "/-/ready"
                wait_for(lambda: _is_ready(it, path), what="readiness")
            yield it


def _is_ready(it: Exporter, path: str) -> bool:
    assert it.process.poll() is None, f"ended with {it.process.returncode}: {it.log}"
    return it.request(path).status == 200


@contextmanager
def simulator(port: int, *arguments: str) -> Iterator[None]:
    """`python -m exporter simulate` on that port; always ended. Waits until it listens."""
    command = [sys.executable, "-m", "exporter", "simulate", f"--listen=127.0.0.1:{port}", *arguments]
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with running(command, log, environment()):
            wait_for(lambda: "simulating" in log.read_text(), what="the simulator")
            yield


def cli(*arguments: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m exporter` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(**env),
        check=False,
    )


def inside(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """What `cli` gives, in a twentieth of the time: a command that does not serve, in this process."""
    with _in_time(60):
        return told_inside(*arguments, **env)


def told_inside(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`inside` for any thread, without an end to its patience."""
    root, out, err = logging.getLogger(), io.StringIO(), io.StringIO()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in _LEVELLED}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in os.environ.keys() - environment().keys():
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        try:
            code = main(arguments)
        except SystemExit as end:  # as argparse ends a command
            code = int(end.code or 0)
        finally:
            root.handlers[:] = handlers
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextmanager
def _in_time(seconds: int) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(f"not over after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
