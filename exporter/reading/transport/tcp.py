"""Modbus/TCP: every request has a transaction number, and its answer the same."""

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected, build_tcp, parse_tcp
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Manner, Observers
from exporter.reading.transport.opening import Opener


class TcpConnection(Connection):
    """A connection that is closed after a request without a good answer: a fresh one owes nothing."""

    def __init__(self, address: str, opener: Opener) -> None:
        super().__init__(address, opener)
        self._transaction = 0

    async def _read(
        self, unit: int, request: Request, manner: Manner, deadline: Deadline, observers: Observers
    ) -> list[int]:
        wire = await self._connect(manner, deadline)
        return await self._exchange(wire, unit, request, manner, deadline, observers)

    def _frame(self, unit: int, request: Request) -> bytes:
        self._transaction = self._transaction % 0xFFFF + 1
        return build_tcp(unit, request, self._transaction)

    def _parse(self, buffer: bytearray, expected: Expected) -> list[int] | None:
        return parse_tcp(buffer, expected, self._transaction)

    def _answered(self, unit: int) -> None:
        pass

    def _unanswered(self, expected: Expected, timeout: float) -> None:
        self.close()
