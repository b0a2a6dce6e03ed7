"""Targets: design 2.3, and everything that only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.targets import Endpoint, Target, options_said, parse_target


def tcp(host: str, port: int = 502, unit: int = 1) -> Target:
    return Target(Endpoint("tcp", host, port), unit)


def rtu(path: str, baudrate: int = 9600, parity: str = "E", stopbits: int = 1, unit: int = 1) -> Target:
    return Target(Endpoint("rtu", path=path, baudrate=baudrate, parity=parity, stopbits=stopbits), unit)


@pytest.mark.parametrize(
    ("text", "target", "name"),
    [
        ("10.0.0.1", tcp("10.0.0.1"), "10.0.0.1:502"),
        ("10.0.0.1:1502", tcp("10.0.0.1", 1502), "10.0.0.1:1502"),
        ("ups", tcp("ups"), "ups:502"),
        ("UPS-1.Example.ORG", tcp("ups-1.example.org"), "ups-1.example.org:502"),
        ("ups_1", tcp("ups_1"), "ups_1:502"),
        (" ups ", tcp("ups"), "ups:502"),
        ("ups?unit=3", tcp("ups", unit=3), "ups:502/3"),
        ("tcp://10.0.0.1", tcp("10.0.0.1"), "10.0.0.1:502"),
        ("tcp://10.0.0.1:502?unit=1", tcp("10.0.0.1"), "10.0.0.1:502"),
        ("tcp://10.0.0.1:65535/?unit=247", tcp("10.0.0.1", 65535, 247), "10.0.0.1:65535/247"),
        ("tcp://ups:", tcp("ups"), "ups:502"),
        ("ups?unit=0", tcp("ups", unit=0), "ups:502/0"),
        ("ups?unit=255", tcp("ups", unit=255), "ups:502/255"),
        ("[::1]", tcp("::1"), "[::1]:502"),
        ("[2001:DB8::1]:1502", tcp("2001:db8::1", 1502), "[2001:db8::1]:1502"),
        ("tcp://[fe80::1%Eth0]:503?unit=2", tcp("fe80::1%Eth0", 503, 2), "[fe80::1%Eth0]:503/2"),
        ("usv-küche", tcp("usv-küche"), "usv-küche:502"),
        ("rtu-tcp://moxa:4001", Target(Endpoint("rtu-tcp", "moxa", 4001)), "moxa:4001"),
        ("rtu-tcp://[::1]:4001?unit=9", Target(Endpoint("rtu-tcp", "::1", 4001), 9), "[::1]:4001/9"),
        ("rtu:///dev/ttyUSB0", rtu("/dev/ttyUSB0"), "/dev/ttyUSB0"),
        (
            "rtu:///dev/ttyUSB0?baudrate=38400&parity=n&stopbits=2&unit=12",
            rtu("/dev/ttyUSB0", 38400, "N", 2, 12),
            "/dev/ttyUSB0/12",
        ),
        ("rtu:///dev/a?parity=O", rtu("/dev/a", parity="O"), "/dev/a"),
        ("rtu:///dev/serial/by-id/usb-FTDI_A%20B%3F-port0", rtu("/dev/serial/by-id/usb-FTDI_A B?-port0"),
         "/dev/serial/by-id/usb-FTDI_A B?-port0"),
        ("rtu:///dev/pci:00.1@2", rtu("/dev/pci:00.1@2"), "/dev/pci:00.1@2"),
    ],
)  # fmt: skip
def test_good(text, target, name):
    assert parse_target(text) == target
    assert target.default_name == name
    assert parse_target(target.url) == target


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (tcp("ups"), "tcp://ups:502"),
        (tcp("::1", 503, 2), "tcp://[::1]:503?unit=2"),
        (Target(Endpoint("rtu-tcp", "moxa", 4001)), "rtu-tcp://moxa:4001"),
        (rtu("/dev/ttyUSB0"), "rtu:///dev/ttyUSB0?baudrate=9600&parity=E&stopbits=1"),
        (rtu("/dev/a b", unit=7), "rtu:///dev/a%20b?baudrate=9600&parity=E&stopbits=1&unit=7"),
    ],
)
def test_url(target, url):
    assert target.url == url


FORMS = "write tcp://HOST[:502]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORMS),
        ("   ", FORMS),
        ("a b", FORMS),
        ("a\tb", FORMS),
        ("a\nb", FORMS),
        ("a\0b", FORMS),
        ("tcp://", FORMS),
        ("tcp://:502", FORMS),
        ("ups/path", FORMS),
        ("tcp://ups/x?unit=1", FORMS),
        ("a,b", FORMS),
        ("a|b", FORMS),
        ("a\\b", FORMS),
        ("a%41", FORMS),
        ("<script>", FORMS),
        ("http://ups", 'unknown scheme "http"'),
        ("TCP://ups", 'unknown scheme "TCP"'),
        ("rtu-udp://ups:1", 'unknown scheme "rtu-udp"'),
        ("user@ups", "only an address"),
        ("@ups", "only an address"),
        ("tcp://user:secret@ups:502", "only an address"),
        ("ups#here", "only an address"),
        ("ups:0", "the port is missing or 0"),
        ("rtu-tcp://moxa", "the port is missing or 0"),
        ("rtu-tcp://moxa:0", "the port is missing or 0"),
        ("ups:65536", 'port is a number from 0 to 65535, not "65536"'),
        ("ups:x", 'port is a number from 0 to 65535, not "x"'),
        ("ups:-1", "port is a number"),
        ("ups:٣", "port is a number"),
        ("ups:" + "9" * 5000, "port is a number"),
        ("fe80::1", "an IPv6 address in brackets"),
        ("::1", "an IPv6 address in brackets"),
        ("[::1", "Invalid IPv6"),
        ("[::1]x:502", "an IPv6 address in brackets"),
        ("x[::1]:502", "an IPv6 address in brackets"),
        ("[10.0.0.1]", "bad target"),
        ("[ups]", "bad target"),
        ("[v1.a]", "is no IPv6 address"),
        ("[::1::2]", "bad target"),
        ("ups=10.0.0.1", 'no host has a "=" in it'),
        ("ups?unit=", 'unit is a number from 0 to 255, not ""'),
        ("ups?unit=256", 'unit is a number from 0 to 255, not "256"'),
        ("ups?unit=-1", "unit is a number"),
        ("ups?unit=1.0", "unit is a number"),
        ("ups?unit=0x1", "unit is a number"),
        ("ups?unit=²", "unit is a number"),
        ("ups?unit=" + "9" * 5000, "unit is a number"),
        ("ups?unit=1&unit=2", 'option "unit" is given twice'),
        ("ups?Unit=1", 'unknown option "Unit" (there are: unit)'),
        ("ups?baudrate=9600", 'unknown option "baudrate" (there are: unit)'),
        ("rtu-tcp://moxa:1?parity=E", 'unknown option "parity" (there are: unit)'),
        ("rtu:///dev/a?speed=1", 'unknown option "speed" (there are: baudrate, parity, stopbits, unit)'),
        ("rtu:///dev/a?baudrate=299", "baudrate is a number from 300"),
        ("rtu:///dev/a?baudrate=fast", "baudrate is a number"),
        ("rtu:///dev/a?parity=X", 'parity is N, E or O, not "X"'),
        ("rtu:///dev/a?parity=", "parity is N, E or O"),
        ("rtu:///dev/a?stopbits=3", "stopbits is a number from 1 to 2"),
        ("rtu://", "a serial target needs a path"),
        ("rtu:///", "a serial target needs a path"),
        ("rtu://dev/ttyUSB0", "a serial target needs a path"),
        ("rtu://:5/dev/ttyUSB0", "a serial target needs a path"),
        ("rtu:///dev/a%00b", "a serial target needs a path"),
        ("rtu:///dev/a%0Ab", "a serial target needs a path"),
    ],
)
def test_bad(text, message):
    with pytest.raises(ValueError, match="bad target") as caught:
        parse_target(text)
    assert message in str(caught.value)


PIECES = st.sampled_from(
    [
        "tcp://",
        "rtu://",
        "rtu-tcp://",
        "/dev/a",
        "ups",
        "10.0.0.1",
        "[::1]",
        "[",
        "]",
        ":",
        ":502",
        "?",
        "unit=",
        "&",
        "1",
        "baudrate=9600",
        "parity=E",
        "%",
        "%41",
        "%00",
        "@",
        "#",
        "/",
        "=",
        ".",
        "fe80::1%e",
        " ",
        "ä",
        "İ",
        "\u2100",
    ]
)


@given(text=st.text(max_size=30) | st.lists(PIECES, max_size=8).map("".join))
def test_any_text_is_a_target_or_a_value_error(text):
    try:
        target = parse_target(text)
    except ValueError:
        return
    assert parse_target(target.url) == target
    assert parse_target(target.url).url == target.url


def test_options_are_said_as_they_are_read() -> None:
    """A letter that is written by its number is that letter."""
    assert parse_target("10.0.0.7?%75nit=2").unit == 2
    assert options_said("10.0.0.7?%75nit=2") == {"unit"}
    assert options_said("rtu:///dev/ttyUSB0?unit=1&parity=N") == {"unit", "parity"}
    assert options_said("10.0.0.7") == options_said("10.0.0.7?") == set()
