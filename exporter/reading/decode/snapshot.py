"""What one read pass found out: frozen, and all that the expositions know."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.config import DeviceConfig
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.series import Family, Raw


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One pass over one device.

    `readings` hold, per metric name in a fixed order, the series that have a value in this pass. `words` are
    all values read, by word id with the instance number where words repeat (`bacs.module_volts#12`), also
    those that are not exported. `reason` is why most requests that failed did, as
    generex_exporter_modbus_errors_total has it; "" where none did. `layout` stays the same object for as long
    as the same series can occur.
    """

    device: DeviceConfig
    time: float
    up: bool
    readings: Mapping[str, Family]
    words: Mapping[str, Raw]
    groups: Mapping[str, bool]
    valid: Mapping[str, bool]
    errors: tuple[str, ...]
    reason: str
    layout: Layout

    @property
    def whole(self) -> bool:
        """Whether everything that the device has was read and can be trusted."""
        return self.up and all(self.groups.values()) and all(self.valid.values())
