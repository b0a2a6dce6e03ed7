"""The cases that take hours and days, with longer steps."""

from typing import Any

from exporter.config import Expect
from tests.alerts.faults import (
    LAST,
    grows,
    modules_unread,
    often_silent,
    silent,
    stands_still,
    warms_up,
)
from tests.alerts.story import Batch, Story

MEDIUM = Batch(
    "medium",
    60,
    25,
    70,
    (
        Story("Unreachable", ("GenerexUnreachable",), silent),
        Story("ScrapeDown", ("GenerexScrapeDown",), module="ups", scrape_fails=True),
        Story("Unsteady", ("GenerexUnsteady",), often_silent, "ups"),
        Story("GroupUnread", ("GenerexGroupUnread",), modules_unread),
        Story("BacsStarting", ("GenerexBacsStarting",), ("1000.1",)),
        Story("UndefinedFlags", ("GenerexUndefinedFlags",), ("1005.14",)),
        Story("PassSlow", ("GenerexPassSlow",), module="ups", duration=4.6),
        Story("BlockWarmerThanOthers", ("GenerexBlockWarmerThanOthers",), ("1065=137",), modules=8),
    ),
)

LONG = Batch(
    "long",
    300,
    8,
    60,
    (
        Story("TestLong", ("GenerexTestLong",), ("109.6", "138=1"), "ups"),
        Story("ServiceLeftOn", ("GenerexServiceLeftOn",), ("1000.12",)),
        Story("ChargeNotRising", ("GenerexChargeNotRising",), ("103=72",), "ups"),
        Story("FloatVoltageHigh", ("GenerexFloatVoltageHigh",), ("1012=14100",)),
        Story("lithium", (), ("1012=14100",), expect=Expect(chemistry="lfp")),
    ),
)

FROZEN = Batch(
    "frozen",
    60,
    3,
    135,
    (Story("BacsFrozen", ("GenerexBacsFrozen",), stands_still, modules=8, flags="set"),),
)

_BATTERY: dict[str, Any] = {"module": "bacs", "strings": 1, "modules": 4, "flags": "set"}
DAYS = Batch(
    "days",
    3600,
    2,
    LAST,
    (
        Story("well", (), **_BATTERY),
        Story("ChargingLong", ("GenerexChargingLong",), ("1000.4", "-1000.6"), **_BATTERY),
        Story("FloatSpread", ("GenerexFloatSpread",), ("1066=13250",), **_BATTERY),
        Story("EqualisingHard", ("GenerexEqualisingHard",), ("1069=65",), **_BATTERY),
        Story("FloatVoltageLow", ("GenerexFloatVoltageLow",), ("1012=13020",), **_BATTERY),
        Story("ResistanceUneven", ("GenerexResistanceUneven",), ("1067=850",), **_BATTERY),
        Story("ResistanceGrown", ("GenerexResistanceGrown",), grows(1.4), **_BATTERY),
        Story("ResistanceReplace", ("GenerexResistanceReplace",), grows(1.6), **_BATTERY),
        Story("NoBaseline", ("GenerexNoBaseline",), ("-1000.6", "1000.7"), **_BATTERY),
        Story("RunawayPrecursor", ("GenerexRunawayPrecursor",), warms_up, **_BATTERY),
        Story(
            "lithium-uneven",
            (),
            ("1067=850", "1066=13250", "1012=13020"),
            expect=Expect(chemistry="lfp"),
            **_BATTERY,
        ),
    ),
)

BATCHES = (MEDIUM, LONG, FROZEN, DAYS)
