"""The figures of a report from the samples themselves, in plain Python, and the tables of its page."""

from collections import defaultdict
from html.parser import HTMLParser
from itertools import combinations
from statistics import fmean, median

from tests.year.backfill import Prometheus
from tests.year.story import DAY, Story

Samples = dict[int, list[tuple[float, float]]]
"""Time and value of each sample, by the number of the module; 0 for what is no module's."""


def samples(prometheus: Prometheus, metric: str, end: float, seconds: float) -> Samples:
    """All samples of a metric in some seconds before `end`."""
    found: Samples = {}
    for series in prometheus.instant(f"{metric}[{seconds:.0f}s]", end):
        values = [(float(at), float(value)) for at, value in series["values"]]
        found[int(series["metric"].get("module", 0))] = values
    return found


def by_day(of: Samples, story: Story, times: set[float] | None = None) -> dict[int, dict[int, list[float]]]:
    """The values of each day of the year, at these times only, by module."""
    found: dict[int, dict[int, list[float]]] = {}
    for module, points in of.items():
        days: dict[int, list[float]] = defaultdict(list)
        for at, value in points:
            if times is None or at in times:
                days[int((at - story.start) // DAY)].append(value)
        found[module] = days
    return found


def means(of: dict[int, dict[int, list[float]]]) -> dict[int, dict[int, float]]:
    """The mean of each day, by module."""
    return {module: {day: fmean(values) for day, values in days.items()} for module, days in of.items()}


def against_string(of: dict[int, dict[int, float]], story: Story) -> dict[int, dict[int, float]]:
    """Each day against the median of the string on that day, by module."""
    size = story.modules // story.strings
    found: dict[int, dict[int, float]] = {module: {} for module in of}
    for first in range(1, story.modules + 1, size):
        string = range(first, first + size)
        for day in of[first]:
            middle = median(of[module][day] for module in string if day in of[module])
            for module in string:
                if day in of[module]:
                    found[module][day] = of[module][day] / middle
    return found


def slope(days: dict[int, float]) -> float:
    """The middle of the slopes between all weeks, in 1/day (Theil and Sen)."""
    weeks: dict[int, list[float]] = defaultdict(list)
    first = min(days)
    for day, value in days.items():
        weeks[(day - first) // 7].append(value)
    points = [(7 * week, median(values)) for week, values in weeks.items() if len(values) >= 3]
    return median((b - a) / (later - day) for (day, a), (later, b) in combinations(points, 2))


class Tables(HTMLParser):
    """The rows of all tables of a page, each a list of the texts of its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._inside = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def block(self, module: int) -> dict[str, str]:
        """The row of a block, by the heads of its columns."""
        head = next(row for row in self.rows if row[0] == "Block")
        return dict(
            zip(
                head,
                next(row for row in self.rows if row[0] == str(module) and len(row) == len(head)),
                strict=True,
            )
        )

    def under(self, head: str) -> list[dict[str, str]]:
        """The rows of the table that has this head in its second column."""
        start = next(number for number, row in enumerate(self.rows) if len(row) > 1 and row[1] == head)
        found = []
        for row in self.rows[start + 1 :]:
            if len(row) != len(self.rows[start]):
                break
            found.append(dict(zip(self.rows[start], row, strict=True)))
        return found
