"""The battery report of a site: what a Prometheus holds of it, as figures, pictures and pages that print.

Asking (`query`, `asks`, `gather`) knows no figures, figures (`figures`, `trend`, `ranking`) know no
Prometheus, and the page only lays out what they found.
"""

__all__ = ["gather", "httpconfig", "model", "page", "query", "story"]
