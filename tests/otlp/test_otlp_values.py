"""Every value that is pushed, against the Prometheus page of the same words, over a real socket."""

import math
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.config import Otlp
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.send import Sender
from exporter.exposition.own import ExporterMetrics, ExporterState
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.device.counters import Counters
from tests.otlp.otlp_names import NAMES, OWN_NAMES
from tests.otlp.otlp_receiver import Point, Receiver, receiver
from tests.snapshots import Source, page, simulated

SINCE = 1_600_000_000_000_000_000
READ_AT = 1_700_000_000_000_000_000  # snapshots.Source reads at 1.7e9 s
SENSORS = """\
devices:
  - name: ups1
    target: 10.0.0.7
    labels: {site: Wien, note: 'a "quoted" \\ <b>Süd</b>'}
    sensors:
      1: {name: battery room, kind: temperature, scale: 0.1}
      2: {name: air, kind: humidity, scale: 1}
      3: {name: door, kind: value, scale: 1}
"""
PUMP_MAP = """\
map: pump
title: Pump
source: hand-written
metrics:
  generex_pump_mode: {help: Mode of the pump.}
  generex_pump_pressure_pascals: {help: Pressure behind the pump., unit: pascals}
  generex_pump_oil_furlongs: {help: Oil on the stick., unit: furlongs}
  generex_pump_starts_total: {help: Starts of the pump., type: counter}
  generex_pump_fault: {help: Faults of the pump.}
  acme_motor_celsius:
    help: Temperature of the motor.
    unit: celsius
    otlp: {name: hw.temperature, attributes: {hw.id: "pump.{part}", hw.sensor_location: motor}}
  acme_flow: {help: Flow., otlp: {name: generex.pump.flow, unit: m3/h}}
flag_sets:
  faults:
    dry: {bit: 0, vendor: DRY, label: Dry, description: No water., severity: warning}
    hot: {bit: 3, vendor: HOT, label: Hot, description: Too hot., severity: critical}
groups:
  pump:
    title: Pump
    words:
      mode: {address: 10, metric: generex_pump_mode, states: {0: 'idle', 1: 'running'}}
      pressure: {address: 11, metric: generex_pump_pressure_pascals, scale: 100}
      oil: {address: 12, metric: generex_pump_oil_furlongs, labels: {side: left}}
      starts: {address: 13, metric: generex_pump_starts_total}
      fault: {address: 14, metric: generex_pump_fault, flags: faults}
      motor: {address: 15, metric: acme_motor_celsius, labels: {part: motor}, scale: 0.1}
      flow: {address: 16, metric: acme_flow}
"""
PUMP_NAMES = {
    "generex_pump_mode": ("generex.pump_mode", "", "gauge", {"generex.state": "{state}"}),
    "generex_pump_pressure_pascals": ("generex.pump_pressure_pascals", "Pa", "gauge", {}),
    "generex_pump_oil_furlongs": (
        "generex.pump_oil_furlongs", "{furlongs}", "gauge", {"generex.side": "{side}"},
    ),
    "generex_pump_starts_total": ("generex.pump_starts", "", "counter", {}),
    "generex_pump_fault": ("generex.pump_fault", "", "gauge", {"generex.flag": "{flag}"}),
    "acme_motor_celsius": (
        "hw.temperature", "Cel", "gauge", {"hw.id": "pump.motor", "hw.sensor_location": "motor"},
    ),
    "acme_flow": ("generex.pump.flow", "m3/h", "gauge", {}),
}  # fmt: skip
PUMP_WORDS = {10: 7, 11: 1013, 12: 3, 13: 65535, 14: 9, 15: 412, 16: 88}


@pytest.fixture(name="collector", scope="module")
def _collector() -> Iterator[Receiver]:
    with receiver() as it:
        yield it


def sender(collector: Receiver, **settings: object) -> Sender:
    endpoint = f"http://127.0.0.1:{collector.port}/v1/metrics"
    return Sender(replace(Otlp(endpoint), **settings), Past(SINCE))  # type: ignore[arg-type]


def push(collector: Receiver, *snapshots: Snapshot, by: Sender | None = None) -> Sequence[Point]:
    """What arrives when these passes are sent, of the devices."""
    collector.pushes.clear()
    assert (by or sender(collector)).send(snapshots, [], 1.7e9) == ""
    return [point for request in collector.pushes for point in request.points]


def expected(
    snapshot: Snapshot, names: Mapping[str, tuple[str, str, str, Mapping[str, str]]]
) -> dict[tuple[str, frozenset[tuple[str, str]]], tuple[str, str, float]]:
    """The points that the Prometheus page of the same pass calls for, by name and attributes."""
    found = {}
    for family in text_string_to_metric_families(page([snapshot])):
        for sample in family.samples:
            name, unit, kind, attributes = names[sample.name]
            filled = {key: text.format(**{"string": "", **sample.labels}) for key, text in attributes.items()}
            if "string" not in sample.labels and filled.get("hw.parent") == "bacs.string.":
                del filled["hw.parent"]
            key = (name, frozenset(filled.items()))
            assert key not in found, "two series may not become one point"
            found[key] = (unit, kind, sample.value)
    return found


def check(points: Sequence[Point], snapshot: Snapshot, names: Mapping[str, object] = NAMES) -> None:
    want = expected(snapshot, names)  # type: ignore[arg-type]
    assert {point.key for point in points} == want.keys()
    assert len(points) == len(want)
    for point in points:
        assert (point.unit, point.kind, point.value) == want[point.key]
        assert point.time == READ_AT
        start = {"gauge": 0, "counter": READ_AT, "updowncounter": SINCE}[point.kind]
        assert point.start == start
        assert point.is_whole == (point.name == "hw.status")
        assert point.description.endswith(".")


@pytest.mark.parametrize("strings", [2, 3], ids=["layout known", "string of a module unknown"])
def test_ups_and_bacs(collector: Receiver, strings: int) -> None:
    words = simulated("thermal-runaway", at=4000.0)
    snapshot = Source(strings=strings).snapshot(words)
    points = push(collector, snapshot)
    check(points, snapshot)
    assert {point.unit for point in points} >= {"V", "1", "Cel", "s", "Hz", "A", "Ohm", "{failure}"}


def test_all_points_of_330_modules_arrive(collector: Receiver) -> None:
    snapshot = Source(strings=10, modules=330).snapshot(simulated(strings=10, modules=330))
    points = push(collector, snapshot)
    assert len(points) > 330 * 22
    check(points, snapshot)
    assert not any(name == "otel.metric.overflow" for point in points for name, _ in point.attributes)
    (request,) = collector.pushes
    assert request.size < 100_000  # gzip is the default


def test_what_was_not_read_is_not_sent(collector: Receiver) -> None:
    source = Source()
    lost = simulated()
    lost[109] |= 0x4000
    snapshot = source.snapshot(lost)
    check(points := push(collector, snapshot), snapshot)
    assert {dict(p.attributes)["hw.state"] for p in points if ("hw.id", "ups") in p.attributes and
            p.name == "hw.status"} == {"comm_lost", "communication_lost"}  # fmt: skip
    assert "hw.battery.charge" not in {point.name for point in points}
    dead = source.snapshot({})
    points = push(collector, dead)
    check(points, dead)
    assert [point.value for point in points if point.name == "generex.up"] == [0]
    assert all(point.name.startswith("generex.") for point in points)


def test_sensors_and_labels(collector: Receiver, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(SENSORS, encoding="utf-8")
    snapshot = Source(config=config).snapshot({**simulated(), 143: 234, 144: 55, 145: 1})
    points = push(collector, snapshot)
    check(points, snapshot)
    ids = [(dict(point.attributes).get("hw.id", ""), point.value) for point in points]
    values = {name: value for name, value in ids if name.startswith("sensor.")}
    assert values == {"sensor.battery room": 23.4, "sensor.air": 0.55, "sensor.door": 1}
    about = points[0].resource
    assert about["site"] == "Wien"
    assert about["note"] == 'a "quoted" \\ <b>Süd</b>'
    assert about["service.name"] == "generex-exporter"
    assert about["service.instance.id"] == about["host.name"] == "ups1"


@pytest.mark.parametrize("module", ["ups", "bacs", "inform", "everexceed"])
def test_modules(collector: Receiver, module: str) -> None:
    snapshot = Source(module).snapshot(simulated())
    points = push(collector, snapshot)
    assert len(points) > 20
    check(points, snapshot)


@pytest.mark.parametrize("moving", [True, False], ids=["valid", "standing still"])
def test_gateway_frame(collector: Receiver, moving: bool) -> None:
    frame = simulated()
    words = (
        {0: 0x0500} | {n: frame[99 + n] for n in range(1, 44)} | {44 + n: frame[1000 + n] for n in range(6)}
    )
    snapshot = Source("prof").snapshot(words, moving=moving)
    points = push(collector, snapshot)
    assert (len(points) > 100) == moving
    check(points, snapshot)


def test_a_map_of_the_users_own(collector: Receiver, tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(PUMP_MAP, encoding="utf-8")
    config = tmp_path / "c.yaml"
    config.write_text(
        "maps: [pump.yaml]\nmodules: {pump: {maps: [pump]}}\n"
        "devices: [{name: p, target: 10.0.0.7, module: pump}]\n",
        encoding="utf-8",
    )
    snapshot = Source(config=config).snapshot(PUMP_WORDS)
    points = push(collector, snapshot)
    want = expected(snapshot, {**NAMES, **PUMP_NAMES})
    assert {p.key: (p.unit, p.kind, p.value) for p in points} == want
    modes = {dict(p.attributes)["generex.state"]: p.value for p in points if p.name == "generex.pump_mode"}
    assert modes == {"7": 1}, "a number without a name is the only state that is shown"
    (motor,) = [p for p in points if p.name == "hw.temperature"]
    assert motor.value == pytest.approx(41.2)


def test_several_devices_are_several_resources(collector: Receiver) -> None:
    first = Source(name="a", labels={"site": "north"}).snapshot(simulated())
    second = Source("ups", name="b").snapshot(simulated("power-failure", at=60.0))
    push(collector, first, second)
    (request,) = collector.pushes
    check(request.of("a"), first)
    check(request.of("b"), second)
    assert {p.resource.get("site") for p in request.of("a")} == {"north"}
    assert {p.resource.get("site") for p in request.of("b")} == {None}


def test_a_device_named_like_this_machine_and_the_exporter_are_two(collector: Receiver) -> None:
    host = socket.gethostname()
    snapshot = Source("ups", name=host).snapshot(simulated())
    own = ExporterMetrics().readings(ExporterState([], True, 1.7e9))
    collector.pushes.clear()
    assert sender(collector).send([snapshot], own, 1.7e9) == ""
    names = {point.name for point in collector.pushes[0].of(host)}
    assert {"hw.battery.charge", "generex.exporter_build_info"} <= names


def test_large_fleets_go_in_several_requests_and_no_device_is_split(collector: Receiver) -> None:
    words = simulated(strings=10, modules=330)
    large = [Source(name=f"large{n}", strings=10, modules=330).snapshot(words) for n in (1, 2)]
    small = Source("ups", name="small").snapshot(words)
    push(collector, large[0], small, large[1])
    hosts = [{p.resource["host.name"] for p in request.points} for request in collector.pushes]
    assert hosts == [{"large1", "small"}, {"large2"}]
    assert [len(request.points) for request in collector.pushes] == [7447 + 71, 7447]


def test_numbers_that_are_none_are_not_sent(collector: Receiver, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(
        "map: f\ntitle: F\nsource: test\nmetrics: {generex_f: {help: F.}, generex_g: {help: G.}}\n"
        "groups: {f: {title: F, words: {f: {address: 0, metric: generex_f, scale: 1.0e+305}, "
        "g: {address: 1, type: float32, metric: generex_g}}}}\n"
    )
    config = tmp_path / "c.yaml"
    config.write_text("maps: [f.yaml]\nmodules: {f: {maps: [f]}}\ndevices: [{target: 10.0.0.7, module: f}]\n")
    source = Source(config=config)
    # 65535e305 is beyond every number
    for word, number in ((9, 9e305), (65535, None)):
        snapshot = source.snapshot({0: word, 1: 0x3FC0, 2: 0})
        points = {point.name: point.value for point in push(collector, snapshot)}
        assert points.get("generex.f") == number
        assert points["generex.g"] == 1.5


def test_a_counter_counts_since_it_was_first_read_and_anew_when_it_went_back(collector: Receiver) -> None:
    by = sender(collector)
    source = Source("ups")

    def failures(count: int, seconds: float) -> Point:
        snapshot = replace(source.snapshot({**simulated(), 114: count}), time=seconds)
        (point,) = [p for p in push(collector, snapshot, by=by) if p.name == "generex.ups.power_failures"]
        assert point.value == count
        assert point.time == seconds * 1_000_000_000
        return point

    assert failures(7, 100).start == 100_000_000_000
    assert failures(9, 160).start == 100_000_000_000
    assert failures(2, 220).start == 160_000_000_000
    assert failures(2, 280).start == 160_000_000_000


def test_the_exporters_own_metrics(collector: Receiver) -> None:
    collector.pushes.clear()
    counters = Counters(requests=41, coalesced=2, errors={"timeout": 3, "connect": 0})
    state = ExporterState([("ups1", counters)], True, 1.65e9, (12, 5))
    own = ExporterMetrics()
    assert sender(collector).send([], own.readings(state), 1.7e9) == ""
    (request,) = collector.pushes
    points = {(p.name, frozenset(p.attributes)): p for p in request.points}
    values = {key: p.value for key, p in points.items()}
    assert values["generex.exporter_modbus_requests", frozenset({("generex.device", "ups1")})] == 41
    assert values["generex.exporter_scrapes_coalesced", frozenset({("generex.device", "ups1")})] == 2
    error = frozenset({("generex.device", "ups1"), ("generex.reason", "timeout")})
    assert values["generex.exporter_modbus_errors", error] == 3
    assert values["generex.exporter_otlp_exports", frozenset()] == 12
    assert values["generex.exporter_otlp_export_failures", frozenset()] == 5
    assert values["generex.exporter_config_last_reload_success_timestamp_seconds", frozenset()] == 1.65e9

    page_samples = [
        sample
        for family in text_string_to_metric_families("".join(own.render(state, "text")))
        for sample in family.samples
    ]
    assert len(page_samples) == len(points)
    forms = {p.name: (p.name, p.unit, p.kind) for p in request.points}
    for name, form in OWN_NAMES.items():
        assert forms[form[0]] == form
        assert name in {sample.name for sample in page_samples}
    for point in request.points:
        assert point.start == (SINCE if point.kind == "counter" else 0)
        assert math.isfinite(point.value)
    (host,) = {p.resource["host.name"] for p in request.points}
    assert host
