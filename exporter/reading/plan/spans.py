"""Where words stand on a device, and the requests that fetch them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_REGISTERS = 125
MAX_BITS = 2000

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """The addresses of one value, which is never split: `count` registers or bits from `address` on."""

    function: int
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind the span."""
        return self.address + self.count

    def keys(self) -> range:
        """The keys under which its words are stored: function and address in one number."""
        first = self.function << 16 | self.address
        return range(first, first + self.count)


@dataclass(frozen=True, slots=True)
class Request(Span):
    """What is asked for at once: the same, but that only `spans` are wanted of it."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *spans: Span) -> "Request":
        """The request for spans of one function, in order of address, and whatever lies between them."""
        first, last = spans[0], spans[-1]
        return cls(first.function, first.address, last.end - first.address, spans)
