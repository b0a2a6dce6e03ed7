"""From a device's words to a frozen snapshot: plan, link, decode, device."""

__all__ = ["decode", "device", "plan", "transport"]
