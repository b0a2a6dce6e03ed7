"""Good files, and the objects that come of them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.config import (
    Config,
    DeviceConfig,
    Expect,
    ExpectedBlock,
    Options,
    Override,
    Probe,
    Prof,
    Sensor,
    adhoc_device,
    load_config,
)
from exporter.config.checks import module_maps
from exporter.errors import UserError
from exporter.maps import built_in_maps, load_maps, modules_of
from exporter.targets import Endpoint, Target, parse_target

GOOD = Path(__file__).parent / "good"
MODULES = modules_of(built_in_maps().values())


@pytest.fixture(scope="module")
def full() -> Config:
    return load_config(GOOD / "full.yaml")


def test_device_with_everything(full: Config) -> None:
    assert full.devices[0] == DeviceConfig(
        name="Halle 2 / Süd",
        target=Target(Endpoint("tcp", "ups-1.example.org", 1502), 7),
        module="slow",
        maps=("ups", "bacs", "pump"),
        labels={"site": "Wien", "rack": "12", "note": ""},
        options=Options(
            timeout=6.0,
            request_timeout=2.0,
            pacing=0.02,
            idle_close=0.0,
            max_words=100,
            bacs="auto",
            module_flags="set",
            prof=Prof(base_address=100, stale_after=120.0),
            overrides={
                "ups.input_volts_1": Override(Decimal("0.01"), Decimal(1)),
                "ups.input_volts_2": Override(Decimal("0.1"), None),
                "sensors.sensor_1": Override(None, Decimal("-1.5")),
            },
        ),
        expect=Expect(
            strings=4,
            modules=40,
            phases=1,
            output_volts=230,
            input_volts=400,
            chemistry="lfp",
            cells_per_block=4,
            string_groups=((1, 3), (2, 4)),
            runtime=480.0,
            redundancy_group="hall a",
            blocks=(ExpectedBlock(17, 0.0042, date(2026, 3, 1)), ExpectedBlock(18)),
            test_every=7776000.0,
            test_lasts=600.0,
        ),
        sensors=(
            Sensor(1, "room", "temperature", Decimal("0.1")),
            Sensor(2, "air", "humidity", Decimal(1)),
            Sensor(8, "door", "value", Decimal(-2)),
        ),
    )


def test_device_takes_the_options_of_its_module(full: Config) -> None:
    bus = full.devices[1]
    assert bus.target == Target(Endpoint("rtu", path="/dev/ttyUSB0", baudrate=19200, parity="N", stopbits=2))
    assert bus.options == full.modules["slow"].options
    assert bus.options.bacs == "required"
    assert bus.options.overrides["ups.input_volts_1"] == Override(Decimal("0.1"), Decimal(1))


def test_device_without_anything_has_the_defaults(full: Config) -> None:
    device = full.devices[4]
    assert (device.name, device.module, device.maps) == ("[fd00::1]:502", "cs141", ("ups", "bacs"))
    assert device.options.bacs == "off"
    assert (device.labels, device.expect, device.sensors) == ({}, Expect(), ())
    assert (full.devices[3].name, full.devices[3].options) == ("10.0.0.9:4001/3", Options())


def test_own_module_takes_the_place_of_a_built_in_one(full: Config) -> None:
    assert full.modules["ups"].maps == ("ups", "pump")
    assert {*MODULES, "slow"} == set(full.modules)
    assert "pump" in full.maps


def test_probe(full: Config) -> None:
    assert full.probe.max_concurrent == 5
    assert [str(rule) for rule in full.probe.allow] == [
        "10.0.0.0/24",
        "10.0.1.0/24:1502",
        "ups.example.org",
        "ups-2.example.org:1502",
        "fd00::/64",
        "[fd00:1::]/64:503",
        "fd00:2::1",
    ]
    assert full.probe.allows(parse_target("10.0.0.200"))
    assert full.probe.allows(parse_target("rtu-tcp://10.0.1.3:1502"))
    assert not full.probe.allows(parse_target("10.0.1.3"))
    assert not full.probe.allows(parse_target("rtu:///dev/ttyUSB0"))


def test_shorter_pass_brings_the_default_wait_for_an_answer_down(full: Config) -> None:
    assert full.devices[4].options.timeout == 0.5
    assert full.devices[4].options.request_timeout == 0.5


def test_empty_file() -> None:
    config = load_config(GOOD / "empty.yaml")
    assert (config.devices, config.probe, config.map_files) == ((), Probe(), ())
    assert config == load_config()


def test_anchors_and_merge_keys() -> None:
    config = load_config(GOOD / "anchors.yaml")
    assert [device.labels for device in config.devices] == [{"site": "a"}] * 3
    assert [device.name for device in config.devices] == ["10.0.0.1:502", "10.0.0.2:502", "10.0.0.3:502"]


def test_map_that_adds_to_a_group() -> None:
    assert load_config(GOOD / "shared_group.yaml").devices[0].maps == ("ups", "bacs", "more")


@pytest.mark.parametrize("names", MODULES.values(), ids=list(MODULES))
def test_built_in_module_fits_together(names: tuple[str, ...]) -> None:
    assert list(module_maps(names, load_maps())) == []


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
def test_dump_reads_back_as_the_same_configuration(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    text = config.dump()
    copy = tmp_path / "good" / path.name
    copy.parent.mkdir()
    copy.write_text(text, encoding="utf-8")
    # the own maps are named relative to the file
    (tmp_path / "maps").symlink_to(GOOD.parent / "maps")
    again = load_config(copy)
    assert again == config
    assert again.dump() == text


def test_dump_writes_defaults_and_durations_as_people_do() -> None:
    text = load_config(targets=["ups-1=10.0.0.1"]).dump()
    device = text[: text.index("modules:\n  cs141:")]
    for line in (
        "- name: ups-1",
        "  target: tcp://10.0.0.1:502",
        "  timeout: 5s",
        "  request_timeout: 1s",
        "  pacing: 0s",
        "  idle_close: 5m",
        "  bacs: auto",
        "    stale_after: 1m",
    ):
        assert f"{line}\n" in device


@pytest.mark.parametrize(
    ("text", "name", "target"),
    [
        ("10.0.0.1", "10.0.0.1:502", Target(Endpoint("tcp", "10.0.0.1", 502))),
        ("ups-1=10.0.0.1", "ups-1", Target(Endpoint("tcp", "10.0.0.1", 502))),
        ("ups_1.a=tcp://h:503?unit=2", "ups_1.a", Target(Endpoint("tcp", "h", 503), 2)),
        ("tcp://h?unit=2", "h:502/2", Target(Endpoint("tcp", "h", 502), 2)),
        ("h?unit=2", "h:502/2", Target(Endpoint("tcp", "h", 502), 2)),
        ("rtu:///dev/x?baudrate=19200", "/dev/x", Target(Endpoint("rtu", path="/dev/x", baudrate=19200))),
        ("a=rtu:///dev/x?unit=3", "a", Target(Endpoint("rtu", path="/dev/x"), 3)),
    ],
)
def test_target_by_flag(text: str, name: str, target: Target) -> None:
    (device,) = load_config(targets=[text]).devices
    assert (device.name, device.target, device.module, device.labels) == (name, target, "cs141", {})


def test_flags_add_to_the_file() -> None:
    config = load_config(GOOD / "anchors.yaml", targets=["a=10.0.0.9"], module="ups")
    assert [device.name for device in config.devices][-1] == "a"
    assert {device.module for device in config.devices} == {"ups"}


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["=h"], '--target "=h": bad target "=h": no host has a "=" in it'),
        (["my ups=h"], '--target "my ups=h": bad target'),
        (["a\nb=h"], '--target "a\\nb=h": bad target'),
        ([""], '--target "": bad target'),
        (["a" * 201 + "=h"], "the name is longer than 200 characters"),
        (["ftp://h"], '--target "ftp://h": bad target "ftp://h": unknown scheme "ftp"'),
        (["10.0.0.1"], '"tcp://10.0.0.1:502" is the device "10.0.0.1:502" already (line 3)'),
        (["a=h", "a=i"], '--target "a=i": the name "a" is taken (--target "a=h")'),
        (["a=h", "b=h:502"], '--target "b=h:502": "tcp://h:502" is the device "a" already (--target "a=h")'),
    ],
)
def test_mistake_in_a_flag_names_the_flag(targets: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config(GOOD / "anchors.yaml", targets=targets)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("--target")
    assert message in line


def test_unknown_default_module_is_said_once() -> None:
    with pytest.raises(UserError) as caught:
        load_config(targets=["h", "i"], module="cs142")
    (line,) = str(caught.value).splitlines()
    assert line.startswith('--module: unknown module "cs142" (there are: ')


def test_missing_file() -> None:
    with pytest.raises(UserError, match=r"cannot read .*nothing\.yaml: No such file"):
        load_config(GOOD / "nothing.yaml")


def test_adhoc_device(full: Config) -> None:
    target = parse_target("10.9.9.9?unit=4")
    device = adhoc_device(full, target, full.default_module)
    assert device == DeviceConfig("10.9.9.9:502/4", target, "cs141", ("ups", "bacs"))
    slow = adhoc_device(full, target, "slow")
    assert (slow.maps, slow.options) == (("ups", "bacs", "pump"), full.modules["slow"].options)
    with pytest.raises(UserError, match=r'^unknown module "x" \(there are: cs141, ups, .*slow\)$'):
        adhoc_device(full, target, "x")


def test_the_modules_that_come_with_the_maps() -> None:
    assert MODULES["cs141"] == ("ups", "bacs")
    for name in ("ups", "bacs", "prof", "inform", "everexceed"):
        assert MODULES[name] == (name,)


def test_a_map_of_ones_own_brings_its_module(tmp_path: Path) -> None:
    own = (GOOD.parent / "maps" / "pump.yaml").read_text(encoding="utf-8")
    (tmp_path / "m.yaml").write_text(f"modules: {{oem: [pump, bacs]}}\n{own}")
    (tmp_path / "c.yml").write_text("maps: [m.yaml]\ndevices: [{target: tcp://10.0.0.9, module: oem}]\n")
    (device,) = load_config(tmp_path / "c.yml").devices
    assert (device.module, device.maps) == ("oem", ("pump", "bacs"))
