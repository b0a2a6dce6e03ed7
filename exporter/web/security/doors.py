"""How connections come in: not too many of them, with TLS if the web configuration says so."""

import asyncio
import socket
from typing import Any, cast

from aiohttp import web

from exporter.web.security.current import CurrentWebConfig
from exporter.web.security.guard import add_headers

IDLE_TIMEOUT = 75.0  # seconds for a whole request to come in, and between two of them
_HANDSHAKE_TIMEOUT = 10.0  # seconds
_STALL_TIMEOUT = 30.0  # seconds in which a client takes nothing of its answer


class Doors:
    """Makes the protocol of every connection that comes in, for `loop.create_server`."""

    def __init__(
        self,
        server: web.Server,
        web_config: CurrentWebConfig | None = None,
        *,
        max_connections: int,
        stall_timeout: float = _STALL_TIMEOUT,
    ) -> None:
        self._server = server
        self._stall_timeout = stall_timeout
        self._max_connections = max_connections
        self._web_config = web_config
        self._greetings: set[asyncio.Task[None]] = set()

    def __call__(self) -> asyncio.Protocol:
        """The protocol of one connection."""
        return _Door(self)

    def open_for(self, transport: asyncio.Transport) -> None:
        """Let a fresh connection through to the HTTP server, or close it."""
        if len(self._server.connections) + len(self._greetings) >= self._max_connections:
            transport.abort()
            return
        # the system closes the connection then: nothing above it has a timeout for writing
        plain: socket.socket = transport.get_extra_info("socket")
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._stall_timeout * 1000))
        if self._web_config is None or self._web_config.config.tls is None:
            protocol = self._protocol()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return
        transport.pause_reading()  # nothing may come in before TLS has taken over
        task = asyncio.get_running_loop().create_task(self._greet(transport, self._web_config))
        self._greetings.add(task)
        task.add_done_callback(self._greetings.discard)

    def _protocol(self) -> "_Protocol":
        return _Protocol(self._server, self._web_config)

    async def _greet(self, transport: asyncio.Transport, web_config: CurrentWebConfig) -> None:
        handshake = await web_config.handshake()
        if handshake is None or transport.is_closing():
            transport.abort()
            return
        protocol = self._protocol()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport, protocol, handshake.context, server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_TIMEOUT,
            )  # fmt: skip
        except OSError:  # SSLError and TimeoutError are such; whoever scans ports shall not fill the log
            return
        if secure is None or not handshake.admits(secure.get_extra_info("ssl_object")):
            transport.abort()
            return
        protocol.connection_made(secure)


class _Protocol(web.RequestHandler):
    """HTTP as aiohttp speaks it; its own answers, to malformed requests, carry the headers too."""

    def __init__(self, server: web.Server, web_config: CurrentWebConfig | None) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **server._kwargs)
        self._web_config = web_config

    def handle_error(self, *args: Any, **kwargs: Any) -> web.StreamResponse:
        """The answer to a request that is malformed, or whose handler failed."""
        response = super().handle_error(*args, **kwargs)
        add_headers(response, self._web_config)
        return response


class _Door(asyncio.Protocol):
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._doors.open_for(cast(asyncio.Transport, transport))
