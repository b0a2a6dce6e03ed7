"""From register words to promtool's input series, through the exporter's own decoding and rendering."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from exporter.config import Config, DeviceConfig, Expect, adhoc_device, load_config
from exporter.exposition.lines import Renderer
from exporter.reading.decode.device_map import device_map
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.truth import FrameWatch, bacs_is_there
from exporter.reading.device.report import Reporter
from exporter.reading.plan.spans import Span
from exporter.reading.readpass.frame import observe_frame
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.progress import Progress
from exporter.reading.readpass.refusals import Refusals
from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from exporter.targets import parse_target

Words = Mapping[int, int]
JOB, INSTANCE = "generex", "exporter:10141"
UNKNOWN = Expect()
BACS = ("state", "state_1", "alarms", "num_strings", "num_modules", "alarms_1")


@cache
def built_in() -> Config:
    return load_config()


@dataclass
class Watched:
    """A device as the exporter sees it over time: each pass gives the lines of its page."""

    device: DeviceConfig
    config: Config = field(default_factory=built_in)

    def __post_init__(self) -> None:
        self.map = device_map(self.device, self.config.maps)
        self.reporter = Reporter(self.map)
        self.memory = Memory(FrameWatch(60.0))
        self.layouts: dict[tuple[tuple[tuple[str, int], ...], frozenset[str]], Layout] = {}
        self.renderer = Renderer()

    def refuse(self, addresses: Sequence[int], now: float) -> None:
        """From now on the device refuses these words, and no others."""
        self.memory.refusals = Refusals()
        for address in addresses:
            self.memory.refusals.add(Span(3, address, 1), now, flags=False)

    def page(self, words: Words | None, now: float, duration: float = 0.2) -> dict[str, str]:
        """Series and value of one pass; no words: the device did not answer."""
        memory = self.memory
        counts = dict(memory.counts.counts)
        if words and 1003 in words:
            there = bacs_is_there(
                {name: words[1000 + i] for i, name in enumerate(BACS) if words[1000 + i] != 0xD8F1}
            )
            if there:
                memory.presence.found.add("bacs")
            memory.presence.lost = set() if there or "bacs" not in memory.presence.found else {"bacs"}
            said = {"strings": words[1003], "modules": words[1004]}
            counts = {n: max(said[n], counts.get(n, 0), *memory.counts.seen.get(n, ())) for n in said}
        memory.counts.counts = counts
        without = frozenset(() if "bacs" in memory.presence.found else ("bacs", "strings", "modules")) & {
            group.name for group in self.map.groups
        }
        key = (tuple(sorted(counts.items())), without)
        layout = self.layouts.setdefault(key, self.map.layout(counts, without))
        progress = Progress(layout, requests=1)
        if words:
            progress.words = {
                span.key: words[span.address]
                for span in layout.spans
                if span.address in words and span not in memory.refusals
            }
            memory.refusals.note_served(progress.words)
            if layout.frame:
                observe_frame(memory.frame, progress, now)
        decoded = self.reporter.decode(progress, memory, now=now)
        memory.counts.see(decoded.alive)
        snapshot = self.reporter.snapshot(progress, decoded, memory, time=now, duration=duration, allowed=5.0)
        lines = "".join(self.renderer.devices([snapshot], "text")).splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def named(
    name: str,
    module: str = "cs141",
    module_flags: Literal["all", "set"] = "all",
    expect: Expect = UNKNOWN,
    **labels: str,
) -> DeviceConfig:
    """A device of that name at a place."""
    device = adhoc_device(built_in(), parse_target("192.0.2.1"), module)
    options = replace(device.options, module_flags=module_flags)
    return replace(device, name=name, labels=labels, options=options, expect=expect)


@cache
def healthy_images(count: int, step: float, strings: int = 2, modules: int = 8) -> tuple[Image, ...]:
    """What a healthy plant shows every `step` seconds."""
    return tuple(_play(count, step, strings, modules, lambda plant, at: None))


def plant_images(
    count: int, step: float, turn: Callable[[Plant, int], None], strings: int = 2, modules: int = 8
) -> list[Image]:
    """What a plant shows, with `turn` called before each look with the number of the look."""
    return list(_play(count, step, strings, modules, turn))


def _play(
    count: int, step: float, strings: int, modules: int, turn: Callable[[Plant, int], None]
) -> Iterator[Image]:
    plant = Plant(strings, modules)
    for at in range(count):
        turn(plant, at)
        yield image(plant)
        plant.advance(step)


Page = Mapping[str, str] | None
"""The page of a scrape; None: the scrape itself failed."""


def input_series(pages: Sequence[Page], instance: str = INSTANCE, job: str = JOB) -> list[dict[str, str]]:
    """The pages of one target as promtool has them, with `up`; a series that ends gets a stale marker."""
    names = dict.fromkeys(name for page in pages for name in page or ())
    result = [
        _series(f'up{{job="{job}",instance="{instance}"}}', ["0" if page is None else "1" for page in pages])
    ]
    for name in names:
        metric, _, labels = name.partition("{")
        inside = f"{labels.removesuffix('}')}," if labels else ""
        series = f'{metric}{{{inside}job="{job}",instance="{instance}"}}'
        result.append(_series(series, [(page or {}).get(name) for page in pages]))
    return result


def _series(name: str, values: Sequence[str | None]) -> dict[str, str]:
    parts: list[str] = []
    before: str | None = None
    run = 0
    for value in [*values, "end"]:
        if value == before and value is not None:
            run += 1
            continue
        if before is not None:
            parts.append(f"{before}+0x{run}" if run else before)
        if value is None:
            parts.append("stale" if before is not None else "_")
        before, run = value, 0
    return {"series": name, "values": " ".join(parts)}
