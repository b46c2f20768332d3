"""The panel in Chromium, framed by a helpdesk's page that speaks the platform's message protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect

from tests.sidebar_app.host_page import Site, site
from tests.sidebar_app.sidebar_fakes import NOW, PAGED, RUNNING, UNSURE
from tests.triage.sla.stories import service_down
from triage.context import WriteBack

pytestmark = pytest.mark.browser


@pytest.fixture
def made() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def page(browser: Browser, made: Site) -> Iterator[Page]:
    # The page goes before its server does: a request cut off in between is nobody's fault.
    context = browser.new_context(viewport={"width": 400, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not [each for each in errors if "Content Security Policy" in each or "Error:" in each]


def framed(page: Page, made: Site, **more: Any) -> FrameLocator:
    page.goto(made.address(**more))
    return page.frame_locator("#app")


def state(frame: FrameLocator, name: str) -> None:
    expect(frame.locator(f'[data-state="{name}"]')).to_be_visible()


def test_a_ticket_is_shown_and_the_host_is_asked_for_height(page: Page, made: Site) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    expect(frame.locator(".route")).to_contain_text("Webhook delivery")
    page.wait_for_function("log.some((m) => m.request === 'invoke' && m.params.resize)")
    assert page.evaluate("log[0].key") == "iframe.handshake"
    assert made.cookies_set == []
    expect(frame.locator("meta[name=deskhand-session]")).to_have_count(0)


def test_one_click_corrects_and_one_undoes(page: Page, made: Site) -> None:
    frame = framed(page, made)
    frame.get_by_role("button", name="API errors").click()
    state(frame, "corrected")
    expect(frame.get_by_role("status")).to_have_text("Changed to API errors. Moved to Platform API.")
    expect(frame.get_by_role("button", name="Undo")).to_be_focused()
    frame.get_by_role("button", name="Undo").click()
    state(frame, "routed")
    expect(frame.locator(".note")).to_contain_text("Correction undone.")


def test_a_refused_correction_says_why_and_keeps_the_buttons(page: Page, made: Site) -> None:
    made.deps.views["48213"] = {"decision": UNSURE}
    frame = framed(page, made)
    state(frame, "unsure")
    frame.get_by_role("button", name="Refund").click()
    expect(frame.locator("[data-trouble]")).to_contain_text("closed a moment ago")
    expect(frame.locator("[aria-disabled=true]")).to_have_count(0)


def test_any_category_can_be_picked_from_the_full_list(page: Page, made: Site) -> None:
    frame = framed(page, made)
    frame.get_by_role("button", name="Other…").click()
    expect(frame.locator("#category")).to_be_focused()
    frame.locator("#category").select_option("Invoice copy")
    frame.get_by_role("button", name="Change", exact=True).click()
    expect(frame.locator(".note")).to_contain_text("Changed to Invoice copy.")


def test_a_ticket_not_read_yet_appears_by_itself(page: Page, made: Site) -> None:
    made.deps.views["48213"] = {"decision": None, "write_back": WriteBack.NONE}
    frame = framed(page, made)
    state(frame, "pending")
    made.deps.views["48213"] = {}
    state(frame, "routed")


def test_a_slow_helpdesk_shows_a_skeleton_then_a_way_on(page: Page, made: Site) -> None:
    made.deps.delays["48213"] = 6.0
    frame = framed(page, made)
    expect(frame.locator("[aria-busy=true] .sk").first).to_be_visible()
    expect(frame.locator(".slow")).to_be_visible(timeout=7000)
    made.deps.delays.clear()
    frame.get_by_role("button", name="Retry").click()
    state(frame, "routed")


def test_a_late_answer_for_another_ticket_is_dropped(page: Page, made: Site) -> None:
    made.deps.delays["48213"] = 1.0
    made.deps.views["50000"] = {"decision": UNSURE}
    frame = framed(page, made)
    page.wait_for_function("log.length > 0")
    page.wait_for_timeout(200)
    page.evaluate("go(50000)")
    expect(frame.locator('[data-ticket="50000"]')).to_be_visible()
    page.wait_for_timeout(1200)
    expect(frame.locator('[data-ticket="50000"]')).to_be_visible()


def test_when_the_session_ends_it_says_so_and_renews_on_demand(page: Page, made: Site) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    made.deps.bearers.clear()
    made.deps.renewable = False
    frame.locator("[data-section=now] > summary").press("r")
    state(frame, "ended")
    frame.get_by_role("button", name="Reload Deskhand").click()
    expect(frame.locator(".more")).to_contain_text("could not be renewed")
    made.deps.renewable = True
    frame.get_by_role("button", name="Reload Deskhand").click()
    state(frame, "routed")


@pytest.mark.parametrize(("ref", "shown"), [("999", "missing"), ("null", "unsaved")])
def test_a_ticket_that_is_not_there(page: Page, made: Site, ref: str, shown: str) -> None:
    state(framed(page, made, ticket=ref), shown)


def test_the_theme_follows_the_host(page: Page, made: Site) -> None:
    frame = framed(page, made, scheme="dark")
    state(frame, "routed")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("tell({key: 'zaf.colorScheme.changed', message: 'light'})")
    expect(frame.locator("html")).to_have_attribute("data-theme", "light")


def test_messages_from_elsewhere_are_ignored(page: Page, made: Site) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    script = "window.postMessage(JSON.stringify({key: 'zaf.context.updated', message: {ticketId: 1}}), '*')"
    page.frames[1].evaluate(script)
    page.wait_for_timeout(300)
    expect(frame.locator('[data-ticket="48213"]')).to_be_visible()


def test_the_keyboard_reaches_everything_and_can_be_switched_off(page: Page, made: Site) -> None:
    frame = framed(page, made)
    state(frame, "routed")
    keys = frame.locator("[data-section=now] > summary")
    keys.press("3")
    expect(frame.locator('[data-section="answer"]')).to_have_attribute("open", "")
    keys.press("c")
    expect(frame.get_by_role("button", name="API errors")).to_be_focused()
    keys.press("1")
    state(frame, "corrected")
    keys.press("u")
    state(frame, "routed")
    keys.press("?")
    expect(frame.get_by_role("heading", name="Keyboard")).to_be_visible()
    frame.get_by_label("Use these keys").uncheck()
    keys.press("Escape")
    expect(frame.get_by_role("heading", name="Keyboard")).to_be_hidden()
    frame.locator('[data-section="answer"] > summary').press("3")
    expect(frame.locator('[data-section="answer"]')).to_have_attribute("open", "")


@pytest.mark.parametrize("width", [280, 320, 600])
def test_nothing_is_cut_at_any_width(page: Page, made: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    state(framed(page, made, width=width), "routed")
    assert page.frames[1].evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/nothing.js", "/empty.js"])
def test_the_panel_opens_without_the_vendors_script(page: Page, path: str) -> None:
    with site(sdk_path=path) as made:
        state(framed(page, made), "routed")


def test_with_the_vendors_script_its_client_is_used(page: Page) -> None:
    with site(sdk_path="/sdk.js") as made:
        state(framed(page, made), "routed")
        assert page.frames[1].evaluate("window.usedSdk")


def test_a_vendors_script_that_comes_late_starts_no_second_client(page: Page) -> None:
    with site(sdk_path="/sdk.js") as made:
        held: list[Route] = []
        page.route("**/sdk.js", lambda route: held.append(route))
        page.goto(made.address(), wait_until="commit")
        state(page.frame_locator("#app"), "routed")
        held[0].continue_()
        page.frames[1].wait_for_function("window.ZAFClient")
        page.wait_for_timeout(200)
        assert not page.frames[1].evaluate("window.usedSdk")


def test_a_clock_counts_down_and_only_crossings_are_said(page: Page, made: Site) -> None:
    made.deps.log = RUNNING
    page.clock.install()
    frame = framed(page, made)
    clock, pill = frame.locator(".clock").first, frame.locator("[data-pill]")
    status = frame.get_by_role("status")
    expect(clock.locator(".v")).to_have_text(re.compile(r"2[12].min left"))
    expect(status).to_have_text("Webhook delivery, routed to Integrations EU.")
    for minutes, left, shown, tone, said in (
        (3, r"1[89].min left", r"Reply in 1[89].min", "", "Webhook delivery, routed to Integrations EU."),
        (6, r"1[23].min left", r"Reply in 1[23].min", "soon", "First reply has used 75.% of its time."),
        (9, r"[34].min \d+.s left", r"Reply in [34].min \d+.s", "urgent", "First reply has used 90.% of its time."),
        (6, r"\d.min( \d+.s)? late", r"Reply \d.min( \d+.s)? late", "late", "First reply is late."),
    ):
        page.clock.run_for(minutes * 60_000)
        expect(clock.locator(".v")).to_have_text(re.compile(left))
        expect(pill).to_have_text(re.compile(shown))
        expect(clock).to_have_class(re.compile(rf"^clock ?{tone}$"))
        expect(status).to_have_text(re.compile(said))


def test_acknowledge_is_first_by_tab_and_one_key_away(page: Page, made: Site) -> None:
    made.deps.log = PAGED
    frame = framed(page, made)
    button = frame.get_by_role("button", name="Acknowledge, I have it")
    expect(frame.get_by_role("status")).to_contain_text("Nobody has acknowledged yet.")
    page.locator("#app").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("a")
    expect(frame.locator(".has-it")).to_have_text("Priya Nair has it since 14:23.")
    expect(button).to_have_count(0)


def test_who_was_told_meanwhile_appears_by_itself(page: Page, made: Site) -> None:
    made.deps.log = PAGED
    page.clock.install()
    frame = framed(page, made)
    expect(frame.locator(".ladder .now")).to_contain_text("Priya Nair")
    made.deps.log = service_down(1, 2, 3, at=NOW - timedelta(minutes=3))
    page.clock.run_for(130_000)
    expect(frame.locator(".ladder .now")).to_contain_text("Tomás Rey")
