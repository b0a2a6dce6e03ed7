"""Words, times and addresses as the pages write them."""

import time
from urllib.parse import quote

from exporter.maps.model import Severity

SEVERITY_SIGNS: dict[Severity, str] = {"critical": "✖", "warning": "▲", "info": "◇", "none": "·"}


def ago(seconds: float) -> str:
    """How long something is: "3 s", "6 min", "2 h 5 min", "3 d 4 h"."""
    whole = max(int(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    if whole < 172800:
        return f"{whole // 3600} h {whole // 60 % 60} min"
    return f"{whole // 86400} d {whole // 3600 % 24} h"


def clock(seconds: float) -> str:
    """The time of day of a clock's reading, with the date when it was not today."""
    then = time.localtime(seconds)
    today = time.localtime()
    same_day = (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S", then)


def device_path(name: str) -> str:
    """The path of a device's page below the first page. Browsers drop `device/..`, in any writing."""
    return f"device?name={name}" if name in (".", "..") else f"device/{quote(name, safe='')}"


def probe_path(name: str) -> str:
    """The path of a probe of a device below the first page."""
    return f"probe?target={quote(name, safe='')}"


def board_url(grafana: str, name: str, *, has_ups: bool) -> str:
    """The board of a device in the Grafana at that address; "" without one."""
    if not grafana:
        return ""
    board = "generex-ups" if has_ups else "generex-bacs"
    return f"{grafana}/d/{board}?var-device={quote(name, safe='')}"


def title(metric: str) -> str:
    """What a metric measures, by its name: `generex_ups_output_volts` is "UPS output voltage"."""
    text = metric.removeprefix("generex_").replace("_volts", "_voltage")
    for unit in ("_ratio", "_celsius", "_hertz", "_amperes", "_ohms", "_seconds", "_total", "_voltamperes"):
        text = text.removesuffix(unit)
    words = [word.upper() if word in ("ups", "bacs", "aux") else word for word in text.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
