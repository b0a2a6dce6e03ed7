"""From a pass's progress to its snapshot: the decoded words, and what is to be said of the pass. Pure."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time
from functools import cache

from exporter.config import Expect
from exporter.maps import pass_metrics
from exporter.maps.model import Group, Labels, Metric
from exporter.reading.decode.decode import Decoded, decode
from exporter.reading.decode.device_map import DeviceMap
from exporter.reading.decode.series import Series
from exporter.reading.decode.snapshot import Snapshot
from exporter.reading.plan.spans import Span
from exporter.reading.readpass.memory import Memory
from exporter.reading.readpass.progress import Progress


class Reporter:
    """Makes the snapshots of one device."""

    def __init__(self, device_map: DeviceMap) -> None:
        self.device_map = device_map
        self.device = device_map.config
        target = self.device.target
        labels = (("target", target.url), ("module", self.device.module), ("unit", str(target.unit)))
        self._info = Series(pass_metrics.DEVICE_INFO, labels)
        self._expected = tuple(_expected(self.device.expect))

    def decode(self, progress: Progress, memory: Memory, *, now: float) -> Decoded:
        """What the words read so far say, by what is known of the device; `now` is monotonic seconds."""
        if not progress.words:
            return Decoded()
        return decode(
            progress.layout,
            progress.words,
            bacs_found=self.device_map.bacs in memory.presence.found,
            frame_valid=memory.frame.moving(now),
            unread=_unread(progress, memory),
            seen=memory.counts.seen,
        )

    def snapshot(
        self,
        progress: Progress,
        decoded: Decoded,
        memory: Memory,
        *,
        time: float,
        duration: float,
        allowed: float,
    ) -> Snapshot:
        """The snapshot of `progress` as it stands: what was decoded of it, and what is said of the pass.

        `time` is the clock's; all are seconds. What is said of the pass is added to `decoded`.
        """
        up = bool(decoded.words)
        groups = self._groups(progress, memory, decoded)
        _add(decoded, pass_metrics.UP, up)
        for name, good in groups.items():
            _add(decoded, pass_metrics.GROUP_UP, good, group=name)
        for name, valid in decoded.valid.items():
            _add(decoded, pass_metrics.DATA_VALID, valid, group=name)
        for name, odd in decoded.odd.items():
            _add(decoded, pass_metrics.ODD_WORDS, odd, group=name)
        for name in groups:
            spans = progress.layout.group_spans.get(name, ()) if memory.refusals else ()
            refused = sum(span in memory.refusals for span in spans)
            _add(decoded, pass_metrics.REFUSED_WORDS, refused, group=name)
        decoded.add(self._info, 1.0)
        for series, value in self._expected:
            decoded.add(series, value)
        _add(decoded, pass_metrics.SCRAPE_DURATION, duration)
        _add(decoded, pass_metrics.SCRAPE_TIMEOUT, allowed)
        _add(decoded, pass_metrics.SCRAPE_REQUESTS, progress.requests)
        return Snapshot(
            device=self.device,
            time=time,
            up=up,
            readings=dict(decoded.readings),
            words=decoded.words,
            groups=groups,
            valid=decoded.valid,
            errors=tuple(progress.errors),
            reason=next((reason for reason, _ in Counter(progress.failures).most_common(1)), ""),
            layout=progress.layout,
        )

    def _groups(self, progress: Progress, memory: Memory, decoded: Decoded) -> dict[str, bool]:
        """Which groups this device has, and whether every word of them that it serves was read."""
        groups: dict[str, bool] = {}
        # one that was found is always asked for, unless a reload has switched it off since
        there = memory.presence.found & progress.layout.group_spans.keys()
        for group in self.device_map.groups:
            anchor = self.device_map.counting_group(group) if group.repeat else group
            required = anchor.name == self.device_map.bacs and self.device_map.bacs_required
            if anchor.optional and anchor.name not in there and not required:
                continue
            good = self._is_read(group, progress, memory)
            if group.repeat is not None:
                count = self.device_map.words[group.repeat.count]
                said = int(decoded.words.get(count.id, 0))
                if not memory.counts.counts.get(group.name) and said in (0, *count.absent):
                    continue
                good = good and (said <= group.repeat.max or said in count.absent)
            elif anchor.optional:
                good = good and anchor.name in there - memory.presence.lost
            groups[group.name] = good
        return groups

    def _is_read(self, group: Group, progress: Progress, memory: Memory) -> bool:
        layout, words = progress.layout, progress.words
        keys = layout.group_keys.get(group.name)
        if keys is None:
            return False
        return keys <= words.keys() or all(
            span.key in words
            or (
                span in memory.refusals
                and span not in layout.required
                and not memory.refusals.was_served(span)
            )
            for span in layout.group_spans[group.name]
        )


def _unread(progress: Progress, memory: Memory) -> frozenset[Span]:
    """What was not read although the device is not known to refuse it."""
    if progress.layout.keys <= progress.words.keys():
        return frozenset()
    spans = progress.layout.spans
    return frozenset(span for span in spans if span not in memory.refusals and not progress.has(span))


def _add(decoded: Decoded, metric: Metric, value: float, **labels: str) -> None:
    decoded.add(_series(metric, tuple(labels.items())), float(value))


@cache
def _series(metric: Metric, labels: Labels) -> Series:
    """The series of a metric of the pass: the same one for all devices, as its labels are names of groups."""
    return Series(metric, labels)


def _expected(expect: Expect) -> Iterator[tuple[Series, float]]:
    """What the configuration says of a device and no word does: alert rules compare with it.

    Nothing of what the configuration leaves open.
    """
    for metric, value in (
        (pass_metrics.EXPECTED_PHASES, expect.phases),
        (pass_metrics.EXPECTED_OUTPUT_VOLTS, expect.output_volts),
        (pass_metrics.EXPECTED_INPUT_VOLTS, expect.input_volts),
        (pass_metrics.EXPECTED_CELLS_PER_BLOCK, expect.cells_per_block),
        (pass_metrics.EXPECTED_RUNTIME, expect.runtime),
        (pass_metrics.EXPECTED_TEST_INTERVAL, expect.test_every),
        (pass_metrics.EXPECTED_TEST, expect.test_lasts),
    ):
        if value:
            yield _series(metric, ()), float(value)
    if expect.chemistry:
        yield _series(pass_metrics.EXPECTED_BATTERY_INFO, (("chemistry", expect.chemistry),)), 1.0
    for number, group in enumerate(expect.string_groups, 1):
        for string in group:
            labels = (("string", str(string)), ("string_group", str(number)))
            yield _series(pass_metrics.EXPECTED_STRING_GROUP_INFO, labels), 1.0
    if expect.redundancy_group:
        redundancy = (("redundancy_group", expect.redundancy_group),)
        yield _series(pass_metrics.EXPECTED_REDUNDANCY_GROUP_INFO, redundancy), 1.0
    for block in expect.blocks:
        module = (("module", str(block.module)),)
        if block.baseline:
            yield _series(pass_metrics.EXPECTED_BLOCK_RESISTANCE, module), block.baseline
        if block.installed:
            midnight = datetime.combine(block.installed, time.min, UTC)
            yield _series(pass_metrics.EXPECTED_BLOCK_INSTALLED, module), midnight.timestamp()
