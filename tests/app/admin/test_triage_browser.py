"""The Triage page in Chromium: the dial with and without script, both themes' policy, narrow windows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.admin.triage_charts import settings
from app.admin.triage_words import percent, share
from tests.app.admin.connect_fakes import OTHER
from tests.app.admin.console_fakes import PASSWORD, USER, FakeConsole
from tests.app.admin.console_site import served
from tests.app.admin.triage_fakes import card

pytestmark = pytest.mark.browser
CHOSEN = min(settings(card()), key=lambda point: abs(point.answered - 0.5))
"""What the dial stands on at 50 %."""


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(deps: FakeConsole, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with served(deps) as origin:
        context = browser.new_context(base_url=origin, java_script_enabled=request.param)
        opened = context.new_page()
        errors: list[str] = []
        opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.goto("/console/login")
        opened.fill("#email", USER.email)
        opened.fill("#password", PASSWORD)
        opened.click("button[type=submit]")
        opened.goto("/console/triage")
        yield opened
        context.close()
        assert not [each for each in errors if "favicon" not in each and "404" not in each]


def test_the_dial_tells_its_figures_and_is_used(page: Page, deps: FakeConsole) -> None:
    page.get_by_label("Share of tickets routed without a human").fill("50")
    show = page.get_by_role("button", name="Show", exact=True)
    if show.is_visible():  # without script the figures come with the next page
        show.click()
    told = page.locator("#dial-out")
    for figure in (percent(CHOSEN.answered, 0), share(CHOSEN.wrong), percent(CHOSEN.confidence)):
        expect(told.get_by_text(figure, exact=True)).to_be_visible()
    expect(told.get_by_text(f"about {round(CHOSEN.answered * 1904):,} a week")).to_be_visible()
    page.get_by_role("button", name="Use from now on").click()
    expect(page.get_by_text(f"Needed from now on: {percent(CHOSEN.confidence)} confidence.")).to_be_visible()
    assert [each[2] for each in deps.pressed] == [CHOSEN.confidence]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.", exact=True)).to_be_visible()


def test_the_mark_moves_with_the_dial(page: Page) -> None:
    mark = page.locator("[data-dial-dot]")
    before = mark.get_attribute("cx")
    page.get_by_label("Share of tickets routed without a human").focus()
    page.keyboard.press("End")
    show = page.get_by_role("button", name="Show", exact=True)
    if show.is_visible():
        show.click()
    expect(mark).to_have_attribute("cx", "540.0")
    assert before != "540.0"


@pytest.mark.parametrize("path", ["/console/triage", f"/console/triage/{OTHER}"])
def test_the_page_does_not_scroll_sideways_at_380_px(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 380, "height": 800})
    page.goto(path)
    for summary in page.locator("summary").all():
        summary.click()
    wide = page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth")
    assert wide <= 0
