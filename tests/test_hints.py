"""What to try next is a function of what was seen: each transport gets the text of its own case."""

import pytest

from exporter.hints import Failure, next_step, with_next_step
from exporter.targets import parse_target

SLAVE_ID = "is 1 the slave id"


def hint(target: str, reason: str, text: str = "", *silent: int) -> str:
    return next_step(Failure(parse_target(target), reason, text, silent))


REFUSED = "cannot connect to x: Connection refused"
BUSY_PORT = "cannot connect to /dev/ttyUSB0: another program has the port"
STANDING = "every answer carries transaction 0, whatever was asked"
ECHO = "10.0.0.7:4001: only the request itself came back"
RTU_FRAME = "answer is no Modbus/TCP frame: 0103020064b9af00"


@pytest.mark.parametrize(
    ("target", "reason", "text", "says", "not_says"),
    [
        # a CS141 without its Modbus service, and a device whose only place another master has
        ("10.0.0.7", "connect", REFUSED, "switch on the Modbus service in the CS141", "rtu-tcp"),
        ("10.0.0.7", "connect", REFUSED, "or it takes no further master", "slave id"),
        ("10.0.0.7:5020", "connect", REFUSED, "a gateway shows its port in its settings", "switch on"),
        # a serial server's port that is taken: nothing of the CS141's settings was seen
        ("rtu-tcp://10.0.0.7:4001", "connect", REFUSED, "is another program connected?", "CS141"),
        ("rtu-tcp://10.0.0.7:4001", "closed", "closed", "is another program connected?", "COM2"),
        ("10.0.0.7", "closed", "closed", "other masters may hold all it has", "serial server"),
        ("10.0.0.7:4001", "closed", "closed", "it needs rtu-tcp://10.0.0.7:4001", SLAVE_ID),
        # rtu-tcp:// at a Modbus/TCP server
        (
            "rtu-tcp://10.0.0.7:502",
            "timeout",
            "",
            "write tcp://10.0.0.7:502. Else: it takes the connection",
            "9600",
        ),
        ("rtu-tcp://10.0.0.7:502", "closed", "", "write tcp://10.0.0.7:502", "slave id"),
        ("rtu-tcp://10.0.0.7:4001", "timeout", "", "is spoken there, it needs tcp://10.0.0.7:4001", "502"),
        ("rtu-tcp://10.0.0.7:4001", "frame", "", "is spoken there, it needs tcp://10.0.0.7:4001", "502"),
        ("rtu-tcp://10.0.0.7:4001", "closed", "", "is spoken there, it needs tcp://10.0.0.7:4001", "502"),
        (
            "rtu-tcp://10.0.0.7:4001",
            "timeout",
            ECHO,
            "and the line echoes, and no answer comes: do",
            "nothing",
        ),
        # a device that answers short requests and is silent to longer ones
        ("10.0.0.7", "timeout", "", "Or it ignores long requests: discover tries short ones", "rtu-tcp"),
        # tcp:// at a serial server
        ("10.0.0.7:4001", "timeout", "", "it needs rtu-tcp://10.0.0.7:4001", "COM2"),
        ("10.0.0.7:4001", "frame", RTU_FRAME, "it needs rtu-tcp://10.0.0.7:4001", SLAVE_ID),
        ("10.0.0.7:4001", "frame", "no whole answer came in time", "cut off", "rtu-tcp"),
        # one place, and the second master waits in the queue of the port
        ("10.0.0.7", "timeout", "", "another master holds the only connection", "rtu-tcp"),
        ("rtu:///dev/ttyUSB0", "timeout", "", "the target has 9600 8E1", "serial server"),
        ("rtu:///dev/ttyUSB0", "frame", "", "does no other device on the line have slave id 1?", "port 502"),
        ("rtu:///dev/ttyUSB0", "closed", "", "is the adapter plugged in firmly?", "masters"),
        ("rtu:///dev/ttyUSB0", "connect", BUSY_PORT, "under another name, too", "stop it"),
        ("rtu:///dev/ttyUSB0", "connect", "Invalid argument", "does not take 9600 8E1", "address"),
        ("10.0.0.7", "connect", "Permission denied", "", "dialout"),
        ("10.0.0.7", "unit", "answer from unit 5, not 1", "?unit=5", "N"),
        ("rtu-tcp://10.0.0.7:4001", "timeout", "", "lets a further client wait: many take one", "master"),
        ("rtu-tcp://10.0.0.7:4001", "timeout", ECHO, "the line echoes", "client"),
        ("10.0.0.7", "frame", "the same answer came twice", "sends its answers twice", "bad network"),
        ("10.0.0.7", "transaction", "", "mixes up its masters", "rtu-tcp"),
        ("10.0.0.7", "transaction", STANDING, "`any_transaction: true` in its device or module", "mixes up"),
        (
            "10.0.0.7",
            "exception_1",
            "",
            "function code, or says so of words that it does not serve",
            "gateway",
        ),
        ("10.0.0.7", "exception_2", "", "does not serve these words", "gateway"),
        # a CS121 says 04 of what it cannot serve (device.md 4)
        ("10.0.0.7", "exception_4", "", "it answers, but cannot serve these words", "gateway"),
        ("10.0.0.7", "exception_11", "", "is 1 the right unit id?", "slave id"),
        ("ups.example", "resolve", "cannot resolve", "the name or the name server", "written right"),
        ("ups.example", "resolve", "leads to 127.0.0.1, which probe.allow does not cover", "", "IP address"),
    ],
)
def test_a_hint_names_only_what_was_seen(
    target: str, reason: str, text: str, says: str, not_says: str
) -> None:
    found = hint(target, reason, text)
    assert says in found
    assert bool(found) == bool(says)
    assert not_says not in found


@pytest.mark.parametrize("reason", ["timeout", "exception_11"])
def test_units_that_were_asked_are_not_suggested(reason: str) -> None:
    assert hint("10.0.0.7", reason).endswith("Try discover with --units 2-10,247,255,0")
    assert hint("10.0.0.7?unit=4", reason).endswith("Try discover with --units 1-3,5-10,247,255,0")
    assert hint("10.0.0.7", reason, "", *range(1, 11)).endswith("Try discover with --units 247,255,0")
    assert "--units" not in hint("10.0.0.7", reason, "", *range(256))
    assert "is one of 1-10 the" in hint("10.0.0.7", reason, "", *range(1, 11))


def test_what_discover_tried_is_not_suggested() -> None:
    for target, tried in (("10.0.0.7", "long requests"), ("rtu-tcp://10.0.0.7:4001", "tcp://10.0.0.7:4001")):
        assert tried in hint(target, "timeout")
        assert tried not in next_step(Failure(parse_target(target), "timeout", "", (1,), by_discover=True))


@pytest.mark.parametrize("reason", ["connect", "timeout"])
@pytest.mark.parametrize("target", ["10.0.0.7", "rtu-tcp://10.0.0.7:4001", "rtu:///dev/ttyUSB0"])
def test_what_was_right_before_is_not_doubted(target: str, reason: str) -> None:
    told = next_step(Failure(parse_target(target), reason, REFUSED, answered=True))
    assert told.startswith("it answered before: ")
    for doubt in (SLAVE_ID, "--units", "nothing listens", "baud rate"):
        assert doubt not in told


@pytest.mark.parametrize(
    ("target", "reason", "text", "says"),
    [
        ("10.0.0.7:5020", "closed", "closed", "other masters may hold all it has"),
        ("10.0.0.7:5020", "frame", RTU_FRAME, "it answered before, and what comes now is not Modbus/TCP"),
        ("rtu-tcp://10.0.0.7:502", "closed", "closed", "is another program connected?"),
        ("rtu-tcp://10.0.0.7:4001", "frame", "", "bytes come, but no whole answer"),
        ("10.0.0.7", "exception_11", "", "nothing behind it: is the device on"),
    ],
)
def test_a_protocol_and_a_unit_that_were_right_are_not_doubted(
    target: str, reason: str, text: str, says: str
) -> None:
    told = next_step(Failure(parse_target(target), reason, text, answered=True))
    assert says in told
    for doubt in ("tcp://", "--units", "unit id"):
        assert doubt not in told


@pytest.mark.parametrize(
    ("target", "text", "says"),
    [
        ("rtu:///dev/ttyUSB0", "No such file or directory", "is the adapter plugged in?"),
        ("rtu:///dev/ttyUSB0", BUSY_PORT, "names who has it"),
        ("10.0.0.7", "Network is unreachable", "check its routes"),
    ],
)
def test_what_fails_at_this_end_is_told_although_the_device_answered_before(
    target: str, text: str, says: str
) -> None:
    assert says in next_step(Failure(parse_target(target), "connect", text, answered=True))


def test_an_error_without_a_hint_stands_alone() -> None:
    target = parse_target("10.0.0.7")
    assert with_next_step(Failure(target, "exception_8", "exception 8 (unknown)")) == (
        "exception 8 (unknown)"
    )


@pytest.mark.parametrize(
    "target", ["10.0.0.7", "10.0.0.7:5020", "rtu-tcp://10.0.0.7:4001", "rtu:///dev/ttyUSB0"]
)
@pytest.mark.parametrize("reason", ["timeout", "exception_11"])
def test_where_every_slave_id_was_asked_the_id_is_not_doubted(target: str, reason: str) -> None:
    said = hint(target, reason, "", *range(256))
    assert said.endswith(" The slave id is not at fault: all were asked.")
    for doubt in ("is one of", "Another id", "right unit id", "--units"):
        assert doubt not in said
    said = hint(target, reason, "", *range(1, 248))
    assert said.endswith("--units 255,0" if target.startswith("10.") else "all were asked.")


def test_no_slave_on_a_serial_line_is_255_or_0() -> None:
    assert hint("rtu:///dev/ttyUSB0", "timeout").endswith("Try discover with --units 2-10,247")
