"""One request to a collector and its answer, which ends in time and at a size, whatever the collector does.

The timeout of `requests` starts again with each byte that comes in.
"""

import socket
import ssl
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, LocationValueError

from exporter.config import Otlp

LARGEST = 64 * 1024  # bytes of an answer that are read; a collector has nothing to say of that length
# frames of HTTP/2 for the whole connection: SETTINGS, with which every server begins, and GOAWAY
_HTTP2 = (b"\x04\x00\x00\x00\x00\x00", b"\x07\x00\x00\x00\x00\x00")
_ANY_ZLIB = 47  # zlib's word for: gzip or zlib, by what the data say


class NoAnswerError(Exception):
    """Nothing usable came back; `passes` says that it may later."""

    def __init__(self, text: str, *, passes: bool) -> None:
        super().__init__(text)
        self.passes = passes


class Http2Error(NoAnswerError):
    """The server speaks HTTP/2 alone, as one for gRPC does."""

    def __init__(self) -> None:
        super().__init__("it speaks HTTP/2 alone, as gRPC does", passes=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a collector says; of a long body there is the beginning."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The kind of the body, such as text/html; empty where there is nothing about it."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Client:
    """Posts to the endpoint of the settings. Blocking: for a thread."""

    def __init__(self, settings: Otlp, headers: Mapping[str, str]) -> None:
        self._settings = settings
        # what is not packed cannot become large when it is unpacked
        self._headers = {"accept-encoding": "identity", **headers}
        self._session = requests.Session()
        self._adapter = _Adapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def post(self, body: bytes, timeout: float) -> Answer:
        """Post `body` and give the answer, all within `timeout` seconds. Raises NoAnswerError."""
        deadline = monotonic() + timeout
        alarm = threading.Timer(timeout, self._adapter.cut)
        alarm.daemon = True
        alarm.start()
        try:
            answer = self._post(body, timeout)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if monotonic() >= deadline:
                raise NoAnswerError("timed out", passes=True) from None
            no_answer = isinstance(error, requests.ConnectionError | requests.Timeout | HTTPError)
            passes = no_answer and not isinstance(error, requests.exceptions.SSLError)
            raise NoAnswerError(_innermost(error), passes=passes) from None
        finally:
            alarm.cancel()
        if monotonic() >= deadline:  # an answer that was cut off looks like one that has ended
            raise NoAnswerError("timed out", passes=True)
        return answer

    def close(self) -> None:
        """Close what is open."""
        self._session.close()

    def _post(self, body: bytes, timeout: float) -> Answer:
        tls = self._settings.tls
        with self._session.post(
            self._settings.endpoint,
            data=body,
            headers=self._headers,
            auth=_as_configured,
            timeout=timeout,
            # given with the request, REQUESTS_CA_BUNDLE does not win over it
            verify=tls.ca_file or True,
            cert=(tls.cert_file, tls.key_file) if tls.cert_file and tls.key_file else None,
            allow_redirects=False,
            stream=True,
        ) as answer:
            content = b""
            while len(content) <= LARGEST and (
                piece := answer.raw.read(LARGEST + 1 - len(content), decode_content=False)
            ):
                content += piece
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                with suppress(zlib.error):
                    content = zlib.decompressobj(_ANY_ZLIB).decompress(content, LARGEST + 1)
            return Answer(answer.status_code, answer.reason or "", answer.headers, content)


class _Adapter(HTTPAdapter):
    """Connects as usual, and can cut what is open from another thread."""

    def __init__(self) -> None:
        self._connections: WeakSet[Any] = WeakSet()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        super().__init__()

    def cut(self) -> None:
        """Shut down every connection: who reads there reads its end."""
        open_now = [connection.sock for connection in list(self._connections)]
        for it in (*self._sockets, *open_now):
            with suppress(OSError, TypeError):  # closed already, or not open yet
                socket.socket.shutdown(it, socket.SHUT_RDWR)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool for a request, whose connections are noted."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if not issubclass(pool.ConnectionCls, _Noted):
            noted = {"connections": self._connections, "sockets": self._sockets}
            pool.ConnectionCls = type("Noted", (_Noted, pool.ConnectionCls), noted)
        return pool


class _Noted:
    """Mixed into a connection of urllib3: notes it, and its socket, which may outlive it; knows HTTP/2."""

    connections: WeakSet[Any]
    sockets: WeakSet[socket.socket]
    sock: socket.socket

    def connect(self) -> None:
        """Connect, TLS and proxies included."""
        self.connections.add(self)
        super().connect()  # type: ignore[misc]
        self.sockets.add(self.sock)

    def getresponse(self) -> Any:
        """The answer. Raises Http2Error; read as a line of HTTP/1, its bytes get lost with the connection."""
        if not isinstance(self.sock, ssl.SSLSocket):  # which cannot be looked into
            with suppress(OSError):
                if self.sock.recv(9, socket.MSG_PEEK)[3:] in _HTTP2:
                    raise Http2Error
        return super().getresponse()  # type: ignore[misc]


def _as_configured(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No other authentication than the headers: without this, one from ~/.netrc would take their place."""
    return request


def _innermost(error: BaseException) -> str:
    """What happened at the socket: requests and urllib3 wrap it several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, LocationValueError):  # its text has the address, with a proxy's password
        return "the address of the endpoint, or of a proxy in the environment, cannot be read"
    text = getattr(error, "strerror", None) or str(error)
    return text.strip() or type(error).__name__
