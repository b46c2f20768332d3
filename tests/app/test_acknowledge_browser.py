"""The page behind the link in Chromium: one press, with and without scripts, in both themes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from app.sla.acknowledging import held
from app.sla.links import ack_link
from connectors.store import Store
from tests.app.sla.ground import REF, opened, with_people
from tests.conftest import ToldClock
from triage.escalation.taking import Taking

pytestmark = pytest.mark.browser


@dataclass
class Site:
    deps: Deps
    link: str

    def is_taken(self) -> bool:
        return held(self.deps, "acme", REF, now=self.deps.now()).taken.state is Taking.TAKEN


@pytest.fixture
def site(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, Flask("placeholder"), threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path), "DESKHAND_PUBLIC_URL": origin}), store, clock)
    with_people(deps)
    opened(deps, clock() - timedelta(minutes=72))
    server.app = create_app(deps.settings, deps)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(deps, ack_link(deps, "acme", REF, person="priya", now=clock()))
    server.shutdown()


@pytest.mark.parametrize(("scheme", "scripts"), [("light", True), ("dark", True), ("light", False)])
def test_one_press_takes_the_ticket(site: Site, browser: Browser, scheme: str, scripts: bool) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        viewport={"width": 360, "height": 640},
    )
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    page.goto(site.link)
    if scripts:
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not site.is_taken()
    button = page.get_by_role("button", name="Acknowledge, I have it")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.click()
    expect(page.get_by_role("heading", name="You have it")).to_be_visible()
    assert site.is_taken()
    assert refused == []
    context.close()
