"""A Prometheus as a process, with a day of history that is written into it in seconds."""

import contextlib
import http.client
import json
import re
import socket
import struct
import subprocess
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.running import cpu_seconds

Labels = tuple[tuple[str, str], ...]
_MEASURED = re.compile(r"_(volts|amperes|celsius|ohms|ratio)\b")
_BATCH = 120  # samples of a series in one request
_REQUEST = 400_000  # samples in one request, about


@dataclass(frozen=True)
class History:
    """The samples of a series: every `step` seconds for `depth` seconds, around `value`."""

    labels: Labels
    value: float
    step: float
    depth: float


@dataclass(frozen=True)
class Prometheus:
    """A running one. `folder` holds its rule file."""

    port: int
    pid: int
    folder: Path

    @property
    def cpu(self) -> float:
        """The seconds of CPU it has used."""
        return cpu_seconds(self.pid)

    def load(self, rules: str) -> None:
        """Take this rule file in place of the one before."""
        (self.folder / "bench.rules.yml").write_text(rules)
        self._call("POST", "/-/reload", b"")

    def ask(self, expr: str, at: float) -> list[dict[str, Any]]:
        """What an instant query finds at a time."""
        query = urllib.parse.urlencode({"query": expr, "time": at})
        found: list[dict[str, Any]] = json.loads(self._call("GET", f"/api/v1/query?{query}"))["data"][
            "result"
        ]
        return found

    def ask_range(self, expr: str, begin: float, end: float, step: float) -> None:
        """Ask for a value every `step` seconds between two times."""
        query = urllib.parse.urlencode({"query": expr, "start": begin, "end": end, "step": step})
        self._call("GET", f"/api/v1/query_range?{query}")

    def write(self, series: Iterable[History], begin: float, end: float) -> None:
        """Write the histories between two times, in the order of time."""
        encoded = [(self._encoded_labels(one.labels), one) for one in series]
        for start in range(int(begin), int(end), 15 * _BATCH):
            stop = min(start + 15 * _BATCH, end)
            batch: dict[tuple[float, float, bool], tuple[bytes, int]] = {}
            parts: list[bytes] = []
            samples = 0
            for labels, one in encoded:
                if end - one.depth >= stop:
                    continue
                kind = (one.value, one.step, _MEASURED.search(one.labels[0][1]) is not None)
                if kind not in batch:
                    batch[kind] = _samples(*kind, start, stop)
                data, count = batch[kind]
                message = labels + data
                parts.append(b"\x0a" + _varint(len(message)) + message)
                samples += count
                if samples > _REQUEST:
                    self._send(parts)
                    parts, samples = [], 0
            self._send(parts)

    def _send(self, parts: Sequence[bytes]) -> None:
        body = b"".join(parts)
        if body:
            # snappy without compression: one literal
            head = _varint(len(body)) + b"\xfc" + (len(body) - 1).to_bytes(4, "little")
            self._call("POST", "/api/v1/write", head + body)

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return text

    @staticmethod
    def _encoded_labels(labels: Labels) -> bytes:
        parts = []
        for name, value in sorted(labels):
            pair = b"".join(
                bytes((tag, *_varint(len(text)))) + text
                for tag, text in ((10, name.encode()), (18, value.encode()))
            )
            parts.append(b"\x0a" + _varint(len(pair)) + pair)
        return b"".join(parts)


def _samples(value: float, step: float, jitters: bool, start: float, stop: float) -> tuple[bytes, int]:
    parts = []
    first = -(-start // step) * step
    for number in range(max(int(-(-(stop - first) // step)), 0)):
        at = int(first + number * step)
        shown = value * (1 + at // int(step) % 7 * 1e-4) if jitters else value
        pair = b"\x09" + struct.pack("<d", shown) + b"\x10" + _varint(at * 1000)
        parts.append(b"\x12" + bytes((len(pair),)) + pair)
    return b"".join(parts), len(parts)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


def labels_of(metric: Mapping[str, str]) -> Labels:
    """The labels of a series that was found, its name first."""
    return (("__name__", metric["__name__"]), *((k, v) for k, v in metric.items() if k != "__name__"))


@contextlib.contextmanager
def prometheus() -> Iterator[Prometheus]:
    """One that scrapes nothing and keeps all in its head, so that nothing but rules takes time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.rules.yml").write_text("groups: []\n")
        (folder / "prometheus.yml").write_text(
            f"rule_files: [{folder}/*.rules.yml]\nstorage: {{tsdb: {{out_of_order_time_window: 9d}}}}\n"
        )
        flags = [
            f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
            "--web.enable-lifecycle", "--storage.tsdb.min-block-duration=20d",
            "--storage.tsdb.max-block-duration=20d", "--log.level=error", "--query.timeout=5m",
        ]  # fmt: skip
        process = subprocess.Popen(["prometheus", *flags])
        try:
            running = Prometheus(port, process.pid, folder)
            until = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError, RuntimeError):
                    running._call("GET", "/-/ready")
                    break
                if time.monotonic() > until:
                    raise RuntimeError("prometheus does not start")
                time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            process.wait()
