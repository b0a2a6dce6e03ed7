"""What there is no longer is told to be no longer, once a collector has taken it: nothing of it lives on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config import Otlp
from exporter.exposition.otlp.past import Past
from exporter.exposition.otlp.send import Sender
from exporter.exposition.own import ExporterMetrics, ExporterState
from exporter.reading.decode.snapshot import Snapshot
from tests.otlp.otlp_receiver import Point, Push, Receiver, receiver
from tests.snapshots import Source, simulated
from tests.support import exporter, free_port, simulator, wait_for

CHARGE = "hw.battery.charge"


@pytest.fixture(name="collector")
def _collector() -> Iterator[Receiver]:
    with receiver() as it:
        yield it


class Pushes:
    """Sends passes, one push after the other, and gives what came in."""

    def __init__(self, collector: Receiver, **settings: object) -> None:
        self.collector = collector
        self.past = Past(1_600_000_000_000_000_000)
        otlp = Otlp(f"http://127.0.0.1:{collector.port}/v1/metrics", timeout=0.5)
        self.sender = Sender(replace(otlp, **settings), self.past)  # type: ignore[arg-type]

    def __call__(self, *snapshots: Snapshot, error: str = "") -> Push:
        self.collector.pushes.clear()
        assert self.sender.send(snapshots, [], 1.7e9) == error
        points = tuple(point for push in self.collector.pushes for point in push.points)
        return replace(self.collector.pushes[0], points=points)


def keys(points: Sequence[Point]) -> set[object]:
    assert len({point.key for point in points}) == len(points), "no point twice"
    return {(point.key, point.kind, point.unit) for point in points}


def test_a_device_that_fell_silent_has_no_charge(collector: Receiver) -> None:
    push, source = Pushes(collector), Source()
    alive, dead = source.snapshot(simulated()), replace(source.snapshot({}), time=1.7e9 + 60)
    before = push(alive)
    assert not before.ended("ups1")
    after = push(dead)
    # typed words: what a device that is not read says of itself
    still = [p for p in after.of("ups1") if not p.ended]
    assert {p.name for p in still} >= {"generex.up", "generex.group_up"}
    assert all(p.name.startswith("generex.") for p in still)
    assert keys(before.of("ups1")) - keys(still) == keys(after.ended("ups1"))
    (charge,) = [p for p in after.ended("ups1") if p.name == CHARGE]
    assert charge.time == 1_700_000_060_000_000_000
    assert charge.kind == "gauge"
    assert not push(dead).ended("ups1"), "it is told once"
    again = push(alive)
    assert [p.value for p in again.of("ups1") if p.name == CHARGE] == [
        p.value for p in before.of("ups1") if p.name == CHARGE
    ]


def test_one_value_that_is_not_available_ends_alone(collector: Receiver) -> None:
    push, source = Pushes(collector), Source("ups")
    push(source.snapshot(simulated()))
    without = push(source.snapshot({**simulated(), 103: 0xD8F1}))  # device.md 2.5: -9999, not available
    assert [p.name for p in without.ended("ups1")] == [CHARGE]


def test_what_was_not_taken_is_told_again(collector: Receiver) -> None:
    push, source = Pushes(collector), Source("ups")
    alive, dead = source.snapshot(simulated()), source.snapshot({})
    push(alive)
    collector.status = 500
    lost = push(dead, error="500 Internal Server Error").ended("ups1")
    collector.status = 200
    assert keys(push(dead).ended("ups1")) == keys(lost)
    assert not push(dead).ended("ups1")
    # and what may have arrived in a push that failed may live too
    collector.status = 500
    push(alive, error="500 Internal Server Error")
    collector.status = 200
    assert keys(push(dead).ended("ups1")) == keys(lost)


def test_what_is_refused_for_what_it_holds_is_not_sent_for_ever(collector: Receiver) -> None:
    push, source = Pushes(collector), Source("ups")
    push(source.snapshot(simulated()))
    collector.status = 400
    assert push(source.snapshot({}), error="400 Bad Request").ended("ups1")
    collector.status = 200
    assert not push(source.snapshot({})).ended("ups1")


def test_a_device_that_there_is_no_longer_ends_whole(collector: Receiver) -> None:
    push = Pushes(collector)
    stays = Source("ups", name="stays").snapshot(simulated())
    goes = Source("ups", name="goes", labels={"site": "Wien"}).snapshot(simulated())
    before = push(stays, goes)
    after = push(stays)
    assert keys(after.ended("goes")) == keys(before.of("goes"))
    assert {p.resource["site"] for p in after.of("goes")} == {"Wien"}
    assert not after.ended("stays")
    assert not push(stays).of("goes")


def test_other_labels_are_another_resource(collector: Receiver) -> None:
    push = Pushes(collector)
    before = push(Source("ups", labels={"site": "Wien"}).snapshot(simulated()))
    after = push(Source("ups", labels={"site": "Graz"}).snapshot(simulated()))
    assert keys(after.ended("ups1")) == keys(before.of("ups1"))
    assert {p.resource["site"] for p in after.ended("ups1")} == {"Wien"}
    assert {p.resource["site"] for p in after.of("ups1") if not p.ended} == {"Graz"}


def test_other_settings_do_not_forget(collector: Receiver) -> None:
    push = Pushes(collector)
    before = push(Source("ups").snapshot(simulated()))
    other = Pushes(collector)
    other.sender = Sender(replace(push.sender.settings, compression="none"), push.past)
    assert keys(other().ended("ups1")) == keys(before.of("ups1"))


def test_a_running_exporter_says_when_its_device_died(collector: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "generex.yml"
    port = free_port()
    file.write_text(
        f"devices: [{{name: a, target: '127.0.0.1:{port}', timeout: 500ms}}]\n"
        f"otlp: {{endpoint: 'http://127.0.0.1:{collector.port}', interval: 100ms}}\n"
    )
    with exporter(f"--config.file={file}") as it:
        with simulator(port, "--battery-modules=4"):
            wait_for(lambda: any(p.name == CHARGE for push in list(collector.pushes) for p in push.of("a")))
        wait_for(lambda: any(p.name == CHARGE for push in list(collector.pushes) for p in push.ended("a")))
        file.write_text(file.read_text().replace("name: a", "name: b"))
        assert it.request("/-/reload", "POST").status == 200
        wait_for(
            lambda: any(p.name == "generex.up" for push in list(collector.pushes) for p in push.ended("a")),
            what="the end of a device that is not configured any more",
        )


def failures(push: Push) -> list[tuple[str, float, int, int]]:
    """Value, start and time of the power failures, in seconds."""
    return [
        (p.kind, p.value, p.start // 10**9, p.time // 10**9)
        for p in push.points
        if p.name == "generex.ups.power_failures"
    ]


def test_delta(collector: Receiver) -> None:
    push, source = Pushes(collector, delta=True), Source("ups")

    def at(count: int, seconds: float) -> Snapshot:
        return replace(source.snapshot({**simulated(), 114: count}), time=seconds)

    # how many of the 7 were before nobody knows
    assert failures(push(at(7, 100))) == []
    assert failures(push(at(9, 160))) == [("delta", 2, 100, 160)]
    assert failures(push(at(9, 220))) == [("delta", 0, 160, 220)]
    collector.status = 503
    push(at(10, 280), error="503 Service Unavailable")
    push(at(12, 340), error="503 Service Unavailable")
    collector.status = 200
    assert failures(push(at(12, 400))) == [("delta", 3, 220, 400)], "nothing is lost with a push"
    assert failures(push(at(2, 460))) == [("delta", 2, 400, 460)], "it began anew"
    dead = push(replace(source.snapshot({}), time=520))
    assert failures(dead) == [], "what it grew by does not live on"
    assert CHARGE in {p.name for p in dead.ended("ups1")}
    assert failures(push(at(3, 580))) == [("delta", 1, 460, 580)]
    kinds = {p.kind for p in push(at(3, 640)).points}
    assert kinds == {"gauge", "updowncounter", "delta"}


def test_delta_of_the_exporter_counts_since_it_started(collector: Receiver) -> None:
    push, own = Pushes(collector, delta=True), ExporterMetrics()
    found = []
    for count, time in ((3, 1_600_000_060.0), (5, 1_600_000_120.0)):
        collector.pushes.clear()
        state = ExporterState([], True, 1.65e9, (count, 0))
        assert push.sender.send([], own.readings(state), time) == ""
        found += [
            (p.value, p.start // 10**9, p.time // 10**9)
            for p in collector.pushes[0].points
            if p.name == "generex.exporter_otlp_exports"
        ]
    assert found == [(3, 1_600_000_000, 1_600_000_060), (2, 1_600_000_060, 1_600_000_120)]
