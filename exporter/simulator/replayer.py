"""A recording on the wire."""

import time
from collections.abc import Callable

from exporter.recording.form import Recording
from exporter.simulator.replay import Replay, Reply
from exporter.simulator.server import Server


class Replayer(Server):
    """Serves a recording over and over, `speed` times as fast as it was made. Raises ValueError."""

    def __init__(
        self,
        recording: Recording,
        *,
        listen: str = "127.0.0.1:5020",
        unit: int | None = None,
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(listen, recording.header.unit if unit is None else unit)
        if not 0 < speed <= 10_000:
            raise ValueError(f"speed is more than 0 and at most 10000, not {speed:g}")
        self.recording = recording
        self._speed = speed
        self._clock = clock
        self._began = clock()
        self._replay = Replay(recording)

    async def start(self) -> None:
        """Open the port, and let the recording begin. Raises UserError when it cannot be opened."""
        self._began = self._clock()
        await super().start()

    def reply(self, function: int, address: int, count: int) -> Reply:
        """What the recorded device said then."""
        return self._replay.reply((self._clock() - self._began) * self._speed, function, address, count)

    def knows(self, function: int) -> bool:
        """Whether the recorded device was asked with this function code."""
        return self._replay.knows(function)
