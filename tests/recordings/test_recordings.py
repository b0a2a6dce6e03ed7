"""Each recording, played to the exporter over a socket, gives the values that were typed beside it.

docs/commissioning.md says how to send one. NAME.yaml stands beside NAME.jsonl:

about: what device or fault this is, and where the expected values come from
device: keys of the device's entry in a configuration
passes: by number of the pass, the first is 1
  state: the key of its outcome (exporter/assess/outcomes.py)
  values: {series: value}, without the label of the device
  absent: series or metrics that must not be there
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from exporter.assess.condition import assess
from exporter.exposition.lines import Renderer
from exporter.maps import built_in_maps
from exporter.reading.decode.snapshot import Snapshot
from exporter.recording.form import read_recording
from exporter.simulator.replayer import Replayer
from tests.hostile import fleet
from tests.loops import run

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
MAPS = built_in_maps().values()
KNOWN = {"generex_group_up"}.union(
    *(it.metrics for it in MAPS),
    *({group.name for group in it.groups} for it in MAPS),
    *({flag.name for _, flag in it.flags()} for it in MAPS),
)


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def series(snapshot: Snapshot) -> dict[str, float]:
    """Series and value, as Prometheus reads them, without the label of the device."""
    found = {}
    for family in parse("".join(Renderer().devices([snapshot], "text"))):
        for sample in family.samples:
            labels = [f'{key}="{value}"' for key, value in sample.labels.items() if key != "device"]
            found[sample.name + ("{" + ",".join(sorted(labels)) + "}" if labels else "")] = sample.value
    return found


def names_in(series: str) -> set[str]:
    """The metric of a series, and its flag or group."""
    return {series.partition("{")[0], *re.findall(r'(?:flag|group)="(\w+)"', series)}


def check(snapshot: Snapshot, wanted: dict[str, Any]) -> None:
    assert set(wanted) <= {"state", "values", "absent"}
    assert assess(snapshot).state.key == wanted["state"]
    found = series(snapshot)
    values = wanted.get("values", {})
    assert {name: found.get(name) for name in values} == pytest.approx(values, nan_ok=True)
    for name in wanted.get("absent", ()):
        assert names_in(name) <= KNOWN, "what nothing is called is always absent"
        assert [it for it in found if it == name or it.startswith(name + "{")] == []


def test_each_recording_has_what_is_expected_beside_it() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == NAMES
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_gives_what_is_expected(name: str) -> None:
    recording = read_recording(FOLDER / f"{name}.jsonl")
    wanted = expected(name)
    assert set(wanted) == {"about", "device", "passes"}
    assert recording.header.target is None, "a recording in public names no address: --no-target"
    assert set(wanted["passes"]) <= set(range(1, len(recording.passes) + 1))

    async def play() -> None:
        now = [0.0]
        entry = {"name": "x", "module": recording.header.module, "timeout": "5s", "request_timeout": "1s"}
        async with Replayer(recording, listen="127.0.0.1:0", clock=lambda: now[0]) as device:
            entry |= {"target": device.target, **wanted["device"]}
            async with fleet(entry, clock=lambda: now[0]) as devices:
                for number, line in enumerate(recording.passes, 1):
                    now[0] = line.at
                    snapshot = await devices.devices["x"].scrape(asyncio.get_running_loop().time() + 5)
                    if number in wanted["passes"]:
                        check(snapshot, wanted["passes"][number])

    run(play())
