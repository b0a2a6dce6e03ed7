"""Debug pages are few at a time over a device: more of them are told so."""

import asyncio
from pathlib import Path

from tests import hostile
from tests.hostile import Hostile
from tests.loops import run
from tests.web.webcase import put, serving


def test_over_http_too_many_are_told_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with Hostile() as device:
            device.behaviour = hostile.late(0.3, in_time=True)
            path = tmp_path / "a.yaml"
            put(path, f"devices: [{{name: a, module: ups, target: '{device.target()}'}}]\n")
            async with serving(path) as client:
                answers = await asyncio.gather(*(client.ask("/probe?target=a&debug=true") for _ in range(5)))
                assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503]
                text = await next(answer for answer in answers if answer.status == 503).text()
                assert "debug passes" in text
                assert '"a"' in text

    run(test())
