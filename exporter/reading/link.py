"""What the link to a device takes from pymodbus: the checksum of RTU frames, and serial ports in a loop.

Only this module and the simulator's server know pymodbus: its minor releases change interfaces.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar, cast

from pymodbus.framer import FramerRTU
from pymodbus.transport.serialtransport import create_serial_connection

from exporter.targets import Endpoint

P = TypeVar("P", bound=asyncio.Protocol)

# pymodbus logs the last frames of all devices with every error: nothing of that is for our users
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


def checksum(data: bytes) -> int:
    """The CRC of a frame as its last two bytes have it; 0 of a whole frame that is right."""
    return FramerRTU.compute_CRC(data)


async def serial_port(endpoint: Endpoint, new_protocol: Callable[[], P]) -> tuple[asyncio.Transport, P]:
    """The transport and protocol of a serial port; opened a moment later. Raises OSError and ValueError."""
    transport, protocol = await create_serial_connection(
        asyncio.get_running_loop(), new_protocol, endpoint.path,
        baudrate=endpoint.baudrate, bytesize=8, parity=endpoint.parity, stopbits=endpoint.stopbits, timeout=0,
    )  # fmt: skip
    return transport, cast(P, protocol)
