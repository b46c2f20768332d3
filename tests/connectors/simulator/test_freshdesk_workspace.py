"""The agent workspace in a real browser with the built Freshworks package in it, and the panel's views behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Frame, FrameLocator, Page, expect
from werkzeug.serving import make_server

import sidebar_app
from connectors.simulator.server import Running
from tests.connectors.simulator.conftest import Desk
from tests.sidebar_app.answers import CHAIN, REPLAY, SUGGESTED
from tests.sidebar_app.sidebar_fakes import UNSURE, FakeSidebar

pytestmark = pytest.mark.browser
CLIENT = "window.app.initialized().then((client) => client.%s)"


@dataclass
class Office:
    """The workspace, and the deps of the panel that answers behind it."""

    desk: Desk
    deps: FakeSidebar

    def arrive(self, **values: Any) -> int:
        number = self.desk.arrive(**values)
        self.deps.views[str(number)] = {}
        return number


@pytest.fixture
def office(company: Path) -> Iterator[Office]:
    deps, backend = FakeSidebar(), Flask("backend", static_folder=None)
    backend.register_blueprint(sidebar_app.create_blueprint(deps))
    server = make_server("127.0.0.1", 0, backend, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    app_url = f"http://127.0.0.1:{server.server_port}"
    with Running(vendor="freshdesk", seed_folder=company, app_url=app_url) as running:
        desk = Desk(running)
        desk.knobs(webhook_off=True)
        desk.control("POST", "app_settings", {"panel_token": deps.panel_token})
        ana = running.simulator.state.user_by_email("ana@desk.example")
        assert ana is not None
        deps.agents = {str(ana.id): ana.name}
        yield Office(desk, deps)
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser, office: Office) -> Iterator[Page]:
    # The page goes before its server does: a request cut off in between is nobody's fault.
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: said.type == "error" and problems.append(said.text))
    yield opened
    assert context.cookies() == []
    context.close()
    assert problems == []


def panel_of(page: Page, number: int) -> FrameLocator:
    return page.frame_locator(f'iframe[title="Deskhand, ticket {number}"]')


def frame_of(page: Page, number: int) -> Frame:
    handle = page.wait_for_selector(f'iframe[title="Deskhand, ticket {number}"]:not([hidden])')
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_selector("[data-ticket]")
    return frame


def test_the_panel_reads_corrects_and_undoes_through_the_proxy(page: Page, office: Office) -> None:
    number = office.arrive()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{office.desk.url}/agent/tickets/{number}")
    panel = panel_of(page, number)
    expect(panel.locator(".route")).to_contain_text("Webhook delivery")
    panel.get_by_role("button", name="API errors").click()
    expect(panel.locator(".note")).to_contain_text("Changed to API errors.")
    correction = office.deps.views[str(number)]["correction"]
    assert getattr(correction, "by_name", None) == "Ana Lind"
    panel.get_by_role("button", name="Undo").click()
    expect(panel.locator(".note")).to_contain_text("Correction undone.")
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {office.desk.url.split("/")[2]}
    assert sum(url.endswith("/freshworks/invoke") for url in asked) == 3


def test_what_is_inserted_stands_in_the_reply_with_its_lines(page: Page, office: Office) -> None:
    number = office.arrive()
    office.deps.views[str(number)] = {"answer": SUGGESTED}
    page.goto(f"{office.desk.url}/agent/tickets/{number}")
    panel, editor = panel_of(page, number), page.locator("#editor")
    first, second = panel.locator("article").nth(0), panel.locator("article").nth(1)
    first.get_by_role("button", name="Insert text").click()
    expect(editor).to_have_value(CHAIN.quote)
    expect(editor).to_be_focused()
    page.keyboard.type(" Kind regards")
    second.get_by_role("button", name="Insert link").click()
    expect(editor).to_have_value(f"{CHAIN.quote} Kind regards\n\n{REPLAY.link}")
    assert page.is_checked("input[value=public]")
    expect(second.locator(".st.good")).to_have_text("Link inserted 14:24, by you")
    office.desk.control("POST", f"tickets/{number}", {"status": "closed"})
    expect(editor).to_be_hidden()
    first.get_by_role("button", name="Insert link").click()
    expect(first.locator(".trouble")).to_contain_text("The reply editor did not take it.")


def test_each_ticket_has_its_own_frame_and_opening_it_is_one_request(page: Page, office: Office) -> None:
    first, second = office.arrive(subject="First one"), office.arrive(subject="Second one")
    office.deps.views[str(second)] = {"decision": UNSURE}
    page.goto(f"{office.desk.url}/agent/tickets/{first}")
    frame = frame_of(page, first)
    frame.evaluate("window.mark = 'still here'")
    page.click("text=Second one")
    expect(panel_of(page, second).locator('[data-state="unsure"]')).to_be_visible()
    assert office.deps.panel_calls == 2
    frame_of(page, second).evaluate(CLIENT % f"interface.trigger('click', {{id: 'ticket', value: {first}}})")
    page.wait_for_selector(f'iframe[title="Deskhand, ticket {first}"]:not([hidden])')
    assert frame.evaluate("window.mark") == "still here"


def test_the_client_reads_writes_and_notifies(page: Page, office: Office) -> None:
    number = office.arrive(tags=["vip"])
    page.goto(f"{office.desk.url}/agent/tickets/{number}")
    frame = frame_of(page, number)
    ticket = frame.evaluate(CLIENT % "data.get('ticket')")["ticket"]
    assert (ticket["id"], ticket["tags"], ticket["status"]) == (number, ["vip"], 2)
    assert frame.evaluate(CLIENT % "data.get('loggedInUser')")["loggedInUser"]["contact"]["name"] == "Ana Lind"
    assert frame.evaluate(CLIENT % "data.get('no_such').catch((refused) => refused)")["message"]
    frame.evaluate(CLIENT % "interface.trigger('click', {id: 'note', text: '<p>Hello<br>Kim</p>'})")
    assert page.input_value("#editor") == "Hello\nKim"
    assert page.is_checked("input[value=note]")
    frame.evaluate(CLIENT % "interface.trigger('setValue', {id: 'priority', value: 4})")
    expect(page.locator(f'.item[data-id="{number}"] .priority')).to_have_text("Urgent")
    frame.evaluate(CLIENT % "interface.trigger('showNotify', {type: 'success', message: 'Routed'})")
    expect(page.locator("#notices")).to_have_text("Routed")
    frame.evaluate(CLIENT % "instance.resize({height: '2000px'})")
    assert page.locator("iframe").get_attribute("height") == "700"


def test_the_app_hears_what_happens_to_its_ticket(page: Page, office: Office) -> None:
    number = office.arrive()
    page.goto(f"{office.desk.url}/agent/tickets/{number}")
    frame = frame_of(page, number)
    names = ["ticket.priorityChanged", "app.deactivated", "app.activated"]
    heard = frame.locator("body > output")  # a page's policy lets no test wait for an expression in it
    frame.evaluate(
        """(names) => app.initialized().then((client) => {
          const box = document.body.appendChild(document.createElement("output"));
          const write = (name) => (event) => box.append(`${name} ${event.helper.getData().new || ""};`);
          names.forEach((name) => client.events.on(name, write(name)));
        })""",
        names,
    )
    office.desk.control("POST", f"tickets/{number}", {"priority": "high"})
    expect(heard).to_have_text("ticket.priorityChanged high;")
    office.arrive(subject="Another one")
    page.click("text=Another one")
    expect(heard).to_have_text("ticket.priorityChanged high;app.deactivated ;")
    page.click(f'.item[data-id="{number}"]')
    expect(heard).to_have_text("ticket.priorityChanged high;app.deactivated ;app.activated ;")


def test_an_app_without_its_token_shows_no_data(page: Page, office: Office) -> None:
    number = office.arrive()
    requests.post(f"{office.desk.url}/_sim/app_settings", json={"panel_token": "an-older-one"}, timeout=5)
    page.goto(f"{office.desk.url}/agent/tickets/{number}")
    expect(panel_of(page, number).get_by_role("heading")).to_have_text("Deskhand could not check who you are")
