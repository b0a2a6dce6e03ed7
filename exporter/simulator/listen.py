"""Where the simulator listens: `HOST:PORT`, `rtu-tcp://HOST:PORT`, `rtu:///dev/ttyUSB0` or `pty`."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from exporter.hosts import check_host
from exporter.targets import Endpoint, parse_target

_FORMS = "HOST:PORT, rtu-tcp://HOST:PORT, rtu:///dev/ttyUSB0?baudrate=9600&parity=E&stopbits=1 or pty"


@dataclass(frozen=True)
class Listen:
    """A place to listen; port 0 means a free one, and `pty` makes a pair of pseudo terminals."""

    kind: Literal["tcp", "rtu-tcp", "rtu", "pty"]
    endpoint: Endpoint


def parse_listen(text: str) -> Listen:
    """Read a listening place. Raises ValueError with what is wrong and the forms there are."""
    if text == "pty":
        # Linux refuses a second tcsetattr with parity on a pseudo terminal, which carries none anyway
        return Listen("pty", Endpoint("rtu", parity="N"))
    if text.startswith("rtu://"):
        return Listen("rtu", parse_target(text).endpoint)
    scheme, separator, _ = text.partition("://")
    if not separator:
        scheme = "tcp"
    try:
        parts = urlsplit(text if separator else f"tcp://{text}")
        host, port = parts.hostname or "0.0.0.0", parts.port  # noqa: S104 (":5020" asks for all addresses)
        check_host(host)
    except ValueError as error:
        raise ValueError(f'bad listen address "{text}": {error}') from None
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    if scheme == "tcp" and port is not None and plain:
        return Listen("tcp", Endpoint("tcp", host, port))
    if scheme == "rtu-tcp" and port is not None and plain:
        return Listen("rtu-tcp", Endpoint("rtu-tcp", host, port))
    raise ValueError(f'bad listen address "{text}": write {_FORMS}')
