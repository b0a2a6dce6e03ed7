"""The page of `/probe?debug=true`: the plan, each request and answer, the words, the metrics."""

from collections.abc import Mapping, Sequence

from exporter.exposition.prometheus import Renderer
from exporter.reading.device import Device
from exporter.reading.link import Exchange
from exporter.reading.snapshot import Snapshot


def debug_page(device: Device, snapshot: Snapshot, exchanges: Sequence[Exchange], renderer: Renderer) -> str:
    """Plain text for people, in the order in which a fault is looked for."""
    config = device.config
    parts = [
        f"device   {config.name}",
        f"target   {config.target.url}",
        f"module   {config.module} (maps: {', '.join(config.maps)})",
        f"up       {int(snapshot.up)}",
        f"groups   {_states(snapshot.groups)}",
        f"valid    {_states(snapshot.valid)}",
        f"errors   {'; '.join(snapshot.errors) or 'none'}",
        "",
        f"Requests ({len(exchanges)}):",
    ]
    for number, exchange in enumerate(exchanges, 1):
        span = exchange.span
        words = f"{span.count} words" if span.function > 2 else f"{span.count} bits"
        parts.append(f"{number:3}. function {span.function}, {words} from {span.address} ({exchange.seconds * 1000:.1f} ms)")
        parts.append(f"     sent      {exchange.sent.hex(' ')}")
        parts.append(f"     received  {exchange.received.hex(' ') or '(nothing)'}")
        if exchange.error:
            parts.append(f"     error     {exchange.error}")
    parts += ["", "Words:"]
    parts += [f"{name:32} {_word(raw)}" for name, raw in snapshot.words.items()]
    parts += ["", "Metrics:", "".join(renderer.devices([snapshot], "text"))]
    return "\n".join(parts)


def _states(states: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {int(good)}" for name, good in states.items()) or "none"


def _word(raw: int | float) -> str:
    return f"0x{raw:04x} {raw}" if isinstance(raw, int) else str(raw)
