"""What happens to a device, step by step, and the series that the exporter makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from exporter.config import Expect
from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from tests.alerts.series import UNKNOWN, Page, Watched, healthy_images, input_series, named, plant_images
from tests.alerts.words import put

Fault = tuple[str, ...] | Callable[[Image, int], Image | None]
"""Changes to the words, or a function of the healthy words and the step of the illness; None: no answer."""


@dataclass(frozen=True)
class Story:
    """One device. `alerts` are those that this story is the case for; others may fire beside them."""

    device: str
    alerts: tuple[str, ...]
    fault: Fault = ()
    module: str = "cs141"
    strings: int = 2
    modules: int = 2
    labels: dict[str, str] = field(default_factory=dict)
    turn: dict[str, Any] = field(default_factory=dict)
    gap: bool = True
    restarts: bool = False
    duration: float = 0.2
    scrape_fails: bool = False
    refuses: tuple[int, ...] = ()
    flags: Literal["all", "set"] = "all"
    expect: Expect = UNKNOWN


@dataclass(frozen=True)
class Batch:
    """Stories on one clock: `step` seconds, and how many steps each part has."""

    name: str
    step: int
    healthy: int
    ill: int
    stories: tuple[Story, ...]

    @property
    def gap(self) -> int:
        """The step of the last failed pass, two before the end of the illness."""
        return self.healthy + self.ill - 2

    @property
    def early_gap(self) -> int:
        """The step of a failed pass, after which too little is left for the alerts that take longest."""
        return self.healthy + 2 * self.ill // 5

    def every(self, step: int) -> "Batch":
        """The same with another step: each part takes as long."""
        healthy, ill = (count * self.step // step for count in (self.healthy, self.ill))
        return replace(self, step=step, healthy=healthy, ill=ill)

    def time(self, step: int) -> str:
        return f"{step * self.step}s"

    def series(self) -> list[dict[str, str]]:
        return [series for story in self.stories for series in input_series(self.pages(story), story.device)]

    def pages(self, story: Story) -> list[Page]:
        device = named(
            story.device, story.module, story.flags, story.expect, **({"site": "north"} | story.labels)
        )
        watched = Watched(device)
        pages: list[Page] = []
        for at, words in enumerate(self._images(story)):
            since = at - self.healthy
            ill = 0 <= since < self.ill
            if ill and story.scrape_fails:
                pages.append(None)
                continue
            if story.restarts and since == 0:
                watched = Watched(device)
            shown: Image | None = words
            # on battery, where stories have sites of their own, a failed pass is an alert by itself
            early = at == self.early_gap and not story.labels
            if story.gap and (early or at == self.gap):
                shown = None
            elif ill:
                fault = story.fault
                shown = put(words, *fault) if isinstance(fault, tuple) else fault(words, since)
            watched.refuse(story.refuses if ill else (), at * self.step)
            pages.append(watched.page(shown, at * self.step, story.duration if ill else 0.2))
        return pages

    def _images(self, story: Story) -> Sequence[Image]:
        count = self.healthy + self.ill
        if story.module == "prof":
            frame = image(Plant(2, 2), "prof")
            return [frame | {0: (at % 256) << 8} for at in range(count)]
        if not story.turn:
            return healthy_images(count, self.step, story.strings, story.modules)

        def turn(plant: Plant, at: int) -> None:
            if at == self.healthy:
                plant.turn(**story.turn)

        return plant_images(count, self.step, turn, story.strings, story.modules)
