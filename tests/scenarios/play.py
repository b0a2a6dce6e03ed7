"""Playing stories to their ends and writing down which alerts came."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.simulator.scenarios import Scenario, load_scenario
from tests.alerts.messages import Message
from tests.scenarios.stage import Actor, Stage, staged
from tests.scenarios.stories import Story

QUIET = 360.0  # seconds of the story after its last step, in which nothing new may begin
PATIENCE = 1200.0  # seconds of the story for what should resolve and has not yet
BEHIND = 3  # scrapes that rules may lag behind; what is shortest and must bring an alert lasts for four

Alerts = dict[str, set[str]]
"""Names of alerts, without the common beginning, by device."""


@dataclass
class Record:
    """What happened. Alerts of a site as a whole stand under the site.

    `calls` are the messages to a person's phone. `missed` are the devices of which a pass failed, as it may
    happen on a busy machine. `lag` is how many seconds behind the rules were at most.
    """

    fired: Alerts = field(default_factory=lambda: defaultdict(set))
    seen: Alerts = field(default_factory=lambda: defaultdict(set))
    inhibited: Alerts = field(default_factory=lambda: defaultdict(set))
    remaining: Alerts = field(default_factory=lambda: defaultdict(set))
    missed: set[str] = field(default_factory=set)
    lag: float = 0.0
    texts: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    calls: list[Message] = field(default_factory=list)


def perform_in_time(folder: Path, stories: Sequence[Story], quick: float, scrape: float) -> Record:
    """Play all stories; at half the speed when the machine was too busy for the first performance."""
    record = perform(folder, stories, quick, scrape)
    if record.lag <= BEHIND * scrape:
        return record
    (slower := folder / "slower").mkdir()
    return perform(slower, stories, quick / 2, scrape * 2)


def perform(folder: Path, stories: Sequence[Story], quick: float, scrape: float) -> Record:
    """Play all stories at once, until the last is over and what should resolve has resolved."""
    actors = [
        Actor(story.device, _scenario(story), story.site, story.module, story.modules) for story in stories
    ]
    ends = max(_ends(story) for story in stories)
    healing = {name for story in stories if story.heals for name in (story.device, story.site)}
    record = Record()
    with staged(folder, actors, quick, scrape) as stage:
        begun = time.monotonic()
        while True:
            now = _look(stage, record)
            record.lag = max(record.lag, stage.lag())
            passed = time.monotonic() - begun
            ill = {device for device, alerts in now.items() if alerts} & healing
            if passed * quick > ends + (PATIENCE if ill else 0.0):
                break
            time.sleep(scrape / 2)
        record.calls = [message for message in stage.messages if message.receiver == "critical"]
        for device in ill:
            record.remaining[device] |= now[device]
        for series in stage.instant('count_over_time(ALERTS{alertstate="firing"}[1h])'):
            device, alert = _of(series["metric"])
            record.fired[device].add(alert)
        for series in stage.instant("min_over_time(up[1h]) == 0 or min_over_time(generex_up[1h]) == 0"):
            record.missed.add(series["metric"]["instance"])
        for series in stage.instant('ALERTS{alertstate="firing"}'):
            device, alert = _of(series["metric"])
            if device in healing:
                record.remaining[device].add(alert)
    return record


def _ends(story: Story) -> float:
    """When nothing more can come of a story, in seconds of its time."""
    timeline = _scenario(story).timeline
    return max((timeline[-1].at if timeline else 0.0) + QUIET, story.lasts)


def _scenario(story: Story) -> Scenario:
    scenario = load_scenario(story.scenario)
    if not story.last_step:
        return scenario
    last = scenario.timeline[-1].model_copy(update={"at": story.last_step})
    return scenario.model_copy(update={"timeline": (*scenario.timeline[:-1], last)})


def _look(stage: Stage, record: Record) -> Alerts:
    """Note what Alertmanager holds now."""
    now: Alerts = defaultdict(set)
    for held in stage.alerts():
        device, alert = _of(held["labels"])
        now[device].add(alert)
        record.seen[device].add(alert)
        record.texts[device, alert].add(held["annotations"]["description"])
        if held["status"]["inhibitedBy"]:
            record.inhibited[device].add(alert)
    return now


def _of(labels: dict[str, str]) -> tuple[str, str]:
    where = (labels[name] for name in ("device", "site", "instance") if name in labels)
    return next(where, "everywhere"), labels["alertname"].removeprefix("Generex")
