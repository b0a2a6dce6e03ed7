"""The OTLP form of a map's metrics: what the map says, what another map says of the same metric, or none."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from exporter.maps.model import Map, Metric
from exporter.maps.otlp import Otlp, derived_name, instrument_of, unit_of
from exporter.maps.schema import OtlpEntry


def with_otlp(
    metric: Metric, entry: OtlpEntry | None, labels: Collection[str] | None, others: Iterable[Map]
) -> Metric:
    """The metric with its OTLP form. `labels` are those of its series, None where no word makes any.

    Without an entry a metric is what another map says of it, if that fits here. Raises ValueError.
    """
    if entry is None:
        known = next((m.metrics[metric.name].own_otlp for m in others if metric.name in m.metrics), None)
        fits = (
            known
            and known.unit == unit_of(known.name, metric.name, metric.unit)
            and _fault(known, labels) is None
        )
        return replace(metric, own_otlp=known) if fits else metric
    name = entry.name or derived_name(metric.name)
    otlp = Otlp(
        name,
        entry.unit or unit_of(name, metric.name, metric.unit),
        instrument_of(name, metric.type),
        tuple(entry.attributes.items()),
    )
    fault = _fault(otlp, labels)
    if fault:
        raise ValueError(fault)
    return replace(metric, own_otlp=otlp)


def _fault(otlp: Otlp, labels: Collection[str] | None) -> str | None:
    # sensors get their labels from the configuration
    return otlp.fault(otlp.labels if labels is None else labels)
