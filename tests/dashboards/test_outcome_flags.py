"""The flags behind each outcome that the rules record for the boards, as the repository's file has them."""

from tests.dashboards.boardfiles import ROOT
from tests.support import load_yaml
from tests.told import FLAGS, flags_in


def test_each_outcome_asks_for_every_flag_that_tells_it() -> None:
    content = load_yaml((ROOT / "alerts" / "recording.rules.yml").read_text(encoding="utf-8"))
    rules = [
        (rule["record"], rule.get("labels", {}), rule["expr"])
        for group in content["groups"]
        for rule in group["rules"]
    ]
    found = {
        labels["outcome"]: flags_in(expr, rules)
        for record, labels, expr in rules
        if record == "device:generex_outcome:rank"
    }
    assert {outcome: found[outcome] for outcome in FLAGS} == FLAGS
