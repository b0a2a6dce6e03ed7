"""BACS found, lost and looked for; strings and modules coming and going."""

import logging

import pytest

from tests import hostile
from tests.hostile import BACS, FILLER, UPS, Clock, Hostile, Peer, Request, check_true, fleet, scrape, words
from tests.loops import run

LONG = {"module": "cs141", "timeout": "10s", "request_timeout": "1s"}
ALL = {"ups": True, "bacs": True, "strings": True, "modules": True}
GENERAL = range(1000, 1006)

NONE = {  # the ways in which a CS141 may say that it has no BACS (device.md 2.5)
    "refusal": ({}, set(UPS)),
    "filler": (dict.fromkeys(range(1000, 1010), FILLER), {*UPS, *BACS}),
    "zeros": (dict.fromkeys(range(1000, 1010), 0), {*UPS, *BACS}),
}


def bacs_requests(device: Hostile, since: int) -> int:
    return sum(request.last >= 1000 for request in device.requests[since:])


@pytest.mark.parametrize("how", NONE)
@pytest.mark.parametrize("mode", ["auto", "required", "off"])
def test_without_a_bacs(how: str, mode: str) -> None:
    pins, served = NONE[how]
    clock = Clock()

    async def test() -> None:
        async with (
            Hostile(served=served) as device,
            fleet({"name": "a", "target": device.target(), "bacs": mode, **LONG}, clock=clock) as devices,
        ):
            device.pins |= pins
            a = devices.devices["a"]
            asked = []
            for _ in range(4):
                before = len(device.requests)
                snapshot = await scrape(a)
                asked.append(bacs_requests(device, before))
                assert snapshot.groups["ups"]
                assert snapshot.groups.get("bacs") is (False if mode == "required" else None)
                assert "modules" not in snapshot.groups
                assert "bacs" not in snapshot.valid
                assert not any(name.startswith("generex_bacs") for name in snapshot.readings)
            if mode == "auto":
                assert asked[0] in (1, 2, 3)
                assert asked[1:] == [0, 0, 0]
            else:
                assert all(asked) is (mode == "required")

            # one is built in; it is looked for after a while, and at once where it is required
            for address in pins:
                device.pins.pop(address)
            device.served = {*UPS, *BACS}
            device.pins |= {1000: 0x41, 1001: 0, 1002: 0, 1003: 1, 1004: 4, 1005: 0}
            if mode == "auto":
                assert (await scrape(a)).groups == {"ups": True}
                clock.advance(60)
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.groups == ({"ups": True} if mode == "off" else ALL)

    run(test())


@pytest.mark.parametrize("how", NONE)
def test_a_device_that_has_nothing_but_a_bacs_is_asked_for_it_in_every_pass(how: str) -> None:
    pins, served = NONE[how]

    async def test() -> None:
        own = {"m": {"maps": ["bacs"]}}
        async with (
            Hostile(served=served) as device,
            fleet({"name": "a", "target": device.target(), **LONG, "module": "m"}, modules=own) as devices,
        ):
            device.pins |= pins
            a = devices.devices["a"]
            for _ in range(4):
                before = len(device.requests)
                snapshot = await scrape(a)
                assert bacs_requests(device, before)
                assert snapshot.groups == {"bacs": False}, "whoever reads nothing else has one"
                assert "a BACS is expected (nothing else is read), but the device " in snapshot.errors[0]
            assert "timeout" not in hostile.errors(a)
            for address in pins:
                device.pins.pop(address)
            device.served = {*BACS}
            device.pins |= {1000: 0x41, 1001: 0, 1002: 0, 1003: 1, 1004: 4, 1005: 0}
            for _ in range(2):
                snapshot = await scrape(a)
            assert snapshot.whole
            assert snapshot.groups == {"bacs": True, "strings": True, "modules": True}

    run(test())


@pytest.mark.parametrize("how", NONE)
def test_a_bacs_that_was_found_and_is_lost(how: str) -> None:
    pins, served = NONE[how]

    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            device.pins |= {1003: 2, 1004: 40}
            a = devices.devices["a"]
            assert (await scrape(a)).groups == ALL
            before_pins, before_served = dict(device.pins), device.served
            device.pins |= pins
            device.served = served
            for _ in range(3):
                before = len(device.requests)
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups["ups"]
                if how == "zeros":  # the manager's internal communication is interrupted
                    assert snapshot.valid["bacs"] is False
                else:
                    assert snapshot.groups == {"ups": True, "bacs": False, "strings": False, "modules": False}
            assert len(device.requests) - before <= 4
            for name in snapshot.readings:
                assert not (name.startswith("generex_bacs_module") and name.endswith(("volts", "celsius")))
            device.pins, device.served = before_pins, before_served
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.groups == ALL
            assert snapshot.valid["bacs"] is True

    run(test())


def test_a_bacs_that_a_reload_switches_off_is_no_failure() -> None:
    async def test() -> None:
        async with Hostile(served={*UPS, *BACS}) as device:
            device.pins |= {1003: 1, 1004: 4}
            entry = {"name": "a", "target": device.target(), **LONG}
            async with fleet(entry) as devices:
                for mode, groups in (("auto", ALL), ("off", {"ups": True}), ("auto", ALL)):
                    devices.apply(hostile.config({**entry, "bacs": mode}))
                    await scrape(devices.devices["a"])
                    snapshot = await scrape(devices.devices["a"])
                    assert snapshot.groups == groups
                    assert snapshot.whole
                    assert any("bacs" in name for name in snapshot.readings) is (mode == "auto")

    run(test())


@pytest.mark.parametrize("found_before", [True, False])
def test_a_bacs_whose_state_alone_is_refused_is_there_and_does_not_vouch(found_before: bool) -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            device.pins |= {1001: 0x0008, 1003: 1, 1004: 4}
            a = devices.devices["a"]
            if found_before:
                await scrape(a)
            device.served -= {1000}
            for _ in range(3):
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups == ALL | {"bacs": False}
                assert snapshot.valid["bacs"] is False
                assert words(snapshot).keys() & set(range(1000, 1080)) == {
                    *range(1001, 1006), *range(1010, 1014), *range(1060, 1080)
                }  # fmt: skip
                state = {series.word.name: raw for series, raw in snapshot.readings["generex_bacs_state"]}
                assert state == {"state_1": 0x0008}
                assert "generex_bacs_module_alarm" in snapshot.readings
                assert "generex_bacs_module_volts" not in snapshot.readings

    run(test())


def test_one_lost_answer_is_no_absence() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG, "request_timeout": "100ms"}) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4}
            a = devices.devices["a"]
            device.script = [hostile.honest, hostile.silent, hostile.silent]
            assert (await scrape(a)).groups == {"ups": True}
            assert (await scrape(a)).groups == ALL
            # nor is it a loss: the group was not read, and that is all
            device.script = [hostile.honest, hostile.silent, hostile.silent]
            assert not (await scrape(a)).groups["bacs"]
            before = len(device.requests)
            assert (await scrape(a)).groups == ALL
            assert len(device.requests) - before == 2

    run(test())


def test_a_device_that_never_answers_for_a_bacs_is_not_asked_in_every_pass() -> None:
    def ups_only(device: Hostile, peer: Peer, request: Request) -> None:
        if request.address < 1000:
            hostile.honest(device, peer, request)

    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target(), **LONG, "request_timeout": "50ms"}) as devices,
        ):
            device.behaviour = ups_only
            a = devices.devices["a"]
            for _ in range(3):
                assert (await scrape(a)).groups == {"ups": True}
            before = len(device.requests)
            assert (await scrape(a)).groups == {"ups": True}
            assert len(device.requests) - before == 1

    run(test())


def test_the_counts_change_between_passes() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            # never fewer: what was seen alive stays expected
            for strings, modules in ((1, 4), (2, 80), (10, 330)):
                device.pins |= {1003: strings, 1004: modules}
                snapshot = await scrape(a)
                check_true(snapshot, device)
                assert snapshot.groups == ALL
                there = dict(enumerate(range(1060, 2710, 5), 1))
                assert words(snapshot).keys() & set(there.values()) == {
                    there[number] for number in range(1, modules + 1)
                }

    run(test())


def test_the_counts_change_within_a_pass() -> None:
    """What the device says last is what counts: the general words may be read twice in a pass."""

    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            device.pins |= {1003: 1, 1004: 4}

            def grow(device: Hostile, peer: Peer, request: Request) -> None:
                hostile.honest(device, peer, request)
                device.pins |= {1003: 2, 1004: 8}

            device.script = [hostile.honest, grow]
            snapshot = await scrape(a)
            check_true_but_counts(snapshot, device)
            assert snapshot.groups == ALL
            snapshot = await scrape(a)
            check_true(snapshot, device)
            assert snapshot.groups == ALL
            assert 1060 + 5 * 7 in words(snapshot)

    def check_true_but_counts(snapshot, device) -> None:
        assert all(device.truth[1, name] == raw for name, raw in words(snapshot).items())

    run(test())


@pytest.mark.parametrize(
    ("strings", "modules", "bad", "text"),
    [
        (2, 331, "modules", "331 modules, but the map holds 330"),
        (11, 40, "strings", "11 strings, but the map holds 10"),
    ],
)
def test_more_than_the_map_holds(
    strings: int, modules: int, bad: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            device.pins |= {1003: strings, 1004: modules}
            for _ in range(3):
                snapshot = await scrape(devices.devices["a"])
                check_true(snapshot, device)
                assert snapshot.groups == ALL | {bad: False}
                assert snapshot.errors == (text,)

    with caplog.at_level(logging.INFO, logger="exporter"):
        run(test())
    lines = [record for record in caplog.records if record.__dict__.get("error") == text]
    assert len(lines) == 1
    assert lines[0].__dict__["not_read"] == bad


@pytest.mark.parametrize(("address", "count"), [(1004, 331), (1004, 65535), (1003, 11)])
def test_a_count_that_the_map_cannot_hold_relabels_nothing(address: int, count: int) -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            good = {1003: 2, 1004: 8}
            device.pins |= good | dict.fromkeys(range(1063, 1100, 5), 0)
            await scrape(a)
            group = {1003: "strings", 1004: "modules"}[address]
            for _ in range(2):
                device.pins[address] = count
                snapshot = await scrape(a)
                labels = [dict(s.labels) for s, _ in snapshot.readings["generex_bacs_module_volts"]]
                assert labels == [
                    {"module": str(number), "string": "1" if number <= 4 else "2"} for number in range(1, 9)
                ]
                assert snapshot.groups == ALL | {group: False}
                assert len(snapshot.errors) == 1
            device.pins |= good
            snapshot = await scrape(a)
            assert len(snapshot.readings["generex_bacs_module_volts"]) == 8
            assert snapshot.groups == ALL

    run(test())


def test_a_cut_bus_cable_renumbers_nothing() -> None:
    """The device's own count shrinks; the modules that were seen stay expected, in their strings."""

    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *BACS]) as device,
            fleet({"name": "a", "target": device.target(), **LONG}) as devices,
        ):
            a = devices.devices["a"]
            device.pins |= {1003: 2, 1004: 8}
            device.pins |= dict.fromkeys(range(1063, 1100, 5), 0)  # no alarms
            before = await scrape(a)
            device.pins |= dict.fromkeys(range(1060 + 5 * 4, 1060 + 5 * 8), FILLER) | {1004: 4}
            for _ in range(2):
                cut = await scrape(a)
                check_true(cut, device)
                present = {
                    dict(series.labels)["module"]: (dict(series.labels)["string"], raw)
                    for series, raw in cut.readings["generex_bacs_module_present"]
                }
                assert present == {
                    str(number): ("1" if number <= 4 else "2", 1 if number <= 4 else 0)
                    for number in range(1, 9)
                }
                volts = [dict(s.labels)["module"] for s, _ in cut.readings["generex_bacs_module_volts"]]
                assert volts == ["1", "2", "3", "4"]
                assert cut.groups == ALL
            assert len(before.readings["generex_bacs_module_present"]) == 8

    run(test())
