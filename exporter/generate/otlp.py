"""docs/otlp.md: every metric's two names, from the maps, the read pass and the exporter itself."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.maps.model import Map, Metric
from exporter.maps.series import group_series
from exporter.markdown import table

Labelled = Iterable[tuple[Metric, Sequence[str]]]

_INTRO = """\
# Metrics over OTLP

This page is generated from the register maps: `generex-exporter generate reference`; with `--config FILE`
also from your own maps. [metrics.md](metrics.md) explains the metrics, and
[configuration.md](configuration.md) the keys that switch the push on.

- Each device is a resource: `service.name` (`generex-exporter`), `service.version`, `service.instance.id` and
  `host.name` (both the name of the device), and the device's labels from the configuration. The exporter is
  another resource, with the name of the host that it runs on. `OTEL_SERVICE_NAME` and
  `OTEL_RESOURCE_ATTRIBUTES` apply to all of them.
- Names are those of OpenTelemetry's hardware conventions (`hw.*`, v1.44, in development) if they have one,
  and otherwise begin with `generex.`. Units are UCUM.
- Braces in an attribute stand for a label. A label without such an attribute is an attribute of its own, such
  as `generex.group`. A module of an unknown string has no `hw.parent`.
- `hw.status` has a point for each flag, 1 when it is set and 0 when it is not; the flag is `hw.state`. The
  flags are the vendor's, and `generex.source` says which words they come from.
- A counter of a device counts since the exporter first read it or, after the counter has gone back, since the
  read before that.
- The time of a point is that of the read. Values that were not read are not sent.
- When a point disappears, the push sends it once more with the flag "no recorded value": for a device that
  fell silent, a lost module, a device that a reload removes. Backends that know the flag (Prometheus, Mimir,
  the Collector) end the series at that time. The exporter repeats the flag until a push arrives. A stopped
  exporter sends no such flag, so its last values live on for as long as the backend keeps them, in Prometheus
  five minutes.
- `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta` makes counters send their growth since the last
  push that arrived. The count of a device before its first read is not sent. Growth during a failed push is
  sent with the next one; if only the answer to a push was lost, it counts twice. Prometheus refuses deltas
  unless you switch on a feature for them. `cumulative` is the default; `lowmemory` means the same here,
  because all counters are observed when a push is due.

OTLP is sent over HTTP, not over gRPC. OpenTelemetry's exporter for gRPC takes 29 MB of disk and 37 MB of
memory; the code used here takes 7 MB and 22 MB (version 1.45.2). The gRPC exporter accepts points only in
the classes of the SDK, which cost 17 µs a point instead of 3 µs. Collectors accept HTTP at port 4318 as well
as gRPC at 4317; put a Collector in front of a backend that accepts only gRPC.

In a map of your own a metric may have `otlp` with `name`, `unit` and `attributes`. Without it the name is the
Prometheus name after `generex.`, without `generex_` and `_total`. A metric that a built-in map also has keeps
its name from there.
"""
_HEAD = ("Prometheus", "OTLP", "instrument", "unit", "attributes")


def otlp_page(maps: Mapping[str, Map], pass_metrics: Labelled, own_metrics: Labelled) -> str:
    """The page as Markdown; metrics come with the names of their labels."""
    parts = [_INTRO]
    seen: set[str] = set()
    for item in maps.values():
        labels = {
            metric: [name for name, _ in pairs]
            for group in item.groups
            for _, metric, pairs in group_series(group)
        }
        new = [metric for name, metric in item.metrics.items() if name not in seen]
        seen.update(item.metrics)
        if new:
            rows = [(metric, labels.get(metric.name, sorted(metric.otlp.labels))) for metric in new]
            parts += [f"## Map {item.name}\n", _table(rows)]
    parts += ["## Every read pass\n", _table(pass_metrics), "## The exporter itself\n", _table(own_metrics)]
    return "\n".join(parts)


def _table(metrics: Labelled) -> str:
    return table(_HEAD, (_row(metric, labels) for metric, labels in metrics))


def _row(metric: Metric, labels: Sequence[str]) -> tuple[str, ...]:
    otlp = metric.otlp
    attributes = otlp.attributes({label: f"{{{label}}}" for label in labels})
    shown = ", ".join(f"`{name}`={text}" for name, text in attributes.items())
    return f"`{metric.name}`", f"`{otlp.name}`", otlp.instrument, f"`{otlp.unit}`" if otlp.unit else "", shown
