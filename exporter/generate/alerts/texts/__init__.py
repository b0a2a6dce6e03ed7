"""The prose and data files of this package."""

from importlib.resources import files

__all__ = ["read_text"]


def read_text(folder: str, name: str) -> str:
    """A file of the package, from `rules` or `texts`."""
    return files("exporter.generate.alerts").joinpath(folder, name).read_text(encoding="utf-8")
