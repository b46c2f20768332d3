"""Pictures for the admins' guides: `python -m tests.app.console_pictures docs`. A tool for people, not a test."""

from __future__ import annotations

import sys
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app import create_app
from app.bootstrap import Deps
from app.passwords import hash_password
from app.rehearsal import free_port
from app.settings import Settings
from connectors.simulator.server import QuietHandler
from connectors.store import Store
from connectors.store.tenants import MODE, SHADOW
from tests.app.admin.connect_fakes import DELETED, good
from tests.app.admin.console_fakes import PASSWORD as USER_PASSWORD
from tests.app.admin.console_fakes import USER, FakeConsole
from tests.app.admin.console_site import served
from tests.browser_here import chromium
from tests.conftest import new_tenant

NOW = datetime(2026, 11, 17, 13, 24, 6, tzinfo=UTC)
EMAIL, PASSWORD = "ana@fieldline.example", "a good long password"


def picture(page: Page, out: Path, name: str, *, height: int) -> None:
    page.set_viewport_size({"width": 1280, "height": height})
    page.screenshot(path=out / f"connect-{name}.png")


def knowledge(browser: Browser, out: Path) -> None:
    """The review queue of a made-up working day."""
    with served(FakeConsole()) as origin:
        page = browser.new_page(base_url=origin, color_scheme="light", viewport={"width": 1280, "height": 900})
        page.goto("/console/login")
        page.fill("#email", USER.email)
        page.fill("#password", USER_PASSWORD)
        page.click("button[type=submit]")
        page.goto("/console/knowledge")
        page.screenshot(path=out / "knowledge.png", full_page=True)
        page.close()


def main() -> None:
    out, port = Path(sys.argv[1]), free_port()
    with tempfile.TemporaryDirectory() as var, sync_playwright() as play:
        settings = Settings.from_env({"DESKHAND_VAR": var, "DESKHAND_PORT": str(port), "DESKHAND_LOG_LEVEL": "ERROR"})
        store = Store.open(settings.database_url, var=settings.var)
        store.database.migrate()
        store.users.save(email=EMAIL, name="Ana Lind", password_hash=hash_password(PASSWORD), now=NOW)
        app = create_app(settings, Deps(settings, store, lambda: NOW))
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        knowledge(browser, out)
        page = browser.new_page(base_url=settings.public_url, color_scheme="light")
        page.goto("/console/login")
        page.fill("#email", EMAIL)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.goto("/console/connect")
        picture(page, out, "empty", height=420)
        page.goto("/console/connect/new/zendesk")
        page.fill("#address", "fieldline")
        page.fill("#in-oauth_client-client_id", "deskhand")
        page.fill("#in-oauth_client-client_secret", "not a real secret")
        page.locator("h1").click()
        picture(page, out, "sign-in", height=690)
        settings_of = {MODE: SHADOW}
        address = "https://fieldline.zendesk.com"
        made = new_tenant("zendesk-fieldline", base_url=address, origin=address, settings=settings_of)
        desk = replace(made, name="Fieldline")
        store.tenants.add(desk, webhook_token="a path", now=NOW)
        found = good() | {"fields": DELETED}
        store.findings.save(desk.id, found.values(), NOW)
        page.goto("/console/connect")
        picture(page, out, "needs-you", height=910)
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
