"""Noise that is the same whenever the same moment is asked for."""


def jitter(key: int, tick: int) -> float:
    """A number from −1 to 1 that is always the same for the same block (or phase) and moment."""
    mixed = (key * 0x9E3779B1 ^ tick * 0x85EBCA6B) & 0xFFFFFFFF
    mixed = ((mixed ^ mixed >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
    return (mixed ^ mixed >> 12) % 2001 / 1000 - 1
