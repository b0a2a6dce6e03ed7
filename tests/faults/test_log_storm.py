"""Logs under a storm: what is written, what is left out, and that it is counted."""

import logging
import subprocess
import sys
from pathlib import Path

from exporter.loglimit import LeftOut, LogLimit
from tests.support import exporter, free_port

DOWN = ("exporter.reading.device.news", logging.WARNING, "device does not answer")
UP = ("exporter.reading.device.news", logging.INFO, "device answers again")


def test_a_thousand_devices_that_fail_at_once_are_fifty_lines_and_a_count() -> None:
    limit = LogLimit()
    written = [number for number in range(1000) if limit.allows(DOWN, f"ups{number}", 100.0)]
    assert written == list(range(50))
    (left_out,) = limit.take_left_out(160.0)
    assert left_out == LeftOut(DOWN, 950, 950, tuple(f"ups{number}" for number in range(50, 60)))
    assert list(limit.take_left_out(220.0)) == []


def test_other_lines_are_written_meanwhile() -> None:
    limit = LogLimit()
    for number in range(1000):
        limit.allows(DOWN, f"ups{number}", 0.0)
    assert limit.allows(UP, "ups1", 0.0)
    assert limit.allows(("exporter.web.state", logging.INFO, "configuration reloaded"), "", 0.0)


def test_a_device_that_flaps_with_every_scrape_writes_a_line_in_five_minutes() -> None:
    """An hour at a scrape every 15 s: 120 times down and 120 times up again."""
    limit = LogLimit()
    written = [
        (kind, scrape)
        for scrape in range(240)
        for kind in [DOWN if scrape % 2 else UP]
        if limit.allows(kind, "flapping", scrape * 15.0)
    ]
    # of each kind five at once, and twelve in the hour
    assert len(written) <= 2 * (5 + 12)
    assert sum(left.lines for left in limit.take_left_out(3600.0)) == 240 - len(written)
    # and another device is not left out for it
    assert limit.allows(DOWN, "other", 3600.0)


def test_a_thousand_that_flap_for_an_hour_stay_readable() -> None:
    limit = LogLimit()
    lines = 0
    for scrape in range(240):
        for number in range(1000):
            lines += limit.allows(DOWN if scrape % 2 else UP, f"ups{number}", scrape * 15.0)
        if scrape % 4 == 3:
            lines += len(list(limit.take_left_out(scrape * 15.0)))
    # six in a minute of each kind, and their two counts
    assert lines <= 2 * 50 + 60 * (2 * 6 + 2)


def test_a_storm_is_no_error_where_no_thread_is_left() -> None:
    """The count of what was left out needs one; a scrape whose line is dropped must not fail for it."""
    script = (
        "import logging, threading\n"
        "from exporter import logs\n"
        "logs.set_up('info', 'logfmt')\n"
        "threading.stack_size(1 << 46)  # more than there is: none can be started\n"
        "for number in range(1000):\n"
        "    logging.getLogger('exporter.test').warning('down', extra={'device': str(number)})\n"
        "threading.stack_size(0)\n"
        "logging.getLogger('exporter.test').warning('down', extra={'device': 'last'})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 51
    assert 'msg="log lines left out" of=down lines=951' in lines[-1]


def test_what_is_quiet_again_is_forgotten() -> None:
    limit = LogLimit()
    for number in range(1000):
        limit.allows(DOWN, f"ups{number}", 0.0)
    assert len(limit._allowances) == 1001
    list(limit.take_left_out(10_000.0))
    assert limit._allowances == {}


def test_the_running_exporter_counts_what_it_left_out(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yaml"
    devices = "".join(f"  - {{name: ups{unit}, target: '127.0.1.{unit}:{port}'}}\n" for unit in range(1, 200))
    config.write_text(f"devices:\n{devices}")
    with exporter("--config.file", str(config)) as it:
        it.get("/metrics?collect[]=devices")
        assert len(it.log_lines("device does not answer")) == 50
        assert it.stop() == 0
        (line,) = it.log_lines("log lines left out")
        assert line.split()[1] == "level=warn"
        assert 'of="device does not answer" lines=149' in line
        assert "and 139 more" in line
