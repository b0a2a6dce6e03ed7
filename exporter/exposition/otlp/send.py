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
from time import monotonic
from urllib.parse import urlsplit

from exporter import __version__
from exporter.config import Otlp
from exporter.exposition.otlp.answer import partial_success, words
from exporter.exposition.otlp.encode import SERVICE, Encoder, Message, Readings
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.post import Answer, Client, Http2Error, NoAnswerError
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
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SHORTEST_SECRET = 6  # characters; a shorter part of a header, such as Basic, may stand in any sentence
_GRPC_PORT = 4317
_GRPC_HINT = " (collectors speak gRPC at port 4317; this sends OTLP over HTTP, which they take at 4318)"


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

    def __init__(self, settings: Otlp, past: Past) -> None:
        self.settings = settings
        self._past = past
        self._encoder = Encoder(settings.resource, past, delta=settings.delta)
        self._closed = threading.Event()
        headers = {
            "user-agent": f"{SERVICE}/{__version__}",
            "content-type": "application/x-protobuf",
            **{name.lower(): header.value for name, header in settings.headers.items()},
        }
        if settings.compression == "gzip":
            headers["content-encoding"] = "gzip"
        self._client = Client(settings, headers)
        self._secrets = _secrets(settings)
        self._is_grpc_port = urlsplit(settings.endpoint).port == _GRPC_PORT

    def send(self, snapshots: Sequence[Snapshot], own: Readings, time: float) -> str:
        """Send these passes, and the exporter's own readings of `time`. What went wrong first, or nothing."""
        reasons = []
        for messages in _requests(self._encoder.messages(snapshots, own, time)):
            body = b"".join(message.body for message in messages)
            failure = _Failure("given up") if self._closed.is_set() else self._deliver(body)
            for message in messages:
                # what was refused for what it holds would be refused again
                self._past.note(message.told, settled=failure is None or failure.alone)
            if failure is not None:
                reasons.append(failure.reason)
                if not failure.alone:
                    break
        return reasons[0] if reasons else ""

    def close(self) -> None:
        """Give up: what is under way is not tried again."""
        self._closed.set()
        self._client.close()

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
        try:
            answer = self._client.post(body, timeout)
        except NoAnswerError as error:
            hint = _GRPC_HINT if self._is_grpc_port or isinstance(error, Http2Error) else ""
            return _Failure(self._shown(str(error)) + hint, passes=error.passes)
        return self._judge(answer)

    def _judge(self, answer: Answer) -> _Failure | None:
        status = f"{answer.status} {answer.reason}".strip()
        if answer.status in _REDIRECTS and "Location" in answer.headers:
            elsewhere = _without_secrets(answer.headers["Location"])
            return _Failure(f"redirected to {self._shown(elsewhere)}: give that address as the endpoint")
        if answer.kind.startswith("application/grpc"):
            return _Failure(f"{status} in gRPC{_GRPC_HINT}")
        if not 200 <= answer.status < 300:
            reason = self._shown(": ".join(filter(None, (status, words(answer)))))
            if answer.status in _BUSY:
                return _Failure(reason, passes=True, pause=_retry_after(answer))
            return _Failure(reason, alone=answer.status in _OF_ONE_REQUEST)
        try:
            rejected, message = partial_success(answer)
        except ValueError as error:
            what = self._shown(str(error))
            return _Failure(f"{status}, but {what}: is the endpoint that of a collector?")
        if rejected:
            return _Failure(f"{rejected} points rejected: {self._shown(message)}", alone=True)
        return None

    def _shown(self, text: str) -> str:
        """Text of a collector in one line, as long as lines of a log are, without the secrets it was sent."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = "".join(character if character.isprintable() else " " for character in text)
        return " ".join(text.split())[:_LONGEST_REASON]


def _retry_after(answer: Answer) -> float | None:
    """The seconds that the collector wants to be left alone, None where it does not say."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0)


def _without_secrets(url: str) -> str:
    """A URL without user, password and query."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url)[0])


def _secrets(settings: Otlp) -> list[str]:
    """What the headers hold, whole and word by word: a collector may repeat a token without its Bearer."""
    values = {header.value for header in settings.headers.values()}
    parts = {part for value in values for part in value.split() if len(part) >= _SHORTEST_SECRET}
    return sorted((values | parts) - {""}, key=len, reverse=True)


def _requests(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """The messages in as few requests as their size allows, made when needed; a device is never split."""
    request: list[Message] = []
    points = 0
    for message in messages:
        if request and points + message.points > _MOST_POINTS:
            yield request
            request, points = [], 0
        request.append(message)
        points += message.points
    yield request
