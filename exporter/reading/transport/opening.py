"""How a connection is opened: a TCP socket, or a serial port. Says what is wrong when it cannot be."""

import asyncio
import errno
import logging
import os
import socket
import termios
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from pymodbus.transport.serialtransport import create_serial_connection

from exporter.reading.transport.answers import LinkError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.wire import Wire
from exporter.targets import Endpoint

# pymodbus logs the last frames of all devices with every error: nothing of that is for our users
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class Opener(Protocol):
    """Opens a connection within `timeout` seconds and by `deadline`. Raises LinkError."""

    async def open(self, timeout: float, deadline: Deadline) -> Wire:
        """The open connection."""


class SocketOpener:
    """Connects to a host. `permits` says whether an address that its name was resolved to may be asked."""

    def __init__(self, endpoint: Endpoint, resolver: Resolver, permits: Callable[[str], bool]) -> None:
        self._endpoint = endpoint
        self._resolver = resolver
        self._permits = permits

    async def open(self, timeout: float, deadline: Deadline) -> Wire:
        """See Opener."""
        host = self._endpoint.host
        try:
            async with deadline.within(timeout):
                hosts = await self._resolver.addresses(host)
        except TimeoutError:
            raise LinkError("resolve", f'the name server did not answer in time for "{host}"') from None
        if not hosts:
            raise LinkError("resolve", f'cannot resolve "{host}"')
        # what was looked up and checked is what is connected to: the name is not asked for again
        if refused := next((address for address in hosts if not self._permits(address)), None):
            raise LinkError("resolve", f'"{host}" leads to {refused}, which probe.allow does not cover')
        try:
            async with deadline.within(timeout):
                return await self._connect(hosts, timeout)
        except socket.gaierror:  # only the zone of an IPv6 address is still looked up here
            zone = host.partition("%")[2]
            raise _cannot_connect(self._endpoint, f'no network interface is called "{zone}"') from None
        except OSError as error:  # TimeoutError is one
            raise _cannot_connect(self._endpoint, _why(error)) from None

    async def _connect(self, hosts: list[str], timeout: float) -> Wire:
        endpoint = self._endpoint
        loop = asyncio.get_running_loop()
        new_wire = partial(Wire, endpoint.address)
        for host in hosts:
            try:
                # one that is silent leaves time for the others
                async with asyncio.timeout(timeout / len(hosts)):
                    _, wire = await loop.create_connection(new_wire, host, endpoint.port)
                return wire
            except OSError:
                if host == hosts[-1]:
                    raise
        raise AssertionError("unreachable")


class PortOpener:
    """Opens a serial port."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def open(self, timeout: float, deadline: Deadline) -> Wire:
        """See Opener."""
        try:
            async with deadline.within(timeout):
                return await self._open()
        except (OSError, ValueError, termios.error) as error:
            taken = isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EBUSY)
            why = "another program has the port" if taken else _why(error)
            raise _cannot_connect(self._endpoint, why) from None

    async def _open(self) -> Wire:
        endpoint = self._endpoint
        transport, protocol = await create_serial_connection(
            asyncio.get_running_loop(), partial(Wire, endpoint.address), endpoint.path,
            baudrate=endpoint.baudrate, bytesize=8, parity=endpoint.parity, stopbits=endpoint.stopbits,
            timeout=0,
        )  # fmt: skip
        wire = cast(Wire, protocol)
        try:
            await wire.opened.wait()
        except BaseException:
            transport.abort()
            raise
        return wire


def _cannot_connect(endpoint: Endpoint, why: str) -> LinkError:
    return LinkError("connect", f"cannot connect to {endpoint.address}: {why}")


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.errno:
        # asyncio and pyserial wrap the system's words into sentences of their own
        return os.strerror(error.errno)
    return str(error.args[-1] if error.args else error)
