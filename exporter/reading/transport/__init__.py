"""How to ask: one connection per endpoint, a queue in front of it, and every answer checked."""

__all__ = ["answers", "deadline", "exchange", "line", "opening", "resolve", "transports"]
