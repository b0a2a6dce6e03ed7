"""Debug pages are few at a time over a device: more of them are told so."""

import asyncio
import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp"])
def test_the_plan_of_the_debug_page_is_what_is_asked(tmp_path: Path, transport: str) -> None:
    """On a serial line no two requests in a row are for as many words."""

    async def test() -> None:
        async with Hostile(transport, served={*hostile.UPS, *hostile.BACS}) as device:
            device.pins |= {1003: 2, 1004: 60}
            path = tmp_path / "a.yaml"
            put(path, f"devices: [{{name: a, target: '{device.target()}'}}]\n")
            async with serving(path) as client:
                await client.ask("/probe?target=a")
                page = await (await client.ask("/probe?target=a&debug=true")).text()
            plan, _, requests = page.partition("\nRequests (")
            planned = re.findall(r"\n     (function .*)", plan)
            assert len(planned) == 4
            assert re.findall(r"\n *\d+\. (function .*) \(", requests) == planned

    run(test())
