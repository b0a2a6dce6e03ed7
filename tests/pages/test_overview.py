"""The page `/` in a real Chromium, as people read it."""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from exporter.assess.condition import assess
from exporter.simulator.scenarios import load_scenario
from tests.pages.pagestage import CLOCK, Stage, played, stage, turned
from tests.support import free_port

SCENARIOS = Path(__file__).parents[2] / "exporter" / "simulator" / "scenarios"
HOSTILE = "<img src=x onerror=alert(1)>/../\"'&?#%2F%20;--> {{7*7}} ☠"

# scenario, seconds into it, and what a person reads then: state, would it survive, blocks, worst alarm
READ_AS = [
    ("normal", 0, "On mains", "YES", "40 of 40 OK", "none"),
    ("power-failure", 110, "On battery, 40 min left", "on battery now", "40 of 40 OK", "On battery"),
    ("dies-on-battery", 590, "Load dark", "load is dark", "0 of 40 OK", "Output off"),
    ("generator-hunting", 75, "On battery, 40 min left", "on battery now", "40 of 40 OK", "On battery"),
    ("short-dip", 63.5, "On battery, 40 min left", "on battery now", "40 of 40 OK", "On battery"),
    ("battery-test", 110, "On battery, 40 min left", "on battery now", "40 of 40 OK", "On battery"),
    ("overload", 110, "On mains", "NO: overload", "40 of 40 OK", "Overload"),
    ("bypass", 110, "On bypass", "NO: on bypass", "40 of 40 OK", "On bypass"),
    ("maintenance-bypass", 170, "Load dark", "load is dark", "40 of 40 OK", "Output off"),
    ("communication-lost", 110, "UPS lost", "UPS lost", "40 of 40 OK", "UPS not answering"),
    ("charger-failed", 110, "On mains", "NO: charger failed", "40 of 40 OK", "Charger failed"),
    # all zeros: no BACS is known of a device that was never seen otherwise
    ("cs141-reboot", 110, "All values 0", "all values are 0", "–", "Output off"),
    ("module-lost", 110, "On mains", "NO: block missing", "39 of 40 OK, 1 absent", "Module lost"),
    ("bus-cut", 110, "On mains", "NO: block missing", "24 of 40 OK, 16 absent", "Module lost"),
    ("bus-cut-count-stays", 110, "On mains", "NO: block missing", "24 of 40 OK, 16 absent", "Module lost"),
    ("weak-block", 110, "On mains", "NO: string or block alarm", "39 of 40 OK", "Resistance out of range"),
    ("string-open", 230, "On battery, 16 min left", "on battery now", "40 of 40 OK", "On battery"),
    (
        "thermal-runaway",
        590,
        "Thermal runaway; on mains",
        "NO: thermal runaway",
        "Danger: keep out",
        "Thermal runaway",
    ),
    ("ground-fault", 110, "Ground fault; on mains", "NO: ground fault", "Danger: keep out", "Ground fault"),
    ("service", 830, "On mains", "YES", "40 of 40 OK", "Polling modules"),
    ("bacs-frozen", 110, "On mains", "YES", "40 of 40 OK", "none"),
    ("no-bacs-zeros", 50, "On mains", "YES", "–", "none"),
    ("old-firmware", 50, "On mains", "YES", "40 of 40 OK", "none"),
    # the default list at a UPS of another: the words that tell one from the other are refused
    ("everexceed-on-default-map", 0, "Map in doubt", "map in doubt", "–", "Output off"),
    ("scale-0.1", 50, "On mains", "values in doubt", "40 of 40 OK", "none"),
    ("plc-stopped", 50, "On mains", "blocks not served", "40 blocks, not served", "none"),
    ("year", 50, "On mains", "YES", "40 of 40 OK", "none"),
    ("demo", 50, "On mains", "NO: string or block alarm", "39 of 40 OK", "Resistance out of range"),
]


def row(page: Page, name: str) -> Locator:
    """The row of a device."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def cell(page: Page, name: str, number: int) -> str:
    """The text of a cell: 0 state, 1 would it survive, 2–5 numbers, 6 blocks, 7 alarms, 8 read."""
    return row(page, name).get_by_role("cell").nth(number).inner_text().replace("\xa0", " ")


def worst(page: Page, name: str) -> str:
    """The first alarm of a row without shape and severity, or what stands there instead of alarms."""
    alarms = row(page, name).locator(".alarms li")
    text = alarms.first.text_content() if alarms.count() else cell(page, name, 7)
    return re.sub(r"^\W*\w+:\s+(?=\w)", "", text or "") if alarms.count() else text or ""


def test_every_scenario_reads_as_a_person_would_say_it(browser: Browser, page: Page, tmp_path: Path) -> None:
    assert {name for name, *_ in READ_AS} == {path.stem for path in SCENARIOS.glob("*.yaml")}
    with stage() as it:
        targets = it.start([played(name, at) for name, at, *_ in READ_AS])
        lines = ["devices:"]
        for (name, *_), target in zip(READ_AS, targets, strict=True):
            module = "prof" if load_scenario(name).personality == "prof" else "cs141"
            lines.append(
                f"  - {{name: {name}, target: '{target}', module: {module}, expect: {{modules: 40}}}}"
                if name.startswith("bus-cut") or name == "module-lost"
                else f"  - {{name: {name}, target: '{target}', module: {module}}}"
            )
        (tmp_path / "generex.yml").write_text("\n".join(lines) + "\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        it.get("/probe?target=plc-stopped")
        it.get("/probe?target=everexceed-on-default-map")  # once what it refuses has been learned
        page.goto(it.base)
        read = {}
        for name, *_ in READ_AS:
            signed = [cell(page, name, number).splitlines()[0] for number in (0, 1)]
            state, survival = (re.sub(r"^\W+ ", "", text) for text in signed)
            read[name] = (state, survival, cell(page, name, 6), worst(page, name))
        assert read == {name: tuple(words) for name, _, *words in READ_AS}
        names = page.get_by_role("rowheader").all_inner_texts()
        assert set(names[:2]) == {"thermal-runaway", "ground-fault"}, "danger to people comes first"
        assert names.index("dies-on-battery") < names.index("power-failure") < names.index("normal")


def test_what_the_hall_looks_like(hall: Stage, page: Page) -> None:
    page.goto(hall.base)
    assert cell(page, "fine", 0) == "● On mains"
    assert [cell(page, "fine", number) for number in range(2, 6)] == ["100 %", "40 min", "46 %", "30 °C"]
    assert "✖ NO: block missing" in cell(page, "missing", 1)
    assert "1 absent" in cell(page, "missing", 6)
    assert "Block hot: string 2 module 31" in cell(page, "runaway", 7)
    assert re.fullmatch(rf"\? Unreachable, never seen\s+first tried at {CLOCK}", cell(page, "never", 0))
    assert page.get_by_text("10 devices", exact=True).is_visible()
    assert row(page, "fine").get_by_role("link", name="Debug fine").get_attribute("href") == (
        "./probe?target=fine&debug=true"
    )
    for path in ("/metrics", "/sd", "/config"):
        assert page.locator(f'nav a[href=".{path}"]').count() == 1
    for width in (320, 1110, 1271):  # cards, and the narrowest table
        page.set_viewport_size({"width": width, "height": 900})
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{width} pixels"


def counts(page: Page) -> list[str]:
    """What stands above the devices: how many of each urgency, who would survive, how many of each state."""
    by_urgency = page.get_by_role("list", name="Devices by urgency").get_by_role("listitem").all_inner_texts()
    survival = page.locator("#states summary .survival").all_inner_texts()
    by_state = page.locator("#states li").all_text_contents()
    return [" ".join(text.split()) for text in (*by_urgency, *survival, *by_state)]


def test_only_those_that_can_say_it_count_as_survivors_or_not(
    hall: Stage, page: Page, tmp_path: Path
) -> None:
    page.goto(hall.base)
    # fine; not: weak, missing, bypassed, runaway; starting and gateway have blocks of which nothing is known,
    # lost and never are out of sight; dying was on battery when it fell silent
    assert "1 of 6 would survive a power failure now" in counts(page)
    assert counts(page)[-1] == "? Survival unknown 4"
    with stage() as it:
        targets = it.start([turned(), turned(ups_communication=False), turned(mains=False), turned()])
        lines = [
            f"{{name: d{number}, target: '{target}', module: {module}}}"
            for number, (target, module) in enumerate(
                zip(targets, ("cs141", "cs141", "cs141", "bacs"), strict=True)
            )
        ]
        (tmp_path / "generex.yml").write_text(f"devices: [{', '.join(lines)}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        page.goto(it.base)
        assert "1 of 2 would survive a power failure now" in counts(page)
        assert counts(page)[-2:] == ["? Survival unknown 1", "– Not counted: no UPS 1"]
        (tmp_path / "generex.yml").write_text(f"devices: [{lines[1]}, {lines[3]}]\n")
        assert page.request.post(f"{it.base}/-/reload").ok
        page.goto(it.base)
        assert "No device is known to survive a power failure now" in counts(page)
        assert counts(page)[-2:] == ["? Survival unknown 1", "– Not counted: no UPS 1"]
        (tmp_path / "generex.yml").write_text(f"devices: [{lines[3]}]\n")
        assert page.request.post(f"{it.base}/-/reload").ok
        page.goto(it.base)
        assert counts(page) == ["1 device", "· The rest 1", "– No UPS 1", "– Not counted: no UPS 1"]


def test_the_list_can_be_told_apart_by_plain_links(hall: Stage, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(hall.base)
    assert counts(page)[:7] == [
        "10 devices", "✖ Danger to people 1", "✖ Dark, shutting down or lost 1", "▲ On battery 1",
        "? Out of sight 2", "◆ On bypass 1", "· The rest 4",
    ]  # fmt: skip
    card = row(page, "runaway").bounding_box()
    assert card is not None
    assert card["y"] + 150 < 844, "the worst device stands on a phone's first screen"
    page.get_by_role("link", name="Out of sight").click()
    assert sorted(page.locator("a.name").all_inner_texts()) == ["lost", "never"]
    page.get_by_role("link", name="Stop refreshing").click()
    assert sorted(page.locator("a.name").all_inner_texts()) == ["lost", "never"], "what was chosen stays"
    page.get_by_text("By state").click()
    page.get_by_role("link", name="On bypass").last.click()
    assert page.locator("a.name").all_inner_texts() == ["bypassed"]
    page.get_by_role("link", name="All 10").click()
    assert page.locator("a.name").count() == 10
    page.goto(f"{hall.base}/?state=eco")
    assert page.get_by_text("No device is in this state now.").is_visible()
    answer = page.goto(f"{hall.base}/?state=melted")
    assert answer is not None
    assert answer.status == 400
    assert 'not "melted"' in answer.text()
    context.close()


def test_the_most_urgent_stands_first(hall: Stage, page: Page) -> None:
    page.goto(hall.base)
    names = page.locator("a.name").all_inner_texts()
    assert names[:2] == ["runaway", "dying"], "danger, then what fell silent on battery"
    assert names.index("lost") < names.index("never") < names.index("bypassed")
    assert names.index("bypassed") < names.index("missing") < names.index("fine")
    state = row(page, "missing").locator("td.state .badge")
    assert "good" not in (state.get_attribute("class") or ""), "nothing green beside a critical finding"


def test_a_device_out_of_sight_shows_what_was_seen_last(hall: Stage, page: Page) -> None:
    page.goto(hall.base)
    state = cell(page, "dying", 0)
    assert re.fullmatch(
        rf"✖ Lost on battery, unreachable for \d+ s\s+last seen on battery, 34 %, {CLOCK}, \d+ s ago",
        state,
    ), state
    assert re.fullmatch(
        rf"\? UPS lost\s+for \d+ s\s+last seen on mains, 100 %, {CLOCK}, \d+ s ago", cell(page, "lost", 0)
    )
    for name in ("dying", "lost"):
        struck = row(page, name).locator("s")
        numbers = [cell(page, name, number).removeprefix("last seen").strip() for number in range(2, 6)]
        assert struck.all_inner_texts()[1:] == numbers, "what is not of now is struck through"
    assert row(page, "fine").locator("s").count() == 0
    assert cell(page, "dying", 8).startswith("tried ")


def test_a_device_dies_and_comes_back(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        port = free_port()
        device = turned(modules=4, listen=f"127.0.0.1:{port}")
        (target,) = it.start([device])
        (tmp_path / "generex.yml").write_text(f"devices: [{{name: a, target: '{target}'}}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        page.goto(it.base)
        assert cell(page, "a", 0) == "● On mains"
        it.run(device.stop())
        metrics = it.get("/probe?target=a")
        assert "generex_ups_battery_charge_ratio" not in metrics, "only pages look back"
        page.reload()
        assert "? Unreachable for" in cell(page, "a", 0)
        page.goto(f"{it.base}/device/a")
        expect(page.locator("dl.values s").first).to_have_text("230 V / 230 V / 230 V")
        expect(page.locator("dl.values:not(.old)")).to_have_count(0)
        assert page.get_by_text("cannot connect").first.is_visible()
        it.run(device.start())
        it.get("/probe?target=a")
        page.reload()
        expect(page.locator("s")).to_have_count(0)
        page.goto(it.base)
        assert cell(page, "a", 0) == "● On mains"


def test_hostile_names_and_labels_are_shown_as_text(page: Page, tmp_path: Path) -> None:
    label = "</td><script>alert(2)</script>{{ 7*7 }}"
    names = [HOSTILE, "..", "日本/電源", "x" * 200]
    with stage() as it:
        device = turned(modules=4, listen="0.0.0.0:0")
        it.start([device])
        devices = [
            {"name": name, "target": f"127.0.0.{number}:{device.port}", "labels": {"site": label}}
            for number, name in enumerate(names, 1)
        ]
        (tmp_path / "generex.yml").write_text(json.dumps({"devices": devices}))
        it.serve(tmp_path / "generex.yml")
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        for name in names:
            page.goto(it.base)
            assert label in row(page, name).inner_text()
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            assert label in page.locator(".about").inner_text()
            page.get_by_role("link", name="Stop refreshing").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            page.get_by_role("link", name="Debug").click()
            assert f"device   {name}\n" in page.locator("body").inner_text()
        assert page.locator("script:not([src])").count() == 0
        assert all(url.startswith(it.base) for url in loaded), "nothing comes from elsewhere"


@contextmanager
def calls() -> Iterator[Counter[str]]:
    """How often each function is called in the threads that start meanwhile, as those that make pages do."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            counted[frame.f_code.co_qualname] += 1

    threading.setprofile(note)
    try:
        yield counted
    finally:
        threading.setprofile(None)


@contextmanager
def many(devices: int, folder: Path) -> Iterator[Stage]:
    """So many devices that were read: one simulator at as many addresses of this machine."""
    with stage() as it:
        device = turned(modules=0, listen="0.0.0.0:0")
        it.start([device])
        addresses = [f"127.0.{number // 200}.{number % 200 + 1}:{device.port}" for number in range(devices)]
        lines = [f"  - {{name: ups-{number:03}, target: '{at}'}}" for number, at in enumerate(addresses)]
        (folder / "generex.yml").write_text("devices:\n" + "\n".join(lines) + "\n")
        it.serve(folder / "generex.yml")
        it.read()
        yield it


def test_three_hundred_devices(page: Page, tmp_path: Path) -> None:
    with many(300, tmp_path) as it:
        page.goto(it.base)
        assert page.get_by_text("300 devices", exact=True).is_visible()
        assert page.get_by_role("rowheader").count() == 300
        assert cell(page, "ups-299", 0) == "● On mains"


def test_each_device_is_judged_once_and_looked_at_by_itself(tmp_path: Path) -> None:
    """Calls of functions are counted, as seconds are those of the machine."""
    worked = {}
    for devices in (50, 150):
        with calls() as counted, many(devices, tmp_path) as it:
            it.get("/")  # what is made for the first page, and kept
            counted.clear()
            it.get("/")
        assert counted[assess.__qualname__] == devices
        worked[devices] = counted.total()
    assert worked[150] < 3.1 * worked[50]
    assert worked[150] < 150 * 3000


def test_a_page_asks_no_more_than_a_scrape_would(hall: Stage, page: Page) -> None:
    hall.get("/probe?target=fine")
    before = hall.requests("fine")
    for path in ("/", "/device/fine", "/"):
        page.goto(hall.base + path)
    assert hall.requests("fine") == before
    assert re.search(r"\d+ s ago", cell(page, "fine", 8))


def test_a_slow_device_keeps_no_page_waiting(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        server = it.run(_silent())
        silent = server.sockets[0].getsockname()[1]
        (target,) = it.start([turned(modules=0)])
        (tmp_path / "generex.yml").write_text(
            f"devices: [{{name: quick, target: '{target}'}}, "
            f"{{name: slow, target: '127.0.0.1:{silent}', timeout: 20s, request_timeout: 19s}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        it.get("/probe?target=quick")
        page.goto(it.base)
        assert cell(page, "quick", 0) == "● On mains"
        assert cell(page, "slow", 0) == "… Not read yet"
        assert "being read" in cell(page, "slow", 8)
        assert page.locator("html").get_attribute("data-refresh") == "3"
        page.goto(f"{it.base}/device/slow")
        assert page.get_by_text("Not read yet. Being read now.").is_visible()
        it.loop.call_soon_threadsafe(server.close)


async def _silent() -> asyncio.Server:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    return await asyncio.start_server(hold, "127.0.0.1", 0)


def test_it_refreshes_itself_but_not_under_somebodys_hands(hall: Stage, page: Page) -> None:
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.clock.install()
    page.goto(hall.base)
    with page.expect_event("load"):
        page.clock.run_for(20_000)
    page.get_by_label("Name or address").fill("10.0.0.7")
    loads.clear()
    page.clock.run_for(40_000)
    expect(page.locator("#held")).to_contain_text("In use, so not refreshed")
    expect(page.get_by_label("Name or address")).to_have_value("10.0.0.7")
    assert loads == []
    box = page.locator("#held").bounding_box()
    assert box
    assert box["y"] < 900, "seen without scrolling"
    page.get_by_role("button", name="Clear").click()
    page.clock.run_for(40_000)
    assert loads == []
    # whoever clicked a minute ago may have left: an old page must not look alive
    with page.expect_event("load"):
        page.clock.run_for(40_000)
    page.get_by_role("link", name="Stop refreshing").click()
    expect(page.get_by_text("not refreshed.")).to_be_visible()
    assert page.locator("script").count() == 0


@pytest.mark.parametrize("meanwhile", ["nobody", "silent", "proxy"])
@pytest.mark.parametrize("path", ["/", "/device/a"])
def test_a_page_says_that_it_is_old_and_comes_back_with_the_exporter(
    browser: Browser, tmp_path: Path, meanwhile: str, path: str
) -> None:
    """Also when a silent process or a proxy's error page is at its port while the exporter restarts."""
    context = browser.new_context()
    page = context.new_page()
    with stage() as it:
        device = turned(modules=4)
        (target,) = it.start([device])
        (tmp_path / "generex.yml").write_text(f"devices: [{{name: a, target: '{target}'}}]\n")
        port = free_port()
        it.serve(tmp_path / "generex.yml", port)
        it.read()
        page.clock.install()
        page.goto(it.base + path)
        expect(page.get_by_text("On mains").locator("visible=true").first).to_be_visible()
        title = page.title()
        it.run(it.stop())
        other = None if meanwhile == "nobody" else it.run(_stand_in(port, answers=meanwhile == "proxy"))
        loads: list[str] = []
        page.on("load", lambda loaded: loads.append(loaded.url))
        page.clock.run_for(60_000)
        held = page.locator("#held")
        expect(held).to_contain_text("The exporter does not answer: this page is 6")
        box = held.bounding_box()
        assert box
        assert box["y"] < 720, "seen without scrolling"
        expect(page.get_by_text("On mains").locator("visible=true").first).to_be_visible()
        assert "grayscale" in page.locator("main").evaluate("it => getComputedStyle(it).filter")
        assert re.fullmatch(rf"\? 6\d s old: {re.escape(title)}", page.title()), page.title()
        assert loads == []

        if other is not None:
            it.run(_stop(other))
        it.turn(device, bypass=True)
        with page.expect_event("load"):  # it may come back before the clock is moved
            it.serve(tmp_path / "generex.yml", port)
            it.read()
            page.clock.run_for(10_000)
        expect(page.get_by_text("On bypass").first).to_be_visible()
        expect(held).to_be_hidden()
        assert "old" not in page.title()
    context.close()


async def _stand_in(port: int, *, answers: bool) -> asyncio.Server:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad")
        else:
            await reader.read()
        writer.close()

    return await asyncio.start_server(hold, "127.0.0.1", port)


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await asyncio.sleep(0)


def test_it_works_without_javascript(hall: Stage, browser: Browser) -> None:
    hall.read()  # else the page may come while something is being read, and again soon
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(hall.base)
    assert cell(page, "fine", 0) == "● On mains"
    assert page.locator('meta[http-equiv="refresh"]').get_attribute("content") == "15"
    page.get_by_label("Name or address").fill("fine")
    page.get_by_role("button", name="Probe").click()
    assert 'generex_up{device="fine",site="north"} 1' in page.locator("body").inner_text()
    page.goto(f"{hall.base}/device/weak")
    page.get_by_text("String 1 in numbers").first.click()
    assert page.get_by_role("rowheader", name="17", exact=True).is_visible()
    page.goto(f"{hall.base}/?refresh=off")
    assert page.locator('meta[http-equiv="refresh"]').count() == 0
    context.close()


def test_the_keyboard_reaches_everything(hall: Stage, page: Page) -> None:
    for path in ("/", "/device/weak"):
        page.goto(hall.base + path)
        wanted = page.locator("a, button, input, summary").evaluate_all(
            "all => all.filter((it) => it.checkVisibility()).length"
        )
        radios = page.get_by_role("radio").count()
        seen = set()
        for _ in range(wanted + 20):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """() => {
                    const it = document.activeElement;
                    if (it === document.body) return null;
                    if (getComputedStyle(it).outlineStyle === 'none') return 'no ring';
                    it.dataset.seen ||= String(Math.random());
                    return it.matches('a, button, input, summary') ? it.dataset.seen : null;
                }"""
            )
            assert focused != "no ring"
            if focused:
                seen.add(focused)
        assert len(seen) == wanted - max(radios - 1, 0), "a group of radio buttons is one stop"
        page.keyboard.press("Escape")


@pytest.mark.parametrize("path", ["/?x=1", "/device", "/device/nobody", "/?refresh=maybe", "/static/none"])
def test_bad_addresses_are_named(hall: Stage, path: str, browser: Browser) -> None:
    page = browser.new_page()
    answer = page.goto(hall.base + path)
    assert answer is not None
    assert answer.status in (400, 404)
    assert answer.headers["content-type"].startswith("text/plain")
    text = page.locator("body").inner_text()
    assert re.search(r'"(x|name|nobody|refresh|/static/none)"', text), text
    page.close()
