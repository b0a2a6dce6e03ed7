"""Where a device is: `tcp://HOST[:502][?unit=N]`, `rtu:///dev/ttyUSB0?baudrate=9600…`, `rtu-tcp://HOST:PORT`."""

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from exporter.hosts import check_host, plain_host

Transport = Literal["tcp", "rtu", "rtu-tcp"]
Place = tuple[str, int, str]
"""Host and port, or a serial path."""

TCP_PORT = 502  # fixed in the CS141 (device.md 4)
_HOST = re.compile(r"(\[[^\[\]]+\]|[\w.-]+)(?::([^:]*))?")
_LINE_OPTIONS = {"unit", "baudrate", "parity", "stopbits"}
_FORMS = (
    "tcp://HOST[:502][?unit=N], rtu:///dev/ttyUSB0?baudrate=9600&parity=E&stopbits=1[&unit=N] "
    "or rtu-tcp://HOST:PORT[?unit=N]"
)


@dataclass(frozen=True)
class Endpoint:
    """One TCP address or serial line: what a connection and its queue belong to."""

    transport: Transport
    host: str = ""
    port: int = 0
    path: str = ""
    baudrate: int = 9600
    parity: str = "E"
    stopbits: int = 1

    @property
    def numbers_requests(self) -> bool:
        """Whether each request has a number that its answer repeats: so it is in Modbus/TCP, not in RTU."""
        return self.transport == "tcp"

    @property
    def address(self) -> str:
        """`HOST:PORT` (IPv6 in brackets) or the serial path."""
        if self.transport == "rtu":
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def hidden_in(self, text: str) -> str:
        """`text` without the address, for what is sent to others."""
        for secret in (self.address, self.host, self.path):
            text = text.replace(secret, "the device") if secret else text
        return text

    @property
    def place(self) -> Place:
        """Where this leads: equal for all writings of it, and whatever is spoken there.

        The links of a serial path are followed on the disk, as they are now.
        """
        return ("", 0, os.path.realpath(self.path)) if self.path else (plain_host(self.host), self.port, "")

    @property
    def manner(self) -> tuple[object, ...]:
        """What is spoken there, with the settings of the line: there is one manner at a place."""
        return self.transport, self.baudrate, self.parity, self.stopbits


@dataclass(frozen=True)
class Target:
    """An endpoint and the unit id (1…247, 0 and 255 for odd gateways) asked there."""

    endpoint: Endpoint
    unit: int = 1

    @property
    def url(self) -> str:
        """The target written out in full."""
        endpoint = self.endpoint
        address = endpoint.address
        query = []
        if endpoint.transport == "rtu":
            address = quote(address, safe="/:@+,=~")
            query += [
                f"baudrate={endpoint.baudrate}",
                f"parity={endpoint.parity}",
                f"stopbits={endpoint.stopbits}",
            ]
        if self.unit != 1:
            query.append(f"unit={self.unit}")
        return f"{endpoint.transport}://{address}" + ("?" + "&".join(query) if query else "")

    @property
    def default_name(self) -> str:
        """The name of a device that was given none: its address, with `/N` when the unit is not 1."""
        return self.endpoint.address + (f"/{self.unit}" if self.unit != 1 else "")


def shown_target(text: str) -> str:
    """A target as errors show it: without the options that none has, which may be passwords.

    >>> shown_target("tcp://ups?unit=7&token=s3cret")
    'tcp://ups?unit=7&…'
    """
    address, mark, query = text.partition("?")
    options = (option if option.partition("=")[0] in _LINE_OPTIONS else "…" for option in query.split("&"))
    return address + mark + ("&".join(options) if query else "")


def options_said(text: str) -> set[str]:
    """The names of the options that stand in a target."""
    return {key for key, _ in parse_qsl(text.partition("?")[2], keep_blank_values=True)}


def parse_target(text: str) -> Target:
    """Read a target; a bare `HOST[:PORT]` means tcp.

    Raises ValueError with what is wrong, and with the forms there are.
    """
    url = text.strip()
    text = shown_target(text)
    # what stands before an @ may be a password: it is not shown; a serial path may have one
    if "@" in (url.partition("?")[2] if url.startswith("rtu:///") else url):
        raise ValueError("bad target: only an address and ?options may stand there, no user or password")
    if not url or any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f'bad target "{text}": write {_FORMS}')
    scheme, separator, _ = url.partition("://")
    if not separator:
        scheme, url = "tcp", f"tcp://{url}"
    if scheme not in ("tcp", "rtu", "rtu-tcp"):
        raise ValueError(f'bad target "{text}": unknown scheme "{scheme}": write {_FORMS}')
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f'bad target "{text}": {error}') from None
    if parts.fragment:
        raise ValueError(f'bad target "{text}": only an address and ?options may stand there')
    options = _options(text, parts.query, scheme)
    unit = _number(text, "unit", options.pop("unit", "1"), 0, 255)
    if scheme == "rtu":
        path = unquote(parts.path)
        if parts.netloc or not path.startswith("/") or path == "/" or not path.isprintable():
            raise ValueError(f'bad target "{text}": a serial target needs a path, like rtu:///dev/ttyUSB0')
        return Target(_serial_endpoint(text, path, options), unit)
    host, port = _host(text, parts.netloc)
    if parts.path not in ("", "/"):
        raise ValueError(f'bad target "{text}": write {_FORMS}')
    if port == 0 or (port is None and scheme == "rtu-tcp"):
        raise ValueError(f'bad target "{text}": the port is missing or 0')
    return Target(Endpoint("rtu-tcp" if scheme == "rtu-tcp" else "tcp", host, port or TCP_PORT), unit)


def _host(text: str, netloc: str) -> tuple[str, int | None]:
    """Host name or address in lower case (but for an IPv6 zone, as it names an interface), and the port."""
    if "=" in netloc:
        raise ValueError(
            f'bad target "{text}": no host has a "=" in it; a name before it may hold A-Z a-z 0-9 _ . -'
        )
    match = _HOST.fullmatch(netloc)
    if match is None or not _HOST.fullmatch(netloc.lower()):  # İ in lower case is two characters
        form = "an IPv6 address in brackets, like [fe80::1]:502" if netloc.count(":") > 1 else _FORMS
        raise ValueError(f'bad target "{text}": write {form}')
    host = match[1].lower()
    if host.startswith("["):
        address, separator, zone = match[1][1:-1].partition("%")
        host = address.lower() + separator + zone
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError(f'bad target "{text}": "{host}" is no IPv6 address') from None
    else:
        try:
            check_host(match[1])
        except ValueError as error:
            raise ValueError(f'bad target "{text}": {error}') from None
    return host, _number(text, "port", match[2], 0, 65535) if match[2] else None


def _serial_endpoint(text: str, path: str, options: dict[str, str]) -> Endpoint:
    parity = options.get("parity", "E").upper()
    if parity not in ("N", "E", "O"):
        raise ValueError(f'bad target "{text}": parity is N, E or O, not "{parity}"')
    return Endpoint(
        "rtu",
        path=path,
        baudrate=_number(text, "baudrate", options.get("baudrate", "9600"), 300, 4_000_000),
        parity=parity,
        stopbits=_number(text, "stopbits", options.get("stopbits", "1"), 1, 2),
    )


def _options(text: str, query: str, scheme: str) -> dict[str, str]:
    known = _LINE_OPTIONS if scheme == "rtu" else {"unit"}
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            raise ValueError(
                f'bad target "{text}": unknown option "{key}" (there are: {", ".join(sorted(known))})'
            )
        if key in options:
            raise ValueError(f'bad target "{text}": option "{key}" is given twice')
        options[key] = value
    return options


def _number(text: str, key: str, value: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise ValueError(f'bad target "{text}": {key} is a number from {low} to {high}, not "{value}"')
    return int(value)
