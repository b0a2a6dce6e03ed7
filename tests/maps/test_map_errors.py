"""One file per mistake in a map: its first line says what the error must say, and it says nothing else."""

from pathlib import Path

import pytest

import exporter.maps
from exporter.errors import UserError
from exporter.maps import load_maps
from exporter.maps.pass_metrics import PASS_METRICS

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
EXPECT = "# expect: "


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_mistake_is_named(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(EXPECT), "a bad file says what it expects"
    with pytest.raises(UserError) as caught:
        load_maps([path])
    (line,) = str(caught.value).splitlines()
    assert first.removeprefix(EXPECT) in line
    if not path.stem.startswith("together_"):
        assert line.startswith(f"{path}:")


@pytest.mark.parametrize("metric", PASS_METRICS, ids=lambda metric: metric.name)
def test_no_map_may_have_a_metric_of_the_exporter(tmp_path, metric):
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"map: mine\ntitle: Mine\nsource: test\nmetrics: {{{metric.name}: {{help: x}}}}\n"
        f"groups: {{mine: {{title: Mine, words: {{one: {{address: 1, metric: {metric.name}}}}}}}}}\n"
    )
    with pytest.raises(UserError, match="is a metric of the exporter itself"):
        load_maps([path])


def test_the_same_map_from_two_files(tmp_path):
    text = "map: mine\ntitle: Mine\nsource: test\ngroups: {mine: {title: Mine, words: {one: {address: 1}}}}\n"
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as caught:
        load_maps([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert str(caught.value) == f'{tmp_path}/b.yaml:1: map: map "mine" was given by another file already'


def test_file_that_is_missing(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        load_maps([tmp_path / "none.yaml"])


def test_names_and_families_of_the_built_in_maps_fit_together():
    # each file of the package is a map of its name
    folder = Path(exporter.maps.__file__).parent / "data"
    assert sorted(load_maps()) == sorted(path.stem for path in folder.glob("*.yaml"))
