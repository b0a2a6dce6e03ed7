"""The limits that pages judge by; the alerts' thresholds of the same names begin with these."""

from collections.abc import Mapping

DEFAULTS: Mapping[str, float] = {
    "survivable_charge": 0.9,  # of a battery that shall carry the load now (operations 4)
    "runtime_short": 600,  # seconds on battery in which machines are shut down in order (operations 3)
    "served_volts": 50,  # an output or phase with less is not there: phases 2 and 3 of one-phase UPSs read 0
}
