"""Snapshots as OpenTelemetry's metrics: one resource per device, the time of a point is that of the read."""

import math
import socket
from collections.abc import Iterable, Mapping

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporter import __version__
from exporter.exposition.otlp.starts import Identity, Starts
from exporter.maps.otlp import CONVENTIONS, Otlp
from exporter.reading.snapshot import Raw, Series, Snapshot

SERVICE = "generex-exporter"
Readings = Iterable[tuple[Series, Raw]]

_SCOPE = InstrumentationScope(SERVICE, __version__)


def service_resource() -> Resource:
    """What all resources share; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word."""
    own = Resource({"service.name": SERVICE, "service.version": __version__})
    return own.merge(OTELResourceDetector().detect())


def device_resource(service: Resource, snapshot: Snapshot) -> Resource:
    """A device: a host of its own, with the labels that the configuration gives it.

    It is an instance of the service too, as that is what tells series apart where resources are not kept.
    """
    name = snapshot.device.name
    own = {"service.instance.id": name, "host.name": name}
    return service.merge(Resource({**snapshot.device.labels, **own}))


def exporter_resource(service: Resource) -> Resource:
    """The exporter itself, on the host that it runs on."""
    host = socket.gethostname()
    return Resource({"service.instance.id": host, "host.name": host}).merge(service)


def device_metrics(service: Resource, snapshot: Snapshot, starts: Starts) -> ResourceMetrics:
    """One device's pass: everything that was read in it, and nothing else."""
    readings = (reading for family in snapshot.readings.values() for reading in family)
    identity = (snapshot.device.name, snapshot.device.target)
    families = _Families(_nanoseconds(snapshot.time), starts, identity)
    return _resource_metrics(device_resource(service, snapshot), families.of(readings))


def exporter_metrics(service: Resource, readings: Readings, time: float, starts: Starts) -> ResourceMetrics:
    """The exporter's own metrics at `time`, in seconds of the clock."""
    families = _Families(_nanoseconds(time), starts, None)
    return _resource_metrics(exporter_resource(service), families.of(readings))


class _Families:
    """The metrics of one resource. `identity` is the device whose counters are read, None for own ones."""

    def __init__(self, time: int, starts: Starts, identity: Identity | None) -> None:
        self._time = time
        self._starts = starts
        self._identity = identity

    def of(self, readings: Readings) -> list[Metric]:
        """All readings as points, family by family."""
        families: dict[str, tuple[Series, list[NumberDataPoint]]] = {}
        for series, raw in readings:
            otlp = series.metric.otlp
            _, points = families.setdefault(otlp.name, (series, []))
            # flags and states are whole numbers, everything else may have a fraction
            number = (
                int if series.word and (series.flags or series.word.flag or series.word.states) else float
            )
            for extra, value in series.samples(raw):
                if not math.isfinite(value):
                    continue  # what is no number is none
                attributes = otlp.attributes(dict((*series.labels, *extra)))
                start = self._start(otlp, attributes, value)
                points.append(NumberDataPoint(attributes, start, self._time, number(value)))
        return [_metric(series, points) for series, points in families.values() if points]

    def _start(self, otlp: Otlp, attributes: Mapping[str, str], value: float) -> int:
        if otlp.instrument == "gauge":
            return 0  # says nothing
        if otlp.instrument == "updowncounter":
            return self._starts.since
        # nobody knows when a counter of a device began: it counts since it was read first
        first = self._starts.since if self._identity is None else self._time
        counter = (self._identity, otlp.name, *sorted(attributes.items()))
        return self._starts.of_counter(counter, value, self._time, first)


def _metric(series: Series, points: list[NumberDataPoint]) -> Metric:
    otlp = series.metric.otlp
    convention = CONVENTIONS.get(otlp.name)
    # several metrics may have the same name by the conventions, and it can be described only once
    description = convention.description if convention else series.metric.help
    data: Gauge | Sum = Gauge(points)
    if otlp.instrument != "gauge":
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=otlp.instrument == "counter")
    return Metric(otlp.name, description, otlp.unit, data)


def _resource_metrics(resource: Resource, metrics: list[Metric]) -> ResourceMetrics:
    return ResourceMetrics(resource, [ScopeMetrics(_SCOPE, metrics, "")], "")


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
