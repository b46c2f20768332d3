"""Connecting in Chromium: the page grows while it works, no script needed, and the policy lets every step pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from app.bootstrap import Deps
from app.passwords import hash_password
from connectors.store import Store
from tests.app.install_site import Site, site, web
from tests.app.test_console import EVA, PASSWORD

pytestmark = pytest.mark.browser
HASH = hash_password(PASSWORD)


@pytest.fixture
def deps(store: Store, tmp_path: Path) -> Iterator[Deps]:
    with web(store, tmp_path) as made:
        store.users.save(email=EVA, name="Eva Berg", password_hash=HASH, now=made.now())
        yield made


@pytest.fixture
def desk(deps: Deps) -> Iterator[Site]:
    with site(deps, "zendesk") as made:
        yield made


@pytest.fixture
def page(deps: Deps, browser: Browser) -> Iterator[Page]:
    """Logged in, scripts off: nothing here may need one."""
    context = browser.new_context(base_url=deps.settings.public_url, java_script_enabled=False)
    opened = context.new_page()
    refused: list[str] = []
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto("/console/login")
    opened.fill("#email", EVA)
    opened.fill("#password", PASSWORD)
    opened.click("button[type=submit]")
    yield opened
    context.close()
    assert not [each for each in refused if "Content Security Policy" in each]


def begin(page: Page, desk: Site, way: str) -> None:
    """From the empty page to a form that is filled in."""
    asked = desk.request()
    page.goto("/console/connect")
    page.get_by_role("link", name="Connect Zendesk").click()
    page.fill("#address", asked.address)
    page.get_by_role("radio", name=way).check()
    for label, name in (("Identifier", "client_id"), ("Secret", "client_secret")):
        page.get_by_label(label, exact=True).locator("visible=true").fill(asked.secrets[name])


def step(title: str, state: str) -> re.Pattern[str]:
    """A step's heading as it is read out."""
    return re.compile(f"{title} ?: {state}")


def slow_down(desk: Site, latency_ms: int) -> None:
    knobs = f"{desk.running.base_url}/_sim/knobs"
    requests.post(knobs, json={"latency_ms": latency_ms}, timeout=5).raise_for_status()


def test_the_page_grows_while_the_helpdesk_is_slow(page: Page, desk: Site) -> None:
    begin(page, desk, "OAuth client")
    slow_down(desk, 150)
    page.get_by_role("button", name="Connect", exact=True).click(no_wait_after=True)
    expect(page.get_by_text("Under way…").locator("visible=true")).to_have_count(1)
    expect(page.locator(".wiz li.ok").first).to_be_visible()
    expect(page.get_by_role("link", name="Open the helpdesk")).to_have_count(0)
    slow_down(desk, 0)
    page.get_by_role("link", name="Open the helpdesk").click()
    expect(page.get_by_text("Under way…").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("heading", name=step("Helpdesk address", "done"))).to_be_visible()


def test_only_the_chosen_way_asks_for_something(page: Page, desk: Site) -> None:
    begin(page, desk, "OAuth client")
    expect(page.get_by_label("API token", exact=True).locator("visible=true")).to_have_count(1)
    page.get_by_role("radio", name="API token").check()
    expect(page.get_by_label("Secret", exact=True).locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("switches all API tokens off")).to_be_visible()


def test_allowing_access_in_the_helpdesk_comes_back_connected(page: Page, desk: Site) -> None:
    begin(page, desk, "Sign in with Zendesk")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name=step("Permission", "done"))).to_be_visible()
    page.get_by_role("link", name="Open the helpdesk").click()
    expect(page.get_by_role("heading", name="Checks, every 5 min")).to_be_visible()
    assert len(desk.deps.store.tenants.all()) == 1


def test_mending_and_disconnecting_are_buttons(page: Page, desk: Site) -> None:
    begin(page, desk, "OAuth client")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("link", name="Open the helpdesk").click()
    desk.running.simulator.face.hooks.triggers.clear()  # type: ignore[attr-defined]
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", name=step("Events", "needs you"))).to_be_visible()
    page.get_by_role("button", name="Let us mend it").click()
    expect(page.get_by_text("Made the trigger").first).to_be_visible()
    page.get_by_role("link", name="Disconnect").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("heading", name="is disconnected")).to_be_visible()
    assert desk.deps.store.tenants.all() == []
