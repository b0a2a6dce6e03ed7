"""OpenTelemetry's variables of the environment, which fill in what the section `otlp` leaves open.

They are read as its specification has them: times in milliseconds, and lists of NAME=VALUE with values
percent-encoded. Those of metrics win over those of everything. None of them switches anything on.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from exporter.config.fields import COMPRESSIONS, header_name
from exporter.config.model import Compression, Header
from exporter.config.problems import Problems, Source
from exporter.plaintext import one_line

LARGEST_SECRET = 16 * 1024  # characters
_TLS_FILES = {"ca_file": "CERTIFICATE", "cert_file": "CLIENT_CERTIFICATE", "key_file": "CLIENT_KEY"}
_TEMPORALITIES = ("cumulative", "delta", "lowmemory")


def check_secret(value: str) -> None:
    """Raise ValueError, which says nothing of it, where no header can hold `value`."""
    if not value:
        raise ValueError("is empty")
    if len(value) > LARGEST_SECRET or not value.isascii() or not value.isprintable():
        raise ValueError("holds no header value: one line of plain characters is right")


class OtelVariables:
    """The variables of one environment; what is wrong is noted as a problem."""

    def __init__(self, problems: Problems, environ: Mapping[str, str]) -> None:
        self._problems = problems
        self._environ = environ

    def interval(self) -> float:
        """Seconds from push to push."""
        return self._seconds("OTEL_METRIC_EXPORT_INTERVAL", 60.0)

    def timeout(self) -> float:
        """Seconds for a request."""
        return self._seconds(self._of_metrics("TIMEOUT"), 10.0)

    def compression(self) -> Compression:
        """How requests are compressed."""
        variable = self._of_metrics("COMPRESSION")
        text = self._text(variable) or "gzip"
        for known in COMPRESSIONS:
            if text == known:
                return known
        self.note(variable, f'"{one_line(text)}" is not one of {", ".join(COMPRESSIONS)}')
        return "gzip"

    def delta(self) -> bool:
        """Whether counters say what they grew by instead of what they count.

        With lowmemory only those do that are not observed when a push is due, and all of ours are.
        """
        variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
        text = self._text(variable)
        if text.lower() not in ("", *_TEMPORALITIES):
            self.note(variable, f'"{one_line(text)}" is not one of {", ".join(_TEMPORALITIES)}')
        return text.lower() == "delta"

    def check_protocol(self) -> None:
        """Whoever asks for gRPC has an endpoint that takes nothing else."""
        variable = self._of_metrics("PROTOCOL")
        if self._text(variable) == "grpc":
            self.note(
                variable, "grpc is not spoken here: write http/protobuf, which collectors take at port 4318"
            )

    def headers(self) -> dict[str, Header]:
        """Headers sent along, by their names in lower case."""
        variable = self._of_metrics("HEADERS")
        found = {}
        for name, value in self._pairs(variable):
            try:
                header_name(name)
            except ValueError as error:
                self.note(variable, str(error))
            try:
                check_secret(value)
            except ValueError as error:
                self.note(variable, f"a value {error}")
            found[name.lower()] = Header(value)
        return found

    def resource(self) -> dict[str, str]:
        """The attributes of all resources."""
        found = dict(self._pairs("OTEL_RESOURCE_ATTRIBUTES"))
        if name := self._text("OTEL_SERVICE_NAME"):
            found["service.name"] = name
        return found

    def tls_files(self) -> dict[str, tuple[str, str]]:
        """The files for TLS by their keys in the section, each as (variable, absolute path)."""
        variables = {key: self._of_metrics(name) for key, name in _TLS_FILES.items()}
        found = {
            key: (variable, str(Path(path).absolute()))
            for key, variable in variables.items()
            if (path := self._text(variable))
        }
        if "cert_file" in found:  # a certificate alone has its key in the same file
            found.setdefault("key_file", found["cert_file"])
        return found

    def note(self, variable: str, message: str) -> None:
        """Note what is wrong with a variable."""
        self._problems.add(Source(flag=variable), (), message)

    def _of_metrics(self, name: str) -> str:
        """The variable of the exporter that is set, that of metrics first."""
        own = f"OTEL_EXPORTER_OTLP_METRICS_{name}"
        return own if self._environ.get(own) else f"OTEL_EXPORTER_OTLP_{name}"

    def _text(self, variable: str) -> str:
        text = self._environ.get(variable, "").strip()
        if not text.isprintable():  # invalid UTF-8 is not printable either
            self.note(variable, "holds characters that are none of plain text")
            return ""
        return text

    def _pairs(self, variable: str) -> list[tuple[str, str]]:
        found = []
        for number, item in enumerate(self._text(variable).split(","), 1):
            name, equals, value = item.partition("=")
            if equals and name.strip():
                found.append((name.strip(), unquote(value).strip()))
            elif item.strip():
                self.note(variable, f"entry {number} is not of the form NAME=VALUE")
        return found

    def _seconds(self, variable: str, default: float) -> float:
        text = self._text(variable)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and 0 < len(text.lstrip("0")) <= 11):
            self.note(variable, f'"{one_line(text)}" is no number of milliseconds above 0')
            return default
        return int(text) / 1000
