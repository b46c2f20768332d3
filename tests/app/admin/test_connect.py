"""The Connect pages over figures: who gets in, what a form sends, what a page says, and that secrets stay inside."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import console_steps
from app.admin.words import code
from app.install.nouns import STEPS, Step, StepState
from connectors.errors import Unavailable
from connectors.installing import NOT_CHECKED, Finding, Health
from tests.app.admin.connect_fakes import DELETED, NO_APP, TENANT, good
from tests.app.admin.console_fakes import FakeConsole
from tests.app.admin.console_site import build
from tests.app.admin.test_console import FROM, XSS, Marks, log_in, token

BASE = "/console/connect"
PAGES = ("", f"/{TENANT}", "/new", "/new/tidedesk", "/back", f"/{TENANT}/package", f"/{TENANT}/disconnect")
BUTTONS = ("check", "test", "mend", "mode", "values", "disconnect")
POSTS = ("/new/tidedesk", *(f"/{TENANT}/{button}" for button in BUTTONS))
CANARY = "canary-5ecret"
TYPED = {"address": "acme.example", "sign_in": "client", "client.client_id": "deskhand"}


@pytest.fixture
def deps() -> FakeConsole:
    made = FakeConsole()
    made.connected = True
    return made


@pytest.fixture
def client(deps: FakeConsole) -> Iterator[FlaskClient]:
    with build(deps).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        yield client


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    assert log_in(client).status_code == 303
    return client


def press(client: FlaskClient, path: str, **form: str) -> TestResponse:
    known = {"csrf_token": token(client.get(f"{BASE}/new/tidedesk"))}
    return client.post(f"{BASE}{path}", data=known | form, headers=FROM)


def steps_of(answer: TestResponse) -> list[tuple[str, str]]:
    """The class and title of every step."""
    return re.findall(r'<li class="(\w+)"><div><h2>([^<]+)', answer.text)


def test_without_a_session_there_is_nothing(client: FlaskClient, deps: FakeConsole) -> None:
    assert {client.get(f"{BASE}{page}").status_code for page in PAGES} == {303}
    assert {client.post(f"{BASE}{path}", headers=FROM).status_code for path in POSTS} == {401}
    assert (deps.done, deps.requests) == ([], [])


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_form_from_elsewhere_does_nothing(admin: FlaskClient, deps: FakeConsole, headers: dict[str, str]) -> None:
    form = {"csrf_token": token(admin.get(BASE)), **TYPED, "client.client_secret": CANARY}
    assert {admin.post(f"{BASE}{path}", data=form, headers=headers).status_code for path in POSTS} == {403}
    assert (deps.done, deps.requests) == ([], [])


def test_a_form_without_the_token_does_nothing(admin: FlaskClient, deps: FakeConsole) -> None:
    assert {admin.post(f"{BASE}{path}", data=TYPED, headers=FROM).status_code for path in POSTS} == {403}
    assert (deps.done, deps.requests) == ([], [])


@pytest.mark.parametrize("path", [*PAGES, *POSTS])
def test_no_answer_is_kept_and_none_may_run_scripts(admin: FlaskClient, path: str) -> None:
    answer = press(admin, path) if path in POSTS else admin.get(f"{BASE}{path}")
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy


def test_an_unknown_helpdesk_is_not_there(admin: FlaskClient, deps: FakeConsole) -> None:
    for page in ("/nobody", "/nobody/package", "/nobody/disconnect", "/new/nodesk"):
        assert admin.get(f"{BASE}{page}").status_code == 404
    for button in BUTTONS:
        assert press(admin, f"/nobody/{button}", mode="live").status_code == 404
    assert deps.done == []


def test_before_the_first_every_product_says_what_it_needs(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.connected = False
    page = admin.get(BASE).text
    assert "No helpdesk is connected yet." in page
    assert "An identifier and a secret." in page
    assert f'href="{BASE}/new/pinedesk"' in page


def test_the_form_is_made_from_the_ways_to_sign_in(admin: FlaskClient) -> None:
    marks = Marks()
    page = admin.get(f"{BASE}/new/tidedesk").text
    marks.feed(page)
    inputs = {attrs.get("name"): attrs for tag, attrs in marks.found if tag == "input"}
    secret = inputs["client.client_secret"]
    assert (secret["type"], secret["autocomplete"], "value" in secret) == ("password", "new-password", False)
    assert inputs["client.client_id"]["type"] == "text"
    assert "Tokens are switched off next year." in page
    assert "https://deskhand.example/console/connect/back" in page
    assert "Billing, Front desk, Integrations" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"address": ""}, "This is not an address."),
        ({"address": "not one"}, "This is not an address."),
        ({"sign_in": "magic"}, "Choose how Deskhand signs in."),
        ({"client.client_id": " "}, "Identifier is missing."),
        ({"client.client_secret": ""}, "Secret is missing."),
        ({"client.client_secret": CANARY * 300}, "Secret is too long."),
    ],
)
def test_wrong_input_comes_back_without_its_secrets(
    admin: FlaskClient, deps: FakeConsole, changes: dict[str, str], said: str
) -> None:
    answer = press(admin, "/new/tidedesk", **(TYPED | {"client.client_secret": CANARY, "make_groups": "1"} | changes))
    assert (answer.status_code, deps.requests) == (422, [])
    assert said in answer.text
    assert CANARY not in answer.text
    if "client.client_id" not in changes:
        assert 'value="deskhand"' in answer.text
    assert 'name="make_groups" value="1" checked' in answer.text


def test_connecting_tells_each_step_and_leads_to_the_helpdesk(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.connected = False
    answer = press(admin, "/new/tidedesk", **TYPED, **{"client.client_secret": CANARY, "make_groups": "1"})
    told = [(mark, title) for mark, title in steps_of(answer) if mark != "now"]
    assert told == [("ok", title) for title in STEPS.values()]
    assert f'href="{BASE}/{TENANT}"' in answer.text
    assert CANARY not in answer.text
    (asked,) = deps.requests
    assert (asked.vendor, asked.address, asked.sign_in, asked.make_groups) == (
        "tidedesk",
        "acme.example",
        "client",
        True,
    )
    assert asked.secrets == {"client_id": "deskhand", "client_secret": CANARY}


def test_a_page_is_sent_while_the_work_goes_on(admin: FlaskClient) -> None:
    known = {"csrf_token": token(admin.get(f"{BASE}/new/tidedesk")), "client.client_secret": CANARY}
    answer = admin.post(f"{BASE}/new/tidedesk", data=TYPED | known, headers=FROM, buffered=False)
    assert answer.is_streamed
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert len(list(answer.iter_encoded())) > len(STEPS)


def test_a_step_that_fails_ends_the_list_and_brings_the_form_again(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.connected = False
    deps.fails_at = Step(key="permission", state=StepState.FAILED, detail="No such client.", fix="Check it.")
    answer = press(admin, "/new/tidedesk", **TYPED, **{"client.client_secret": CANARY})
    assert steps_of(answer)[-1] == ("ko", "Permission")
    assert "No such client. Check it." in answer.text
    assert 'value="acme.example"' in answer.text
    assert CANARY not in answer.text
    assert answer.text.rstrip().endswith("</html>")


def test_what_nobody_expected_ends_the_list_too(
    admin: FlaskClient, deps: FakeConsole, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: object, progress: object) -> str:
        raise RuntimeError("a bug")

    deps.connect = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.DEBUG):
        answer = press(admin, "/new/tidedesk", **TYPED, **{"client.client_secret": CANARY})
    assert "Something failed here." in answer.text
    assert "a bug" in caplog.text
    assert CANARY not in answer.text + caplog.text


def test_a_sign_in_in_the_browser_goes_there_and_comes_back(admin: FlaskClient, deps: FakeConsole) -> None:
    away = press(admin, "/new/tidedesk", address="acme.example", sign_in="browser", **{"browser.client_id": "id-1"})
    assert 'content="0;url=https://fieldline.tidedesk.example/authorize?state=signed&amp;scope=a"' in away.text
    back = admin.get(f"{BASE}/back?state=signed&code=c-1")
    assert f'href="{BASE}/{TENANT}"' in back.text
    assert deps.done == [("finish", ["signed", "c-1"])]


def test_a_sign_in_that_was_denied_says_so(admin: FlaskClient, deps: FakeConsole) -> None:
    answer = admin.get(f"{BASE}/back?state=signed&error=access_denied")
    assert "did not let us in: access_denied" in answer.text
    assert deps.done == []


def test_the_page_follows_the_findings(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.findings |= {"fields": DELETED, "sidebar": NO_APP}
    page = admin.get(BASE)
    assert steps_of(page) == [
        ("ok", "Helpdesk address"),
        ("ok", "Permission"),
        ("ok", "Events"),
        ("ko", "Fields"),
        ("ok", "Groups"),
        ("look", "Sidebar"),
        ("ok", "Shadow mode"),
    ]
    assert "“Product area” is missing." in page.text
    assert "5 of 7 steps done." in page.text
    assert "Let us mend it" in page.text
    assert "246 tickets, of these 212 triaged and 34 left to a human" in page.text
    assert '<span class="st bad">1 of 2</span>' in page.text
    assert '<span class="n bad">1<span class="sr"> need you</span>' in page.text
    assert "Fieldline EU" in page.text


def test_mending_says_what_was_done(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.findings["fields"] = DELETED
    answer = press(admin, f"/{TENANT}/mend")
    assert "Made the ticket field" in answer.text
    assert "All 7 steps done." in answer.text
    assert deps.done == [("mend", [TENANT, "False"])]
    press(admin, f"/{TENANT}/mend", make_groups="1")
    assert deps.done[-1] == ("mend", [TENANT, "True"])


def test_a_silent_helpdesk_is_an_answer_not_a_failure(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.silent = Unavailable("no answer in 10 s", vendor="tidedesk", operation="install")
    assert "could not be mended" in press(admin, f"/{TENANT}/mend").text
    left = press(admin, f"/{TENANT}/disconnect")
    assert "Nothing was removed or forgotten here." in left.text
    assert deps.connected


def test_the_other_buttons_reach_the_helpdesk(admin: FlaskClient, deps: FakeConsole) -> None:
    assert press(admin, f"/{TENANT}/check").headers["Location"] == f"{BASE}/{TENANT}"
    assert "Came back in 0.8 s." in press(admin, f"/{TENANT}/test").text
    assert press(admin, f"/{TENANT}/mode", mode="loud").status_code == 400
    assert press(admin, f"/{TENANT}/mode", mode="live").status_code == 303
    assert deps.done == [("check", [TENANT]), ("test", [TENANT]), ("mode", [TENANT, "live"])]
    assert "Off: Deskhand decides and writes." in admin.get(BASE).text


def test_disconnecting_is_asked_before_and_told_after(admin: FlaskClient, deps: FakeConsole) -> None:
    asked = admin.get(f"{BASE}/{TENANT}/disconnect").text
    assert "The webhook." in asked
    assert "The ticket fields." in asked
    assert deps.done == []
    assert "Removed the webhook “Deskhand”." in press(admin, f"/{TENANT}/disconnect").text
    assert not deps.connected


def test_the_apps_values_are_shown_only_when_asked_for(admin: FlaskClient) -> None:
    shown = press(admin, f"/{TENANT}/values")
    for value in ("panel-canary", "hook-canary", "path-canary"):
        assert value in shown.text
        assert not any(value in admin.get(f"{BASE}{page}").text for page in PAGES if "package" not in page)
    assert admin.get(f"{BASE}/{TENANT}/values").status_code == 405


def test_the_app_is_a_zip_or_a_list_of_what_is_wrong(admin: FlaskClient, deps: FakeConsole) -> None:
    zipped = admin.get(f"{BASE}/{TENANT}/package")
    assert (zipped.status_code, zipped.mimetype, zipped.data[:2]) == (200, "application/zip", b"PK")
    assert zipped.headers["Content-Disposition"] == 'attachment; filename="deskhand.zip"'
    deps.refuse_package()
    refused = admin.get(f"{BASE}/{TENANT}/package")
    assert refused.status_code == 409
    assert "It has a port." in refused.text


@pytest.mark.parametrize("payload", XSS)
def test_no_text_becomes_markup(admin: FlaskClient, deps: FakeConsole, payload: str) -> None:
    deps.findings["fields"] = replace(DELETED, detail=payload, state=payload, fix=payload)
    deps.told = [Step(key="address", state=StepState.WARN, detail=payload, fix=f"`{payload}`")]
    answers = [
        admin.get(BASE),
        admin.get(f"{BASE}/back", query_string={"error": payload}),
        press(admin, "/new/tidedesk", **TYPED | {"address": payload}),
        press(admin, "/new/tidedesk", **TYPED, **{"client.client_secret": CANARY}),
    ]
    for answer in answers:
        marks = Marks()
        marks.feed(answer.text)
        for tag, attrs in marks.found:
            assert tag not in ("img", "iframe", "style", "svg") or attrs.get("class") == "logo"
            assert tag != "script" or "src" in attrs
            assert not [name for name in attrs if name.startswith("on") or name == "style"]


def test_backquotes_become_code_and_nothing_else_does() -> None:
    assert code("Run `a <b>`.") == "Run <code>a &lt;b&gt;</code>."
    assert code("a ` b") == "a ` b"


def known(**changes: object) -> console_steps.Known:
    values: dict[str, object] = {
        "title": "Tidedesk",
        "vendor": "tidedesk",
        "host": "acme.example",
        "plan": "",
        "broken": "",
        "shadow": True,
        "decided": {},
        "upload": (),
        "has_app_values": False,
    }
    return console_steps.Known(**(values | changes))  # type: ignore[arg-type]


def marks_of(findings: dict[str, Finding], **changes: object) -> dict[str, str]:
    rows = console_steps.steps(list(findings.values()), known(**changes))
    return {row.title: row.mark.value for row in rows}


def test_before_the_first_check_every_step_is_to_come() -> None:
    assert set(marks_of({}).values()) == {"next", "ok"}
    assert marks_of({})["Shadow mode"] == "ok"


@pytest.mark.parametrize(
    ("check", "step"),
    [("address", "Helpdesk address"), ("scopes", "Permission"), ("gaps", "Events"), ("clock", "Events")],
)
@pytest.mark.parametrize(("health", "mark"), [(Health.BAD, "ko"), (Health.WARN, "look")])
def test_a_bad_check_marks_its_step_only(check: str, step: str, health: Health, mark: str) -> None:
    wrong = Finding(check=check, health=health, state="Wrong", detail="It is wrong.", fix="Mend it.")
    marks = marks_of(good() | {check: wrong})
    assert marks.pop(step) == mark
    assert set(marks.values()) == {"ok"}


def test_what_could_not_be_looked_at_is_neither_good_nor_bad() -> None:
    unseen = {each: Finding(check=each, health=Health.WARN, state=NOT_CHECKED, detail="Waits.") for each in good()}
    assert set(marks_of(unseen).values()) == {"next", "ok"}
    refused = Finding(check="fields", health=Health.BAD, state=NOT_CHECKED, detail="The right is missing.")
    fields = console_steps.steps(list((good() | {"fields": refused}).values()), known())[3]
    assert (fields.mark.value, fields.detail, fields.facts) == ("ko", "Not checked.", ("The right is missing.",))


def test_a_refused_access_counts_before_the_next_check() -> None:
    assert marks_of(good(), broken="401: no longer.")["Permission"] == "ko"
    assert console_steps.broken(list(good().values()), "401: no longer.") == 1
    refused = replace(good()["permission"], health=Health.BAD)
    assert console_steps.broken([refused], "401: no longer.") == 1


def test_several_troubles_of_a_step_are_mended_by_one_button() -> None:
    wrong = {
        check: Finding(check=check, health=Health.BAD, state="No", detail=f"{check}.", fix="Run it.", repairable=True)
        for check in ("webhook", "triggers", "duplicates")
    }
    events = console_steps.steps(list((good() | wrong).values()), known())[2]
    assert len(events.facts) == 3
    assert [way.action for way in events.ways].count(console_steps.MEND) == 1
    assert events.ways[0].action == console_steps.MEND


def test_where_a_person_has_to_begin_our_part_comes_after() -> None:
    by_hand = Finding(check="webhook", health=Health.BAD, state="Needs you", detail="None.", fix="Make a rule.")
    ours = Finding(check="triggers", health=Health.BAD, state="0 of 2", detail="None.", fix="Run it.", repairable=True)
    events = console_steps.steps(list((good() | {"webhook": by_hand, "triggers": ours}).values()), known())[2]
    assert [way.text for way in events.ways] == ["Make a rule.", "Then we can do the rest:", "By hand: Run it."]
