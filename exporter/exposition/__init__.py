"""Snapshots as other people read them: Prometheus text, tables."""

__all__ = ["lines", "negotiation", "otlp", "own", "summary"]
