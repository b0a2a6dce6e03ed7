"""docs/otlp.md: every metric's two names, from the maps, the read pass and the exporter itself."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.maps.model import Map, Metric
from exporter.maps.series import group_series

Labelled = Iterable[tuple[Metric, Sequence[str]]]

_INTRO = """\
# Metrics over OTLP

This page is generated from the register maps: `generex-exporter generate reference`; with `--config FILE`
also from your own maps. What the metrics mean is in [metrics.md](metrics.md), how the push is switched on in
[configuration.md](configuration.md).

- Each device is a resource: `service.name` (`generex-exporter`), `service.version`, `service.instance.id` and
  `host.name` (both the name of the device), and the labels that the configuration gives it. The exporter
  itself is one more, with the name of the host that it runs on. `OTEL_SERVICE_NAME` and
  `OTEL_RESOURCE_ATTRIBUTES` apply to all of them.
- Names are those of OpenTelemetry's hardware conventions (`hw.*`, v1.44, in development) where they have one,
  and begin with `generex.` where they do not. Units are UCUM.
- Attributes hold labels where braces stand; labels that no attribute holds are attributes of their own, such
  as `generex.group`. A module whose string is not known has no `hw.parent`.
- `hw.status` has a point for each flag, 1 when it is set and 0 when it is not; the flag is `hw.state`. The
  flags are the vendor's, and `generex.source` says which words they come from.
- A counter of a device counts since the exporter read it first; once it has gone back, since the read before
  that.
- The time of a point is that of the read. What was not read is not sent.
- A point that was sent before and is not there any more is sent once more, with the flag "no recorded value":
  of a device that fell silent, a module that is lost, a device that a reload removes. Backends that know the
  flag (Prometheus, Mimir, the Collector) end the series at that time. It is told again until a push arrives.
  An exporter that is stopped tells nothing: what it told last lives on for as long as the backend lets it, in
  Prometheus five minutes.
- `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta` makes counters say what they grew by since a push
  arrived last. What a counter of a device had before it was read first is not told, and what grew during a
  push that failed is told with the next; a push whose answer was lost is then counted twice. Prometheus
  refuses deltas unless a feature of it is switched on. `cumulative` is the default; `lowmemory` means the
  same here, as all counters are observed when a push is due.

OTLP is sent over HTTP, not over gRPC. OpenTelemetry's own exporter for gRPC takes 29 MB of disk and 37 MB of
memory where what is used here takes 7 MB and 22 MB (version 1.45.2). It takes its points only in the classes
of the SDK, which cost 17 µs a point instead of 3 µs. Collectors take HTTP at port 4318 beside gRPC at 4317;
for a backend that takes gRPC alone a Collector stands between.

In a map of your own the entry of a metric may have `otlp` with `name`, `unit` and `attributes`. Without it
the name is the Prometheus name after `generex.`, without `generex_` and `_total`; a metric that a built-in
map has too is called as there.
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
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(metric, labels) for metric, labels in metrics)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _row(metric: Metric, labels: Sequence[str]) -> tuple[str, ...]:
    otlp = metric.otlp
    attributes = otlp.attributes({label: f"{{{label}}}" for label in labels})
    shown = ", ".join(f"`{name}`={text}" for name, text in attributes.items())
    return f"`{metric.name}`", f"`{otlp.name}`", otlp.instrument, f"`{otlp.unit}`" if otlp.unit else "", shown
