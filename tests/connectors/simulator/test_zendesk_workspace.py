"""The agent workspace in a real browser, hosting a page that speaks the sidebar protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.server import Running
from tests.connectors.simulator.conftest import Desk
from tests.connectors.simulator.fake_app import served

pytestmark = pytest.mark.browser


@pytest.fixture
def hosted(company: Path) -> Iterator[tuple[Desk, list[str]]]:
    with served() as (app_url, tokens), Running(seed_folder=company, app_url=app_url) as running:
        desk = Desk(running)
        desk.connect("http://127.0.0.1:9/nobody")
        desk.knobs(webhook_off=True)
        yield desk, tokens


@pytest.fixture
def page(browser: Any, hosted: tuple[Desk, list[str]]) -> Iterator[Any]:
    # The page goes before its server does: a request cut off in between is nobody's fault.
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert opened.problems == []


def frame_of(page: Any, number: int) -> Any:
    handle = page.wait_for_selector(f'iframe[title="Deskhand, ticket {number}"]:not([hidden])')
    frame = handle.content_frame()
    frame.wait_for_url("**/sidebar/**")
    frame.wait_for_function("window.seen && window.seen.registered && window.seen.events.length")
    return frame


def test_tickets_arrive_on_top_by_themselves(page: Any, hosted: tuple[Desk, list[str]]) -> None:
    desk, _ = hosted
    first = desk.arrive(subject="First one")
    page.goto(f"{desk.url}/agent")
    page.wait_for_selector("text=First one")
    desk.arrive(subject="Second one", tags=["vip"])
    page.wait_for_selector("text=Second one")
    assert page.locator(".item-subject").all_inner_texts() == ["Second one", "First one"]
    desk.api("PUT", f"tickets/{first}", {"ticket": {"group_id": int(desk.connection["groups"]["Data"])}})
    page.wait_for_selector(".item .group:text-is('Data')")


def test_handshake_get_set_and_invoke(page: Any, hosted: tuple[Desk, list[str]]) -> None:
    desk, tokens = hosted
    number = desk.arrive(tags=["vip"])
    page.goto(f"{desk.url}/agent/tickets/{number}")
    frame = frame_of(page, number)
    assert len(tokens) == 1
    context = frame.evaluate("window.seen.registered.context")
    assert (context["ticketId"], context["location"]) == (number, "ticket_sidebar")
    paths = ["ticket.id", "ticket.requester.email", "ticket.tags", "currentUser.name", "colorScheme", "no.such"]
    result = frame.evaluate("(paths) => window.zaf.get(...paths)", paths)["result"]
    assert [result[path] for path in paths[:-1]] == [number, "kim@acme.example", ["vip"], "Ana Lind", "light"]
    assert "no.such" in result["errors"]
    frame.evaluate("window.zaf.invoke('resize', {height: '480px', width: '100%'})")
    assert page.locator("iframe").get_attribute("height") == "480"
    frame.evaluate("window.zaf.invoke('ticket.editor.insert', '<p>Hello<br>Kim</p>')")
    assert page.input_value("#editor") == "Hello\nKim"
    frame.evaluate("window.zaf.invoke('ticket.editor.insert', '<p>a &lt; b<br>&nbsp; c\\nd</p><p>e</p>')")
    assert page.input_value("#editor") == "Hello\nKim\n\na < b\n  c d\n\ne"
    frame.evaluate("window.zaf.set({'comment.type': 'internalNote'})")
    assert page.is_checked("input[value=note]")
    frame.evaluate("window.zaf.invoke('notify', 'Routed', 'notice', 60000)")
    assert page.inner_text("#notices") == "Routed"
    desk.control("POST", f"tickets/{number}", {"status": "closed"})
    page.wait_for_selector("#reply", state="hidden")
    refused = frame.evaluate("window.zaf.invoke('ticket.editor.insert', 'Too late')")["result"]["errors"]
    assert "the ticket is closed" in refused["ticket.editor.insert"]["message"]


def test_an_app_sets_a_field(page: Any, hosted: tuple[Desk, list[str]]) -> None:
    desk, _ = hosted
    number = desk.arrive()
    page.goto(f"{desk.url}/agent/tickets/{number}")
    frame = frame_of(page, number)
    field = desk.connection["fields"]["category"]
    frame.evaluate(f"window.zaf.set({{'ticket.customField:custom_field_{field}': 'billing'}})")
    assert "billing" in desk.api("GET", f"tickets/{number}").json()["ticket"]["tags"]


def test_events_requests_and_the_save_hook(page: Any, hosted: tuple[Desk, list[str]]) -> None:
    desk, _ = hosted
    number = desk.arrive()
    page.goto(f"{desk.url}/agent/tickets/{number}")
    frame = frame_of(page, number)
    for name in ("ticket.priority.changed", "colorScheme.changed", "ticket.save", "request:1.done", "request:2.fail"):
        frame.evaluate("(name) => window.zaf.on(name)", name)
    frame.evaluate("window.zaf.request('1', {url: '/api/v2/users/me.json'})")
    frame.evaluate("window.zaf.request('2', {url: 'https://elsewhere.example/'})")
    desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "urgent"}})
    page.click("#theme")
    frame.wait_for_function("new Set(window.seen.events.map((e) => e[0])).size >= 5")
    seen = dict(frame.evaluate("window.seen.events"))
    assert seen["request:1.done"]["responseArgs"][0]["user"]["email"] == "ana@desk.example"
    assert seen["request:2.fail"]["responseArgs"][0]["status"] == 0
    assert (seen["ticket.priority.changed"], seen["colorScheme.changed"]) == ("urgent", "dark")
    frame.evaluate("window.seen.refuse = 'Choose a category first'")
    page.fill("#editor", "Done.")
    page.click("#reply [type=submit]")
    page.wait_for_selector("text=Choose a category first")
    frame.evaluate("window.seen.refuse = null")
    page.click("#reply [type=submit]")
    page.wait_for_selector(".message.staff:has-text('Done.')")
    # The refused foreign request is answered 400 by the workspace, which the browser reports.
    page.problems[:] = [problem for problem in page.problems if "400" not in problem]


def test_each_ticket_keeps_its_own_frame(page: Any, hosted: tuple[Desk, list[str]]) -> None:
    desk, tokens = hosted
    first, second = desk.arrive(subject="First one"), desk.arrive(subject="Second one")
    page.goto(f"{desk.url}/agent/tickets/{first}")
    frame = frame_of(page, first)
    frame.evaluate("window.mark = 'still here'")
    page.click("text=Second one")
    frame_of(page, second)
    frame_of(page, second).evaluate(f"window.zaf.invoke('routeTo', 'ticket', {first})")
    page.wait_for_selector(f'iframe[title="Deskhand, ticket {first}"]:not([hidden])')
    assert frame.evaluate("window.mark") == "still here"
    assert len(set(tokens)) == 2
