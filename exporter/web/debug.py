"""The page of `/probe?debug=true`: the plan, each request and answer, the words, the metrics."""

from collections.abc import Mapping, Sequence

from exporter.exposition.lines import Renderer
from exporter.maps.model import Word
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.device import Device
from exporter.reading.plan.cover import plan, plan_in_turns
from exporter.reading.plan.spans import Request
from exporter.reading.transport.exchange import Exchange


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
        *_plan(device, snapshot),
        "",
        f"Requests ({len(exchanges)}):",
    ]
    for number, exchange in enumerate(exchanges, 1):
        parts.append(f"{number:3}. {_request(exchange.request)} ({exchange.seconds * 1000:.1f} ms)")
        parts.append(f"     sent      {exchange.sent.hex(' ')}")
        parts.append(f"     received  {exchange.received.hex(' ') or '(nothing)'}")
        if exchange.error:
            parts.append(f"     error     {exchange.error}")
    words = device.map.words
    parts += ["", "Words:"]
    parts += [
        f"{name:32} {_decoded(words[name.partition('.')[2].partition('#')[0]], raw)}"
        for name, raw in snapshot.words.items()
    ]
    parts += ["", "Metrics:", "".join(renderer.devices([snapshot], "text"))]
    return "\n".join(parts)


def _plan(device: Device, snapshot: Snapshot) -> list[str]:
    options, numbered = device.config.options, device.config.target.endpoint.numbers_requests
    planned = plan if numbered else plan_in_turns
    requests = planned(snapshot.layout.spans, device.map.readable, options.max_words)
    return [
        f"Plan ({len(requests)}), where nothing is refused:",
        *(f"     {_request(request)}" for request in requests),
    ]


def _request(request: Request) -> str:
    unit = "words" if request.function > 2 else "bits"
    return f"function {request.function}, {request.count} {unit} from {request.address}"


def _decoded(word: Word, raw: int | float) -> str:
    """The raw word, and what it means: its flags that are set, its state, or its value."""
    if not isinstance(raw, int):
        return str(raw)
    text = f"0x{raw:04x} {raw}"
    if not word.is_available(raw):
        return f"{text} = not available"
    if word.flags:
        return f"{text} = {', '.join(flag.name for flag in word.flags if raw & flag.mask) or 'no flag'}"
    if word.states:
        return f"{text} = {word.state(raw) or 'unknown state'}"
    value = word.value(raw)
    return text if value == raw else f"{text} = {value:g}"


def _states(states: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {int(good)}" for name, good in states.items()) or "none"
