"""Where words stand on a device, and the requests that fetch them. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

MAX_REGISTERS = 125
MAX_BITS = 2000

Ranges = Sequence[tuple[int, int]]


class Span(NamedTuple):
    """The addresses of one value, which is never split: `count` registers or bits from `address` on."""

    function: int
    address: int
    count: int  # type: ignore[assignment]  # in place of the method of tuples

    @property
    def end(self) -> int:
        """The first address behind the span."""
        return self.address + self.count

    @property
    def key(self) -> int:
        """The key under which its first word is stored: function and address in one number."""
        return self.function << 16 | self.address

    def keys(self) -> range:
        """The keys of all its words."""
        return range(self.key, self.key + self.count)


class Request(NamedTuple):
    """What is asked for at once: addresses like those of a span, of which only `spans` are wanted."""

    function: int
    address: int
    count: int  # type: ignore[assignment]  # in place of the method of tuples
    spans: tuple[Span, ...] = ()

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count

    def keys(self) -> range:
        """The keys under which the words of the answer are stored."""
        return Span(self.function, self.address, self.count).keys()

    @classmethod
    def of(cls, *spans: Span) -> "Request":
        """The request for spans of one function, in order of address, and whatever lies between them."""
        first, last = spans[0], spans[-1]
        return cls(first.function, first.address, last.end - first.address, spans)
