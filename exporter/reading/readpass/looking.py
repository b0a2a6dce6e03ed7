"""What there is on a device: its optional groups, and how often the repeating ones repeat."""

from collections.abc import Iterable

from exporter.maps.model import Group
from exporter.reading.decode.decode import real_words
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.layout import Layout
from exporter.reading.decode.truth import bacs_is_there
from exporter.reading.readpass.memory import Memory, Sight
from exporter.reading.readpass.progress import Outcome, Progress


def layout_now(device: DeviceMap, memory: Memory, now: float) -> Layout:
    """What is to be read, by what is known of the device."""
    presence = memory.presence
    # where nothing else can be asked for, each of them is: a device that is not asked looks dead
    look = device.all_is_optional and not presence.found
    without = set()
    for group in device.optional_groups:
        is_bacs = group.name == device.bacs
        wanted = look or presence.is_looked_for(group.name, now) or (is_bacs and device.bacs_required)
        if not wanted or (is_bacs and device.config.options.bacs == "off"):
            without.add(group.name)
    there = presence.found - presence.lost - without
    for group, _ in device.repeating_groups:
        parent = device.counting_group(group)
        if parent.optional and parent.name not in there:
            without.add(group.name)
    return device.layout(memory.counts.counts, frozenset(without))


def look_around(device: DeviceMap, memory: Memory, progress: Progress, now: float) -> None:
    """Learn from the words at hand which groups there are and how often the repeating ones repeat."""
    for group in device.optional_groups:
        sight = _sight(group, device, memory, progress)
        if sight is not None:
            memory.presence.note(group.name, sight, now)
    said = _said(device, progress)
    expect = device.config.expect
    for group, repeat in device.repeating_groups:
        configured = {"strings": expect.strings, "modules": expect.modules}.get(group.name, 0)
        before = memory.counts.counts.get(group.name, 0)
        known = said.get(repeat.count, 0 if said else before)
        if known > repeat.max:
            # what is in the map is read, but no more is known by it than before
            known = before or known
        memory.counts.note(group.name, said=known, configured=configured)


def too_many(device: DeviceMap, progress: Progress) -> Iterable[str]:
    """What is to be said of groups that repeat more often than the map holds."""
    said = _said(device, progress)
    for group, repeat in device.repeating_groups:
        if (number := said.get(repeat.count, 0)) > repeat.max:
            yield f"{number} {group.name}, but the map holds {repeat.max}"


def no_bacs(device: DeviceMap, memory: Memory, progress: Progress) -> Iterable[str]:
    """What is to be said where a BACS is expected and was never seen."""
    spans = progress.layout.group_spans.get(device.bacs)
    if not spans or not device.bacs_required or device.bacs in memory.presence.found:
        return
    expect = device.config.expect
    why = f"expect: {expect.strings} strings, {expect.modules} modules"
    if device.config.options.bacs == "required" or not (expect.strings or expect.modules):
        why = "nothing else is read" if device.only_bacs else "bacs: required"
    became = progress.became(spans)
    if Outcome.READ in became:
        values = {progress.words.get(key) for span in spans for key in span.keys()}  # noqa: SIM118
        how = "has 0 in all of its words" if 0 in values else "has -9999 (not available) in all of its words"
    elif Outcome.SILENT in became:
        how = "does not answer for its words"
    elif became & {Outcome.REFUSED, Outcome.ABSENT}:
        how = "refuses its words"
    else:
        return
    counts = {"strings": expect.strings, "modules": expect.modules} | memory.counts.counts
    names = ["bacs", *(group.name for group, _ in device.repeating_groups if counts.get(group.name))]
    count = "counts" if len(names) == 1 else "count"
    yield f"a BACS is expected ({why}), but the device {how}: {', '.join(names)} {count} as unread"


def _sight(group: Group, device: DeviceMap, memory: Memory, progress: Progress) -> Sight | None:
    """What this pass saw of an optional group; None where that says nothing."""
    spans = progress.layout.group_spans.get(group.name)
    if not spans:
        return None  # it is not looked for in this pass
    real = real_words(progress.layout, progress.words, {word.name for word in group.words})
    if bacs_is_there(real) if group.name == device.bacs else real:
        return Sight.THERE
    became = progress.became(spans)
    if Outcome.CUT_OFF in became or not became:
        return Sight.EMPTY if real and group.name in memory.presence.found else None
    if real:
        return Sight.EMPTY
    if Outcome.SILENT not in became:
        return Sight.GONE
    # a device that is silent altogether says nothing of its groups
    return Sight.SILENT if progress.words else None


def _said(device: DeviceMap, progress: Progress) -> dict[str, int]:
    """How many strings and modules the device says it has, by the names of the counting words."""
    names = [repeat.count for _, repeat in device.repeating_groups]
    return real_words(progress.layout, progress.words, names)
