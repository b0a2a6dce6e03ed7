"""The board of the exporter itself: whether what the other boards show can be believed."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards.board import Board, Row
from exporter.generate.dashboards.choices import BLUE, GREY, ORANGE, PURPLE, QUIET, RED, Choice
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import choice_mapping, coloured, mapping
from exporter.generate.dashboards.panels import (
    Frame,
    Panel,
    Query,
    columns,
    lines_panel,
    stat_panel,
    table_panel,
    timeline_panel,
)

_YES = {"1": ("● yes", QUIET), "0": ("✖ NO", RED)}


def exporter_board(context: Context) -> Board:
    """The board as Grafana will show it."""
    return Board(
        "exporter",
        "The exporter: whether it reads its devices, how long that takes, and what went wrong.",
        (
            Row("Now", _now(context)),
            Row("Read passes", _passes(context)),
            Row("Modbus", _modbus()),
            Row("Words", _words()),
            Row("Process", _process()),
        ),
    )


def _now(context: Context) -> list[Panel]:
    share = context.thresholds["duration_share"]
    rows = f"{q.by(q.UP)} or {q.by(f'last_over_time({q.UP}[1d])')} * 0"
    dead = f"count(({rows}) == 0) or 0 * count({rows})"
    reload = q.own("generex_exporter_config_last_reload_successful")
    loaded = q.own("generex_exporter_config_last_reload_success_timestamp_seconds")
    return [
        stat_panel(
            Frame("Exporters", "Exporters that are scraped now.", 4, 4),
            [Query(f"count({q.own('generex_exporter_build_info')})")],
            steps=((None, RED), (1, QUIET)), none="NO DATA", decimals=0,
        ),
        stat_panel(
            Frame(
                "Devices that do not answer", "Devices of which not one word could be read. 0 is good.", 4, 4,
            ),
            [Query(dead)], steps=((None, QUIET), (1, RED)), none="NO DATA", decimals=0,
        ),
        stat_panel(
            Frame(
                "Configuration good",
                "Whether the last attempt to load the configuration was good on every exporter. A bad new "
                "file changes nothing, but will stop the next start.",
                4, 4,
            ),
            [Query(f"min({reload})")], mappings=mapping(_YES, "? NOT KNOWN"), none="NO DATA",
        ),
        stat_panel(
            Frame("Configuration loaded, ago", "How long ago the configuration was last loaded.", 4, 4),
            [Query(f"time() - max({loaded})")], unit="dtdurations", none="NO DATA", decimals=0,
        ),
        stat_panel(
            Frame(
                "Slowest pass",
                f"The slowest read pass as a share of the time it may take; the alert begins at {share:.0%}. "
                "Near 100 % words get lost.",
                4, 4,
            ),
            [
                Query(
                    f"max({q.series('generex_scrape_duration_seconds')} / "
                    f"{q.series('generex_scrape_timeout_seconds')})"
                )
            ],
            unit="percentunit", steps=((None, QUIET), (share, ORANGE)), none="NO DATA", decimals=0,
        ),
        stat_panel(
            Frame(
                "OTLP push",
                "Whether pushes over OTLP went through in the last five minutes. Off is neither good nor "
                "bad: it is not configured.",
                4, 4,
            ),
            [Query(_otlp_state())], mappings=choice_mapping(_OTLP), none="NO DATA",
        ),
        table_panel(
            Frame(
                "Devices", "Where each device is, by which module it is read, and whether it answers.", 24,
                10,
            ),
            [
                Query(q.by(q.UP), "Answers"),
                Query(q.by(q.series("generex_device_info"), "target", "module", "unit"), "Info"),
            ],
            transformations=columns("device", [Query("", "Answers")], "target", "module", "unit"),
            overrides=[
                ("device", {"displayName": "Device"}),
                ("target", {"displayName": "Target"}),
                ("module", {"displayName": "Module"}),
                ("unit", {"displayName": "Unit", "unit": "string"}),
                ("Answers", {"mappings": mapping(_YES, "–"), **coloured(), "custom.align": "left"}),
            ],
        ),
    ]  # fmt: skip


_OTLP = (
    Choice(3, "✖ FAILING", RED),
    Choice(2, "● WORKS", QUIET),
    Choice(1, "? NO PUSH YET", PURPLE),
    Choice(0, "– OFF", GREY),
)


def _otlp_state() -> str:
    """How the push over OTLP fares, over all exporters; its counters exist only while it is on."""
    pushes, failures = (
        f"sum (increase({q.own(f'generex_exporter_otlp_{what}_total')}[5m]))"
        for what in ("exports", "export_failures")
    )
    configured = f"sum ({q.own('generex_exporter_build_info')})"
    parts = (f"{failures} > 0", f"{pushes} > 0", pushes, configured)
    return "\n  or ".join(
        f"({part}) * 0 + {choice.number}" for part, choice in zip(parts, _OTLP, strict=True)
    )


def _passes(context: Context) -> list[Panel]:
    share = context.thresholds["duration_share"]
    duration, timeout = (
        q.series("generex_scrape_duration_seconds"),
        q.series("generex_scrape_timeout_seconds"),
    )
    return [
        timeline_panel(
            Frame(
                "Devices answering", "Whether at least one word of the device was read in each pass.", 12, 8,
            ),
            [Query(q.by(q.least(q.UP)), "{{device}}")], mappings=mapping(_YES, "n/a"), none="NO DATA",
        ),
        timeline_panel(
            Frame(
                "Groups that were not read or not trusted",
                "Groups of words that could not be read whole or could not be trusted at some moment of the "
                "time shown. Empty is good.",
                12, 8,
            ),
            [
                Query(_ever_failed("generex_group_up"), "{{device}} {{group}} read"),
                Query(_ever_failed("generex_data_valid"), "{{device}} {{group}} trusted"),
            ],
            mappings=mapping(_YES, "n/a"), none="all were read, all were trusted",
        ),
        lines_panel(
            Frame(
                "Duration against the deadline",
                f"Duration of a pass as a share of the time it may take; the alert begins at {share:.0%}.",
                12, 8,
            ),
            [Query(f"max by (device) ({duration} / {timeout})", "{{device}}")],
            unit="percentunit", steps=((None, QUIET), (share, ORANGE), (1, RED)), bounds=(0, 1),
            none="NO DATA",
        ),
        lines_panel(
            Frame("Duration of a pass", "How long each read pass took, all its requests together.", 6, 8),
            [Query(q.by(duration), "{{device}}")], unit="s", bounds=(0, None), none="NO DATA",
        ),
        lines_panel(
            Frame(
                "Requests per pass",
                "Modbus requests in each pass, repeated ones included; a rise means trouble on the line.", 6,
                8,
            ),
            [Query(q.by(q.series("generex_scrape_requests")), "{{device}}")],
            unit="short", bounds=(0, None), none="NO DATA",
        ),
    ]  # fmt: skip


def _ever_failed(metric: str) -> str:
    lowest = q.by(f"min_over_time({q.series(metric)}[$__range] @ end())", "group")
    shown = q.by(q.least(q.series(metric)), "group")
    return f"{shown} and on (<place>, group) {lowest} == 0"


def _modbus() -> list[Panel]:
    def rate(metric: str, *labels: str) -> str:
        by = f"sum by ({', '.join(labels)})"
        return f"{by} (rate({q.own(metric)}[$__rate_interval]))"

    return [
        lines_panel(
            Frame("Requests", "Modbus requests per second and device.", 8, 8),
            [Query(rate("generex_exporter_modbus_requests_total", "device"), "{{device}}")],
            unit="reqps", bounds=(0, None), none="NO DATA",
        ),
        lines_panel(
            Frame(
                "Errors by reason",
                "Modbus requests per second that got no usable answer. connect: Modbus is off or a "
                "firewall is between; timeout: often a wrong unit; exception_2: an address that the "
                "device does not serve.",
                8, 8,
            ),
            [
                Query(
                    rate("generex_exporter_modbus_errors_total", "device", "reason") + " > 0",
                    "{{device}} {{reason}}",
                )
            ],
            unit="reqps", bounds=(0, None), none="no errors, while exporters are scraped",
        ),
        lines_panel(
            Frame(
                "Coalesced scrapes",
                "Scrapes per second that shared a pass already under way. Many mean several scrapers.", 8, 8,
            ),
            [Query(rate("generex_exporter_scrapes_coalesced_total", "device"), "{{device}}")],
            unit="reqps", bounds=(0, None), none="NO DATA",
        ),
        lines_panel(
            Frame("OTLP pushes", "Pushes per second over OTLP, and those that failed.", 24, 6),
            [
                Query(rate("generex_exporter_otlp_exports_total", "instance"), "{{instance}} pushes"),
                Query(rate("generex_exporter_otlp_export_failures_total", "instance"), "{{instance}} failed"),
            ],
            unit="cps", bounds=(0, None), none="OTLP push is off",
            overrides=[("/failed/", {"color": {"mode": "fixed", "fixedColor": RED}})],
        ),
    ]  # fmt: skip


def _words() -> list[Panel]:
    return [
        lines_panel(
            Frame(title, about, 8, 7),
            [Query(f"{q.by(q.series(metric), label)} > 0", f"{{{{device}}}} {{{{{label}}}}}")],
            unit="none", bounds=(0, 1), steps=((None, QUIET), (1, colour)),
            none="none, while exporters are scraped",
        )
        for title, about, metric, label, colour in (
            (
                "Refused words",
                "Words that the device was found to refuse; they are left out and asked for again later. "
                "Usual for firmware that knows less.",
                "generex_refused_words", "group", BLUE,
            ),
            (
                "Odd words",
                "Words that should be 0 or 1 and are neither. They count as set; a wrong map looks like "
                "this.",
                "generex_odd_words", "group", ORANGE,
            ),
            (
                "Bits without a name",
                "Set bits that no table names, as a mask. Please report them.",
                "generex_undefined_flags", "word", ORANGE,
            ),
        )
    ]  # fmt: skip


def _process() -> list[Panel]:
    return [
        lines_panel(
            Frame("Memory", "Resident memory of the exporter. It should level out.", 8, 7),
            [
                Query(
                    f"max by (instance) ({_process_series('process_resident_memory_bytes')})", "{{instance}}",
                )
            ],
            unit="bytes", bounds=(0, None), none="NO DATA",
        ),
        lines_panel(
            Frame(
                "CPU", "Processor time per second; 100 % is one core, and the exporter uses one at most.", 8,
                7,
            ),
            [
                Query(
                    "max by (instance) "
                    f"(rate({_process_series('process_cpu_seconds_total')}[$__rate_interval]))",
                    "{{instance}}",
                )
            ],
            unit="percentunit", bounds=(0, None), none="NO DATA",
        ),
        lines_panel(
            Frame("Open files", "Open files and connections. A steady climb is a leak.", 8, 7),
            [Query(f"max by (instance) ({_process_series('process_open_fds')})", "{{instance}}")],
            unit="short", bounds=(0, None), none="NO DATA",
        ),
    ]  # fmt: skip


def _process_series(metric: str) -> str:
    return q.own(metric)
