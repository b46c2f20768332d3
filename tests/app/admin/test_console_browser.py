"""The console in Chromium: no policy violation, live list, theme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.admin.connect_fakes import DELETED, NO_APP, TENANT
from tests.app.admin.console_fakes import PASSWORD, USER, FakeConsole
from tests.app.admin.console_site import served

pytestmark = pytest.mark.browser


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def page(deps: FakeConsole, browser: Browser) -> Iterator[Page]:
    with served(deps) as origin:
        context = browser.new_context(base_url=origin, color_scheme="dark")
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


def test_the_theme_follows_the_system_until_one_is_picked(page: Page) -> None:
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_label("Light").check()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_the_list_grows_by_itself_until_it_is_paused(page: Page, deps: FakeConsole) -> None:
    page.goto("/console/deliveries")
    deps.page = replace(deps.page, latest=(replace(deps.page.latest[0], what="Note added"), *deps.page.latest))
    expect(page.get_by_text("Note added")).to_be_visible()
    page.get_by_role("button", name="Pause the list").click()
    deps.page = replace(deps.page, latest=())
    page.wait_for_timeout(2600)
    expect(page.get_by_text("Note added")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Note added")).to_be_hidden()


def test_replay_is_one_click(page: Page, deps: FakeConsole) -> None:
    page.goto("/console/deliveries")
    page.get_by_role("button", name="Replay 48166").click()
    expect(page.get_by_text("1 on the way again.")).to_be_visible()
    assert deps.done == [("replay", ["out-34"])]


def test_from_a_filter_over_a_question_to_the_replay(page: Page, deps: FakeConsole) -> None:
    deps.page = replace(deps.page, matching=2)
    page.goto("/console/deliveries")
    page.get_by_label("State").select_option("parked")
    expect(page).to_have_url(re.compile("state=parked"))
    page.get_by_label("Reason contains").fill("422")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("reason=422.*state=parked|state=parked.*reason=422"))
    page.get_by_role("link", name="Replay the 2 that match").click()
    expect(page.get_by_role("heading", name="Replay 2 deliveries?")).to_be_visible()
    assert deps.done == []
    page.get_by_role("button", name="Replay 2 deliveries").click()
    expect(page.get_by_text("2 on the way again.")).to_be_visible()
    expect(page.get_by_label("Reason contains")).to_have_value("422")
    assert deps.done == [("replay", ["out-34", "out-35"])]


def test_selected_rows_stay_selected_while_the_list_changes(page: Page, deps: FakeConsole) -> None:
    page.goto("/console/deliveries")
    box = page.get_by_label("Select out-35")
    box.check()
    page.get_by_label("Ticket, key or subject").focus()
    deps.page = replace(deps.page, parked=(*deps.page.parked, replace(deps.page.parked[0], id="out-36")))
    expect(page.get_by_label("Select out-36")).to_be_visible()
    expect(box).to_be_checked()
    page.get_by_role("button", name="Drop selected").click()
    expect(page.get_by_role("heading", name="Drop 1 delivery?")).to_be_visible()
    page.get_by_role("button", name="Drop 1 delivery").click()
    expect(page.get_by_text("1 dropped.")).to_be_visible()
    assert deps.done == [("drop", ["out-35"])]


def test_a_dry_run_is_two_clicks_from_the_list_and_works_by_keyboard(page: Page, deps: FakeConsole) -> None:
    page.goto("/console/deliveries")
    page.get_by_role("link", name="Set product area, add note").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="What would a replay do?").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The ticket would be changed.")).to_be_visible()
    expect(page.get_by_text("Asking the worker")).to_be_hidden()
    page.get_by_text("76 characters").click()
    expect(page.get_by_text("since this morning nothing arrives")).to_be_visible()


def test_a_ticket_is_explained_by_its_number_and_its_ledger_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/console/sla")
    page.get_by_label("Explain a ticket").fill("#48102")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="Resolution of ticket 48102")).to_be_visible()
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0].split() == ["From", "What", "Clock", "Gave", "Sum"]
    assert copied.splitlines()[-1].endswith("of 24 h  23 h 29 min")


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/sla",
        "/console/sla?ticket=48102&compare=1",
        "/console/deliveries",
        "/console/deliveries/out-34",
        "/console/deliveries/out-34/dry-run/7",
        "/console/deliveries/confirm?do=replay&state=parked",
        "/console/connect",
        "/console/connect/new",
        "/console/connect/new/tidedesk",
        f"/console/connect/{TENANT}/disconnect",
    ],
)
def test_no_page_scrolls_sideways_at_380_px(page: Page, deps: FakeConsole, path: str) -> None:
    deps.connected = True
    deps.findings |= {"fields": DELETED, "sidebar": NO_APP}
    page.set_viewport_size({"width": 380, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
