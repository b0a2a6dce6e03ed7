"""Where something slowly goes: a slope that single bad values do not turn, with its band. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

LEAST_DAYS = 60
_LEAST_WEEKS = 8
_LEAST_OF_WEEK = 3  # known days
_NORMAL_90 = 1.6448536269514722  # what nine of ten values of a normal distribution are within


@dataclass(frozen=True)
class Trend:
    """Between these the slope lies with 90 % confidence, in 1/day."""

    low: float
    high: float


def weekly(days: Sequence[float]) -> list[tuple[float, float]]:
    """The day in the middle and the median of each week in which three days at least are known.

    Values of one week have the same weather and load: as they are not independent, a band that counts each
    day would be too narrow.
    """
    found = []
    for start in range(0, len(days), 7):
        known = [
            (day, days[day]) for day in range(start, min(start + 7, len(days))) if days[day] == days[day]
        ]
        if len(known) >= _LEAST_OF_WEEK:
            found.append((sum(day for day, _ in known) / len(known), median(value for _, value in known)))
    return found


def trend(days: Sequence[float]) -> Trend | None:
    """The band of the slope over the weeks; None from less than 60 days or 8 weeks.

    It is that of Sen (1968): the slopes of all pairs, as far from the middle as chance takes Kendall's
    rank correlation. NaN is not known.
    """
    known = [day for day, value in enumerate(days) if value == value]
    weeks = weekly(days)
    if not known or known[-1] - known[0] < LEAST_DAYS or len(weeks) < _LEAST_WEEKS:
        return None
    slopes = sorted((b - a) / (later - day) for (day, a), (later, b) in combinations(weeks, 2))
    count = len(weeks)
    spread = _NORMAL_90 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(round((len(slopes) - spread) / 2) - 1, 0)
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return Trend(slopes[low], slopes[high])
