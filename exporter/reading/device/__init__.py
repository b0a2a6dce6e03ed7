"""A device and a fleet of them: scrapes come in, shared passes go out, snapshots come back."""

__all__ = ["changes", "counters", "device", "fleet"]
