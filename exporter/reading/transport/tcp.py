"""Modbus/TCP: every request has a transaction number, and its answer the same."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.reading.transport.answers import (
    LinkError,
    NotAskedError,
    build_tcp,
    frames_of_tcp,
    parse_tcp,
    size_of_tcp,
)
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.exchange import Ask
from exporter.reading.transport.opening import Opener
from exporter.reading.transport.wire import Wire

_HOLD = 3  # timeouts for which a gateway is thought to be busy with a given up request, until it is known
_DEAF = 10.0  # seconds; after connecting, a device may ignore requests for this long
_RECENT = 1000  # requests whose numbers are known for our own when an answer comes once more
_KNOWN = 60.0  # seconds after which the answer to a given up request tells nothing any more
_HOLD_MOST = 10.0  # seconds; what comes later is no gateway that waited for a dead unit


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """A request that nobody waits for any more. `until` is when a gateway is done with it at the latest."""

    unit: int
    sent: float
    until: float


class TcpConnection(Connection):
    """A late answer is known by its number and passed over, so a first silence does not end the connection.

    It ends with an answer that is not right, and when the same unit is silent again and nothing came
    meanwhile, unless the connection is new: then the device may be deaf still. A gateway that asks one unit
    at a time goes on with a request that was given up here: how long that takes is learned from answers that
    come late, or at once although another is still owed.
    """

    def __init__(self, address: str, opener: Opener) -> None:
        super().__init__(address, opener)
        # anywhere: a gateway may mix up its clients, and two exporters must not count alike
        self._transaction = 1 + secrets.randbelow(0xFFFF)
        self._request = b""
        self._given_up: dict[int, _GivenUp] = {}
        self._hold: float | None = None  # seconds that a gateway spends on a unit that does not answer
        self._done_at = 0.0  # when it was last seen to be done with something
        self._owes = False  # whether a late answer may still come over this connection
        self._silent: set[int] = set()  # units that were silent since anything came
        self._stray: int | None = None  # the number of an answer that nobody here asked for
        self._standing: list[int] = []  # those of the answers in a row, as long as they are the same

    def close(self) -> None:
        """Close the connection at once; a request under way fails."""
        self._owes = False
        self._silent.clear()
        super().close()

    def busy_until(self, unit: int) -> float:
        """Until when a gateway may be busy with a request to another unit than `unit` (loop time), or 0."""
        if not self._given_up:
            return 0.0
        if self._wire is not None:
            self._pass_over_late(self._wire)
        old = asyncio.get_running_loop().time() - _KNOWN
        self._given_up = {number: given for number, given in self._given_up.items() if given.sent > old}
        return max((given.until for given in self._given_up.values() if given.unit != unit), default=0.0)

    async def _read(self, ask: Ask) -> list[int]:
        if ask.manner.any_transaction and self._owes:
            self.close()  # a late answer would fit
        wire = await self._connect(ask)
        busy = self.busy_until(ask.unit) - asyncio.get_running_loop().time()
        if self._hold and busy >= ask.deadline.left:
            self._hold /= 2  # it is doubted: else a unit that is always asked at such a moment is never read
            raise NotAskedError(f"{self.address} is still busy with a request to another unit")
        return await self._exchange(wire, ask)

    def _begin(self, wire: Wire, ask: Ask) -> bytes:
        self._pass_over_late(wire)
        self._stray = None
        self._transaction = self._transaction % 0xFFFF + 1
        self._request = build_tcp(ask.unit, ask.request, self._transaction)
        return self._request

    def _patience(self, ask: Ask) -> float:
        # what was given up is before this one in the gateway's queue
        return ask.manner.timeout + max(self.busy_until(ask.unit) - asyncio.get_running_loop().time(), 0.0)

    def _parse(self, wire: Wire, ask: Ask) -> list[int] | None:
        buffer = wire.buffer
        while len(buffer) >= 8:
            number = int.from_bytes(buffer[:2], "big")
            if number == self._transaction or ask.manner.any_transaction:
                if buffer == self._request:
                    raise LinkError("frame", "the request itself came back")
                if not ask.manner.any_transaction:
                    buffer = self._without_foreign(wire)
                return parse_tcp(buffer, ask.expected, number)
            if len(buffer) < (size := size_of_tcp(buffer)):
                return None
            self._pass_over(wire, number, size)
        return None

    def _without_foreign(self, wire: Wire) -> bytearray:
        """Our answer, if nothing but whole answers to other transactions came behind it; else all that came.

        A gateway that mixes up its clients may put the answer to another one into the same segment.
        """
        buffer = wire.buffer
        if len(buffer) <= size_of_tcp(buffer):
            return buffer
        frames = frames_of_tcp(buffer)
        numbers = [frame[:2] for frame in frames]
        if len(frames) < 2 or sum(map(len, frames)) < len(buffer) or numbers[0] in numbers[1:]:
            return buffer
        wire.pass_over(len(frames[0]))
        self._pass_over_late(wire)
        return frames[0]

    def _pass_over_late(self, wire: Wire) -> None:
        """Pass over the whole answers that came when nobody waited for one."""
        for frame in frames_of_tcp(wire.buffer):
            self._pass_over(wire, int.from_bytes(frame[:2], "big"), len(frame))

    def _pass_over(self, wire: Wire, number: int, size: int) -> None:
        dead = bool(wire.buffer[7] & 0x80)
        wire.pass_over(size)
        self._silent.clear()
        if number in self._given_up:
            done: list[_GivenUp] = []
            while number in self._given_up:  # it asks in turn: those before are over, and got no answer
                done.append(self._given_up.pop(next(iter(self._given_up))))
            spent = self._spent(done, len(done) - 1 + dead, wire.last_byte)
            self._hold = max(self._hold or 0.0, spent)
        elif number == 0 or (self._transaction - number) % 0xFFFF >= min(self.sent, _RECENT):
            self._stray = number
            self._foreign += 1

    def _no_answer(self, wire: Wire) -> LinkError:
        if self._stray is None or wire.buffer:
            return super()._no_answer(wire)
        if self._stray not in self._standing:
            self._standing.clear()
        self._standing.append(self._stray)
        text = f"answer to transaction {self._stray}, not {self._transaction}"
        if len(self._standing) > 1:
            text = f"every answer carries transaction {self._stray}, whatever was asked"
        return LinkError("transaction", text)

    def _spent(self, done: Sequence[_GivenUp], dead: int, now: float) -> float:
        """The seconds for each of the `dead` units among what a gateway is done with `now`, one by one."""
        began, self._done_at = max(done[0].sent, self._done_at), now
        return min((now - began) / max(dead, 1), _HOLD_MOST)

    def _answered(self, ask: Ask, took: float) -> None:
        self._silent.clear()
        self._standing.clear()
        if not self._given_up:
            return
        now = asyncio.get_running_loop().time()
        asked, given_up = now - took, self._given_up.values()
        if others := [given for given in given_up if given.unit != ask.unit and given.until > asked]:
            # asked in turn, that of another unit is over; answered at once, it held up nobody
            waited = took > ask.manner.timeout or took >= (others[-1].until - asked) / 2
            self._hold = self._spent(others, len(others), now) if waited else 0.0
        self._given_up.clear()

    def _unanswered(self, wire: Wire, ask: Ask, sent: float, error: LinkError | None) -> None:
        silent = not wire.buffer and (error is None or error.reason in ("timeout", "transaction"))
        if silent:
            hold = _HOLD * ask.manner.timeout if self._hold is None else self._hold
            # it begins with this one when it is done with those before, and that may have been told
            began = max(sent, wire.last_byte, *(given.until for given in self._given_up.values()))
            self._given_up[self._transaction] = _GivenUp(ask.unit, sent, began + hold)
        deaf = not wire.last_byte and asyncio.get_running_loop().time() - self._ready_at < _DEAF
        if not silent or ask.manner.any_transaction or (ask.unit in self._silent and not deaf):
            self.close()
            return
        self._owes = True
        if error is not None:
            self._silent.add(ask.unit)
