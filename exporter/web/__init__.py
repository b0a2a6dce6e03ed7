"""The HTTP side: metrics, probes, service discovery."""

__all__ = ["listen", "pages", "prefix", "security", "server", "state"]
