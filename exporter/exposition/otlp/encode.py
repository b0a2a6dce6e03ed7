"""Snapshots as OpenTelemetry's messages: one resource per device, the time of a point is that of the read.

A point that was sent before and is not there any more is sent once more, with the flag "no recorded value".

OpenTelemetry's SDK takes 17 µs a point for its own classes and for encoding them, this 2 µs: what a point
says beside its value and times is encoded once per layout, which all devices share that are laid out alike.
"""

import math
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
    NumberDataPoint,
    ScopeMetrics,
)

from exporter import __version__
from exporter.exposition.otlp.past import Identity, Past, Resource, Told
from exporter.maps.model import Labels, Metric
from exporter.maps.otlp import CONVENTIONS
from exporter.maps.pass_metrics import DEVICE_INFO
from exporter.reading.decode.series import Raw, Series
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
    told: Told


class Encoder:
    """Makes messages; remembers the attributes of every layout for as long as it is in use.

    `resource` is what the environment says of all resources, and has the last word on the service. With
    `delta` counters say what they grew by since a collector took them last.
    """

    def __init__(self, resource: Mapping[str, str], past: Past, *, delta: bool = False) -> None:
        self._service = {"service.name": SERVICE, "service.version": __version__} | dict(resource)
        self._past = past
        self._delta = delta
        self._known: WeakKeyDictionary[object, Known] = WeakKeyDictionary()

    def messages(self, snapshots: Sequence[Snapshot], own: Readings, time: float) -> Iterator[Message]:
        """All of a push, made when needed: the exporter's own readings of `time`, in seconds of the clock,
        each device, and the end of those that there are no longer.
        """
        told = set()
        for message in chain([self._exporter(own, time)], map(self._device, snapshots)):
            told.add(message.told.resource)
            yield message
        for resource in self._past.others(told):
            yield self._message(dict(resource), (), time, None, {})

    def _device(self, snapshot: Snapshot) -> Message:
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
        identity = (name, snapshot.device.target)
        return self._message(resource, readings, snapshot.time, identity, known)

    def _exporter(self, readings: Readings, time: float) -> Message:
        """The exporter's own metrics, on the host that it runs on."""
        host = socket.gethostname()
        resource = {"service.instance.id": host, "host.name": host} | self._service
        return self._message(resource, readings, time, None, {})

    def _message(
        self,
        resource: Mapping[str, str],
        readings: Readings,
        time: float,
        identity: Identity | None,
        known: Known,
    ) -> Message:
        return _Families(time, self._past, identity, known, delta=self._delta).message(resource, readings)


class _Families:
    """The metrics of one resource. `identity` is the device whose counters are read, None for own ones."""

    def __init__(
        self, time: float, past: Past, identity: Identity | None, known: Known, *, delta: bool
    ) -> None:
        self._time = int(time * 1e9)
        self._past = past
        self._identity = identity
        self._known = known
        self._delta = delta
        self._families: dict[str, Any] = {}
        self._points: dict[str, tuple[Metric, list[bytes]]] = {}
        self._deltas: list[tuple[Identity, int, float]] = []

    def message(self, resource: Mapping[str, str], readings: Readings) -> Message:
        """All readings as points, family by family, and then what has ended."""
        request = ExportMetricsServiceRequest()
        about = request.resource_metrics.add()
        about.resource.attributes.extend(_key_values(resource))
        scope = about.scope_metrics.add(scope=_SCOPE)
        for series, raw in readings:
            self._add(scope, series, raw)
        key: Resource = tuple(sorted(resource.items()))
        for metric, gone in self._past.ended(key, self._points):
            points = self._family(scope, metric)
            for attributes in gone:
                point = points.add(time_unix_nano=self._time, flags=DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)
                point.MergeFromString(attributes)
        count = sum(map(len, self._families.values()))
        return Message(request.SerializeToString(), count, Told(key, self._points, self._deltas))

    def _add(self, scope: ScopeMetrics, series: Series, raw: Raw) -> None:
        word, metric = series.word, series.metric
        name, instrument = metric.otlp.name, metric.otlp.instrument
        # flags and states are whole numbers, everything else may have a fraction
        is_whole = word is not None and bool(series.flags or word.flag or word.states)
        for extra, value in series.samples(raw):
            if not math.isfinite(value):
                continue  # not a number
            attributes = self._known.get((series, extra)) or self._attributes(series, extra)
            start = self._past.since if instrument == "updowncounter" else 0
            if instrument == "counter":
                start, value = self._counter((self._identity, name, attributes), value)
                if self._delta and start >= self._time:
                    continue  # nobody knows yet how much it grew
            point = (self._families.get(name) or self._family(scope, metric)).add()
            point.MergeFromString(attributes)
            point.time_unix_nano = self._time
            if start:
                point.start_time_unix_nano = start
            if is_whole:
                point.as_int = int(value)
            else:
                point.as_double = value
            if name in self._points:
                self._points[name][1].append(attributes)
            elif not (self._delta and instrument == "counter"):  # what it grew by does not live on
                self._points[name] = metric, [attributes]

    def _attributes(self, series: Series, extra: Labels) -> bytes:
        found = series.metric.otlp.attributes(dict((*series.labels, *extra)))
        encoded: bytes = NumberDataPoint(attributes=_key_values(found)).SerializeToString()
        if series.metric is not DEVICE_INFO:  # the one series that no two devices share
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[series, extra] = encoded
        return encoded

    def _counter(self, counter: Identity, value: float) -> tuple[int, float]:
        """Since when a counter counts, and how much.

        Nobody knows when one of a device began: it counts since it was read first.
        """
        is_own = self._identity is None
        first = self._past.since if is_own else self._time
        if not self._delta:
            return self._past.start(counter, value, self._time, first), value
        since, grown = self._past.delta(counter, value, (first, 0.0 if is_own else value))
        self._deltas.append((counter, self._time, grown))
        return since, grown

    def _family(self, scope: ScopeMetrics, metric: Metric) -> Any:
        """The list of the points of a metric's family, which is added to `scope` when it is new."""
        otlp = metric.otlp
        if otlp.name not in self._families:
            convention = CONVENTIONS.get(otlp.name)
            # several metrics may have the same name by the conventions, and it can be described only once
            description = convention.description if convention else metric.help
            family = scope.metrics.add(name=otlp.name, description=description, unit=otlp.unit)
            if otlp.instrument == "gauge":
                self._families[otlp.name] = family.gauge.data_points
            else:
                is_counter = family.sum.is_monotonic = otlp.instrument == "counter"
                family.sum.aggregation_temporality = (
                    AGGREGATION_TEMPORALITY_DELTA
                    if self._delta and is_counter
                    else AGGREGATION_TEMPORALITY_CUMULATIVE
                )
                self._families[otlp.name] = family.sum.data_points
        return self._families[otlp.name]


def _key_values(attributes: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=text)) for name, text in attributes.items()]
