"""The exporter's HTTP server in this process behind a web configuration, certificates, and ways to ask it."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import bcrypt
import trustme
from aiohttp import web

from exporter.config import load_config
from exporter.web.security import CurrentWebConfig, Doors
from exporter.web.server import new_runner
from exporter.web.state import State

PASSWORD = "correct horse"


def hashed(password: str = PASSWORD, prefix: bytes = b"2b", cost: int = 4) -> str:
    """A hash of the least cost there is."""
    plain = bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost))
    return plain.replace(b"$2b$", b"$" + prefix + b"$").decode()


def basic(user: str, password: str = PASSWORD) -> dict[str, str]:
    """The header that says who asks."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def put(path: Path, text: str) -> None:
    """Write a small file, from a coroutine too."""
    path.write_text(text)


@dataclass(frozen=True)
class Authority:
    """A certificate authority, and the certificates of one server and one client."""

    ca: trustme.CA = field(default_factory=lambda: trustme.CA(key_type=trustme.KeyType.ECDSA))

    def write_ca(self, path: Path) -> None:
        self.ca.cert_pem.write_to_path(str(path))

    def write_server(self, folder: Path, *names: str, key_type: str = "ECDSA") -> trustme.LeafCert:
        """`server.crt` and `server.key`, with the authority beside them as `ca.crt`."""
        leaf = self.ca.issue_cert(*(names or ("localhost", "127.0.0.1")), key_type=trustme.KeyType[key_type])
        (folder / "server.crt").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(folder / "server.key"))
        self.write_ca(folder / "ca.crt")
        return leaf

    def client(self, *names: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """What a client of this authority speaks TLS with; names make it show a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        if names:
            self.ca.issue_cert(*names).configure_cert(context)
        if version:
            context.minimum_version = context.maximum_version = version
        return context


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Server:
    port: int
    state: State
    config: CurrentWebConfig | None

    async def connect(
        self, tls: ssl.SSLContext | None = None, name: str = "localhost"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls, server_hostname=name if tls else None
        )

    async def ask(
        self,
        path: str = "/sd",
        *,
        tls: ssl.SSLContext | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request over a connection of its own."""
        reader, writer = await self.connect(tls)
        try:
            lines = [f"{method} {path} HTTP/1.1", "Host: here", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin1"))
            return reply(await reader.read())
        finally:
            writer.close()

    async def is_refused(self, tls: ssl.SSLContext | None = None) -> bool:
        """Whether no answer comes to a request."""
        try:
            await self.ask(tls=tls)
        except (OSError, AssertionError):
            return True
        return False


def reply(data: bytes) -> Reply:
    head, separator, body = data.decode().partition("\r\n\r\n")
    assert separator, f"no answer: {data!r}"
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Reply(int(status.split()[1]), headers, body)


@asynccontextmanager
async def secured(
    web_config: Path | None = None,
    *,
    config: Path | None = None,
    targets: Sequence[str] = ("a=127.0.0.1:9",),
    idle_timeout: float = 10,
    max_connections: int = 50,
    stall_timeout: float = 10,
) -> AsyncIterator[Server]:
    """A running server; without a file it has neither TLS nor users."""
    state = State(lambda: load_config(config, targets=() if config else targets), 0.5)
    current = CurrentWebConfig(web_config) if web_config else None
    runner = new_runner(state, current, idle_timeout=idle_timeout)
    await runner.setup()
    doors = Doors(
        cast(web.Server, runner.server), current,
        max_connections=max_connections, stall_timeout=stall_timeout,
    )  # fmt: skip
    listener = await asyncio.get_running_loop().create_server(doors, "127.0.0.1", 0)
    try:
        yield Server(listener.sockets[0].getsockname()[1], state, current)
    finally:
        listener.close()
        await runner.cleanup()
        state.fleet.close()
