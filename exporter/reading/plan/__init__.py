"""What to ask: spans of addresses, packed into the fewest requests. Pure."""

__all__ = ["cover", "order", "spans"]
