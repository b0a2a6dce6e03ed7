"""Sends snapshots to a collector with OpenTelemetry's own exporter. Blocking: for a thread."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import requests
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, ResourceMetrics

from exporter.config import Otlp
from exporter.exposition.otlp.encode import Readings, device_metrics, exporter_metrics, service_resource
from exporter.exposition.otlp.starts import Starts
from exporter.reading.snapshot import Snapshot

# 330 modules are 7,447 points in 1.1 MB (measured), and a collector takes 20 MiB unless told otherwise
_MOST_POINTS = 10_000

_COMPRESSION = {"gzip": Compression.Gzip, "none": Compression.NoCompression}


class Sender:
    """Sends to one collector."""

    def __init__(self, settings: Otlp, starts: Starts) -> None:
        self.settings = settings
        self._starts = starts
        self._service = service_resource()
        self._session = _Session()
        logging.getLogger("opentelemetry.util.re").addFilter(_hide_header)
        self._exporter = OTLPMetricExporter(
            endpoint=settings.endpoint,
            certificate_file=settings.tls.ca_file,
            client_certificate_file=settings.tls.cert_file,
            client_key_file=settings.tls.key_file,
            headers={name: header.value for name, header in settings.headers.items()},
            timeout=settings.timeout,
            compression=_COMPRESSION[settings.compression],
            session=self._session,
        )
        # the SDK would log every failure anew; ours is one line, with what the session has seen
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)

    def send(self, snapshots: Sequence[Snapshot], own: Readings, time: float) -> str:
        """Send these passes, and the exporter's own readings of `time`. What went wrong, or nothing."""
        devices = (device_metrics(self._service, snapshot, self._starts) for snapshot in snapshots)
        exporter = exporter_metrics(self._service, own, time, self._starts)
        for batch in _batches(chain([exporter], devices)):
            self._session.trouble = "not sent"
            if self._exporter.export(MetricsData(batch)) is not MetricExportResult.SUCCESS:
                return self._session.trouble
        return ""

    def close(self) -> None:
        """Give up: what is under way is not tried again."""
        self._exporter.shutdown()


def _hide_header(record: logging.LogRecord) -> bool:
    """Take a header of the OTEL_* variables that cannot be read out of the SDK's warning: it is a secret."""
    record.args = ("not shown",)
    return True


class _NotTakenError(Exception):
    """An answer that is no success, whatever its status says."""


class _Session(requests.Session):
    """Remembers in `trouble` why the last request failed, and sees what the SDK takes for success."""

    trouble = ""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send one request and look at the answer."""
        try:
            response = super().send(request, **options)
            _check(response)
        except Exception as error:
            self.trouble = _innermost(error)
            raise
        self.trouble = f"{response.status_code} {response.reason}"
        return response

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> dict[str, Any]:
        """Let REQUESTS_CA_BUNDLE not win over the authorities that are configured, as it would."""
        if isinstance(self.verify, str):
            verify = self.verify
        settings: dict[str, Any] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return settings


def _check(response: requests.Response) -> None:
    if response.is_redirect:
        raise _NotTakenError(
            f"redirected to {response.headers['Location']}: give that address as the endpoint"
        )
    if response.status_code != 200:
        return
    try:
        partial = ExportMetricsServiceResponse.FromString(response.content).partial_success
    except DecodeError:
        return  # taken, and answered in another form
    if partial.rejected_data_points:
        raise _NotTakenError(f"{partial.rejected_data_points} points rejected: {partial.error_message}")


def _innermost(error: BaseException) -> str:
    """What happened at the socket: requests and urllib3 wrap it several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _batches(resources: Iterable[ResourceMetrics]) -> Iterator[list[ResourceMetrics]]:
    """The resources in as few requests as their size allows, made when needed; a device is never split."""
    batch: list[ResourceMetrics] = []
    points = 0
    for resource in resources:
        size = sum(len(m.data.data_points) for scope in resource.scope_metrics for m in scope.metrics)
        if batch and points + size > _MOST_POINTS:
            yield batch
            batch, points = [], 0
        batch.append(resource)
        points += size
    yield batch
