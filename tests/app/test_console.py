"""The console over the real store: who gets in, what the pages count, what the buttons move."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.console import ATTEMPTS_KEPT, ConsoleService
from app.passwords import hash_password
from app.settings import Settings
from connectors.store import Store
from connectors.store.filters import Filter
from connectors.store.inbox import WEBHOOK
from connectors.store.leases import MAX_CRASHES
from jobs.outcomes import MOST_BUGS, Park, after_failure
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_line import claim, plan_effect, receive, start, start_effect
from triage.decisions import Decision, Outcome
from triage.dry_run import Preview, Verdict
from triage.tickets import Channel, Status, Ticket

EVA, PASSWORD = "eva@fieldline.example", "a good long password"
FROM = {"Origin": "http://127.0.0.1:8710"}
PAGES = ("/console/", "/console/deliveries", "/console/deliveries/live")
ACTIONS = ("/console/deliveries/replay", "/console/deliveries/drop", "/console/deliveries/park")
NBSP = "\N{NO-BREAK SPACE}"
HASH = hash_password(PASSWORD)


@pytest.fixture
def deps(store: Store, clock: ToldClock, tmp_path: Path) -> Deps:
    store.users.save(email=EVA, name="Eva Berg", password_hash=HASH, now=clock())
    return Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)


@pytest.fixture
def client(deps: Deps) -> FlaskClient:
    return create_app(deps.settings, deps).test_client()


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    assert log_in(client).status_code == 303
    return client


def token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', answer.text)
    assert found
    return found[1]


def log_in(client: FlaskClient, password: str = PASSWORD, email: str = EVA, ip: str = "192.0.2.1") -> TestResponse:
    """Fill in the form, in a browser nobody is logged in to."""
    client.delete_cookie("deskhand")
    form = {"email": email, "password": password, "csrf_token": token(client.get("/console/login"))}
    return client.post("/console/login", data=form, headers=FROM, environ_overrides={"REMOTE_ADDR": ip})


def press(client: FlaskClient, action: str, *names: str, **more: str) -> TestResponse:
    """Send the form as the page's button does, and look at the page it leads to."""
    form = {"csrf_token": token(client.get("/console/deliveries")), "id": list(names), **more}
    answer = client.post(f"/console/deliveries/{action}", data=form, headers=FROM)
    assert answer.status_code == 303
    return client.get(answer.headers["Location"])


def row(answer: TestResponse | str, name: str) -> list[str]:
    """The cells of the table row whose head is `name`, as text."""
    text = answer if isinstance(answer, str) else answer.text
    for found in re.findall(r"<tr>(<th scope=\"row\".*?)</tr>", text, re.DOTALL):
        cells = [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", found, re.DOTALL)
        ]
        if cells[0].startswith(name):
            return cells
    raise AssertionError(f"no row {name!r}")


def parked(page: TestResponse) -> str:
    """The page from the parked rows on: the table before it may have rows of the same name."""
    return page.text.partition('data-live="parked"')[2]


def confirm(client: FlaskClient, **asked: str) -> TestResponse:
    """Open the question and answer it with yes."""
    return send(client, client.get("/console/deliveries/confirm", query_string=asked))


def send(client: FlaskClient, question: TestResponse) -> TestResponse:
    form = question.text.partition('class="acts"')[2]
    place = re.search(r'action="([^"]+)"', form)
    assert place
    fields = MultiDict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = client.post(place[1], data=fields, headers=FROM)
    assert answer.status_code == 303
    return client.get(answer.headers["Location"])


def latest(answer: TestResponse) -> str:
    """The part of the page under "Latest"."""
    return answer.text.partition('data-live="latest"')[2]


def park_effect(store: Store, clock: ToldClock, reason: str = "422: the group does not exist.", ref: str = "1") -> None:
    plan_effect(store, "acme", clock, ref=ref, cause=f"triage of {ref}")
    store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason=reason)


def decide(
    store: Store, clock: ToldClock, ref: str, outcome: Outcome, subject: str = "Hello", *, shadow: bool = False
) -> None:
    ticket = Ticket(
        ref=ref,
        subject=subject,
        description="",
        status=Status.NEW,
        priority=None,
        channel=Channel.EMAIL,
        tags=(),
        requester_id=None,
        organization_id=None,
        group_id=None,
        assignee_id=None,
        created_at=clock(),
        updated_at=clock(),
        version="1",
    )
    made = Decision(
        outcome=outcome,
        category="api_error" if outcome is Outcome.TRIAGED else None,
        product_area=None,
        priority=None,
        group=None,
        confidence=0.5,
        floor=0.9,
        reasons=(),
        actions=(),
        prediction=None,
        taxonomy_version="1",
    )
    with store.database.write() as transaction:
        store.decisions.record_in(transaction, "acme", ticket, made, inbox_id=None, now=clock(), shadow=shadow)


def state(store: Store, name: str) -> str:
    return str(store.deliveries.show(name)["state"])


def test_a_stored_user_logs_in_whatever_the_case_of_the_address(client: FlaskClient) -> None:
    answer = log_in(client, email="  EVA@Fieldline.Example ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")
    assert "Eva Berg" in client.get("/console/").text


@pytest.mark.parametrize(("email", "password"), [(EVA, "wrong"), (EVA, ""), ("nobody@fieldline.example", PASSWORD)])
def test_anybody_else_does_not(client: FlaskClient, email: str, password: str) -> None:
    assert log_in(client, password, email).status_code == 401
    assert client.get("/console/").status_code == 303


def test_every_page_needs_a_log_in(client: FlaskClient, tenant: str) -> None:
    assert [client.get(page).status_code for page in PAGES] == [303, 303, 401]
    assert [client.post(action, headers=FROM).status_code for action in (*ACTIONS, "/console/logout")] == [401] * 4
    for page in PAGES:
        assert "Acme" not in client.get(page).text


def test_every_route_but_the_log_in_is_behind_it(client: FlaskClient) -> None:
    """A page added later is found here."""
    for rule in client.application.url_map.iter_rules():
        if not rule.rule.startswith("/console/") or rule.endpoint in (
            "console.login",
            "console.log_in",
            "console.static",
        ):
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            assert client.open(path, method=method, headers=FROM).status_code in (
                303,
                401,
            ), rule.rule


def test_a_wrong_password_is_slowed_down_after_three_tries(client: FlaskClient, clock: ToldClock) -> None:
    assert [log_in(client, "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    held = log_in(client)
    assert (held.status_code, held.headers["Retry-After"]) == (429, "1")
    clock.forward(seconds=1)
    assert log_in(client, "wrong").status_code == 401
    assert log_in(client).headers["Retry-After"] == "2"
    clock.forward(seconds=2)
    assert log_in(client).status_code == 303
    assert log_in(client, "wrong").status_code == 401


def test_one_users_failures_do_not_hold_another_place_or_person(
    client: FlaskClient, store: Store, clock: ToldClock
) -> None:
    store.users.save(email="mei@fieldline.example", name="Mei", password_hash=HASH, now=clock())
    for _ in range(4):
        log_in(client, "wrong")
    assert log_in(client).status_code == 429
    assert log_in(client, ip="198.51.100.7").status_code == 303
    assert log_in(client, email="mei@fieldline.example").status_code == 303


def test_an_address_that_tries_many_users_is_locked(client: FlaskClient, deps: Deps) -> None:
    service = ConsoleService(deps)
    for number in range(30):
        service.record_attempt(f"user-{number}@fieldline.example", "192.0.2.1", False)
    assert log_in(client, "wrong").status_code == 401  # Eva's first try here is looked at
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert log_in(client, ip="198.51.100.7").status_code == 303


def test_attempts_are_forgotten_after_an_hour(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    for _ in range(4):
        log_in(client, "wrong")
    service = ConsoleService(deps)
    assert service.login_attempts(EVA, "192.0.2.1").failures == 3
    clock.forward(seconds=ATTEMPTS_KEPT.total_seconds() + 1)
    assert service.login_attempts(EVA, "192.0.2.1").failures == 0
    assert log_in(client).status_code == 303


def test_logging_out_ends_every_session_of_the_user(admin: FlaskClient, deps: Deps) -> None:
    elsewhere = create_app(deps.settings, deps).test_client()
    log_in(elsewhere)
    assert elsewhere.get("/console/").status_code == 200
    form = {"csrf_token": token(admin.get("/console/"))}
    assert admin.post("/console/logout", data=form, headers=FROM).headers["Location"] == "/console/login"
    assert admin.get("/console/").status_code == elsewhere.get("/console/").status_code == 303
    assert log_in(admin).status_code == 303
    assert admin.get("/console/").status_code == 200
    assert elsewhere.get("/console/").status_code == 303


def test_a_session_ends_after_twelve_hours(admin: FlaskClient, clock: ToldClock) -> None:
    clock.forward(hours=11, minutes=59)
    assert admin.get("/console/").status_code == 200
    clock.forward(minutes=1)
    assert admin.get("/console/").status_code == 303


def test_before_a_helpdesk_is_connected_the_pages_say_so(admin: FlaskClient) -> None:
    overview = admin.get("/console/")
    assert "No helpdesk connected yet" in overview.text
    assert "1 thing needs you" in overview.text
    assert "No helpdesk is connected." in overview.text
    assert row(overview, "Connection")[1] == "Not connected"
    assert row(overview, "Receiving events")[1] == "Not known"
    assert row(overview, "Writing to the helpdesk")[1] == "Not known"
    assert row(overview, "Triage")[1] == "Not known"
    assert "No event yet." in admin.get("/console/deliveries").text


def test_the_pages_name_the_connected_helpdesks(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    assert "Acme, on Zendesk" in admin.get("/console/").text
    store.tenants.add(new_tenant("globex"), webhook_token="other-path", now=clock())
    assert "Acme, Globex, on Zendesk" in admin.get("/console/").text


def test_the_overview_counts_what_came_and_what_was_done(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    for ref in ("1", "2", "3"):
        receive(store, tenant, clock, ref)
    for each in claim(store, clock):
        store.inbox.finish(start(store, clock, each), "done", now=clock())
    for ref, outcome in (("1", Outcome.TRIAGED), ("2", Outcome.TRIAGED), ("3", Outcome.SENT_TO_HUMAN)):
        decide(store, clock, ref, outcome)
        plan_effect(store, tenant, clock, ref=ref)
        [claimed] = store.outbox.claim(now=clock(), lease=timedelta(seconds=30), limit=1)
        effect = store.outbox.start(claimed, now=clock(), owner="worker", lease=timedelta(seconds=30))
        assert effect is not None
        store.outbox.done(effect, now=clock(), status=200, evidence="audit 7")
    clock.forward(seconds=40)
    overview = admin.get("/console/")
    assert row(overview, "Receiving events")[0] == "Receiving events Last one 40 s ago"
    assert row(overview, "Receiving events")[1:3] == ["Works", "3 today"]
    assert row(overview, "Writing to the helpdesk")[1:3] == ["Works", "3 today"]
    assert row(overview, "Triage")[0] == "Triage 1 of 3 sent to a human"
    assert row(overview, "Triage")[1:3] == ["Works", "2 triaged"]
    assert "No event was lost, no event is waiting." in overview.text


def test_yesterdays_events_are_not_todays(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock)
    store.inbox.finish(start(store, clock, claim(store, clock)[0]), "done", now=clock())
    clock.forward(hours=10, minutes=15)  # past midnight, UTC
    overview = admin.get("/console/")
    assert row(overview, "Receiving events") == ["Receiving events Last one 10 h ago", "Works", "0 today", "From day 2"]
    deliveries = admin.get("/console/deliveries")
    assert row(deliveries, "Inbox: received")[1] == "0"
    assert re.search(r"<dt>Accepted</dt><dd>1 event</dd>", deliveries.text)


def test_an_event_that_waits_too_long_needs_somebody(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock)
    clock.forward(minutes=2)
    assert row(admin.get("/console/"), "Receiving events")[1] == "Works"
    clock.forward(seconds=1)
    part = row(admin.get("/console/"), "Receiving events")
    assert "is a worker running?" in part[0]
    assert part[1] == "Needs you"
    assert row(admin.get("/console/deliveries"), "Planned")[1:] == ["0", "1", "2 min", "Wait"]


def test_an_effect_that_waits_for_the_helpdesk_is_told(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    plan_effect(store, tenant, clock)
    clock.forward(minutes=3)
    part = row(admin.get("/console/"), "Writing to the helpdesk")
    assert "1 wait for the helpdesk" in part[0]
    assert part[1] == "Wait"


def test_an_effect_being_verified_has_its_own_stage(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    plan_effect(store, tenant, clock)
    store.outbox.retry(start_effect(store, clock), at=clock(), unknown=True, status=None, error="No answer.")
    page = admin.get("/console/deliveries")
    assert row(page, "Being verified")[2] == "1"
    assert row(page, "Outbox: sent")[2] == "0"
    assert "No answer." in latest(page)


def test_deliveries_measures_the_line(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "48166")
    with store.database.write() as transaction:
        store.outbox.add_in(
            transaction,
            tenant=tenant,
            kind="update_ticket",
            ticket_ref="48166",
            cause="triage",
            payload={},
            summary="Category, group, note",
            inbox_id=1,
            now=clock(),
        )
    store.inbox.finish(start(store, clock, claim(store, clock)[0]), "done", now=clock())
    store.outbox.done(start_effect(store, clock), now=clock.forward(seconds=1.5), status=200, evidence="audit 7")
    page = admin.get("/console/deliveries")
    assert [row(page, name)[1:3] for name in ("Inbox: received", "Planned", "Outbox: sent", "Parked")] == [
        ["1", "0"],
        ["1", "0"],
        ["1", "0"],
        ["0", "0"],
    ]
    assert f"1.5{NBSP}s median" in page.text
    assert "<dt>Lost</dt><dd><b>0</b></dd>" in page.text
    assert "Ticket created" in latest(page)
    assert "Planned" in latest(page)
    assert "Category, group, note" in latest(page)
    assert admin.get("/console/deliveries/live").status_code == 200


def test_a_lost_event_is_counted_not_hidden(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    for ref in ("1", "2"):
        decide(store, clock, ref, Outcome.TRIAGED)
    assert "2 events were lost" in admin.get("/console/").text
    assert "<dt>Lost</dt><dd><b>2</b></dd>" in admin.get("/console/deliveries").text


def test_a_parked_effect_is_shown_with_its_reason(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock, ref="48166")
    clock.forward(minutes=5)
    overview = admin.get("/console/")
    assert "1 delivery is parked." in overview.text
    assert "1 thing needs you" in overview.text
    assert row(overview, "Writing to the helpdesk")[1] == "Needs you"
    assert "1 parked, oldest 5 min" in row(overview, "Writing to the helpdesk")[0]
    page = admin.get("/console/deliveries")
    assert row(parked(page), "Note")[1:5] == [
        "#48166",
        "422: the group does not exist. Mend the cause in the helpdesk, then replay.",
        "1",
        "13:46",
    ]
    assert row(page, "Parked")[4] == "Needs you"


def test_an_unreadable_event_is_shown_with_what_to_type(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    store.inbox.set_aside(
        tenant, WEBHOOK, "hash", state="parked", reason="not JSON", now=clock(), raw=b"{ticket", headers={}
    )
    page = admin.get("/console/deliveries")
    said = "not JSON It cannot be replayed. See deskhand deliveries show in-1 , then drop it."
    assert row(parked(page), "Unreadable delivery")[2] == said
    assert "0 of 1 on the way again." in press(admin, "replay", "in-1").text
    assert "1 dropped." in press(admin, "drop", "in-1").text
    assert state(store, "in-1") == "ignored"


def test_replay_puts_a_parked_row_back_to_work_under_its_key(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock)
    before = store.deliveries.show("out-1")
    clock.forward(minutes=5)
    assert "1 on the way again." in press(admin, "replay", "out-1").text
    after = store.deliveries.show("out-1")
    assert (after["state"], after["tries"], after["next_at"], after["done_at"]) == ("unknown", 0, clock(), None)
    assert after["key"] == before["key"]
    assert "0 of 1 on the way again." in press(admin, "replay", "out-1").text


def test_drop_ends_a_parked_row_and_keeps_its_record(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock)
    page = press(admin, "drop", "out-1")
    assert "1 dropped." in page.text
    assert "Nothing is parked." in page.text
    assert "Ignored on purpose" in latest(page)
    assert state(store, "out-1") == "ignored"


def test_replay_all_takes_both_directions(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    park_effect(store, clock, ref="1")
    park_effect(store, clock, ref="2")
    receive(store, tenant, clock, "3")
    store.replays.park(["in-1"], now=clock())
    page = admin.get("/console/deliveries")
    assert "Replay all 3" in page.text
    assert 'href="/console/deliveries/confirm?do=replay&amp;state=parked"' in page.text
    assert "3 on the way again." in confirm(admin, do="replay", state="parked").text
    assert [state(store, name) for name in ("in-1", "out-1", "out-2")] == ["new", "unknown", "unknown"]
    assert "can be moved any more" in admin.get("/console/deliveries/confirm?do=replay&state=parked").text


def test_only_what_matches_is_replayed_and_nothing_that_came_since(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock, "422: the field is gone.", "1")
    park_effect(store, clock, "403: no right.", "2")
    asked = admin.get("/console/deliveries/confirm?do=replay&reason=field")
    assert "Replay 1 delivery?" in asked.text
    clock.forward(seconds=1)
    park_effect(store, clock, "422: the field is gone.", "3")
    done = send(admin, asked)
    assert "1 on the way again." in done.text
    assert [state(store, f"out-{number}") for number in (1, 2, 3)] == ["unknown", "parked", "parked"]
    assert [each.by for each in store.history.of("out-1")] == [None, "Eva Berg"]


def test_a_row_has_a_page_that_leads_from_the_event_to_its_effects_and_back(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock, "48166")
    plan_effect(store, tenant, clock, ref="48166", inbox_id=1)
    effect = start_effect(store, clock)
    store.outbox.retry(effect, at=clock(), unknown=True, status=None, error="The helpdesk did not answer.")
    clock.forward(seconds=5)
    store.outbox.park(start_effect(store, clock), now=clock(), status=422, reason="422: the group does not exist.")
    event = admin.get("/console/deliveries/in-1").text
    assert 'href="/console/deliveries/out-1"' in event
    page = admin.get("/console/deliveries/out-1").text
    assert 'href="/console/deliveries/in-1"' in page
    assert 'href="https://acme.zendesk.example/agent/tickets/48166"' in page
    titles = re.findall(r"<h3>([^<]+)</h3>", page)
    assert titles == ["Planned", "No answer: outcome not known", "Parked (422)"]
    assert "text, 5 characters" in page
    assert "hello" not in page
    assert "hello" in admin.get("/console/deliveries/out-1?texts=1").text
    assert admin.get("/console/deliveries/out-9").status_code == 404


def test_a_row_that_killed_its_process_is_called_harmful(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock)
    for _ in range(MAX_CRASHES):
        start(store, clock, claim(store, clock)[0])
        clock.forward(minutes=1)
    claim(store, clock)
    page = admin.get("/console/deliveries")
    assert "Harmful" in row(parked(page), "Ticket created")[2]
    one = admin.get("/console/deliveries/in-1").text
    assert one.count("<h3>Taken over</h3>") == MAX_CRASHES
    assert "Do not replay it yet." in one


def test_a_row_that_our_code_failed_on_is_called_harmful(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    step = after_failure(KeyError("x"), tries=MOST_BUGS, since=clock(), now=clock(), jitter_0_1=0.5)
    assert isinstance(step, Park)
    park_effect(store, clock, step.reason)
    assert "Harmful" in row(parked(admin.get("/console/deliveries")), "Note")[2]
    assert "Our own code failed on it." in admin.get("/console/deliveries/out-1").text


def test_waiting_rows_are_counted_by_age(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    receive(store, tenant, clock, "1")
    clock.forward(minutes=5)
    receive(store, tenant, clock, "2")
    clock.forward(minutes=57)
    receive(store, tenant, clock, "3")
    page = admin.get("/console/deliveries")
    assert row(page, "Ticket created") == ["Ticket created", "In", "Waiting", "1", "", "1", "1", "3"]
    assert "#1<" in latest(admin.get("/console/deliveries?age=older"))
    assert "#2<" not in latest(admin.get("/console/deliveries?age=older"))


def test_the_list_goes_on_with_what_is_older(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(60):
        receive(store, tenant, clock, str(number))  # all at one moment: the name decides
    first = admin.get("/console/deliveries")
    place = re.search(r'href="(/console/deliveries\?before=[^"]+)#latest"', first.text)
    assert place
    second = admin.get(place[1].replace("&amp;", "&"))
    names = [re.findall(r'aria-label="in-(\d+),', latest(page)) for page in (first, second)]
    assert [int(name) for name in names[0] + names[1]] == list(range(60, 0, -1))
    assert ">Older</a>" not in second.text
    assert admin.get("/console/deliveries?before=rubbish").status_code == 400


def test_a_dry_run_waits_for_the_worker_and_shows_its_plan(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock, ref="48166")
    form = {"csrf_token": token(admin.get("/console/deliveries/out-1"))}
    place = admin.post("/console/deliveries/out-1/dry-run", data=form, headers=FROM).headers["Location"]
    [asked] = store.dry_runs.waiting(tenant)
    assert (asked.delivery, asked.asked_by) == ("out-1", "Eva Berg")
    assert store.deliveries.newest(Filter(direction="in"))[0].what == "Dry run"
    plan = Preview(verdict=Verdict.NOTHING, summary="Its marker is on the ticket: nothing would be written.")
    store.dry_runs.answer(asked.id, plan.to_json(), now=clock())
    assert "Its marker is on the ticket" in admin.get(place).text
    assert admin.get(place.replace("out-1", "out-2")).status_code == 404


def test_without_a_worker_the_dry_run_says_so(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    park_effect(store, clock)
    number = store.dry_runs.ask("out-1", by="Eva Berg", now=clock())
    clock.forward(seconds=31)
    assert "No worker answered within" in admin.get(f"/console/deliveries/out-1/dry-run/{number}").text


def test_the_filter_stays_after_a_button(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    park_effect(store, clock, ref="48166")
    park_effect(store, clock, ref="48171")
    page = press(admin, "replay", "out-1", q="48166")
    assert "#48166" in latest(page)
    assert "#48171" not in latest(page)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("wrong", ["token", "origin"])
def test_a_button_pressed_from_elsewhere_moves_nothing(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock, action: str, wrong: str
) -> None:
    park_effect(store, clock)
    form = {"csrf_token": token(admin.get("/console/deliveries")), "id": "out-1"}
    headers = dict(FROM)
    if wrong == "token":
        form["csrf_token"] = "0" * 64
    else:
        headers["Origin"] = "https://evil.example"
    assert admin.post(action, data=form, headers=headers).status_code == 403
    assert admin.get(action).status_code == 404
    assert state(store, "out-1") == "parked"


def test_the_token_of_another_session_moves_nothing(
    admin: FlaskClient, deps: Deps, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock)
    other = create_app(deps.settings, deps).test_client()
    log_in(other)
    form = {"csrf_token": token(other.get("/console/deliveries")), "id": "out-1"}
    assert admin.post(ACTIONS[0], data=form, headers=FROM).status_code == 403
    assert state(store, "out-1") == "parked"


def test_deliveries_are_found_by_ticket_key_and_subject(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock, "48166", "01KA7MQ4")
    receive(store, tenant, clock, "48171", "01KB0000")
    decide(store, clock, "48171", Outcome.SKIPPED, subject="Invoice for October")
    for query in ("48166", "%2348166", "01KA"):
        found = latest(admin.get(f"/console/deliveries?q={query}"))
        assert "#48166" in found
        assert "#48171" not in found
    found = latest(admin.get("/console/deliveries?q=invoice"))
    assert "#48171" in found
    assert "#48166" not in found
    assert "Nothing matches “4816”" in admin.get("/console/deliveries?q=4816").text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"direction": "in"}, {"48166"}),
        ({"direction": "out"}, {"48171", "48172"}),
        ({"state": "waiting"}, {"48166", "48171"}),
        ({"state": "parked"}, {"48172"}),
        ({"kind": "ticket_created"}, {"48166"}),
        ({"kind": "no such kind"}, set()),
        ({"tenant": "globex"}, set()),
        ({"reason": "GROUP"}, {"48172"}),
    ],
)
def test_deliveries_are_narrowed(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock, asked: dict[str, str], shown: set[str]
) -> None:
    park_effect(store, clock, ref="48172")
    receive(store, tenant, clock, "48166")
    plan_effect(store, tenant, clock, ref="48171")
    page = admin.get("/console/deliveries", query_string=asked)
    assert set(re.findall(r">#(\d+)</a>", latest(page))) == shown


def test_a_customers_words_stay_words(admin: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    park_effect(store, clock, reason="<script>alert(1)</script>")
    page = admin.get("/console/deliveries")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_a_new_password_ends_the_sessions_of_the_old_one(admin: FlaskClient, store: Store, clock: ToldClock) -> None:
    assert admin.get("/console/deliveries").status_code == 200
    store.users.save(email=EVA, name="Eva", password_hash=hash_password("another long one"), now=clock())
    assert admin.get("/console/deliveries").status_code in (302, 303)


def test_an_unknown_name_is_said_and_moves_nothing(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    park_effect(store, clock)
    form = {"csrf_token": token(admin.get("/console/deliveries")), "id": ["out-1", "out-999"]}
    assert admin.post("/console/deliveries/replay", data=form, headers=FROM).status_code == 404
    assert state(store, "out-1") == "parked"


def test_the_overview_does_not_say_working_when_something_needs_you(
    admin: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    assert "Working." in admin.get("/console/").text
    park_effect(store, clock)
    assert "Working." not in admin.get("/console/").text
