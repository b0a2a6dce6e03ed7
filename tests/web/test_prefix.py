"""The exporter below a path: its own (`--web.route-prefix`), or one that a proxy takes off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest
from aiohttp import ClientSession, web
from yarl import URL

from exporter.web.prefix import route_prefix
from tests.loops import run
from tests.support import cli, exporter, inside
from tests.web.webcase import serving


@pytest.mark.parametrize(
    ("external", "prefix", "found"),
    [
        (None, None, ""),
        ("https://ups.example", None, ""),
        ("https://ups.example/", None, ""),
        ("https://ups.example/generex/", None, "/generex"),
        ("https://ups.example/a/b", None, "/a/b"),
        ("https://ups.example/generex", "/", ""),
        (None, "generex", "/generex"),
        (None, "/a/b/", "/a/b"),
    ],
)
def test_the_prefix(external: str | None, prefix: str | None, found: str) -> None:
    assert route_prefix(external, prefix) == found


@pytest.mark.parametrize(
    ("external", "prefix", "named"),
    [
        ("ups.example/generex", None, '--web.external-url "ups.example/generex"'),
        ("https://", None, '--web.external-url "https://"'),
        ("https://ups.example/?x=1", None, "it ends with its path"),
        (None, "/a/../b", '--web.route-prefix "/a/../b"'),
        (None, "/{a}", '--web.route-prefix "/{a}"'),
        (None, "/a b", '--web.route-prefix "/a b"'),
    ],
)
def test_what_is_no_prefix_is_named(external: str | None, prefix: str | None, named: str) -> None:
    with pytest.raises(ValueError, match="bad --web") as error:
        route_prefix(external, prefix)
    assert named in str(error.value)


def test_as_a_process() -> None:
    url = "--web.external-url=https://ups.example/generex/"
    with exporter("--target=a=10.0.0.1", url, ready="/generex/-/ready") as it:
        assert it.request("/-/ready").status == 404
        assert it.get("/generex/sd").startswith('[{"targets": ["a"]')
        address = f"--web.listen-address=127.0.0.1:{it.port}"
        assert cli("healthy", address, "--web.route-prefix=/generex").returncode == 0
        assert cli("healthy", address).returncode == 1
        labels = 'external_url="https://ups.example/generex",scheme="http",prefix="/generex"'
        assert f"generex_exporter_web_info{{{labels}}} 1\n" in it.get("/generex/metrics")  # alerts link there
    wrong = inside("serve", "--target=a=10.0.0.1", "--web.external-url=ups.example")
    assert wrong.returncode == 2
    assert 'bad --web.external-url "ups.example"' in wrong.stderr


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src", "action") and value is not None:
                self.found.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


def broken(found: dict[str, int]) -> dict[str, int]:
    """What does not answer as a link should; a form's address wants its fields."""
    return {a: status for a, status in found.items() if status != 200 and (status, a[-6:]) != (400, "/probe")}


async def crawl(session: ClientSession, start: str) -> dict[str, int]:
    """Every address that links lead to below `start`, with what it answers; anchors must exist too."""
    status: dict[str, int] = {}
    anchors: dict[str, set[str]] = {}
    wanted: set[str] = set()
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in status:
            continue
        async with session.get(URL(address, encoded=True)) as answer:
            status[address] = answer.status
            if answer.content_type != "text/html":
                continue
            parser = _Links()
            parser.feed(await answer.text())
        anchors[address] = parser.anchors
        for link in parser.found:
            target = urljoin(address, link)
            if target.startswith(start):
                wanted.add(target)
                waiting.append(urldefrag(target).url)
            else:
                assert not target.startswith(start[: start.index("/", 8)]), f"{address} leads to {target}"
    for target in wanted:
        page, anchor = urldefrag(target)
        if anchor and page in anchors:
            assert anchor in anchors[page], f"no #{anchor} on {page}"
    return status


@asynccontextmanager
async def stripping_proxy(upstream: str) -> AsyncIterator[str]:
    """A proxy that takes /ups/one off, as nginx does with a trailing slash."""
    async with ClientSession() as session:

        async def pass_on(request: web.Request) -> web.Response:
            path = request.rel_url.raw_path.removeprefix("/ups/one")
            query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
            async with session.get(
                URL(upstream + path + query, encoded=True), allow_redirects=False
            ) as answer:
                headers = {"Location": answer.headers["Location"]} if "Location" in answer.headers else {}
                return web.Response(
                    body=await answer.read(), status=answer.status, headers=headers,
                    content_type=answer.content_type,
                )  # fmt: skip

        app = web.Application()
        app.router.add_get("/ups/one/{path:.*}", pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/ups/one/"
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("prefix", ["", "/generex", "/a/b"])
def test_no_link_is_broken(prefix: str) -> None:
    async def main() -> None:
        async with serving(targets=["a=127.0.0.1:1"], prefix=prefix) as client:
            found = await crawl(client.session, f"{client.base}{prefix}/")
        assert broken(found) == {}
        names = {URL(address).path.removeprefix(prefix) for address in found}
        assert {"/", "/metrics", "/device/a", "/docs/", "/docs/runbook", "/static/style.css"} <= names

    run(main())


def test_no_link_is_broken_behind_a_proxy_that_takes_a_prefix_off() -> None:
    async def main() -> None:
        async with serving(targets=["a=127.0.0.1:1"]) as client, stripping_proxy(client.base) as start:
            found = await crawl(client.session, start)
            assert broken(found) == {}
            assert f"{start}device/a" in found
            assert f"{start}docs/runbook" in found

    run(main())
