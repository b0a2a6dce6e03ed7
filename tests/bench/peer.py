"""What a scrape costs beside modbus_exporter, which reads the same values from the same device."""

import asyncio
import contextlib
import json
import math
import socket
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from exporter.config import load_config
from exporter.maps.model import Word
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.series import Series
from exporter.reading.device.fleet import Fleet
from exporter.reading.plan.spans import Span
from tests.bench.devices import devices
from tests.bench.paths import FORMS
from tests.bench.running import Running, check, exporter
from tests.bench.table import Table
from tests.support import free_port, running, wait_for

PROGRAM = "modbus_exporter"
MODULES = (0, 40)
TURNS = 5  # all take turns, so that a busy moment of the machine meets each
WARM = 5  # scrapes before any is measured
BLOCK = "block"  # what the label `module` is called there
HEADERS = {"Accept": FORMS["OpenMetrics"], "Accept-Encoding": "gzip"}


def peer(scrapes: int) -> Table:
    """CPU of a scrape by modbus_exporter, by `/probe` and by `/metrics`, of the same device in turns."""
    table = Table(
        f"CPU of a scrape of one device in milliseconds, in turns with {PROGRAM} (device 0 ms)",
        ("modules", "values", PROGRAM, "/probe", "/metrics", "/probe over it", "/metrics over it"),
    )
    for modules in MODULES:
        with devices(1, modules) as (target,), exporter([target]) as ours:
            layout = asyncio.run(_layout(target))
            definitions = _definitions(layout)
            with _other(definitions) as other:
                asked = f"/modbus?module=bench&target={target}&sub_target=1"
                ways = ((other, asked), (ours, "/probe?target=d0"), (ours, "/metrics"))
                theirs, probed = (who.get(who.connection(), path) for who, path in ways[:2])
                _compare(theirs, probed, len(definitions), _offsets(layout))
                turns = [
                    [_cost(who, path, max(scrapes // TURNS, 1)) for who, path in ways] for _ in range(TURNS)
                ]
            spent = [statistics.median(costs) for costs in zip(*turns, strict=True)]
            other_ms, probe, metrics = spent
            table.rows.append(
                (
                    f"{modules}", f"{len(definitions)}", *(f"{ms:.2f}" for ms in spent),
                    f"{probe / other_ms:.3f}", f"{metrics / other_ms:.3f}",
                )
            )  # fmt: skip
            table.figures[f"CPU of a /metrics over {PROGRAM}'s, {modules} modules"] = metrics / other_ms
    return table


async def _layout(target: str) -> Layout:
    fleet = Fleet(load_config(targets=[f"bench=tcp://{target}"]))
    loop = asyncio.get_running_loop()
    for _ in range(2):
        snapshot = await fleet.devices["bench"].scrape(loop.time() + 5)
    fleet.close()
    return snapshot.layout


def _definitions(layout: Layout) -> list[dict[str, Any]]:
    """What it is told of a layout: a request for each value, as it reads no two words at once."""
    columns = (column for column in layout.columns if column.series and column.spans)
    return [it for c in columns for at in zip(c.words, c.series, c.spans, strict=True) for it in _of(*at)]


def _of(word: Word, series: Series, span: Span) -> Iterator[dict[str, Any]]:
    known: dict[str, Any] = {
        "name": series.metric.name, "help": series.metric.help, "metricType": "gauge",
        "address": int(f"{span.function}{span.address}"),
        # it has a label `module` of its own, which would hide ours
        "labels": {BLOCK if name == "module" else name: value for name, value in series.labels},
    }  # fmt: skip
    for flag in word.flags:
        labels = {**known["labels"], "flag": flag.name}
        yield {**known, "labels": labels, "dataType": "bool", "bitOffset": flag.mask.bit_length() - 1}
    if word.flag:
        yield {**known, "dataType": "bool", "bitOffset": 0}
    elif not word.flags:
        kind = "int16" if word.type == "int16" else "uint16"
        yield {**known, "dataType": kind, "factor": float(word.scale)}


@contextlib.contextmanager
def _other(definitions: list[dict[str, Any]]) -> Iterator[Running]:
    port = free_port()
    with TemporaryDirectory() as folder:
        file = Path(folder, "modbus.yml")
        module = {"name": "bench", "protocol": "tcp/ip", "metrics": definitions}
        file.write_text(json.dumps({"modules": [module]}))
        flags = [f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        with running([PROGRAM, *flags], Path(folder, "log")) as process:
            wait_for(lambda: _listens(port), what=PROGRAM)
            yield Running(port, process.pid, file)


def _offsets(layout: Layout) -> dict[str, float]:
    """What is added to a number of each metric: it only multiplies."""
    return {
        column.series[0].metric.name: float(column.word.offset) for column in layout.columns if column.series
    }


def _compare(theirs: bytes, ours: bytes, number: int, offsets: Mapping[str, float]) -> None:
    """Raise RuntimeError unless it read `number` values, all of which are the same here."""
    check(ours)
    known = {(name, labels): value for name, labels, value in _samples(ours, "device")}
    found = {
        (name, labels): value + offsets.get(name, 0) for name, labels, value in _samples(theirs, "module")
    }
    wrong = [it for it, value in found.items() if not math.isclose(value, known.get(it, math.nan))]
    if wrong or len(found) != number:
        raise RuntimeError(f"{PROGRAM} read {len(found)} of {number} values, {len(wrong)} of them otherwise")


def _samples(page: bytes, own: str) -> Iterator[tuple[str, frozenset[tuple[str, str]], float]]:
    """The samples of a page, without the label of its `own`."""
    for family in text_string_to_metric_families(page.decode()):
        for name, labels, value, *_ in family.samples:
            others = {k: v for k, v in labels.items() if k != own}
            yield name, frozenset(("module" if k == BLOCK else k, v) for k, v in others.items()), value


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port)):
        return True


def _cost(who: Running, path: str, scrapes: int) -> float:
    """Milliseconds of CPU of a scrape as Prometheus asks: over a kept connection, OpenMetrics, with gzip."""
    connection = who.connection()
    before = 0.0
    for number in range(scrapes + WARM):
        if number == WARM:
            before = who.cpu
        connection.request("GET", path, headers=HEADERS)
        answer = connection.getresponse()
        page = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a scrape of {path} failed: {answer.status}, {page[:200]!r}")
    connection.close()
    return 1000 * (who.cpu - before) / scrapes
