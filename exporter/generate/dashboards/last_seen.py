"""What is known of a UPS that is out of sight: what it last said, and when."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.choices import ORANGE, QUIET
from exporter.generate.dashboards.looks import coloured, mapping
from exporter.generate.dashboards.panels import Frame, Panel, Query, columns, table_panel


def last_seen_panel(height: int) -> Panel:
    """A row per UPS that is unreachable or lost; empty while all are in sight."""
    on_battery = q.recorded(rules.ROLE, 'role="on_battery"')
    gone = f"unless {q.by(on_battery)}"
    in_sight = q.recorded(rules.OUTCOME, 'outcome=~"on_battery|mains"')
    # timestamp() of a selector takes Prometheus 40 times as long here
    seen = q.by(f"max_over_time(({in_sight} * 0 + time())[1d:1m])")
    # what was recorded has none of the zeros that a UPS may show before it falls silent
    was = q.by(q.recorded(rules.LAST, 'role="on_battery"'))
    charge = f"last_over_time({q.recorded(rules.CHARGE)}[1d])"
    runtime = f"last_over_time({q.recorded(rules.RUNTIME)}[1d])"
    queries = [
        Query(f"time() - {seen} {gone}", "Last seen, ago"),
        Query(f"{was} {gone}", "It was"),
        Query(f"{q.by(charge)} {gone}", "Charge then"),
        Query(f"{q.by(runtime)} {gone}", "Runtime then"),
    ]
    states = mapping({"1": ("▲ was on battery", ORANGE), "0": ("was on mains", QUIET)}, "–")
    return table_panel(
        Frame(
            "Last seen, when it is out of sight",
            "Only while a UPS is unreachable or lost: what it last said, and how long ago. Old values, kept "
            "out of every other panel. Empty while all are in sight.",
            24,
            height,
        ),
        queries,
        transformations=columns("device", queries),
        overrides=[
            ("device", {"displayName": "Device"}),
            ("Last seen, ago", {"unit": "dtdurations", "decimals": 0}),
            ("It was", {"mappings": states, **coloured(), "custom.align": "left"}),
            ("Charge then", {"unit": "percentunit", "decimals": 0}),
            ("Runtime then", {"unit": "dtdurations", "decimals": 0}),
        ],
        none="none",
    )
