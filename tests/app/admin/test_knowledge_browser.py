"""The Knowledge pages in Chromium: policy, filters that submit, buttons by keyboard, no sideways scroll."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.admin.connect_fakes import OTHER, TENANT
from tests.app.admin.console_fakes import PASSWORD, USER, FakeConsole
from tests.app.admin.console_site import served
from tests.app.admin.knowledge_fakes import DRAFT, DUE, gap_page, page
from triage.deflection import Deflection

pytestmark = pytest.mark.browser
HOME = f"/console/knowledge/{TENANT}"
LONG = "Certificate-pinning-and-what-it-means-for-your-webhooks-" * 3


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def page_(deps: FakeConsole, browser: Browser) -> Iterator[Page]:
    with served(deps) as origin:
        context = browser.new_context(base_url=origin)
        opened = context.new_page()
        errors: list[str] = []
        opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
        opened.goto("/console/login")
        opened.fill("#email", USER.email)
        opened.fill("#password", PASSWORD)
        opened.click("button[type=submit]")
        expect(opened.get_by_role("heading", name="Overview")).to_be_visible()
        yield opened
        context.close()
        assert not [each for each in errors if "Content Security Policy" in each]


def test_from_the_navigation_over_a_filter_to_still_right(page_: Page, deps: FakeConsole) -> None:
    page_.get_by_role("link", name="Knowledge").click()
    expect(page_.get_by_role("heading", name="Knowledge review")).to_be_visible()
    page_.get_by_label("Area", exact=True).select_option("integrations")
    expect(page_).to_have_url(re.compile("area=integrations"))
    page_.get_by_role("button", name="Still right: Which certificates we accept").focus()
    page_.keyboard.press("Enter")
    expect(page_.get_by_text("Still right: its reviews are closed.")).to_be_visible()
    expect(page_).to_have_url(re.compile("area=integrations"))
    assert deps.knowledge_done == [("right", 23, "Ana Lind")]


def test_an_owner_is_chosen_in_the_queue(page_: Page, deps: FakeConsole) -> None:
    page_.goto(HOME)
    page_.get_by_text("Assign", exact=True).click()
    field = page_.get_by_role("combobox", name="Owner of Export more than 100,000 rows")
    assert field.evaluate("each => [...each.list.options].map(option => option.value)") == ["ana", "jonas", "mei"]
    field.fill("mei")
    page_.keyboard.press("Enter")
    expect(page_.get_by_text("The owner is set.")).to_be_visible()
    assert deps.knowledge_done == [("owner", 9, "", "mei")]


def test_a_draft_is_made_while_one_looks_on(page_: Page, deps: FakeConsole) -> None:
    page_.goto(HOME)
    page_.get_by_role("button", name="Draft: Two-factor reset for admins").click()
    expect(page_.get_by_role("heading", name="The draft is ready")).to_be_visible()
    expect(page_.get_by_role("heading", name="Reading solved tickets")).to_be_hidden()
    deps.gap = replace(gap_page(), draft=DRAFT)
    page_.get_by_role("link", name="Open the draft’s page").click()
    with page_.expect_download() as told:
        page_.get_by_role("link", name="Download Markdown").click()
    assert told.value.suggested_filename == "two-factor-reset-for-admins.md"


def test_a_release_is_looked_at_then_saved(page_: Page, deps: FakeConsole) -> None:
    page_.goto(f"{HOME}/releases")
    page_.get_by_label("Version").fill("4.7")
    page_.get_by_label("What changed").fill("Renamed the menu Event log")
    page_.get_by_role("button", name="Which articles would it open?").click()
    expect(page_.get_by_role("heading", name="It would open 1 article")).to_be_visible()
    expect(page_.get_by_label("What changed")).to_have_value("Renamed the menu Event log")
    page_.get_by_role("button", name="Save the release").click()
    expect(page_.get_by_text("The release is kept.")).to_be_visible()
    assert [done[0] for done in deps.knowledge_done] == ["preview", "release"]


@pytest.mark.parametrize("width", [380, 900])
def test_no_page_scrolls_sideways(page_: Page, deps: FakeConsole, width: int) -> None:
    away = Deflection(people=700, undecided=40, read=310, read_quiet=120, unread=350, unread_quiet=90)
    deps.knowledge = replace(page(), away=away, due=(replace(DUE[0], title=LONG, why=(("flag", LONG),)), *DUE[1:]))
    deps.gap = replace(gap_page(), draft=f"{DRAFT}{LONG}")
    deps.article = replace(deps.article, title=LONG, text=f"{LONG}\n\n```\n{LONG}\n```\n\n- {LONG}")
    page_.set_viewport_size({"width": width, "height": 800})
    for path in (
        HOME,
        f"/console/knowledge/{OTHER}",
        f"{HOME}/gaps/1",
        f"{HOME}/articles",
        f"{HOME}/articles/31",
        f"{HOME}/releases/2",
    ):
        page_.goto(path)
        assert page_.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
