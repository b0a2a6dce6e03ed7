"""docs/otlp.md: both names of every metric, as typed by hand."""

import re

import pytest

from exporter.generate import reference
from exporter.maps import built_in_maps
from exporter.maps.pass_metrics import PASS_METRICS
from tests.otlp.otlp_names import NAMES, OWN_NAMES

PAGE = reference.files(built_in_maps(), None)["otlp.md"]  # type: ignore[arg-type]
ROWS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (\w+) \| `?([^`|]*?)`? \| (.*) \|$", PAGE, re.M)
}


@pytest.mark.parametrize("metric", NAMES)
def test_both_names(metric: str) -> None:
    name, unit, kind, attributes = NAMES[metric]
    assert ROWS[metric][:3] == (name, kind, unit)
    shown = dict(item.split("=") for item in ROWS[metric][3].replace("`", "").split(", ") if item)
    assert shown == attributes


def test_nothing_is_missing() -> None:
    names = {name for item in built_in_maps().values() for name in item.metrics}
    names |= {metric.name for metric in PASS_METRICS}
    assert names >= NAMES.keys()
    # what a map names itself is typed; the name of all else is made
    for item in built_in_maps().values():
        assert {name for name, metric in item.metrics.items() if metric.own_otlp} <= NAMES.keys()
    assert ROWS.keys() == names | {name for name in OWN_NAMES if name.startswith("generex_")}
    for name, (otlp_name, unit, kind) in OWN_NAMES.items():
        if name in ROWS:
            assert ROWS[name][:3] == (otlp_name, kind, unit)
