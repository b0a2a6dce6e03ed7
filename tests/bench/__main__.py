"""Runs the measurements and prints them."""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measures import MEASURES, NEEDS
from tests.bench.table import Table

BASELINE = Path(__file__).with_name("baseline.json")


def main() -> int:
    """Measure and print; with --save this becomes the baseline."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("measures", nargs="*", help=f"some of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--scrapes", type=int, default=300, help="scrapes per row, about (default: 300)")
    parser.add_argument("--save", action="store_true", help=f"keep the figures as {BASELINE.name}")
    args = parser.parse_args()
    if unknown := set(args.measures) - set(MEASURES):
        parser.error(f"there is no {', '.join(sorted(unknown))} (there are: {', '.join(MEASURES)})")
    known: dict[str, float] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    figures: dict[str, float] = {}
    print(_here(), "\n")
    for name in args.measures or MEASURES:
        if name in NEEDS and shutil.which(NEEDS[name]) is None:
            print(f"{name}: there is no {NEEDS[name]} in PATH\n")
            continue
        table = MEASURES[name](args.scrapes)
        print(table, flush=True)
        figures |= table.figures
    print(_compared(figures, known))
    if args.save:
        BASELINE.write_text(json.dumps(known | {k: round(v, 3) for k, v in figures.items()}, indent=2) + "\n")
    return 0


def _here() -> str:
    """On what it is measured: figures of two machines say nothing of two versions."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return (
        f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}), load "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, commit {commit or 'unknown'}"
    )


def _compared(figures: dict[str, float], known: dict[str, float]) -> Table:
    table = Table("Against the baseline", ("figure", "now", "baseline", "ratio"))
    for name, value in figures.items():
        was = known.get(name)
        past = ("-", "-") if was is None else (f"{was:.2f}", f"{value / was:.2f}")
        table.rows.append((name, f"{value:.2f}", *past))
    return table


if __name__ == "__main__":
    sys.exit(main())
