"""The metrics about a pass itself, beside those of the maps (design 2.4)."""

from functools import cache

from exporter.maps.model import Labels, Metric
from exporter.reading.snapshot import Series

UP = Metric("generex_up", "Whether at least one word of the device was read in this pass.")
GROUP_UP = Metric(
    "generex_group_up", "Whether every word of the group that the device serves was read in this pass."
)
DATA_VALID = Metric(
    "generex_data_valid",
    "Whether the group's own words vouch for it: 0 when the UPS is out of sight of its manager, BACS does "
    "not vouch for itself, or a gateway frame is in error or stands still.",
)
DEVICE_INFO = Metric(
    "generex_device_info", "Always 1; the labels say where the device is and by which module it is read."
)
UNDEFINED_FLAGS = Metric(
    "generex_undefined_flags", "The set bits of a word that no table names, as a mask; 0 when there are none."
)
ODD_WORDS = Metric(
    "generex_odd_words", "Alarm and AUX words of this pass that are neither 0 nor 1 nor filler."
)
REFUSED_WORDS = Metric(
    "generex_refused_words", "Words that the device was found to refuse and that are left out for a while."
)
SCRAPE_DURATION = Metric("generex_scrape_duration_seconds", "How long this pass took.", unit="seconds")
SCRAPE_TIMEOUT = Metric(
    "generex_scrape_timeout_seconds", "How long this pass was allowed to take.", unit="seconds"
)
SCRAPE_REQUESTS = Metric(
    "generex_scrape_requests", "Modbus requests sent in this pass, repeated ones included."
)

PASS_METRICS = (
    UP, GROUP_UP, DATA_VALID, DEVICE_INFO, UNDEFINED_FLAGS, ODD_WORDS, REFUSED_WORDS,
    SCRAPE_DURATION, SCRAPE_TIMEOUT, SCRAPE_REQUESTS,
)  # fmt: skip


@cache
def pass_series(metric: Metric, labels: Labels) -> Series:
    """The series of a metric of the pass: the same one for all devices, as its labels are names of groups."""
    return Series(metric, labels)
