"""How to ask: one connection per endpoint, a queue in front of it, and every answer checked."""
