"""TLS, passwords and limits by the exporter-toolkit's web-config.yml, and what every answer carries."""

from exporter.web.security.current import CurrentWebConfig
from exporter.web.security.doors import IDLE_TIMEOUT, Doors
from exporter.web.security.guard import HEALTHY, READY, Guard

__all__ = ["HEALTHY", "IDLE_TIMEOUT", "READY", "CurrentWebConfig", "Doors", "Guard"]
