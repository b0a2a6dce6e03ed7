"""Recordings of raw words over time: JSON lines, a header and then one line for each read pass."""

__all__ = ["capture", "form"]
