"""The bytes of one connection, looked through where they come in."""

import asyncio
from collections.abc import Callable
from typing import cast

from exporter.reading.transport.answers import MAX_FRAME, LinkError

_KEPT = 4 * MAX_FRAME  # bytes that are kept of what comes in answer to a request

Parse = Callable[[], list[int] | None]
"""The values of a whole, right answer, or None as long as more bytes are needed; raises LinkError."""


class Wire(asyncio.Protocol):
    """One connection: its state, and the bytes that came since they were cleared.

    `buffer` are those that are still to be looked at, `passed_over` those before them.
    """

    def __init__(self, address: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self.transport: asyncio.Transport | None = None
        self.opened = asyncio.Event()
        self.buffer = bytearray()
        self.passed_over = bytearray()
        self.lost = False
        self.last_byte = 0.0
        self._parse: Parse | None = None
        self._answer: asyncio.Future[list[int] | None] = self._loop.create_future()

    def answer(self, parse: Parse) -> "asyncio.Future[list[int] | None]":
        """What `parse` makes of the bytes that come. Raises LinkError, also when the connection is closed."""
        self._parse, self._answer = parse, self._loop.create_future()
        if self.buffer or self.lost:
            self._look()
        return self._answer

    @property
    def received(self) -> bytes:
        """All that came."""
        return bytes(self.passed_over + self.buffer)

    def pass_over(self, size: int) -> None:
        """The first bytes are of no interest any more."""
        if len(self.passed_over) < _KEPT:
            self.passed_over += self.buffer[:size]
        del self.buffer[:size]

    def clear(self) -> None:
        """Forget what came."""
        self.buffer.clear()
        self.passed_over.clear()

    def end(self) -> None:
        """Nobody waits for an answer any more: forget it all."""
        self._parse = None
        self.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is there."""
        self.transport = cast(asyncio.Transport, transport)
        self.opened.set()

    def data_received(self, data: bytes) -> None:
        """Look at the bytes that came."""
        self.last_byte = self._loop.time()
        # a device that floods must not fill the memory, nor have the same bytes looked through time and again
        if room := _KEPT - len(self.buffer):
            self.buffer += data[:room]
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait for an answer."""
        self.lost = True
        self._look()

    def close(self) -> None:
        """Close the connection at once, and end the wait for an answer."""
        if self.transport is not None and not self.lost:
            self.lost = True
            self.transport.abort()
            self._look()  # a serial transport says nothing when it is closed from here

    def closed(self) -> LinkError:
        """What is wrong when the connection is lost."""
        return LinkError("closed", f"{self._address} closed the connection")

    def _look(self) -> None:
        if self._parse is None or self._answer.done():
            return
        try:
            values = self._parse()
        except LinkError as error:
            self._answer.set_exception(error)
            return
        if values is not None:
            self._answer.set_result(values)
        elif self.lost:
            self._answer.set_exception(self.closed())
