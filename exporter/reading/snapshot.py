"""What one read pass found out: frozen, and all that the expositions know."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.config import Device
from exporter.maps.model import Labels, Metric, Word

Raw = int | float
Sample = tuple[Labels, float]


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """A metric with fixed labels, fed by one word or by a number that the exporter itself found out.

    A word with flags or states feeds several series at once: they differ in the label that `samples` adds.
    The labels of the device are not among `labels`; every exposition adds them.
    """

    metric: Metric
    labels: Labels
    word: Word | None = None
    flags: tuple[str, ...] | None = None
    set_only: bool = False

    def samples(self, raw: Raw) -> list[Sample]:
        """The values for a raw word, with the labels that tell them apart.

        There is one, or one for each flag or state; a number without a name is a state by itself.
        """
        word = self.word
        if word is None:
            return [((), float(raw))]
        if self.flags is not None:
            bits = int(raw)
            shown = [flag for flag in word.flags if flag.name in self.flags]
            if self.set_only:
                shown = [flag for flag in shown if bits & flag.mask]
            return [((("flag", flag.name),), 1.0 if bits & flag.mask else 0.0) for flag in shown]
        if word.flag is not None:
            return [((), 1.0 if raw else 0.0)]
        if word.states:
            number = word.number(raw)
            states: list[Sample] = [
                ((("state", name),), 1.0 if number == value else 0.0) for value, name in word.states
            ]
            if number not in dict(word.states):
                states.append(((("state", str(number)),), 1.0))
            return states
        return [((), word.value(raw))]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One pass over one device.

    `readings` hold, per metric name in a fixed order, the series that have a value in this pass with their
    raw words. `words` are all values read, by word id with the instance number where words repeat
    (`bacs.module_volts#12`), also those that are not exported. `layout` stays the same object for as long as
    the same series can occur.
    """

    device: Device
    time: float
    up: bool
    readings: Mapping[str, list[tuple[Series, Raw]]]
    words: Mapping[str, Raw]
    groups: Mapping[str, bool]
    valid: Mapping[str, bool]
    errors: tuple[str, ...]
    layout: object

    @property
    def whole(self) -> bool:
        """Whether all that the device has was read, and all of it vouches for itself."""
        return self.up and all(self.groups.values()) and all(self.valid.values())
