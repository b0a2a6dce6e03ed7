"""Two exporters read one device and one of them is blind: boards believe the one that reads, as alerts do."""

import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.generate.alerts.outcomes import RANKS
from tests.dashboards.boardfiles import ROOT
from tests.support import require

SCOPE = 'device="ups-a",site="north"'
READS, BLIND, OLD = (f'{SCOPE},instance="{name}"' for name in ("reads", "blind", "old"))

SERIES = {
    f"generex_up{{{READS}}}": "1x40",
    f"generex_up{{{BLIND}}}": "0x40",
    f'generex_group_up{{{READS},group="ups"}}': "1x40",
    f'generex_group_up{{{BLIND},group="ups"}}': "0x40",
    f'generex_group_up{{{READS},group="bacs"}}': "1x40",
    f'generex_group_up{{{BLIND},group="bacs"}}': "0x40",
    f'generex_data_valid{{{READS},group="ups"}}': "1x40",
    f'generex_ups_status{{{READS},flag="output_act"}}': "1x40",
    f"generex_ups_battery_charge_ratio{{{READS}}}": "1x40",
    # a block that one of them sees, and the other took for absent
    f'generex_bacs_module_present{{{READS},string="1",module="1"}}': "1x40",
    f'generex_bacs_module_present{{{BLIND},string="1",module="1"}}': "0x40",
}


@pytest.mark.parametrize(
    ("backup_mode", "older", "state", "survival"),
    [
        ("1x40", "_x40", "on_battery", "on_battery"),
        ("0x40", "_x40", "mains", "yes"),
        # an exporter that was here before, and saw a transfer last
        ("0x40", "1x4 stale", "mains", "yes"),
    ],
)
def test_the_one_that_reads_is_believed(
    tmp_path: Path, backup_mode: str, older: str, state: str, survival: str
) -> None:
    series = SERIES | {
        f'generex_ups_status{{{READS},flag="backup_mode"}}': backup_mode,
        f'generex_ups_status{{{OLD},flag="backup_mode"}}': older,
    }
    wanted = [(state, 'state="yes"'), (survival, 'survival="yes"')]
    test = {
        "rule_files": [str(ROOT / "alerts" / "recording.rules.yml")],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": (
                            f"max by (outcome) (device:generex_outcome:rank{{{question}}})"
                            f" == on () group_left max (device:generex_outcome:rank{{{question}}})"
                        ),
                        "eval_time": "9m",
                        "exp_samples": [{"labels": f'{{outcome="{outcome}"}}', "value": RANKS[outcome]}],
                    }
                    for outcome, question in wanted
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [require("promtool"), "test", "rules", str(tmp_path / "test.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
