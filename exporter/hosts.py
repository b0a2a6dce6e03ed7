"""Hosts as people write them. Nothing is guessed: an address is four plain decimal numbers, or IPv6.

The system's resolver guesses: it takes 010 for 8, 10.0.0 for 10.0.0.0 and 167772167 for 10.0.0.7.
"""

import re
import socket
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_SERIAL_PORT = re.compile(r"com\d{1,3}|tty[a-z]{1,4}\d{1,3}")
_FORM = "an address is four numbers from 0 to 255 without zeros in front"


def web_host(url: str) -> str | None:
    """The host of an http or https URL, which `check_host` should see, too; None where it is no such URL.

    >>> web_host("https://collector:4318/v1"), web_host("collector:4318"), web_host("http://collector:port")
    ('collector', None, None)
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:  # no port, half an IPv6 address
        return None
    return parts.hostname or None if good else None


def check_host(host: str) -> None:
    """Raise ValueError where `host`, a name or an IPv4 address, would be read as another than it looks.

    >>> check_host("192.168.001.010")
    Traceback (most recent call last):
        ...
    ValueError: "192.168.001.010" would be read as 192.168.1.8: write 192.168.1.10 if that is meant
    """
    # what a look-up makes of other digits: ² is 2
    plain = unicodedata.normalize("NFKC", host).lower().rstrip(".")
    if _SERIAL_PORT.fullmatch(plain):
        raise ValueError(f'"{host}" is a serial port, no host: write it like rtu:///dev/ttyUSB0')
    parts = [part for part in plain.split(".") if part]
    if not parts or not all(map(_NUMBER.fullmatch, parts)):
        return  # nobody takes it for a number
    try:
        if str(IPv4Address(host)) == host:
            return
    except ValueError:
        pass
    try:
        taken = socket.inet_ntoa(socket.inet_aton(plain))
    except OSError:
        raise ValueError(f'"{host}" is neither an address nor a name: {_FORM}') from None
    meant = _meant(plain)
    if meant is None:
        raise ValueError(f'"{host}" would be read as {taken}: {_FORM}')
    raise ValueError(f'"{host}" would be read as {taken}: write {meant} if that is meant')


def _meant(text: str) -> str | None:
    """The address behind four decimal numbers with zeros in front, as panels print them."""
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdecimal() and int(part) < 256 for part in parts):
        return None
    return ".".join(str(int(part)) for part in parts)


@lru_cache(16_384)
def plain_host(host: str) -> str:
    """The one writing of a host: ::ffff:10.0.0.7 is 10.0.0.7, and names end without a dot."""
    try:
        address = ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        try:
            return name if name.isascii() else name.encode("idna").decode()
        except UnicodeError:  # a name that no look-up takes either
            return name
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
