"""The YAML form of the web configuration: the exporter-toolkit's schema, strictly (peers.md 3.6)."""

import re
import ssl
from typing import Annotated, Literal, Self

import bcrypt
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from exporter.config import Section
from exporter.durations import parse_duration
from exporter.web.security.names import CIPHERS, CURVES, OLD_VERSIONS, TLS13_CIPHERS, VERSIONS

# $2x$ marks hashes of a faulty implementation; nobody makes those any more
_HASH = re.compile(
    r"(?P<salt>\$2[aby]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{22})[./A-Za-z0-9]{31}"
)
_CLIENT_AUTH = (
    "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "RequireClientCert",
    "VerifyClientCertIfGiven", "RequireAndVerifyClientCert",
)  # fmt: skip
_VERIFYING = ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


def hash_cost(hashed: str) -> int:
    """The cost of a bcrypt hash: the logarithm of its work."""
    return int(hashed[4:6])


def _secret(value: object) -> object:
    # what stands there may be a password or a key: it is not shown
    if not isinstance(value, str):
        raise ValueError("text belongs here: put it in quotes")
    return value


def _hash(text: str) -> str:
    match = _HASH.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        # cheap, and refuses a salt that bcrypt does not take
        bcrypt.hashpw(b"", f"$2b$04${match['salt'][7:]}".encode())
    except ValueError:
        raise ValueError("not a bcrypt hash; `htpasswd -nBC 10 USER` makes one") from None
    return text


def _user(name: str) -> str:
    if not name or ":" in name:
        raise ValueError("a user's name has at least one character and no colon")
    return name


def _version(name: object) -> object:
    if name in OLD_VERSIONS:
        raise ValueError(
            f'"{name}": OpenSSL no longer speaks it but at a security level below any use; '
            "write TLS12 or TLS13"
        )
    return name


def _cipher(name: str) -> str:
    if name not in CIPHERS and name not in TLS13_CIPHERS:
        choice = ", ".join((*CIPHERS, *TLS13_CIPHERS))
        raise ValueError(f'unknown cipher suite "{name}" (there are: {choice})')
    return name


def _curve(name: str) -> str:
    if name not in CURVES:
        raise ValueError(f'unknown curve "{name}" (there are: {", ".join(CURVES)})')
    return name


def _curves(names: list[str]) -> list[str]:
    if len(set(names)) not in (0, 1, len(CURVES)):
        raise ValueError(
            f"curves {', '.join(names)}: Python's TLS takes one curve or all ({', '.join(CURVES)}); "
            "name one, or leave the key out"
        )
    return names


def _client_auth(kind: str) -> str:
    if kind not in _CLIENT_AUTH:
        raise ValueError(f'unknown client_auth_type "{kind}" (there are: {", ".join(_CLIENT_AUTH)})')
    if kind in ("RequireAnyClientCert", "RequireClientCert"):
        raise ValueError(
            f'"{kind}" asks for a certificate and believes any, which protects nothing and which '
            "Python's TLS does not do; write RequireAndVerifyClientCert with a client_ca_file"
        )
    return kind


def _header(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # X-XSS-Protection: 1
    if isinstance(value, str) and not (value.isascii() and value.isprintable()):
        raise ValueError("a header's value is one line of plain ASCII text")
    return value


def _interval(value: object) -> object:
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if not isinstance(value, str):
        raise ValueError("write a duration with its unit, like 500ms or 1s, or 0 for no limit")
    return parse_duration(value)


Secret = Annotated[str, BeforeValidator(_secret)]
Version = Annotated[Literal["TLS12", "TLS13"], BeforeValidator(_version)]
HeaderValue = Annotated[str, BeforeValidator(_header)]


class TlsEntry(Section):
    """TLS, and which clients are let in by certificate."""

    cert: str = ""
    key: Secret = Field(default="", repr=False)
    client_ca: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    client_auth_type: Annotated[str, AfterValidator(_client_auth)] = "NoClientCert"
    client_allowed_sans: Annotated[list[str], Field(min_length=1)] | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: list[Annotated[str, AfterValidator(_cipher)]] = Field(default=[])
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[list[Annotated[str, AfterValidator(_curve)]], AfterValidator(_curves)] = (
        Field(default=[])
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        # stricter than the toolkit, where some keys alone leave TLS off without a word
        if self.model_fields_set:
            for name in ("cert", "key"):
                if not getattr(self, name) and not getattr(self, f"{name}_file"):
                    raise ValueError(
                        f"{name}_file or {name} is missing: TLS needs both a certificate and its key"
                    )
        verifies = self.client_auth_type in _VERIFYING
        has_ca = bool(self.client_ca or self.client_ca_file)
        if has_ca and not verifies:
            raise ValueError(
                f"there is a client CA, but client_auth_type {self.client_auth_type} verifies nobody; "
                "write RequireAndVerifyClientCert"
            )
        if self.client_auth_type == "RequireAndVerifyClientCert" and not has_ca:
            raise ValueError(
                "client_auth_type RequireAndVerifyClientCert needs client_ca_file or client_ca: "
                "else nobody gets in"
            )
        if self.client_allowed_sans and not verifies:
            raise ValueError(
                f"client_allowed_sans mean nothing with client_auth_type {self.client_auth_type}, which "
                "verifies no certificate; write RequireAndVerifyClientCert"
            )
        if VERSIONS[self.min_version] > VERSIONS[self.max_version]:
            raise ValueError(f"min_version {self.min_version} is above max_version {self.max_version}")
        only_13 = bool(self.cipher_suites) and not any(name in CIPHERS for name in self.cipher_suites)
        if only_13 and VERSIONS[self.max_version] < ssl.TLSVersion.TLSv1_3:
            raise ValueError("cipher_suites has none for TLS12, and max_version allows nothing else")
        return self


class HeadersEntry(Section):
    """The headers that may be set, and their values."""

    csp: HeaderValue = Field(default="", alias="Content-Security-Policy")
    hsts: HeaderValue = Field(default="", alias="Strict-Transport-Security")
    sniffing: Literal["", "nosniff"] = Field(default="", alias="X-Content-Type-Options")
    frames: Literal["", "deny", "sameorigin"] = Field(default="", alias="X-Frame-Options")
    xss: HeaderValue = Field(default="", alias="X-XSS-Protection")


class HttpEntry(Section):
    """HTTP itself. `http2` is accepted; HTTP/1.1 is spoken whatever it says."""

    http2: bool = True
    headers: HeadersEntry = HeadersEntry()


class RateEntry(Section):
    """A token bucket over all requests: one every `interval` seconds, and up to `burst` at once."""

    interval: Annotated[float, BeforeValidator(_interval)] = 0.0
    burst: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _lets_something_through(self) -> Self:
        if self.interval and not self.burst:
            raise ValueError("burst 0 lets no request through: write 1 or more, or interval 0 for no limit")
        return self


class WebConfigEntry(Section):
    """The whole file."""

    tls_server_config: TlsEntry = TlsEntry()
    http_server_config: HttpEntry = HttpEntry()
    basic_auth_users: dict[
        Annotated[str, AfterValidator(_user)], Annotated[Secret, AfterValidator(_hash)]
    ] = Field(default={}, repr=False)
    rate_limit: RateEntry = RateEntry()

    @field_validator("basic_auth_users", mode="before")
    @classmethod
    def _is_no_text(cls, value: object) -> object:
        if isinstance(value, str):  # a line without its colon holds a password
            raise ValueError("users belong here, each with the bcrypt hash of a password")
        return value
