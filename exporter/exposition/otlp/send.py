"""Sends snapshots to a collector by OTLP over HTTP. Blocking: for a thread.

Every failure has a reason in words. What is tried again, and when, is as OpenTelemetry's specification says.
"""

import gzip
import random
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from time import monotonic

import requests
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from urllib3.exceptions import LocationValueError

from exporter import __version__
from exporter.config import Otlp
from exporter.exposition.otlp.encode import SERVICE, Encoder, Message, Readings
from exporter.exposition.otlp.starts import Starts
from exporter.reading.decode.snapshot import Snapshot

# 330 modules are 7,447 points in 1.1 MB (measured), and a collector takes 20 MiB unless told otherwise
_MOST_POINTS = 10_000
_TRIES = 6  # of one request, as long as its timeout leaves room for them
_FIRST_PAUSE = 1.0  # seconds until the second try; twice as long after each
_SHORTEST = 0.01  # seconds that a last try is given
_GZIP_LEVEL = 6  # 9, which gzip itself takes, is three times as slow for a tenth less
_LONGEST_REASON = 300  # characters of what a collector says
_BUSY = frozenset({429, 502, 503, 504})
_OF_ONE_REQUEST = frozenset({400, 413})


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a request was not taken, and what follows from that.

    `passes` says that it may be taken later, in `pause` seconds if the collector said when; `alone` that the
    requests after it may be taken none the less.
    """

    reason: str
    passes: bool = False
    pause: float | None = None
    alone: bool = False


class Sender:
    """Sends to one collector."""

    def __init__(self, settings: Otlp, starts: Starts) -> None:
        self.settings = settings
        self._encoder = Encoder(settings.resource, starts)
        self._closed = threading.Event()
        self._session = requests.Session()
        self._headers = {
            "user-agent": f"{SERVICE}/{__version__}",
            "content-type": "application/x-protobuf",
            **{name.lower(): header.value for name, header in settings.headers.items()},
        }
        if settings.compression == "gzip":
            self._headers["content-encoding"] = "gzip"

    def send(self, snapshots: Sequence[Snapshot], own: Readings, time: float) -> str:
        """Send these passes, and the exporter's own readings of `time`. What went wrong first, or nothing."""
        devices = (self._encoder.device(snapshot) for snapshot in snapshots)
        reasons = []
        for body in _requests(chain([self._encoder.exporter(own, time)], devices)):
            failure = _Failure("given up") if self._closed.is_set() else self._deliver(body)
            if failure is not None:
                reasons.append(failure.reason)
                if not failure.alone:
                    break
        return reasons[0] if reasons else ""

    def close(self) -> None:
        """Give up: what is under way is not tried again."""
        self._closed.set()
        self._session.close()

    def _deliver(self, body: bytes) -> _Failure | None:
        """Send one request, and again while that may help, within the timeout."""
        if self.settings.compression == "gzip":
            body = gzip.compress(body, _GZIP_LEVEL)
        deadline = monotonic() + self.settings.timeout
        failure: _Failure | None = None
        for attempt in range(_TRIES):
            failure = self._post(body, max(deadline - monotonic(), _SHORTEST))
            if failure is None or not failure.passes:
                break
            # not all exporters at once
            pause = _FIRST_PAUSE * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311
            if failure.pause is not None:
                pause = failure.pause
            if monotonic() + pause >= deadline or self._closed.wait(pause):
                break
        return failure

    def _post(self, body: bytes, timeout: float) -> _Failure | None:
        tls = self.settings.tls
        try:
            answer = self._session.post(
                self.settings.endpoint,
                data=body,
                headers=self._headers,
                auth=_as_configured,
                timeout=timeout,
                # given with the request, REQUESTS_CA_BUNDLE does not win over it
                verify=tls.ca_file or True,
                cert=(tls.cert_file, tls.key_file) if tls.cert_file and tls.key_file else None,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, ValueError) as error:
            no_answer = isinstance(error, requests.ConnectionError | requests.Timeout)
            passes = no_answer and not isinstance(error, requests.exceptions.SSLError)
            return _Failure(_innermost(error), passes=passes)
        return _judge(answer)


def _as_configured(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No other authentication than the headers: without this, one from ~/.netrc would take their place."""
    return request


def _judge(answer: requests.Response) -> _Failure | None:
    status = f"{answer.status_code} {answer.reason or ''}".strip()[:_LONGEST_REASON]
    if answer.is_redirect:
        elsewhere = _without_secrets(answer.headers["Location"])
        return _Failure(f"redirected to {elsewhere}: give that address as the endpoint")
    if answer.status_code in _BUSY:
        return _Failure(status, passes=True, pause=_retry_after(answer))
    if not 200 <= answer.status_code < 300:
        return _Failure(status, alone=answer.status_code in _OF_ONE_REQUEST)
    try:
        partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return None  # taken, and answered in another form
    if partial.rejected_data_points:
        message = partial.error_message[:_LONGEST_REASON]
        return _Failure(f"{partial.rejected_data_points} points rejected: {message}", alone=True)
    return None


def _retry_after(answer: requests.Response) -> float | None:
    """The seconds that the collector wants to be left alone, None where it does not say."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0)


def _without_secrets(url: str) -> str:
    """A URL without user, password and query."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url)[0])[:_LONGEST_REASON]


def _innermost(error: BaseException) -> str:
    """What happened at the socket: requests and urllib3 wrap it several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, LocationValueError):  # its text has the address, with a proxy's password
        return "the address of the endpoint, or of a proxy in the environment, cannot be read"
    text = getattr(error, "strerror", None) or str(error)
    return text.strip()[:_LONGEST_REASON] or type(error).__name__


def _requests(messages: Iterable[Message]) -> Iterator[bytes]:
    """The messages in as few requests as their size allows, made when needed; a device is never split."""
    bodies: list[bytes] = []
    points = 0
    for message in messages:
        if bodies and points + message.points > _MOST_POINTS:
            yield b"".join(bodies)
            bodies, points = [], 0
        bodies.append(message.body)
        points += message.points
    yield b"".join(bodies)
