"""How early and how surely the ranking of a report finds blocks of which it is known that they fail.

`python -m tests.year.fates SEED…` prints what docs/report.md has, a line for each seed.
"""

import math
import sys
from array import array
from dataclasses import dataclass, field

from exporter.report.figures import block_figures
from exporter.report.model import BlockDays, BlockKey, Gathered, Period, Place
from exporter.report.ranking import ranking
from exporter.simulator.plant import Plant
from exporter.simulator.scenarios import Playback
from tests.year.story import DAY, Story

LOOKS = range(60, 366, 5)
"""The days on which somebody looks at a report."""
_HOURS = (5, 11, 17, 23)  # what a day's mean is made of: no test runs then


@dataclass
class Fate:
    """What became of a year. Days are counted from its first.

    `warned` is the day of the first flag of BACS for the resistance of a block, `listed` that from which on
    the ranking had it. `named` counts the blocks of all rankings, `wrong` those of them that did not fail,
    and `misled` the rankings that did not begin with one that failed.
    """

    seed: int
    warned: dict[int, int] = field(default_factory=dict)
    listed: dict[int, int] = field(default_factory=dict)
    named: int = 0
    wrong: int = 0
    misled: int = 0

    @property
    def lead(self) -> dict[int, int]:
        """By how many days the ranking was earlier than BACS."""
        return {block: day - self.listed.get(block, day) for block, day in self.warned.items()}


def fate(story: Story) -> Fate:
    """The year of a story, from resistances alone: no discharge and no float voltage helps."""
    found = Fate(story.seed)
    days, found.warned = _resistances(story)
    for look in LOOKS:
        period = Period(story.start, look)
        cut = {key: array("d", values[:look]) for key, values in days.items()}
        it = Gathered(
            Place(story.site, story.device), 3600.0, resistance=cut, present=dict.fromkeys(cut, True)
        )
        replaced = look * DAY > story.replaced_on
        if replaced:
            it.installed[str(story.replaced)] = story.start + story.replaced_on
        failing = set(story.failing) | (set() if replaced else {story.replaced})
        listed = [
            int(item.block.key.module) for item in ranking((it.place, b) for b in block_figures(it, period))
        ]
        found.named += len(listed)
        found.wrong += len(set(listed) - failing)
        found.misled += bool(listed) and listed[0] not in failing
        for block in listed:
            if block in failing:
                found.listed.setdefault(block, look)
    return found


def _resistances(story: Story) -> tuple[BlockDays, dict[int, int]]:
    """The mean of each day of each block, in ohms, and the day on which BACS first said that one is high."""
    playback = Playback(story.scenario(), Plant(story.strings, story.modules, story.seed))
    size = story.modules // story.strings
    keys = {m: BlockKey(str(1 + (m - 1) // size), str(m)) for m in range(1, story.modules + 1)}
    days: BlockDays = {key: array("d", [math.nan]) * story.days for key in keys.values()}
    warned: dict[int, int] = {}
    for day in range(story.days):
        sums = dict.fromkeys(keys, 0.0)
        for hour in _HOURS:
            playback.advance(day * DAY + hour * 3600 - playback.seconds)
            for number, block in playback.plant.bacs().blocks.items():
                sums[number] += round(block.milliohms, 2)
                if any("resistor" in flag and "high" in flag for flag in block.alarms):
                    warned.setdefault(number, day)
        for number, key in keys.items():
            days[key][day] = sums[number] / len(_HOURS) / 1000
    return days, warned


def main() -> None:
    """Print a line for each seed."""
    for text in sys.argv[1:]:
        found = fate(Story(int(text)))
        leads = ", ".join(f"block {block} {days} d" for block, days in sorted(found.lead.items()))
        print(f"| {found.seed} | {leads} | {found.named - found.wrong} of {found.named} | {found.misled} |")


if __name__ == "__main__":
    main()
