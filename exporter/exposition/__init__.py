"""Snapshots as other people read them: Prometheus text, tables."""
