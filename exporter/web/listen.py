"""Where the exporter listens."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from exporter.hosts import check_host

PORT = 10141


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
