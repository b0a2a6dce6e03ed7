"""The command against a real Prometheus that holds ninety days of which everything is known."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.commands.report import file_names
from tests.report.history import prometheus

PERIOD = ("--from=2026-01-01", "--to=2026-03-31")


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("report")) as url:
        yield url


@pytest.fixture(scope="module", name="text")
def _text(url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The words of the page, without marks, one blank between them."""
    out = tmp_path_factory.mktemp("out") / "report.html"
    assert main(["report", f"--prometheus={url}", *PERIOD, f"--out={out}"]) == 0
    body = out.read_text(encoding="utf-8").partition("<main")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


@pytest.mark.parametrize(
    "told",
    [
        # two days of ninety were not seen
        "ups-a 97.8 % 97.8 % 97.8 % 47.0 h from 2026-01-31 01:00",
        "ups-b 100.0 % 100.0 % no blocks",
        "The recording rules recorded nothing",
        "Power failures counted 2 Discharges seen 4 Tests seen 2",
        # 0.6 for three hours of ninety days, two of which were not seen
        "Load, mean 40 % Load, most 60 %",
        "Days since the last test that was passed 20",
        "2026-01-11 10:00 power failure 60 min 100 % 80 % 20 min 60 %",
        "block 7: 10.80 V 1.20 V",
        "2026-03-12 10:00 30 min passed 2026-03-22 10:00 30 min failed",
        # 0.005 Ω × (1 + 0.6 × 86.5 of 90 days) is 7.88 mΩ, a baseline of 5.50 after 15 days of that
        "7.88 5.50 1.43 1.58",
        "10.0 % below that of its string",
        # block 3 is at 30 °C: twice the ageing
        "3 13.600 +0 30.0 30.0 2.00",
        "replaced 2026-02-10",
        # (without its stale marker the last sample counts for five minutes more)
        "Resistance high 2.1 h",
        # seen for two and a half hours; the rules recorded only after the power failure
        "ups-c 0.1 % 0.0 % no blocks 60.4 d from 2026-01-01 00:00, of 2 gaps",
        "ups-c: The recording rules recorded in 2 of the ",
        "Discharges seen 1 Tests seen 0 Days since the last test that was passed none seen to pass",
        "2026-03-02 10:00 power failure 60 min – – – – – –",
        # both outages and both tests, from the series; what the rules recorded of the other device
        "On battery warning 4.0 h 4",
        # (without its stale marker the last sample counts for five minutes more)
        "Fan failed warning 2.1 h 1",
    ],
)
def test_the_page_says_what_happened(text: str, told: str) -> None:
    assert told in text


def test_where_no_block_was_seen_nothing_is_said_of_wear(url: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert main(["report", f"--prometheus={url}", *PERIOD, f"--out={out}", "--device=ups-c"]) == 0
    text = out.read_text(encoding="utf-8")
    assert "Unknown: nothing was seen of any block that tells its wear." in text


@pytest.mark.parametrize(
    ("sites", "names"),
    [
        (["", "north"], ["none", "north"]),
        (["Süd/1", "S_d_1", "s_d_1"], ["S_d_1", "S_d_1-2", "s_d_1-3"]),
        (["", "none"], ["none", "none-2"]),
    ],
)
def test_no_report_takes_the_file_of_another(sites: list[str], names: list[str]) -> None:
    assert list(file_names(sites).values()) == names


def test_only_the_worn_block_is_ranked(text: str) -> None:
    first = text.partition("What to replace first")[2].partition("First is the block")[0]
    assert "string 1, block 7" in first
    assert first.count("string ") - first.count("its string") == 1


def test_a_device_that_there_is_not(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["report", f"--prometheus={url}", *PERIOD, f"--out={tmp_path / 'a.html'}", "--device=ups-z"]
    assert main(arguments) == 2
    assert (
        'device "ups-z" was not seen in the period (there are: ups-a, ups-b, ups-c)'
        in capsys.readouterr().err
    )


def test_a_period_that_the_prometheus_does_not_hold(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["report", f"--prometheus={url}", "--from=2020-01-01", "--to=2020-02-01"]
    assert main([*arguments, f"--out={tmp_path / 'a.html'}"]) == 1
    assert "--storage.tsdb.retention.time" in capsys.readouterr().err
