"""A collector on a real socket, written by hand: it decodes what it gets and misbehaves when told to."""

import contextlib
import gzip
import math
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
)

Attributes = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Point:
    """One data point with all that is said around it; `kind` is gauge, counter, updowncounter or delta.

    `ended` says that it has the flag "no recorded value" and no value.
    """

    resource: Mapping[str, str]
    name: str
    unit: str
    description: str
    kind: str
    attributes: Attributes
    value: float
    is_whole: bool
    start: int
    time: int
    ended: bool

    @property
    def key(self) -> tuple[str, Attributes]:
        return self.name, self.attributes


@dataclass(frozen=True)
class Push:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    size: int
    points: tuple[Point, ...]

    def of(self, instance: str) -> list[Point]:
        """The points of the resource with this service.instance.id."""
        return [p for p in self.points if p.resource["service.instance.id"] == instance]

    def ended(self, instance: str) -> list[Point]:
        """Those of them that say that there is no value any more."""
        return [p for p in self.of(instance) if p.ended]


@dataclass
class Receiver:
    """`status` and `answer` are what it answers, after `delay` seconds or once `release` is set."""

    port: int = 0
    status: int = 200
    answer: bytes = b""
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    attempts: int = 0
    at_once: int = 0
    most_at_once: int = 0
    pushes: list[Push] = field(default_factory=list)

    def reject(self, points: int, message: str) -> None:
        """Answer 200 and say that some points were not taken."""
        answer = ExportMetricsServiceResponse()
        answer.partial_success.rejected_data_points = points
        answer.partial_success.error_message = message
        self.answer = answer.SerializeToString()


def decode(body: bytes) -> Iterator[Point]:
    """The points of a request, each attribute as text."""
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        about = {item.key: item.value.string_value for item in resource.resource.attributes}
        for scope in resource.scope_metrics:
            assert scope.scope.name == "generex-exporter"
            for metric in scope.metrics:
                data = metric.WhichOneof("data")
                assert data in ("gauge", "sum")
                kind = "gauge"
                if data == "sum":
                    kind = "counter" if metric.sum.is_monotonic else "updowncounter"
                    if metric.sum.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA:
                        assert kind == "counter"
                        kind = "delta"
                    else:
                        assert metric.sum.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
                for point in getattr(metric, data).data_points:
                    field_name = point.WhichOneof("value")
                    ended = bool(point.flags & DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)
                    assert ended == (field_name is None)
                    yield Point(
                        about, metric.name, metric.unit, metric.description, kind,
                        frozenset((item.key, item.value.string_value) for item in point.attributes),
                        math.nan if ended else getattr(point, field_name), field_name == "as_int",
                        point.start_time_unix_nano, point.time_unix_nano, ended,
                    )  # fmt: skip


@contextmanager
def receiver(*, port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A running receiver on `port`, any free one by default; always ended."""
    it = Receiver()
    lock = threading.Lock()
    connections: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            size = len(body)
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            push = Push(self.path, dict(self.headers), size, tuple(decode(body)))
            with lock:
                # whoever sees that it was asked may set what it answers next
                status, headers, answer = it.status, it.answer_headers, it.answer
                it.attempts += 1
                it.at_once += 1
                it.most_at_once = max(it.most_at_once, it.at_once)
                it.pushes.append(push)
            if it.hangs:
                it.release.wait(60)
            with lock:
                it.at_once -= 1
            with contextlib.suppress(OSError):  # the exporter did not wait
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Type" not in headers:
                    self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def get_request(self):
            connection, address = super().get_request()
            connections.append(connection)
            if context is not None:
                connection.settimeout(5)
                connection = context.wrap_socket(connection, server_side=True)
            return connection, address

        def handle_error(self, *_: object) -> None:
            pass  # a handshake that failed is what the test is about

    server = Server(("127.0.0.1", port), Handler)
    it.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        it.release.set()
        server.shutdown()
        server.server_close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)
