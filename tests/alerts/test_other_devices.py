"""The rules on a gateway, on a BACS alone, and on a device that two jobs scrape (operations 1.4, 1.14)."""

from pathlib import Path

from exporter.simulator.plant import Plant
from exporter.simulator.registers import Image, image
from tests.alerts.faults import DISCHARGE, absent, volts
from tests.alerts.promtool import check_tests, in_parts
from tests.alerts.series import Page, Watched, healthy_images, input_series, named
from tests.alerts.test_every_bit import BACS, UPS
from tests.alerts.words import put

STEP, HEALTHY, ILL = 60, 7, 8
GATEWAY = (
    "109.0", "109.3", "109.4", "-109.2", "109.9", "109.14", "117=1", "118=1", "122=1", "125=1", "127=1",
    "134=1", "136=1", "138=1", "-1000.0", "1000.2", "1000.3", "1001.2", "1001.3", "1001.14", "1002.2",
    "1002.4", "1005.9", "1005.12",
)  # fmt: skip
ALONE = ("1000.3", "1001.2", "1001.3", "1002.1", "1063.1", "1063.2", "1063.4", "1063.11", "1005.9")
# its list ends before the alarm words for a fault, for communication and for a test
INFORM = {
    "": "",
    "109.13": "UpsFault",
    "109.6": "TestRunning TestOnGoodMains",
    "109.14": "UpsOutOfSight",
    "116=1": "OnBattery OnBatteryLong",
}
# 0xD8F1 in both words that say whether the UPS is lost, or in one of them
UNTOLD = {("109=55537", "134=55537"): "UpsOutOfSight", ("134=55537",): ""}
EVEREXCEED = {
    "": "", "106.0": "OnBypass", "-106.2": "LoadDark", "106.8": "Overload", "106.13": "UpsFault",
    "102=190": "InputVoltage", "104=180": "OutputVoltage",
}  # fmt: skip
TWO_JOBS = {
    ("109.0", "123=1"): "OnBypass",
    ("109.3", "116=1", "108=8"): "OnBattery OnBatteryLong RuntimeShort",
    ("109.8", "122=1", "100=112"): "Overload LoadHigh",
    ("97=180",): "OutputVoltage",
    ("104=190",): "InputVoltage",
    ("111=46",): "InputFrequency",
    ("127=1", "103=87"): "ChargerFailed ChargerFailedDraining",
    ("111=500",): "Implausible",
    ("100=230",): "Implausible",
    ("111=39",): "Implausible",
    ("1000.3",): "DischargingOnMains",
    absent(3, 4): "ModulesSilent",
    ("1063.2",): "BlockVoltageHigh",
    ("1065=200",): "BlockMuchHotter",
    (*DISCHARGE, "1010=-9000", "1015=-10"): "OnBattery OnBatteryLong StringOpen",
    (*DISCHARGE, *volts(11800, 4100, 11800, 11800)): "OnBattery OnBatteryLong BlockReversed WeakBlock",
}


def _in_frame(change: str) -> str:
    """The change where a gateway's frame has the word: counter and error, 100 to 142, then 1000 to 1005."""
    sign, number = ("-", change[1:]) if change.startswith("-") else ("", change)
    address = int(number.split("=")[0].split(".")[0])
    place = address - 99 if address < 1000 else address - 1000 + 44
    return sign + number.replace(str(address), str(place), 1)


def _pages(watched: Watched, images: list[Image], changes: tuple[str, ...]) -> list[Page]:
    return [
        watched.page(put(words, *changes) if step >= HEALTHY else words, STEP * step)
        for step, words in enumerate(images)
    ]


def test_gateways_bacs_alone_and_devices_of_two_jobs(tmp_path: Path) -> None:
    count = HEALTHY + ILL
    frame = image(Plant(2, 2), "prof")
    frames = [frame | {0: at << 8} for at in range(count)]
    series, expected = [], {}
    for change in GATEWAY:
        name = f"gateway {change}"
        series += input_series(
            _pages(Watched(named(name, "prof", site=name)), frames, (_in_frame(change),)), name
        )
        expected[name] = (UPS | BACS)[change]
    everexceed = [image(Plant(2, 2), "everexceed")] * count
    for change, names in EVEREXCEED.items():
        name = f"everexceed {change}"
        watched = Watched(named(name, "everexceed", site=name))
        series += input_series(_pages(watched, everexceed, (change,) if change else ()), name)
        expected[name] = names
    for change, names in INFORM.items():
        name = f"inform {change}"
        watched = Watched(named(name, "inform", site=name))
        series += input_series(
            _pages(watched, [image(Plant(2, 2), "cs141")] * count, (change,) if change else ()), name
        )
        expected[name] = names
    images = list(healthy_images(count, STEP, 2, 4))
    for change in ALONE:
        name = f"alone {change}"
        series += input_series(_pages(Watched(named(name, "bacs", site=name)), images, (change,)), name)
        expected[name] = BACS[change]
    # nothing is known of a UPS that could be at odds with it
    expected["alone 1000.3"] = "Discharging"
    for number, (changes, names) in enumerate(UNTOLD.items()):
        name = f"untold {number}"
        series += input_series(_pages(Watched(named(name, site=name)), images, changes), name)
        expected[name] = names
    for number, (changes, names) in enumerate(TWO_JOBS.items()):
        name = f"two {number}"
        for job in ("one", "other"):
            pages = _pages(Watched(named(name, site=name)), images, changes)
            series += input_series(pages, f"{job} {number}", job)
        expected[name] = names
    fired = sorted((device, alert) for device, names in expected.items() for alert in names.split())
    test = {
        "expr": 'count by (alertname, device) (ALERTS{alertstate="firing",alertname!="GenerexWatchdog"})',
        "eval_time": f"{count - 1}m",
        "exp_samples": [
            {"labels": f'{{alertname="Generex{alert}", device="{device}"}}', "value": 1}
            for device, alert in fired
        ],
    }
    group = {"interval": "1m", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, in_parts(group), "1m", without={"generex-slow"})
