"""The frame of a gateway: read again within a pass until its counter is seen moving."""

from exporter.reading.decode.decode import real_words
from exporter.reading.decode.truth import FrameWatch
from exporter.reading.readpass.progress import Progress

FRAME_WAIT = 2.0  # seconds within which a gateway's counter is given the chance to move
FRAME_PAUSE = 0.25


def observe_frame(watch: FrameWatch, progress: Progress, now: float) -> bool:
    """Let `watch` see the counter that was read; false when there is no frame to be seen."""
    layout = progress.layout
    counter = layout.words["sequence_number"].formula
    names = counter.names if counter else ("sequence_number",)
    raws = real_words(layout, progress.words, names)
    keys = layout.group_keys[layout.words["sequence_number"].group]
    # nothing but zeros are the words of a PLC that was cleared
    if len(raws) < len(names) or not any(map(progress.words.get, keys)):
        watch.forget()
        return False
    number = counter(raws) if counter else raws["sequence_number"]
    watch.observe(int(number or 0), now)
    return True
