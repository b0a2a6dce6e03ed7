"""The scenarios of operations 5, each with the alerts that it must bring; all others are forbidden.

Typed from operations.md and the scenarios, not from what was seen. Names without the beginning "Generex".
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Story:
    """A device that plays a scenario.

    Of `fires`, all come. Of `muted`, all are seen inhibited. What is in `may` comes or not, for the reason
    that stands there; of `any_of`, one comes. `heals`: all is well when the scenario is over. `lasts`:
    seconds of the story that must pass until the last alert comes. `last_step`: the scenario's last step
    comes earlier, at so many seconds.
    """

    scenario: str
    fires: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    may: dict[str, str] = field(default_factory=dict)
    any_of: frozenset[str] = frozenset()
    heals: bool = True
    lasts: float = 0.0
    last_step: float = 0.0
    module: str = "cs141"
    modules: int = 16
    device: str = ""
    site: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", self.device or self.scenario)
        object.__setattr__(self, "site", self.site or f"site of {self.device}")


def some(text: str) -> frozenset[str]:
    return frozenset(text.split())


# what every power failure of more than 90 s brings
POWER = some("OnBattery OnBatteryLong")
EDGE = "true for exactly as long as it must be"

QUICK = (
    Story("normal"),
    # two devices of one site, which makes it one event
    Story(
        "power-failure", POWER, some("OnBattery"), {"BypassBad": EDGE}, device="first", site="hall"
    ),
    Story(
        "power-failure", POWER, some("OnBattery"), {"BypassBad": EDGE}, device="second", site="hall"
    ),
    Story(
        "dies-on-battery",
        # the battery is low from the fourth minute, empty in the ninth; nobody answers from the tenth
        POWER | some("StringChargeLow RuntimeShort BatteryLowOnBattery BatteryDepleted ShutdownPending")
        # the last that is known of it is a dark load: LoadDark holds on, and it is not lost on battery
        | some("BypassBad LoadDark Unreachable"),
        some("OnBattery BypassBad")
        # the next step of the outage mutes the ones before it
        | some("OnBatteryLong RuntimeShort BatteryLowOnBattery BatteryDepleted ShutdownPending Unreachable"),
        {
            "ShutdownImminent": "four seconds, a quarter of a scrape interval",
            "BlockVoltageLowUnderLoad": "54 s of the minute that it must last, and a sample counts for 15 s",
        },
        heals=False, lasts=26 * 60,
    ),
    Story("generator-hunting", POWER | some("MainsHunting"), some("OnBattery")),
    Story(
        "short-dip",
        any_of=some("MissedDip OnBattery"),
    ),
    Story("battery-test", some("TestRunning TestOnGoodMains")),
    Story("overload", some("Overload LoadHigh"), some("LoadHigh")),
    Story("bypass", some("OnBypass")),
    Story("maintenance-bypass", some("OnBypass LoadDark UpsOutOfSight"), some("UpsOutOfSight")),
    Story("communication-lost", some("UpsOutOfSight")),
    Story("charger-failed", some("ChargerFailed ChargerFailedDraining"), some("ChargerFailed")),
    Story("cs141-reboot"),
    Story("module-lost", some("ModulesSilent")),
    Story("bus-cut", some("ModulesSilent"), modules=40),
    Story("bus-cut-count-stays", some("ModulesSilent"), modules=40),
    Story(
        "weak-block",
        POWER | some("BlockResistanceHigh WeakBlock BypassBad"),
        some("OnBattery BypassBad"),
    ),
    # the service phases rest the modules for 12 minutes, all of them
    Story("service", some("BacsService ModulesSilent"), some("ModulesSilent")),
    Story("no-bacs-zeros"),
    Story("old-firmware"),
    # 100 to 111 are other things there: 230 % load, 0 for the status, and no words beyond
    Story(
        "everexceed-on-default-map", some("Implausible LoadDark"), heals=False,
    ),
    # 500 Hz cannot be, so no alert rests on it
    Story("scale-0.1", some("Implausible"), heals=False),
    Story(
        "plc-stopped", some("GatewayFrameStale"), module="prof",
        may={"PassSlow": "the exporter watches a still frame for 2 s, longer than the quick timeout"},
    ),
)  # fmt: skip

# alerts that concern lives stay for an hour, strings charge unevenly for an hour, frozen is after two hours
LONG = (
    Story(
        "thermal-runaway", some("ThermalRunaway BlockHot"),
        may={"BlockMuchHotter": "the block is 10 K hotter than others some 80 s before its flag says so"},
    ),
    Story("ground-fault", some("GroundFault")),
    Story(
        "string-open", POWER | some("StringOpen ChargeUneven"), some("OnBattery"),
        {"BypassBad": EDGE},
    ),
    Story("bacs-frozen", some("BacsFrozen"), modules=8, last_step=2.2 * 3600),
)  # fmt: skip

SITES = {"hall": some("FleetOnBattery")}
