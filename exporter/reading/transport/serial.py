"""Modbus RTU, on a serial port or behind a serial server: no transaction numbers, so late answers are known.

Not told apart: an answer that comes twice, the second time just after the next request of the same unit,
function and length went out. Within a pass no two requests in a row are alike
(`exporter/reading/readpass/batches.py`); the last of one pass and the first of the next may be.
"""

import asyncio

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, LinkError, NotAskedError, build_rtu, parse_rtu
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner, Observers
from exporter.reading.transport.late import LateAnswers
from exporter.reading.transport.opening import Opener
from exporter.reading.transport.wire import Wire

_QUIET = 0.05  # silence between two frames on a serial line, far above 3.5 characters at 9600 baud
_OWED_FOR = (10, 30.0)  # times the timeout, but at least seconds: so long a late answer may still come


class SerialConnection(Connection):
    """A serial line. `server` says that it is behind a serial server, which may be dead itself."""

    def __init__(self, address: str, opener: Opener, *, server: bool) -> None:
        super().__init__(address, opener)
        self._server = server
        self._late = LateAnswers()
        self._silent_until: dict[int, float] = {}  # so long a unit that was silent is not asked
        self._strikes = 0  # failures in a row

    @property
    def owed(self) -> bool:
        """Whether an answer to an earlier request may still come, over this connection or the next."""
        self._late.expire(asyncio.get_running_loop().time())
        return bool(self._late)

    async def _read(
        self, unit: int, request: Request, manner: Manner, deadline: Deadline, observers: Observers
    ) -> list[int]:
        wire = await self._connect(manner, deadline)
        await self._settle(wire, unit, request, manner, deadline, observers)
        wire = await self._connect(manner, deadline)  # a serial server may have closed it meanwhile
        return await self._exchange(wire, unit, request, manner, deadline, observers)

    async def _settle(
        self,
        wire: Wire,
        unit: int,
        request: Request,
        manner: Manner,
        deadline: Deadline,
        observers: Observers,
    ) -> None:
        """Let late answers run out before the next request goes out.

        After a request without an answer the unit is first left alone until it was silent for a whole
        timeout; the other units are not: their number tells their answers apart. If the late answer did not
        come then, it may still come: so the next request to the unit is one that the late answer cannot fit,
        and as a device answers in order, its answer ends the matter.
        """
        loop = asyncio.get_running_loop()
        silent_until = self._silent_until.get(unit, 0.0)
        while (remaining := max(silent_until, wire.last_byte + _QUIET) - loop.time()) > 0:
            if remaining >= deadline.left:
                raise NotAskedError(f"{self.address} may still send an earlier answer")
            await asyncio.sleep(remaining)
        self._late.expire(loop.time())
        self._late.strike_off(wire.buffer)
        if self._late.owes(unit, request.function):
            probe = self._late.probe(unit, request)
            try:
                await self._exchange(wire, unit, probe, manner, deadline, observers)
            except LinkError as error:
                if error.exception_code is None:
                    raise

    def _frame(self, unit: int, request: Request) -> bytes:
        return build_rtu(unit, request)

    def _parse(self, buffer: bytearray, expected: Expected) -> list[int] | None:
        try:
            return parse_rtu(buffer, expected)
        except LinkError as error:
            # while an earlier answer is owed, what does not fit may be just that: pass over it and wait on
            if not self._late:
                raise
            if error.exception_code is not None:
                if not self._late.owes(expected.unit, expected.function):
                    raise
                buffer.clear()
            return None

    def _answered(self, unit: int) -> None:
        self._late.settle(unit)
        self._silent_until.pop(unit, None)
        self._strikes = 0

    def _unanswered(self, expected: Expected, timeout: float) -> None:
        now = asyncio.get_running_loop().time()
        self._late.add(expected, now + max(_OWED_FOR[0] * timeout, _OWED_FOR[1]))
        self._silent_until[expected.unit] = now + timeout
        self._strikes += 1
        # the old connection is kept to see the late answer come, until it looks dead itself
        if self._server and self._strikes > 1:
            self.close()
