"""A metric with labels, and the values that a raw word gives it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.maps.model import Labels, Metric, Word

Raw = int | float
Sample = tuple[Labels, float]


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """A metric with fixed labels, fed by one word or by a number that the exporter itself found out.

    A word with flags or states feeds several series at once: they differ in the label that `samples` adds.
    `flags` are the names of flags, or of states, where not all are shown. The labels of the device are not
    among `labels`; every exposition adds them.
    """

    metric: Metric
    labels: Labels
    word: Word | None = None
    flags: tuple[str, ...] | None = None
    set_only: bool = False

    def samples(self, raw: Raw) -> list[Sample]:
        """The values for a raw word, with the labels that tell them apart.

        There is one, or one for each flag or state. A number without a name is the only state: it may mean
        anything, so of none with a name it says that it is not so. Where only some are shown it is not.
        """
        word = self.word
        if word is None:
            return [((), float(raw))]
        if word.flags:
            bits = int(raw)
            shown = [flag for flag in word.flags if self.flags is None or flag.name in self.flags]
            if self.set_only:
                shown = [flag for flag in shown if bits & flag.mask]
            return [((("flag", flag.name),), 1.0 if bits & flag.mask else 0.0) for flag in shown]
        if word.flag is not None:
            return [((), 1.0 if raw else 0.0)]
        if word.states:
            now = word.state(raw)
            if now is None:
                return [((("state", str(word.number(raw))),), 1.0)] if self.flags is None else []
            states = [name for _, name in word.states if self.flags is None or name in self.flags]
            return [((("state", name),), 1.0 if name == now else 0.0) for name in states]
        return [((), word.value(raw))]


@dataclass(slots=True)
class Family:
    """The series of one metric that have a value in a pass, in order, with their raw words: pairs of both.

    Kept as two columns, as a fleet has millions of them. Mostly the first is that of the layout, which all
    devices share, and the second has only numbers: nothing that Python's garbage collector must look through.
    """

    series: tuple[Series, ...] = ()
    raws: tuple[Raw, ...] = ()

    def add(self, series: tuple[Series, ...], raws: tuple[Raw, ...]) -> None:
        """Give series their raw words; there are as many of both."""
        self.series += series
        self.raws += raws

    @property
    def metric(self) -> Metric:
        """The metric that all series are of."""
        return self.series[0].metric

    def __iter__(self) -> Iterator[tuple[Series, Raw]]:
        return zip(self.series, self.raws, strict=True)

    def __len__(self) -> int:
        return len(self.series)
