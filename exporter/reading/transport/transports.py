"""The one place that distinguishes transports."""

from functools import partial

from exporter.reading.transport.connection import Connection
from exporter.reading.transport.opening import open_port, open_socket
from exporter.reading.transport.resolve import Names
from exporter.reading.transport.serial import SerialConnection
from exporter.reading.transport.tcp import TcpConnection
from exporter.targets import Endpoint


def connection_to(endpoint: Endpoint, names: Names) -> Connection:
    """The connection to an endpoint, not open yet. Its host is looked up in `names` whenever it is opened."""
    if endpoint.transport == "rtu":
        return SerialConnection(endpoint.address, partial(open_port, endpoint), server=False)
    opener = partial(open_socket, endpoint, names)
    if endpoint.transport == "rtu-tcp":
        return SerialConnection(endpoint.address, opener, server=True)
    return TcpConnection(endpoint.address, opener)
