"""Anything at all, where text or bytes come in: no exception escapes, and nothing takes a second.

`make fuzz` tries more of it.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from string import printable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config import load_config
from exporter.errors import UserError
from exporter.maps import load_maps
from exporter.maps.formula import parse_formula
from exporter.reading.transport.answers import MAX_FRAME, Expected, LinkError, parse_rtu, parse_tcp
from exporter.reading.transport.wire import Wire
from exporter.web.security.webconfig import parse_web_config, read_content
from tests import hostile
from tests.hostile import Hostile, Peer, Request, fleet
from tests.loops import run
from tests.support import Exporter, exporter, free_port

DATA = Path(load_maps.__code__.co_filename).parent / "data"


def examples(number: int) -> settings:
    """So many examples in the suite, and thirty times as many in `make fuzz`."""
    return settings(max_examples=number * settings.default.max_examples // 100)


@contextmanager
def soon(seconds: float = 1.0) -> Iterator[None]:
    """In CPU time: a busy machine is not the code's fault."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


# frames

EXPECTED = st.builds(Expected, st.integers(0, 255), st.integers(1, 4), st.integers(1, 125))
BYTES = st.binary(max_size=600) | st.lists(st.sampled_from([0, 1, 3, 4, 0x83, 2, 0xFF]), max_size=600).map(
    bytes
)


@given(noise=BYTES, expected=EXPECTED, cuts=st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_any_bytes_from_a_device(noise: bytes, expected: Expected, cuts: list[int]) -> None:
    for parse in (parse_rtu, lambda buffer, expected: parse_tcp(buffer, expected, 7)):
        buffer = bytearray()
        with suppress(LinkError):
            while len(buffer) < len(noise):
                buffer += noise[len(buffer) : len(buffer) + cuts[len(buffer) % len(cuts)]]
                values = parse(buffer, expected)
                assert values is None or len(values) == expected.count


@pytest.mark.parametrize("pattern", [b"\x01\x03\xfa", b"\x01", b"\x01\x83", b"\x01\x03", b"\xfa\x03"])
def test_a_flood_that_looks_like_the_answer_at_every_byte_is_looked_through_quickly(pattern: bytes) -> None:
    """Byte by byte, then all that one read of a socket may bring, and then more of it byte by byte."""

    async def test() -> None:
        looks = 0

        def parse() -> list[int] | None:
            nonlocal looks
            looks += 1
            with suppress(LinkError):
                parse_rtu(wire.buffer, Expected(pattern[0], 3, 125))
            return None

        wire = Wire("device:502")
        with soon():
            answer = wire.answer(parse)
            for _ in range(900):
                wire.data_received(pattern[:1])
            wire.data_received(pattern * (262144 // len(pattern)))
            assert len(wire.buffer) <= 4 * MAX_FRAME
            looked = looks
            for _ in range(3000):
                wire.data_received(pattern[:1])
            assert looked > 900
            assert looks == looked, "what is thrown away is not looked at"
        answer.cancel()

    run(test())


@examples(25)
@given(answers=st.lists(BYTES, min_size=1, max_size=6), transport=st.sampled_from(["tcp", "rtu-tcp"]))
def test_any_bytes_over_the_wire(answers: list[bytes], transport: str) -> None:
    def anything(device: Hostile, peer: Peer, request: Request) -> None:
        peer.write(answers[request.number % len(answers)])

    async def test() -> None:
        times = {"request_timeout": "20ms", "timeout": "60ms"}
        async with (
            Hostile(transport) as device,
            fleet({"name": "a", "target": device.target(), **times}) as all_,
        ):
            device.behaviour = anything
            for _ in range(2):
                snapshot = await hostile.scrape(all_.devices["a"])
                assert hostile.words(snapshot).keys() <= device.served

    run(test())


# files; to fuzz another kind of file, name what loads it and a good one

TESTS = Path(__file__).parents[1]
GOOD = TESTS / "config" / "good" / "full.yaml"
WEB = TESTS / "security" / "files"
LOADERS: dict[str, tuple[Callable[[Path], object], Path]] = {
    "config": (load_config, GOOD),
    **{
        f"web config, {name}": (
            lambda path: parse_web_config(read_content(path), path),
            WEB / f"{name}.good.yml",
        )
        for name in ("tls", "users", "headers", "some_ciphers", "rate_limit")
    },
    **{path.stem: (lambda path: load_maps([path]), path) for path in sorted(DATA.glob("*.yaml"))},
}
PIECES = st.text(max_size=8) | st.sampled_from(
    [
        "&a ",
        "*a",
        "<<: ",
        "[",
        "{",
        "!!python/object:os.system ",
        "\t",
        "- ",
        ": ",
        "0x",
        "1e999",
        "\n",
        "|\n",
        "%",
    ]
)


@pytest.mark.parametrize("kind", LOADERS)
@examples(6)
@given(data=st.data())
def test_any_edit_of_a_good_file(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    load, good = LOADERS[kind]
    text = good.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        upto = min(len(text), at + data.draw(st.integers(0, 30)))
        text = text[:at] + data.draw(PIECES) + text[upto:]
    path = tmp_path_factory.getbasetemp() / f"{kind}.yaml"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    with soon(), suppress(UserError):
        load(path)


ALPHABET = st.sampled_from(
    ["a", "b", "1", "0x1f", "2.5", "+", "-", "*", "/", "&", "|", "<<", ">>", "(", ")", " "]
)


@given(
    text=st.text(max_size=60) | st.lists(ALPHABET, max_size=80).map("".join),
    a=st.integers() | st.floats(),
    b=st.integers(-(2**63), 2**64),
)
def test_any_formula(text: str, a: float, b: int) -> None:
    with soon(), suppress(ValueError):
        formula = parse_formula(text)
        result = formula({name: (a, b)[number % 2] for number, name in enumerate(formula.names)})
        assert result is None or isinstance(result, int | float)


# HTTP

PATHS = [
    "/",
    "/metrics",
    "/probe",
    "/sd",
    "/config",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/device/a",
    "/x",
]
NAMES = st.sampled_from(["target", "module", "unit", "debug", "collect[]", "x", ""])
VALUES = st.text(max_size=20) | st.sampled_from(
    [
        "a",
        "127.0.0.1",
        "[::1]:502",
        "tcp://h?unit=2",
        "rtu:///dev/ttyS0",
        "ups",
        "cs141",
        "true",
        "1",
        "256",
        "devices",
    ]
)
HEADERS = st.sampled_from(
    ["Accept", "Accept-Encoding", "X-Prometheus-Scrape-Timeout-Seconds", "Host", "Cookie", "Range"]
)
HEADER_TEXTS = st.text(
    alphabet=[c for c in printable if c not in "\r\n\x0b\x0c"], max_size=40
) | st.sampled_from(
    [
        "application/openmetrics-text;version=9;q=nan",
        "*/*;q=1e999",
        "gzip;q=-1",
        "-5",
        "inf",
        "nan",
        "1e400",
        "0",
    ]
)


@pytest.fixture(scope="module")
def it() -> Iterator[Exporter]:
    with exporter(f"--target=a=127.0.0.1:{free_port()}") as running:
        yield running


@examples(80)
@given(
    path=st.sampled_from(PATHS),
    query=st.lists(st.tuples(NAMES, VALUES), max_size=3),
    headers=st.lists(st.tuples(HEADERS, HEADER_TEXTS), max_size=3),
    raw=st.text(alphabet=printable.replace("\r", "").replace("\n", "").replace(" ", ""), max_size=15),
)
def test_any_request(
    it: Exporter, path: str, query: list[tuple[str, str]], headers: list[tuple[str, str]], raw: str
) -> None:
    text = "&".join(f"{quote(name)}={quote(value, errors='replace')}" for name, value in query)
    lines = [
        f"GET {path}?{text}{raw} HTTP/1.1",
        "Connection: close",
        "X-Prometheus-Scrape-Timeout-Seconds: 1",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    status, body = ask(it.port, "\r\n".join([*lines, "", ""]).encode("utf-8", "replace"))
    assert status in (200, 400, 403, 404, 405, 503), body
    assert "Traceback" not in body
    assert "request failed" not in it.log


def ask(port: int, request: bytes) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    found = re.match(rb"HTTP/1\.[01] (\d+) ", answer)
    assert found, answer[:200]
    return int(found[1]), answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


@examples(20)
@given(data=st.binary(max_size=300))
def test_any_bytes_on_the_port(it: Exporter, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", it.port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert it.get("/-/healthy") == "Healthy\n"
    assert "request failed" not in it.log
