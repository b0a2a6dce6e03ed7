"""What a scrape of one device costs by `/probe` and by `/metrics`, however it is asked for."""

import statistics
from http.client import HTTPConnection

from tests.bench.devices import devices
from tests.bench.running import Running, check, exporter
from tests.bench.table import Table

MODULES = (0, 40, 330)
PROBE, METRICS = "/probe?target=d0", "/metrics"
FORMS = {"text": "text/plain;version=0.0.4", "OpenMetrics": "application/openmetrics-text;version=1.0.0"}
TURNS = 5  # both paths take turns, so that a busy moment of the machine meets both
WARM = 5  # scrapes before those that are measured


def paths(scrapes: int) -> Table:
    """CPU of a scrape by both paths; Prometheus asks for gzip over connections that it keeps."""
    table = Table(
        "CPU of a scrape of one device in milliseconds by both paths, as it is asked for (device 0 ms)",
        ("modules", "connection", "form", "encoding", "/probe", "/metrics", "/metrics over /probe"),
    )
    for modules in MODULES:
        with devices(1, modules) as (target,), exporter([target]) as running:
            for path in (PROBE, METRICS):
                check(running.get(running.connection(), path))
            for kept in (True, False):
                for form, accept in FORMS.items():
                    for encoding in ("identity", "gzip"):
                        headers = {"Accept": accept, "Accept-Encoding": encoding}
                        probe, metrics = _both(running, headers, kept, scrapes)
                        connection = "kept" if kept else "new"
                        numbers = f"{probe:.2f}", f"{metrics:.2f}", f"{metrics / probe:.2f}"
                        table.rows.append((f"{modules}", connection, form, encoding, *numbers))
                        if (connection, form, encoding) == ("kept", "OpenMetrics", "gzip"):
                            for path, milliseconds in (("/probe", probe), ("/metrics", metrics)):
                                figure = f"CPU ms a {path} as Prometheus asks, {modules} modules"
                                table.figures[figure] = milliseconds
    return table


def _both(running: Running, headers: dict[str, str], kept: bool, scrapes: int) -> tuple[float, float]:
    """Milliseconds by each path: the median of the turns."""
    spent: dict[str, list[float]] = {PROBE: [], METRICS: []}
    for _ in range(TURNS):
        for path, found in spent.items():
            _scrape(running, path, headers, kept, WARM)
            before = running.cpu
            _scrape(running, path, headers, kept, scrapes)
            found.append(1000 * (running.cpu - before) / scrapes)
    return statistics.median(spent[PROBE]), statistics.median(spent[METRICS])


def _scrape(running: Running, path: str, headers: dict[str, str], kept: bool, times: int) -> None:
    connection: HTTPConnection | None = None
    for _ in range(times):
        connection = connection if connection and kept else running.connection()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        page = answer.read()
        if answer.status != 200 or not page:
            raise RuntimeError(f"a scrape of {path} failed: {answer.status}, {page[:200]!r}")
        if not kept:
            connection.close()
    if connection:
        connection.close()
