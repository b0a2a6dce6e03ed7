"""The transports are told apart here, once."""

from collections.abc import Callable
from functools import partial

from exporter.reading.transport.connection import Connection
from exporter.reading.transport.opening import open_port, open_socket
from exporter.reading.transport.resolve import Resolver
from exporter.reading.transport.serial import SerialConnection
from exporter.reading.transport.tcp import TcpConnection
from exporter.targets import Endpoint


def connection_to(
    endpoint: Endpoint, resolver: Resolver, permits: Callable[[str], bool] = lambda address: True
) -> Connection:
    """The connection to an endpoint, not open yet.

    `permits` says whether an address that the host's name was resolved to may be connected to.
    """
    if endpoint.transport == "rtu":
        return SerialConnection(endpoint.address, partial(open_port, endpoint), server=False)
    opener = partial(open_socket, endpoint, resolver, permits)
    if endpoint.transport == "rtu-tcp":
        return SerialConnection(endpoint.address, opener, server=True)
    return TcpConnection(endpoint.address, opener)
