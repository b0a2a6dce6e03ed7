"""Commissioning: ask a device gently, judge what its words mean, and write down what was found."""

__all__ = [
    "ask",
    "configfile",
    "findings",
    "heard",
    "report",
    "scan",
    "scanned",
    "shift",
    "skeleton",
    "survey",
]
