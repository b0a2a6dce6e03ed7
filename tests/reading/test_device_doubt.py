"""What a pass did not read, and might have denied the rest: that rest is not exported."""

from tests import hostile
from tests.hostile import BACS, FILLER, UPS, Hostile, Peer, Request, exported, fleet, scrape
from tests.loops import run


def silent_at(*addresses: int) -> hostile.Behaviour:
    def answer(device: Hostile, peer: Peer, request: Request) -> None:
        if not any(request.address <= address <= request.last for address in addresses):
            hostile.honest(device, peer, request)

    return answer


def test_the_request_with_the_alarm_communication_lost_fails() -> None:
    async def test() -> None:
        settings = {"max_words": 20, "timeout": "10s", "request_timeout": "50ms"}
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **settings}) as devices,
        ):
            device.behaviour = silent_at(134)
            snapshot = await scrape(devices.devices["a"])
            assert snapshot.groups == {"ups": False}
            assert snapshot.valid == {"ups": False}
            assert "generex_ups_battery_charge_ratio" not in exported(snapshot)
            device.behaviour = hostile.honest
            snapshot = await scrape(devices.devices["a"])
            assert snapshot.valid == {"ups": True}
            assert "generex_ups_battery_charge_ratio" in exported(snapshot)

    run(test())


def test_modules_that_are_refused() -> None:
    async def test() -> None:
        settings = {"module": "cs141", "timeout": "10s", "request_timeout": "1s"}
        async with (
            Hostile(served={*UPS, *BACS} - {1064, *range(1070, 1075)}) as device,
            fleet({"name": "a", "target": device.target(), **settings}) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4, 1063: 0, 1068: 0, 1073: 0, 1078: 0}
            a = devices.devices["a"]

            async def present() -> dict[str, int | float]:
                snapshot = await scrape(a)
                readings = snapshot.readings["generex_bacs_module_present"]
                return {dict(series.labels)["module"]: raw for series, raw in readings}

            # the third was never there, as far as is known
            for _ in range(2):
                assert await present() == {"1": 1, "2": 1, "4": 1}
            # the first is lost; one of its words was always refused
            device.pins |= dict.fromkeys(range(1060, 1064), FILLER)
            assert await present() == {"1": 0, "2": 1, "4": 1}
            # the second was alive and is now refused
            device.served -= {*range(1065, 1070)}
            assert await present() == {"1": 0, "2": 0, "4": 1}

    run(test())
