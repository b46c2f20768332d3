from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.admin import Attempts
from app.admin.charts import events, spark
from app.admin.deliveries_model import Search, Told
from app.admin.payload import Leaf, leaves
from app.admin.throttle import wait
from app.admin.words import span
from tests.app.admin.console_fakes import NOW, PARKED, PASSWORD, USER, FakeConsole, preview
from tests.app.admin.console_site import ORIGIN, build
from triage.dry_run import FieldChange

PAGES = [
    "/console/",
    "/console/deliveries",
    "/console/deliveries/live",
    "/console/deliveries/confirm?do=replay&state=parked",
    "/console/deliveries/out-34",
    "/console/deliveries/out-34/dry-run/7",
]
ACTIONS = [
    "/console/deliveries/replay",
    "/console/deliveries/drop",
    "/console/deliveries/park",
    "/console/deliveries/out-34/dry-run",
    "/console/logout",
]
FROM = {"Origin": ORIGIN}
XSS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "{{ 7*7 }}")


class Marks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def client(deps: FakeConsole) -> Iterator[FlaskClient]:
    with build(deps).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        yield client


def token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', answer.text)
    assert found
    return found[1]


def log_in(client: FlaskClient, password: str = PASSWORD, email: str = USER.email) -> TestResponse:
    form = {"email": email, "password": password, "csrf_token": token(client.get("/console/login"))}
    return client.post("/console/login", data=form, headers=FROM)


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    assert log_in(client).status_code == 303
    return client


def test_nobody_sees_a_page_without_a_log_in(client: FlaskClient) -> None:
    assert [client.get(page).status_code for page in PAGES] == [303, 303, 401, 303, 303, 303]
    assert [client.post(action).status_code for action in ACTIONS] == [401] * 5


def test_the_cookie_is_bound_to_the_host_and_out_of_reach_for_scripts(client: FlaskClient) -> None:
    cookie = log_in(client).headers["Set-Cookie"]
    assert cookie.startswith("__Host-deskhand=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert "Domain" not in cookie


def test_on_loopback_without_tls_the_cookie_has_a_plain_name(deps: FakeConsole) -> None:
    cookie = build(deps, secure=False).test_client().get("/console/login").headers["Set-Cookie"]
    assert cookie.startswith("deskhand=")
    assert "Secure" not in cookie


def test_the_session_id_changes_at_the_log_in(client: FlaskClient) -> None:
    before = token(client.get("/console/login"))
    log_in(client)
    assert token(client.get("/console/deliveries")) != before


def test_wrong_password_and_unknown_user_read_the_same(client: FlaskClient) -> None:
    wrong, unknown = log_in(client, "nonsense"), log_in(client, email="nobody@fieldline.example")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    message = re.compile(r'role="alert">([^<]+)<')
    assert message.findall(wrong.text) == message.findall(unknown.text) != []


def test_after_failures_the_right_password_has_to_wait_too(client: FlaskClient, deps: FakeConsole) -> None:
    for _ in range(3):
        log_in(client, "nonsense")
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert deps.checked == 3
    deps.now = NOW + timedelta(seconds=2)
    assert log_in(client).status_code == 303


@pytest.mark.parametrize(
    ("failures", "from_address", "seconds"),
    [(0, 0, 0), (2, 2, 0), (3, 3, 1), (4, 4, 2), (9, 9, 64), (10, 10, 900), (10**6, 10**6, 900), (1, 30, 900)],
)
def test_the_pause_doubles_and_ends_at_a_quarter_of_an_hour(failures: int, from_address: int, seconds: int) -> None:
    attempts = Attempts(failures=failures, last_failed_at=NOW, address_failures=from_address)
    assert wait(attempts, now=NOW) == timedelta(seconds=seconds)
    assert wait(attempts, now=NOW + timedelta(minutes=15)) == timedelta(0)


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"{ORIGIN}.evil.example", f"{ORIGIN}:444"])
def test_a_form_from_elsewhere_does_nothing(admin: FlaskClient, deps: FakeConsole, origin: str | None) -> None:
    form = {"csrf_token": token(admin.get("/console/deliveries")), "id": "out-34"}
    headers = {"Origin": origin} if origin else {}
    assert [admin.post(action, data=form, headers=headers).status_code for action in ACTIONS] == [403] * 5
    assert deps.done == []


@pytest.mark.parametrize("sent", ["", "0" * 64, "é"])
def test_a_form_without_the_sessions_token_does_nothing(admin: FlaskClient, deps: FakeConsole, sent: str) -> None:
    form = {"csrf_token": sent, "id": "out-34"}
    assert [admin.post(action, data=form, headers=FROM).status_code for action in ACTIONS] == [403] * 5
    assert admin.post("/console/login", data=form, headers=FROM).status_code == 403
    assert deps.done == []


def test_a_session_ends_after_12_hours_at_log_out_and_with_the_user(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.now = NOW + timedelta(hours=12)
    assert admin.get("/console/").status_code == 303
    deps.now = NOW
    cookie = admin.get_cookie("__Host-deskhand")
    assert cookie
    form = {"csrf_token": token(admin.get("/console/"))}
    assert admin.post("/console/logout", data=form, headers=FROM).headers["Location"] == "/console/login"
    admin.set_cookie("__Host-deskhand", cookie.value, secure=True)
    assert admin.get("/console/").status_code == 303
    log_in(admin)
    assert admin.get("/console/").status_code == 200
    deps.user = None
    assert admin.get("/console/").status_code == 303


def test_a_forged_cookie_is_no_session(client: FlaskClient) -> None:
    client.set_cookie("__Host-deskhand", "eyJpZCI6IjEifQ.AAAA", secure=True)
    assert client.get("/console/").status_code == 303


@pytest.mark.parametrize("path", [*PAGES, "/console/login", "/console/static/console.css"])
def test_every_answer_carries_the_guards(admin: FlaskClient, path: str) -> None:
    headers = admin.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("public, max-age=300" if "static" in path else "no-store")


def test_an_action_reaches_the_deliveries_and_keeps_the_filter(admin: FlaskClient, deps: FakeConsole) -> None:
    form = {"csrf_token": token(admin.get("/console/deliveries")), "id": ["out-34", "out-35"], "q": "48166"}
    places = [admin.post(action, data=form, headers=FROM).headers["Location"] for action in ACTIONS[:3]]
    assert deps.done == [(action, ["out-34", "out-35"]) for action in ("replay", "drop", "park")]
    assert deps.by == USER.name
    assert places[1] == "/console/deliveries?did=drop&n=2&of=2&q=48166"
    assert "2 dropped." in admin.get(places[1]).text


def test_what_was_not_moved_is_told(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.stuck = 1
    form = {"csrf_token": token(admin.get("/console/deliveries")), "id": ["out-34", "out-35"]}
    place = admin.post(ACTIONS[0], data=form, headers=FROM).headers["Location"]
    said = admin.get(place).text
    assert "1 of 2 on the way again." in said
    assert "overtaken by a newer change" in said


def test_an_action_from_a_rows_page_leads_back_to_it(admin: FlaskClient) -> None:
    form = {"csrf_token": token(admin.get("/console/deliveries/out-34")), "id": "out-34", "back": "out-34"}
    place = admin.post(ACTIONS[0], data=form, headers=FROM).headers["Location"]
    assert place == "/console/deliveries/out-34?did=replay&n=1&of=1"
    assert "1 on the way again." in admin.get(place).text
    assert admin.post(ACTIONS[0], data=form | {"back": "//evil.example"}, headers=FROM).status_code == 404


def test_what_matches_is_moved_as_it_was_when_it_was_shown(admin: FlaskClient, deps: FakeConsole) -> None:
    page = admin.get("/console/deliveries/confirm?do=replay&state=parked&reason=422&age=older")
    assert "Replay 2 deliveries?" in page.text
    assert "is not done again" in page.text
    asked = Search(state="parked", reason="422", age="older")
    assert deps.asked == [asked]
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text.partition("<main")[2]))
    assert "id" not in sent
    deps.now = NOW + timedelta(minutes=5)
    answer = admin.post("/console/deliveries/replay", data=sent, headers=FROM)
    assert answer.status_code == 303
    assert (deps.asked[-1], deps.seen_at) == (asked, NOW)
    assert deps.done == [("replay", ["out-34", "out-35"])]


def test_selected_rows_are_confirmed_by_name(admin: FlaskClient, deps: FakeConsole) -> None:
    page = admin.get("/console/deliveries/confirm?do=drop&id=out-34")
    assert "Drop 1 delivery?" in page.text
    assert 'name="id" value="out-34"' in page.text
    assert "seen_at" not in page.text
    assert "You selected no row." in admin.get("/console/deliveries/confirm?do=drop").text
    assert admin.get("/console/deliveries/confirm?do=sneeze").status_code == 400


@pytest.mark.parametrize("seen_at", ["", "yesterday", "2026-11-17T13:24:06"])
def test_nothing_is_moved_without_rows_a_filter_or_a_moment(
    admin: FlaskClient, deps: FakeConsole, seen_at: str
) -> None:
    form = {"csrf_token": token(admin.get("/console/deliveries")), "seen_at": seen_at}
    assert admin.post(ACTIONS[0], data=form, headers=FROM).status_code == 400
    assert admin.post(ACTIONS[0], data=form | {"state": "parked"}, headers=FROM).status_code == 400
    whole = {"csrf_token": form["csrf_token"], "seen_at": NOW.isoformat()}
    assert admin.post(ACTIONS[0], data=whole, headers=FROM).status_code == 400
    assert deps.done == []


def test_the_filter_is_in_the_address(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.page = replace(deps.page, matching=37, older="1763385846000000.in-6")
    text = admin.get("/console/deliveries?q=%2348166&kind=update_ticket&direction=out&tenant=globex").text
    assert deps.asked[-1] == Search(q="48166", kind="update_ticket", direction="out", tenant="globex")
    address = "q=48166&amp;direction=out&amp;kind=update_ticket&amp;tenant=globex"
    assert f'data-live-url="/console/deliveries/live?{address}"' in text
    assert f'href="/console/deliveries/confirm?do=replay&amp;{address}">Replay the 37 that match<' in text
    assert f'href="/console/deliveries?before=1763385846000000.in-6&amp;{address}#latest">Older<' in text
    older = admin.get("/console/deliveries?before=1763385846000000.in-6").text
    assert deps.befores[-1] == "1763385846000000.in-6"
    assert "data-live-url" not in older
    assert "Back to the latest" in older


def test_each_count_by_age_leads_to_its_rows(admin: FlaskClient) -> None:
    text = admin.get("/console/deliveries").text
    assert (
        'href="/console/deliveries?age=older&amp;direction=out&amp;state=parked&amp;kind=update_ticket#latest">2<'
        in text
    )


def test_a_row_has_a_page_with_its_history_and_without_peoples_words(admin: FlaskClient) -> None:
    text = admin.get("/console/deliveries/out-34").text
    for said in ("Try failed (503)", "Taken over", "Parked (422)", "text, 77 characters", "What caused it"):
        assert said in text
    assert "Nadja" not in text
    assert 'href="https://fieldline.example/agent/tickets/48166"' in text
    assert "Nadja wrote this." in admin.get("/console/deliveries/out-34?texts=1").text
    for name in ("out-35", "nonsense"):
        assert admin.get(f"/console/deliveries/{name}").status_code == 404


def test_a_dry_run_is_asked_for_and_then_read(admin: FlaskClient, deps: FakeConsole) -> None:
    form = {"csrf_token": token(admin.get("/console/deliveries/out-34"))}
    answer = admin.post("/console/deliveries/out-34/dry-run", data=form, headers=FROM)
    assert answer.headers["Location"] == "/console/deliveries/out-34/dry-run/7"
    text = admin.get("/console/deliveries/out-34/dry-run/7").text
    for said in ("The ticket would be changed.", "integration_problem", "Stays: a person changed it since"):
        assert said in text
    deps.plan = None
    assert "No worker answered within" in admin.get("/console/deliveries/out-34/dry-run/7").text


def test_the_navigation_lists_only_pages_that_exist(admin: FlaskClient) -> None:
    marks = Marks()
    marks.feed(admin.get("/console/").text)
    links = {attrs["href"] for tag, attrs in marks.found if tag == "a" and not str(attrs.get("href")).startswith("#")}
    names = ("triage", "sla", "knowledge", "deliveries", "connect")
    assert links == {"/console/", *(f"/console/{name}" for name in names)}


def test_empty_pages_say_what_will_be_there(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.page = replace(deps.page, parked=(), latest=(), held=())
    deps.first = replace(deps.first, todo=(), events_today=())
    assert "Nothing waits and nothing is parked." in admin.get("/console/deliveries").text
    assert "Nothing is older." in admin.get("/console/deliveries?before=1.in-1").text
    assert "Nothing is parked." in admin.get("/console/deliveries").text
    assert "No event yet." in admin.get("/console/deliveries").text
    assert "Nothing matches “5”" in admin.get("/console/deliveries?q=5").text
    assert "Nothing needs you." in admin.get("/console/").text


@pytest.mark.parametrize("payload", XSS)
def test_no_text_becomes_markup(admin: FlaskClient, deps: FakeConsole, payload: str) -> None:
    parked = replace(PARKED[0], effect=payload, ticket_ref=payload, reason=payload, advice=payload, id=payload)
    latest = replace(deps.page.latest[0], what=payload, ticket_ref=payload, key=payload, word=payload, detail=payload)
    held = replace(deps.page.held[0], what=payload, desk=payload, word=payload)
    deps.page = replace(deps.page, parked=(parked,), latest=(latest,), kinds=((payload, payload),), held=(held,))
    told = Told(at=NOW, mark="ko", title=payload, detail=payload)
    leaf = Leaf(path=payload, value=payload)
    deps.one = replace(
        deps.one, desk=payload, reason=payload, facts=((payload, payload),), history=(told,), payload=(leaf,)
    )
    field = FieldChange(field=payload, before=payload, after=payload)
    deps.plan = replace(preview(), summary=payload, changes=(field,), stays=(field,), note=payload, reasons=(payload,))
    part = replace(deps.first.parts[0], name=payload, detail=payload, word=payload, figure=payload)
    todo = replace(deps.first.todo[0], fact=payload, text=payload, action=payload)
    deps.first = replace(deps.first, parts=(part,), todo=(todo,), summary=payload)
    assert deps.user
    deps.user = replace(deps.user, name=payload)
    for path in (*PAGES, "/console/deliveries?q=" + payload.replace("#", "")):
        text = admin.get(path).text
        marks = Marks()
        marks.feed(text)
        assert "49" not in re.sub(r'csrf_token" value="\w+"|[\d.,]{6,}', "", text) or "7*7" not in payload
        for tag, attrs in marks.found:
            assert tag not in ("img", "iframe", "style")
            assert tag != "script" or "src" in attrs
            assert not [name for name in attrs if name.startswith("on") or name == "style"]


def test_the_chart_needs_a_full_hour_and_names_its_finding() -> None:
    assert events((), ()) is None
    chart = events((5, 9), ())
    assert chart
    assert chart.finding == "Events per hour today: 9 in the last full hour, 14 in all"
    inside = events((5, 9), ((4, 6), (8, 10)))
    assert inside
    assert inside.finding.endswith("inside the usual band in every full hour")
    assert events((0,), ()) is not None
    assert spark((1,)) is None
    assert spark((3, 3)) == ("2.0,11.0 94.0,11.0", "94.0", "11.0")


def test_spans_have_at_most_two_units() -> None:
    seconds = (0.002, 0.8, 2, 40, 720, 11400, 7200, 200000)
    expected = ["2 ms", "0.8 s", "2 s", "40 s", "12 min", "3 h 10 min", "2 h", "2 days"]
    assert [span(timedelta(seconds=s)).replace("\N{NO-BREAK SPACE}", " ") for s in seconds] == expected


def test_a_payload_keeps_its_shape_and_hides_peoples_words() -> None:
    payload = {
        "ticket_ref": "48166",
        "note": "Nadja wrote",
        "was": {"category": None},
        "tags": ["vip", "nadja@nordlicht.example"],
        "people": [{"name": "Nadja", "phone": 491511234567}],
        "api_key": "abc",
        "public": False,
    }
    shown = {each.path: each.value for each in leaves(payload)}
    assert shown == {
        "ticket_ref": "48166",
        "note": "text, 11 characters",
        "was.category": "empty",
        "tags": "2 texts",
        "people[1].name": "text, 5 characters",
        "people[1].phone": "number",
        "api_key": "secret, never shown",
        "public": "no",
    }
    whole = {each.path: each.value for each in leaves(payload, texts=True)}
    assert (whole["note"], whole["people[1].phone"]) == ("Nadja wrote", "491511234567")
    assert whole["api_key"] == "secret, never shown"


def test_a_huge_payload_says_how_much_is_left_out() -> None:
    shown = leaves({str(number): "x" for number in range(1000)})
    assert len(shown) == 300
    assert shown[-1].value == "701 more"
