"""`check` as the command line runs it: what it prints and how it exits."""

import argparse
import json
from pathlib import Path

import pytest

from exporter.commands import check
from exporter.commands.twice import said_of_names
from exporter.config import DeviceConfig, load_config
from exporter.errors import UsageError

HERE = Path(__file__).parent


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="check")
    check.add_arguments(parser)
    return check.run(parser.parse_args(arguments))


def test_good_file(capsys: pytest.CaptureFixture[str]) -> None:
    path = HERE / "good" / "full.yaml"
    assert run(str(path)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{path}: good: 5 devices, 3 modules, 1 own map",
        "  Halle 2 / Süd: tcp://ups-1.example.org:1502?unit=7, module slow (ups, bacs, pump)",
        "  bus-1: rtu:///dev/ttyUSB0?baudrate=19200&parity=N&stopbits=2, module slow (ups, bacs, pump)",
        "  bus-2: rtu:///dev/ttyUSB0?baudrate=19200&parity=N&stopbits=2&unit=2, module ups (ups, pump)",
        "  10.0.0.9:4001/3: rtu-tcp://10.0.0.9:4001?unit=3, module ups (ups, pump)",
        "  [fd00::1]:502: tcp://[fd00::1]:502, module cs141 (ups, bacs)",
        "    timeout 500ms leaves no time beside request_timeout 500ms: "
        "one answer that is lost costs the whole pass",
    ]
    assert err == ""


def test_bad_file_has_every_error_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    path = HERE / "bad" / "everything_is_reported.yaml"
    assert run(str(path)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        "devices.0.timeout",
        "devices.1.target",
        "devices.2.labels.job",
    ]


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nothing.yaml") == 1
    assert "cannot read nothing.yaml: No such file or directory" in capsys.readouterr().err


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--schema") == 0
    assert "devices" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize("arguments", [(), ("--schema", "a.yaml")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"give a FILE, --web.config.file FILE or both, or --schema alone"):
        run(*arguments)


def test_an_empty_configuration_is_no_good_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("")
    assert run(str(path)) == 1
    assert capsys.readouterr().err == f"nothing to read: {path} has neither devices nor probe.allow\n"


def test_web_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text("basic_auth_users: {a: $2b$04$x0h5Gr4oaRz/ODY2bsHcIuP8DQ7ROhCkZ7bSGrjCcZ4oBYrGqI/Ne}\n")
    assert run("--web.config.file", str(path)) == 0
    assert capsys.readouterr().out == f"{path}: good: basic_auth_users\n"
    path.write_text("tls_server_config:\n  cert_file: no.crt\n  key_file: no.key\n")
    assert run("--web.config.file", str(path)) == 1
    assert f"{path}:2: tls_server_config.cert_file: cannot read" in capsys.readouterr().err
    path.write_text("\ntls_server: {}\n")
    config = HERE / "good" / "full.yaml"
    # both are checked, and one of them is enough to fail
    assert run(str(config), "--web.config.file", str(path)) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{config}: good: ")
    assert err == f'{path}:2: tls_server: unknown key "tls_server"\n'


class _Names:
    """A name server that knows these names."""

    def __init__(self, **found: str) -> None:
        self.found = found
        self.asked: list[str] = []

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        name = host.partition(".")[0]
        return [self.found[name]] if name in self.found else []


def _devices(*targets: str) -> tuple[DeviceConfig, ...]:
    return load_config(
        targets=[f"{chr(97 + number)}={target}" for number, target in enumerate(targets)]
    ).devices


def test_names_that_lead_to_one_device_are_told() -> None:
    names = _Names(one="10.0.0.7", two="::ffff:10.0.0.7", other="10.0.0.8")
    said = said_of_names(_devices("one.test", "10.0.0.7", "other.test", "two.test", "dead.test"), names)
    twice = "as the device b does: it would be read twice, and its power failures count twice"
    assert said == [
        f"a: one.test leads to 10.0.0.7, {twice}",
        f"d: two.test leads to 10.0.0.7, {twice}",
        "no address was found here for dead.test: whether one is a device that is there already is not known",
    ]


def test_only_names_that_may_lead_to_one_device_are_looked_up() -> None:
    """Another port or unit is another device, wherever the name leads."""
    names = _Names(one="10.0.0.7")
    assert said_of_names(_devices("one.test", "10.0.0.7?unit=2", "10.0.0.7:503", "rtu:///dev/x"), names) == []
    assert names.asked == []


def test_check_says_that_localhost_is_this_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "generex.yml"
    file.write_text("devices: [{name: a, target: 127.0.0.1}, {name: b, target: LOCALHOST.}]\n")
    assert run(str(file)) == 0
    assert "  b: localhost leads to 127.0.0.1, as the device a does: it would" in capsys.readouterr().out
