"""Helpers are imported by their place: `from tests.support import ...`."""
