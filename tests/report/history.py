"""Ninety days of two devices and two hours of a third, in a real Prometheus. What happens is known."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import free_port, require, running, wait_for

START, DAYS, STEP = 1767225600, 90, 1800  # from 2026-01-01, a pass each half hour
BRIEF = 60 * 86400 + 34200  # ups-c is seen for five passes from then on, and is on battery in the two of ten
GAP = (30 * 86400, 32 * 86400)  # two days unseen
OUTAGES = (
    (10 * 86400 + 36000, 3600),
    (50 * 86400 + 36000, 7200),
)  # begin and length
TEST = (70 * 86400 + 36000, 1800)
FAILED = (80 * 86400 + 36000, 1800)  # a test, too; the UPS says for two hours after it that it failed
FAULT = (20 * 86400 + 36000, 7200)
BLOCKS, WEAK = 16, 7
RISE = 0.6  # of the resistance of block 7, over the 90 days


def lines() -> Iterator[str]:
    """The text: sine-free and without noise, so that every figure can be computed by hand."""
    series: dict[str, list[str]] = {}

    def put(name: str, labels: str, at: int, value: float) -> None:
        series.setdefault(name, []).append(f"{name}{{{labels}}} {value!r} {at}")

    for device, site in (("ups-a", "north"), ("ups-b", "north")):
        who = f'device="{device}",site="{site}"'
        failures = 3
        for tick in range(1, DAYS * 86400 // STEP):
            after = tick * STEP
            at = START + after
            if device == "ups-a" and GAP[0] < after <= GAP[1]:
                continue
            out = any(start <= after < start + length for start, length in OUTAGES) and device == "ups-a"
            tests = [start <= after < start + length for start, length in (TEST, FAILED)]
            test = any(tests) and device == "ups-a"
            failed = device == "ups-a" and sum(FAILED) <= after < sum(FAILED) + 7200
            failures += any(start == after for start, _ in OUTAGES) and device == "ups-a"
            put("generex_up", who, at, 1)
            put("generex_data_valid", f'{who},group="ups"', at, 1)
            put("generex_ups_power_failures_total", who, at, failures)
            put("generex_ups_output_load_ratio", f'{who},phase="1"', at, 0.6 if out else 0.4)
            put("generex_ups_battery_charge_ratio", who, at, 0.8 if out else 1)
            put("generex_ups_battery_runtime_seconds", who, at, 1200 if out else 2400)
            put("generex_ups_alarm", f'{who},flag="on_battery"', at, int(out or test))
            put("generex_ups_alarm", f'{who},flag="test_in_progress"', at, int(test))
            put("generex_ups_alarm", f'{who},flag="diagnostic_test_failed"', at, int(failed))
            if device != "ups-a":
                # here the rules recorded: a hundred minutes of a fault within a day
                put("device:generex_role:active", f'{who},role="test"', at, 0)
                fault = f'{who},metric="generex_ups_alarm",flag="fan_failure"'
                for minute in range(at, at + STEP, 60) if FAULT[0] <= after < sum(FAULT) else ():
                    put("device:generex_flag:rank", fault, minute, 200)
                continue
            put("generex_group_up", f'{who},group="modules"', at, 1)
            put("generex_bacs_state", f'{who},flag="float_charging"', at, int(not (out or test)))
            put("generex_bacs_state", f'{who},flag="discharging"', at, int(out or test))
            for module in range(1, BLOCKS + 1):
                block = f'{who},string="{1 + (module > BLOCKS // 2)}",module="{module}"'
                grown = 1 + RISE * after / (DAYS * 86400) if module == WEAK else 1
                weak = 0.9 if module == WEAK and (out or test) else 1
                put("generex_bacs_module_present", block, at, 1)
                put("generex_bacs_module_volts", block, at, (12.0 if out or test else 13.6) * weak)
                put("generex_bacs_module_resistance_ohms", block, at, round(0.005 * grown, 6))
                put("generex_bacs_module_temperature_celsius", block, at, 30 if module == 3 else 20)
                put("generex_bacs_module_equalization_ratio", block, at, 0)
            # the only thing that a rule recorded here: a hundred and twenty minutes of a flag of a block
            flagged = f'{who},string="1",module="{WEAK}",flag="resistor_high"'
            for minute in range(at, at + STEP, 60) if FAULT[0] <= after < sum(FAULT) else ():
                put("module:generex_bacs_module_alarm:set", flagged, minute, 1)
            put("generex_expected_block_installed_timestamp_seconds", f'{who},module="12"', at,
                START + 40 * 86400)  # fmt: skip
    who = 'device="ups-c",site="north"'
    for number, on_battery in enumerate((0, 1, 1, 0, 0)):
        at = START + BRIEF + number * STEP
        put("generex_up", who, at, 1)
        put("generex_ups_alarm", f'{who},flag="on_battery"', at, on_battery)
        if number > 2:  # the rules were loaded only then
            put("device:generex_role:active", f'{who},role="on_battery"', at, 0)
    for name, samples in series.items():
        yield f"# TYPE {name.removesuffix('_total')} {'counter' if name.endswith('_total') else 'gauge'}"
        yield from sorted(samples, key=lambda line: line.rsplit("}", 1)[0])
    yield "# EOF"


@contextmanager
def prometheus(folder: Path) -> Iterator[str]:
    """The address of a Prometheus that holds it."""
    text, data, config, port = folder / "history.om", folder / "tsdb", folder / "prometheus.yml", free_port()
    text.write_text("\n".join(lines()) + "\n")
    config.write_text("scrape_configs: []\n")
    promtool, program = require("promtool"), require("prometheus")
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    subprocess.run([promtool, *blocks, str(text), str(data)], check=True, capture_output=True, timeout=300)
    command = [
        program, f"--config.file={config}", f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=10y",         f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    log = folder / "prometheus.log"
    with running(command, log):
        wait_for(lambda: "ready to receive web requests" in log.read_text(), 60, "Prometheus")
        yield f"http://127.0.0.1:{port}"
