"""From a pass's progress to its snapshot: the decoded words, and what is to be said of the pass. Pure."""

from exporter.maps.model import Group, Metric
from exporter.reading.decode import pass_metrics
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
        self._expected = tuple(pass_metrics.expected(self.device.expect))

    def decode(self, progress: Progress, memory: Memory, *, now: float) -> Decoded:
        """What the words read so far say, by what is known of the device; `now` is monotonic seconds."""
        return decode(
            progress.layout,
            progress.words,
            bacs_found="bacs" in memory.presence.found,
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
            readings=decoded.readings,
            words=decoded.words,
            groups=groups,
            valid=decoded.valid,
            errors=tuple(progress.errors),
            layout=progress.layout,
        )

    def _groups(self, progress: Progress, memory: Memory, decoded: Decoded) -> dict[str, bool]:
        """Which groups this device has, and whether every word of them that it serves was read."""
        groups: dict[str, bool] = {}
        for group in self.device_map.groups:
            anchor = self.device_map.counting_group(group) if group.repeat else group
            required = anchor.name == "bacs" and self.device_map.bacs_required
            if anchor.optional and anchor.name not in memory.presence.found and not required:
                continue
            good = self._is_read(group, progress, memory)
            if group.repeat is not None:
                count = self.device_map.words[group.repeat.count]
                said = int(decoded.words.get(count.id, 0))
                if not memory.counts.counts.get(group.name) and said in (0, *count.absent):
                    continue
                good = good and (said <= group.repeat.max or said in count.absent)
            elif anchor.optional:
                good = good and anchor.name in memory.presence.found - memory.presence.lost
            groups[group.name] = good
        return groups

    def _is_read(self, group: Group, progress: Progress, memory: Memory) -> bool:
        layout, words = progress.layout, progress.words
        keys = layout.group_keys.get(group.name)
        if keys is None:
            return False
        return keys <= words.keys() or all(
            span.keys()[0] in words
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
    decoded.add(pass_metrics.pass_series(metric, tuple(labels.items())), float(value))
