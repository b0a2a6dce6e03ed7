"""Whatever stands in the file or the flags: a configuration comes of it, or an error that is the user's."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.config import Config, load_config
from exporter.errors import UserError
from exporter.yamlfile import read

FULL = Path(__file__).parent / "good" / "full.yaml"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.dates(),
    st.sampled_from(
        ["5s", "0s", "ups", "bacs", "10.0.0.1", "tcp://h?unit=2", "../maps/pump.yaml", "rtu:///x"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "good").mkdir()
    (tmp_path / "maps").symlink_to(FULL.parent.parent / "maps")
    return tmp_path / "good" / "config.yaml"


def load(path: Path) -> Config | None:
    try:
        return load_config(path)
    except UserError as error:
        for line in str(error).splitlines():
            assert str(path) in line or "maps" in line, line
        return None


@quick
@given(text=st.text())
def test_any_text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    load(file)


@quick
@given(data=st.binary(max_size=200))
def test_any_bytes(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    load(file)


@quick
@given(data=VALUES)
@example(data={"\r": {2**64: None}})
def test_any_values(file: Path, data: Any) -> None:
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8", errors="backslashreplace")
    load(file)


def places(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place] + [inner for key, value in items for inner in places(value, (*place, key))]


@quick
@given(draw=st.data())
def test_any_change_to_a_good_file(file: Path, draw: st.DataObject) -> None:
    data = deepcopy(read(FULL).data)
    for place in draw.draw(st.lists(st.sampled_from(places(data)[1:]), min_size=1, max_size=3, unique=True)):
        holder = data
        try:
            for part in place[:-1]:
                holder = holder[part]
            if draw.draw(st.booleans()):
                del holder[place[-1]]
            elif isinstance(holder, dict) and draw.draw(st.booleans()):
                holder[draw.draw(SCALARS)] = holder.pop(place[-1])
            else:
                holder[place[-1]] = draw.draw(VALUES)
        except (LookupError, TypeError):
            continue  # an earlier change took that place away
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8", errors="backslashreplace")
    config = load(file)
    if config is not None:
        file.write_text(config.dump(), encoding="utf-8")
        assert load_config(file) == config


@quick
@given(
    text=st.text(max_size=30) | st.from_regex(r"[a-z]{0,3}=?(tcp|rtu|rtu-tcp)?(://)?.{0,12}", fullmatch=True)
)
def test_any_flag(text: str) -> None:
    message = ""
    try:
        assert len(load_config(targets=[text]).devices) == 1
    except UserError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
