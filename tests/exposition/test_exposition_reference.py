"""Both text formats against prometheus-client's encoder and parsers, and against promtool."""

import gc
import math
import re
import string
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from weakref import WeakKeyDictionary

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import exposition as text_encoder
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from pydantic import TypeAdapter, ValidationError

from exporter.config.fields import LabelName
from exporter.exposition.lines import Renderer
from exporter.exposition.own import ExporterMetrics, ExporterState
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.counters import Counters
from tests.snapshots import Source, page, simulated
from tests.support import require

FORMATS = ("text", "openmetrics")
Families = dict[str, tuple[str, str, str, list[tuple[str, tuple[tuple[str, str], ...], float]]]]

SENSORS = """\
devices:
  - target: 10.0.0.7
    labels: {site: Wien, note: 'a "quoted" \\ <b>Süd</b>'}
    expect: {strings: 2, modules: 8}
    sensors:
      1: {name: room, kind: temperature, scale: 0.1}
      2: {name: air, kind: humidity, scale: 1}
      3: {name: door, kind: value, scale: 1}
"""


class _Reference:
    """The same snapshots as prometheus-client's families."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self.snapshots = snapshots

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for snapshot in self.snapshots:
            common = {"device": snapshot.device.name, **snapshot.device.labels}
            for name, readings in snapshot.readings.items():
                for series, raw in readings:
                    metric = series.metric
                    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
                    family = families.setdefault(name, kind(name, metric.help, unit=metric.unit))
                    assert family.name == name.removesuffix("_total")
                    for extra, value in series.samples(raw):
                        family.add_sample(name, {**common, **dict(series.labels), **dict(extra)}, value)
        return families.values()


def parsed(text: str, form: str) -> Families:
    parse = parse_openmetrics if form == "openmetrics" else parse_text
    return {
        family.name: (
            family.type,
            family.documentation,
            family.unit,
            sorted((s.name, tuple(sorted(s.labels.items())), s.value) for s in family.samples),
        )
        for family in parse(text)
    }


def reference(snapshots: Sequence[Snapshot], form: str) -> str:
    registry = CollectorRegistry()
    registry.register(_Reference(snapshots))
    encoder = openmetrics_encoder if form == "openmetrics" else text_encoder
    return str(encoder.generate_latest(registry).decode())


def check(snapshots: Sequence[Snapshot]) -> None:
    for form in FORMATS:
        ours = page(snapshots, form)
        assert parsed(ours, form) == parsed(reference(snapshots, form), form)
        check_structure(ours, form)


def check_structure(text: str, form: str) -> None:
    """One HELP and TYPE per family, all lines of a family together, no _created, no NaN or Inf."""
    seen: list[str] = []
    for line in text.split("\n")[:-1]:
        name = line.split()[2] if line.startswith("# ") and line != "# EOF" else re.split(r"[ {]", line)[0]
        if line == "# EOF":
            assert form == "openmetrics"
            assert text.endswith("\n# EOF\n")
            continue
        family = name.removesuffix("_total")
        if line.startswith("# HELP"):
            assert family not in seen, f"second HELP of {family}"
            seen.append(family)
        assert seen[-1] == family, f"{line} stands among {seen[-1]}"
        assert "_created" not in name
        if not line.startswith("#"):
            assert math.isfinite(float(line.rpartition(" ")[2]))
    assert text.count("# HELP ") == text.count("# TYPE ") == len(seen)


def allowed(name: str) -> bool:
    """Whether the configuration lets a device have a label of this name."""
    try:
        TypeAdapter(LabelName).validate_python(name)
    except ValidationError:
        return False
    return True


labels = st.dictionaries(
    st.text(string.ascii_letters + "_", min_size=1, max_size=8).filter(allowed),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(['"', "\\", "\n", "\\n", "<b>"]),
    max_size=3,
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    seed=st.integers(0, 2**32),
    name=NAMES,
    more=labels,
    module=st.sampled_from(["cs141", "prof", "everexceed", "inform"]),
)
def test_random_words_and_labels_render_as_the_reference_does(
    seed: int, name: str, more: dict[str, str], module: str
) -> None:
    chance = Random(seed)
    source = Source(module, name=name, labels=more, modules=3, strings=1)
    layout = source.map.layout(source.memory.counts.counts)
    words = {
        address: chance.choice((0, 1, 0xD8F1, 0xFFFF, chance.randrange(0x10000)))
        for span in layout.spans
        for address in range(span.address, span.end)
        if chance.random() < 0.8
    }
    check([source.snapshot(words)])


def test_no_device_can_be_given_a_label_that_its_series_have_of_their_own() -> None:
    used: set[str] = set()
    for module in ("cs141", "prof", "everexceed", "inform"):
        snapshot = Source(module).snapshot(dict.fromkeys(range(3000), 1))
        for metrics in parsed(page([snapshot]), "text").values():
            used |= {label for _, pairs, _ in metrics[3] for label, _ in pairs}
    assert used >= {"device", "flag", "word", "string", "module", "phase", "port", "group", "target", "unit"}
    assert not [name for name in sorted(used) if allowed(name)]


@pytest.mark.parametrize(
    "scenario", ["normal", "power-failure", "module-lost", "communication-lost", "bus-cut", "ground-fault"]
)
def test_several_devices_share_their_families(scenario: str) -> None:
    sources = [Source(name=f"ups{n}", labels={"site": f"s{n}"}) for n in range(3)]
    prof = Source("prof", name="plc")
    words = simulated(scenario, at=120)
    check(
        [
            prof.snapshot(dict.fromkeys(range(50), 1)),
            *(s.snapshot(words) for s in sources),
            Source(name="dark").snapshot({}),
        ]
    )


def test_hostile_label_values_come_back_as_they_were() -> None:
    value = 'a"b\\c\nd\\n</script><b>ü ☃ \U0001f50b{}=,#'
    snapshot = Source(name=value, labels={"site": value}).snapshot(simulated())
    for form in FORMATS:
        families = parsed(page([snapshot], form), form)
        for _, (_, _, _, samples) in families.items():
            assert all(dict(labels)["device"] == value == dict(labels)["site"] for _, labels, _ in samples)
        assert len(families) > 20


def test_the_counter_is_one_in_both_formats() -> None:
    snapshot = Source().snapshot(simulated() | {114: 7})
    sample = 'generex_ups_power_failures_total{device="ups1"} 7\n'
    assert sample in page([snapshot])
    assert sample in page([snapshot], "openmetrics")
    assert "# TYPE generex_ups_power_failures_total counter\n" in page([snapshot])
    assert "# TYPE generex_ups_power_failures counter\n" in page([snapshot], "openmetrics")


def test_units_are_named_in_openmetrics_alone() -> None:
    snapshot = Source().snapshot(simulated())
    assert "# UNIT generex_ups_output_volts volts\n" in page([snapshot], "openmetrics")
    assert "# UNIT" not in page([snapshot])


def test_no_device_at_all_is_a_whole_page() -> None:
    assert page([]) == ""
    assert parsed(page([], "openmetrics"), "openmetrics") == {}


def test_a_number_that_is_none_is_not_exported(tmp_path: Path) -> None:
    own = tmp_path / "float.yaml"
    own.write_text(
        "map: plc\ntitle: a PLC\nsource: a test\n"
        "metrics: {plc_heat_celsius: {help: Heat., unit: celsius}}\n"
        "groups: {plc: {title: words, words: {"
        "heat: {address: 10, type: float32, metric: plc_heat_celsius}}}}\n"
    )
    config = tmp_path / "c.yaml"
    config.write_text(
        "maps: [float.yaml]\nmodules: {plc: {maps: [plc]}}\ndevices: [{target: 10.0.0.7, module: plc}]\n"
    )
    source = Source(config=config)
    for high, there in ((0x41C8, True), (0x7F80, False), (0xFF80, False), (0x7FC0, False)):
        text = page([source.snapshot({10: high, 11: 0})])
        assert ("plc_heat_celsius{" in text) is there, hex(high)
        check_structure(text, "text")


def exporter_page(form: str) -> str:
    own = ExporterMetrics()
    state = ExporterState([("ups1", Counters()), ("", Counters())], True, 1.7e9)
    return "".join(own.render(state, "openmetrics" if form == "openmetrics" else "text"))


@pytest.mark.parametrize("form", FORMATS)
def test_the_exporters_own_page_joins_the_devices(form: str) -> None:
    text = exporter_page(form) + page([Source().snapshot(simulated())], form)
    families = parsed(text, form)
    check_structure(text, form)
    assert families["generex_exporter_build_info"][3][0][2] == 1
    errors = {tuple(labels): value for _, labels, value in families["generex_exporter_modbus_errors"][3]}
    reasons = (
        "resolve connect timeout closed frame unit function length transaction exception_1 exception_2 "
        "exception_3 exception_4 exception_5 exception_6 exception_10 exception_11"
    )
    wanted = {
        (("device", device), ("reason", reason)): 0.0 for device in ("ups1", "") for reason in reasons.split()
    }
    assert errors == wanted
    assert {"process_cpu_seconds", "python_info"} <= families.keys()


def _sensors(tmp_path: Path) -> Snapshot:
    config = tmp_path / "sensors.yaml"
    config.write_text(SENSORS)
    return Source(config=config).snapshot(simulated("module-lost", at=120) | {143: 215, 144: 40, 145: 1})


def test_promtool_finds_nothing(tmp_path: Path) -> None:
    promtool = require("promtool")
    all_ones = dict.fromkeys((*range(97, 151), *range(1000, 2710)), 0xFFFF)
    pages = {
        "normal": page([Source().snapshot(simulated())]),
        "every alarm": page([Source().snapshot(simulated() | all_ones)]),
        "ground fault": page([Source().snapshot(simulated("ground-fault", at=120))]),
        "prof": page([Source("prof").snapshot(dict.fromkeys(range(64), 3))]),
        "everexceed": page([Source("everexceed").snapshot(dict.fromkeys(range(1200), 1))]),
        "inform": page([Source("inform").snapshot(dict.fromkeys(range(1200), 1))]),
        "sensors": page([_sensors(tmp_path)]),
        "exporter": exporter_page("text"),
    }
    assert "generex_sensor_temperature_celsius{" in pages["sensors"]
    assert "generex_prof_sequence_number" in pages["prof"]
    for name, text in pages.items():
        found = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
        )
        assert (found.returncode, found.stdout + found.stderr) == (0, ""), name


def test_rendered_texts_go_with_the_layout_they_were_made_for() -> None:
    renderer = Renderer()
    sources = [Source(name=f"ups{n}", modules=1 + n) for n in range(6)]
    for source in sources:
        list(renderer.devices([source.snapshot(simulated())], "text"))
    everything = _size(renderer)
    del source, sources[1:]
    gc.collect()
    assert 0 < _size(renderer) < everything / 5


def test_devices_laid_out_alike_share_their_texts() -> None:
    first = Source(name="ups0")
    others = [Source(name=f"ups{n}", labels={"site": f"s{n}"}, alike=first.map) for n in range(1, 4)]
    one, all_of_them = Renderer(), Renderer()
    snapshots = [source.snapshot(simulated()) for source in (first, *others)]
    list(one.devices(snapshots[:1], "text"))
    page_of_all = "".join(all_of_them.devices(snapshots, "text"))
    assert _size(all_of_them) == _size(one)
    for number in range(1, 4):
        assert f'generex_bacs_module_volts{{device="ups{number}",site="s{number}",string="1",' in page_of_all


@pytest.mark.slow
def test_the_texts_of_a_device_do_not_grow_with_the_values_seen() -> None:
    source, renderer = Source("bacs", modules=1, strings=1), Renderer()
    words = simulated(strings=1, modules=1)
    sizes = []
    for value in range(0, 60_000, 4):
        list(renderer.devices([source.snapshot(words | {1061: value, 1063: value})], "text"))
        if value % 14_000 == 0:
            sizes.append(_size(renderer))
    assert sizes[-1] < sizes[0] + 4096 * 20


def _size(thing: object) -> int:
    """Characters of all text that hangs on a renderer."""
    seen: set[int] = set()
    total = 0
    rest: list[object] = [thing]
    while rest:
        one = rest.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, str):
            total += len(one)
        elif isinstance(one, dict | WeakKeyDictionary):
            rest += [*one.values()]
        elif isinstance(one, tuple):
            rest += one
        elif type(one).__module__ == "exporter.exposition.lines":
            slots = getattr(type(one), "__slots__", ())
            rest += [getattr(one, name) for name in slots] + list(getattr(one, "__dict__", {}).values())
    return total
