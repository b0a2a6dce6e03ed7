"""Names and labels full of markup, quotes and line ends, on every page and in every answer."""

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.hostile import Hostile
from tests.loops import run
from tests.security.secured import Server, put, secured

HOSTILE = """<xss-1 onxss="a">&lt;'"`{{7*7}}{%x%}\\n\\ %3Cxss-2%3E</title></script></style><!--"""
LABEL = """"} 1 <xss-3 onxss=b> \\" {evil="x"""
PATH = "/%3Cxss-4%3E<xss-5%20onxss=c>"


class Page(HTMLParser):
    """What a browser makes of a page: its elements, their attributes, the text, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.links: list[str] = []
        self.ways: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src", "action", "formaction") and value:
                self.links.append(value)
                if name in ("href", "src"):  # a form wants to be filled in first
                    self.ways.append(value)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def check(page: Page) -> None:
    assert not [name for name in page.elements if name.startswith("xss")]
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert not [link for link in page.links if link.lower().startswith(("javascript:", "data:", "//"))]
    assert not any("xss" in comment for comment in page.comments)


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    return tmp_path / "c.yaml"


def write(config: Path, device: Hostile) -> None:
    sensors = {1: {"name": LABEL, "kind": "temperature", "scale": 0.1}}
    entry = {"name": HOSTILE, "target": device.target(), "labels": {"site": LABEL}, "sensors": sensors}
    put(config, yaml.safe_dump({"devices": [entry]}))


async def crawl(server: Server) -> dict[str, str]:
    """Every page that links from `/` lead to, by path."""
    pages: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in pages:
            continue
        answer = await server.ask(path)
        assert answer.status < 400, (path, answer.text)
        pages[path] = answer.text
        if answer.headers["Content-Type"].startswith("text/html"):
            page = Page(answer.text)
            check(page)
            for link in page.ways:
                there = urljoin(f"http://here{path}", link).partition("#")[0]
                if there.startswith("http://here/") and not there.endswith(".png"):
                    waiting.append(there.removeprefix("http://here"))
        else:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return pages


def test_every_page_and_answer(config: Path) -> None:
    async def play() -> None:
        async with Hostile(served=range(97, 151)) as device:
            write(config, device)
            async with secured(config=config) as server:
                pages = await crawl(server)
                assert HOSTILE in Page(pages["/"]).text
                assert f"/probe?target={quote(HOSTILE, safe='')}" in pages
                (entry,) = json.loads(pages["/sd"])
                assert entry["targets"] == [HOSTILE]
                assert entry["labels"]["__meta_generex_label_site"] == LABEL
                assert yaml.safe_load(pages["/config"])["devices"][0]["name"] == HOSTILE
                for accept, parse in (
                    ("text/plain", parse_text),
                    ("application/openmetrics-text;version=1.0.0", parse_openmetrics),
                ):
                    answer = await server.ask("/metrics?collect[]=devices", headers={"Accept": accept})
                    samples = [sample for family in parse(answer.text) for sample in family.samples]
                    assert len(samples) > 60
                    assert all(sample.labels["device"] == HOSTILE for sample in samples)
                    assert all(sample.labels["site"] == LABEL for sample in samples)
                    sensors = [s for s in samples if s.name == "generex_sensor_temperature_celsius"]
                    assert [sample.labels["sensor"] for sample in sensors] == [LABEL]

    run(play())


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        f"/device{PATH}",
        "/probe?target=%3Cxss-1%3E",
        "/probe?target=a&module=%3Cxss-1%3E",
        "/probe?target=a&unit=%3Cxss-1%3E",
        "/probe?%3Cxss-1%3E=1",
        "/probe?target=x%0d%0aSet-Cookie:%20a=b",
        "/metrics?collect[]=%3Cxss-1%3E",
        "/sd?%3Cxss-1%3E=1",
    ],
)
def test_errors_are_plain_text(path: str) -> None:
    async def play() -> None:
        async with secured(targets=()) as server:
            answer = await server.ask(path)
            assert 400 <= answer.status < 500
            assert "Set-Cookie" not in answer.headers
            if answer.headers["Content-Type"].startswith("text/html"):
                check(Page(answer.text))
            else:
                assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"

    run(play())


def test_a_bad_header_is_told_in_plain_text() -> None:
    async def play() -> None:
        async with secured(targets=()) as server:
            answer = await server.ask(
                "/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "<xss-1 onxss=a>"}
            )
            assert answer.status == 400
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"

    run(play())


def test_the_check_would_see_markup() -> None:
    for text in ("<p><xss-1>", "<p onclick=x>", "<a href=javascript:x>", "<!-- xss -->", "<p style=x>"):
        with pytest.raises(AssertionError):
            check(Page(text))
