"""Where the exporter listens."""

import os
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address

from exporter.errors import UserError
from exporter.hosts import check_host

PORT = 10141
_FIRST_PASSED = 3  # sd_listen_fds(3): the file descriptor of the first socket that systemd passes


@dataclass(frozen=True)
class ListenAddress:
    """Where to listen; an empty host is every address of the machine."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress":
        """Read `:10141`, `127.0.0.1:10141` or `[::1]:10141`. Raises ValueError."""
        if "@" in text:  # what stands before it may be a password: it is not shown
            raise ValueError("bad listen address: only a host and a port belong here, no user or password")
        host, separator, port = text.strip().rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        in_brackets = host == f"[{bare}]"
        number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1
        good = separator and 0 <= number <= 65535 and in_brackets == (":" in bare)
        if not good or any(character.isspace() or not character.isprintable() for character in bare):
            raise ValueError(f'bad listen address "{text}": write :{PORT}, 127.0.0.1:{PORT} or [::1]:{PORT}')
        try:
            if in_brackets:
                IPv6Address(bare)
            else:
                check_host(bare)
        except ValueError as error:
            raise ValueError(f'bad listen address "{text}": {error}') from None
        return cls(bare, number)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def systemd_sockets() -> list[socket.socket]:
    """The open sockets that systemd passes by its protocol, sd_listen_fds(3). Raises UserError."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal() or int(count) < 1:
        raise UserError("--web.systemd-socket: systemd passes no socket: start this by a .socket unit")
    passed = []
    for number in range(_FIRST_PASSED, _FIRST_PASSED + int(count)):
        try:
            found = socket.socket(fileno=number)
        except OSError as error:
            raise UserError(f"--web.systemd-socket: socket {number}: {error.strerror}") from None
        if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
            raise UserError("--web.systemd-socket: write ListenStream= with a port, such as 10141")
        passed.append(found)
    return passed
