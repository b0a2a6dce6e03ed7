"""`discover` over lines and gateways that are not as they should be."""

from pathlib import Path

import pytest

from exporter.config import load_config
from tests import hostile
from tests.discover.devices import discovered, image_of, lines_with, standing


@pytest.mark.parametrize("transport", ["rtu", "rtu-tcp"])
def test_a_line_that_echoes(transport: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The echo of a request for the words of BACS would pass as an answer of another length."""
    device = standing(image_of("normal"), transport=transport)
    device.behaviour = hostile.echoing(hostile.honest)
    done = discovered(capsys, device, f"--write={tmp_path}/generex.yml")
    assert done.code == 0
    assert lines_with(done.out, "default list (ups) fits")
    assert "the line echoes: each request comes back and is skipped\n" in done.out
    assert "it counts 2 strings and 40 modules" in done.out
    (written,) = load_config(tmp_path / "generex.yml").devices
    assert (written.maps, written.expect.modules) == (("ups", "bacs"), 40)


def test_a_living_unit_behind_a_dead_one_at_a_slow_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(image_of("normal"), units=(1, 2))
    device.behaviour = hostile.SlowGateway(1, hold=0.9)
    done = discovered(capsys, device, "--units=1,2", "--timeout=300ms")
    assert done.code == 0
    assert "default list (ups) fits" in done.out
