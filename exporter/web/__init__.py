"""The HTTP side: metrics, probes, service discovery."""
