"""OTLP: snapshots as OpenTelemetry's messages, and sending them.

`encode` and `send` import OpenTelemetry, which is an extra: they are loaded only where OTLP is configured.
"""

__all__ = ["past", "send"]
