"""The YAML form of the configuration. The descriptions here are the configuration reference."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from exporter.config.allow import FORMS
from exporter.config.device_schema import DeviceEntry, ModuleEntry
from exporter.config.fields import (
    AllowText,
    HeaderName,
    ModuleName,
    PlainText,
    PositiveDuration,
    Section,
    WebUrl,
)


class ProbeEntry(Section):
    """Addresses that /probe may ask in addition to the configured devices."""

    allow: list[AllowText] = Field(
        default=[],
        description=f"Networks and host names that /probe may ask, at port 502 unless written: {FORMS}.",
    )
    max_concurrent: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50,
        description="Most probes of other addresses, and debug probes, at once; further ones get a 503. "
        "Scrapes of configured devices share their passes and are not counted.",
    )


class HeaderEntry(Section):
    """Source of a header's value: a file, or an environment variable."""

    file: PlainText | None = Field(
        default=None,
        description="File with the value in one line; a relative path starts at the folder of this file.",
    )
    env: PlainText | None = Field(
        default=None, description="Name of the environment variable with the value."
    )

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, data: object) -> object:
        # what stands there instead is the secret itself: it is not shown
        if not isinstance(data, dict):
            raise ValueError("no value belongs here: write {file: FILE} or {env: NAME}, where it is")
        if not data.keys() <= {"file", "env"}:
            raise ValueError("no other key than file and env belongs here, with where the value is")
        return data

    @model_validator(mode="after")
    def _is_one(self) -> "HeaderEntry":
        if (self.file is None) == (self.env is None):
            raise ValueError("a header has its value from a file or from env: give one of them")
        return self


class TlsEntry(Section):
    """TLS towards a collector at an https address; relative paths start at the folder of this file."""

    ca_file: PlainText | None = Field(
        default=None,
        description="CA certificates (PEM) for the collector's certificate; the default is the system's.",
    )
    cert_file: PlainText | None = Field(
        default=None, description="Client certificate (PEM), if the collector asks for one."
    )
    key_file: PlainText | None = Field(
        default=None, description="Key (PEM, not encrypted) of the client certificate."
    )


class OtlpEntry(Section):
    """Push of all metrics over OTLP/HTTP; it needs an endpoint, here or by --otlp.endpoint."""

    endpoint: PlainText | None = Field(
        default=None,
        description="Address of the collector, like http://collector:4318; /v1/metrics is added if it is "
        "missing. --otlp.endpoint wins.",
    )
    headers: dict[HeaderName, HeaderEntry] = Field(
        default={},
        description="Headers of the push, such as Authorization; they win over OTEL_EXPORTER_OTLP_HEADERS.",
        json_schema_extra={"additionalProperties": False},
    )
    interval: PositiveDuration | None = Field(
        default=None,
        description="Time between pushes; the default is OTEL_METRIC_EXPORT_INTERVAL (milliseconds), else "
        "1m.",
    )
    timeout: PositiveDuration | None = Field(
        default=None,
        description="Longest time for a request with its repetitions; the default is "
        "OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds), else 10s.",
    )
    compression: Literal["gzip", "none"] | None = Field(
        default=None,
        description="Compression of the requests; the default is OTEL_EXPORTER_OTLP_COMPRESSION, else gzip.",
    )
    tls: TlsEntry = Field(
        default=TlsEntry(),
        description="Certificates; they win over OTEL_EXPORTER_OTLP_CERTIFICATE and the like.",
    )

    @field_validator("headers", mode="before")
    @classmethod
    def _is_no_text(cls, value: object) -> object:
        if isinstance(value, str):  # with the secret in it
            raise ValueError("names of headers belong here, each with {file: FILE} or {env: NAME}")
        return value


class LinksEntry(Section):
    """Links from the pages to other programs."""

    grafana: WebUrl | None = Field(
        default=None,
        description="Address of the Grafana with the boards, like https://grafana.example; the page of a "
        "device then links to its board.",
    )


class ConfigEntry(Section):
    """Configuration of generex-exporter."""

    devices: list[DeviceEntry] = Field(
        default=[], description="The devices that /metrics reads and /sd lists."
    )
    modules: dict[ModuleName, ModuleEntry] = Field(
        default={},
        description="Modules of your own by name; one named like a built-in module replaces it.",
        json_schema_extra={"additionalProperties": False},
    )
    maps: list[PlainText] = Field(
        default=[],
        description="Files with your own register maps; relative paths start at the folder of this file.",
    )
    probe: ProbeEntry = Field(
        default=ProbeEntry(), description="Which other addresses /probe may ask, and how many at once."
    )
    otlp: OtlpEntry = Field(default=OtlpEntry(), description="Push of all metrics over OTLP; off by default.")
    links: LinksEntry = Field(default=LinksEntry(), description="Where the pages link to other programs.")


def config_json_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the configuration file."""
    schema = ConfigEntry.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "generex-exporter"}
