"""From certificates as PEM bytes to what one handshake needs."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from exporter.errors import UserError
from exporter.web.security.names import CIPHERS, CURVES, VERSIONS
from exporter.web.security.webconfig import Pem, TlsSettings


@dataclass(frozen=True)
class Credentials:
    """The PEM bytes of the certificate, its key and the client CAs, as they were read at one time."""

    cert: bytes
    key: bytes
    client_ca: bytes | None

    @classmethod
    def read(cls, settings: TlsSettings) -> "Credentials":
        """Read them all. Raises UserError when one cannot be read."""
        ca = settings.client_ca
        return cls(settings.cert.read(), settings.key.read(), ca.read() if ca else None)


@dataclass(frozen=True)
class Handshake:
    """What a connection is greeted with."""

    context: ssl.SSLContext
    allowed_sans: frozenset[str] | None

    def admits(self, peer: ssl.SSLObject) -> bool:
        """Whether the certificate that the client gave, if it gave one, has an allowed name."""
        certificate = peer.getpeercert()
        if self.allowed_sans is None or not certificate:
            return True
        return not self.allowed_sans.isdisjoint(_names(certificate))


def make_handshake(settings: TlsSettings, credentials: Credentials) -> Handshake:
    """A TLS context by the settings. Raises UserError that names the certificate, key or CA at fault."""
    entry = settings.entry
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[entry.min_version]
    context.maximum_version = VERSIONS[entry.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if not entry.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if entry.cipher_suites:
        ciphers = [CIPHERS[name] for name in entry.cipher_suites if name in CIPHERS]
        if ciphers:
            context.set_ciphers(":".join(ciphers))
        else:  # those of TLS 1.3 are always on, and there is none for 1.2
            context.minimum_version = ssl.TLSVersion.TLSv1_3
    if len(set(entry.curve_preferences)) == 1:
        context.set_ecdh_curve(CURVES[entry.curve_preferences[0]])
    _load_pair(context, settings, credentials)
    if settings.requires_client:
        context.verify_mode = ssl.CERT_REQUIRED
    elif entry.client_auth_type == "VerifyClientCertIfGiven":
        context.verify_mode = ssl.CERT_OPTIONAL
    if settings.client_ca is not None and credentials.client_ca is not None:
        with _file(credentials.client_ca) as path:
            try:
                context.load_verify_locations(path)
            except (OSError, ValueError) as error:
                raise _unusable(settings.client_ca, error) from None
    sans = entry.client_allowed_sans
    return Handshake(context, None if sans is None else frozenset(map(_plain, sans)))


def _load_pair(context: ssl.SSLContext, settings: TlsSettings, credentials: Credentials) -> None:
    def no_password() -> str:
        # without this OpenSSL would ask for it on the terminal
        raise UserError(f"{settings.key.place}: the key is encrypted, which is not supported")

    with _file(credentials.cert) as cert, _file(credentials.key) as key:
        try:
            context.load_cert_chain(cert, key, no_password)
        except (OSError, ValueError) as error:
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
                text = f"{settings.key.place}: the key does not belong to the certificate"
                raise UserError(text) from None
            at_fault = settings.key if _is_certificate(cert) else settings.cert
            raise _unusable(at_fault, error) from None


def _is_certificate(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except OSError:
        return False
    return True


def _unusable(pem: Pem, error: Exception) -> UserError:
    reason = getattr(error, "reason", None) or error
    return UserError(f"{pem.place}: no usable PEM data in this {'file' if pem.path else 'text'}: {reason}")


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    """A path for OpenSSL, which reads keys from files only; the content never reaches a disk.

    So what was read and compared is what is used, and a read-only root file system does not matter.
    """
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _names(certificate: Any) -> set[str]:
    """The DNS, e-mail, IP and URI names of a certificate as Python's TLS gives it."""
    names: set[str] = set()
    for kind, value in certificate.get("subjectAltName", ()):
        if kind in ("DNS", "email", "URI"):
            names.add(value)
        elif kind == "IP Address":
            names.add(_plain(value))
    return names


def _plain(name: str) -> str:
    """An address in its one shortest writing; any other name as it is."""
    try:
        return str(ip_address(name.strip()))
    except ValueError:
        return name
