"""A year of a simulated device: what becomes of which block, and its samples through the real decoding."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from exporter.simulator.scenarios import Playback, Scenario

DAY = 86_400
END = 1_764_547_200  # 1 December 2025, midnight UTC
COARSE, RECHARGE, DENSE = 3600, 300, 30
"""Seconds between two samples: on float, for three hours after a discharge, and during one."""


@dataclass(frozen=True)
class Span:
    """Seconds after the start of the year, and the step between two samples. Its end is not part of it."""

    start: int
    end: int
    step: int


@dataclass(frozen=True)
class Story:
    """What happens in the year of this seed.

    Two blocks fail, in different strings (`failing`: in how many days at 20 °C the resistance grows to twice
    its value). A third one fails early and is replaced (`replaced`, on `replaced_on`). One sensor drifts. The
    UPS tests its battery for ten minutes every thirty days; there are five outages (`outages`: the second at
    which one begins, and how long it lasts).
    """

    seed: int
    strings: int = 2
    modules: int = 24
    days: int = 365
    device: str = "ups-a"
    site: str = "north"

    @cached_property
    def _drawn(self) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        chance = random.Random(self.seed)
        size = self.modules // self.strings
        blocks = [chance.randint(1, size), chance.randint(self.modules - size + 1, self.modules)]
        others = [block for block in range(1, self.modules + 1) if block not in blocks]
        days = [chance.randint(330, 430), chance.randint(330, 430), chance.randint(150, 190)]
        outages = [
            (day * DAY + 30 * chance.randint(1, 2400), 30 * chance.randint(6, 24))
            for day in sorted(
                chance.sample([d for d in range(10, self.days - 2) if d % 30 not in (0, 29)], 5)
            )
        ]
        return [*blocks, *chance.sample(others, 2)], days, outages

    @property
    def failing(self) -> dict[int, int]:
        """The blocks that are made to fail and stay, with their days."""
        return dict(zip(self._drawn[0][:2], self._drawn[1][:2], strict=True))

    @property
    def replaced(self) -> int:
        """The block that fails early and is replaced."""
        return self._drawn[0][2]

    @property
    def replaced_on(self) -> int:
        """The second of its replacement: about when BACS says that its resistance is high."""
        return 135 * DAY

    @property
    def replaced_at(self) -> datetime:
        """The midnight of UTC of its replacement."""
        return datetime.fromtimestamp(self.start + self.replaced_on, UTC)

    @property
    def drifting(self) -> int:
        """The block whose temperature sensor drifts, from the first day on."""
        return self._drawn[0][3]

    @property
    def healthy(self) -> set[int]:
        """The blocks that neither fail nor did."""
        return set(range(1, self.modules + 1)) - set(self.failing) - {self.replaced}

    @property
    def outages(self) -> list[tuple[int, int]]:
        """Begin and length of each, in seconds."""
        return self._drawn[2]

    @property
    def tests(self) -> list[tuple[int, int]]:
        """Begin and length of each battery test, in seconds."""
        return [(day * DAY, 600) for day in range(30, self.days, 30)]

    @property
    def discharges(self) -> list[tuple[int, int]]:
        """Tests and outages in their order."""
        return sorted([*self.tests, *self.outages])

    @property
    def start(self) -> int:
        """The Unix time at which the year begins."""
        return END - self.days * DAY

    @property
    def first_day(self) -> date:
        """The first day of the year, of UTC."""
        return datetime.fromtimestamp(self.start, UTC).date()

    @property
    def last_day(self) -> date:
        """The last day of the year, of UTC."""
        return datetime.fromtimestamp(END - 1, UTC).date()

    @property
    def windows(self) -> list[Span]:
        """When samples are dense: around each discharge, and while the battery is charged again."""
        found = []
        for begin, lasts in self.discharges:
            calm = begin + lasts + 300
            found += [Span(begin - 300, calm, DENSE), Span(calm, calm + 3 * 3600, RECHARGE)]
        return found

    def times(self, step: int, finest: int) -> list[int]:
        """When something looks every `step` seconds, and down to every `finest` in windows, in seconds."""
        windows = [span for span in self.windows if span.step >= finest]
        times = set(range(0, self.days * DAY, step))
        for span in windows:
            times |= set(range(span.start, span.end, span.step))
        return sorted(times)

    def scenario(self) -> Scenario:
        """The year for a plant."""
        fails = {**self.failing, self.replaced: self._drawn[1][2]}
        steps: dict[int, dict[str, object]] = {
            0: {
                "season_kelvin": 5.0, "day_kelvin": 1.0, "self_test_days": 30,
                "failing_blocks": fails, "drifting_sensor": self.drifting,
            },
            self.replaced_on: {"replaced_block": self.replaced},
        }  # fmt: skip
        for begin, lasts in self.outages:
            steps[begin], steps[begin + lasts] = {"mains": False}, {"mains": True}
        timeline = [{"at": f"{at}s", "set": steps[at]} for at in sorted(steps) if at < self.days * DAY]
        return Scenario.model_validate(
            {"name": "year", "description": "-", "lasts": f"{self.days}d", "timeline": timeline}
        )

    def words(self) -> Iterator[tuple[int, Image]]:
        """The registers of the device at each moment of the year, by its Unix time."""
        playback = Playback(self.scenario(), Plant(self.strings, self.modules, self.seed))
        for at in self.times(COARSE, DENSE):
            playback.advance(at - playback.seconds)
            yield self.start + at, image(playback.plant)
