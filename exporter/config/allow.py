"""Which addresses `/probe` may ask beside the configured devices: the rules of `probe.allow`."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from exporter.hosts import check_host, plain_host
from exporter.targets import TCP_PORT

FORMS = (
    "10.0.0.7, 10.0.0.0/24, ups.example.org, fd00::/64, and with another port than 502 "
    "10.0.0.0/24:1502, ups.example.org:1502 or [fd00::]/64:1502"
)
_MAPPED_PREFIX = 96  # bits in front of an IPv4 address in ::ffff:10.0.0.7
_RULE = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:/]*)(?P<prefix>/[^:]*)?(?::(?P<port>.*))?")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,62}))(\.[a-z0-9_][a-z0-9_-]{0,62})*")


@dataclass(frozen=True)
class AllowRule:
    """One line of `probe.allow`: a network (or a single address) or a host name, and a port."""

    network: IPv4Network | IPv6Network | None
    host: str
    port: int = TCP_PORT

    @classmethod
    def parse(cls, text: str) -> "AllowRule":
        """Read a rule. Raises ValueError with the forms there are.

        >>> AllowRule.parse("10.0.0.0/24:1502").allows("10.0.0.9", 1502)
        True
        """
        whole = text.strip()
        if "@" in whole:  # what stands before it may be a password: it is not shown
            raise ValueError(f"bad rule: no user or password belongs here; write {FORMS}")
        if "://" in whole:
            raise ValueError(f'bad rule "{text}": an address belongs here, no URL; write {FORMS}')
        if whole.count(":") > 1 and not whole.startswith("["):
            # a bare IPv6 address: its last colon is no port
            address, slash, prefix = whole.partition("/")
            host, prefix, port = f"[{address}]", slash + prefix, None
        else:
            match = _RULE.fullmatch(whole)
            if match is None:
                raise ValueError(f'bad rule "{text}": write {FORMS}')
            host, prefix, port = match["host"], match["prefix"] or "", match["port"]
        number = TCP_PORT if port is None else _port(text, port)
        if not host.startswith("["):
            try:
                check_host(host)
            except ValueError as error:
                raise ValueError(f'bad rule "{text}": {error}; write {FORMS}') from None
        if host.startswith("[") or prefix or _address(host) is not None:
            return cls(_network(text, host.strip("[]") + prefix, host.startswith("[")), "", number)
        name = host.lower().rstrip(".")
        if not _HOST.fullmatch(name):
            raise ValueError(f'bad rule "{text}": "{host}" is no host name; write {FORMS}')
        return cls(None, name, number)

    def allows(self, host: str, port: int) -> bool:
        """Whether this rule covers the address or host name as it is written. Names are not resolved."""
        if port != self.port:
            return False
        if self.network is None:
            return host.lower().rstrip(".") == self.host
        address = _address(host)
        return address is not None and address in self.network

    def __str__(self) -> str:
        text = self.host
        if self.network is not None:
            bare = self.network.num_addresses == 1
            text = str(self.network.network_address) if bare else str(self.network)
        if self.port == TCP_PORT:
            return text
        if ":" in text:
            address, slash, prefix = text.partition("/")
            text = f"[{address}]{slash}{prefix}"
        return f"{text}:{self.port}"


def is_own_or_local(address: str) -> bool:
    """Whether an address is this machine's own, or means something on its own link only, or nobody.

    >>> is_own_or_local("127.0.0.1"), is_own_or_local("169.254.169.254"), is_own_or_local("10.0.0.7")
    (True, True, False)
    """
    plain = _address(address.partition("%")[0])
    return plain is None or (
        plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified
    )


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        # ::ffff:10.0.0.7 connects to 10.0.0.7, so it is judged as that
        return ip_address(plain_host(host.strip("[]")))
    except ValueError:
        return None


def _network(text: str, network: str, v6: bool) -> IPv4Network | IPv6Network:
    try:
        result = ip_network(network, strict=False)
    except ValueError:
        raise ValueError(f'bad rule "{text}": "{network}" is no address or network; write {FORMS}') from None
    if (result.version == 6) != v6:
        raise ValueError(f'bad rule "{text}": brackets are for IPv6 addresses, and only for them')
    address, _, prefix = network.partition("/")
    if prefix and ip_address(address) != result.network_address:
        raise ValueError(f'bad rule "{text}": {address} is inside a network: write {result}')
    mapped = result.network_address.ipv4_mapped if isinstance(result, IPv6Network) else None
    if mapped is not None and result.prefixlen >= _MAPPED_PREFIX:
        return IPv4Network((mapped, result.prefixlen - _MAPPED_PREFIX))
    return result


def _port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise ValueError(f'bad rule "{text}": the port is a number from 1 to 65535, not "{port}"')
    return int(port)
