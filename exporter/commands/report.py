"""the battery report of a site from a Prometheus: one HTML file that prints, or a PDF"""

import argparse
import asyncio
import itertools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from exporter.commands.flags import AppendFlag
from exporter.errors import UsageError
from exporter.files import refuse_existing, write_whole
from exporter.progress import Progress
from exporter.report.gather import gather, places
from exporter.report.httpconfig import Access, load_access
from exporter.report.model import DAY, Period
from exporter.report.page import page, pdf
from exporter.report.query import Prometheus, check_url
from exporter.report.story import Story, story

_YEAR = 365
_LONGEST = 10 * 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `report`."""
    parser.add_argument(
        "--prometheus", metavar="URL", required=True, help="the Prometheus, or what speaks its query API"
    )
    parser.add_argument(
        "--device", metavar="NAME", action=AppendFlag, help="only this device (repeatable; default: all)"
    )
    parser.add_argument(
        "--from", metavar="DATE", dest="first", help="first day, such as 2026-01-01 (default: a year)"
    )
    parser.add_argument(
        "--to", metavar="DATE", dest="last", help="last day, included (default: yesterday; UTC)"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, default=Path("battery-report.html"),
        help="file to write, .html or .pdf; of several sites each has its name before the ending "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--http.config.file", metavar="FILE", dest="http_config_file", type=Path,
        help="credentials, TLS and headers, as Prometheus' own clients take them",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write a report for each site and return 0. Raises UserError that names what is missing."""
    url = check_url(args.prometheus)
    period = period_of(args.first, args.last, datetime.now(UTC))
    if args.out.suffix not in (".html", ".pdf"):
        raise UsageError(f'bad --out "{args.out}": a name that ends in .html or .pdf')
    refuse_existing(args.out, force=True)
    access = load_access(args.http_config_file)
    with Progress() as progress:
        stories, warnings, source = asyncio.run(_stories(url, access, period, args.device or [], progress))
        sites = [(site, list(of)) for site, of in itertools.groupby(stories, lambda one: one.place.site)]
        names = file_names([site for site, _ in sites])
        for site, of_site in sites:
            path = args.out
            if len(sites) > 1:
                path = path.with_name(f"{path.stem}-{names[site]}{path.suffix}")
            text = page(site, of_site, period, source, warnings, datetime.now(UTC))
            if path.suffix == ".pdf":
                progress.step(f"printing {path}")
            write_whole(path, pdf(text) if path.suffix == ".pdf" else text)
            progress.step(f"wrote {path}")
    return 0


def file_names(sites: Sequence[str]) -> dict[str, str]:
    """A part of a file name for each site, by site; those that would share one are numbered."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for site in sites:
        plain = name = re.sub("[^A-Za-z0-9_.-]", "_", site) or "none"
        for number in itertools.count(2):
            if name.lower() not in taken:  # not every file system tells case
                break
            name = f"{plain}-{number}"
        names[site] = name
        taken.add(name.lower())
    return names


def period_of(first: str | None, last: str | None, at: datetime) -> Period:
    """Whole days of UTC, both included; the year that ended yesterday where none are given.

    Raises UsageError.
    """
    yesterday = at.date() - timedelta(days=1)
    end = _day("--to", last) if last else yesterday
    start = _day("--from", first) if first else end - timedelta(days=_YEAR - 1)
    days = (end - start).days + 1
    if end > yesterday:
        raise UsageError(f'bad --to "{end}": that day is not over in UTC; the last is {yesterday}')
    if not 1 <= days <= _LONGEST:
        raise UsageError(f"from {start} to {end} are {max(days, 0)} days: give 1 to {_LONGEST}")
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return Period(int(midnight.timestamp()) // DAY * DAY, days)


def _day(flag: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'bad {flag} "{text}": write a day like 2026-01-31') from None


async def _stories(
    url: str, access: Access, period: Period, devices: list[str], progress: Progress
) -> tuple[list[Story], list[str], str]:
    async with Prometheus(url, access) as client:
        found = await places(client, period, devices)
        stories = []
        for number, place in enumerate(found, 1):
            progress.step(f"{place.device} ({number} of {len(found)})")
            say: Callable[[str], None] = progress.detail
            stories.append(story(await gather(client, place, period, say), period))
        return stories, list(client.warnings), client.shown
