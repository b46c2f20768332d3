"""Pictures of the console: `python -m tests.app.admin.console_gallery OUT_DIR`. A tool for people, not a test."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.install.nouns import Step, StepState
from tests.app.admin.connect_fakes import DELETED, NO_APP, OTHER, TENANT
from tests.app.admin.console_fakes import PASSWORD, USER, FakeConsole
from tests.app.admin.console_site import served


def shoot(page: Page, origin: str, deps: FakeConsole, out: Path, name: str) -> None:
    full = replace(deps.page), replace(deps.first)
    page.goto(f"{origin}/console/login")
    page.screenshot(path=out / f"{name}-login.png")
    page.fill("#email", USER.email)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    for path, label in (
        ("/", "overview"),
        ("/triage", "triage"),
        (f"/triage/{OTHER}", "triage-empty"),
        ("/triage?true=api_errors&said=webhook_delivery", "triage-pair"),
        ("/sla", "sla"),
        ("/sla?ticket=48102", "sla-ticket"),
        ("/sla?ticket=48102&compare=1", "sla-compared"),
        ("/sla?ticket=48301", "sla-service-down"),
        ("/sla?ticket=48302", "sla-no-priority"),
        ("/sla?ticket=48303", "sla-held"),
        ("/sla?ticket=48304", "sla-long"),
        ("/sla?ticket=99", "sla-unknown"),
        ("/knowledge", "knowledge"),
        (f"/knowledge/{OTHER}", "knowledge-empty"),
        (f"/knowledge/{TENANT}?did=dismissed&gap=2&area=identity", "knowledge-undo"),
        (f"/knowledge/{TENANT}/gaps/1", "knowledge-gap"),
        (f"/knowledge/{TENANT}/articles", "knowledge-articles"),
        (f"/knowledge/{TENANT}/articles/31", "knowledge-article"),
        (f"/knowledge/{TENANT}/releases/2", "knowledge-releases"),
        ("/deliveries", "deliveries"),
        ("/deliveries?did=drop&n=1&of=1&q=48", "done"),
    ):
        page.goto(f"{origin}/console{path}")
        page.screenshot(path=out / f"{name}-{label}.png", full_page=True)
    shoot_deliveries(page, origin, deps, out, name)
    deps.page = replace(deps.page, parked=(), latest=(), held=(), matching=0, older=None)
    deps.first = replace(deps.first, todo=(), usual=(), events_today=())
    deps.parked_count = 0
    for path, label in (("/", "overview-empty"), ("/deliveries", "deliveries-empty")):
        page.goto(f"{origin}/console{path}")
        page.screenshot(path=out / f"{name}-{label}.png", full_page=True)
    deps.page, deps.first = full
    deps.parked_count = 2


def shoot_deliveries(page: Page, origin: str, deps: FakeConsole, out: Path, name: str) -> None:
    """What matches a filter, the question before an action, one row, its words, a dry run and one without an answer."""
    deps.page = replace(deps.page, matching=2, older="1.in-6")
    plan = deps.plan
    for path, label in (
        ("?state=parked&reason=422", "match"),
        ("?did=replay&n=1&of=2", "partly-done"),
        ("/confirm?do=replay&state=parked", "confirm"),
        ("/confirm?do=drop", "nothing-selected"),
        ("/out-34", "one"),
        ("/out-34?texts=1", "one-words"),
        ("/out-34/dry-run/7", "plan"),
        ("/out-34/dry-run/8", "no-answer"),
    ):
        deps.plan = None if label == "no-answer" else plan
        page.goto(f"{origin}/console/deliveries{path}")
        page.screenshot(path=out / f"{name}-deliveries-{label}.png", full_page=True)
    deps.plan = plan


def shoot_connect(page: Page, origin: str, deps: FakeConsole, out: Path, name: str) -> None:
    """Empty, the form, wrong input, connecting, failing, needs you, all good, live, and going away."""

    def picture(label: str, path: str = "") -> None:
        if path:
            page.goto(f"{origin}/console/connect{path}")
        page.screenshot(path=out / f"{name}-connect-{label}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            print(name, label, "is wider than the window by", wide)

    def fill_in() -> None:
        page.goto(f"{origin}/console/connect/new/tidedesk")
        page.fill("#address", "fieldline.example")
        page.fill("#in-client-client_id", "deskhand")
        page.fill("#in-client-client_secret", "a secret")

    deps.connected = False
    page.goto(f"{origin}/console/connect")
    picture("empty")
    fill_in()
    picture("form")
    page.fill("#in-client-client_secret", "")
    page.get_by_role("button", name="Connect").click()
    picture("wrong-input")
    fill_in()
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("link", name="Open the helpdesk").wait_for()
    picture("connecting")
    refused = "Tidedesk gives no access (401): no such client."
    fix = "Check what you typed."
    deps.fails_at = Step(key="permission", state=StepState.FAILED, detail=refused, fix=fix)
    fill_in()
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("heading", name="Connect again").wait_for()
    picture("failed")
    deps.fails_at, deps.connected = None, True
    deps.findings |= {"fields": DELETED, "sidebar": NO_APP}
    picture("needs-you", f"/{TENANT}")
    page.get_by_role("button", name="Let us mend it").click()
    picture("mended")
    deps.shadow = False
    picture("live", f"/{TENANT}")
    picture("leave", f"/{TENANT}/disconnect")
    deps.refuse_package()
    picture("package", f"/{TENANT}/package")
    deps.__init__()  # type: ignore[misc]


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    deps = FakeConsole()
    with served(deps) as origin, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
            page = context.new_page()
            page.on("console", lambda m: m.type == "error" and print(m.text))
            shoot(page, origin, deps, out, f"{scheme}-{width}")
            shoot_connect(page, origin, deps, out, f"{scheme}-{width}")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            print(scheme, width, "wider than the window by", wide)
        browser.close()


if __name__ == "__main__":
    main()
