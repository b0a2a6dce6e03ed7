"""What to do next when a device does not answer: the likely causes, by how it failed. Pure."""

from exporter.reading.transport.answers import LinkError
from exporter.targets import Target

_SERIAL = (
    "is COM2 of the CS141 set to Modbus Slave, do baud rate, parity and stop bits match "
    "(the target has {line}), are A and B swapped, and is {unit} its slave id?"
)
_TCP_SILENT = (
    "the port is open, so is {unit} the slave id that the Modbus service shows? Another id gets no answer at "
    "all; try discover with --units 1-10"
)
_CONNECT = {
    "Connection refused": "nothing listens there: switch on the Modbus service in the CS141 (Services, "
    "Setup); its port is always 502",
    "no answer": "is the address right, the device on, and does a firewall let port {port} through? "
    "Try ping {host}",
    "No route to host": "is the address right and the device on this network? Try ping {host}",
    "Permission denied": "`ls -l {path}` names the group that may use it, on Debian dialout: "
    "sudo usermod -aG dialout $USER, then log in again",
    "another program has the port": "stop it first (`sudo fuser -v {path}` names it): a serial line has one "
    "master",
    "No such file or directory": "is the adapter plugged in? `ls /dev/serial/by-id` shows those that are",
    "Inappropriate ioctl": "{path} is no serial port: `ls /dev/serial/by-id` shows those that there are",
    "Network is unreachable": "this machine has no way to that network: check its routes",
}


def next_step(error: LinkError, target: Target) -> str:
    """A sentence that names likely causes and what to try; "" where nothing better is known."""
    endpoint = target.endpoint
    line = f"{endpoint.baudrate} 8{endpoint.parity}{endpoint.stopbits}"
    words = {"unit": target.unit, "line": line, "host": endpoint.host, "port": endpoint.port}
    words |= {"path": endpoint.path}
    if error.reason == "resolve":
        return "is the name written right? Try the IP address instead"
    if error.reason == "connect":
        return next((text for key, text in _CONNECT.items() if key in str(error)), "").format(**words)
    if error.reason in ("timeout", "closed", "frame") and endpoint.transport != "tcp":
        return _SERIAL.format(**words)
    if error.reason == "timeout":
        return _TCP_SILENT.format(**words)
    if error.reason == "closed":
        return (
            "it takes a connection and closes it: other masters may hold all it has; stop one and try again"
        )
    if error.exception_code in (5, 6):
        return "it has no time: it may be starting up, or other masters ask too often; try again later"
    if error.exception_code in (10, 11):
        return f"the gateway is there, but not what is behind it: is {target.unit} the right unit id?"
    if error.reason in ("frame", "transaction", "function", "length"):
        return "that is no Modbus device, or a serial server that needs rtu-tcp:// instead of tcp://"
    if error.reason == "unit":
        return "another unit answers: give its id with ?unit=N"
    return ""


def with_next_step(error: LinkError, target: Target) -> str:
    """The error, and in the next line what to do."""
    step = next_step(error, target)
    return f"{error}\n  {step}" if step else str(error)
