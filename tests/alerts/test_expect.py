"""What the configuration says of a battery, and currents and charges of any scale (operations 2, 3, 1.14)."""

from pathlib import Path
from typing import Any

from exporter.config import Expect
from tests.alerts.faults import DISCHARGE, volts
from tests.alerts.promtool import check_tests
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

STEP, HEALTHY, ILL = 30, 4, 10
PROJECTED = "device:generex_ups_battery_runtime_seconds:projected"
FIRED = 'count by (alertname, device, string) (ALERTS{alertstate="firing",alertname=~"Generex(%s)"})'


def _test(names: str, at: str, *found: tuple[str, str, str]) -> dict[str, Any]:
    samples = [
        {"labels": f'{{alertname="Generex{n}", device="{d}", string="{s}"}}', "value": 1}
        for n, d, s in sorted(found)
    ]
    return {"expr": FIRED % names, "eval_time": at, "exp_samples": samples}


def _amperes(*hundredths: int) -> tuple[str, ...]:
    return tuple(f"{1010 + 5 * number}={-value}" for number, value in enumerate(hundredths))


def test_strings_and_blocks_compare_as_the_configuration_says_at_any_scale(tmp_path: Path) -> None:
    halves = Expect(strings=4, string_groups=((1, 3), (2, 4)))
    lithium = Expect(chemistry="lfp", cells_per_block=4)
    cases: dict[str, tuple[Expect, int, tuple[str, ...]]] = {
        # upper halves carry 90 A, lower ones 40 A: no string is weak among its likes
        "halves": (halves, 4, _amperes(9000, 4000, 9000, 4000)),
        "mixed": (Expect(), 4, _amperes(9000, 4000, 9000, 4000)),
        # the lower half of the second string is open
        "open": (halves, 4, _amperes(9000, 4000, 9000, 10)),
        # a hundredth of the true scale, and ten times it
        "small": (Expect(), 2, _amperes(90, 1)),
        "large": (Expect(), 2, _amperes(32000, 100)),
        # a step or two of the register
        "noise": (Expect(), 2, _amperes(4, 0)),
        # four cells of 3.2 V are a block of 12 V, six of 2 V too
        "lithium": (lithium, 2, (*_amperes(9000, 9000), *volts(*[12800] * 7, 9800))),
        "lead": (Expect(), 2, (*_amperes(9000, 9000), *volts(*[11800] * 7, 9800))),
        "low": (Expect(cells_per_block=6), 2, (*_amperes(9000, 9000), *volts(*[10900] * 7, 9800))),
    }
    series = []
    for name, (expect, strings, changes) in cases.items():
        watched = Watched(named(name, "bacs", expect=expect, site=name))
        for_all = [
            watched.page(put(words, *DISCHARGE[2:], *changes) if at >= HEALTHY else words, STEP * at)
            for at, words in enumerate(healthy_images(HEALTHY + ILL, STEP, strings, 4 * strings))
        ]
        series += input_series(for_all, name)
    # where one carries less, the others carry more
    weak = [("StringWeak", "mixed", string) for string in "24"]
    opened = [("StringOpen", "open", "4"), ("StringOpen", "small", "2"), ("StringOpen", "large", "2")]
    reversed_ = [("BlockReversed", "lithium", "2"), ("BlockReversed", "lead", "2")]
    group = {
        "interval": f"{STEP}s",
        "input_series": series,
        "promql_expr_test": [
            _test("StringOpen|StringWeak|BlockReversed", f"{(HEALTHY + ILL - 1) * STEP}s", *weak, *opened,
                  *reversed_),
        ],
    }  # fmt: skip
    check_tests(
        tmp_path,
        [group],
        f"{STEP}s",
        without={"generex-slow", "generex-power", "generex-ups", "generex-bacs"},
    )


def _series(name: str, values: str, job: str = "j", **labels: str) -> dict[str, str]:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f'{name}{{{inside},site="s-{labels["device"]}",job="{job}",instance="{job}"}}',
            "values": values}  # fmt: skip


def test_what_the_sensors_show_on_float_is_no_discharge(tmp_path: Path) -> None:
    """Two days on float with 0.3 A of current and noise, then DISCHARGING is said; by the hour."""
    series = []
    for device, first in (("noise", "0.3x60"), ("real", "0.3x48 9x12")):
        series += [
            _series("generex_bacs_state", "1x48 0x12", device=device, flag="float_charging"),
            _series("generex_bacs_state", "0x48 1x12", device=device, flag="discharging"),
            _series("generex_bacs_string_current_amperes", first, device=device, string="1"),
            _series("generex_bacs_string_current_amperes", "0.3x48 0.02x12", device=device, string="2"),
        ]
    name = "string:generex_bacs_string_current_amperes:share"
    test = {"expr": f'count by (device) ({name} < 0.2)', "eval_time": "55h", "exp_samples": [
        {"labels": '{device="real"}', "value": 1},
    ]}  # fmt: skip
    group = {"interval": "1h", "input_series": series, "promql_expr_test": [test]}
    others = {"generex-power", "generex-ups", "generex-bacs", "generex-blocks", "generex-health"}
    check_tests(tmp_path, [group], "1h", without=others)


def test_one_step_of_the_charge_is_no_projection_and_of_two_jobs_the_smaller_counts(tmp_path: Path) -> None:
    battery = {"flag": "backup_mode"}
    series = [
        # seen for the first time while on battery, and down by a percent at once
        _series("generex_ups_battery_charge_ratio", "0.4 0.39x40", device="step"),
        _series("generex_ups_status", "1x41", device="step", **battery),
        # a step, in the middle of a discharge of an hour
        _series("generex_ups_battery_charge_ratio", "0.12x20 0.11x40", device="slow"),
        _series("generex_ups_status", "0x8 1x50", device="slow", **battery),
        # a percent every 15 s: 25 minutes when full, ten with 40 % left
        _series("generex_ups_battery_charge_ratio", "0.5x8 0.49-0.01x40", device="fast"),
        _series("generex_ups_status", "0x8 1x50", device="fast", **battery),
    ]
    for job, minutes in (("j", "20"), ("k", "9")):
        series += [
            _series("generex_ups_battery_runtime_seconds", f"{60 * int(minutes)}x60", job, device="two"),
            _series("generex_ups_battery_charge_ratio", f"0.5{'-0.001' if job == 'j' else '-0.004'}x60", job,
                    device="two-falls"),
            *(_series("generex_ups_status", "0x8 1x50", job, device=device, **battery)
              for device in ("two", "two-falls")),
        ]  # fmt: skip

    def short(at: str, *devices: str) -> dict[str, Any]:
        samples = [{"labels": f'{{device="{device}"}}', "value": 1} for device in devices]
        expr = 'count by (device) (ALERTS{alertstate="firing",alertname="GenerexRuntimeShort"})'
        return {"expr": expr, "eval_time": at, "exp_samples": samples}

    left = {
        "expr": f'round(max by (device) ({PROJECTED}{{device="two-falls"}}))',
        "eval_time": "10m",
        # 34.0 % left at the 40th step, and 0.4 % in 15 s
        "exp_samples": [{"labels": '{device="two-falls"}', "value": 1275}],
    }
    tests = [short("30s"), short("150s", "two"), short("8m", "fast", "two"), left]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": tests}
    others = {"generex-slow", "generex-bacs", "generex-blocks", "generex-battery", "generex-health"}
    check_tests(tmp_path, [group], without=others)


def test_a_target_that_is_down_for_days_is_known_from_the_slow_recording(tmp_path: Path) -> None:
    series = [
        {"series": 'up{job="j",instance="i"}', "values": "1x5 0x72"},
        {"series": 'generex_up{device="a",job="j",instance="i"}', "values": "1x5 stale"},
        {"series": 'up{job="other",instance="i"}', "values": "0x77"},
    ]
    test = {
        "expr": "max by (job, instance) (last_over_time(instance:generex_scraped:last7d[3h]))",
        "eval_time": "76h",
        "exp_samples": [{"labels": '{instance="i", job="j"}', "value": 1}],
    }
    group = {"interval": "1h", "input_series": series, "promql_expr_test": [test]}
    others = {"generex-power", "generex-ups", "generex-bacs", "generex-blocks", "generex-battery"}
    check_tests(tmp_path, [group], "1h", without=others)
