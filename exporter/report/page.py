"""The page: one self-contained HTML file for a site, that prints on A4, and a PDF of it by Chromium."""

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from exporter import __version__
from exporter.assess.blocks import RESISTANCE_RATIO
from exporter.errors import UserError
from exporter.maps import built_in_maps
from exporter.report import pictures
from exporter.report.figures import BlockFigures, Outlook
from exporter.report.model import DAY, Period, utc
from exporter.report.ranking import ranking
from exporter.report.story import Story, StringFigures
from exporter.web.pages.templates import static_content

if TYPE_CHECKING:
    from jinja2 import Environment

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PRINT_TIMEOUT = 120  # seconds


def page(
    site: str, stories: Sequence[Story], period: Period, source: str, warnings: Sequence[str], made: datetime
) -> str:
    """The HTML text of a report about the devices of one site."""
    ranked = ranking((story.place, block) for story in stories for block in story.blocks)
    return _templates().get_template("report.html").render(
        site=site, stories=stories, period=period, source=source, warnings=warnings, ranked=ranked, made=made,
        style=static_content("style.css").decode(), pictures=pictures, ratio_picture=_ratios,
        history_picture=_history, judged=any(_judged(block) for story in stories for block in story.blocks),
    )  # fmt: skip


def _judged(block: BlockFigures) -> bool:
    """Whether anything is known that ranks a block."""
    return any(value is not None for value in (block.growth, block.ratio, block.weakest))


def pdf(html: str) -> bytes:
    """The page as PDF, printed by a Chromium. Raises UserError where there is none, or where it fails."""
    program = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise UserError("no Chromium is installed to print a PDF: write a .html file and print that")
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(html, encoding="utf-8")
        command = [program, "--headless", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        # a container has no user namespaces for Chromium's sandbox, and root may not use them
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += ["--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri()]
        try:
            subprocess.run(command, capture_output=True, timeout=_PRINT_TIMEOUT, check=True)  # noqa: S603
            return target.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise UserError(
                f"{program} printed no PDF ({error}): write a .html file and print that"
            ) from None


def _ratios(string: StringFigures, label: str) -> str:
    return pictures.bars(
        [(block.key.module, block.ratio) for block in string.blocks], RESISTANCE_RATIO, label
    )


def _history(string: StringFigures, label: str) -> str:
    return pictures.history(
        {block.key.module: block.ratios for block in string.blocks}, RESISTANCE_RATIO, label
    )


@functools.cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("exporter.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["version"] = __version__
    environment.filters |= {
        "day": lambda at: "–" if at is None else f"{utc(at):%Y-%m-%d}",
        "minute": lambda at: f"{utc(at):%Y-%m-%d %H:%M}",
        "length": _length,
        "number": _number,
        "percent": lambda value, digits=0: "–" if value is None else f"{100 * value:.{digits}f} %",
        "outlook": _outlook,
        "flag_label": lambda name: _flag_labels().get(name, name),
    }
    return environment


@functools.cache
def _flag_labels() -> dict[str, str]:
    """The flags of blocks in the words of the maps."""
    return {
        flag.name: flag.trouble.label
        for one in built_in_maps().values()
        for word, flag in one.flags()
        if word.repeat is not None
    }


def _number(value: float | None, digits: int = 1, unit: str = "", factor: float = 1.0, sign: str = "") -> str:
    return "–" if value is None else f"{value * factor:{sign}z.{digits}f}{unit and ' ' + unit}"


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} d"


def _outlook(seen: Outlook | None, period: Period) -> str:
    """The range of days in words."""
    if seen is None:
        return "–"
    if seen.earliest == 0:
        return "reached"
    early, late = (period.end + days * DAY for days in (seen.earliest, min(seen.latest, 1e5)))
    if seen.latest > 3650:
        return f"not before {utc(early):%Y-%m-%d}"
    return f"{utc(early):%Y-%m-%d} to {utc(late):%Y-%m-%d}"
