"""What is kept back of a scrape's time for what comes after its passes: the last of them, and the page."""

_PER_DEVICE = 0.0004  # seconds; 5,000 silent devices took 1.9 s beyond their deadline (measured)
_MARGIN = 1.2
_MOST = 0.5  # of the time


class Reserve:
    """Knows how long the last page of all devices took after the deadline of its passes. Times in seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    def of(self, devices: int, left: float) -> float:
        """What to keep back of the `left` time of a scrape of that many devices."""
        return min(max(self._last * _MARGIN, devices * _PER_DEVICE), left * _MOST)

    def note(self, seconds: float) -> None:
        """A page took so long from the deadline of its passes, or from their end where that was earlier."""
        self._last = seconds
