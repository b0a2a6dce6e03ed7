"""The page at `/`: what runs here and where its paths are."""

from html import escape
from urllib.parse import quote

from exporter import __version__
from exporter.reading.device import Device
from exporter.reading.fleet import Fleet

_PATHS = (
    ("/metrics", "the exporter and every configured device"),
    ("/metrics?collect[]=exporter", "the exporter alone"),
    ("/sd", "service discovery for Prometheus"),
    ("/config", "the configuration in force"),
    ("/-/healthy", "health"),
    ("/-/ready", "readiness"),
)


def landing_page(fleet: Fleet) -> str:
    """The page as HTML; everything that comes from the configuration is escaped."""
    paths = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a>: {text}</li>' for path, text in _PATHS)
    devices = "".join(_device(name, device) for name, device in fleet.devices.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<title>generex-exporter</title></head><body>"
        f"<h1>generex-exporter {escape(__version__)}</h1>"
        "<p>Reads GENEREX CS141 UPS managers and BACS battery systems over Modbus.</p>"
        f"<ul>{paths}</ul><h2>Devices</h2><ul>{devices or '<li>none configured</li>'}</ul></body></html>\n"
    )


def _device(name: str, device: Device) -> str:
    probe = f"/probe?target={quote(name, safe='')}"
    url = escape(device.config.target.url)
    return (
        f'<li><a href="{probe}">{escape(name)}</a> ({url}, <a href="{probe}&amp;debug=true">debug</a>)</li>'
    )
