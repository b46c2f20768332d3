"""An agent's story in a real browser: a ticket arrives, the panel says why and what answers it, a click puts that into
the reply, a click corrects the category, a click undoes it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from connectors import registry
from tests.system.conftest import Start

pytestmark = [pytest.mark.system, pytest.mark.browser]
PICTURES = Path(os.environ["DESKHAND_TEST_PICTURES"]) if "DESKHAND_TEST_PICTURES" in os.environ else None
"""Where to keep screenshots for the docs; nowhere by default."""
NAMES = {"api_error": "API error", "integration_problem": "Webhooks and integrations"}
each_vendor = pytest.mark.parametrize("vendor", registry.VENDORS)


@each_vendor
def test_an_agent_sees_why_answers_corrects_and_undoes(start: Start, browser: Browser, vendor: str) -> None:
    rehearsal = start(vendor)
    draft = {
        "requester": "nadja.krueger@nordlicht.example",
        "subject": "Webhooks stopped after certificate change",
        "body": "Since this morning our endpoint gets no webhook events at all. Your delivery log shows TLS errors.",
    }
    ref = str(rehearsal.helpdesk("POST", "tickets", draft)["id"])
    context = browser.new_context(viewport={"width": 1440, "height": 1040}, color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(f"{rehearsal.helpdesk_url}/agent/tickets/{ref}")
    panel = page.frame_locator("iframe")
    expect(panel.get_by_text("Nordlicht Logistik")).to_be_visible(timeout=20_000)
    # Where requests of an app are rationed, the panel looks again after 5 and 20 s only.
    expect(panel.locator(".route")).to_contain_text("Webhooks and integrations", timeout=40_000)
    expect(panel.locator(".route")).to_contain_text("Integrations")
    expect(panel.locator("mark").first).to_be_visible()
    rehearsal.settle(tickets=1, within_s=20)
    article = panel.locator("article").first
    _look_until(page, panel, article)
    expect(article.get_by_role("link")).to_contain_text("certificates")
    if PICTURES:
        page.wait_for_timeout(1500)
        page.screenshot(path=_picture(vendor, "panel"))

    article.get_by_role("button", name="Insert text").click()
    expect(page.locator("#editor")).to_have_value(re.compile(r"\n.*certificate.*https?://", re.DOTALL))
    expect(article.locator(".st.good")).to_contain_text("Text inserted by you", timeout=10_000)
    panel.get_by_role("searchbox").fill("rotate a signing secret")
    panel.get_by_role("searchbox").press("Enter")
    expect(panel.locator(".asked")).to_contain_text("rotate a signing secret", timeout=20_000)
    panel.get_by_role("button", name="Back to suggestions").click()
    expect(article.get_by_role("link")).to_contain_text("certificates")

    panel.get_by_role("button", name="API error").click()
    expect(panel.locator(".note.good")).to_contain_text("Changed to API error.", timeout=10_000)
    rehearsal.settle(tickets=1, within_s=20)
    if PICTURES:
        page.wait_for_timeout(1500)
        page.screenshot(path=_picture(vendor, "corrected"))
    assert _category(rehearsal.effects(), ref) == "api_error"

    panel.get_by_role("button", name="Undo").click()
    expect(panel.locator(".route")).to_contain_text("Webhooks and integrations", timeout=10_000)
    rehearsal.settle(tickets=1, within_s=20)
    assert _category(rehearsal.effects(), ref) == "integration_problem"

    assert context.cookies() == []
    assert problems == []
    context.close()


@each_vendor
def test_outside_the_helpdesk_there_is_no_data(start: Start, browser: Browser, vendor: str) -> None:
    rehearsal = start(vendor)
    page = browser.new_page()
    page.goto(f"{rehearsal.url}/sidebar/{rehearsal.vendor}")
    expect(page.get_by_text("Open Deskhand inside your helpdesk")).to_be_visible()
    page.close()


def _look_until(page: Page, panel: FrameLocator, wanted: Locator, within_s: float = 60.0) -> None:
    """The help centre is read and made searchable meanwhile; the agent presses r."""
    deadline = monotonic() + within_s
    while not wanted.is_visible() and monotonic() < deadline:
        panel.locator("[data-section=now] > summary").press("r")
        page.wait_for_timeout(2000)
    expect(wanted).to_be_visible()


def _picture(vendor: str, name: str) -> Path:
    """The first vendor's pictures are those of the docs."""
    assert PICTURES is not None
    return PICTURES / (f"{name}.png" if vendor == next(iter(registry.VENDORS)) else f"{vendor}-{name}.png")


def _category(effects: list[dict[str, object]], ref: str) -> object:
    """The category's last value in the helpdesk's own log: by its key, or by the words that agents read there."""
    keys = {shown: key for key, name in NAMES.items() for shown in (key, name)}
    values = [
        keys[value[1]]
        for entry in effects
        if str(entry["ticket_id"]) == ref and isinstance(changes := entry["changes"], dict)
        for value in changes.values()
        if isinstance(value, list) and isinstance(value[1], str) and value[1] in keys
    ]
    return values[-1]
