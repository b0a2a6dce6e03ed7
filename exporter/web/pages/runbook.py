"""The section of the runbook that a flag or a state leads to, by the served list of alerts."""

import functools
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from exporter.web.pages.sources import source_text

_ROW = re.compile(r"^\| \[\w+\]\(\S+#(\w+)\) \|.*\| ([^|]*) \|$", re.MULTILINE)
_FLAG = re.compile(r"`([^`]+)`")


def section_of_flags(sources: Iterable[str], label: str) -> str:
    """The runbook's section about flags such as `ups_status.battery_low`, below the first page.

    No alert of the list has a flag of a user's own map: then a search for its label.
    """
    known = _sections()
    anchor = next((known[source] for source in sources if source in known), None)
    return f"docs/runbook#{anchor}" if anchor else f"docs/search?q={quote(label)}"


def section_of_alert(alert: str) -> str:
    """The section of an alert; "" where there is none."""
    return f"docs/runbook#{alert.lower()}" if alert else ""


@functools.cache
def _sections() -> Mapping[str, str]:
    """The anchors by flag. Where several alerts have a flag, the first one is the general one."""
    found: dict[str, str] = {}
    for anchor, flags in _ROW.findall(source_text("alerts")):
        for flag in _FLAG.findall(flags):
            found.setdefault(flag, anchor)
    return found
