"""What to replace first, with the reasons in words. Pure. It ranks; alarms are for the alert rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from exporter.assess.blocks import DISCHARGE_SHARE, RESISTANCE_RATIO, float_limits
from exporter.report.figures import WORN, BlockFigures
from exporter.report.model import Place, utc

LISTED = 0.6
"""A block is listed when a sign is as far as this on the way to its limit: 1.3 of the 1.5 times its baseline,
where a warning begins (note on IEEE 1188-2005)."""
_OTHERS = 0.25  # what the other signs count beside the one that is farthest
_EQUALISED = (
    0.4  # of full effort above the median of the string: equalising hides a weak block (operations 3)
)
_YEAR = 365.0


@dataclass(frozen=True)
class Sign:
    """One reason. `share` is 1 at the limit of the alerts; one that is not `main` lists no block alone."""

    share: float
    text: str
    main: bool = True


@dataclass(frozen=True)
class Ranked:
    """A block to look at. The graver, the higher the score."""

    place: Place
    block: BlockFigures
    score: float
    signs: tuple[Sign, ...]

    @property
    def urgent(self) -> bool:
        """Whether a sign has reached the limit at which blocks are replaced."""
        return any(sign.main and sign.share >= 1 for sign in self.signs)


def ranking(blocks: Iterable[tuple[Place, BlockFigures]]) -> list[Ranked]:
    """The blocks with a main sign that has come far, gravest first.

    The score is the share of the sign that is farthest, and a quarter of the others.
    """
    found = []
    for place, block in blocks:
        told = sorted(signs(block), key=lambda sign: -sign.share)
        main = max((sign.share for sign in told if sign.main), default=0.0)
        if main >= LISTED:
            score = main + _OTHERS * (sum(sign.share for sign in told) - main)
            found.append(Ranked(place, block, score, tuple(sign for sign in told if sign.share >= LISTED)))
    return sorted(found, key=lambda item: (-item.score, item.place, item.block.key))


def signs(block: BlockFigures) -> list[Sign]:
    """Every sign for replacing a block, with its progress to the limit; an unknown value is no sign."""
    found = []
    if block.growth is not None:
        of = "its baseline" if block.baseline_given else "its first 30 days"
        share = (block.growth - 1) / (WORN - 1)
        found.append(Sign(share, f"its resistance is {block.growth:.2f} times that of {of}"))
        if block.trend is not None and block.ratio and block.trend.low > 0 and block.growth < WORN:
            low, high = (pace / block.ratio * _YEAR for pace in (block.trend.low, block.trend.high))
            share = (block.growth * (1 + low) - 1) / (WORN - 1)
            found.append(
                Sign(share, f"against its string it grows by {100 * low:.0f} to {100 * high:.0f} % a year")
            )
    if block.ratio is not None:
        share = (block.ratio - 1) / (RESISTANCE_RATIO - 1)
        found.append(Sign(share, f"its resistance is {block.ratio:.2f} times the median of its string"))
    if block.flagged:
        found.append(Sign(1.0, "BACS says that its resistance is high"))
    if block.weakest is not None:
        ratio, at = block.weakest
        text = (
            f"in the discharge of {utc(at):%Y-%m-%d} its lowest voltage was {100 * (1 - ratio):.1f} % "
            "below that of its string"
        )
        found.append(Sign((1 - ratio) / DISCHARGE_SHARE, text))
    if block.deviation is not None and block.volts is not None:
        low, high = float_limits(block.volts)
        share = -block.deviation / low if block.deviation < 0 else block.deviation / high
        side = "below" if block.deviation < 0 else "above"
        text = f"on float it is {1000 * abs(block.deviation):.0f} mV {side} its string"
        found.append(Sign(share, text, main=False))
    if block.equalising_more is not None:
        text = f"it is equalised by {100 * block.equalising_more:.0f} % more than its string"
        found.append(Sign(block.equalising_more / _EQUALISED, text, main=False))
    return [sign for sign in found if sign.share > 0]
