"""What a UPS takes, gives and stores, over time."""

from exporter.generate.dashboards import queries as q
from exporter.generate.dashboards import rules
from exporter.generate.dashboards.context import Context
from exporter.generate.dashboards.looks import Override
from exporter.generate.dashboards.panels import Frame, Panel, Query, lines_panel

_LIMIT_LINES: tuple[Override, ...] = (
    (
        "/limit|nominal/",
        {
            "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
            "color": {"mode": "fixed", "fixedColor": "#9AA3B2"},
            "custom.lineWidth": 1,
        },
    ),
)


def power_panels(context: Context) -> list[Panel]:
    """Voltages, frequency and load, each with where the alerts begin."""
    found = []
    for side, rule, band in (
        ("Input", rules.NOMINAL_INPUT, context.thresholds["input_volts_band"]),
        ("Output", rules.NOMINAL_OUTPUT, context.thresholds["output_volts_band"]),
    ):
        volts = q.series(f"generex_ups_{side.lower()}_volts")
        nominal = q.recorded(rule)
        found.append(
            lines_panel(
                Frame(
                    f"{side} voltage",
                    f"The lowest of each step, per phase. Dashed lines are nominal and ±{band:.0%}, where "
                    "the alerts begin. A one-phase UPS reads 0 on the other phases. A gateway does not serve "
                    "output voltage.",
                    12, 8,
                ),
                [
                    Query(q.per(q.least(volts), "phase"), "L{{phase}}"),
                    Query(f"max({nominal}) * {1 + band:g}", "upper limit"),
                    Query(f"max({nominal})", "nominal"),
                    Query(f"min({nominal}) * {1 - band:g}", "lower limit"),
                ],
                unit="volt", overrides=_LIMIT_LINES, decimals=0,
            )
        )  # fmt: skip
    hertz, wide = q.recorded(rules.NOMINAL_HERTZ), context.thresholds["input_hertz_band"]
    load = q.series("generex_ups_output_load_ratio")
    found += [
        lines_panel(
            Frame(
                "Input frequency",
                f"Frequency per phase in whole hertz. The dashed lines are nominal ±{wide:g} Hz, where the "
                "alert begins. A generator shows here.",
                12, 7,
            ),
            [
                Query(q.per(q.series("generex_ups_input_frequency_hertz"), "phase"), "L{{phase}}"),
                Query(f"max({hertz}) + {wide:g}", "upper limit"),
                Query(f"min({hertz}) - {wide:g}", "lower limit"),
            ],
            unit="hertz", overrides=_LIMIT_LINES, decimals=0,
        ),
        lines_panel(
            Frame(
                "Load per phase",
                "Load of each phase as a share of its capacity, the highest of each step; alerts begin at "
                f"{context.text('load_warning')} and {context.text('load_critical')}.",
                12, 7,
            ),
            [Query(q.per(q.most(load), "phase"), "L{{phase}}")],
            unit="percentunit", steps=context.load, bounds=(0, 1.1), decimals=0,
        ),
    ]  # fmt: skip
    return found


def battery_panels(context: Context) -> list[Panel]:
    """Battery, temperature, runtimes and power failures."""
    return [
        lines_panel(
            Frame("Battery voltage", "As the UPS reports it, the lowest of each step.", 8, 7),
            [Query(q.per(q.least(q.series("generex_ups_battery_volts"))), "battery")],
            unit="volt", decimals=0,
        ),
        lines_panel(
            Frame(
                "Temperature",
                "The temperature that the UPS reports (its own or its battery's, by make) and those of named "
                "sensors. Watch for a change: the right value depends on the site.",
                8, 7,
            ),
            [
                Query(f"max({q.series('generex_ups_temperature_celsius')})", "UPS"),
                Query(f"max by (sensor) ({q.series('generex_sensor_temperature_celsius')})", "{{sensor}}"),
            ],
            unit="celsius", decimals=0,
        ),
        lines_panel(
            Frame(
                "Charge over time",
                f"The lowest of each step. Below {context.text('survivable_charge')} a failed charger or a "
                "recent discharge has cost runtime.",
                8, 7,
            ),
            [Query(q.per(q.least(q.series("generex_ups_battery_charge_ratio"))), "charge")],
            unit="percentunit", steps=context.charge, bounds=(0, 1), decimals=0,
        ),
        lines_panel(
            Frame(
                "Both runtimes",
                "Runtime left by the UPS's estimate and, on battery, by the fall of the charge over five "
                "minutes. Act on the smaller one.",
                12, 7,
            ),
            [
                Query(f"max({q.OWN_RUNTIME})", "says the UPS"),
                Query(f"max({q.PROJECTED_RUNTIME})", "by the charge"),
            ],
            unit="s", steps=context.runtime, bounds=(0, None), decimals=0,
        ),
        lines_panel(
            Frame(
                "Power failures",
                "Power failures that the CS141 counted, per step of the graph. It also counts dips that "
                "are too short to be seen otherwise.",
                12, 7,
            ),
            [Query(f"round(sum(increase({q.POWER_FAILURES}[$__rate_interval])))", "failures")],
            unit="none", bounds=(0, 1), decimals=0,
        ),
    ]  # fmt: skip
