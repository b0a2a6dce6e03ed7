"""A year of a battery of known fate in a real Prometheus; `backfill` says how a test gets it."""
