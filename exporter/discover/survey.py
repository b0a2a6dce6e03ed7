"""What is asked for: the words of the known lists, a gateway's frame, and the other function codes."""

import asyncio

from exporter.discover.ask import AT_ONCE, Listener
from exporter.discover.tables import (
    BACS_RESERVED,
    BACS_WORDS,
    MOST_MODULES,
    MOST_STRINGS,
    NUM_MODULES,
    STRIDE,
    module_address,
    string_address,
)
from exporter.reading.plan.spans import Request
from exporter.reading.transport.answers import LinkError

# parted where OEM lists end or begin (device.md 5)
UPS_BLOCKS = ((97, 99), (100, 111), (112, 127), (128, 138), (139, 142))
SENSORS = (143, 150)
FRAME_WORDS = 50  # device.md 1.2
_SLOW = 20  # a device that takes fewer words at once is not asked for hundreds of words that nobody promised
_FRAME_LOOKS, _FRAME_PAUSE = 6, 0.5  # a gateway polls about once a second


async def survey(listener: Listener, *, frame_base: int, bits: bool) -> None:
    """Ask for everything that the known lists have."""
    await _survey_ups(listener)
    await _survey_bacs(listener)
    await _survey_frame(listener, frame_base)
    await _compare_functions(listener)
    if bits:
        await _survey_bits(listener)


async def _survey_ups(listener: Listener) -> None:
    whole = Request(listener.heard.function, UPS_BLOCKS[0][0], UPS_BLOCKS[-1][1] - UPS_BLOCKS[0][0] + 1)
    if not await listener.served(whole):
        for first, last in UPS_BLOCKS:
            await listener.all_of(first, last)
        await listener.learn_limit(whole)
    await listener.all_of(*SENSORS)


async def _survey_bacs(listener: Listener) -> None:
    if not await listener.block(BACS_WORDS[0], BACS_WORDS[-1]):
        return
    await listener.block(BACS_RESERVED[0], BACS_RESERVED[-1])
    await listener.block(string_address(1), string_address(MOST_STRINGS + 1) - 1)
    count = listener.heard.words.get(NUM_MODULES, 0)
    count = count if count <= MOST_MODULES else 0
    if count:
        await listener.block(module_address(1), module_address(count + 1) - 1)
    await _survey_above(listener, count)


async def _survey_above(listener: Listener, count: int) -> None:
    """Look for modules beyond the device's own count, as long as their words are served."""
    most = MOST_MODULES
    if listener.heard.max_words < _SLOW:
        most = min(count + _SLOW, most)
    number = count + 1
    while number <= most and not listener.gave_up:
        step = max(min(listener.heard.max_words, AT_ONCE) // STRIDE, 1)
        last = min(number + step - 1, most)
        served = await listener.block(module_address(number), module_address(last + 1) - 1)
        if not served:
            break
        number = last + 1
    if number <= MOST_MODULES:
        listener.heard.notes.append(f"modules {number}–{MOST_MODULES} were not looked for")


async def _survey_frame(listener: Listener, base: int) -> None:
    """Read what may be a gateway's frame, again and again until its first byte, the counter, moves."""
    if base + FRAME_WORDS > 0x10000 or not await listener.block(base, base + FRAME_WORDS - 1):
        return
    frame = range(base, base + FRAME_WORDS)
    listener.heard.frame_base = base
    for look in range(_FRAME_LOOKS):
        words = tuple(listener.heard.words[address] for address in frame if address in listener.heard.words)
        if len(words) < FRAME_WORDS:
            return
        before, listener.heard.frame = listener.heard.frame, words
        if before and before[0] >> 8 != words[0] >> 8:
            listener.heard.frame_moved = True
            return
        if look + 1 < _FRAME_LOOKS:
            await asyncio.sleep(_FRAME_PAUSE)
            await listener.all_of(frame.start, frame.stop - 1)


async def _compare_functions(listener: Listener) -> None:
    """Whether the other function code gives the same words; alarm words seldom change in between."""
    heard = listener.heard
    other = 7 - heard.function
    known = [address for address in (*range(115, 139), *range(100, 115), 1000) if address in heard.words]
    if not known or listener.gave_up:
        return
    answer = await listener.once(Request(other, known[0], 1))
    if isinstance(answer, LinkError):
        heard.other = f"function code {other}: {listener.why(answer)}"
        return
    (value,) = answer
    same = "the same" if value == heard.words[known[0]] else f"{value}, not {heard.words[known[0]]}"
    heard.other = f"function code {other} gives {same} for address {known[0]}"


async def _survey_bits(listener: Listener) -> None:
    found = []
    for function, what in ((1, "coils"), (2, "discrete inputs")):
        for first, last in ((0, 15), (97, 142)):
            if listener.gave_up:
                break
            request = Request(function, first, last - first + 1)
            answer = await listener.once(request)
            row = listener.why(answer) if isinstance(answer, LinkError) else "".join(map(str, answer))
            found.append(f"{what} {first}–{last}: {row}")
    listener.heard.bits = tuple(found)
