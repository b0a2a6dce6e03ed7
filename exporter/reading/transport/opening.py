"""How a connection is opened: a TCP socket, or a serial port. Says what is wrong when it cannot be."""

import asyncio
import errno
import os
import socket
import termios
from collections.abc import Awaitable, Callable
from functools import partial

from exporter.reading.link import serial_port
from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.resolve import Names
from exporter.reading.transport.wire import Wire
from exporter.targets import Endpoint

Opener = Callable[[float, Deadline], Awaitable[Wire]]
"""Opens a connection within so many seconds and by the deadline. Raises LinkError."""


async def look_up(host: str, names: Names, timeout: float, deadline: Deadline) -> list[str]:
    """The addresses of a host, at least one. Raises LinkError."""
    try:
        async with deadline.within(timeout):
            addresses = await names.addresses(host)
    except TimeoutError:
        why = f'cannot look up "{host}" in time: the name server does not answer'  # or not for other names
        raise LinkError("resolve", why) from None
    if not addresses:
        raise LinkError("resolve", f'cannot resolve "{host}"')
    return addresses


async def open_socket(endpoint: Endpoint, names: Names, timeout: float, deadline: Deadline) -> Wire:
    """A connection to a host."""
    addresses = await look_up(endpoint.host, names, timeout, deadline)
    try:
        async with deadline.within(timeout):
            return await _connect_to_one(endpoint, addresses, timeout)
    except socket.gaierror:  # only the zone of an IPv6 address is still looked up here
        zone = endpoint.host.partition("%")[2]
        why = f'no network interface is called "{zone}"'
        if zone in (name for _, name in socket.if_nameindex()):
            why = f'an address that is not link-local has no zone "{zone}"'
        raise _cannot_connect(endpoint, why) from None
    except OSError as error:  # TimeoutError is one
        why = _why(error)
        if error.errno == errno.EINVAL:
            why = "a link-local address needs its network interface behind a %"
        raise _cannot_connect(endpoint, why) from None


async def _connect_to_one(endpoint: Endpoint, addresses: list[str], timeout: float) -> Wire:
    loop = asyncio.get_running_loop()
    new_wire = partial(Wire, endpoint.address)
    for address in addresses:
        try:
            # one that is silent leaves time for the others
            async with asyncio.timeout(timeout / len(addresses)):
                _, wire = await loop.create_connection(new_wire, address, endpoint.port)
            return wire
        except OSError:
            if address == addresses[-1]:
                raise
    raise AssertionError("unreachable")


async def open_port(endpoint: Endpoint, timeout: float, deadline: Deadline) -> Wire:
    """A serial port."""
    try:
        async with deadline.within(timeout):
            transport, wire = await serial_port(endpoint, partial(Wire, endpoint.address))
            try:
                await wire.opened.wait()
            except BaseException:
                transport.abort()
                raise
            return wire
    except (OSError, ValueError, termios.error) as error:
        taken = isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EBUSY)
        why = "another program has the port" if taken else _why(error)
        raise _cannot_connect(endpoint, why) from None


def _cannot_connect(endpoint: Endpoint, why: str) -> LinkError:
    return LinkError("connect", f"cannot connect to {endpoint.address}: {why}")


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.errno:
        # asyncio and pyserial wrap the system's words into sentences of their own
        return os.strerror(error.errno)
    return str(error.args[-1] if error.args else error)
