"""Where `/probe` can make the exporter connect to: configured places and allowed ones, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from exporter.config import Config, Probe, load_config
from exporter.config.allow import AllowRule
from exporter.reading.device.fleet import Fleet
from exporter.reading.transport.resolve import Resolver
from exporter.targets import Endpoint, parse_target
from tests.hostile import Hostile
from tests.loops import run
from tests.security.secured import Server, put, secured

QUICK = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}


class Names(Resolver):
    """A name server under someone else's control: each lookup of a name takes its next answer."""

    def __init__(self, answers: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__()
        self._answers = {name: list(items) for name, items in (answers or {}).items()}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> list[str]:
        if host[0].isdigit() or ":" in host:
            return await super().addresses(host)
        self.asked.append(host)
        answers = self._answers[host]
        return [answers.pop(0) if len(answers) > 1 else answers[0]]


@asynccontextmanager
async def probing(folder: Path, names: Names, *allow: str, devices: str = "[]") -> AsyncIterator[Server]:
    put(folder / "c.yaml", f"devices: {devices}\nprobe: {{allow: {list(allow)}}}\n")
    async with secured(config=folder / "c.yaml") as server:
        server.state.fleet = Fleet(server.state.config, names, check_names=True)
        yield server


async def probe(server: Server, target: str, status: int = 200) -> str:
    answer = await server.ask(f"/probe?target={quote(target)}&debug=true", headers=QUICK)
    assert answer.status == status, answer.text
    return answer.text


def test_a_name_is_looked_up_once_and_that_address_is_connected_to(tmp_path: Path) -> None:
    """127.0.0.2 is where the second lookup would lead."""

    async def play() -> None:
        async with Hostile() as device:
            elsewhere: list[object] = []
            trap = await asyncio.start_server(
                lambda _, writer: elsewhere.append(writer), "127.0.0.2", device.port
            )
            names = Names({"ups.test": ["127.0.0.1", "127.0.0.2"]})
            allow = (f"ups.test:{device.port}", f"127.0.0.1:{device.port}")
            async with probing(tmp_path, names, *allow) as server:
                for _ in range(3):
                    assert "up       1" in await probe(server, f"ups.test:{device.port}")
                assert names.asked == ["ups.test"]
                # a new connection asks anew, and what it gets is checked again
                device.peers[0].close()
                text = await probe(server, f"ups.test:{device.port}")
                assert "up       0" in text
                assert '"ups.test" leads to 127.0.0.2, which probe.allow does not cover' in text
                assert elsewhere == []
            trap.close()

    run(play())


def test_a_name_that_nobody_allowed_is_not_even_looked_up(tmp_path: Path) -> None:
    async def play() -> None:
        names = Names()
        async with probing(tmp_path, names, "0.0.0.0/0", "ups.test") as server:
            for target in (
                "evil.test",
                "ups.test.evil.test",
                "x.ups.test",
                "ups.test:503",
                "localhost",
                "rtu:///dev/ttyS0",
                "rtu:///etc/passwd",
                "rtu-tcp://ups.test:503",
            ):
                await probe(server, target, 403)
            for target in (
                "2130706433",
                "0x7f.1",
                "127.1",
                "127.0.0.1.",
                "127.0.0.01",
                "http://ups.test",
                "tcp://ups.test@evil.test",
                "ups.test#evil.test",
                "ups.test/evil",
            ):
                await probe(server, target, 400)
            assert names.asked == []

    run(play())


def test_a_configured_name_may_lead_anywhere(tmp_path: Path) -> None:
    async def play() -> None:
        async with Hostile() as device:
            names = Names({"ups.test": ["127.0.0.1"]})
            devices = f"[{{name: a, target: 'ups.test:{device.port}'}}]"
            async with probing(tmp_path, names, devices=devices) as server:
                assert "up       1" in await probe(server, "a")
                assert "up       1" in await probe(server, f"ups.test:{device.port}")

    run(play())


@pytest.mark.parametrize(
    "target", ["rtu:///dev/../dev/ttyUSB0", "rtu:///dev/ttyUSB00", "rtu:////dev/ttyUSB1"]
)
def test_a_serial_path_is_open_only_where_it_is_configured(tmp_path: Path, target: str) -> None:
    async def play() -> None:
        devices = "[{name: a, target: 'rtu:///dev/ttyUSB0'}]"
        async with probing(tmp_path, Names(), "0.0.0.0/0", devices=devices) as server:
            text = await probe(server, target, 403)
            assert "serial lines are read only for configured devices" in text

    run(play())


@pytest.mark.parametrize(
    ("allow", "host", "address", "may"),
    [
        (["ups.test"], "ups.test", "10.0.0.7", True),
        (["ups.test"], "ups.test", "2001:db8::7", True),
        (["ups.test"], "ups.test", "127.0.0.1", False),
        (["ups.test"], "ups.test", "127.9.9.9", False),
        (["ups.test"], "ups.test", "::1", False),
        (["ups.test"], "ups.test", "::ffff:127.0.0.1", False),
        (["ups.test"], "ups.test", "0.0.0.0", False),
        (["ups.test"], "ups.test", "169.254.169.254", False),
        (["ups.test"], "ups.test", "fe80::1%eth0", False),
        (["ups.test"], "ups.test", "224.0.0.1", False),
        (["ups.test", "127.0.0.1"], "ups.test", "127.0.0.1", True),
        (["ups.test", "127.0.0.0/8"], "ups.test", "127.0.0.2", True),
        (["ups.test", "127.0.0.1:503"], "ups.test", "127.0.0.1", False),
        (["localhost"], "localhost", "127.0.0.1", True),
        (["ups.localhost"], "ups.localhost", "::1", True),
        (["notlocalhost"], "notlocalhost", "::1", False),
    ],
)
def test_where_an_allowed_name_may_lead(allow: list[str], host: str, address: str, may: bool) -> None:
    rules = Probe(tuple(map(AllowRule.parse, allow)))
    assert rules.may_lead_to(Endpoint("tcp", host, 502), address) is may


def test_localhost_by_name_in_real(tmp_path: Path) -> None:
    async def play() -> None:
        async with Hostile() as device:
            put(tmp_path / "c.yaml", f"probe: {{allow: ['localhost:{device.port}']}}\n")
            config: Config = load_config(tmp_path / "c.yaml")
            assert config.probe.allow
            async with secured(config=tmp_path / "c.yaml") as server:
                assert "up       1" in await probe(server, f"localhost:{device.port}")

    run(play())


def test_an_allowed_name_of_a_configured_place_opens_no_second_connection(tmp_path: Path) -> None:
    async def play() -> None:
        async with Hostile() as device:
            put(
                tmp_path / "c.yaml",
                f"devices: [{{name: a, target: '127.0.0.1:{device.port}'}}]\n"
                f"probe: {{allow: ['localhost:{device.port}']}}\n",
            )
            async with secured(config=tmp_path / "c.yaml") as server:
                for target in ("a", f"localhost:{device.port}", f"LOCALHOST.:{device.port}", "a"):
                    assert "up       1" in await probe(server, target)
                assert device.connections == 1

    run(play())


def test_a_configured_place_is_one_device_however_it_is_written(tmp_path: Path) -> None:
    async def play() -> None:
        async with Hostile() as device:
            devices = f"[{{name: a, target: '127.0.0.1:{device.port}'}}]"
            async with probing(tmp_path, Names(), "127.0.0.0/8", devices=devices) as server:
                for target in (
                    f"127.0.0.1:{device.port}",
                    f"[::ffff:127.0.0.1]:{device.port}",
                    f"tcp://[::FFFF:7f00:1]:{device.port}?unit=1",
                ):
                    assert "device   a\n" in await probe(server, target)
                text = await probe(server, f"rtu-tcp://127.0.0.1:{device.port}", 400)
                assert text == (
                    f'"rtu-tcp://127.0.0.1:{device.port}" is where the configured device "a" is, which is '
                    "read as tcp: one place has one transport\n"
                )
                assert device.connections == 1

    run(play())


def test_a_serial_line_is_one_device_under_all_its_paths(tmp_path: Path) -> None:
    async def play() -> None:
        async with Hostile("rtu") as device:
            terminal = parse_target(device.target()).endpoint.place[2]
            devices = f"[{{name: a, target: '{device.target()}'}}]"
            async with probing(tmp_path, Names(), devices=devices) as server:
                for path in (device.path, terminal, terminal.replace("/pts/", "//pts/")):
                    assert "device   a\n" in await probe(server, f"rtu://{path}")
                # a link that a stranger names is followed nowhere else
                (tmp_path / "link").symlink_to(terminal)
                await probe(server, f"rtu://{tmp_path}/link", 403)

    run(play())


def test_a_password_is_not_repeated(tmp_path: Path) -> None:
    async def play() -> None:
        async with probing(tmp_path, Names()) as server:
            for target in ("tcp://admin:s3cret@10.0.0.7", "rtu://admin:s3cret@h", "http://s3cret@h"):
                assert "s3cret" not in await probe(server, target, 400)

    run(play())
