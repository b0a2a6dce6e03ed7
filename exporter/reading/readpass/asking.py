"""Asking for one request after another in a pass: repetitions, patience, and giving up."""

import asyncio
from collections.abc import Awaitable, Callable

from exporter.reading.plan.spans import Request
from exporter.reading.readpass.progress import Outcome, Progress
from exporter.reading.transport import answers
from exporter.reading.transport.answers import LinkError, NotAskedError
from exporter.reading.transport.deadline import Deadline
from exporter.reading.transport.exchange import Observer

Ask = Callable[[Request, Observer], Awaitable[list[int]]]
"""Sends one request, and tells of every exchange that it took; raises LinkError."""

Clock = Callable[[], float]
"""Monotonic seconds."""


class Asker:
    """Sends the requests of one pass, keeps the words that come, and notes what became of each request.

    `given_up` is set when the device stays silent or the time is over: nothing more is to be asked. `failed`
    says that a request went without an answer although there was time for one, `out_of_time` that there was
    none left for something that was to be asked, `answered` that the device said anything at all. `refusals`
    are the texts of the exceptions by which it refused.
    For a place at a device that refuses or closes connections it waits a second, or the `request_timeout` if
    that is shorter.
    """

    def __init__(
        self, ask: Ask, progress: Progress, deadline: Deadline, clock: Clock, *, tries: int,
        request_timeout: float,
    ) -> None:  # fmt: skip
        self.progress = progress
        self.deadline = deadline
        self.given_up = False
        self.failed = False
        self.out_of_time = False
        self.refusals: list[str] = []
        self._ask = ask
        self._clock = clock
        self._tries = tries
        self._place_wait = min(answers.PLACE_WAIT, request_timeout)
        self._silent_in_a_row = 0
        self.answered = False

    async def ask(self, request: Request, *, once: bool = False) -> Outcome:
        """One request with its repetitions, or without, and what became of it."""
        progress = self.progress
        try:
            values = await self._repeat(request, 1 if once else self._tries)
        except LinkError as error:
            progress.miss(request.spans, outcome := self._outcome(error))
            return outcome
        self._silent_in_a_row = 0
        progress.words.update(zip(request.keys(), values, strict=True))
        progress.longest = max(progress.longest, request.count)
        return Outcome.READ

    async def _repeat(self, request: Request, tries: int) -> list[int]:
        pause = answers.BUSY_PAUSE[0]
        give_up_at = self._clock() + self._place_wait
        failure: tuple[LinkError, bool] | None = None
        while True:
            self.progress.waited = 0.0
            try:
                if self.deadline.left <= 0:
                    raise NotAskedError("no time left")
                values = await self._ask(request, self.progress.count)
            except NotAskedError as error:
                if failure is None:
                    self.given_up = self.out_of_time = True
                    if not self.progress.words and not self.progress.errors and not self.answered:
                        self.progress.errors.append(str(error))
                    raise
                self._note(*failure)  # the try before counts: it was sent
                raise failure[0] from None
            except LinkError as error:
                code = error.exception_code
                self.progress.failures.append(error.reason)
                self.answered = self.answered or code is not None
                if code in answers.BUSY and pause < self.deadline.left:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, answers.BUSY_PAUSE[1])
                    continue
                left = min(give_up_at - self._clock(), self.deadline.left)
                if error.reason in answers.NO_PLACE and tries > 1 and left > answers.PLACE_PAUSE:
                    await asyncio.sleep(answers.PLACE_PAUSE)
                    continue
                tries -= 1
                # cut off by the deadline, it was still given its time if others were answered in less
                in_time = self.deadline.left > 0 or self.progress.waited > self.progress.slowest > 0
                failure = error, in_time or (failure is not None and failure[1])
                if code in (*answers.REFUSED, *answers.BUSY) or tries <= 0:
                    self._note(*failure)
                    raise
            else:
                self.answered = True
                self.progress.asked_twice += failure is not None and failure[0].reason == "timeout"
                return values

    def _outcome(self, error: LinkError) -> Outcome:
        code, words = error.exception_code, self.progress.words
        if code in answers.REFUSED or (code == answers.CANNOT and words):
            return Outcome.REFUSED
        return Outcome.CUT_OFF if self.out_of_time and self.answered else Outcome.SILENT

    def _note(self, error: LinkError, in_time: bool) -> None:
        text, told = str(error), self.progress.errors
        if error.exception_code in answers.REFUSED:
            told = self.refusals
        if text not in told:
            told.append(text)
        if error.exception_code is None or error.exception_code in answers.NOBODY_THERE:
            self.failed = self.failed or in_time
            self.out_of_time = self.out_of_time or not in_time
            self._silent_in_a_row += 1
            self._tries = 1
            # a device that is silent twice, or from the start, costs no further waiting in this pass
            self.given_up = self.given_up or not self.answered or self._silent_in_a_row >= 2
