"""The section `otlp`: where metrics are pushed to, and what the OTEL_* variables fill in.

Those are read as OpenTelemetry's specification has them, with times in milliseconds; their headers and TLS
files are left to OpenTelemetry's own exporter. None of them switches anything on: that takes an endpoint of
ours.
"""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from exporter.config.fields import COMPRESSIONS
from exporter.config.model import Compression, Header, Otlp, OtlpTls
from exporter.config.problems import Problems, Source
from exporter.config.schema import HeaderEntry, OtlpEntry
from exporter.yamlfile import Place, one_line

_PATH = "/v1/metrics"
_LARGEST_SECRET = 16 * 1024


def metrics_url(text: str) -> str:
    """The URL that metrics are posted to: `text`, with /v1/metrics at its end. Raises ValueError."""
    if "@" in text:
        raise ValueError("a password does not belong into the endpoint: use headers, from a file or env")
    try:
        url = urlsplit(text)
        if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
            raise ValueError
    except ValueError:  # no port, half an IPv6 address
        raise ValueError("bad endpoint: write a URL like http://collector:4318") from None
    if "?" in text or "#" in text or not text.isprintable() or " " in text:
        raise ValueError("bad endpoint: a URL without blanks, ? and # is right")
    base = text.rstrip("/")
    return base if base.endswith(_PATH) else base + _PATH


class OtlpResolver:
    """Resolves the section of one file; what is wrong is noted as a problem.

    `folder` is that of the file, `environ` the environment.
    """

    def __init__(self, problems: Problems, environ: Mapping[str, str], folder: Path) -> None:
        self._problems = problems
        self._environ = environ
        self._folder = folder

    def resolve(self, entry: OtlpEntry, flag: str | None) -> Otlp | None:
        """The settings, None where neither the file nor the flag --otlp.endpoint has an endpoint."""
        endpoint = self._endpoint(entry, flag)
        headers = {name: self._header(name, header) for name, header in entry.headers.items()}
        tls = self._tls(entry, endpoint)
        interval, timeout, compression = entry.interval, entry.timeout, entry.compression
        if interval is None:
            interval = self._milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 60.0)
        if timeout is None:
            timeout = self._milliseconds(self._variable("TIMEOUT"), 10.0)
        if compression is None:
            compression = self._compression()
        if not endpoint:
            return None
        return Otlp(endpoint, headers, interval, timeout, compression, tls)

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
                with path.open("rb") as file:
                    value = file.read(_LARGEST_SECRET + 1).decode("latin-1").strip()
            except (OSError, ValueError) as error:
                raise ValueError(f"cannot read the file that is named here: {_reason(error)}") from None
        else:
            what = f"variable {entry.env}"
            if entry.env not in self._environ:
                raise ValueError(
                    "no variable of the environment has this name (a name belongs here, no value)"
                )
            value = self._environ[entry.env].strip()
        if not value:
            raise ValueError(f"{what} is empty")
        if len(value) > _LARGEST_SECRET or not value.isascii() or not value.isprintable():
            raise ValueError(f"{what} holds no header value: one line of plain characters is right")
        return value

    def _tls(self, entry: OtlpEntry, endpoint: str) -> OtlpTls:
        given = entry.tls.model_dump(exclude_none=True)
        if given and endpoint.startswith("http:"):
            self._note(("tls",), f"{endpoint} is sent to without TLS: write https, or leave tls out")
        for name, partner in (("cert_file", "key_file"), ("key_file", "cert_file")):
            if name in given and partner not in given:
                self._note(("tls", name), f"a client certificate needs {partner} too")
        tls = OtlpTls(**{name: self._absolute(text) for name, text in given.items()})
        for place, message in _unloadable(tls):
            self._note(("tls", place), message)
        return tls

    def _absolute(self, path: str) -> str:
        return str((self._folder / path).absolute())

    def _variable(self, name: str) -> str:
        """The variable of the exporter that is set, that of metrics first."""
        own = f"OTEL_EXPORTER_OTLP_METRICS_{name}"
        return own if self._environ.get(own) else f"OTEL_EXPORTER_OTLP_{name}"

    def _milliseconds(self, variable: str, default: float) -> float:
        text = self._environ.get(variable, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and 0 < len(text.lstrip("0")) <= 11):
            message = f'"{one_line(text)}" is no number of milliseconds above 0'
            self._problems.add(Source(flag=variable), (), message)
            return default
        return int(text) / 1000

    def _compression(self) -> Compression:
        variable = self._variable("COMPRESSION")
        text = self._environ.get(variable, "").strip() or "gzip"
        for known in COMPRESSIONS:
            if text == known:
                return known
        message = f'"{one_line(text)}" is none of {", ".join(COMPRESSIONS)}'
        self._problems.add(Source(flag=variable), (), message)
        return "gzip"


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


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM, or an encrypted key"
    return getattr(error, "strerror", None) or type(error).__name__
