"""A Prometheus that is asked over HTTP, wherever it runs."""

import json
import urllib.parse
import urllib.request
from typing import Any


def query(port: int, expression: str) -> list[tuple[dict[str, str], float]]:
    """The labels and value of each series of an instant query."""
    data = _get(port, "query", query=expression)
    return [(item["metric"], float(item["value"][1])) for item in data["result"]]


def targets(port: int) -> list[dict[str, Any]]:
    """The targets that are scraped."""
    return list(_get(port, "targets")["activeTargets"])


def _get(port: int, path: str, **parameters: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.load(answer)["data"])
