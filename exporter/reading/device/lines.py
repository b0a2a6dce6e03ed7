"""The lines to all places: one place has one line, however it is written and whatever leads there."""

import logging
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from exporter.hosts import plain_host
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.line import Line
from exporter.reading.transport.opening import look_up
from exporter.reading.transport.resolve import Found, Resolver, is_address
from exporter.reading.transport.transports import connection_to
from exporter.targets import Endpoint, Place, Target

_LOOK_AGAIN = (150.0, 300.0)  # seconds until a connected name is looked up again; not all at once

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Known:
    """A line with the endpoint that it was made for, and all that lead to it as they are written.

    `found` are the addresses at which it may be connected, `look_at` is when to see again what leads here.
    """

    line: Line
    endpoint: Endpoint
    found: Found
    look_at: float
    written: set[Endpoint] = field(default_factory=set)


class Lines:
    """The lines by place: an address with its port, or the path of a serial port.

    A name is a place only once it was looked up, and that may change, as may what a serial path leads to. So
    each pass that finds no connection, or one that is shared under another name, first looks it up again;
    others do so every few minutes, and keep to the connection where that fails.
    `permits` says whether an endpoint that is not configured may lead to an address; `configured` are those
    that are, each with the units there.
    """

    def __init__(
        self, resolver: Resolver, permits: Callable[[Endpoint, str], bool], clock: Callable[[], float]
    ) -> None:
        self.configured: Mapping[Endpoint, Collection[int]] = {}
        self._resolver = resolver
        self._permits = permits
        self._clock = clock
        self._at: dict[Place, _Known] = {}
        self._known: dict[Line, _Known] = {}

    def known(self, endpoint: Endpoint) -> Line | None:
        """The line to a place that no look-up is needed for; None for a name, or where there is no way."""
        if endpoint.path:
            return self._serial(endpoint)
        if not is_address(endpoint.host):
            return None
        try:
            return self._line(endpoint, [endpoint.host], trusted=endpoint in self.configured)
        except LinkError:
            return None  # the pass will say so

    async def to(self, endpoint: Endpoint, last: Line | None, timeout: float, deadline: Deadline) -> Line:
        """The line for a pass, where `last` was that of the pass before. Raises LinkError."""
        known = self._known.get(last) if last else None
        kept = known and known.line.connection.connected and known.written == {endpoint}
        if known:
            if kept and self._clock() < known.look_at:
                return known.line
            known.look_at = self._look_at()
        try:
            line = (
                self._serial(endpoint) if endpoint.path else await self._at_host(endpoint, timeout, deadline)
            )
        except LinkError:
            if known and kept:
                return known.line
            raise
        if known and known.line is not line:
            known.written.discard(endpoint)
            if not known.written:
                self.drop_unused({*self._known} - {known.line})
        return line

    def drop_unused(self, used: Collection[Line]) -> None:
        """Close the lines not `used` that lead to nothing configured, each as soon as no pass uses it."""
        gone = set()
        for line, known in self._known.items():
            if line in used or not self.configured.keys().isdisjoint(known.written):
                continue
            line.retire()
            # else it stays known: there is never a second connection beside it, and what a serial server
            # still owes is not taken for something else over the next connection
            if not line.in_use and not line.connection.owed:
                gone.add(line)
        self._forget(gone)

    def close(self) -> None:
        """Close every connection."""
        for line in self._known:
            line.close()

    async def _at_host(self, endpoint: Endpoint, timeout: float, deadline: Deadline) -> Line:
        host = endpoint.host
        trusted = endpoint in self.configured  # for this pass, also when a reload removes it
        addresses = [host] if is_address(host) else await look_up(host, self._resolver, timeout, deadline)
        for address in addresses:
            if not (trusted or self._permits(endpoint, address)):
                text = f'"{host}" leads to {address}, which probe.allow does not cover'
                raise LinkError("resolve", text)
        return self._line(endpoint, addresses, trusted=trusted)

    def _line(self, endpoint: Endpoint, addresses: Collection[str], *, trusted: bool) -> Line:
        addresses = [plain_host(address) for address in addresses]
        places: list[Place] = [(address, endpoint.port, "") for address in addresses]
        for place in places:
            if (known := self._at.get(place)) is None:
                continue
            if known.endpoint.manner != endpoint.manner:
                configured = not self.configured.keys().isdisjoint(known.written)
                if configured or (known.line.in_use and not trusted):
                    here, there = Target(endpoint).url, Target(known.endpoint).url
                    text = f'"{here}" leads to where "{there}" is: one place has one transport'
                    raise LinkError("connect", text)
                known.line.retire()  # what a stranger named never keeps a configured device from being read
                self._forget({known.line})
                continue
            elsewhere = {*known.found.known} - {*addresses}
            if elsewhere and (known.line.in_use or known.written != {endpoint}):
                continue  # it may be connected to where this does not lead
            if known.written == {endpoint} and {*known.found.known} != {*addresses}:
                others = {at: one for at, one in self._at.items() if one is not known}
                self._at = dict.fromkeys(places, known) | others
                known.found.known = addresses
                if elsewhere:
                    known.line.connection.close()
            known.line.retired = False
            self._tell_twice(endpoint, known.written)
            known.written.add(endpoint)
            return known.line
        return self._make(endpoint, places, addresses)

    def _tell_twice(self, endpoint: Endpoint, written: Collection[Endpoint]) -> None:
        """One line in the log where a place is written in two ways, and one unit there is asked by both."""
        for other in written if endpoint not in written else ():
            for unit in {*self.configured.get(endpoint, ())}.intersection(self.configured.get(other, ())):
                here, there = Target(endpoint, unit).url, Target(other, unit).url
                log.warning("one device is configured twice", extra={"target": here, "also": there})

    def _serial(self, endpoint: Endpoint) -> Line:
        """The line at a path, or an open one of a configured device whose path leads to the same port now."""
        place: Place = ("", 0, endpoint.path)
        own = self._at.get(place)
        there = [] if own is None or own.endpoint != endpoint else [own]
        for other in self._known.values():
            at = other.endpoint
            if (
                at.path
                and at in self.configured
                and (at.place, at.manner) == (endpoint.place, endpoint.manner)
            ):
                there.append(other)
        if not there:
            return self._make(endpoint, [place], ())
        known = max(there, key=lambda one: one.line.connection.connected)
        known.line.retired = False
        known.written.add(endpoint)
        return known.line

    def _make(self, endpoint: Endpoint, places: Collection[Place], addresses: Collection[str]) -> Line:
        found = Found([*addresses])
        line = Line(connection_to(endpoint, found))
        known = _Known(line, endpoint, found, self._look_at(), {endpoint})
        self._known[line] = known
        self._at |= dict.fromkeys(places, known)
        return line

    def _look_at(self) -> float:
        return self._clock() + random.uniform(*_LOOK_AGAIN)  # noqa: S311

    def _forget(self, gone: Collection[Line]) -> None:
        if gone:
            self._at = {place: known for place, known in self._at.items() if known.line not in gone}
            for line in gone:
                self._known.pop(line, None)


def plain(endpoint: Endpoint) -> Endpoint:
    """A host in its one writing; what a serial path leads to may change, so it stays as it is."""
    return endpoint if endpoint.path else replace(endpoint, host=plain_host(endpoint.host))
