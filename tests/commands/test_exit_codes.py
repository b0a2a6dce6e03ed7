"""What every command ends with: 2 for words that mean nothing here, 1 for what failed; a reason each."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.cli import COMMANDS, main

Code = Callable[[str], int]

USAGE = """\
serve
serve --target=http://x
serve --target=a --target=http://x
serve --target=a --web.listen-address=80
serve --target=a --web.external-url=ups.example
serve --target=a --web.route-prefix=/a?b
serve --target=a --web.telemetry-path=/
serve --target=a --web.telemetry-path=/a/../b
serve --target=a --web.telemetry-path=/probe
serve --config.check
serve --target=http://x --config.check
serve --target=a --otlp.endpoint=collector:4318
serve --target=a --timeout-offset=soon
serve --target=a --timeout-offset=3600
serve --target=a --log.level=loud
serve --target=a --log.format=xml
serve --target=a --module=nope
serve --target=a --target=a
serve --target=x=10.0.0.1 --target=x=10.0.0.2
serve --target=rtu:///dev/ttyS9 --target=rtu:///dev/ttyS9?baudrate=19200&unit=2
serve --config.file={good} --target=127.0.0.1:1
serve --config.file={good} --target=a=127.0.0.1:2
probe
probe http://x
probe tcp://x?unit=999
probe tcp://
probe /dev/ttyUSB0
probe a b
probe a --timeout=soon
probe a --timeout=0s
probe a --timeout=-1s
probe a --format=xml
probe 127.0.0.1:1 --module=nope
probe nobody --config.file={good}
probe a --config.file={good} --module=ups
explain
explain ups.status
explain ups.status much
explain ups.status 65536
explain ups.status -1
explain ups.status 56 --format=xml
explain prof nothex
explain prof 00
explain nope.status 1
explain ups.nope 1
explain ups 1
explain nope 1
explain nope.status 1 --config.file={good}
discover
discover http://x
discover a --units=soon
discover a --name=
discover a --units=0-999
discover a --units=5-2
discover a --timeout=soon
discover a --timeout=0s
discover a --pause=soon
discover a --prof.base-address=70000
discover a --prof.base-address=x
discover a --scan=9-0 --units=1
discover a --scan=0-99999 --units=1
discover a --scan=0-9 --units=1-2
discover a --scan=0-9 --units=1 --watch-for=soon
record
record a
record http://x {new}
record a {new} --count=0
record a {new} --count=x
record a {new} --interval=soon
record a {new} --interval=0s
record a {new} --duration=soon
record a {new} --duration=0s
record 127.0.0.1:1 {new} --count=1 --module=nope
record nobody {new} --config.file={good}
simulate surplus
simulate --listen=nowhere
simulate --listen=/dev/ttyUSB0
simulate --listen=127.0.0.1:99999
simulate --unit=256
simulate --unit=x
simulate --strings=0
simulate --strings=x
simulate --battery-modules=-1
simulate --battery-modules=99999
simulate --speed=0
simulate --speed=x
simulate --set=100
simulate --set=x=1
simulate --set=70000=1
simulate --set=100=70000
simulate --replay={good} --strings=2
simulate --scenario=nope
demo surplus
demo --web.listen-address=80
demo --speed=0
demo --speed=x
demo --log.level=loud
demo --scenario=nope
check
check {good} --schema
check {good} surplus
healthy surplus
healthy --web.listen-address=80
healthy --web.external-url=ups.example
healthy --web.route-prefix=/a?b
maps ups surplus
maps --format=xml
maps nope
maps nope --config.file={good}
completion
completion tcsh
completion bash surplus
generate
generate nonsense
generate alerts surplus
generate alerts --set=charge --out={folder}
generate alerts --place=9x --out={folder}
generate alerts --place=a-b --out={folder}
generate alerts --conf={good} --out={folder}
generate dashboards --place=9x --out={folder}
generate reference surplus
generate alerts --set=nope=1 --out={folder}
report
report --prometheus=prometheus:9090
report --prometheus=http://127.0.0.1:1 --from=soon
report --prometheus=http://127.0.0.1:1 --to=2999-01-01
report --prometheus=http://127.0.0.1:1 --from=2026-02-01 --to=2026-01-01
report --prometheus=http://127.0.0.1:1 --out={folder}
"""

FAILURES = """\
serve --config.file={missing}
serve --config.file={bad}
serve --config.file={empty}
serve --target=a --web.config.file={missing}
serve --config.file={bad} --config.check
serve --config.file={empty} --config.check
serve --target=a --web.config.file={missing} --config.check
serve --target=a --web.systemd-socket
serve --target=a --web.listen-address=203.0.113.7:80
probe 127.0.0.1:1
probe nowhere.invalid
probe 127.0.0.1:1 --config.file={missing}
probe 127.0.0.1:1 --config.file={bad}
probe rtu:///dev/no-such-tty
explain ups.status 1 --config.file={missing}
discover 127.0.0.1:1 --units=1
discover 127.0.0.1:1 --units=1 --write={nofolder}
discover 127.0.0.1:1 --units=1 --write={good}
discover 127.0.0.1:1 --units=1 --report={nofolder}
discover 127.0.0.1:1 --units=1 --scan=0-9
record 127.0.0.1:1 {new} --count=1
record 127.0.0.1:1 {nofolder} --count=1
record 127.0.0.1:1 {good} --count=1
record 127.0.0.1:1 {new} --count=1 --config.file={missing}
simulate --replay={missing}
simulate --replay={bad}
simulate --listen=203.0.113.7:1
simulate --listen=rtu:///dev/no-such-tty
demo --web.listen-address=203.0.113.7:80
check {missing}
check {bad}
check {empty}
check --web.config.file={missing}
healthy --web.listen-address=127.0.0.1:1
healthy --web.listen-address=nowhere.invalid:1
maps --config.file={missing}
generate alerts --config={missing} --out={folder}
generate dashboards --config={missing} --out={folder}
generate reference --config={missing} --out={folder}
generate reference --out={good}
report --prometheus=http://127.0.0.1:1 --out={folder}/a.html
report --prometheus=http://127.0.0.1:1 --out={nofolder}.html
report --prometheus=http://127.0.0.1:1 --out={folder}/a.html --http.config.file={missing}
report --prometheus=http://127.0.0.1:1 --out={folder}/a.html --http.config.file={bad}
"""


@pytest.fixture(name="code")
def _code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Code]:
    """Runs a line of words in this process; gives its exit code, having looked at what it says."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for name in [name for name in os.environ if name.startswith("GENEREX_")]:
        monkeypatch.delenv(name)
    files = {name: tmp_path / name for name in ("good", "bad", "empty", "missing", "new", "folder")}
    files["good"].write_text("devices: [{name: a, target: 127.0.0.1:1}]\n")
    files["bad"].write_text("devices: [\n")
    files["empty"].write_text("")
    files["folder"].mkdir()
    files["nofolder"] = tmp_path / "nowhere" / "file"

    def run(line: str) -> int:
        try:
            code = main(line.format(**files).split())
        except SystemExit as exit:
            code = int(str(exit.code or 0))
        said = capsys.readouterr().err
        assert said, "a reason"
        assert "Traceback" not in said
        return code

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("line", USAGE.splitlines())
def test_wrong_usage_is_2(code: Code, line: str) -> None:
    assert code(line) == 2


@pytest.mark.parametrize("line", FAILURES.splitlines())
def test_a_failure_is_1(code: Code, line: str) -> None:
    assert code(line) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_flag_is_2_in_every_command(code: Code, command: str) -> None:
    assert code(f"{command} --no-such-flag") == 2


def test_every_command_is_in_the_tables() -> None:
    assert {line.split()[0] for line in USAGE.splitlines()} == set(COMMANDS)
    # the script of a shell comes from the program alone: nothing of it can fail
    assert {line.split()[0] for line in FAILURES.splitlines()} == set(COMMANDS) - {"completion"}
