"""What was asked of a device since the start, and what went wrong."""

from dataclasses import dataclass, field, replace

from exporter.reading.transport.answers import REASONS
from exporter.reading.transport.exchange import Exchange


@dataclass
class Counters:
    """`errors` has every known reason from the start, so that the series exist before the first error."""

    requests: int = 0
    echoes: int = 0
    foreign: int = 0
    coalesced: int = 0
    errors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))

    def note(self, exchange: Exchange) -> None:
        """Count an exchange."""
        self.requests += 1
        self.echoes += exchange.echoed
        self.foreign += exchange.foreign

    def fail(self, reason: str) -> None:
        """Count an error."""
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def copy(self) -> "Counters":
        """The counters as they are now."""
        return replace(self, errors=dict(self.errors))
