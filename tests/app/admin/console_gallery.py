"""Pictures of the console: `python -m tests.app.admin.console_gallery OUT_DIR`. A tool for people, not a test."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.app.admin.console_fakes import PASSWORD, USER, FakeConsole
from tests.app.admin.console_site import served


def shoot(page: Page, origin: str, deps: FakeConsole, out: Path, name: str) -> None:
    full = replace(deps.page), replace(deps.first)
    page.goto(f"{origin}/console/login")
    page.screenshot(path=out / f"{name}-login.png")
    page.fill("#email", USER.email)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    for path, label in (("/", "overview"), ("/deliveries", "deliveries"), ("/deliveries?did=dropped&n=1&q=48", "done")):
        page.goto(f"{origin}/console{path}")
        page.screenshot(path=out / f"{name}-{label}.png", full_page=True)
    deps.page = replace(deps.page, parked=(), latest=())
    deps.first = replace(deps.first, todo=(), usual=(), events_today=())
    deps.parked_count = 0
    for path, label in (("/", "overview-empty"), ("/deliveries", "deliveries-empty")):
        page.goto(f"{origin}/console{path}")
        page.screenshot(path=out / f"{name}-{label}.png", full_page=True)
    deps.page, deps.first = full
    deps.parked_count = 2


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    deps = FakeConsole()
    with served(deps) as origin, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme, width, height in (("light", 1440, 900), ("dark", 1440, 900), ("light", 380, 800)):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
            page = context.new_page()
            page.on("console", lambda m: m.type == "error" and print(m.text))
            shoot(page, origin, deps, out, f"{scheme}-{width}")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            print(scheme, width, "wider than the window by", wide)
        browser.close()


if __name__ == "__main__":
    main()
