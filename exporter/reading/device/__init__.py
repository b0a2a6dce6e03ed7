"""A device and a fleet of them: scrapes come in, shared passes go out, snapshots come back."""
