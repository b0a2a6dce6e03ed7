"""One read pass: what is asked in which order, what was refused or silent, what is remembered of it."""

__all__ = ["asking", "memory", "progress", "run"]
