"""What the boards cost a Prometheus: CPU of its process for the queries of each, as a browser sends them."""

import argparse
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from exporter.generate import dashboards
from exporter.maps import built_in_maps
from tests.bench.devices import devices
from tests.bench.prometheus import Prometheus, prometheus
from tests.bench.rules import DAY, DEVICES, MODULES, PER, depths, many, read, recorded, rule_groups
from tests.bench.running import exporter
from tests.bench.table import Table

STEP = 90  # seconds, of a day on a screen
_FILLED = {
    "$__rate_interval": "105s", "$__range": "1d", "$__interval": f"{STEP}s", "$job": ".+", "$instance": ".+",
    "$site": ".*", "$elapsed": "5m",
}  # fmt: skip
_ONE = {"ups.json", "bacs.json"}
"""Boards that open on one device; the fleet is told for PER of them."""


def boards(scrapes: int) -> Table:
    """The queries of the boards that show devices, over a day of history."""
    parser = argparse.ArgumentParser()
    dashboards.add_arguments(parser)
    files = dashboards.files(built_in_maps(), parser.parse_args([]))
    asked = {name: list(_queries(json.loads(files[name]), name)) for name in ("fleet.json", *sorted(_ONE))}
    exprs = " ".join(expr for queries in asked.values() for expr, _ in queries)
    names = set(re.findall(r"[\w:]*generex_[\w:]+", exprs))
    groups = rule_groups()
    depth = depths(groups)
    with devices(1, MODULES) as targets, exporter(targets) as running:
        page = running.get(running.connection(), "/metrics?collect[]=devices").decode()
    raw = read(page, depth)
    shown = [
        replace(one, depth=DAY) for one in (*raw, *recorded(raw, groups, depth)) if one.labels[0][1] in names
    ]
    table = Table(
        f"Queries of the boards over a day: the fleet's of {PER} devices with {MODULES} modules, measured\n"
        f"with {DEVICES} of them, and the others' of one",
        ("board", "queries", "CPU s"),
    )
    with prometheus() as it:
        now = time.time()
        it.write(many(shown, 0), now - DAY, now)
        time.sleep(20)
        for name, queries in asked.items():
            used = _used(it, queries, now) * (1 if name in _ONE else PER / DEVICES)
            table.rows.append((name.removesuffix(".json"), f"{len(queries)}", f"{used:.2f}"))
            table.figures[f"CPU s of the board {name.removesuffix('.json')}"] = used
    return table


def _used(it: Prometheus, queries: list[tuple[str, bool]], now: float) -> float:
    before = it.cpu
    for expr, instant in queries:
        if instant:
            it.ask(expr, now)
        else:
            it.ask_range(expr, now - DAY, now, STEP)
    return it.cpu - before


def _queries(board: dict[str, Any], name: str) -> Iterator[tuple[str, bool]]:
    """Each query with its variables filled in, and whether it asks for one moment."""
    filled = {**_FILLED, "$device": "d0" if name in _ONE else ".+"}
    for panel in board["panels"]:
        for one in (panel, *panel.get("panels", ())):
            for target in one.get("targets", ()):
                expr = target["expr"]
                for variable, value in filled.items():
                    expr = expr.replace(variable, value)
                yield expr, bool(target.get("instant"))
