"""Every path: what it answers, which parameters it takes, and the text of every error (design 2.2)."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.config import load_config
from exporter.maps import built_in_maps, modules_of
from exporter.simulator.server import Simulator
from tests import loops
from tests.web.webcase import Client, put, serving, until, value

Play = Callable[[Client, Simulator, Simulator, Simulator], Awaitable[None]]

PATHS = ("/", "/metrics", "/probe", "/sd", "/config", "/-/healthy", "/-/ready")
HOSTILE = """Halle 2/Süd "A" <b>&\\ ' %41+?#"""

CONFIG = """\
devices:
  - name: ups1
    target: {ups}
    labels: {{site: Wien, note: 'say "hi"'}}
  - name: {hostile}
    target: {other}
  - name: unit5
    target: {other}
    unit: 5
    module: ups
  - name: six
    target: tcp://[::1]:1
    unit: 9
  - name: serial
    target: rtu:///dev/ttyNONE?baudrate=19200&parity=N
probe:
  allow: [127.0.0.1/32, "127.0.0.1:{allowed}", ups.invalid]
"""


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def write(config: Path, ups: Simulator, other: Simulator, allowed: int) -> None:
    config.write_text(
        CONFIG.format(ups=ups.target, other=other.target, hostile=json.dumps(HOSTILE), allowed=allowed)
    )


def run(config: Path, play: Play) -> None:
    """Play against an application with devices `ups1`, HOSTILE, `unit5`, `six` and `serial`."""

    async def go() -> None:
        async with (
            Simulator(listen="127.0.0.1:0", modules=4) as ups,
            Simulator(listen="127.0.0.1:0", modules=0) as other,
            Simulator(listen="127.0.0.1:0", modules=0) as allowed,
        ):
            write(config, ups, other, allowed.port)
            async with serving(config) as client:
                await play(client, ups, other, allowed)

    loops.run(go())


def test_probe_errors_name_the_thing_and_the_value(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        modules = ", ".join(modules_of(built_in_maps().values()))
        there = f"tcp://127.0.0.1:{ups.port}"
        for query, text in {
            "": 'parameter "target" is missing: the name of a configured device, or an address',
            "?target=": 'parameter "target" is empty',
            "?target=ups1&target=ups1": 'parameter "target" is given 2 times: once is right',
            "?target=ups1&module=": 'parameter "module" is empty',
            "?target=ups1&unit=": 'parameter "unit" is empty',
            "?target=ups1&debug=": 'parameter "debug" is empty',
            "?target=ups1&debug=yes": 'parameter "debug" is true or false, not "yes"',
            "?target=ups1&debug=true&debug=true": 'parameter "debug" is given 2 times: once is right',
            "?target=ups1&unit=1&unit=2": 'parameter "unit" is given 2 times: once is right',
            "?target=ups1&module=ups&module=ups": 'parameter "module" is given 2 times: once is right',
            "?target=ups1&modul=ups": 'unknown parameter "modul" (there are: target, module, unit, debug)',
            "?target=ups1&module=nope": f'unknown module "nope" (there are: {modules})',
            "?target=ups1&module=ups": 'module "ups" contradicts the configured '
            'device "ups1", which has "cs141"',
            "?target=ups1&unit=2": 'unit "2" contradicts the configured device "ups1", which has "1"',
            "?target=ups1&unit=256": 'parameter "unit" is a number from 0 to 255, not "256"',
            "?target=ups1&unit=-1": 'parameter "unit" is a number from 0 to 255, not "-1"',
            "?target=ups1&unit=%C2%B2": 'parameter "unit" is a number from 0 to 255, not "²"',
            f"?target={there}&unit=7": 'unit "7" contradicts the configured device "ups1", which has "1"',
            f"?target={there}?unit=7": 'unit "7" contradicts the configured device "ups1", which has "1"',
            f"?target={there}?unit=1&unit=2": 'parameter "unit" is 2, but the target says 1',
            f"?target={there}&module=bacs": 'module "bacs" contradicts the configured '
            'device "ups1", which has "cs141"',
        }.items():
            assert await client.text(f"/probe{query}", 400) == text + "\n", query
        for target in (
            "no-such-scheme://x",
            "tcp://",
            "a%20b",
            "10.0.0.1:99999",
            "%00",
            "%ff",
            "rtu://",
            "[::1",
            "x%0Ay",
        ):
            text = await client.text(f"/probe?target={target}", 400)
            assert "is neither a configured device nor an address: bad target" in text, target

    run(config, play)


def test_an_address_that_is_not_allowed_comes_with_the_line_that_allows_it(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        before = await asyncio.to_thread(config.read_text)
        for target in (
            "10.0.0.7",
            "10.0.0.7:1502",
            "tcp://10.0.0.7?unit=3",
            "UPS.example.org",
            "ups.example.org.:1502",
            "[fd00::7]",
            "[fd00::7]:1502",
            "[::ffff:10.0.0.7]:503",
            "[0:0:0:0:0:0:0:2]",
            "rtu-tcp://10.0.0.7:4001",
            "ups.invalid:503",
        ):
            text = await client.text(f"/probe?target={quote(target)}", 403)
            assert "is neither configured nor allowed; to allow it, add to the configuration:\n" in text
            line = text.splitlines()[-1].strip()
            put(config, before.replace("allow: [", f"allow: [{line[2:]}, "))
            await client.text("/-/reload", method="POST")
            assert (
                await client.ask(f"/probe?target={quote(target)}", X_Prometheus_Scrape_Timeout_Seconds="0.01")
            ).status == 200
            put(config, before)
            await client.text("/-/reload", method="POST")

    run(config, play)


def test_what_no_line_can_allow_is_not_promised(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        for target in ("usv-küche", "a..b"):
            text = await client.text(f"/probe?target={quote(target)}", 403)
            assert text.endswith("give it an entry under devices\n"), text
        text = await client.text("/probe?target=rtu:///dev/ttyS9", 403)
        assert text == '"/dev/ttyS9" is not configured; serial lines are read only for configured devices\n'

    run(config, play)


def test_probe_by_name_and_by_address(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        def up(device: str, more: str = "") -> str:
            return f'generex_up{{device="{device}"{more}}} 1\n'

        ups1 = up("ups1", ',site="Wien",note="say \\"hi\\""')
        escaped = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
        for query in (
            "target=ups1",
            "target=ups1&module=cs141&unit=1&debug=false",
            f"target=tcp://127.0.0.1:{ups.port}",
            f"target=127.0.0.1:{ups.port}",
            f"target=127.0.0.1:{ups.port}&module=cs141",
            f"target=127.0.0.1:{ups.port}&unit=1",
            f"target=tcp://127.0.0.1:{ups.port}%3Funit=1&unit=1",
        ):
            assert ups1 in await client.text(f"/probe?{query}"), query
        assert up(escaped) in await client.text(f"/probe?target={quote(HOSTILE, safe='')}")
        # two units behind one address: which of them is meant is said by the unit
        assert up(escaped) in await client.text(f"/probe?target=127.0.0.1:{other.port}")
        text = await client.text(
            f"/probe?target=127.0.0.1:{other.port}&unit=5", X_Prometheus_Scrape_Timeout_Seconds="0.3"
        )
        assert 'generex_up{device="unit5"} 0' in text
        # allowed by port, with labels of its own kind and whatever module
        address = f"127.0.0.1:{allowed.port}"
        assert up(address) in await client.text(f"/probe?target={address}")
        text = await client.text(f"/probe?target={address}&module=ups&unit=1")
        assert f'target="tcp://{address}",module="ups",unit="1"' in text
        text = await client.text(f"/probe?target={address}&unit=3", X_Prometheus_Scrape_Timeout_Seconds="0.3")
        assert f'generex_up{{device="{address}/3"}} 0' in text
        # one that is configured, in another writing
        text = await client.text("/probe?target=tcp://[0:0::1]:1", X_Prometheus_Scrape_Timeout_Seconds="0.3")
        assert 'generex_up{device="six"} 0' in text
        text = await client.text("/probe?target=rtu:///dev/ttyNONE")
        assert 'generex_up{device="serial"} 0' in text

    run(config, play)


def test_an_ipv6_address_that_is_allowed(config: Path) -> None:
    async def play() -> None:
        async with Simulator(listen="[::1]:0", modules=0) as ups:
            put(config, f'probe: {{allow: ["[::1]:{ups.port}"]}}')
            async with serving(config) as client:
                address = f"[::1]:{ups.port}"
                for target in (address, f"tcp://{address}", f"[0:0:0:0:0:0:0:1]:{ups.port}"):
                    text = await client.text(f"/probe?target={target}")
                    assert value(text, "generex_up") == 1
                assert f'generex_up{{device="{address}"}} 1' in await client.text(f"/probe?target={address}")

    loops.run(play())


def test_a_pass_that_read_nothing_is_still_an_answer(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        text = await client.text("/probe?target=serial")
        assert value(text, "generex_up") == 0
        assert "generex_ups_output_volts" not in text

    run(config, play)


@pytest.mark.parametrize("path", [*PATHS, "/-/reload"])
def test_unknown_parameters(config: Path, path: str) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        method = "POST" if path == "/-/reload" else "GET"
        for query in ("?nonsense=1", "?nonsense=", "?nonsense=1&nonsense=2"):
            response = await client.ask(path + query, method)
            assert (response.status, response.content_type) == (400, "text/plain")
            assert (await response.text()).startswith('unknown parameter "nonsense" (')

    run(config, play)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/probe?target=a%C2%9B31mb", 400), ("/no%C2%9B31m", 404), ("/metrics?a%C2%9B31m=1", 400)],
)
def test_no_error_steers_the_terminal_of_who_asked(config: Path, path: str, status: int) -> None:
    async def play(client: Client, *_: Simulator) -> None:
        answer = await client.ask(path)
        text = await answer.text()
        assert answer.status == status
        assert r"\x9b31m" in text
        assert "\x9b" not in text

    run(config, play)


def test_unknown_paths_and_methods(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        for path in ("/metrics/", "/Metrics", "/probe/x", "/-/", "/%3Cb%3E", "/..%2f..%2fetc"):
            response = await client.ask(path)
            assert (response.status, response.content_type) == (404, "text/plain")
            assert (await response.text()).startswith('unknown path "/')
        for path in PATHS:
            response = await client.ask(path, "POST")
            assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
            assert await response.text() == f"{path} takes GET, HEAD, not POST\n"
        for method in ("GET", "PUT", "DELETE"):
            response = await client.ask("/-/reload", method)
            assert (response.status, response.headers["Allow"]) == (405, "POST")
            assert await response.text() == f"/-/reload takes POST, not {method}\n"

    run(config, play)


def test_head_is_get_without_the_page(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        for path in (*PATHS[:2], "/probe?target=ups1", *PATHS[3:]):
            answer = await client.ask(path, "HEAD")
            assert (answer.status, await answer.read()) == (200, b""), path
            assert answer.content_type == (await client.ask(path)).content_type

    run(config, play)


def test_health_does_not_ask_devices(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        await ups.stop()
        await other.stop()
        assert await client.text("/-/healthy") == "Healthy\n"
        assert await client.text("/-/ready") == "Ready\n"
        page = await client.text("/metrics?collect[]=exporter")
        asked = [
            line for line in page.splitlines() if line.startswith("generex_exporter_modbus_requests_total{")
        ]
        assert len(asked) == 6
        assert all(line.endswith(" 0") for line in asked)

    run(config, play)


def test_metrics_and_its_halves(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        own, devices = "generex_exporter_build_info", "generex_up"
        both = await client.text("/metrics")
        assert own in both
        assert both.count(f"\n{devices}{{") == 5
        for query, has in (
            ("?collect[]=exporter", {own}),
            ("?collect%5B%5D=devices", {devices}),
            ("?collect[]=exporter&collect[]=devices", {own, devices}),
            ("?collect[]=exporter&collect[]=exporter", {own}),
        ):
            text = await client.text(f"/metrics{query}")
            assert {name for name in (own, devices) if f"\n{name}{{" in f"\n{text}"} == has, query
        text = await client.text("/metrics?collect[]=device", 400)
        assert text == 'unknown value "device" of collect[] (there are: exporter, devices)\n'
        assert '""' in await client.text("/metrics?collect[]=", 400)
        assert 'unknown parameter "collect"' in await client.text("/metrics?collect=exporter", 400)
        assert 'unknown parameter "target"' in await client.text("/metrics?target=ups1", 400)

    run(config, play)


def test_labels_of_the_config_are_on_every_series_of_the_device(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        common = 'device="ups1",site="Wien",note="say \\"hi\\""'
        for path in ("/metrics?collect[]=devices", "/probe?target=ups1"):
            lines = [
                line
                for line in (await client.text(path)).splitlines()
                if line.startswith("generex_") and "ups1" in line
            ]
            assert len(lines) > 150
            assert all(common in line for line in lines)

    run(config, play)


def test_own_counters_by_device(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        text = await client.text("/metrics?collect[]=exporter")
        for device in ("ups1", "unit5", "six", "serial", ""):
            errors = [
                line
                for line in text.splitlines()
                if line.startswith("generex_exporter_modbus_errors_total{") and f'device="{device}"' in line
            ]
            assert len(errors) == 17
            assert all(line.endswith(" 0") for line in errors)
        await client.text(f"/probe?target=127.0.0.1:{allowed.port}")
        await client.text("/probe?target=serial")
        text = await client.text("/metrics?collect[]=exporter")
        assert value(text, 'generex_exporter_modbus_requests_total{device=""}') > 0
        assert value(text, 'generex_exporter_modbus_errors_total{device="serial",reason="connect"}') > 0
        assert f"127.0.0.1:{allowed.port}" not in text
        assert "_created" not in text
        probe = await client.text("/probe?target=ups1")
        assert "generex_exporter" not in probe

    run(config, play)


def test_service_discovery(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        response = await client.ask("/sd")
        assert response.content_type == "application/json"

        def entry(name: str, target: str, module: str, unit: str, **labels: str) -> object:
            meta = {"target": target, "module": module, "unit": unit}
            meta |= {f"label_{label}": text for label, text in labels.items()}
            return {
                "targets": [name],
                "labels": {f"__meta_generex_{key}": text for key, text in meta.items()},
            }

        assert json.loads(await response.text()) == [
            entry("ups1", ups.target, "cs141", "1", site="Wien", note='say "hi"'),
            entry(HOSTILE, other.target, "cs141", "1"),
            entry("unit5", f"{other.target}?unit=5", "ups", "5"),
            entry("six", "tcp://[::1]:1?unit=9", "cs141", "9"),
            entry("serial", "rtu:///dev/ttyNONE?baudrate=19200&parity=N&stopbits=1", "cs141", "1"),
        ]

    run(config, play)


def test_service_discovery_without_devices_is_an_empty_list(config: Path) -> None:
    config.write_text("probe: {allow: [10.0.0.0/24]}\n")

    async def play() -> None:
        async with serving(config) as client:
            assert await client.text("/sd") == "[]"
            assert "generex_up" not in await client.text("/metrics")

    loops.run(play())


def test_the_effective_configuration_can_be_read_back(config: Path, tmp_path: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        again = tmp_path / "again.yaml"
        put(again, await client.text("/config"))
        read = load_config(again)
        assert read.devices == client.state.config.devices
        assert read.probe == client.state.config.probe
        assert read.dump() == await client.text("/config")

    run(config, play)


def test_the_landing_page_escapes_names(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        response = await client.ask("/")
        text = await response.text()
        assert response.content_type == "text/html"
        assert HOSTILE not in text
        assert f"device/{quote(HOSTILE, safe='')}" in text
        assert f"/probe?target={quote(HOSTILE, safe='')}" in text

    run(config, play)


def test_too_many_probes(config: Path) -> None:
    async def play() -> None:
        silent = await asyncio.start_server(_hold, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        other = f"/probe?target=127.0.0.2:{port}"
        device = f"devices: [{{name: a, target: '127.0.0.1:{port}', timeout: 500ms, request_timeout: 500ms}}]"
        put(config, f"{device}\nprobe: {{allow: ['127.0.0.2:{port}'], max_concurrent: 2}}\n")
        async with serving(config) as client:
            asked = [asyncio.create_task(client.ask(path)) for path in (other, "/probe?target=a&debug=true")]
            await until(lambda: client.state.probes == 2)
            for path in (other, "/probe?target=a&debug=true"):
                text = await client.text(path, 503)
                assert text == "2 probes are running already, and probe.max_concurrent allows no more\n"
            # a configured device is scraped all the same
            assert "generex_up{" in await client.text("/probe?target=a")
            assert await client.text("/-/healthy") == "Healthy\n"
            assert [answer.status for answer in await asyncio.gather(*asked)] == [200, 200]
            await client.text(other, X_Prometheus_Scrape_Timeout_Seconds="0.2")
            for _ in range(3):  # those that were refused for another reason hold no place either
                await client.text("/probe?target=nobody%20here", 400)
            assert client.state.probes == 0
        silent.close()

    loops.run(play())


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_the_debug_page(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        ups.set(109, 0x0038)
        response = await client.ask("/probe?target=ups1&debug=true")
        page = await response.text()
        assert response.content_type == "text/plain"
        assert "\nPlan (2), where nothing is refused:\n     function 3, 46 words from 97\n" in page
        # 46 words from 97, by hand; the transaction number starts anywhere
        sent = re.search(r"\n     sent      (.. ..) 00 00 00 06 01 03 00 61 00 2e\n", page)
        assert sent is not None
        assert f"\n     received  {sent[1]} 00 00 00 5f 01 03 5c " in page
        assert " ms)\n" in page
        assert "0x0038 56 = backup_mode, battery_low, over_temp\n" in page
        assert "ups.battery_charge               0x0064 100 = 1\n" in page
        assert (
            'generex_ups_status{device="ups1",site="Wien",note="say \\"hi\\"",flag="backup_mode"} 1\n' in page
        )
        failed = await client.text("/probe?target=serial&debug=true")
        assert "up       0\n" in failed
        assert "cannot connect to /dev/ttyNONE" in failed
        assert "Plan (2)" in failed

    run(config, play)


def test_formats_of_the_whole_page(config: Path) -> None:
    async def play(client: Client, ups: Simulator, other: Simulator, allowed: Simulator) -> None:
        for path in ("/metrics", "/probe?target=ups1"):
            plain = await client.ask(path, Accept="text/plain", Accept_Encoding="identity")
            assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert "Content-Encoding" not in plain.headers
            names = {family.name for family in parse_text(await plain.text())}
            assert "generex_up" in names
            zipped = await client.ask(path, Accept="application/openmetrics-text", Accept_Encoding="gzip")
            assert (
                zipped.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
            )
            assert zipped.headers["Content-Encoding"] == "gzip"
            families = parse_openmetrics(await zipped.text())
            assert {family.name for family in families} == names
            assert zipped.headers["Vary"] == "Accept, Accept-Encoding"

    run(config, play)
