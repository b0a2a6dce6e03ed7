"""Scenarios: what happens to the plant and when, as data, and playing them."""

import difflib
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from exporter.durations import parse_duration
from exporter.errors import UsageError
from exporter.maps import DEFAULT_MODULE, built_in_maps
from exporter.simulator.knobs import Knobs
from exporter.simulator.plant import Plant
from exporter.simulator.registers import Personality
from exporter.yamlfile import Strict, read, validate

_FOLDER = Path(__file__).with_name("scenarios")


def _seconds(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError(f"a time is text with a unit, like 30s or 5m, not {value!r}")
    return parse_duration(value)


Seconds = Annotated[float, BeforeValidator(_seconds)]


class Step(Strict):
    """At a time since the start of the scenario (seconds), turn some knobs; the others stay as they are."""

    at: Seconds
    set: Knobs


class Scenario(Strict):
    """One story. With `repeat` it starts again after `lasts` seconds."""

    name: str
    description: str
    personality: Personality = "cs141"
    base: Annotated[int, Field(ge=0, le=65486)] = 0  # where a PLC serves the 50 words of a gateway frame
    repeat: bool = False
    lasts: Seconds
    timeline: Annotated[tuple[Step, ...], Field(strict=False)] = ()

    @property
    def module(self) -> str:
        """The module to read it with; an EverExceed on the default map is meant to be read wrongly."""
        if self.personality != "prof":
            return DEFAULT_MODULE
        return next(name for item in built_in_maps().values() if item.is_frame for name, _ in item.modules)

    @model_validator(mode="after")
    def _in_order(self) -> "Scenario":
        times = [step.at for step in self.timeline]
        if times != sorted(set(times)):
            raise ValueError("the times of the timeline must rise")
        if self.lasts <= 0 or (times and times[-1] > self.lasts):
            raise ValueError("lasts must be more than 0 and no less than the time of the last step")
        for step in self.timeline:
            if not step.set.model_fields_set:
                raise ValueError("a step must set something")
        return self


class Playback:
    """A scenario running on a plant; `seconds` is how long it has run."""

    def __init__(self, scenario: Scenario, plant: Plant) -> None:
        self.scenario = scenario
        self.plant = plant
        self.seconds = 0.0
        self._begun = 0.0  # when the present round began
        self._next = 0
        self._turn_due()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on the plant and turn its knobs exactly when they are due."""
        end = self.seconds + seconds
        while (due := self._due()) is not None and due <= end:
            self._pass(due)
            self._turn_due()
        self._pass(end)

    def _pass(self, until: float) -> None:
        self.plant.advance(until - self.seconds)
        self.seconds = until

    def _due(self) -> float | None:
        """When the next step or the next round is due, in seconds of this playback."""
        if self._next < len(self.scenario.timeline):
            return self._begun + self.scenario.timeline[self._next].at
        return self._begun + self.scenario.lasts if self.scenario.repeat else None

    def _turn_due(self) -> None:
        if self._next == len(self.scenario.timeline) and self.scenario.repeat and self.seconds > self._begun:
            self._begun, self._next = self.seconds, 0
        while self._next < len(self.scenario.timeline) and self._due() == self.seconds:
            self.plant.turn(self.scenario.timeline[self._next].set)
            self._next += 1


def scenario_names() -> list[str]:
    """The names of the scenarios in the package, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def scenario_summaries() -> dict[str, str]:
    """The description of each scenario by name; found without parsing, so that `--help` stays quick."""
    summaries = {}
    for name in scenario_names():
        lines = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
        summaries[name] = next(line for line in lines if line.startswith("description: "))[13:]
    return summaries


def out_of_reach(scenario: Scenario, strings: int, modules: int) -> list[str]:
    """What a scenario says of blocks and strings that the plant does not have, and what is taken instead."""
    found: dict[str, None] = {}
    for step in scenario.timeline:
        knobs = step.set
        blocks = [
            *knobs.lost_modules, *knobs.failing_blocks, knobs.weak_block, knobs.runaway_block,
            knobs.replaced_block, knobs.drifting_sensor,
        ]  # fmt: skip
        for block in blocks:
            if block is not None and block > modules:
                found[f"block {block}, and there are {modules}: block {modules} is taken"] = None
        cut, opened = knobs.bus_cut_after, knobs.open_string
        if cut is not None and cut >= modules:
            found[f"block {cut}, and there are {modules}: the bus is cut behind block {modules // 2}"] = None
        if opened is not None and opened > strings:
            found[f"string {opened}, and there are {strings}: string {strings} is taken"] = None
    return [f"{scenario.name} speaks of {text}" for text in found]


@cache
def load_scenario(name: str) -> Scenario:
    """The scenario of that name. Raises UsageError, with all names, when there is none."""
    if name not in scenario_names():
        close = difflib.get_close_matches(name, scenario_names(), n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise UsageError(f'unknown scenario "{name}"{hint}: there are {", ".join(scenario_names())}')
    return read_scenario(_FOLDER / f"{name}.yaml")


def read_scenario(path: Path) -> Scenario:
    """A scenario from a file. Raises UserError that names the line of each mistake."""
    document = read(path)
    scenario = validate(document, Scenario)
    if scenario.name != path.stem:
        raise document.error(("name",), f'"{scenario.name}" is not the name of the file')
    return scenario
