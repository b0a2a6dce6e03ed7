"""The web configuration as the server uses it, from a file in the exporter-toolkit's schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.errors import UserError
from exporter.files import read_file, unreadable
from exporter.web.security.schema import RateEntry, TlsEntry, WebConfigEntry
from exporter.yamlfile import Document, parse, validate


@dataclass(frozen=True)
class Pem:
    """A certificate, a key or CAs: in a file, or in the configuration itself. `place` names it in errors."""

    place: str
    text: str = field(repr=False)
    path: Path | None

    def read(self) -> bytes:
        """The PEM bytes. Raises UserError when the file cannot be read."""
        if self.path is None:
            return self.text.encode()
        try:
            return read_file(self.path)
        except (OSError, ValueError) as error:
            raise UserError(f"{self.place}: {unreadable(error)}") from None


@dataclass(frozen=True)
class TlsSettings:
    """How TLS is spoken, and whose certificates let a client in."""

    entry: TlsEntry
    cert: Pem
    key: Pem
    client_ca: Pem | None

    @property
    def requires_client(self) -> bool:
        """Whether a client without a verified certificate is turned away."""
        return self.entry.client_auth_type == "RequireAndVerifyClientCert"


@dataclass(frozen=True)
class WebConfig:
    """The web configuration; the default, an empty file, is neither TLS nor passwords."""

    tls: TlsSettings | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: RateEntry | None = None

    @property
    def protections(self) -> frozenset[str]:
        """What keeps strangers out, in words for the log."""
        entry = self.tls.entry if self.tls else TlsEntry()
        there = {
            "TLS": self.tls is not None,
            "basic_auth_users": bool(self.users),
            "the verification of client certificates": "Verify" in entry.client_auth_type,
            "the requirement of client certificates": self.tls is not None and self.tls.requires_client,
            "client_allowed_sans": entry.client_allowed_sans is not None,
        }
        return frozenset(name for name, is_there in there.items() if is_there)


def read_content(path: Path) -> bytes:
    """The bytes of the file. Raises UserError when it cannot be read."""
    try:
        return read_file(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def parse_web_config(content: bytes, path: Path) -> WebConfig:
    """The configuration in `content`, which `path` has. Raises UserError with a line for each mistake."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8 text: {error.reason}") from None
    document = parse(text, str(path))
    entry = validate(document, WebConfigEntry)
    headers = entry.http_server_config.headers.model_dump(by_alias=True)
    rate = entry.rate_limit
    return WebConfig(
        tls=_tls(entry.tls_server_config, document, path),
        headers={name: value for name, value in headers.items() if value},
        users=entry.basic_auth_users,
        rate=rate if rate.interval else None,
    )


def _tls(entry: TlsEntry, document: Document, path: Path) -> TlsSettings | None:
    if not entry.model_fields_set:
        return None

    def pem(name: str) -> Pem:
        # the file counts where both are given
        in_file: str = getattr(entry, f"{name}_file")
        place = ("tls_server_config", f"{name}_file" if in_file else name)
        text: str = getattr(entry, name)
        return Pem(
            f"{path}:{document.line(place)}: {'.'.join(place)}",
            text,
            path.parent / in_file if in_file else None,
        )

    has_ca = entry.client_ca or entry.client_ca_file
    return TlsSettings(entry, pem("cert"), pem("key"), pem("client_ca") if has_ca else None)
