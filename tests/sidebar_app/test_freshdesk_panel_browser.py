"""The panel in Chromium as the Freshworks package brings it: every request goes through the platform's proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from sidebar_app import HelpdeskDown
from tests.sidebar_app.freshdesk_page import FreshdeskSite, freshdesk_site
from tests.sidebar_app.sidebar_fakes import UNSURE
from triage.context import WriteBack

pytestmark = pytest.mark.browser


@pytest.fixture
def made() -> Iterator[FreshdeskSite]:
    with freshdesk_site() as running:
        yield running


@pytest.fixture
def page(browser: Browser, made: FreshdeskSite) -> Iterator[Page]:
    # The page goes before its server does: a request cut off in between is nobody's fault.
    context = browser.new_context(viewport={"width": 620, "height": 760})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("console", lambda message: message.type == "error" and problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()
    assert [each for each in problems if "favicon" not in each and "404" not in each] == []


def framed(page: Page, made: FreshdeskSite, **more: Any) -> FrameLocator:
    page.goto(made.address(**more))
    return page.frame_locator("#app")


def state(frame: FrameLocator, name: str) -> None:
    expect(frame.locator(f'[data-state="{name}"]')).to_be_visible()


def test_one_open_ticket_is_one_request_that_names_ticket_and_agent(page: Page, made: FreshdeskSite) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    expect(frame.locator(".route")).to_contain_text("Webhook delivery")
    page.wait_for_timeout(300)
    assert made.asked == [("panel", {"context": {"ticket_id": "48213", "agent_id": "7"}})]
    sizes = [args for kind, args in page.frames[1].evaluate("log") if kind == "resize"]
    assert 0 < int(sizes[-1]["height"].removesuffix("px")) <= 700


def test_a_minimised_app_asks_nothing_until_it_is_opened(page: Page, made: FreshdeskSite) -> None:
    frame = framed(page, made, closed=True)
    page.wait_for_timeout(400)
    assert made.asked == []
    page.frames[1].evaluate("tell('app.activated')")
    state(frame, "routed")


def test_one_click_corrects_and_one_undoes(page: Page, made: FreshdeskSite) -> None:
    frame = framed(page, made)
    frame.get_by_role("button", name="API errors").click()
    state(frame, "corrected")
    expect(frame.get_by_role("status")).to_have_text("Changed to API errors. Moved to Platform API.")
    expect(frame.get_by_role("button", name="Undo")).to_be_focused()
    frame.get_by_role("button", name="Undo").click()
    state(frame, "routed")
    expect(frame.locator(".note")).to_contain_text("Correction undone.")
    context = {"ticket_id": "48213", "agent_id": "7"}
    assert made.asked[1:] == [
        ("correct", {"context": context, "body": '{"category":"api_errors"}'}),
        ("undo", {"context": context, "body": "{}"}),
    ]


def test_a_refused_correction_says_why_and_keeps_the_buttons(page: Page, made: FreshdeskSite) -> None:
    made.deps.views["48213"] = {"decision": UNSURE}
    frame = framed(page, made)
    frame.get_by_role("button", name="Refund").click()
    expect(frame.locator("[data-trouble]")).to_contain_text("closed a moment ago")
    expect(frame.locator("[aria-disabled=true]")).to_have_count(0)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"status": 429, "response": "Too many requests"}, "busy"),
        ({"status": 504, "response": "Gateway timeout"}, "unreachable"),
        ({"status": 502, "response": "<html><body>bad gateway</body></html>"}, "unreachable"),
        ({"status": 500}, "unreachable"),
    ],
)
def test_a_proxy_that_fails_gives_a_way_on(page: Page, made: FreshdeskSite, answer: dict[str, Any], shown: str) -> None:
    made.answers.append(answer)
    frame = framed(page, made)
    state(frame, shown)
    frame.get_by_role("button", name="Retry").press("Enter")
    state(frame, "routed")


def test_who_is_not_known_gets_no_data(page: Page, made: FreshdeskSite) -> None:
    made.token = "an-older-token"
    frame = framed(page, made)
    state(frame, "unknown")
    expect(frame.get_by_role("heading")).to_have_text("Deskhand could not check who you are")
    made.token = "panel-token"
    frame.get_by_role("button", name="Look again").click()
    state(frame, "routed")


def test_a_helpdesk_that_is_down_says_so(page: Page, made: FreshdeskSite) -> None:
    made.deps.down = HelpdeskDown()
    state(framed(page, made), "down")


@pytest.mark.parametrize(("ticket", "shown"), [("999", "missing"), ("null", "unsaved"), ('"48213/../1"', "unsaved")])
def test_a_ticket_that_is_not_there(page: Page, made: FreshdeskSite, ticket: str, shown: str) -> None:
    state(framed(page, made, ticket=ticket), shown)


def test_another_ticket_in_the_same_page_is_loaded_once(page: Page, made: FreshdeskSite) -> None:
    made.deps.views["50000"] = {"decision": UNSURE}
    frame = framed(page, made)
    state(frame, "routed")
    page.frames[1].evaluate("tell('app.deactivated'); go(50000)")
    expect(frame.locator('[data-ticket="50000"]')).to_be_visible()
    page.wait_for_timeout(300)
    assert [options["context"]["ticket_id"] for _, options in made.asked] == ["48213", "50000"]


def test_it_looks_three_times_for_a_decision_and_then_offers_to(page: Page, made: FreshdeskSite) -> None:
    page.clock.install()
    made.deps.views["48213"] = {"decision": None, "write_back": WriteBack.NONE}
    frame = framed(page, made)
    page.clock.run_for(1000)
    state(frame, "pending")
    for count, gap_ms in enumerate((5000, 15000, 40000), start=2):
        page.clock.run_for(gap_ms - 1000)
        assert len(made.asked) == count - 1
        with page.expect_response("**/invoke"):
            page.clock.run_for(2000)
        expect(frame.locator("#panel")).not_to_have_attribute("aria-busy", "true")
        assert len(made.asked) == count
    page.clock.run_for(60_000)
    expect(frame.get_by_role("button", name="Look again")).to_be_visible()
    assert len(made.asked) == 4


def test_dark_colours_are_the_agents_choice_and_stay(page: Page, made: FreshdeskSite) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    root = frame.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    frame.get_by_role("button", name="Keyboard and colours").click()
    dark = frame.get_by_role("checkbox", name="Dark colours")
    dark.press(" ")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(dark).to_be_checked()
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")


def test_the_keyboard_works_and_can_be_switched_off(page: Page, made: FreshdeskSite) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    keys = frame.locator("[data-section=now] > summary")
    keys.press("c")
    expect(frame.get_by_role("button", name="API errors")).to_be_focused()
    keys.press("1")
    state(frame, "corrected")
    keys.press("u")
    state(frame, "routed")
    keys.press("?")
    frame.get_by_role("checkbox", name="Use these keys").click()
    keys.press("3")
    expect(frame.locator('[data-section="answer"]')).not_to_have_attribute("open", "")


@pytest.mark.parametrize("width", [280, 320, 600])
def test_nothing_is_cut_at_any_width(page: Page, made: FreshdeskSite, width: int) -> None:
    frame = framed(page, made, width=width)
    state(frame, "routed")
    frame.get_by_role("button", name="Keyboard and colours").click()
    assert page.frames[1].evaluate("document.documentElement.scrollWidth") <= width


def test_opened_by_itself_the_page_shows_no_data(page: Page, made: FreshdeskSite) -> None:
    page.goto(f"{made.origin}/app/index.html")
    expect(page.get_by_role("heading", name="Open Deskhand inside Freshdesk")).to_be_visible()
    assert made.asked == []
