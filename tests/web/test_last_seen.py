"""What the pages say of how a device was when it was last in sight."""

from exporter.config import load_config
from exporter.web.pages.overview import look
from exporter.web.state import State
from tests.assess.spoken import Words, words
from tests.snapshots import Source


def last_seen(then: Words) -> str:
    """What is told of a device that had these words and does not answer now."""
    source = Source(name="a")
    state = State(lambda: load_config(None, targets=["a=127.0.0.1:1"]), 0.5)
    device = state.fleet.devices["a"]
    try:
        assert device.history is not None
        for at, snapshot in enumerate((source.snapshot(words(then)), source.snapshot({}))):
            device.history.note(snapshot, at=float(at), duration=0.1, requests=1, excused=False)
        *_, seen = look(device, 2.0)
        assert seen is not None
        return seen.text
    finally:
        state.fleet.close()


def test_a_load_that_was_about_to_be_dark_is_told() -> None:
    assert last_seen({137: 1}) == "on mains, shutting down, 100 %"
    assert last_seen({136: 1, 116: 1, 103: 60}) == "on battery, shutting down, 60 %"
    assert last_seen({125: 1}) == "load dark, 100 %"
