"""Asking which addresses of an unknown list answer, and looking again and again at what moves there.

Everything is noted as it comes: a scan that is cancelled leaves what it has heard so far.
"""

import asyncio
from collections.abc import Sequence

from exporter.discover.ask import AT_ONCE, Listener, Say, Talk, halves
from exporter.discover.heard import Heard
from exporter.discover.scanned import Scanned, same_list
from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import LinkError
from exporter.runs import runs

_PART = 10  # words: where a hundred are refused, ten at once are tried, and only then each
_LOOK_EVERY, _LOOKS = 5.0, 10  # seconds from one look to the next; a short watch has this many


async def scan(
    talk: Talk,
    scanned: Scanned,
    functions: Sequence[int],
    *,
    watch: float,
    step: Say,
) -> None:
    """Ask for every address with each function code, then look at what answers for `watch` seconds."""
    listeners: dict[int, Listener] = {}
    unknown: dict[int, LinkError] = {}  # the codes of which it is said that the device does not know them
    for function in functions:
        listener = listeners[function] = Listener(talk, scanned.unit)
        scanned.heard[function] = listener.heard = Heard(scanned.unit, function)
        first = await listener.once(Request(function, scanned.first, 1))
        if isinstance(first, LinkError) and first.exception_code == 1:
            unknown[function] = first
    # some devices say so of any address that they do not have: the other codes show whether this one does
    for function in sorted(listeners, key=unknown.__contains__):
        listener = listeners[function]
        if function in unknown and _said_of_codes(scanned):
            listener.heard.notes.append(listener.why(unknown[function]))
            continue
        step(f"function code {function}: asking for {scanned.first}–{scanned.last}")
        await _find(listener, scanned)
        if listener.gave_up:
            scanned.ended = f"with function code {function} the unit fell silent on the way"
            return
    if same_list(scanned):
        del listeners[4]
    words = sum(len(listener.heard.words) for listener in listeners.values())
    if words and watch:
        step(f"{words} words answer: looking for {watch:g} s at what moves; Ctrl-C ends it")
        await _watch(listeners, scanned, watch)


def _said_of_codes(scanned: Scanned) -> bool:
    """Whether exception 1 is about function codes: the device says something else of unknown addresses.

    Where it serves every address that it was asked for, only a code by which words are read shows that.
    """
    heard = scanned.heard.values()
    codes = {code for one in heard for code in one.refused.values() if one.words or code != 1}
    return 1 not in codes if codes else any(one.words and one.function in (3, 4) for one in heard)


async def _find(listener: Listener, scanned: Scanned) -> None:
    heard = listener.heard
    for request in listener.chunks(scanned.first, scanned.last):
        if listener.gave_up:
            return
        if await listener.served(request):
            continue
        if request.address in heard.silent and not await _any_served(listener, request):
            continue
        for part in listener.chunks(request.address, request.end - 1, _PART):
            if await listener.served(part):
                continue
            if part.address in heard.silent and not await _any_served(listener, part):
                continue
            for address in range(part.address, part.end):
                await listener.served(Request(part.function, address, 1))
            await listener.learn_limit(part)
        await listener.learn_limit(request)
    await _ask_for_most(listener)


async def _ask_for_most(listener: Listener) -> None:
    """Ask for as many words as answer in a row: between holes so many may not have been asked for."""
    heard = listener.heard
    longest = max(runs(sorted(heard.words)), key=lambda run: run[1] - run[0], default=None)
    if longest is None:
        return
    request = next(iter(listener.chunks(*longest)))
    known = max(asked.request.count for asked in heard.asked if not asked.outcome)
    if request.count > known and not await listener.served(request):
        await listener.learn_limit(request)


async def _any_served(listener: Listener, request: Request) -> bool:
    """Whether the first, the middle or the last word is answered: each silence costs a timeout."""
    addresses = sorted({request.address, request.address + request.count // 2, request.end - 1})
    heard = listener.heard
    for address in addresses:
        if await listener.served(Request(request.function, address, 1)) or address in heard.refused:
            return True
    return False


async def _watch(listeners: dict[int, Listener], scanned: Scanned, watch: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + watch
    requests = {
        function: [part for run in runs(sorted(one.heard.words)) for part in one.chunks(*run, AT_ONCE)]
        for function, one in listeners.items()
    }
    while (left := until - loop.time()) > 0:
        await asyncio.sleep(min(_LOOK_EVERY, watch / _LOOKS, left))
        for function, listener in listeners.items():
            look: dict[int, int] = {}
            scanned.looks.setdefault(function, []).append(look)
            for request in list(requests[function]):
                answer = await listener.once(request)
                if listener.gave_up:
                    scanned.ended = "the unit fell silent while it was looked at"
                    return
                if not isinstance(answer, LinkError):
                    look.update(zip(range(request.address, request.end), answer, strict=True))
                elif request.count > 1:  # served one by one, and not together
                    requests[function].remove(request)
                    requests[function] += halves(request)
