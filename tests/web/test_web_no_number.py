"""Words that hold no number: every page says so, and nothing of them is exported."""

from pathlib import Path

import pytest

from tests.hostile import Hostile
from tests.loops import run
from tests.web.webcase import serving

MAP = """
map: mine
title: Mine
source: written for a test
metrics:
  mine_mode: {help: A mode.}
  mine_volts: {help: A voltage., unit: volts}
groups:
  mine:
    title: Mine
    words:
      mode: {address: 1, type: float32, metric: mine_mode, states: {1: online, 2: battery}}
      voltage: {address: 3, type: float32, metric: mine_volts}
      more: {address: 5}
"""
NAN, INFINITY, TWO_AND_A_HALF = (0x7FC0, 0), (0x7F80, 0), (0x4020, 0)


async def pages(folder: Path, words: tuple[int, int]) -> dict[str, str]:
    (folder / "mine.yaml").write_text(MAP)
    async with Hostile(served=range(1, 6)) as device:
        device.pins |= {1: words[0], 2: words[1], 3: words[0], 4: words[1], 5: 7}
        (folder / "generex.yml").write_text(
            "maps: [mine.yaml]\nmodules: {mine: {maps: [mine]}}\n"
            f"devices: [{{name: a, target: '{device.target()}', module: mine}}]\n"
        )
        async with serving(folder / "generex.yml") as client:
            paths = ("/metrics?collect[]=devices", "/probe?target=a&debug=true", "/device/a", "/")
            return {path: await client.text(path) for path in paths}


@pytest.mark.parametrize("words", [NAN, INFINITY])
def test_what_is_no_number_is_not_available_on_every_page(tmp_path: Path, words: tuple[int, int]) -> None:
    shown = run(pages(tmp_path, words))
    assert 'generex_group_up{device="a",group="mine"} 1' in shown["/metrics?collect[]=devices"]
    assert "mine_mode" not in shown["/metrics?collect[]=devices"]
    assert "mine_volts" not in shown["/metrics?collect[]=devices"]
    words_of_debug = shown["/probe?target=a&debug=true"].partition("Words:")[2].splitlines()
    assert [line.endswith("= not available") for line in words_of_debug[1:4]] == [True, True, False]
    assert shown["/device/a"].count("not available") == 2
    assert "unknown state" not in shown["/device/a"]


def test_a_number_between_two_states_is_neither(tmp_path: Path) -> None:
    shown = run(pages(tmp_path, TWO_AND_A_HALF))
    metrics = shown["/metrics?collect[]=devices"]
    assert 'mine_mode{device="a",state="2.5"} 1' in metrics
    assert 'state="battery"' not in metrics
    assert "unknown state" in shown["/device/a"]
