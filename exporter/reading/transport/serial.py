"""Modbus RTU, on a serial port or behind a serial server: no transaction numbers, so late answers are known.

Not told apart: an answer that comes twice, the second time just after the next request of the same unit,
function and length went out. Within a pass no two requests in a row are alike where they can be parted
(`exporter/reading/plan/cover.py`); single words are, and the last of one pass and the first of the next.
"""

import asyncio
import logging

from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import (
    LinkError,
    NotAskedError,
    build_rtu,
    parse_rtu,
    without_echoes,
)
from exporter.reading.transport.connection import Connection
from exporter.reading.transport.exchange import Ask
from exporter.reading.transport.late import LateAnswers
from exporter.reading.transport.opening import Opener
from exporter.reading.transport.wire import Wire

_QUIET = 0.05  # silence between two frames on a serial line, far above 3.5 characters at 9600 baud
_OWED_FOR = (10, 30.0)  # times the timeout, but at least seconds: so long a late answer may still come
_PROBES = 2  # at the first contact: a slave whose line has stalled hardly keeps more requests than this
_LAGS = 4  # probes in a row that are answered with an answer as far behind, until it is a lag

log = logging.getLogger(__name__)


class SerialConnection(Connection):
    """A serial line. `server` says that it is behind a serial server, which may be dead itself."""

    def __init__(self, address: str, opener: Opener, *, server: bool) -> None:
        super().__init__(address, opener)
        self._server = server
        self._place = {"target": address}
        self._late = LateAnswers()
        self._request = b""
        self._silent_until: dict[int, float] = {}  # so long a unit that was silent is not asked
        self._strikes = 0  # failures in a row
        self._lags: dict[int, list[int]] = {}  # by unit: how far behind the answers to its last probes were
        self._echoes = False
        self._heard_of: set[int] = set()  # units that have answered
        self._misfit: LinkError | None = None  # what was wrong with what came at the first contact

    @property
    def owed(self) -> bool:
        """Whether an answer to an earlier request may still come, over this connection or the next."""
        return self._late.until > asyncio.get_running_loop().time()

    async def _read(self, ask: Ask) -> list[int]:
        await self._settle(await self._connect(ask), ask)
        wire = await self._connect(ask)  # a serial server may have closed it meanwhile
        return await self._exchange(wire, ask)

    async def _settle(self, wire: Wire, ask: Ask) -> None:
        """Let late answers run out before the next request goes out.

        Before the first request to a unit two go out that ask for less, each for another length: what an
        exporter before this one has asked for may still come, and would be taken for the answer to the same
        request of this one. A slave that has kept up to two of its requests gives itself away, even if one of
        them was for that length, too: the first answer to the new exporter comes when it waits for another.

        After a request without an answer the unit is first left alone until it was silent for a whole
        timeout; the other units are not: their number tells their answers apart. If the late answer did not
        come then, it may still come: so the next request to the unit is one that the late answer cannot fit,
        and as a device answers in order, its answer ends the matter.

        A unit that answers each of these with an older answer stays behind for as long as it is asked. Then
        it is left alone until none of its late answers can come any more, and one such request starts again.
        """
        loop, unit = asyncio.get_running_loop(), ask.unit
        silent_until = self._silent_until.get(unit, 0.0)
        while (remaining := max(silent_until, wire.last_byte + _QUIET) - loop.time()) > 0:
            if remaining >= ask.deadline.left:
                if self._lagging(unit):
                    raise LinkError("timeout", self._lag_text(unit))
                raise NotAskedError(f"{self.address} may still send an earlier answer")
            await asyncio.sleep(remaining)
        self._late.expire(loop.time())
        came, _ = self._late.strike_off(self._heard(wire) or bytearray())
        self._lags.pop(came, None)  # it came by itself: the unit is slow, but it gets through
        first = unit not in self._heard_of
        probes: list[Request] = []
        while len(probes) < (_PROBES if first else self._late.owes(unit, ask.request.function)):
            probe = self._late.probe(unit, ask.request, probes)
            if probe is None:
                text = f"unit {unit} owes too many answers: it is left alone until they cannot come any more"
                raise LinkError("timeout", f"{self.address}: {text}")
            probes.append(probe)
            try:
                await self._exchange(wire, ask._replace(request=probe))
            except LinkError as error:
                if error.exception_code is None:
                    raise
        self._heard_of.add(unit)

    def _lagging(self, unit: int) -> bool:
        return len(self._lags.get(unit, ())) >= _LAGS

    def _lag_text(self, unit: int) -> str:
        answers = "an answer" if self._lags[unit][-1] == 1 else f"{self._lags[unit][-1]} answers"
        return f"{self.address}: unit {unit} lags {answers} behind: it is left alone for a while"

    def _note_lag(self, unit: int, came: int, after: int) -> None:
        """The unit was not heard in time; what came was an answer of `came`, with `after` owed behind it."""
        lags = self._lags.setdefault(unit, [])
        behind = after + 1  # the request that was just made is owed, too
        if came != unit or (lags and lags[-1] != behind):
            lags.clear()
        if came == unit:
            lags.append(behind)
        if len(lags) == _LAGS:
            log.warning("answers lag behind", extra={**self._place, "unit": unit, "behind": behind})

    def _begin(self, wire: Wire, ask: Ask) -> bytes:
        wire.clear()
        self._misfit = None
        self._request = build_rtu(ask.unit, ask.request)
        return self._request

    def _heard(self, wire: Wire) -> bytearray | None:
        """What came, without our own requests; None for the beginning of one."""
        if self._request and not self._echoes and self._request in wire.buffer:
            self._echoes = True
            log.warning("the serial line echoes: requests come back and are skipped", extra=self._place)
        return without_echoes(wire.buffer, [self._request, *self._late.requests])

    def _parse(self, wire: Wire, ask: Ask) -> list[int] | None:
        heard = self._heard(wire)
        if heard is None:
            return None
        try:
            return parse_rtu(heard, ask.expected)
        except LinkError as error:
            # while an earlier answer is owed, what does not fit may be just that: pass over it and wait on
            first = ask.unit not in self._heard_of
            if not self._late and (not first or error.reason == "unit"):
                raise
            if error.exception_code is not None:
                if not self._late.owes(ask.unit, ask.request.function):
                    raise
                wire.clear()
            elif first:
                self._misfit = error
            return None

    def _no_answer(self, wire: Wire) -> LinkError:
        heard = self._heard(wire)
        if heard is not None and not heard:
            what = "only the request itself came back" if wire.buffer else "no answer in time"
            return LinkError("timeout", f"{self.address}: {what}")
        if heard is not None and self._late.brought(heard):
            return LinkError("timeout", f"{self.address}: only the answer to an earlier request came")
        if self._misfit is not None:
            return self._misfit
        return super()._no_answer(wire)

    def _answered(self, ask: Ask, took: float) -> None:
        self._late.settle(ask.unit)
        self._lags.pop(ask.unit, None)
        self._silent_until.pop(ask.unit, None)
        self._strikes = 0

    def _unanswered(self, wire: Wire, ask: Ask, sent: float, error: LinkError | None) -> None:
        now, unit, timeout = asyncio.get_running_loop().time(), ask.unit, ask.manner.timeout
        self._note_lag(unit, *self._late.strike_off(self._heard(wire) or bytearray()))
        self._late.add(ask.expected, self._request, now + max(_OWED_FOR[0] * timeout, _OWED_FOR[1]))
        self._silent_until[unit] = self._late.until if self._lagging(unit) else now + timeout
        self._strikes += 1
        # the old connection is kept to see the late answer come, until it looks dead itself
        if self._server and self._strikes > 1:
            self.close()
