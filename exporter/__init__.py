"""GENEREX CS141 and BACS made visible to Prometheus, OpenTelemetry and Grafana. It only ever reads."""

from importlib.metadata import version

__version__ = version("generex-exporter")
