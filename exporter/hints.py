"""What to do next when a device does not answer: a function of what was seen, and of nothing else. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from exporter.runs import runs
from exporter.targets import TCP_PORT, Endpoint, Target

USUAL_UNITS = (*range(1, 11), 247, 255, 0)
"""Unit ids worth a try: the first ten, the last one, and two that odd gateways have (Modbus/TCP alone)."""

_ONE_PLACE = "many take one client at a time: is another program connected?"


@dataclass(frozen=True)
class Failure:
    """How asking failed: `reason` as generex_exporter_modbus_errors_total has it, `text` as the error says.

    `silent` are the unit ids behind the same address that were asked besides, and did not answer either.
    `by_discover` says that single words were asked for, and a serial server by Modbus/TCP, too. `answered`
    says that the device was read before: then its address, unit and settings were right.
    """

    target: Target
    reason: str
    text: str
    silent: Collection[int] = ()
    by_discover: bool = False
    answered: bool = False


def next_step(failure: Failure) -> str:
    """What was seen may mean this, and that is what to try; "" where nothing better is known."""
    steps = {
        "resolve": _resolve, "connect": _connect, "timeout": _timeout, "closed": _closed, "frame": _frame,
        "unit": _unit, "transaction": _other_answer, "function": _other_answer, "length": _other_answer,
    }  # fmt: skip
    if failure.answered and failure.reason in ("connect", "timeout") and not _at_this_end(failure):
        return _WAS_WELL
    if failure.reason in steps:
        return steps[failure.reason](failure)
    return {
        "exception_1": "it does not know this function code, or says so of words that it does not serve: "
        "discover finds out; `function: 4` in the configuration asks with the other code",
        "exception_2": "it answers, but does not serve these words: discover finds out which it serves",
        "exception_3": "it answers, but does not serve these words: discover finds out which it serves",
        "exception_4": "it answers, but cannot serve these words: discover finds out which it serves",
        "exception_5": _NO_TIME,
        "exception_6": _NO_TIME,
        "exception_10": _behind_the_gateway(failure),
        "exception_11": _behind_the_gateway(failure),
    }.get(failure.reason, "")


def with_next_step(failure: Failure) -> str:
    """The error, and in the next line what to do."""
    step = next_step(failure)
    return f"{failure.text}\n  {step}" if step else failure.text


_WAS_WELL = (
    "it answered before: does it have power? Does the network or line to it work? Was anything changed "
    "there? Does another program read it now?"
)
_NO_TIME = "it has no time: it may be starting up, or other masters ask too often; try again later"


def _at_this_end(failure: Failure) -> bool:
    """Whether what failed is this machine's own port or way out, which says nothing about the device."""
    serial = failure.target.endpoint.transport == "rtu"
    known = _CONNECT_SERIAL if serial else ("Network is unreachable",)
    return failure.reason == "connect" and any(text in failure.text for text in known)


def _resolve(failure: Failure) -> str:
    if "probe.allow" in failure.text:
        return ""  # that is said already
    return "try the IP address instead: if that works, the name or the name server is at fault"


def _connect(failure: Failure) -> str:
    endpoint = failure.target.endpoint
    words = {"host": endpoint.host, "port": endpoint.port, "path": endpoint.path, "line": _line(endpoint)}
    texts = _CONNECT_SERIAL if endpoint.transport == "rtu" else _CONNECT_NETWORK
    if "Connection refused" in failure.text:
        return _refused(failure)
    return next((text for key, text in texts.items() if key in failure.text), "").format(**words)


_CONNECT_NETWORK = {
    "no answer": "is the address right, the device on, and does a firewall let port {port} through? "
    "Try ping {host}",
    "No route to host": "is the address right and the device on this network? Try ping {host}",
    "Network is unreachable": "this machine has no way to that network: check its routes",
}
_CONNECT_SERIAL = {
    "Permission denied": "`ls -l {path}` names the group that may use it, on Debian dialout: "
    "sudo usermod -aG dialout $USER, then log in again",
    "another program has the port": "a serial line has one master: `sudo fuser -v {path}` names who has it. "
    "If that is this exporter, its configuration has this line under another name, too",
    "No such file or directory": "is the adapter plugged in? `ls /dev/serial/by-id` shows those that are",
    "Invalid argument": "the port does not take {line}: try another parity or baud rate, as in "
    "rtu://{path}?parity=N",
    "Inappropriate ioctl": "{path} is no serial port: `ls /dev/serial/by-id` shows those that there are",
}


def _refused(failure: Failure) -> str:
    endpoint = failure.target.endpoint
    if endpoint.transport == "rtu-tcp":
        return (
            f"nothing listens there, or the serial server takes no further client: {_ONE_PLACE} Its settings "
            "show the port of its TCP server mode"
        )
    if endpoint.port != TCP_PORT:
        return (
            f"nothing listens there, or it takes no further master: a CS141 always has port {TCP_PORT}, a "
            "gateway shows its port in its settings"
        )
    return (
        "nothing listens there, or it takes no further master: switch on the Modbus service in the CS141 "
        f"(Services, Setup); its port is always {TCP_PORT}"
    )


def _timeout(failure: Failure) -> str:
    endpoint = failure.target.endpoint
    if endpoint.transport == "rtu":
        return (
            "no answer comes from the line: is COM2 of the CS141 set to Modbus Slave, do baud rate, parity "
            f"and stop bits match (the target has {_line(endpoint)}), are A and B swapped"
            f"{_and_its_id(failure)}?{_more_units(failure)}"
        )
    if endpoint.transport == "rtu-tcp":
        echoes = "itself came" in failure.text
        came = "the line echoes, and no answer comes" if echoes else "nothing comes back"
        taken = "" if echoes else f" Or the serial server lets a further client wait: {_ONE_PLACE}"
        return _at_modbus_port(failure) + (
            f"it takes the connection, and {came}: do baud rate, parity and stop bits of the serial "
            "server match those of the CS141, is COM2 there set to Modbus Slave, are A and B swapped"
            f"{_and_its_id(failure)}?{taken}{_modbus_tcp(failure)}{_more_units(failure)}"
        )
    short = "" if failure.by_discover else " Or it ignores long requests: discover tries short ones."
    serial = "" if endpoint.port == TCP_PORT else _serial_server(failure)
    its_id = (
        f"is {_asked(failure)} the slave id that the Modbus service shows? Another id gets no answer at all. "
        "Or another master holds the only connection: stop it and try again."
    )
    if _all_asked(failure):
        its_id = "does another master hold the only connection? Stop it and try again."
    return f"the port is open, and nothing comes back: {its_id}{short}{serial}{_more_units(failure)}"


def _closed(failure: Failure) -> str:
    transport = failure.target.endpoint.transport
    if transport == "rtu":
        return "the port went away while it was asked: is the adapter plugged in firmly?"
    if transport == "rtu-tcp":
        return (
            f"{_at_modbus_port(failure)}it takes a connection and closes it: of serial servers {_ONE_PLACE}"
            f"{_modbus_tcp(failure)}"
        )
    serial = _serial_server(failure) if failure.target.endpoint.port != TCP_PORT else ""
    return (
        "it takes a connection and closes it: other masters may hold all it has; stop one and try again"
        + (f".{serial}" if serial else "")
    )


def _frame(failure: Failure) -> str:
    """Bytes came that are no answer."""
    if failure.target.endpoint.transport == "tcp":
        if "came twice" in failure.text:
            return (
                "the device, or a gateway or bridge before it, sends its answers twice: the second could be "
                "taken for the answer to a later request, so none is taken. Read the device without what "
                "doubles them"
            )
        if "in time" in failure.text or "too many" in failure.text:
            return "answers are cut off or too long: a bad network or gateway; try again"
        if failure.answered:
            return "it answered before, and what comes now is not Modbus/TCP: was anything changed there?"
        return f"what answers does not speak Modbus/TCP.{_serial_server(failure)}"
    return (
        f"{_at_modbus_port(failure)}bytes come, but no whole answer: do baud rate, parity and stop bits "
        f"match, and does no other device on the line have slave id {failure.target.unit}?"
        f"{_modbus_tcp(failure)}"
    )


def _unit(failure: Failure) -> str:
    found = re.search(r"from unit (\d+)", failure.text)
    return f"give that id with ?unit={found[1] if found else 'N'}, if that is the device meant"


def _other_answer(failure: Failure) -> str:
    if "every answer" in failure.text:
        return (
            "it does not repeat the number of the request, as cheap gateways do: `any_transaction: true` in "
            "its device or module takes such answers"
        )
    return (
        "that is the answer to another request: a gateway that mixes up its masters, or one slave id twice; "
        "try again while nobody else reads the device"
    )


def _behind_the_gateway(failure: Failure) -> str:
    if failure.answered or _all_asked(failure):
        return (
            "the gateway is there, but nothing behind it: is the device on, and does the line to it work?"
            + _more_units(failure)
        )
    return (
        "the gateway is there, but not what is behind it: is "
        f"{_asked(failure)} the right unit id?{_more_units(failure)}"
    )


def _serial_server(failure: Failure) -> str:
    if failure.answered:
        return ""  # its protocol was right
    endpoint = failure.target.endpoint
    return f" If a serial server is there, it needs rtu-tcp://{endpoint.address}."


def _at_modbus_port(failure: Failure) -> str:
    """At the port of Modbus/TCP that protocol is the likely one."""
    endpoint = failure.target.endpoint
    if endpoint.transport != "rtu-tcp" or endpoint.port != TCP_PORT or failure.answered:
        return ""
    here = f"port {TCP_PORT} belongs to Modbus/TCP"
    return f"{here}: if that is spoken there, write tcp://{endpoint.address}. Else: "


def _modbus_tcp(failure: Failure) -> str:
    """At any other port it may be, unless that was tried."""
    endpoint = failure.target.endpoint
    asked = failure.by_discover or failure.answered
    if endpoint.transport != "rtu-tcp" or endpoint.port == TCP_PORT or asked:
        return ""
    return f" If Modbus/TCP is spoken there, it needs tcp://{endpoint.address}."


def _line(endpoint: Endpoint) -> str:
    return f"{endpoint.baudrate} 8{endpoint.parity}{endpoint.stopbits}"


def _asked(failure: Failure) -> str:
    """The unit ids that were asked."""
    units = sorted({failure.target.unit, *failure.silent})
    return str(units[0]) if len(units) == 1 else f"one of {_written(units)}"


def _and_its_id(failure: Failure) -> str:
    return "" if _all_asked(failure) else f", and is {_asked(failure)} its slave id"


def _all_asked(failure: Failure) -> bool:
    """Whether every slave id there can be was asked: then the id is not at fault."""
    return {failure.target.unit, *failure.silent}.issuperset(range(1, 248))


def _more_units(failure: Failure) -> str:
    if failure.answered:
        return ""  # its unit was right
    asked = {failure.target.unit, *failure.silent}
    # on a serial line, 0 is for all slaves at once, and 255 is none
    known = USUAL_UNITS if failure.target.endpoint.transport == "tcp" else USUAL_UNITS[:-2]
    if left := [unit for unit in known if unit not in asked]:
        return f" Try discover with --units {_written(left)}"
    return " The slave id is not at fault: all were asked." if _all_asked(failure) else ""


def _written(units: Iterable[int]) -> str:
    """Unit ids as --units takes them."""
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in runs(units))
