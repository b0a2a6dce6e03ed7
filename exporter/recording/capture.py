"""From a read pass to its line in a recording."""

import asyncio
from datetime import UTC, datetime

from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.transport.exchange import Exchange
from exporter.recording.form import Pass, Request


async def capture(device: Device, at: float, *, hide: bool) -> tuple[Pass, Snapshot]:
    """Read `device` once and write down what went over the wire; with `hide` without its address."""
    exchanges: list[Exchange] = []
    endpoint = device.config.target.endpoint
    loop = asyncio.get_running_loop()
    began, now = loop.time(), datetime.now(UTC)
    snapshot = await device.debug(began + device.config.options.timeout, exchanges.append)
    line = Pass(
        at=round(at, 3),
        time=timestamp(now),
        seconds=round(loop.time() - began, 4),
        requests=tuple(request_of(exchange, device) for exchange in exchanges),
        errors=tuple(endpoint.hidden_in(text) if hide else text for text in snapshot.errors),
    )
    return line, snapshot


def timestamp(moment: datetime) -> str:
    """A moment as it stands in recordings: RFC 3339, UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def request_of(exchange: Exchange, device: Device) -> Request:
    """A request with the words that came back, or the reason why none did."""
    asked, target = exchange.request, device.config.target
    reason = exchange.error.partition(":")[0] or None
    return Request(
        unit=target.unit,
        function=asked.function,
        address=asked.address,
        count=asked.count,
        words=None if exchange.values is None else tuple(exchange.values),
        reason=reason,
        seconds=round(exchange.seconds, 4),
    )
