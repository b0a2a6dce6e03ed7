"""What to ask: spans of addresses, packed into the fewest requests. Pure."""
