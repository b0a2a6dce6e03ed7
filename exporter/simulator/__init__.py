"""A CS141 with BACS to try things on: a plant, scenarios that happen to it, and its Modbus server."""

__all__ = ["replayer", "scenarios", "server"]
