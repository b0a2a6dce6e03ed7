"""The files that grow from the register maps, one module for each kind.

A kind has a docstring whose first line is its help, `OUT`, the folder its files go to unless `--out` says
otherwise, `add_arguments(parser)` for flags of its own, and `files(maps, args)`, which returns the text of
each file by its path within that folder.
"""

__all__ = ["KINDS"]

KINDS = ("reference", "dashboards", "alerts")
