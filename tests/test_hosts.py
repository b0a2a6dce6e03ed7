"""Hosts: what a resolver would take for another address is an error that shows what it would take."""

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import metrics_url
from exporter.hosts import check_host, plain_host
from exporter.simulator.listen import parse_listen
from exporter.targets import parse_target
from exporter.web.listen import ListenAddress


@pytest.mark.parametrize(
    "host",
    ["", "10.0.0.7", "0.0.0.0", "255.255.255.255", "ups", "1e5", "ups.10", "3com",
     "ups-1.example.org.", "10.0.0.7.example.org", "10-0-0-7", "ups_1", "usv-küche",
     "com", "community1", "com3.example.org", "a.0b"],
)  # fmt: skip
def test_addresses_and_names(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize(
    ("host", "error"),
    [
        # as panels of UPSs print it
        ("192.168.001.010", "would be read as 192.168.1.8: write 192.168.1.10 if that is meant"),
        ("010.0.0.7", "would be read as 8.0.0.7: write 10.0.0.7 if that is meant"),
        ("10.0.0.07", "would be read as 10.0.0.7: write 10.0.0.7 if that is meant"),
        ("10.0.0.08", "is neither an address nor a name: an address is four numbers from 0 to 255"),
        ("10.0.0", "would be read as 10.0.0.0: an address is four numbers from 0 to 255"),
        ("127.1", "would be read as 127.0.0.1: an address is four numbers"),
        ("10", "would be read as 0.0.0.10: an address is four numbers"),
        ("0", "would be read as 0.0.0.0: an address is four numbers"),
        ("167772167", "would be read as 10.0.0.7: an address is four numbers"),
        ("0x7f.1", "would be read as 127.0.0.1: an address is four numbers"),
        ("0x7F000001", "would be read as 127.0.0.1: an address is four numbers"),
        ("10.0.0.0x7", "would be read as 10.0.0.7: an address is four numbers"),
        ("10.0.0.7.", "would be read as 10.0.0.7: write 10.0.0.7 if that is meant"),
        ("１0.0.0.7", "would be read as 10.0.0.7: write 10.0.0.7 if that is meant"),
        ("10.0.0.²", "would be read as 10.0.0.2: write 10.0.0.2 if that is meant"),
        ("10.0.0.300", "is neither an address nor a name: an address is four numbers from 0 to 255"),
        ("10.0.0.1.2", "is neither an address nor a name"),
        ("1.2.3.4.5.6", "is neither an address nor a name"),
        ("10..0.1", "is neither an address nor a name"),
        ("COM3", "is a serial port, no host: write it like rtu:///dev/ttyUSB0"),
        ("com12", "is a serial port"),
        ("ttyUSB0", "is a serial port"),
        ("ttyS1", "is a serial port"),
    ],
)
def test_what_would_be_read_as_another_address(host: str, error: str) -> None:
    with pytest.raises(ValueError, match=f'^"{re.escape(host)}" {re.escape(error)}'):
        check_host(host)


@pytest.mark.parametrize("host", ["192.168.001.010", "10.0.0", "10.0.0.300", "COM3"])
@pytest.mark.parametrize(
    ("read", "form"),
    [
        (parse_target, "{}"),
        (parse_target, "tcp://{}:502?unit=2"),
        (parse_target, "rtu-tcp://{}:4001"),
        (ListenAddress.parse, "{}:10141"),
        (parse_listen, "{}:5020"),
        (parse_listen, "rtu-tcp://{}:5020"),
        (metrics_url, "http://{}:4318"),
    ],
)
def test_wherever_a_host_is_written(read, form: str, host: str) -> None:
    with pytest.raises(ValueError, match=r"would be read as|neither an address nor|is a serial port"):
        read(form.format(host))


def test_every_address_of_the_machine() -> None:
    assert ListenAddress.parse(":10141") == ListenAddress("", 10141)


@given(st.text("0123456789abcdefx.", min_size=1, max_size=20))
def test_what_passes_is_what_the_system_takes_it_for(host: str) -> None:
    try:
        check_host(host)
    except ValueError:
        return
    try:
        taken = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return  # a name
    assert taken == host


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("::ffff:a00:7", "10.0.0.7"),
        ("FD00:0:0::1", "fd00::1"),
        ("fe80::1%Eth0", "fe80::1%Eth0"),
        ("UPS.example.org.", "ups.example.org"),
        ("usv-küche", "xn--usv-kche-b6a"),
    ],
)
def test_one_writing(host: str, plain: str) -> None:
    assert plain_host(host) == plain
