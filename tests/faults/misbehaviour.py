"""Every fault at every place, by the names that docs/faults.md calls them: what the hostile device does."""

from collections.abc import Callable

from tests import hostile
from tests.hostile import Behaviour, Hostile, Peer, Request

PLACES = ("connecting", "first request", "middle of a pass", "last byte")
TRANSPORTS = ("tcp", "rtu-tcp", "rtu")
CODES = (1, 2, 3, 4, 5, 6, 10, 11)
GATEWAY = "slow gateway with a dead unit"
DEAD = 9  # its unit id

TIMEOUT = 0.3  # the request_timeout
IN_TIME, TOO_LATE = 0.3 * TIMEOUT, 1.5 * TIMEOUT

ANSWERS: dict[str, Behaviour] = {
    "silence": hostile.silent,
    "delay within `request_timeout`": hostile.late(IN_TIME, in_time=True),
    "delay beyond `request_timeout`": hostile.late(TOO_LATE),
    "close": hostile.close,
    "reset": hostile.reset,
    "short answer": hostile.short,
    "long answer": hostile.long,
    "wrong byte count": hostile.lying_byte_count,
    "cut off answer": hostile.cut_off,
    "garbage": hostile.garbage,
    "flood of garbage": hostile.flood,
    "wrong protocol": hostile.wrong_protocol,
    "wrong unit": hostile.wrong_unit,
    "wrong function": hostile.wrong_function,
    "wrong transaction": hostile.wrong_transaction,
    **{f"exception {code}": hostile.exception(code) for code in CODES},
    "byte by byte": hostile.byte_by_byte,
    "two answers": hostile.two_answers,
    "answer to the previous request": hostile.previous_answer,
    "checksum error": hostile.bad_crc,
    "noise before the answer": hostile.noise_before,
    "echo": hostile.echoing(hostile.honest),
    "deaf start": hostile.deaf_for(0.9 * TIMEOUT),
    "standing transaction": hostile.standing(0),
}
FAULTS = (*ANSWERS, GATEWAY)


def all_but_the_last_byte(
    then: Callable[[Hostile, Peer, bytes], None], *, truthful: bool = False
) -> Behaviour:
    """The right answer without its last byte, which `then` is given."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        frame = device.frame(request, device.pdu(request))
        if truthful:
            device.in_time(request)
        peer.write(frame[:-1])
        then(device, peer, frame[-1:])

    return answer


def after(seconds: float) -> Callable[[Hostile, Peer, bytes], None]:
    def later(device: Hostile, peer: Peer, last: bytes) -> None:
        write = peer.write if device.transport == "tcp" else device.to_whoever_is_there
        device.later(seconds, lambda: write(last))

    return later


def gone_after_it(end: str) -> Behaviour:
    """Everything is there: that the connection ends then is no loss."""

    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        hostile.honest(device, peer, request)
        device.later(0.01, getattr(peer, end))

    return answer


def followed_by(more: Callable[[Hostile], bytes]) -> Behaviour:
    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        device.in_time(request)
        peer.write(device.frame(request, device.pdu(request)) + more(device))

    return answer


LAST_BYTES: dict[str, Behaviour] = {
    "silence": all_but_the_last_byte(lambda *_: None),
    "delay within `request_timeout`": all_but_the_last_byte(after(IN_TIME), truthful=True),
    "delay beyond `request_timeout`": all_but_the_last_byte(after(TOO_LATE)),
    "close": all_but_the_last_byte(lambda device, peer, last: peer.close()),
    "reset": all_but_the_last_byte(lambda device, peer, last: peer.reset()),
    "long answer": followed_by(lambda device: b"\0"),
    "garbage": all_but_the_last_byte(lambda device, peer, last: peer.write(bytes(range(40, 99)))),
    "answer to the previous request": followed_by(lambda device: device.previous),
    "checksum error": hostile.bad_crc,
}


def says(data: Callable[[Hostile], bytes]) -> Callable[[Hostile, Peer], None]:
    return lambda device, peer: peer.write(data(device))


WELCOMES: dict[str, Callable[[Hostile, Peer], None]] = {
    "close": lambda device, peer: peer.close(),
    "reset": lambda device, peer: peer.reset(),
    "garbage": says(lambda device: bytes(range(40, 99))),
    "answer to the previous request": says(lambda device: device.previous),
    "noise before the answer": says(lambda device: b"\x00\xff\x01\x03"),
}


async def begin(device: Hostile, place: str, fault: str, *, once: bool) -> None:
    """Misbehave from now on, or once."""
    if place == "connecting":
        await _begin_connecting(device, fault, once=once)
        return
    if fault == GATEWAY:
        device.behaviour = hostile.SlowGateway(DEAD, hold=2.8 * TIMEOUT)
        return
    wrong = (LAST_BYTES if place == "last byte" else ANSWERS)[fault]
    word = 1200 if place == "middle of a pass" else 109
    spent = False

    def behaviour(device: Hostile, peer: Peer, request: Request) -> None:
        nonlocal spent
        meant = request.address <= word <= request.last and not (spent and once)
        spent = spent or meant
        (wrong if meant else hostile.honest)(device, peer, request)

    device.behaviour = behaviour


async def _begin_connecting(device: Hostile, fault: str, *, once: bool) -> None:
    if fault == "silence":
        await device.go_deaf()
    elif fault == "deaf start":
        device.behaviour = ANSWERS[fault]
    elif device.transport == "rtu":
        device.unplug()
    else:
        left = 1 if once else 1000

        def welcome(device: Hostile, peer: Peer) -> None:
            nonlocal left
            left -= 1
            if left >= 0:
                WELCOMES[fault](device, peer)

        device.welcome = welcome


async def end(device: Hostile) -> None:
    """Be honest again."""
    device.behaviour, device.welcome = hostile.honest, None
    if device.transport == "rtu":
        device.unplug()
        device.plug()
    elif not device.listening:
        device.hear()
        await device.listen()


def makes_sense(place: str, fault: str, transport: str) -> bool:
    """Whether there can be such a thing."""
    if place == "connecting":
        deaf = ("silence", "deaf start")
        return fault == "close" if transport == "rtu" else fault in (*deaf, *WELCOMES)
    if fault == "deaf start":
        return False
    if fault == GATEWAY:
        return place == "first request" and transport == "tcp"
    if place == "last byte" and fault not in LAST_BYTES:
        return False
    if fault in ("wrong transaction", "wrong protocol", "standing transaction"):
        return transport == "tcp"
    if fault in ("checksum error", "noise before the answer", "echo"):
        return transport != "tcp"
    return not (fault == "reset" and transport == "rtu")
