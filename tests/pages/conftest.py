"""A Chromium for these tests, and a hall of devices that most of them look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.pagestage import Stage, played, stage, turned
from tests.support import free_port, require


# no longer than a module: while Playwright runs, no other test in this thread can run an event loop
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = require("chromium")
    with sync_playwright() as playwright:
        # a container has no user namespaces for Chromium's sandbox
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Devices in every kind of trouble, read once; one died since and one lost its UPS."""
    devices = {
        "fine": turned(2, 40),
        "weak": played("weak-block", 650),
        "missing": turned(2, 40, lost_modules=[23]),
        "bypassed": turned(bypass=True),
        "runaway": played("thermal-runaway", 650),
        "starting": turned(bacs_starting=True),
        "gateway": turned(personality="prof"),
        "lost": turned(),
        "dying": turned(mains=False, charge=0.34),
    }
    with stage() as it:
        targets = dict(zip(devices, it.start(list(devices.values())), strict=True))
        lines = ["devices:"]
        for name, target in targets.items():
            module = "prof" if name == "gateway" else "cs141"
            lines.append(
                f"  - {{name: {name}, target: '{target}', module: {module}, labels: {{site: north}}}}"
            )
        lines.append(f"  - {{name: never, target: 'tcp://127.0.0.1:{free_port()}'}}")
        lines += ["probe:", "  allow: [10.0.0.0/24]"]
        config = Path(tmp_path_factory.mktemp("hall"), "generex.yml")
        config.write_text("\n".join(lines) + "\n")
        it.serve(config)
        it.read()
        it.get("/probe?target=gateway")  # a frame is valid once its counter was seen moving
        it.turn(devices["lost"], ups_communication=False)
        it.run(devices["dying"].stop())
        for name in ("lost", "dying"):
            it.get(f"/probe?target={name}")
        yield it


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not complain: scripts, style and everything else load and run without an error."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    trouble: list[str] = []
    # a page of plain text has no icon of its own
    page.on(
        "console",
        lambda it: None if it.location["url"].endswith("/favicon.ico") else trouble.append(it.text),
    )
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
    page.on(
        "requestfailed",
        lambda it: (
            None if it.failure == "net::ERR_ABORTED" else trouble.append(f"failed: {it.url}, {it.failure}")
        ),
    )
    yield page
    context.close()
    assert trouble == []
