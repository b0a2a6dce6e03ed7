"""Laws: any words, any map, any way the answers are chopped up, against decoders as simple as can be."""

import struct
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.model import DeviceConfig
from exporter.exposition.lines import Renderer
from exporter.maps import load_maps
from exporter.reading.decode.device_map import DeviceMap, device_map
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.readpass.memory import Limits, Memory
from exporter.reading.readpass.planning import make_requests
from exporter.reading.transport.answers import Expected, parse_rtu, parse_tcp
from exporter.targets import parse_target
from tests import hostile, loops
from tests.hostile import FILLER, Hostile, Peer, Request, crc, fleet
from tests.reading.decoding import run
from tests.reading.typed_tables import decode_cs141

ANY_WORD = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0, 0, 1, 2, 0x41, FILLER, 0x7FFF, 0x8000]))
CUTS = st.lists(st.integers(1, 20), min_size=1, max_size=8)

# over the wire: a CS141

OF_THE_PASS = {
    "up", "group_up", "device_info", "refused_words", "data_valid", "odd_words",
    "scrape_duration_seconds", "scrape_timeout_seconds", "scrape_requests",
}  # fmt: skip

STRINGS, MODULES = 2, 30
ADDRESSES = [*range(97, 143), *range(1000, 1015), *range(1015, 1020), *range(1060, 1060 + 5 * MODULES)]


def in_pieces(cuts: list[int]) -> hostile.Behaviour:
    """The right answer, a few bytes at a time."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        rest = device.frame(request, device.pdu(request))
        number = 0
        while rest:
            size = cuts[number % len(cuts)]
            piece, rest = rest[:size], rest[size:]
            device.later(number * 0.0002, lambda piece=piece: peer.write(piece))
            number += 1

    return answer


def rendered(snapshot: Snapshot) -> dict[str, float]:
    """The series of the page that come from the device's words, without `generex_` and the label `device`."""
    page = "".join(Renderer().devices([snapshot], "text"))
    found = {}
    for line in page.splitlines():
        name, _, value = line.rpartition(" ")
        metric, _, labels = name.removeprefix("generex_").rstrip("}").partition("{")
        if line.startswith("#") or metric in OF_THE_PASS:
            continue
        kept = sorted(label for label in labels.split(",") if not label.startswith("device="))
        found[f"{metric}{{{','.join(kept)}}}" if kept else metric] = float(value)
    return found


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_what_is_exported_is_what_the_words_say_however_they_come(transport: str) -> None:
    @settings(max_examples=15 if transport == "tcp" else 4)
    @given(values=st.lists(ANY_WORD, min_size=len(ADDRESSES), max_size=len(ADDRESSES)), cuts=CUTS)
    def law(values: list[int], cuts: list[int]) -> None:
        words = dict(zip(ADDRESSES, values, strict=True)) | {1003: STRINGS, 1004: MODULES}
        loops.run(check(words, cuts))

    async def check(words: dict[int, int], cuts: list[int]) -> None:
        times = {"module": "cs141", "request_timeout": "4s", "timeout": "9s"}
        async with (
            Hostile(transport, served=words) as device,
            fleet({"name": "a", "target": device.target(), **times}) as devices,
        ):
            device.pins = words
            device.behaviour = in_pieces(cuts)
            a = devices.devices["a"]
            for _ in range(2):
                snapshot = await hostile.scrape(a, 9)
                assert snapshot.groups == {"ups": True, "bacs": True, "strings": True, "modules": True}
                expected = decode_cs141(words, STRINGS, MODULES)
                assert rendered(snapshot) == pytest.approx(expected, rel=1e-12, abs=1e-15)

    law()


# any map, in memory

TYPES = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d", "bool": "",
}  # fmt: skip
Registers = dict[tuple[int, int], int]


@st.composite
def words_of_a_map(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    words = {}
    address = 0
    for number in range(draw(st.integers(1, 40))):
        kind = draw(st.sampled_from(list(TYPES)))
        entry: dict[str, Any] = {"address": address, "type": kind, "metric": f"my_{number}"}
        entry["function"] = draw(st.sampled_from([1, 2, 3, 4] if kind == "bool" else [3, 4]))
        if kind != "bool":
            entry["scale"] = draw(st.sampled_from([1, 0.1, 10, 0.5, -1, 60]))
            entry["offset"] = draw(st.sampled_from([0, 0, -39, 0.25]))
            entry["byte_order"] = draw(st.sampled_from(["big", "little"]))
            entry["word_order"] = draw(st.sampled_from(["big", "little"]))
        words[f"w{number}"] = entry
        address += struct.calcsize(TYPES[kind] or "H") // 2 + draw(st.integers(0, 3))
    return words


def reference(words: dict[str, dict[str, Any]], registers: Registers) -> dict[str, float]:
    """What the map says of the registers: one word after the other."""
    found = {}
    for word in words.values():
        function, address, code = word["function"], word["address"], TYPES[word["type"]]
        if function in (1, 2):
            found[word["metric"]] = float(registers[function, address])
            continue
        count = struct.calcsize(code or "H") // 2
        read = [registers[function, address + index] for index in range(count)]
        if read == [FILLER] * count:
            continue
        if word["type"] == "bool":
            if read[0] in (0, 1):
                found[word["metric"]] = float(read[0])
            continue
        data = [register.to_bytes(2, word["byte_order"]) for register in read]
        if word["word_order"] == "little":
            data.reverse()
        (number,) = struct.unpack(f">{code}", b"".join(data))
        if (code in "iq" and number == -9999) or (code in "IQ" and number == 2 ** (16 * count) - 9999):
            continue
        value = float(Decimal(number) * Decimal(str(word["scale"])) + Decimal(str(word["offset"])))
        if value - value == 0:  # neither NaN nor infinite
            found[word["metric"]] = value
    return found


def mapped(words: dict[str, dict[str, Any]], target: str) -> DeviceMap:
    content = {
        "map": "mine",
        "title": "Mine",
        "source": "made up",
        "metrics": {word["metric"]: {"help": "A test."} for word in words.values()},
        "groups": {"mine": {"title": "Mine", "readable": [[0, 300]], "words": words}},
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "mine.yaml")
        path.write_text(yaml.safe_dump(content))
        return device_map(DeviceConfig("a", parse_target(target), "m", ("mine",)), load_maps([path]))


@settings(max_examples=60)
@given(
    words=words_of_a_map(),
    data=st.data(),
    cuts=CUTS,
    target=st.sampled_from(["10.0.0.1", "rtu:///dev/ttyS0"]),
    max_words=st.integers(4, 125),
)
def test_any_map(
    words: dict[str, dict[str, Any]], data: st.DataObject, cuts: list[int], target: str, max_words: int
) -> None:
    device = mapped(words, target)
    last = max(word["address"] for word in words.values()) + 4
    raw = data.draw(st.lists(ANY_WORD, min_size=last, max_size=last))
    registers = {(f, a): raw[a] & 1 if f in (1, 2) else raw[a] for f in (1, 2, 3, 4) for a in range(last)}
    layout = device.layout({})
    memory = Memory(FrameWatch(60.0), limits=Limits(max_words))
    read: dict[tuple[int, int], int] = {}
    for request in make_requests(layout.spans, device, memory):
        asked = [registers[request.function, a] for a in range(request.address, request.end)]
        tcp = target == "10.0.0.1"
        values = answer(request.function, asked, cuts, tcp=tcp)
        read |= {
            (request.function, a): value
            for a, value in zip(range(request.address, request.end), values, strict=True)
        }
    assert run(device, read)[0] == pytest.approx(reference(words, registers), rel=1e-12)


def answer(function: int, values: list[int], cuts: list[int], *, tcp: bool) -> list[int]:
    """The values as they come out of the answer that carries them, which comes a few bytes at a time."""
    if function in (1, 2):
        bits = [values[start : start + 8] for start in range(0, len(values), 8)]
        content = bytes(sum(bit << place for place, bit in enumerate(byte)) for byte in bits)
    else:
        content = b"".join(value.to_bytes(2, "big") for value in values)
    body = bytes((7, function, len(content))) + content
    frame = struct.pack(">HHH", 9, 0, len(body)) + body if tcp else body + crc(body)
    buffer = bytearray()
    expected = Expected(7, function, len(values))
    for number in range(len(frame)):
        piece = frame[len(buffer) : len(buffer) + cuts[number % len(cuts)]]
        buffer += piece
        found = parse_tcp(buffer, expected, 9) if tcp else parse_rtu(buffer, expected)
        if found is not None:
            assert len(buffer) == len(frame)
            return found
    raise AssertionError("the whole answer gave nothing")
