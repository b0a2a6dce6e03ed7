"""The transports are told apart here, once."""

from collections.abc import Callable

from exporter.reading.transport.connection import Connection
from exporter.reading.transport.opening import PortOpener, SocketOpener
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
    match endpoint.transport:
        case "tcp":
            return TcpConnection(endpoint.address, SocketOpener(endpoint, resolver, permits))
        case "rtu-tcp":
            opener = SocketOpener(endpoint, resolver, permits)
            return SerialConnection(endpoint.address, opener, server=True)
        case "rtu":
            return SerialConnection(endpoint.address, PortOpener(endpoint), server=False)
