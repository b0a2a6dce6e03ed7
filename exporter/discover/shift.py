"""Whether the words of a pass stand one address higher or lower than lists say. Pure: nothing is asked."""

from exporter.assess.plausible import implausible
from exporter.discover.findings import judge
from exporter.discover.heard import Heard
from exporter.reading.decode.snapshot import Snapshot


def shift_of(snapshot: Snapshot) -> str:
    """Which list the words fit then, as a sentence; "" where none does, or nothing is wrong with them."""
    layout = snapshot.layout
    is_frame = any(trust.rule == "frame" for trust in layout.trusts.values())
    if is_frame or not (implausible(snapshot) or False in snapshot.valid.values()):
        return ""
    words = {
        span.address: int(snapshot.words[name])
        for column in layout.columns
        for name, span in zip(column.ids, column.spans, strict=False)  # a formula has no place
        if span.function in (3, 4) and span.count == 1 and name in snapshot.words
    }
    shifted = judge(Heard(snapshot.device.target.unit, words=words)).shifted
    return f"The words seem shifted: {shifted.text}." if shifted else ""
