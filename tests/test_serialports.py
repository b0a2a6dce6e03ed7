"""A line that is configured by a number, while a name that lasts exists, is told."""

import os
from pathlib import Path

import pytest

from exporter.serialports import lasting_name, passing_names, warn_of_passing_names
from exporter.targets import parse_target

NAME = "usb-FTDI_FT232R_USB_UART_A9XYZ-if00-port0"


@pytest.fixture(name="devices")
def _devices(tmp_path: Path) -> tuple[Path, Path]:
    """A port by its number, and the folder with its lasting name; /dev is the folder of both."""
    port, folder = tmp_path / "dev/ttyUSB0", tmp_path / "dev/serial/by-id"
    folder.mkdir(parents=True)
    port.touch()
    (folder / NAME).symlink_to("../../ttyUSB0")
    return port, folder


def test_the_lasting_name_of_a_port(devices: tuple[Path, Path], tmp_path: Path) -> None:
    port, folder = devices
    assert lasting_name(str(port), folder) == str(folder / NAME)
    assert lasting_name(str(folder / NAME), folder) is None
    assert lasting_name(str(port.with_name("ttyUSB1")), folder) is None
    assert lasting_name(str(port), tmp_path / "none") is None


def test_a_link_of_a_udev_rule_of_ones_own_lasts(devices: tuple[Path, Path]) -> None:
    port, folder = devices
    link = port.with_name("ups-a")
    link.symlink_to("ttyUSB0")
    assert lasting_name(str(link), folder) is None


def test_a_link_outside_of_dev_lasts_as_long_as_what_it_leads_to(
    devices: tuple[Path, Path], tmp_path: Path
) -> None:
    port, folder = devices
    own = port.with_name("ups-a")
    own.symlink_to("ttyUSB0")
    for number, (to, passing) in enumerate(((port, True), (own, False), (folder / NAME, False))):
        link = tmp_path / "etc" / f"port-{number}"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(os.path.relpath(to, link.parent))
        assert (lasting_name(str(link), folder) == str(folder / NAME)) is passing
    around = tmp_path / "around"
    around.symlink_to("around")
    assert lasting_name(str(around), folder) is None


def test_a_name_in_by_path_lasts(devices: tuple[Path, Path]) -> None:
    """Adapters without a serial number share one name in by-id, so by-path is what docs/install.md names."""
    port, folder = devices
    by_path = folder.with_name("by-path")
    by_path.mkdir()
    (by_path / "pci-0000:00:14.0-usb-0:2:1.0-port0").symlink_to(port)
    assert lasting_name(str(next(by_path.iterdir())), folder) is None


def test_each_line_is_told_once(devices: tuple[Path, Path]) -> None:
    port, folder = devices
    targets = [parse_target(f"rtu://{port}?unit={unit}") for unit in (1, 2)]
    assert passing_names([*targets, parse_target("10.0.0.7")], folder) == [(str(port), str(folder / NAME))]


def test_the_log_names_both(devices: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    port, folder = devices
    warn_of_passing_names([parse_target(f"rtu://{port}")], folder)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert (record.__dict__["port"], record.__dict__["by_id"]) == (str(port), str(folder / NAME))
