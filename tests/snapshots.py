"""Snapshots made from words, through the real layout and decoding, without a device."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from exporter.config import load_config
from exporter.reading.decode.device_map import DeviceMap, device_map
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.device.report import Reporter
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.progress import Progress
from exporter.simulator.server import Simulator


def simulated(
    scenario: str = "normal", *, strings: int = 2, modules: int = 8, at: float = 0.0
) -> dict[int, int]:
    """The words of a simulated device, `at` seconds into a scenario."""
    now = [0.0]
    simulator = Simulator(scenario, strings=strings, modules=modules, clock=lambda: now[0])
    simulator.image()
    now[0] = at
    return dict(simulator.image())


@cache
def _by_module(module: str) -> DeviceMap:
    loaded = load_config(None, targets=["x=tcp://10.0.0.7"], module=module)
    return device_map(loaded.devices[0], loaded.maps)


def _by_config(config: Path) -> DeviceMap:
    loaded = load_config(config)
    return device_map(loaded.devices[0], loaded.maps)


class Source:
    """Makes the snapshots of one device, one after the other, as a running exporter does."""

    def __init__(
        self,
        module: str = "cs141",
        *,
        name: str = "ups1",
        labels: Mapping[str, str] | None = None,
        config: Path | None = None,
        strings: int = 2,
        modules: int = 8,
        alike: DeviceMap | None = None,
    ) -> None:
        if config is None:
            self.map = alike or _by_module(module)
            device = replace(self.map.config, name=name, labels=labels or {})
            self.map = replace(self.map, config=device)
        else:
            self.map = _by_config(config)
        self.memory = Memory(FrameWatch(60))
        self.memory.presence.found.update(group.name for group in self.map.groups if group.optional)
        self.memory.counts.counts.update({"strings": strings, "modules": modules})
        self.reporter = Reporter(self.map)

    def snapshot(self, words: Mapping[int, int], *, moving: bool = True) -> Snapshot:
        """The snapshot of a pass that read `words`, by address."""
        # kept, as a running device keeps it: what is prepared for a layout goes when the layout does
        layout = self.layout = self.map.layout(self.memory.counts.counts)
        progress = Progress(layout)
        for span in layout.spans:
            for key in span.keys():  # noqa: SIM118 (a span is no mapping)
                if key & 0xFFFF in words:
                    progress.words[key] = words[key & 0xFFFF]
        if moving:
            self.memory.frame.observe(1, 0.0)
            self.memory.frame.observe(2, 0.5)
        decoded = self.reporter.decode(progress, self.memory, now=1.0)
        self.memory.counts.see(decoded.alive)
        return self.reporter.snapshot(progress, decoded, self.memory, time=1.7e9, duration=0.25, allowed=4.5)


def page(snapshots: Sequence[Snapshot], form: str = "text") -> str:
    """The page of these snapshots by a fresh renderer."""
    from exporter.exposition.lines import Renderer

    text = "".join(Renderer().devices(snapshots, "openmetrics" if form == "openmetrics" else "text"))
    return text + ("# EOF\n" if form == "openmetrics" else "")
