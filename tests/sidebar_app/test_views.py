from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import sidebar_app
from sidebar_app import HelpdeskDown, SessionRefused
from sidebar_app.headers import policy
from tests.sidebar_app.answers import CHAIN, SUGGESTED
from tests.sidebar_app.sidebar_fakes import (
    ORGANIZATION,
    PAGED,
    REQUESTER,
    RUNNING,
    SURE,
    TICKET,
    UNSURE,
    FakeSidebar,
    clocks,
    view,
)
from triage.context import PanelAnswer, WriteBack
from triage.suggestions import Act

HOST = "https://fieldline.zendesk.com"
OPEN = f"/sidebar/zendesk?origin={HOST}&app_guid=g1&colorScheme=dark"
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</template><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "\u2028<iframe srcdoc='<script>alert(1)</script>'>",
)


class Marks(HTMLParser):
    """Which tags and attributes a browser finds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture
def deps() -> FakeSidebar:
    return FakeSidebar()


@pytest.fixture
def client(deps: FakeSidebar) -> Iterator[FlaskClient]:
    app = Flask("sidebar-under-test", static_folder=None)
    app.register_blueprint(sidebar_app.create_blueprint(deps))
    with app.test_client() as client:
        yield client


@pytest.fixture
def agent(client: FlaskClient, deps: FakeSidebar) -> dict[str, str]:
    return {"Authorization": f"Bearer {deps.open('zendesk', origin=HOST, token='good').bearer}"}


def directives(answer: TestResponse) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in pairs}


def test_opened_by_its_address_it_shows_no_data_and_may_not_be_framed(client: FlaskClient) -> None:
    answer = client.get("/sidebar/zendesk")
    assert answer.status_code == 200
    assert "Open Deskhand inside your helpdesk" in answer.text
    assert "deskhand-session" not in answer.text
    assert directives(answer)["frame-ancestors"] == "'none'"


def test_the_signed_open_gives_a_shell_that_only_this_helpdesk_may_frame(client: FlaskClient) -> None:
    answer = client.post(OPEN, data={"token": "good"})
    assert answer.status_code == 200
    assert directives(answer) == {
        "default-src": "'none'",
        "script-src": "'self' https://static.zdassets.com",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": HOST,
    }
    assert 'name="deskhand-session" content="bearer-0"' in answer.text
    assert 'data-theme="dark"' in answer.text
    assert "X-Frame-Options" not in answer.headers


def test_a_refused_token_is_401_with_the_reason_and_no_session(client: FlaskClient, deps: FakeSidebar) -> None:
    answer = client.post(OPEN, data={"token": "forged"})
    assert answer.status_code == 401
    assert "signature is not valid" in answer.text
    assert "deskhand-session" not in answer.text
    assert directives(answer)["frame-ancestors"] == HOST


def test_a_refusal_without_a_known_helpdesk_may_be_framed_by_nobody(client: FlaskClient, deps: FakeSidebar) -> None:
    def refuse(vendor: str, *, origin: str, token: str) -> None:
        raise SessionRefused("Not connected.")

    deps.open = refuse  # type: ignore[assignment, method-assign]
    assert directives(client.post(OPEN, data={"token": "good"}))["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("vendor", ["nobody", "views", "hosts", "deps", "..", "session"])
def test_an_unknown_vendor_is_404(client: FlaskClient, vendor: str) -> None:
    assert client.get(f"/sidebar/{vendor}").status_code == 404


@pytest.mark.parametrize("origin", ["https://a.example; script-src *", "*", "https://a b", "javascript:alert(1)", ""])
def test_only_an_origin_can_become_part_of_the_policy(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        policy(ancestors=origin)


ROUTES = [
    ("GET", "/sidebar/zendesk"),
    ("POST", OPEN),
    ("GET", "/sidebar/panel/48213"),
    ("POST", "/sidebar/panel/48213/correction"),
    ("POST", "/sidebar/panel/48213/undo"),
    ("POST", "/sidebar/panel/48213/acknowledge"),
    ("POST", "/sidebar/panel/48213/article"),
    ("POST", "/sidebar/panel/48213/search"),
    ("POST", "/sidebar/session"),
    ("GET", "/sidebar/static/panel.js"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("known", [True, False])
def test_every_answer_is_guarded_and_sets_no_cookie(
    client: FlaskClient, agent: dict[str, str], method: str, path: str, known: bool
) -> None:
    answer = client.open(path, method=method, headers=agent if known else {}, data={"token": "good" if known else ""})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == ("public, max-age=300" if "static" in path else "no-store")
    assert directives(answer)["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("method", "path"), ROUTES[2:8])
@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic bearer-0", "Bearer nobody"])
def test_without_a_valid_bearer_every_call_is_the_session_ended_state(
    client: FlaskClient, deps: FakeSidebar, method: str, path: str, given: str | None
) -> None:
    deps.renewable = False
    deps.bearers.add("bearer-0")
    answer = client.open(path, method=method, headers={"Authorization": given} if given is not None else {})
    assert answer.status_code == 401
    assert 'data-state="ended"' in answer.text
    assert deps.panel_calls == 0


def test_a_cookie_is_no_log_in(client: FlaskClient, agent: dict[str, str]) -> None:
    client.set_cookie("session", agent["Authorization"])
    assert client.get("/sidebar/panel/48213").status_code == 401


def test_a_session_is_renewed(client: FlaskClient, agent: dict[str, str]) -> None:
    answer = client.post("/sidebar/session", headers=agent)
    assert answer.json == {"bearer": "bearer-1", "expires_in_s": 600}


def test_the_fragment_shows_category_confidence_evidence_and_the_next_best(
    client: FlaskClient, agent: dict[str, str]
) -> None:
    text = client.get("/sidebar/panel/48213", headers=agent).text
    for expected in (
        'data-state="routed"',
        "91\N{NO-BREAK SPACE}% sure",
        "<mark>no webhook events since the certificate change</mark>",
        'data-correct="api_errors"',
        "Other…",
    ):
        assert expected in text
    order = re.findall(r'data-section="(\w+)"', text)
    assert order == ["now", "customer", "answer", "history", "guide"]


def test_a_correction_is_one_call_and_can_be_undone(client: FlaskClient, agent: dict[str, str]) -> None:
    path = "/sidebar/panel/48213"
    done = client.post(f"{path}/correction", json={"category": "api_errors"}, headers=agent)
    assert "Changed to API errors.</strong> Moved to Platform API." in done.text
    assert "data-undo" in done.text
    undone = client.post(f"{path}/undo", headers=agent)
    assert 'data-state="routed"' in undone.text
    assert "Correction undone." in undone.text


@pytest.mark.parametrize("body", [None, [], {}, {"category": 5}, {"category": ""}, {"category": "made_up"}, "text"])
def test_a_correction_to_nothing_we_know_changes_nothing(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str], body: object
) -> None:
    answer = client.post("/sidebar/panel/48213/correction", json=body, headers=agent)
    assert answer.status_code == 409
    assert "correction" not in deps.views["48213"]


def test_a_body_that_is_too_large_is_refused(client: FlaskClient, agent: dict[str, str]) -> None:
    body = {"category": "x" * 70_000}
    assert client.post("/sidebar/panel/48213/correction", json=body, headers=agent).status_code in (409, 413)


@pytest.mark.parametrize("ref", ["999", "x" * 65])
def test_a_ticket_nobody_knows_is_404(client: FlaskClient, agent: dict[str, str], ref: str) -> None:
    answer = client.get(f"/sidebar/panel/{ref}", headers=agent)
    assert answer.status_code == 404
    assert "Deskhand cannot see ticket" in answer.text


def test_with_the_helpdesk_down_the_last_glance_stays_with_its_age(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str]
) -> None:
    deps.down = HelpdeskDown(timedelta(hours=3), view())
    answer = client.get("/sidebar/panel/48213", headers=agent)
    assert answer.status_code == 503
    assert "Shown as of 3\N{NO-BREAK SPACE}h ago" in answer.text
    assert "Nordlicht Logistik" in answer.text
    assert "data-correct" not in answer.text


def test_an_article_is_used_once_it_is_named_with_a_verb(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str]
) -> None:
    deps.views["48213"]["answer"] = SUGGESTED
    path = "/sidebar/panel/48213/article"
    done = client.post(path, json={"article": 3, "verb": "insert_text"}, headers=agent)
    assert "Text inserted 14:24, by you" in done.text
    assert deps.acts == [(3, Act.INSERT_TEXT)]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"article": 3},
        {"article": 3, "verb": "shown"},
        {"article": 3, "verb": "delete"},
        {"article": "3", "verb": "flag"},
        {"article": True, "verb": "flag"},
        {"article": 0, "verb": "flag"},
        {"article": 2**63, "verb": "flag"},
        {"article": 3, "verb": "flag", "note": 5},
    ],
)
def test_what_names_no_article_or_verb_is_refused(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str], body: object
) -> None:
    answer = client.post("/sidebar/panel/48213/article", json=body, headers=agent)
    assert (answer.status_code, deps.acts) == (409, [])
    assert 'data-state="refused"' in answer.text


def test_a_search_is_said_with_its_words_and_needs_some(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str]
) -> None:
    path = "/sidebar/panel/48213/search"
    found = client.post(path, json={"words": " replay "}, headers=agent)
    assert "Searched for “replay”" in found.text
    assert client.post(path, json={"words": "x" * 900}, headers=agent).status_code == 200
    assert [len(words) for words in deps.words] == [6, 500]
    for body in (None, {}, {"words": " "}, {"words": 5}):
        assert client.post(path, json=body, headers=agent).status_code == 409


@pytest.mark.parametrize("payload", XSS)
def test_no_text_of_an_article_becomes_markup(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str], payload: str
) -> None:
    names = ("title", "url", "meta", "why", "warning", "quote", "link", "withheld", "used", "judged", "flagged")
    article = replace(CHAIN, passage=((payload, True), (payload, False)), **dict.fromkeys(names, payload))
    deps.views["48213"]["answer"] = PanelAnswer(summary=payload, articles=(article,), note=payload, asked=payload)
    text = client.get("/sidebar/panel/48213", headers=agent).text
    marks = Marks()
    marks.feed(text)
    assert not marks.tags & {"script", "img", "svg", "iframe"}
    assert not {name for name in marks.attributes if name.startswith("on") or name in ("style", "srcdoc")}
    assert "49" not in text
    assert "href" not in marks.attributes


@pytest.mark.parametrize("payload", XSS)
def test_no_text_of_ticket_customer_or_taxonomy_becomes_markup(
    client: FlaskClient, deps: FakeSidebar, agent: dict[str, str], payload: str
) -> None:
    assert SURE.prediction is not None
    assert UNSURE.prediction is not None
    fields = dict.fromkeys(("tier", "city", "seats", "arr", "currency", "renewal_on", "owner"), payload)
    everything = {
        "requester": replace(REQUESTER, name=payload, email=payload),
        "organization": replace(ORGANIZATION, name=payload, fields=fields),
        "write_back": WriteBack.PARKED,
        "write_back_reason": payload,
    }
    sure = replace(
        SURE,
        group=payload,
        reasons=(payload,),
        category=payload,
        prediction=replace(SURE.prediction, phrases=(payload,)),
    )
    for decision in (sure, replace(UNSURE, reasons=(payload,))):
        deps.views["48213"] = {**everything, "decision": decision, "ticket": replace(TICKET, ref=payload)}
        deps.categories = lambda session: ((payload, payload),)  # type: ignore[method-assign]
        found = client.get("/sidebar/panel/48213", headers=agent)
        assert found.status_code == 200
        if "<" in payload:
            assert payload not in found.text
        marks = Marks()
        marks.feed(found.text)
        assert not marks.tags & {"script", "img", "svg", "iframe"}
        assert not {name for name in marks.attributes if name.startswith("on") or name in ("style", "srcdoc")}
        assert "49" not in found.text


def test_no_page_has_inline_script_or_style(client: FlaskClient, agent: dict[str, str]) -> None:
    for text in (
        client.get("/sidebar/zendesk").text,
        client.post(OPEN, data={"token": "good"}).text,
        client.get("/sidebar/panel/48213", headers=agent).text,
    ):
        assert not re.search(r"<style|\sstyle=|\son\w+=", text)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


INSTALLED = {"Authorization": "Bearer panel-token", "X-Deskhand-Agent": "7"}


def test_an_installed_apps_agent_needs_no_session(client: FlaskClient) -> None:
    path = "/sidebar/panel/48213"
    assert 'data-state="routed"' in client.get(path, headers=INSTALLED).text
    done = client.post(f"{path}/correction", json={"category": "api_errors"}, headers=INSTALLED)
    assert "Changed to API errors." in done.text
    assert 'data-state="routed"' in client.post(f"{path}/undo", json={}, headers=INSTALLED).text


@pytest.mark.parametrize(
    "headers",
    [
        INSTALLED | {"Authorization": "Bearer another"},
        INSTALLED | {"X-Deskhand-Agent": "8"},
        INSTALLED | {"X-Deskhand-Agent": ""},
        {"X-Deskhand-Agent": "7"},
    ],
)
def test_an_installed_app_that_is_not_known_reads_nothing(
    client: FlaskClient, deps: FakeSidebar, headers: dict[str, str]
) -> None:
    answer = client.get("/sidebar/panel/48213", headers=headers)
    assert answer.status_code == 401
    assert 'data-state="unknown"' in answer.text
    assert deps.panel_calls == 0


def test_the_two_kinds_of_bearer_do_not_open_each_others_door(client: FlaskClient, agent: dict[str, str]) -> None:
    assert client.get("/sidebar/panel/48213", headers=agent | {"X-Deskhand-Agent": "7"}).status_code == 401
    assert client.get("/sidebar/panel/48213", headers={"Authorization": "Bearer panel-token"}).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_the_page_ships_in_the_package_ours_says_where_to_open_it(client: FlaskClient, method: str) -> None:
    answer = client.open("/sidebar/freshdesk", method=method, data={"token": "good"})
    assert answer.status_code == 200
    assert "Open Deskhand inside your helpdesk" in answer.text
    assert "deskhand-session" not in answer.text
    assert directives(answer)["frame-ancestors"] == "'none'"


def test_the_nearest_clock_has_a_bar_and_the_calm_one_a_line(
    client: FlaskClient, agent: dict[str, str], deps: FakeSidebar
) -> None:
    deps.log = RUNNING
    text = client.get("/sidebar/panel/48213", headers=agent).text.replace("\N{NO-BREAK SPACE}", " ")
    assert '<span class="pill " data-pill="Reply">Reply in 22 min</span>' in text
    first, second = re.findall(r'<div class="clock.*?(?=<div class="clock |<p class="route")', text, re.DOTALL)
    assert 'data-clock="First reply" data-of="3600" data-left="1320"' in first
    assert '<progress max="3600" value="2280" aria-label="First reply: 63 % of the time used">' in first
    assert "Due 14:46 Amsterdam. Priya Nair is reminded at 14:31." in first
    assert "progress" not in second
    assert '<span class="due">due Thu 17:46</span>' in second
    assert "page-bar" not in text


def test_a_waiting_page_comes_first_of_all_that_takes_focus(
    client: FlaskClient, agent: dict[str, str], deps: FakeSidebar
) -> None:
    deps.log = PAGED
    text = client.get("/sidebar/panel/48213", headers=agent).text.replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(r"<(button|a|summary|input|select)\b[^>]*", text)[0] == (  # type: ignore[index]
        '<button class="btn primary tall wide" type="button" data-acknowledge data-keep="acknowledge"'
        ' aria-keyshortcuts="a"'
    )
    assert 'data-announce="You were paged at 14:21. Nobody has acknowledged yet."' in text
    assert 'Tomás Rey is paged in <span class="num" data-in="120">2 min 0 s</span>.' in text
    assert re.findall(r'<li class="(\w+)">', text) == ["done", "now", "next", "next"]


def test_one_press_acknowledges_and_says_who_has_it(
    client: FlaskClient, agent: dict[str, str], deps: FakeSidebar
) -> None:
    deps.log = PAGED
    text = client.post("/sidebar/panel/48213/acknowledge", headers=agent).text
    assert "Priya Nair has it since 14:23." in text
    assert "page-bar" not in text
    assert re.findall(r'<li class="(\w+)">', text) == ["done", "done", "ack"]


def test_without_a_clock_one_line_says_so(client: FlaskClient, agent: dict[str, str], deps: FakeSidebar) -> None:
    deps.views["48213"]["clocks"] = clocks(RUNNING[:2])
    text = client.get("/sidebar/panel/48213", headers=agent).text
    assert '<p class="small muted none">No clock runs: the ticket has no priority yet.</p>' in text
    assert "data-clock" not in text
