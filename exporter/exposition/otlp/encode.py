"""Snapshots as OpenTelemetry's messages: one resource per device, the time of a point is that of the read.

OpenTelemetry's SDK takes 17 µs a point for its own classes and for encoding them, this 2 µs: what a point
says beside its value and times is encoded once per layout, which all devices share that are laid out alike.
"""

import math
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    NumberDataPoint,
    ScopeMetrics,
)

from exporter import __version__
from exporter.exposition.otlp.starts import Identity, Starts
from exporter.maps.model import Labels
from exporter.maps.otlp import CONVENTIONS, Otlp
from exporter.reading.decode.pass_metrics import DEVICE_INFO
from exporter.reading.decode.series import Raw, Sample, Series
from exporter.reading.decode.snapshot import Snapshot

SERVICE = "generex-exporter"
Readings = Iterable[tuple[Series, Raw]]

_SCOPE = InstrumentationScope(name=SERVICE, version=__version__)
_REMEMBERED = 50_000  # points of a layout; 330 modules have 7,447, states without a name are ever new ones

Known = dict[tuple[Series, Labels], bytes]
"""The attributes of points, encoded."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request with one resource. The bytes of several, one after the other, are one request with all."""

    body: bytes
    points: int


class Encoder:
    """Makes messages; remembers the attributes of every layout for as long as it is in use.

    `resource` is what the environment says of all resources, and has the last word on the service.
    """

    def __init__(self, resource: Mapping[str, str], starts: Starts) -> None:
        self._service = {"service.name": SERVICE, "service.version": __version__} | dict(resource)
        self._starts = starts
        self._known: WeakKeyDictionary[object, Known] = WeakKeyDictionary()

    def device(self, snapshot: Snapshot) -> Message:
        """One device's pass: everything that was read in it, and nothing else.

        The device is a host of its own, with the labels that the configuration gives it, and an instance of
        the service too, as that is what tells series apart where resources are not kept.
        """
        name = snapshot.device.name
        resource = {**self._service, **snapshot.device.labels, "service.instance.id": name, "host.name": name}
        known = self._known.get(snapshot.layout)
        if known is None:
            known = self._known[snapshot.layout] = {}
        readings = (reading for family in snapshot.readings.values() for reading in family)
        families = _Families(snapshot.time, self._starts, (name, snapshot.device.target), known)
        return families.message(resource, readings)

    def exporter(self, readings: Readings, time: float) -> Message:
        """The exporter's own metrics at `time`, in seconds of the clock, on the host that it runs on."""
        host = socket.gethostname()
        resource = {"service.instance.id": host, "host.name": host} | self._service
        return _Families(time, self._starts, None, {}).message(resource, readings)


class _Families:
    """The metrics of one resource. `identity` is the device whose counters are read, None for own ones."""

    def __init__(self, time: float, starts: Starts, identity: Identity | None, known: Known) -> None:
        self._time = int(time * 1e9)
        self._starts = starts
        self._identity = identity
        self._known = known

    def message(self, resource: Mapping[str, str], readings: Readings) -> Message:
        """All readings as points, family by family."""
        request = ExportMetricsServiceRequest()
        about = request.resource_metrics.add()
        about.resource.attributes.extend(_key_values(resource))
        scope = about.scope_metrics.add(scope=_SCOPE)
        families: dict[str, Any] = {}
        count = 0
        for series, raw in readings:
            samples = [sample for sample in series.samples(raw) if math.isfinite(sample[1])]
            if not samples:
                continue  # what is no number is none
            name = series.metric.otlp.name
            if name not in families:
                families[name] = _family(scope, series)
            self._add(families[name], series, samples)
            count += len(samples)
        return Message(request.SerializeToString(), count)

    def _add(self, points: Any, series: Series, samples: Iterable[Sample]) -> None:
        word, is_sum = series.word, series.metric.otlp.instrument != "gauge"
        # flags and states are whole numbers, everything else may have a fraction
        is_whole = word is not None and bool(series.flags or word.flag or word.states)
        for extra, value in samples:
            attributes = self._known.get((series, extra)) or self._attributes(series, extra)
            point = points.add()
            point.MergeFromString(attributes)
            point.time_unix_nano = self._time
            if is_sum:
                point.start_time_unix_nano = self._start(series.metric.otlp, attributes, value)
            if is_whole:
                point.as_int = int(value)
            else:
                point.as_double = value

    def _attributes(self, series: Series, extra: Labels) -> bytes:
        found = series.metric.otlp.attributes(dict((*series.labels, *extra)))
        encoded: bytes = NumberDataPoint(attributes=_key_values(found)).SerializeToString()
        if series.metric is not DEVICE_INFO:  # the one series that no two devices share
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[series, extra] = encoded
        return encoded

    def _start(self, otlp: Otlp, attributes: bytes, value: float) -> int:
        if otlp.instrument == "updowncounter":
            return self._starts.since
        # nobody knows when a counter of a device began: it counts since it was read first
        first = self._starts.since if self._identity is None else self._time
        return self._starts.of_counter((self._identity, otlp.name, attributes), value, self._time, first)


def _family(scope: ScopeMetrics, series: Series) -> Any:
    """A new metric in `scope`, for the family of the series; gives the list of its points."""
    otlp = series.metric.otlp
    convention = CONVENTIONS.get(otlp.name)
    # several metrics may have the same name by the conventions, and it can be described only once
    description = convention.description if convention else series.metric.help
    metric = scope.metrics.add(name=otlp.name, description=description, unit=otlp.unit)
    if otlp.instrument == "gauge":
        return metric.gauge.data_points
    metric.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.sum.is_monotonic = otlp.instrument == "counter"
    return metric.sum.data_points


def _key_values(attributes: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=text)) for name, text in attributes.items()]
