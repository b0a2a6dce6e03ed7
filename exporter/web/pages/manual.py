"""The documentation as pages: the project's Markdown files, served from the package, with a search.

Nothing is loaded from elsewhere, so that it is there in a network without internet, in the night.
"""

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from exporter.aside import beside
from exporter.assess.alarms import source_of
from exporter.assess.defaults import DEFAULTS
from exporter.assess.outcomes import CHARGE, OUTCOMES
from exporter.maps.model import Map
from exporter.web.pages.runbook import alerts_of_the_list, path_of_section, sections_of_flags
from exporter.web.pages.sources import root, sources, texts
from exporter.web.pages.templates import templates
from exporter.web.parameters import RequestError, check_known, one
from exporter.web.prefix import root_of
from exporter.web.state import State

if TYPE_CHECKING:
    from markdown_it.token import Token

_IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}
_FOUND = 40  # hits that a search shows


@dataclass(frozen=True)
class Section:
    """A heading with the text below it, up to the next heading. `anchor` is empty at the top of a page."""

    page: str
    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Page:
    """A rendered Markdown file; `title` is its first heading."""

    name: str
    title: str
    html: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Hit:
    """Something that a search found; `path` is relative to the documentation, or empty.

    `alerts` are those about a flag.
    """

    kind: str
    title: str
    text: str
    path: str = ""
    alerts: tuple[str, ...] = ()


def add_manual(app: web.Application, state: State, prefix: str) -> None:
    """Add the paths of the documentation below `prefix`."""
    texts()
    _images()

    async def index(request: web.Request) -> web.Response:
        check_known(request, ())
        return await _answer(request, "manual.html", lambda: {"page": None, "pages": _listed()})

    async def page(request: web.Request) -> web.Response:
        check_known(request, ())
        name = request.match_info["name"]
        if name not in sources():
            raise RequestError(f'no page of the documentation is called "{name}"', 404)
        return await _answer(request, "manual.html", lambda: {"page": render(name), "pages": _listed()})

    async def search(request: web.Request) -> web.Response:
        check_known(request, ("q",))
        wanted = one(request, "q") or ""
        maps = state.config.maps
        return await _answer(request, "search.html", lambda: {"wanted": wanted, "hits": find(wanted, maps)})

    async def _answer(request: web.Request, template: str, data: Any) -> web.Response:
        root = root_of(request, prefix)

        def text() -> str:
            return templates().get_template(template).render(**data(), root=root, paused=True)

        # the first time all pages are rendered, which scrapes must not wait for
        return web.Response(text=await beside(text), content_type="text/html")

    app.router.add_get(f"{prefix}/docs", _to_index)
    app.router.add_get(f"{prefix}/docs/", index)
    app.router.add_get(f"{prefix}/docs/search", search)
    app.router.add_get(prefix + "/docs/images/{file}", _image)
    app.router.add_get(prefix + "/docs/{name:.+}", page)


async def _to_index(request: web.Request) -> web.Response:
    raise web.HTTPFound(f"{request.rel_url.raw_name}/")


async def _image(request: web.Request) -> web.Response:
    check_known(request, ())
    name = request.match_info["file"]
    path = root() / "docs/images" / name
    kind = _IMAGES.get(path.suffix)
    if kind is None or name not in _images():
        raise web.HTTPNotFound
    try:
        return web.Response(body=await beside(path.read_bytes), content_type=kind)
    except OSError:  # pictures are not kept: an upgrade may have taken this one away
        raise web.HTTPNotFound from None


@functools.cache
def _images() -> frozenset[str]:
    return frozenset(path.name for path in (root() / "docs/images").iterdir())


def _listed() -> list[Page]:
    return [render(name) for name in sources()]


@functools.cache
def render(name: str) -> Page:
    """A page of the documentation. HTML in a source stays text."""
    from markdown_it import MarkdownIt

    source = sources()[name]
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(texts()[name])
    sections = tuple(_sections(name, tokens))
    for token in tokens:
        _mend_links(token, source, posixpath.dirname(name))
    title = next((section.title for section in sections if section.title), name)
    return Page(name, title, parser.renderer.render(tokens, parser.options, {}), sections)


def _sections(page: str, tokens: "list[Token]") -> Iterator[Section]:
    """The sections of a page; their headings get the anchors that GitHub gives them."""
    anchor, title = "", ""
    text: list[str] = []
    seen: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            if title:
                yield Section(page, anchor, title, " ".join(text))
            title, text = _plain(tokens[index + 1]), []
            anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            seen[anchor] = seen.get(anchor, -1) + 1
            if seen[anchor]:
                anchor += f"-{seen[anchor]}"
            token.attrSet("id", anchor)
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            text.append(_plain(token))
    if title:
        yield Section(page, anchor, title, " ".join(text))


def _plain(token: "Token") -> str:
    children = token.children or ()
    return "".join(" " if child.type == "softbreak" else child.content for child in children)


def _mend_links(token: "Token", source: str, folder: str) -> None:
    """Lead links between the files to their pages; a link to a file that is no page becomes plain text."""
    if token.type == "table_open":
        token.attrSet("tabindex", "0")  # wide ones scroll, also by the keyboard
    pages = {path: name for name, path in sources().items()}
    dead = False
    for child in token.children or ():
        if child.type == "image":
            image = posixpath.basename(str(child.attrGet("src")))
            child.attrSet("src", posixpath.relpath(f"images/{image}", folder or "."))
        if child.type == "link_close" and dead:
            child.tag, dead = "span", False
        if child.type != "link_open":
            continue
        target, mark, anchor = str(child.attrGet("href")).partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            continue
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if file in pages:
            child.attrSet("href", posixpath.relpath(pages[file], folder or ".") + mark + anchor)
        else:
            child.tag, child.attrs, dead = "span", {}, True


def find(wanted: str, maps: Mapping[str, Map]) -> list[Hit]:
    """What the documentation, alerts, states and flags of the loaded maps say of all words in `wanted`."""
    words = _spoken(wanted).split()
    if not words:
        return []

    def rank(title: str, text: str) -> int | None:
        name, all_of_it = _spoken(title), _spoken(f"{title} {text}")
        if all(word in name or word in name.replace(" ", "") for word in words):
            return 0 if name == " ".join(words) else 1
        return 2 if all(word in all_of_it for word in words) else None

    found = []
    for page in _listed():
        for section in page.sections:
            if (place := rank(section.title, section.text)) is not None:
                alert = page.name == "runbook" and section.title in alerts_of_the_list()
                kind = "Alert" if alert else page.title
                found.append((place, Hit(kind, section.title, section.text, f"{page.name}#{section.anchor}")))
    for item in maps.values():
        for word, flag in item.flags():
            trouble = flag.trouble
            text = f"{flag.name}, {flag.vendor}. {trouble.description} {trouble.action}"
            places = (rank(name, text) for name in (flag.label, trouble.label, flag.name, flag.vendor))
            if (place := min((place for place in places if place is not None), default=None)) is not None:
                alerts = sections_of_flags([source_of(word.metric, flag)])
                found.append((place, Hit("Flag", trouble.label, text, alerts=alerts)))
    told = {section.anchor: section.text for section in render("runbook").sections}
    for row in OUTCOMES:
        if not row.section:
            continue
        charge = f"{DEFAULTS['survivable_charge'] * 100:g}"
        names = [name.replace(CHARGE, charge) for name in (row.state, row.survival, row.bacs) if name]
        places = (rank(name, "") for name in names)
        if (place := min((place for place in places if place is not None), default=None)) is not None:
            path = path_of_section(row.section)
            title = " / ".join({name.lower(): name for name in reversed(names)}.values())
            found.append((place, Hit("State", title, told[path.partition("#")[2]], path)))
    found.sort(key=lambda entry: entry[0])
    return list(dict.fromkeys(hit for _, hit in found))[:_FOUND]


def _spoken(text: str) -> str:
    """What is the same however it is written: `battery_low`, `Battery-Low`."""
    return text.lower().replace("_", " ").replace("-", " ")
