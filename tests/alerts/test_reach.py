"""A rule is left out of a test only where it surely brings nothing, or where nobody asks for it."""

import pytest

from tests.alerts.reach import asked, reachable

SERIES = [
    {"series": 'flag{flag="hot",device="a"}', "values": "0x9 _x3 stale 0"},
    {"series": 'flag{flag="dark",device="a"}', "values": "0x9 1"},
    {"series": "counted", "values": "0+1x9"},
]


@pytest.mark.parametrize(
    "expr",
    [
        "counted",
        "flag",
        'flag{flag="dark"} == 1',
        'flag{flag=~"dark|cold"} == 1',
        'flag{flag!="hot"} == 1',
        'flag{flag!~"hot"} == 1',
        'flag{flag="hot"} == 0',
        'flag{flag="hot"} == bool 1',
        'flag{flag="hot"} + 1 == 1',
        '{__name__=~"fl.g|none", flag="dark"} == 1',
        'max by (device) (max_over_time(flag{flag="dark"}[5m])) == 1',
        'sum(flag{flag="hot"}) < 5',
        'count_over_time(flag{flag="hot"}[5m]) > 3',
        'label_replace(flag{flag="hot"}, "a", "b", "", "") == 0',
        "max_over_time((counted > 3)[5m:1m])",
        "-counted",
        "counted > 5000",
        "none or counted",
        "counted unless none",
        "counted and on () flag",
        'counted and flag{other=""}',
        "absent(none)",
        "absent_over_time(none[5m])",
        "vector(1)",
        "time() - 5",
        "made",
        'made{own="yes", any="thing"}',
        "last_over_time(kept[5m])",
        'ALERTS{alertname="Other"}',
    ],
)
def test_what_may_bring_something_stays(expr: str) -> None:
    assert stays(expr)


@pytest.mark.parametrize(
    "expr",
    [
        "none",
        'flag{flag="cold"}',
        'flag{flag="hot"} == 1',
        'max(last_over_time(flag{flag="hot"}[5m] offset 1h)) > 0',
        'flag{flag="hot"} > 0 and counted',
        'flag{flag="hot"} == 1 or flag{flag="hot"} == 2',
        "counted and none",
        "counted * none",
        "none unless counted",
        "sum(none) == 0",
        '{__name__=~"flag|none", flag="cold"}',
        'made{own="no"}',
        "only_itself",
    ],
)
def test_what_surely_brings_nothing_goes(expr: str) -> None:
    assert not stays(expr)


def stays(expr: str) -> bool:
    rules = [
        {"alert": "Tested", "expr": expr},
        {"record": "kept", "expr": "made or last_over_time(kept[5m])"},
        {"record": "only_itself", "expr": "last_over_time(only_itself[5m])"},
        {"record": "made", "expr": "counted", "labels": {"own": "yes"}},
    ]
    (group,) = reachable([{"name": "all", "rules": rules}, {"name": "empty", "rules": []}], SERIES)
    assert group["rules"][-2:] == [rules[1], rules[3]]
    return rules[0] in group["rules"]


RULES = [
    {"record": "a", "expr": "counted"},
    {"record": "told", "expr": "counted", "labels": {"own": "yes"}},
    {"record": "b", "expr": "sum(rate(a[5m]))", "labels": {"own": "yes"}},
    {"record": "c", "expr": "topk(scalar(a), flag)"},
    {"alert": "First", "expr": "b > 1", "labels": {"severity": "{{ $labels.severity }}"}},
    {"alert": "Second", "expr": "flag == 1 unless on () ALERTS{alertname='First'}", "labels": {"place": "x"}},
]


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("a", "a"),
        ("max_over_time(b[5m:1m])", "a b"),
        ('b{own="yes"}', "a b"),
        ('b{own="no"}', ""),
        ('b{other="thing"}', "a b"),
        ("-c + 1", "a c"),
        ('{__name__=~"a|c"}', "a c"),
        ('ALERTS{alertname="First"}', "a b First"),
        ('ALERTS{alertname=~"Sec.*"}', "a b First Second"),
        ('ALERTS{severity="critical"}', "a b First Second"),
        ('ALERTS{place="y"}', "a b First"),
        ('count by (alertname) (ALERTS{alertstate="firing"})', "a b First Second"),
        ("ALERTS_FOR_STATE", "a b First Second"),
        ("count(flag)", ""),
    ],
)
def test_what_an_expression_looks_at_stays_with_all_that_it_rests_on(expr: str, names: str) -> None:
    groups = asked([{"name": "all", "rules": RULES}], [expr])
    kept = [rule.get("record") or rule["alert"] for group in groups for rule in group["rules"]]
    assert kept == names.split()


@pytest.mark.parametrize(
    "text",
    [
        '{{ with query "told" }}{{ . | first | value }}{{ end }}',
        "{{ with printf `max(told{own=%q,device=%q} > 1)` $labels.own $labels.device | query }}so{{ end }}",
        '{{ printf "%.0f" $value }} of {{ with printf "told{own=%q}" $labels.own | query }}it{{ end }}',
        r'{{ with printf "told{own=\"yes\",device=%q}" $labels.device | query }}it{{ end }}',
    ],
)
def test_what_the_text_of_an_alert_asks_for_stays(text: str) -> None:
    alert = {"alert": "Telling", "expr": "a > 1", "annotations": {"description": text}}
    groups = asked([{"name": "all", "rules": [*RULES, alert]}], ['ALERTS{alertname="Telling"}'])
    assert [rule.get("record") for group in groups for rule in group["rules"]] == ["a", "told", None]


def test_a_query_of_another_form_is_not_passed_over() -> None:
    alert = {"alert": "Telling", "expr": "a > 1", "annotations": {"description": "{{ $asked | query }}"}}
    with pytest.raises(AssertionError, match="another form"):
        asked([{"name": "all", "rules": [alert]}], ["ALERTS"])
