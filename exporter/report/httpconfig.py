"""How to get at a Prometheus: the file that its own clients take as `--http.config.file`."""

import base64
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from exporter.config import HeaderName, Section
from exporter.errors import UserError
from exporter.files import read_file, unreadable
from exporter.hosts import check_host, web_host
from exporter.yamlfile import Document, read, validate


class _BasicAuth(Section):
    username: str = ""
    username_file: str = ""
    password: str = ""
    password_file: str = ""


class _Authorization(Section):
    type: str = "Bearer"
    credentials: str = ""
    credentials_file: str = ""

    @model_validator(mode="after")
    def _given(self) -> Self:
        if not (self.credentials or self.credentials_file):
            raise ValueError("give credentials or credentials_file")
        return self


class _Tls(Section):
    ca: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False


class _Header(Section):
    values: list[str] = Field(default_factory=list)
    secrets: list[str] = Field(default_factory=list)
    files: list[str] = Field(default_factory=list)


class HttpConfigEntry(Section):
    """The supported part of Prometheus' HTTP client configuration."""

    basic_auth: _BasicAuth | None = None
    authorization: _Authorization | None = None
    bearer_token: str = ""
    bearer_token_file: str = ""
    tls_config: _Tls = _Tls()
    proxy_url: str = ""
    proxy_from_environment: bool = False
    follow_redirects: bool = True
    enable_http2: bool = True  # taken as it is in many files; HTTP/1.1 is spoken
    http_headers: dict[HeaderName, _Header] = Field(default_factory=dict)

    @field_validator("proxy_url")
    @classmethod
    def _is_proxy(cls, text: str) -> str:
        host = web_host(text)
        if host is not None:
            check_host(host)
        elif text:  # it may hold a password, so it is not shown
            raise ValueError("write http://HOST:PORT, the address of a proxy")
        return text

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        bearer = bool(self.bearer_token or self.bearer_token_file)
        if (self.basic_auth is not None) + (self.authorization is not None) + bearer > 1:
            raise ValueError("give one of basic_auth, authorization, bearer_token and bearer_token_file")
        return self


@dataclass(frozen=True)
class Access:
    """What goes with every request. The headers may hold secrets."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str = ""
    proxy: str = field(default="", repr=False)
    environment_proxy: bool = False
    follow_redirects: bool = True


def load_access(path: Path | None) -> Access:
    """What the file says, or plain access without one. Raises UserError that names the file, line and place.

    Paths in the file are relative to its folder.
    """
    if path is None:
        return Access()
    document = read(path)
    entry = validate(document, HttpConfigEntry)
    files = _Files(document, path.parent)
    return Access(
        headers=tuple(_headers(entry, files)),
        tls=_tls(entry.tls_config, files),
        server_name=entry.tls_config.server_name,
        proxy=entry.proxy_url,
        environment_proxy=entry.proxy_from_environment,
        follow_redirects=entry.follow_redirects,
    )


@dataclass(frozen=True)
class _Files:
    """The files that a document names."""

    document: Document
    folder: Path

    def text(self, name: str, *place: str) -> str:
        """The text of a file, without the line end. Raises UserError."""
        try:
            return read_file(self.folder / name).decode().strip()
        except (OSError, ValueError) as error:
            raise self.error(error, *place) from None

    def error(self, error: Exception, *place: str) -> UserError:
        return self.document.error(place, unreadable(error))


def _headers(entry: HttpConfigEntry, files: _Files) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if basic := entry.basic_auth:
        user = basic.username or (
            files.text(basic.username_file, "basic_auth", "username_file") if basic.username_file else ""
        )
        password = basic.password or (
            files.text(basic.password_file, "basic_auth", "password_file") if basic.password_file else ""
        )
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        found.append(("Authorization", f"Basic {secret}"))
    if given := entry.authorization:
        secret = given.credentials or files.text(given.credentials_file, "authorization", "credentials_file")
        found.append(("Authorization", f"{given.type} {secret}"))
    if entry.bearer_token or entry.bearer_token_file:
        secret = entry.bearer_token or files.text(entry.bearer_token_file, "bearer_token_file")
        found.append(("Authorization", f"Bearer {secret}"))
    for name, header in entry.http_headers.items():
        values = [*header.values, *header.secrets]
        values += [files.text(one, "http_headers", name, "files") for one in header.files]
        found += [(name, value) for value in values]
    for name, value in found:
        if not value.isprintable():
            raise files.document.error(("http_headers", name), "a header is one line of text")
    return found


def _tls(entry: _Tls, files: _Files) -> ssl.SSLContext | None:
    if not entry.model_fields_set:
        return None
    place = "ca_file"
    try:
        ca = files.folder / entry.ca_file if entry.ca_file else None
        context = ssl.create_default_context(cafile=ca, cadata=entry.ca or None)
        if entry.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if entry.cert_file:
            place = "cert_file"
            key = files.folder / entry.key_file if entry.key_file else None
            context.load_cert_chain(files.folder / entry.cert_file, key)
    except (OSError, ValueError) as error:
        raise files.error(error, "tls_config", place) from None
    return context
