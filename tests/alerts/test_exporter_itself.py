"""Alerts about the exporter and about the way alerts take; series from the exporter's own page."""

from collections.abc import Callable
from pathlib import Path

from exporter.exposition.own import ExporterMetrics, ExporterState
from exporter.generate.alerts.model import REPOSITORY_RUNBOOK
from tests.alerts.promtool import check_tests, firing
from tests.alerts.series import INSTANCE, Page, input_series


def own_page(good: bool, pushes: tuple[int, int] | None = None) -> Page:
    text = "".join(ExporterMetrics().render(ExporterState((), good, 1.7e9, pushes), "text"))
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("generex_exporter_")]
    return dict(lines)


def test_a_failed_reload_warns_and_holds_through_a_failed_scrape(tmp_path: Path) -> None:
    pages = [*[own_page(True)] * 20, *[own_page(False)] * 24, None, own_page(False)]
    expected = {
        "exp_labels": {"severity": "warning", "condition": "reload", "job": "generex", "instance": INSTANCE},
        "exp_annotations": {
            "summary": "The exporter could not load its new configuration.",
            "description": f"The exporter {INSTANCE} keeps its old configuration, "
            "because the new one is bad.",
            "runbook_url": f"http://{INSTANCE}/docs/runbook#generexreloadfailed",
        },
    }  # fmt: skip
    group = {
        "interval": "15s",
        "input_series": input_series(pages),
        "alert_rule_test": [
            {"eval_time": "6m", "alertname": "GenerexReloadFailed", "exp_alerts": []},
            {"eval_time": "10m45s", "alertname": "GenerexReloadFailed", "exp_alerts": [expected]},
            {"eval_time": "11m", "alertname": "GenerexReloadFailed", "exp_alerts": [expected]},
        ],
    }
    check_tests(tmp_path, [group])


def test_pushes_that_fail_warn_and_single_ones_do_not(tmp_path: Path) -> None:
    """A push a minute: all fail from the 20th minute to the 45th, every third, or those of the beginning."""

    def pages(fails: Callable[[int], bool], minutes: int) -> list[Page]:
        failed = [sum(fails(at) for at in range(minute + 1)) for minute in range(minutes)]
        return [own_page(True, (minute + 1, failed[minute])) for minute in range(minutes) for _ in range(4)]

    down = pages(lambda minute: 20 <= minute < 45, 90)
    down[160] = None  # a failed scrape in the middle
    series = [
        *input_series(down, "down"),
        *input_series(pages(lambda minute: minute % 3 == 0, 90), "third"),
        *input_series(pages(lambda minute: minute < 5, 90), "beginning"),
        *input_series([own_page(True)] * 360, "off"),
    ]
    expected = {
        "exp_labels": {"severity": "warning", "condition": "otlp", "job": "generex", "instance": "down"},
        "exp_annotations": {
            "summary": "Most pushes of an exporter over OTLP fail.",
            "description": "The exporter down could not deliver 100 % of its pushes over OTLP in 15 minutes.",
            "runbook_url": f"{REPOSITORY_RUNBOOK}#generexotlpfailing",
        },
    }  # fmt: skip
    found = {"eval_time": "36m15s", "alertname": "GenerexOtlpFailing", "exp_alerts": [expected]}
    fired = 'count by (instance) (ALERTS{alertstate="firing",alertname="GenerexOtlpFailing"}) * 0'
    tests = [
        {
            "expr": fired,
            "eval_time": at,
            "exp_samples": [{"labels": f'{{instance="{name}"}}', "value": 0} for name in names],
        }
        for at, names in (
            ("5m", ()), ("16m", ()), ("26m", ()), ("30m", ("down",)), ("40m15s", ("down",)), ("75m", ()),
        )
    ]  # fmt: skip
    group = {"interval": "15s", "input_series": series, "alert_rule_test": [found], "promql_expr_test": tests}
    check_tests(tmp_path, [group])


def test_an_exporter_that_is_down_is_missed_also_when_it_served_no_device(tmp_path: Path) -> None:
    pages = [*[own_page(True)] * 20, *[None] * 60]
    group = {
        "interval": "15s",
        "input_series": input_series(pages),
        "promql_expr_test": [
            firing("5m", {"GenerexWatchdog": 1}),
            firing("9m", {"GenerexWatchdog": 1}),
            firing("11m", {"GenerexWatchdog": 1, "GenerexScrapeDown": 1}),
            # no device for a quarter of an hour, and an alert path for as long
            firing("14m", {"GenerexWatchdog": 1, "GenerexScrapeDown": 1}),
            firing("16m", {"GenerexWatchdog": 1, "GenerexScrapeDown": 1, "GenerexNothingWatched": 1}),
        ],
    }
    check_tests(tmp_path, [group])


def test_where_nothing_is_watched_at_all_two_alerts_say_so(tmp_path: Path) -> None:
    watchdog = {
        "exp_labels": {"severity": "none", "condition": "watchdog"},
        "exp_annotations": {
            "summary": "This alert always fires. Its absence means that the alert path is dead.",
            "description": "The path from Prometheus to Alertmanager works.",
            "runbook_url": f"{REPOSITORY_RUNBOOK}#generexwatchdog",
        },
    }
    nothing = {
        "exp_labels": {"severity": "critical", "condition": "nothing_watched"},
        "exp_annotations": {
            "summary": "Prometheus knows no device at all.",
            "description": "No device is watched: there has been no generex_up series for fifteen minutes.",
            "runbook_url": f"{REPOSITORY_RUNBOOK}#generexnothingwatched",
        },
    }
    group = {
        "interval": "15s",
        "input_series": [{"series": 'up{job="other"}', "values": "1+0x80"}],
        "alert_rule_test": [
            {"eval_time": "0s", "alertname": "GenerexWatchdog", "exp_alerts": [watchdog]},
            {"eval_time": "20m", "alertname": "GenerexWatchdog", "exp_alerts": [watchdog]},
            {"eval_time": "10m", "alertname": "GenerexNothingWatched", "exp_alerts": []},
            {"eval_time": "20m", "alertname": "GenerexNothingWatched", "exp_alerts": [nothing]},
        ],
    }
    check_tests(tmp_path, [group])
