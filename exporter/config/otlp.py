"""The section `otlp`: where metrics are pushed to, and how."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.config.model import Header, Otlp, OtlpTls
from exporter.config.otel import LARGEST_SECRET, OtelVariables, check_secret
from exporter.config.problems import Problems, Source
from exporter.config.schema import HeaderEntry, OtlpEntry
from exporter.files import read_file, unreadable
from exporter.hosts import check_host, web_host
from exporter.yamlfile import Place

_PATH = "/v1/metrics"
_CLIENT = frozenset({"cert_file", "key_file"})


def metrics_url(text: str) -> str:
    """The URL that metrics are posted to: `text`, with /v1/metrics at its end. Raises ValueError."""
    if "@" in text:
        raise ValueError("a password does not belong into the endpoint: use headers, from a file or env")
    host = web_host(text)
    if host is None:
        raise ValueError("bad endpoint: write a URL like http://collector:4318")
    if "?" in text or "#" in text or not text.isprintable() or " " in text:
        raise ValueError("bad endpoint: a URL without blanks, ? and # is right")
    try:
        check_host(host)
    except ValueError as error:
        raise ValueError(f"bad endpoint: {error}") from None
    base = text.rstrip("/")
    return base if base.endswith(_PATH) else base + _PATH


class OtlpResolver:
    """Resolves the section of one file; what is wrong is noted as a problem.

    `folder` is that of the file, `environ` the environment.
    """

    def __init__(self, problems: Problems, environ: Mapping[str, str], folder: Path) -> None:
        self._problems = problems
        self._environ = environ
        self._variables = OtelVariables(problems, environ)
        self._folder = folder

    def resolve(self, entry: OtlpEntry, flag: str | None) -> Otlp | None:
        """The settings, None where neither the file nor the flag --otlp.endpoint has an endpoint."""
        endpoint = self._endpoint(entry, flag)
        headers = {name: self._header(name, header) for name, header in entry.headers.items()}
        tls = self._tls(entry, endpoint)
        variables = self._variables
        interval = variables.interval() if entry.interval is None else entry.interval
        timeout = variables.timeout() if entry.timeout is None else entry.timeout
        compression = variables.compression() if entry.compression is None else entry.compression
        if not endpoint:
            return None
        variables.check_protocol()
        written = {name.lower() for name in headers}
        headers |= {name: it for name, it in variables.headers().items() if name not in written}
        resource, delta = variables.resource(), variables.delta()
        return Otlp(endpoint, headers, interval, timeout, compression, tls, resource, delta)

    def _note(self, place: Place, message: str) -> None:
        self._problems.add(Source(("otlp",)), place, message)

    def _endpoint(self, entry: OtlpEntry, flag: str | None) -> str:
        endpoint = ""
        if entry.endpoint is not None:
            try:
                endpoint = metrics_url(entry.endpoint)
            except ValueError as error:
                self._note(("endpoint",), str(error))
        if flag:
            try:
                endpoint = metrics_url(flag)
            except ValueError as error:
                self._problems.add(Source(flag="--otlp.endpoint"), (), str(error))
        return endpoint

    def _header(self, name: str, entry: HeaderEntry) -> Header:
        value = ""
        try:
            value = self._secret(entry)
        except ValueError as error:
            self._note(("headers", name, "env" if entry.file is None else "file"), str(error))
        origin = {"file": self._absolute(entry.file)} if entry.file else {"env": str(entry.env)}
        return Header(value, origin)

    def _secret(self, entry: HeaderEntry) -> str:
        """The value of a header; no error says anything of it. Raises ValueError."""
        if entry.env is None:
            path = self._folder / str(entry.file)
            what = f"file {path}"
            try:
                value = read_file(path, LARGEST_SECRET + 1).decode("latin-1").strip()
            except (OSError, ValueError) as error:
                raise ValueError(unreadable(error)) from None
        else:
            what = f"variable {entry.env}"
            if entry.env not in self._environ:
                raise ValueError(
                    "no variable of the environment has this name (a name belongs here, no value)"
                )
            value = self._environ[entry.env].strip()
        try:
            check_secret(value)
        except ValueError as error:
            raise ValueError(f"{what} {error}") from None
        return value

    def _tls(self, entry: OtlpEntry, endpoint: str) -> OtlpTls:
        given = entry.tls.model_dump(exclude_none=True)
        if given and endpoint.startswith("http:"):
            self._note(("tls",), f"{endpoint} is sent to without TLS: write https, or leave tls out")
        for name, partner in (("cert_file", "key_file"), ("key_file", "cert_file")):
            if name in given and partner not in given:
                self._note(("tls", name), f"a client certificate needs {partner} too")
        paths = {name: self._absolute(text) for name, text in given.items()}
        written = set(given)
        if written & _CLIENT:  # a certificate and its key belong together
            written |= _CLIENT
        from_environment = self._variables.tls_files() if endpoint.startswith("https:") else {}
        filled = {name: it for name, it in from_environment.items() if name not in written}
        tls = OtlpTls(**(paths | {name: path for name, (_, path) in filled.items()}))
        for name, message in _unloadable(tls):
            if name in filled:
                self._variables.note(filled[name][0], message)
            else:
                self._note(("tls", name), message)
        return tls

    def _absolute(self, path: str) -> str:
        return str((self._folder / path).absolute())


def _unloadable(tls: OtlpTls) -> Iterator[tuple[str, str]]:
    """The files that TLS could not use, as (key, message)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file:
        try:
            context.load_verify_locations(tls.ca_file)
        except OSError as error:
            yield "ca_file", f"no certificates in this file: {_reason(error)}"
    if tls.cert_file and tls.key_file:
        try:
            # an encrypted key would make OpenSSL ask on the terminal
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")
        except OSError as error:
            yield "cert_file", f"no certificate with its key in these two files: {_reason(error)}"


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM, or an encrypted key"
    return error.strerror or type(error).__name__
