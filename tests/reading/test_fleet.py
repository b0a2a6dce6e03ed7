"""All devices: what a reload keeps, how many connections are kept, and that nothing grows."""

import asyncio
import gc
import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.errors import UserError
from exporter.reading.device.fleet import MAX_PROBED, Fleet
from exporter.reading.transport.resolve import Resolver
from exporter.targets import parse_target
from tests import hostile
from tests.hostile import UPS, Clock, Hostile, config, errors, fleet, open_files, scrape
from tests.loops import run, work


def test_a_reload_keeps_what_did_not_change() -> None:
    async def test() -> None:
        async with Hostile(served=set(UPS) - {97}) as one, Hostile() as two, Hostile() as three:
            entries = {
                name: {"name": name, "target": device.target()}
                for name, device in (("one", one), ("two", two), ("three", three))
            }
            async with fleet(*entries.values()) as devices:
                for device in devices.devices.values():
                    await scrape(device)
                before = dict(devices.devices)
                asked = len(one.requests)
                counted = before["two"].counters.requests
                assert counted
                changed = {**entries["two"], "labels": {"site": "here"}}
                devices.apply(config(entries["one"], changed))

                assert devices.devices["one"] is before["one"]
                await scrape(devices.devices["one"])
                assert len(one.requests) == asked + 1  # it still knows that 97 is refused
                assert one.connections == 1

                assert devices.devices["two"] is not before["two"]
                assert devices.devices["two"].counters.requests == counted
                await scrape(devices.devices["two"])
                assert two.connections == 1

                await hostile.until(lambda: not three.peers)

    run(test())


def test_others_run_while_a_reload_goes_over_and_nothing_learned_meanwhile_is_lost() -> None:
    async def test() -> None:
        async with Hostile(served=set(UPS) - {97}) as one:
            many = [{"name": f"d{at}", "target": f"127.1.{at // 250}.{at % 250}"} for at in range(1000)]
            entry = {"name": "one", "target": one.target()}
            async with fleet(entry, *many) as devices:
                before = devices.devices["one"]
                changed = ({**each, "labels": {"site": "here"}} for each in (entry, *many))
                turns, seen = 0, set()
                for _ in devices.go_over(devices.prepare(config(*changed))):
                    turns += 1
                    device = devices.devices["one"]
                    assert (await scrape(device)).up
                    seen.add(device is before)
                asked = len(one.requests)
                await scrape(devices.devices["one"])
                assert len(one.requests) == asked + 1  # a scrape in between has learned that 97 is refused
                assert one.connections == 1
                assert turns >= 8, "of a reload of a thousand devices"
                assert seen == {True, False}

    run(test())


def test_a_renamed_device_keeps_its_line_whatever_is_probed_while_a_reload_goes_over() -> None:
    async def test() -> None:
        async with Hostile(units=(1,)) as gateway, Hostile() as other:
            rules = {"allow": [f"127.0.0.1:{other.port}"]}

            def entries(name: str) -> list[dict[str, object]]:
                return [{"name": f"{name}{unit}", "target": gateway.target(unit)} for unit in (1, 2)]

            async with fleet(*entries("old"), probe=rules) as devices:
                for name in ("old1", "old2", "old1"):
                    await scrape(devices.devices[name])
                connections, line = gateway.connections, devices.devices["old1"].line
                for _ in devices.go_over(devices.prepare(config(*entries("new"), probe=rules))):
                    if "new1" in devices.devices:
                        devices.probed(parse_target(other.target()), "ups")
                assert (await scrape(devices.devices["new1"])).up
                assert devices.devices["new1"].line is line
                assert line.may_be_silent(2), "it still knows which unit is silent"
                assert gateway.connections == connections

    run(test())


def test_a_reload_keeps_probed_devices_and_what_their_lines_owe() -> None:
    """Behind a serial server the late answer comes over the next connection too."""

    async def test() -> None:
        async with Hostile("rtu-tcp") as device:
            entry = {"name": "x", "target": "127.0.0.1:1"}
            rules = {"allow": [f"127.0.0.1:{device.port}"]}
            target = parse_target(device.target())
            async with fleet(entry, probe=rules) as devices:
                a = devices.probed(target, "ups")
                line = a.line
                device.behaviour = hostile.silent
                leaving = asyncio.create_task(scrape(a))
                await hostile.until(lambda: device.requests)
                leaving.cancel()
                await asyncio.gather(leaving, return_exceptions=True)
                devices.apply(config(entry, probe=rules))
                assert devices.probed(target, "ups") is a
                # not allowed for a moment: the device is gone, what it owes is not
                devices.apply(config(entry))
                devices.apply(config(entry, probe=rules))
                again = devices.probed(target, "ups")
                assert again is not a
                assert again.line is line
                assert line.connection.owed
                device.behaviour = hostile.honest
                assert (await scrape(again)).up
                assert not line.connection.owed
                devices.apply(config(entry))
                assert devices._lines.known(target.endpoint) is not line

    run(test())


def test_a_bad_new_configuration_changes_nothing() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet({"name": "a", "target": device.target()}) as devices,
        ):
            before = devices.devices["a"]
            await scrape(before)
            bad = config({"name": "a", "target": device.target()}, {"name": "b", "target": "127.0.0.2"})
            object.__setattr__(bad.devices[1], "maps", ("everexceed",))
            object.__setattr__(bad.devices[1].options, "max_words", 0)
            with pytest.raises(UserError):
                devices.apply(bad)
            assert devices.devices == {"a": before}
            assert (await scrape(before)).up
            assert device.connections == 1

    run(test())


def test_a_removed_device_ends_its_pass_and_closes() -> None:
    async def test() -> None:
        async with (
            Hostile() as device,
            fleet(
                {"name": "a", "target": device.target(), "request_timeout": "1s", "timeout": "5s"}
            ) as devices,
        ):
            device.script = [hostile.late(0.1, in_time=True)]
            scraping = asyncio.create_task(scrape(devices.devices["a"]))
            await hostile.until(lambda: device.requests)
            devices.apply(config())
            assert device.peers
            assert (await scraping).up
            await hostile.until(lambda: not device.peers)

    run(test())


def test_a_device_that_goes_and_comes_back_never_has_two_connections() -> None:
    async def test() -> None:
        async with Hostile() as device:
            entry = {"name": "a", "target": device.target(), "request_timeout": "1s", "timeout": "5s"}
            async with fleet(entry) as devices:
                device.script = [hostile.late(0.15, in_time=True)]
                first = asyncio.create_task(scrape(devices.devices["a"]))
                await hostile.until(lambda: device.requests)
                devices.apply(config())
                devices.apply(config(entry))
                second = await scrape(devices.devices["a"])
                assert second.up
                assert (await first).up
                assert device.most_open == 1
                # and it is kept, as that of any device
                assert (await scrape(devices.devices["a"])).up
                assert device.connections == 1

    run(test())


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_one_place_has_one_connection_however_it_is_written(transport: str) -> None:
    async def test() -> None:
        async with Hostile(transport, units=(1, 2)) as device:
            first, second = device.target(1), device.target(2).replace("127.0.0.1", "[::ffff:127.0.0.1]")
            if transport == "rtu":
                second = second.replace(device.path, parse_target(device.target()).endpoint.place[2])
            entries = [
                {"name": name, "target": target, "request_timeout": "1s", "timeout": "5s"}
                for name, target in (("a", first), ("b", second))
            ]
            async with fleet(*entries) as devices:
                a, b = devices.devices["a"], devices.devices["b"]
                assert a.line is b.line
                snapshots = await asyncio.gather(scrape(a), scrape(b))
                assert all(snapshot.up for snapshot in snapshots)
                # one of them comes with a reload, before the one that stays
                devices.apply(config(entries[0]))
                devices.apply(config(*reversed(entries)))
                assert devices.devices["a"] is a
                assert devices.devices["b"].line is a.line
                assert device.most_open <= 1
            # the other writing alone is a line of its own: it may lead elsewhere tomorrow
            async with fleet(entries[0]) as devices:
                devices.apply(config(entries[1]))
                assert (await scrape(devices.devices["b"])).up

    run(test())


def test_a_probed_place_has_one_transport_at_a_time() -> None:
    async def test() -> None:
        async with Hostile() as device:
            rules = {"allow": [f"127.0.0.1:{device.port}"]}
            async with fleet(probe=rules) as devices:
                wrong = devices.probed(parse_target(f"rtu-tcp://127.0.0.1:{device.port}"), "ups")
                device.behaviour = hostile.silent
                asking = asyncio.create_task(scrape(wrong, 0.5))
                await hostile.until(lambda: device.peers)
                right = parse_target(f"tcp://[::ffff:127.0.0.1]:{device.port}")
                with pytest.raises(UserError, match=r"is being read as .*: one place has one transport"):
                    devices.probed(right, "ups")
                await asking
                device.behaviour = hostile.honest
                assert (await scrape(devices.probed(right, "ups"))).up
                assert device.most_open == 1
                again = devices.probed(parse_target(f"127.0.0.1:{device.port}"), "ups")
                assert again.line.connection.connected
                # and what a reload configures there takes the place
                target = f"rtu-tcp://127.0.0.1:{device.port}"
                devices.apply(config({"name": "a", "target": target}, probe=rules))
                await hostile.until(lambda: not device.peers)

    run(test())


_PATIENT = {"request_timeout": "2s", "timeout": "5s"}


class _Names(Resolver):
    """A name server that says what it is told to."""

    def __init__(self, **found: str) -> None:
        super().__init__()
        self.found = found
        self.asked = 0

    async def addresses(self, host: str) -> list[str]:
        self.asked += 1
        return self.found.get(host.partition(".")[0], host).split()


def test_one_place_has_one_connection_whatever_name_leads_there() -> None:
    """Two units behind one gateway, three names; who comes first does not matter."""

    async def test() -> None:
        async with Hostile(units=(1, 2)) as device:
            names = _Names(a="127.0.0.1", b="127.0.0.1", c="::ffff:127.0.0.1")
            written = {"a": f"a.test:{device.port}?unit=1", "b": f"b.test:{device.port}?unit=2"}
            entries = [{"name": n, "target": t, **_PATIENT} for n, t in written.items()]
            rules = {"allow": [f"c.test:{device.port}", f"127.0.0.1:{device.port}"]}
            devices = Fleet(config(*entries, probe=rules), names, check_names=True)
            strangers = [f"c.test:{device.port}", f"127.0.0.1:{device.port}?unit=2"]
            for _ in range(3):
                probed = [devices.probed(parse_target(text), "ups") for text in strangers]
                passes = [scrape(one) for one in (*devices.devices.values(), *probed)]
                assert all(snapshot.up for snapshot in await asyncio.gather(*passes))
            assert device.connections == 1
            # a reload that changes a label keeps it
            devices.apply(config({**entries[0], "labels": {"site": "x"}}, entries[1], probe=rules))
            assert (await scrape(devices.devices["a"])).up
            assert device.connections == 1
            devices.apply(config())
            await hostile.until(lambda: not device.peers)
            devices.close()

    run(test())


def test_a_device_under_two_names_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Only a look-up shows it; another unit there is another device."""

    async def test() -> None:
        async with Hostile(units=(1, 2)) as device:
            port = device.port
            targets = (f"a.test:{port}", f"127.0.0.1:{port}", f"c.test:{port}?unit=2")
            entries = [{"name": target, "target": target, **_PATIENT} for target in targets]
            devices = Fleet(config(*entries), _Names(a="127.0.0.1", c="127.0.0.1"))
            for _ in range(3):
                for one in devices.devices.values():
                    assert (await scrape(one)).up
            devices.close()
            (line,) = [one for one in caplog.records if one.message == "one device is configured twice"]
            said = {line.__dict__["target"], line.__dict__["also"]}
            assert said == {f"tcp://a.test:{device.port}", f"tcp://127.0.0.1:{device.port}"}

    run(test())


def test_a_name_that_leads_elsewhere_now_is_followed_although_its_old_place_is_still_read() -> None:
    async def test() -> None:
        async with Hostile() as old, Hostile() as new:
            elsewhere = await asyncio.get_running_loop().create_server(
                lambda: hostile._Connection(new), "127.0.0.2", old.port
            )
            names = _Names(a="127.0.0.1")
            entries = [
                {"name": "a", "target": f"a.test:{old.port}", **_PATIENT},
                {"name": "b", "target": f"127.0.0.1:{old.port}?unit=1", **_PATIENT},
            ]
            devices = Fleet(config(*entries), names)
            a, b = devices.devices.values()
            assert all(snapshot.up for snapshot in [await scrape(b), await scrape(a)])
            assert (old.connections, new.connections) == (1, 0)
            names.found["a"] = "127.0.0.2"
            assert all(snapshot.up for snapshot in [await scrape(b), await scrape(a)])
            assert (old.connections, new.connections) == (1, 1)
            asked = len(old.requests)
            assert (await scrape(a)).up
            assert len(old.requests) == asked
            devices.close()
            elsewhere.close()

    run(test())


def test_no_device_is_read_at_an_address_that_its_target_does_not_lead_to() -> None:
    """A name with two addresses shares a place with a device at one of them; then it leads elsewhere."""

    async def test() -> None:
        async with Hostile() as one, Hostile() as two:
            elsewhere = await asyncio.get_running_loop().create_server(
                lambda: hostile._Connection(two), "127.0.0.2", one.port
            )
            names = _Names(a="127.0.0.1 127.0.0.2", c="127.0.0.2 127.0.0.1")
            entries = [
                {"name": host[0], "target": f"{host}:{one.port}", **_PATIENT}
                for host in ("a.test", "b", "c.test")
            ]
            entries[1]["target"] = f"127.0.0.2:{one.port}"
            devices = Fleet(config(entries[0]), names)

            async def asked_of(name: str) -> tuple[bool, bool]:
                before = len(one.requests), len(two.requests)
                assert (await scrape(devices.devices[name])).up
                return len(one.requests) > before[0], len(two.requests) > before[1]

            assert await asked_of("a") == (True, False)
            devices.apply(config(*entries))
            assert await asked_of("b") == (False, True)
            # both may be read where all that the one leads to is what the other leads to
            assert await asked_of("c") == (False, True)
            assert devices.devices["c"].line is devices.devices["b"].line
            assert await asked_of("a") == (True, False)
            line = devices.devices["a"].line
            assert line is not None
            line.connection.close()
            names.found["a"] = "127.0.0.3 127.0.0.2"
            assert await asked_of("a") == (False, True)
            # one that was not there before is found, too
            names.found["a"] = "127.0.0.4"
            devices.apply(config(entries[0]))
            devices.devices["a"].line.connection.close()
            assert not (await scrape(devices.devices["a"])).up
            names.found["a"] = "127.0.0.4 127.0.0.1"
            assert await asked_of("a") == (True, False)
            devices.close()
            elsewhere.close()

    run(test())


def test_a_name_is_followed_although_its_old_place_still_answers() -> None:
    """Whoever replaces a UPS may leave the old one running; and a name server may be down meanwhile."""

    async def test() -> None:
        async with Hostile() as old, Hostile() as new:
            elsewhere = await asyncio.get_running_loop().create_server(
                lambda: hostile._Connection(new), "127.0.0.2", old.port
            )
            clock, names = Clock(), _Names(a="127.0.0.1")
            devices = Fleet(
                config({"name": "a", "target": f"a.test:{old.port}", **_PATIENT}), names, clock=clock
            )
            for found, connections in (
                ("127.0.0.1", (1, 0)),
                ("", (1, 0)),
                ("127.0.0.1", (1, 0)),
                ("127.0.0.2", (1, 1)),
                ("127.0.0.2 127.0.0.1", (1, 1)),
            ):
                names.found["a"] = found
                clock.advance(600)
                assert (await scrape(devices.devices["a"])).up
                asked = names.asked
                assert (await scrape(devices.devices["a"])).up
                assert names.asked == asked, "not in every pass"
                assert (old.connections, new.connections) == connections
            await hostile.until(lambda: not old.peers)
            devices.close()
            elsewhere.close()

    run(test())


@pytest.mark.parametrize("first", ["by_id", "plain"])
def test_a_serial_adapter_that_is_another_one_now_is_read_by_its_own_path(first: str) -> None:
    """Two paths lead to one port; plugged in anew, they are two ports, and then one again."""

    async def test() -> None:
        async with Hostile("rtu", units=(1, 2)) as one, Hostile("rtu", units=(1, 2)) as two:
            port, other = (parse_target(device.target()).endpoint.place[2] for device in (one, two))
            link = Path(one.path).with_name("by-id")
            link.symlink_to(port)
            targets = {"by_id": one.target(1).replace(one.path, str(link))}
            targets["plain"] = one.target(2).replace(one.path, port)
            entries = {name: {"name": name, "target": target, **_PATIENT} for name, target in targets.items()}
            async with fleet(entries.pop(first), *entries.values()) as devices:
                by_id, plain = (devices.devices[name] for name in ("by_id", "plain"))
                for place, asked in ((port, one), (other, two), (port, one)):
                    link.unlink()
                    link.symlink_to(place)
                    for device in (by_id, plain):
                        device.line.connection.close()
                    for device, hears in ((by_id, asked), (plain, one)):
                        before = len(hears.requests)
                        assert (await scrape(device)).up
                        assert len(hears.requests) > before
                    assert (by_id.line is plain.line) is (place == port)

    run(test())


def test_a_name_that_leads_to_a_place_with_another_transport_is_told_so() -> None:
    async def test() -> None:
        async with Hostile() as device:
            place, alias = f"127.0.0.1:{device.port}", f"a.test:{device.port}"
            rules = {"allow": [place, alias]}
            devices = Fleet(
                config({"name": "x", "target": place, **_PATIENT}, probe=rules), _Names(a="127.0.0.1")
            )
            assert (await scrape(devices.devices["x"])).up
            probed = devices.probed(parse_target(f"rtu-tcp://{alias}"), "ups")
            snapshot = await scrape(probed)
            assert snapshot.groups == {"ups": False}
            assert snapshot.errors == (
                f'"rtu-tcp://{alias}" leads to where "tcp://{place}" is: one place has one transport',
            )
            assert device.connections == 1
            devices.close()
            # and a stranger who came first does not keep the configured device from being read
            devices = Fleet(
                config({"name": "x", "target": alias, **_PATIENT}, probe=rules), _Names(a="127.0.0.1")
            )
            first = devices.probed(parse_target(f"rtu-tcp://{place}"), "ups")
            device.behaviour = hostile.silent
            asking = asyncio.create_task(scrape(first))
            await hostile.until(lambda: len(device.requests) or len(device.peers))
            device.behaviour = hostile.honest
            assert (await scrape(devices.devices["x"])).up
            await asking
            assert not (await scrape(first)).up
            assert (await scrape(devices.devices["x"])).up
            devices.close()

    run(test())


class _Slow(Resolver):
    """A name server that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def addresses(self, host: str) -> list[str]:
        self.asked.set()
        await self.go.wait()
        return ["127.0.0.1"]


def test_a_device_that_is_removed_while_its_name_is_looked_up_is_still_read() -> None:
    """It was configured when its pass began: no rule of probe.allow has anything to do with it."""

    async def test() -> None:
        async with Hostile() as device:
            names = _Slow()
            target = f"ups.test:{device.port}"
            devices = Fleet(config({"name": "a", "target": target}), names, check_names=True)
            asking = asyncio.create_task(scrape(devices.devices["a"]))
            await names.asked.wait()
            devices.apply(config())
            names.go.set()
            assert (await asking).up
            # who is only allowed there is judged by the rules again
            devices.apply(config(probe={"allow": [target]}))
            probed = await scrape(devices.probed(parse_target(target), "ups"))
            assert "which probe.allow does not cover" in probed.errors[0]
            devices.close()

    run(test())


def test_connections_to_probed_addresses_are_limited() -> None:
    async def test() -> None:
        async with Hostile("tcp", units=range(256)) as device:
            rules = {"allow": ["127.0.0.0/8:1-65535"]}
            try:
                config(probe=rules)
            except UserError:
                rules = {"allow": [f"127.0.0.0/8:{device.port}"]}
            async with fleet(probe=rules) as devices:
                # one listener on many addresses: each is a line of its own
                loop = asyncio.get_running_loop()
                server = await loop.create_server(lambda: hostile._Connection(device), "0.0.0.0", 0)
                port = server.sockets[0].getsockname()[1]
                for number in range(MAX_PROBED + 20):
                    target = parse_target(f"127.0.1.{number + 1}:{port}")
                    assert (await scrape(devices.probed(target, "ups"))).up
                await hostile.until(lambda: len(device.peers) == MAX_PROBED)
                # the ones asked last are kept
                assert (await scrape(devices.probed(target, "ups"))).up
                assert device.connections == MAX_PROBED + 20
                assert devices.probed_counters.requests == MAX_PROBED + 21
                server.close()

    run(test())


def test_probing_a_dead_address_leaves_nothing_open() -> None:
    async def test() -> None:
        async with fleet() as devices:
            device = devices.probed(parse_target("127.0.0.1:1"), "ups")
            for _ in range(3):
                assert not (await scrape(device, 0.5)).up
            assert set(errors(device)) == {"connect"}

    run(test())


def test_two_thousand_scrapes_leave_nothing_behind() -> None:
    async def test() -> None:
        async with (
            Hostile(served=[*UPS, *range(1000, 2710)]) as device,
            Hostile() as rude,
            fleet(
                {"name": "a", "target": device.target(), "module": "cs141", "timeout": "5s"},
                {"name": "b", "target": rude.target(), "timeout": "5s"},
            ) as devices,
        ):
            device.pins |= {1003: 1, 1004: 4}
            a, b = devices.devices["a"], devices.devices["b"]

            async def round(number: int) -> None:
                rude.script = [(hostile.honest, hostile.close, hostile.exception(4))[number % 3]]
                await asyncio.gather(scrape(a), scrape(a), scrape(b))
                device.requests.clear()
                rude.requests.clear()

            async def weigh(rounds: int) -> tuple[int, int, int]:
                for number in range(rounds):
                    await round(number)
                gc.collect()
                memory = tracemalloc.get_traced_memory()[0]
                return len(asyncio.all_tasks()), open_files(), memory

            await weigh(60)
            tracemalloc.start()
            try:
                before = await weigh(30)
                after = await weigh(660)
            finally:
                tracemalloc.stop()
            assert after[:2] == before[:2]
            assert after[2] - before[2] < 100_000, "bytes more after 2,000 scrapes"

    run(test())


def test_the_fleet_closes_under_running_passes() -> None:
    async def test() -> None:
        async with Hostile() as one, Hostile("rtu") as two:
            devices = Fleet(
                config(
                    {"name": "a", "target": one.target(), "request_timeout": "4s", "timeout": "5s"},
                    {"name": "b", "target": two.target(), "request_timeout": "4s", "timeout": "5s"},
                )
            )
            one.behaviour = two.behaviour = hostile.silent
            scrapes = [asyncio.create_task(scrape(device)) for device in devices.devices.values()]
            await hostile.until(lambda: one.requests and two.requests)
            for task in scrapes:
                task.cancel()
            await asyncio.gather(*scrapes, return_exceptions=True)
            devices.close()
            await hostile.until(lambda: not one.peers and len(asyncio.all_tasks()) == 1)

    run(test())


class _Late:
    """A device that notes by when it is to answer."""

    silent, asked = False, 0

    def __init__(self, deadlines: list[float]) -> None:
        self.deadlines = deadlines

    async def scrape(self, deadline: float) -> None:
        self.deadlines.append(deadline)


@pytest.mark.parametrize(("number", "step"), [(1, 0.0), (10, 0.005), (1000, 0.002)])
def test_the_passes_of_a_fleet_end_one_after_the_other(number: int, step: float) -> None:
    """Were all silent, their ends would hold up everything else; 1000 devices take a fifth of the 10 s."""

    async def test() -> None:
        async with fleet({"name": "a", "target": "tcp://127.0.0.1:9"}) as devices:
            deadlines: list[float] = []
            devices.devices = {f"d{n}": _Late(deadlines) for n in range(number)}
            end = asyncio.get_running_loop().time() + 10
            assert len(await devices.scrape(end)) == number
            devices.devices = {}
            steps = [later - earlier for earlier, later in itertools.pairwise(deadlines)]
            assert deadlines[-1] == pytest.approx(end, abs=0.001)
            assert steps == pytest.approx([step] * (number - 1), rel=0.01)

    run(test())


class _Reloads:
    """A device during whose scrape the configuration is read again."""

    silent, asked = False, 0

    def __init__(self, reload: Callable[[], None]) -> None:
        self.reload = reload

    async def scrape(self, deadline: float) -> str:
        self.reload()
        return "asked"


def test_a_device_that_a_reload_removes_while_a_fleet_is_asked_is_left_out() -> None:
    async def test() -> None:
        async with Hostile() as device, fleet({"name": "a", "target": device.target()}) as devices:
            only = dict(devices.devices)
            reloads = _Reloads(lambda: setattr(devices, "devices", only))
            devices.devices = {"first": reloads, **only, "gone": reloads}  # type: ignore[dict-item]
            answers = await devices.scrape(asyncio.get_running_loop().time() + 5)
            assert len(answers) == 2
            assert str(answers[0]) == "asked"
            assert answers[1].device.name == "a"

    run(test())


class _SlowMachine(Resolver):
    """A name server that knows no name; each look-up keeps the machine busy for so many seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.seconds = 0.0

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        work(self.seconds)
        return []


@pytest.mark.parametrize("busy", [0.03, 0.02])
def test_where_a_machine_is_too_slow_the_silent_take_turns_and_the_living_are_read(
    busy: float, caplog: pytest.LogCaptureFixture
) -> None:
    """The deadline holds, and the devices at the end of the file are asked as often as the others."""

    async def test() -> None:
        hosts = [f"dead{number}.test" for number in range(30)]
        names, loop = _SlowMachine(), asyncio.get_running_loop()
        async with Hostile() as device:
            alive = {"name": "alive", "target": device.target(), **_PATIENT}
            devices = Fleet(config(*({"name": host, "target": host} for host in hosts), alive), names)
            await devices.scrape(loop.time() + 10)
            assert names.asked == hosts
            names.seconds = busy
            for _ in range(6):
                before = len(names.asked)
                snapshots = await devices.scrape(loop.time() + 0.5)
                asked = names.asked[before:]
                assert [one.device.name for one in snapshots] == [*hosts, "alive"]
                assert snapshots[-1].up
                left = {
                    one.device.name for one in snapshots if one.errors == ("not asked: no time was left",)
                }
                assert left == {*hosts} - {*asked} != set()
            counts = [names.asked.count(host) for host in hosts]
            assert len(names.asked) > 60
            assert max(counts) - min(counts) <= 2
            devices.close()

    run(test())
    (line,) = [one for one in caplog.records if one.name.endswith("fleet")]
    assert line.message == "no time to ask all devices: this machine is too slow for one scrape of them"
