"""The command `simulate`, as a process of its own."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exporter.commands import simulate
from exporter.errors import UsageError, UserError
from exporter.simulator.scenarios import load_scenario, out_of_reach

PROGRAM = (
    # in development mode asyncio tells of each turn that takes a tenth of a second, as on a busy machine
    "import logging; "
    "logging.getLogger('asyncio').addFilter(lambda it: not it.getMessage().startswith('Executing ')); "
    "import argparse, sys; from exporter.commands import simulate; parser = argparse.ArgumentParser(); "
    "simulate.add_arguments(parser); sys.exit(simulate.run(parser.parse_args()))"
)


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDEVMODE": "1"},
    )
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline() for _ in range(2)]
    finally:
        process.kill()
        process.communicate()


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_when_told(number: signal.Signals) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--unit", "3", "--set", "109=0x1C", "--scenario", "bypass")
    with running(*arguments) as (process, lines):
        assert lines[0].startswith("simulating bypass (unit 3) on 127.0.0.1:")
        port = int(lines[0].rsplit(":", 1)[1])
        assert lines[1] == f"try: generex-exporter probe 'tcp://127.0.0.1:{port}?unit=3'\n"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(bytes.fromhex("000100000006 03 03006d0001"))
            assert client.recv(100).hex() == "000100000005" + "03" + "0302001c"
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)  # the client does not leave
        assert process.returncode == 0
        assert errors == ""


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}: .*already in use"):
            simulate.run(parsed("--listen", f"127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "109"], 'bad --set "109": write ADDRESS=VALUE'),
        (["--set", "109=70000"], 'bad --set "109=70000"'),
        (["--set", "x=1"], 'bad --set "x=1"'),
        (["--unit", "256"], "unit is a number from 0 to 255, not 256"),
        (["--speed", "-1"], "speed is more than 0 and at most 100000, not -1"),
        (["--strings", "0"], "strings is a number from 1 to 10, not 0"),
        (["--battery-modules", "400"], "to 330, not 400"),
        (["--listen", "here"], 'bad listen address "here": write HOST:PORT'),
    ],
)
def test_bad_values_are_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        simulate.run(parsed(*arguments))
    assert message in str(caught.value)


def test_an_unknown_scenario_is_named_with_those_like_it() -> None:
    with pytest.raises(UserError, match=r'unknown scenario "storm": there are bacs-frozen, battery-test, '):
        simulate.run(parsed("--scenario", "storm"))
    with pytest.raises(
        UserError, match=r'unknown scenario "power-fail" \(did you mean "power-failure"\?\): there'
    ):
        simulate.run(parsed("--scenario", "power-fail"))


def test_numbers_that_the_plant_does_not_reach_are_named() -> None:
    cases = {
        "bus-cut": "bus-cut speaks of block 24, and there are 12: the bus is cut behind block 6",
        "weak-block": "weak-block speaks of block 17, and there are 12: block 12 is taken",
        "normal": "",
    }
    for scenario, note in cases.items():
        assert "; ".join(out_of_reach(load_scenario(scenario), strings=1, modules=12)) == note
    assert out_of_reach(load_scenario("string-open"), strings=1, modules=12) == [
        "string-open speaks of string 2, and there are 1: string 1 is taken"
    ]
    assert not out_of_reach(load_scenario("bus-cut"), strings=2, modules=40)
    arguments = ("--listen", "127.0.0.1:0", "--strings=1", "--battery-modules=12", "--scenario=bus-cut")
    with running(*arguments) as (process, _):
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    # asyncio's debug mode, in which tests run, also names slow steps of a busy machine
    told = [line for line in errors.splitlines() if not line.startswith("Executing <")]
    assert told == [f"generex-exporter: {cases['bus-cut']}"]


def test_pins_are_decimal_or_hex() -> None:
    assert simulate.parse_pins(["109=12", "1000=0x41", "0x3ea=0xD8F1"]) == {109: 12, 1000: 65, 1002: 55537}


def test_help_lists_each_scenario_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    text = capsys.readouterr().out
    assert "  normal                     mains, float charge, nothing wrong\n" in text
    assert (
        "  old-firmware               firmware of 2019, on which 1005 is reserved and reads 0xD8F1\n" in text
    )
