"""The page of a device in a real Chromium, and both pages under an accessibility checker."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from exporter.simulator.server import Simulator
from tests.hostile import Hostile, Peer, Request, honest, silent
from tests.pages.pagestage import CLOCK, Stage, stage, turned

BOARDS = Path(__file__).parents[2] / "dashboards"


def section(page: Page, heading: str) -> str:
    return page.get_by_role("region", name=heading, exact=True).first.inner_text()


def test_what_the_device_says_now(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/weak")
    flags = section(page, "Active flags")
    assert flags.index("On battery") < flags.index("Resistance high") < flags.index("Discharging")
    assert "string 1 module 17" in flags
    assert "First: Have the block replaced by battery service soon" in flags
    values = section(page, "Measurements")
    assert re.search(r"UPS battery charge\s+98 %", values)
    assert re.search(r"UPS output voltage phase 1 / 2 / 3\s+230 V / 230 V / 230 V", values)
    passes = page.get_by_role("region", name="Recent passes").last.get_by_role("row").all_inner_texts()
    assert re.search(r"✔\s+all read\s+\d+ ms\s+4", passes[1])


def test_blocks_stand_beside_their_string(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/weak")
    tiles = page.locator("li.block")
    assert tiles.count() == 40
    weak = tiles.nth(16)
    assert re.sub(r"\s+", " ", weak.inner_text()) == "17 ▲ V ▼ R ▲▲▲"
    assert re.search(r"Block 17: 12\.\d+ V \(−0\.\d+ V\), .* mΩ", weak.get_attribute("title") or "")
    assert tiles.nth(15).inner_text() == "16"
    page.get_by_text("String 1 in numbers").first.click()
    numbers = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="17", exact=True))
    assert "Resistance high" in numbers.first.inner_text()
    page.goto(f"{hall.base}/device/runaway")
    assert page.title().startswith("✖ runaway: Thermal runaway; on mains"), (
        "a tab is not green for the mains alone"
    )
    page.goto(f"{hall.base}/device/missing")
    assert re.sub(r"\s+", " ", page.locator("li.absent").inner_text()) == "23 ✖ absent"
    page.get_by_text("String 2 in numbers").first.click()
    numbers = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="23", exact=True))
    assert "✖ absent" in numbers.first.inner_text()


def test_all_flags_and_raw_words_are_folded(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/lost")
    summary = page.get_by_text("UPS status: 16 flags")
    table = page.locator("details", has=summary).get_by_role("table")
    expect(table).to_be_hidden()
    summary.click()
    rows = {text.split("\t")[0]: text.split("\t")[-1] for text in table.get_by_role("row").all_inner_texts()}
    # what is frozen is neither set nor clear
    assert rows["UPS not answering"] == "■ set"
    assert rows["On battery"] == "– not reported"
    page.get_by_text("Raw words of this pass").click()
    words = page.locator("#words")
    status = words.get_by_role("row").filter(has_text="ups.status").inner_text()
    assert re.search(r"109\s+STATUS\s+0x4004\s+16388\s+Output on, UPS not answering", status), status
    charge = words.get_by_role("row").filter(has_text="ups.battery_charge")
    assert charge.locator("s").inner_text() == "100 %"
    assert "not trusted" in charge.inner_text()
    module = words.get_by_role("row").filter(has_text="bacs.module_volts#2")
    assert module.locator("s").count() == 0
    assert "1066" in module.inner_text()
    # what was unfolded stays so when the page is loaded again
    page.reload()
    expect(words.get_by_role("table")).to_be_visible()


def test_an_unreachable_device_shows_its_past_struck_through(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/dying")
    verdict = page.locator(".verdict").inner_text()
    assert re.search(r"✖\sLost on battery, unreachable for \d+ s", verdict)
    assert re.search(rf"Last seen on battery, 34 %, {CLOCK}, \d+ s ago", verdict)
    assert "cannot connect" in verdict
    assert page.locator(".verdict s").inner_text() == "on battery, 34 %"
    assert page.locator("dl.values dd").count() == page.locator("dl.values dd s").count() > 8
    assert "Last seen at" in section(page, "Battery blocks")
    assert page.locator("ol.blocks:not(.old)").count() == 0
    flags = section(page, "Active flags")
    assert "Unknown" in flags
    assert "On battery" in page.get_by_role("region", name="Active flags").locator("s").all_inner_texts()


def test_every_state_and_flag_leads_to_its_section_of_the_runbook(hall: Stage, page: Page) -> None:
    for name, link, section_name in (
        ("runaway", "what to do", "GenerexThermalRunaway"),
        ("bypassed", "Runbook: On bypass", "GenerexOnBypass"),
        ("dying", "what to do", "GenerexLostOnBattery"),
        ("weak", "Runbook: Resistance high", "GenerexBlockResistanceHigh"),
    ):
        page.goto(f"{hall.base}/device/{name}")
        page.get_by_role("link", name=link).first.click()
        assert page.url.endswith(f"/docs/runbook#{section_name.lower()}")
        assert page.locator(f"#{section_name.lower()}").inner_text() == section_name


def test_the_largest_sign_says_the_worst_that_is_true(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/missing")
    assert page.locator(".badge.large").inner_text().replace("\xa0", " ") == "✖ On mains; block missing"
    assert "critical" in (page.locator(".badge.large").get_attribute("class") or "")
    assert page.title().startswith("✖ missing: On mains; block missing")


def test_since_when_is_told_as_far_as_it_was_seen(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        device, old = turned(), turned(mains=False)
        first, second = it.start([device, old])
        (tmp_path / "generex.yml").write_text(
            f"devices: [{{name: a, target: '{first}'}}, {{name: b, target: '{second}'}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        it.read()
        it.turn(device, mains=False)
        it.get("/probe?target=a")
        page.goto(f"{it.base}/device/a")
        assert re.search(
            r"On battery.* left for \d+ s", " ".join(page.locator(".verdict").inner_text().split())
        )
        card = page.locator(".cards li").filter(has_text="On battery").first
        assert re.fullmatch(r"for \d+ s", card.locator(".since").inner_text())
        page.goto(f"{it.base}/device/b")
        before = rf"since before {CLOCK}, when this exporter first saw it"
        assert re.search(before, page.locator(".verdict").inner_text())
        page.goto(it.base)
        texts = page.locator("td.state .since").all_inner_texts()
        assert sorted(re.sub(r"\d+ s", "0 s", re.sub(CLOCK, "…", text)) for text in texts) == [
            "for 0 s", "since before …",
        ]  # fmt: skip


def test_what_contradicts_an_output_that_is_off_is_told(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        (target,) = it.start([Simulator(listen="127.0.0.1:0", modules=2, pins={109: 0})])
        (tmp_path / "generex.yml").write_text(f"devices: [{{name: a, target: '{target}'}}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        said = (
            "Contradictory, check: the UPS says that its output is off, but shows 230 V and 46 % load there."
        )
        for path in ("/", "/device/a"):
            page.goto(it.base + path)
            assert said in page.locator(".doubt").inner_text()
        assert "Output off" in section(page, "Active flags")
        page.goto(f"{it.base}/docs/search?q=output+off")
        assert "The load has no power from this UPS." in page.locator(".hits").inner_text()


def test_a_list_that_counts_from_another_address_is_told(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        words = Simulator(static=True).image()
        shifted = Simulator(listen="127.0.0.1:0", pins={a + 1: words[a] for a in range(97, 143)})
        (target,) = it.start([shifted])
        (tmp_path / "generex.yml").write_text(f"devices: [{{name: a, target: '{target}'}}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        page.goto(f"{it.base}/device/a")
        said = (
            "The words seem shifted: one address higher, they fit the list ups: its word 109 stands at 110."
        )
        assert said in " ".join(page.locator(".doubt").all_inner_texts())
        _check_access(page)


def test_an_unreachable_device_shows_what_to_try(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/never")
    hint = page.locator(".hint").inner_text()
    assert hint.startswith("Hint: nothing listens there, or it takes no further master")
    page.goto(f"{hall.base}/device/fine")
    assert page.locator(".hint").count() == 0


def test_a_phone_shows_the_errors_of_passes(hall: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{hall.base}/device/never")
    error = page.locator("table.passes td").filter(has_text="cannot connect").first
    box = error.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390, "nobody has to scroll sideways for it"


def test_a_device_leads_to_its_board(page: Page, tmp_path: Path) -> None:
    boards = {json.loads(path.read_text())["uid"] for path in BOARDS.glob("*.json")}
    with stage() as it:
        ups, bacs = it.start([turned(), turned()])
        (tmp_path / "generex.yml").write_text(
            "links: {grafana: 'https://grafana.example/g/'}\n"
            f"devices: [{{name: a b, target: '{ups}'}}, {{name: b, target: '{bacs}', module: bacs}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        for path, board, name in (("a%20b", "generex-ups", "a%20b"), ("b", "generex-bacs", "b")):
            page.goto(f"{it.base}/device/{path}")
            address = page.get_by_role("link", name="Board in Grafana").get_attribute("href")
            assert address == f"https://grafana.example/g/d/{board}?var-device={name}"
            assert board in boards


def test_a_lost_ups_is_not_current_but_its_battery_is(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/lost")
    current = page.locator("dl.values:not(.old) dt").all_inner_texts()
    assert [text.split(" phase")[0].split(" port")[0] for text in current] == [
        "UPS power failures", "UPS AUX input", "BACS strings", "BACS modules",
    ]  # fmt: skip
    old = page.locator("dl.values.old div")
    assert old.filter(has_text="UPS battery charge").locator("s").inner_text() == "100 %"
    assert page.locator("ol.blocks.old").count() == 0
    assert page.locator("li.block").count() == 8


def test_a_bacs_that_does_not_vouch_for_itself_shows_no_blocks_as_current(hall: Stage, page: Page) -> None:
    page.goto(f"{hall.base}/device/starting")
    assert "Blocks: not trusted" in page.locator(".verdict").inner_text()
    assert page.locator("li.block").count() == 0, "it was never seen trusted"


def test_blocks_that_fall_silent_are_shown_as_they_were_seen_last(page: Page, tmp_path: Path) -> None:
    def deaf_from_1060(device: Hostile, peer: Peer, request: Request) -> None:
        (silent if request.address >= 1060 else honest)(device, peer, request)

    with stage() as it:
        words = turned(2, 40).image()
        device = Hostile(served=words)
        device.pins = dict(words)
        it.run(device.__aenter__())
        (tmp_path / "generex.yml").write_text(
            f"devices: [{{name: a, target: '{device.target()}', request_timeout: 100ms}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        it.get("/probe?target=a")
        device.behaviour = deaf_from_1060
        it.get("/probe?target=a")
        page.goto(f"{it.base}/device/a")
        assert "Blocks: not read" in page.locator(".verdict").inner_text()
        assert page.locator("ol.blocks:not(.old)").count() == 0
        assert page.locator("ol.blocks.old li").count() == 40
        assert "Unknown: some data could not be read" in section(page, "Active flags")
        page.get_by_text("String 1 in numbers").first.click()
        cells = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="1", exact=True)).first
        assert cells.locator("s").count() == cells.get_by_role("cell").count() == 8, "flags, too, are of then"
        page.goto(it.base)
        assert page.get_by_role("cell").filter(has_text="unknown").count() == 1, "no alarm, as far as read"
        it.run(device.__aexit__())


def test_a_bacs_without_ups_that_dies_shows_its_past(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        device = turned()
        (target,) = it.start([device])
        (tmp_path / "generex.yml").write_text(f"devices: [{{name: a, target: '{target}', module: bacs}}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        it.run(device.stop())
        it.get("/probe?target=a")
        page.goto(f"{it.base}/device/a")
        assert re.search(rf"Last seen answering, {CLOCK}, \d+ s ago", page.locator(".verdict").inner_text())
        old = page.locator("dl.values.old div")
        assert old.filter(has_text="BACS modules").locator("s").inner_text() == "8"
        strings = page.get_by_role("region", name="Strings", exact=True).first
        assert "Last seen at" in strings.inner_text()
        assert strings.get_by_role("cell").count() == strings.locator("s").count() > 4


def test_what_cannot_be_is_marked_and_is_no_yes(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        hot = turned()
        for module in range(8):
            hot.set(1060 + 5 * module, 78 + 2 * 301)
        names = ("tenths", "hot", "other")
        targets = it.start([turned(tenths=True), hot, turned(personality="everexceed")])
        lines = [f"{{name: {name}, target: '{target}'}}" for name, target in zip(names, targets, strict=True)]
        (tmp_path / "generex.yml").write_text(f"devices: [{', '.join(lines)}]\n")
        it.serve(tmp_path / "generex.yml")
        it.read()
        it.get("/probe?target=other")  # until then it is not known what it refuses

        page.goto(f"{it.base}/device/tenths")
        verdict = page.locator(".verdict").inner_text().replace("\xa0", " ")
        assert "Survives a power failure now? ? values in doubt" in verdict
        assert (
            "These values are impossible: input frequency in Hz, input voltage in V, output voltage in V"
            in verdict
        )
        values = {
            text.split("\n")[0].split(" phase")[0]: text.split("\n")[1]
            for text in page.locator("dl.values div").all_inner_texts()
        }
        assert values["UPS input frequency"] == "? 500 Hz / 500 Hz / 500 Hz (doubtful)"
        assert values["UPS temperature"] == "? 301 °C (doubtful)"
        assert values["UPS battery charge"] == "100 %"
        assert page.locator("li.block span").count() == 0
        _check_access(page)

        page.goto(f"{it.base}/device/hot")
        verdict = page.locator(".verdict").inner_text().replace("\xa0", " ")
        assert "? values in doubt" in verdict
        assert "8 of 8 OK, temperature doubtful" in verdict
        assert page.locator("li.block span").all_inner_texts() == ["T ?"] * 8
        page.get_by_text("String 1 in numbers").first.click()
        assert page.get_by_role("cell", name="301 °C (doubtful)").count() == 4
        _check_access(page)

        page.goto(f"{it.base}/device/other")
        assert "The UPS refuses every alarm word" in page.locator(".verdict").inner_text()
        assert all("doubtful" in value for value in page.locator("dl.values dd").all_inner_texts())

        page.goto(it.base)
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="tenths", exact=True))
        assert row.get_by_role("cell").nth(5).inner_text().split() == ["?", "301", "°C", "doubtful"]
        assert row.get_by_role("cell").nth(2).inner_text() == "100 %"
        _check_access(page)


def test_a_map_that_was_edited_since_the_last_pass(tmp_path: Path, page: Page) -> None:
    """The page tells of that pass, in the words of then."""

    def own(word: str) -> str:
        return (
            "map: own\ntitle: Own\nsource: nobody\nmetrics: {own_volts: {help: Volts., unit: volts}}\n"
            f"groups: {{room: {{title: Room, words: {{{word}: {{address: 110, metric: own_volts}}}}}}}}\n"
        )

    with stage() as it:
        (target,) = it.start([turned()])
        (tmp_path / "own.yaml").write_text(own("before"))
        (tmp_path / "generex.yml").write_text(
            f"maps: [own.yaml]\nmodules: {{own: {{maps: [own]}}}}\n"
            f"devices: [{{name: a, target: '{target}', module: own}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        it.read()
        (tmp_path / "own.yaml").write_text(own("after"))
        assert page.request.post(f"{it.base}/-/reload").ok
        page.goto(f"{it.base}/device/a")
        page.get_by_text("Raw words of this pass").click()
        assert page.locator("#words tbody th").all_inner_texts() == ["own.before"]


def test_three_hundred_and_thirty_modules(page: Page, tmp_path: Path) -> None:
    with stage() as it:
        (target,) = it.start([turned(10, 330, weak_block=17, lost_modules=[44, 330])])
        (tmp_path / "generex.yml").write_text(
            f"devices: [{{name: big, target: '{target}', expect: {{modules: 330}}}}]\n"
        )
        it.serve(tmp_path / "generex.yml")
        page.goto(f"{it.base}/device/big")
        # the page comes while such a device is still being read, and again soon
        expect(page.locator("li.block")).to_have_count(330, timeout=30_000)
        assert page.locator("li.absent b").all_inner_texts() == ["44 ✖", "330 ✖"]
        assert "327 of 330 OK, 2 absent" in page.locator(".verdict").inner_text()
        assert "string 2 module 44, string 10 module 330" in page.locator(".verdict").inner_text()
        page.get_by_text("Raw words of this pass").click()
        expect(
            page.locator("#words").get_by_role("row").filter(has_text="bacs.module_volts#330")
        ).to_be_visible()


@pytest.mark.parametrize(
    ("path", "scheme", "width"),
    [
        ("/", "light", 380), ("/", "dark", 1400), ("/?refresh=off", "light", 1400),
        ("/device/weak", "dark", 380), ("/device/dying", "light", 1400), ("/device/missing", "light", 380),
        ("/docs/", "dark", 380), ("/docs/runbook", "light", 380), ("/docs/metrics", "dark", 1400),
        ("/docs/search?q=thermal+runaway", "light", 380),
    ],
)  # fmt: skip
def test_nothing_stands_in_anybodys_way(
    hall: Stage, browser: Browser, path: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(hall.base + path)
    for summary in page.locator("details:not(#words) summary").all()[-2:]:
        summary.click()
    _check_access(page)
    context.close()


def _check_access(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(it["id"], [node["html"] for node in it["nodes"]][:3]) for it in found] == []
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, "nobody has to scroll sideways"
