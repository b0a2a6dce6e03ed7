"""Faults written as addresses and bits of the vendor's tables, put on the words of a healthy device."""

from exporter.simulator.registers import Image


def put(words: Image, *changes: str) -> Image:
    """A copy of `words` with changes such as `109.0` (set a bit), `-109.2` (clear one), `117=1` (a word)."""
    result = dict(words)
    for change in changes:
        if "=" in change:
            address, value = change.split("=")
            result[int(address)] = int(value) & 0xFFFF
            continue
        address, bit = change.removeprefix("-").split(".")
        mask = 1 << int(bit)
        old = result[int(address)]
        result[int(address)] = old & ~mask if change.startswith("-") else old | mask
    return result
