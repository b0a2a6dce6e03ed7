"""alerts/alertmanager.yml: who is told of what, and which alert makes another needless."""

from exporter.generate.alerts.model import Settings
from exporter.generate.alerts.render import HEAD
from exporter.generate.alerts.texts import read_text

# what a device shows as a matter of course while it runs on its battery (operations 1.9)
ON_BATTERY_MUTES = (
    "input_bad|bypass_bad|input_volts|input_hertz|charger|string_volts_high|string_volts_low|string_current"
    "|volts_apart|volts_out_of_range|block_volts_low"
)
SERVICE_MUTES = "modules_silent|block_.+|volts_.+|equalising|general_alarm"
NEVER_MUTED_BY_SILENCE = "on_battery|lost_on_battery|thermal_runaway|ground_fault"


def alertmanager_file(settings: Settings) -> str:
    """The configuration as text, as its comments are half of it."""
    text = read_text("texts", "alertmanager.yml")
    for name, value in (
        ("site", settings.place[0]),
        ("battery", ON_BATTERY_MUTES),
        ("service", SERVICE_MUTES),
        ("never", NEVER_MUTED_BY_SILENCE),
    ):
        text = text.replace(f"<{name}>", value)
    return HEAD + text
