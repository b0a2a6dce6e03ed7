"""One read pass: what is asked in which order, what was refused or silent, what is remembered of it."""

__all__ = ["asking", "looking", "memory", "progress", "run"]
