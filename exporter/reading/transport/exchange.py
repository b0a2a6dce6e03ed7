"""One request and its answer as they went over the wire, and who gets them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import Expected
from exporter.reading.transport.deadline import Deadline


class Exchange(NamedTuple):
    """A request that was sent. `values` are the registers (or bits) of a good answer, `error` says why not.

    `received` is all that came in while the answer was waited for, `foreign` how many answers to other
    clients were dropped since the exchange before.
    """

    request: Request
    sent: bytes
    received: bytes
    seconds: float
    values: list[int] | None
    error: str
    foreign: int = 0

    @property
    def echoed(self) -> bool:
        """Whether the request itself came back."""
        return self.sent in self.received

    @property
    def answered(self) -> bool:
        """Whether the device said something to the point, be it an exception."""
        return not self.error or self.error.startswith("exception_")


Observer = Callable[[Exchange], None]
Observers = Sequence[Observer]
"""Who is told of every exchange, in this order, when it is over: counters, the pass, a recording."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device is asked. Times are seconds.

    An answer is waited for `timeout`, with `pacing` after each request, and `connect_delay` between the
    connection and the first one. With `any_transaction` the number in a Modbus/TCP answer is not looked at.
    """

    timeout: float
    pacing: float = 0.0
    connect_delay: float = 0.0
    any_transaction: bool = False


class Ask(NamedTuple):
    """A request to a unit: how, by when, and who gets the result."""

    unit: int
    request: Request
    manner: Manner
    deadline: Deadline
    observers: Observers = ()

    @property
    def expected(self) -> Expected:
        """The answer that it must get."""
        return Expected(self.unit, self.request.function, self.request.count)
