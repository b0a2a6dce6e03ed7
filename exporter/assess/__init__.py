"""What a snapshot means to people; pages, probe, boards and rules agree by it."""

__all__ = [
    "alarms",
    "blocks",
    "condition",
    "defaults",
    "facts",
    "measured",
    "outcomes",
    "plausible",
    "promql",
]
