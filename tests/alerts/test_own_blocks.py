"""Blocks of a user's own map, whose flags have the names of the built-in BACS map and other bits."""

from pathlib import Path

import pytest
import yaml

from exporter.config import load_config
from exporter.files import write_files
from exporter.generate.alerts import alert_files
from tests.alerts.promtool import SLOW, check_tests
from tests.alerts.series import Watched, healthy_images, input_series, named
from tests.alerts.words import put

OWN = """
map: cells
title: A battery monitor of another maker
source: its manual
metrics:
  cells_number: {help: How many cells there are.}
  cells_rows: {help: How many rows of cells there are.}
  cells_row_volts: {help: Voltage of the row., unit: volts}
  generex_bacs_module_alarm: {help: Alarms of the block.}
  generex_bacs_module_alarm_word: {help: Alarm word of the block.}
groups:
  monitor:
    title: Monitor
    words:
      count: {address: 10, description: Number of cells., metric: cells_number}
      rows: {address: 11, description: Number of rows., metric: cells_rows}
  rows:
    title: Rows
    repeat: {label: string, count: rows, max: 4, stride: 1}
    words:
      volts: {address: 15, description: Voltage of a row., metric: cells_row_volts}
  cells:
    title: Cells
    repeat: {label: module, count: count, max: 100, stride: 2, parent: rows}
    words:
      alarm:
        address: 20
        description: Alarms of a block.
        metric: generex_bacs_module_alarm
        raw: {metric: generex_bacs_module_alarm_word}
        flags: alarms
flag_sets:
  alarms:
    voltage_low: {bit: 4, vendor: LOW, label: Low, description: Voltage low., severity: critical}
    temperature_high: {bit: 3, vendor: HOT, label: Hot, description: Hot., severity: critical}
    leaks: {bit: 6, vendor: LEAK, label: Leaks, description: It leaks., severity: warning}
"""
RAW = "        raw: {metric: generex_bacs_module_alarm_word}\n"
ILL, MINUTES = 8, 16
# bits of the built-in map: 3 voltage low, 4 temperature high, 6 resistor high
CELLS = {"3": "BlockHot", "4": "BlockVoltageLowOffFloat", "6": "BacsModuleAlarmLeaks"}
BLOCKS = {"1063.4": "BlockHot", "1063.6": "BlockResistanceHigh"}


@pytest.mark.slow
@pytest.mark.parametrize("text", [OWN, OWN.replace(RAW, "")], ids=["a word of all flags", "flags alone"])
def test_a_flag_of_a_block_is_what_the_map_of_its_device_says(text: str, tmp_path: Path) -> None:
    (tmp_path / "cells.yaml").write_text(text)
    devices = [
        {"name": f"own {bit}", "target": f"192.0.2.{at}", "module": "cells", "labels": {"site": f"own {bit}"}}
        for at, bit in enumerate(CELLS, start=1)
    ]
    document = {"maps": ["cells.yaml"], "modules": {"cells": {"maps": ["cells"]}}, "devices": devices}
    (tmp_path / "generex.yml").write_text(yaml.safe_dump(document))
    config = load_config(tmp_path / "generex.yml")
    write_files(tmp_path, alert_files(config.maps, {}))
    expected, series = {f"own {bit}": name for bit, name in CELLS.items()}, []
    count = 4 * MINUTES
    for device, bit in zip(config.devices, CELLS, strict=True):
        watched = Watched(device, config)
        watched.memory.counts.counts = {"rows": 1, "cells": 2}
        pages = [
            watched.page({10: 2, 11: 1, 15: 50, 20: 0, 22: 1 << int(bit) if at >= ILL else 0}, 15 * at)
            for at in range(count)
        ]
        series += input_series(pages, device.name)
    for change, name in BLOCKS.items():
        expected[f"bacs {change}"] = name
        watched = Watched(named(f"bacs {change}", "bacs", site=change))
        pages = [
            watched.page(put(words, change) if at >= ILL else words, 15 * at)
            for at, words in enumerate(healthy_images(count, 15, 1, 4))
        ]
        series += input_series(pages, change)
    expr = 'count by (alertname, device) (ALERTS{alertstate="firing", device!=""})'
    samples = [
        {"labels": f'{{alertname="Generex{name}", device="{device}"}}', "value": 1}
        for device, name in expected.items()
    ]
    test = {"expr": expr, "eval_time": f"{MINUTES - 1}m", "exp_samples": samples}
    rules = [str(tmp_path / "alerts" / name) for name in ("recording.rules.yml", "generex.rules.yml")]
    group = {"interval": "15s", "input_series": series, "promql_expr_test": [test]}
    check_tests(tmp_path, [group], rules=rules, without=SLOW)
