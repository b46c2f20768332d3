"""The Freshdesk client's reads and bulk writes at the socket edge: what is asked, and what each answer becomes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connectors import errors
from connectors.base import Connection, Feature
from connectors.freshdesk import FEATURES, api, client, limits
from connectors.freshdesk.bulk import BulkWrites
from connectors.freshdesk.fields import Fields
from connectors.limits import OPEN, Gate, OpenGate
from connectors.marks import marker_tag
from connectors.registry import vendor
from tests.connectors.freshdesk.desk import BASE, ticket
from triage.actions import UpdateTicket
from triage.articles import Audience
from triage.tickets import Priority, Satisfaction, Status

API = f"{BASE}/api/v2"
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
FIELDS = {"category": "cf_category"}


def connection(**changes: Any) -> Connection:
    settings: dict[str, Any] = {
        "tenant": "acme",
        "vendor": "freshdesk",
        "base_url": BASE,
        "token": "canary-key:X",
        "scheme": "basic",
        "fields": FIELDS,
    }
    return Connection(**(settings | changes))


def connect(gate: Gate = OPEN, **changes: Any) -> Any:
    return vendor("freshdesk").connect(connection(**changes), now=lambda: NOW, gate=gate)


@pytest.fixture
def freshdesk() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


def asked(call: responses.Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(str(call.request.url)).query).items()}


def test_the_vendor_line() -> None:
    found = vendor("freshdesk")
    assert (found.name, found.title, found.features) == ("freshdesk", "Freshdesk", FEATURES)
    assert connect().features == found.features
    assert not {Feature.SIGNED_WEBHOOKS, Feature.SAFE_UPDATE, Feature.IDEMPOTENT_CREATE} & found.features
    assert [ask.secret for sign_in in found.sign_ins for ask in sign_in.asks] == [True]


def test_the_key_travels_as_basic_and_stays_out_of_every_text(
    freshdesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    freshdesk.get(f"{API}/tickets/1042", status=401, json={"code": "invalid_credentials", "message": "no"})
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.AuthFailed) as caught:
        connect().ticket("1042")
    assert freshdesk.calls[0].request.headers["Authorization"] == "Basic Y2FuYXJ5LWtleTpY"
    assert "canary" not in caplog.text + str(caught.value) + repr(connection())
    assert (caught.value.operation, caught.value.status) == ("ticket", 401)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"code": "access_denied", "message": "no"}, errors.Forbidden),
        (404, {}, errors.NotFound),
        (429, {}, errors.RateLimited),
        (500, {}, errors.Unavailable),
        (502, {}, errors.Unavailable),
        (200, {"id": "x"}, errors.Unavailable),
        (200, [], errors.Unavailable),
    ],
)
def test_what_each_answer_to_a_read_means(
    freshdesk: responses.RequestsMock, status: int, body: Any, kind: type[Exception]
) -> None:
    freshdesk.get(f"{API}/tickets/1042", status=status, json=body)
    with pytest.raises(errors.ConnectorError) as caught:
        connect().ticket("1042")
    assert type(caught.value) is kind


def test_the_description_is_the_first_comment(freshdesk: responses.RequestsMock) -> None:
    rows = [
        {"id": ref, "body": f"<p>{ref}</p>", "private": ref % 2 == 0, "user_id": 5, "created_at": stamp}
        for ref, stamp in ((12, "2026-03-02T10:00:00Z"), (11, "2026-03-02T10:00:00Z"), (20, "2026-03-02T09:30:00Z"))
    ]
    freshdesk.get(f"{API}/tickets/1042", json=ticket())
    freshdesk.get(f"{API}/tickets/1042/conversations", json=rows)
    found = connect().comments("1042")
    assert [each.id for each in found] == ["description", "20", "11", "12"]
    assert [each.public for each in found] == [True, False, True, False]
    assert (found[0].author_id, found[0].body) == ("9001", "The nightly export stops.")


def test_a_long_conversation_is_read_to_its_end(freshdesk: responses.RequestsMock) -> None:
    def page(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(str(request.url)).query)
        assert query["per_page"] == ["100"]
        first = (int(query["page"][0]) - 1) * 100
        rows = [{"id": ref, "body": "x", "created_at": "2026-03-02T10:00:00Z"} for ref in range(first + 1, first + 101)]
        # The address of the next page names another host: it must not be followed.
        headers = {"Link": '<https://evil.example/>; rel="next"'}
        return 200, headers, json.dumps(rows if first < 200 else rows[:1])

    freshdesk.get(f"{API}/tickets/1042", json=ticket())
    freshdesk.add_callback("GET", f"{API}/tickets/1042/conversations", callback=stopping(page, 3))
    assert len(connect().comments("1042")) == 1 + 201
    assert {urlsplit(str(call.request.url)).netloc for call in freshdesk.calls} == {"acme.freshdesk.com"}


def stopping(page: Any, last: int) -> Any:
    """Takes the `next` link away from the last page."""
    count = 0

    def answer(request: requests.PreparedRequest) -> Any:
        nonlocal count
        count += 1
        status, headers, body = page(request)
        return status, headers if count < last else {}, body

    return answer


def walk(
    freshdesk: responses.RequestsMock, stamps: Sequence[str], *, cursor: str | None = None, since: datetime = NOW
) -> tuple[list[Any], list[dict[str, str]]]:
    """The pages of a walk over tickets with those stamps, and what was asked; the list answers as Freshdesk's does."""
    rows = [ticket(ref, updated_at=stamp, description=None) for ref, stamp in enumerate(stamps, start=1)]

    def listed(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        if int(query["page"]) > client.LAST_TICKET_PAGE:
            return 400, {}, json.dumps({"description": "page"})
        found = sorted(
            (row for row in rows if row["updated_at"] >= query["updated_since"]), key=lambda row: row["updated_at"]
        )
        start = (int(query["page"]) - 1) * int(query["per_page"])
        more = len(found) > start + int(query["per_page"])
        headers = {"link": f'<{API}/tickets?page=2>; rel="next"'} if more else {}
        return 200, headers, json.dumps(found[start : start + int(query["per_page"])])

    freshdesk.add_callback("GET", f"{API}/tickets", callback=listed)
    pages = list(connect().tickets(cursor=cursor, updated_since=since))
    return pages, [asked(call) for call in freshdesk.calls]


def stamps(count: int, *, begin: datetime = NOW, a_second: int = 1) -> list[str]:
    return [(begin + timedelta(seconds=n // a_second)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(count)]


def test_a_walk_over_changed_tickets(freshdesk: responses.RequestsMock) -> None:
    pages, queries = walk(freshdesk, stamps(250))
    # Each page begins a second before the last one's end, and two seconds' tickets are known by then.
    assert [len(tickets) for tickets, _ in pages] == [100, 98, 52]
    between = ["2026-03-02T09:16:38Z#1", "2026-03-02T09:18:16Z#1"]
    assert [cursor for _, cursor in pages] == [*between, "2026-03-02T09:19:09Z"]
    assert [query["updated_since"] for query in queries[1:]] == [cursor.removesuffix("#1") for cursor in between]
    assert queries[0] == {
        "updated_since": "2026-03-02T09:05:00Z",
        "order_by": "updated_at",
        "order_type": "asc",
        "include": "description",
        "per_page": "100",
        "page": "1",
    }
    assert pages[0][0][0].status is Status.OPEN


def test_a_walk_goes_on_a_little_before_its_cursor(freshdesk: responses.RequestsMock) -> None:
    pages, queries = walk(freshdesk, stamps(3), cursor="2026-03-02T09:30:00Z", since=NOW - timedelta(days=9))
    assert queries[0]["updated_since"] == "2026-03-02T09:20:00Z"
    assert pages == []


def test_a_walk_through_tickets_of_one_second_goes_on_by_page(freshdesk: responses.RequestsMock) -> None:
    pages, queries = walk(freshdesk, stamps(650, a_second=70))
    refs = [each.ref for tickets, _ in pages for each in tickets]
    assert len(refs) == len(set(refs)) == 650
    assert [query["page"] for query in queries[:3]] == ["1", "1", "2"]


def test_a_walk_that_was_cut_short_goes_on_where_it_was(freshdesk: responses.RequestsMock) -> None:
    pages, queries = walk(freshdesk, stamps(250, a_second=70), cursor="2026-03-02T09:15:01Z#2")
    assert (queries[0]["updated_since"], queries[0]["page"]) == ("2026-03-02T09:15:01Z", "2")
    assert pages[-1][1] == "2026-03-02T09:15:03Z"


def test_a_walk_that_was_cut_short_before_its_empty_end_ends_with_a_stamp(freshdesk: responses.RequestsMock) -> None:
    pages, _ = walk(freshdesk, [], cursor="2026-03-02T09:15:01Z#2")
    assert pages == [((), "2026-03-02T09:15:01Z")]


def test_a_walk_that_cannot_get_on_says_so(freshdesk: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LAST_TICKET_PAGE", 2)
    at = (NOW - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(errors.Unavailable, match="one stamp"):
        walk(freshdesk, [at] * 300)


def test_an_unreadable_ticket_holds_nobody_up(
    freshdesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [ticket(1), ticket(2, updated_at="soon", subject="secret text"), "nonsense", ticket(3)]
    freshdesk.get(f"{API}/tickets", json=rows)
    ((tickets, _),) = connect().tickets(cursor=None, updated_since=NOW)
    assert [each.ref for each in tickets] == ["1", "3"]
    assert "ticket 2 of the list cannot be read: updated_at" in caplog.text
    assert "secret text" not in caplog.text


def test_a_cursor_that_is_none_of_ours() -> None:
    with pytest.raises(errors.Rejected, match="cursor"):
        list(connect().tickets(cursor="<x>", updated_since=NOW))


def test_a_requester_may_be_an_agent(freshdesk: responses.RequestsMock) -> None:
    freshdesk.get(f"{API}/contacts/5", json={"id": 5, "name": "Kim", "time_zone": "Chennai", "language": "de"})
    freshdesk.get(f"{API}/contacts/6", status=404)
    freshdesk.get(f"{API}/agents/6", json={"id": 6, "contact": {"name": "Ana", "email": "ana@x.example"}})
    helpdesk = connect()
    assert (helpdesk.requester("5").role, helpdesk.requester("5").time_zone) == ("end_user", "Asia/Kolkata")
    assert (helpdesk.requester("6").role, helpdesk.requester("6").email) == ("agent", "ana@x.example")
    assert helpdesk.agent("6").name == "Ana"


def test_an_organization(freshdesk: responses.RequestsMock) -> None:
    freshdesk.get(f"{API}/companies/8", json={"id": 8, "name": "Nova", "account_tier": "Premium", "domains": None})
    assert connect().organization("8").tier == "Premium"


@pytest.mark.parametrize(
    ("status", "body", "plan", "name"),
    [
        (200, {"account_name": "Acme Inc", "tier_type": "Pro"}, "Pro", "Acme Inc"),
        (403, {"code": "access_denied"}, None, "acme.freshdesk.com"),
        (404, {}, None, "acme.freshdesk.com"),
    ],
)
def test_the_account(freshdesk: responses.RequestsMock, status: int, body: Any, plan: str | None, name: str) -> None:
    headers = {"x-ratelimit-total": "400", "Date": "Mon, 02 Mar 2026 09:15:00 GMT"}
    freshdesk.get(f"{API}/agents/me", json={"id": 48, "contact": {"name": "Deskhand"}}, headers=headers)
    freshdesk.get(f"{API}/roles", json=[])
    freshdesk.get(f"{API}/account", status=status, json=body)
    found = connect().account()
    assert (found.name, found.plan, found.actor.id, found.server_at) == (name, plan, "48", NOW)
    assert found.limits["requests"] == 400
    assert found.limits["tickets_list"] == (100 if plan else 20)


@pytest.mark.parametrize(
    ("role_ids", "status", "role"),
    [([1], 200, "admin"), ([4], 200, "agent"), (None, 200, "agent"), ([1], 403, "agent")],
)
def test_who_is_an_admin_is_in_the_roles(
    freshdesk: responses.RequestsMock, role_ids: list[int] | None, status: int, role: str
) -> None:
    freshdesk.get(f"{API}/agents/me", json={"id": 48, "role_ids": role_ids})
    freshdesk.get(f"{API}/roles", status=status, json=[{"id": 1, "name": "Administrator"}, {"id": 4, "name": "Agent"}])
    freshdesk.get(f"{API}/account", json={})
    assert connect().account().actor.role == role


def test_a_deleted_ticket_is_gone(freshdesk: responses.RequestsMock) -> None:
    ticket = {"id": 7, "status": 2, "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:00:00Z"}
    freshdesk.get(f"{API}/tickets/7", json={**ticket, "deleted": True})
    freshdesk.get(f"{API}/tickets/8", json={**ticket, "id": 8, "spam": True})
    for ref in ("7", "8"):
        with pytest.raises(errors.NotFound, match="deleted or in spam"):
            connect().ticket(ref)


def test_groups_fields_schedules_and_policies(freshdesk: responses.RequestsMock) -> None:
    freshdesk.get(f"{API}/groups", json=[{"id": 2, "name": "Zeta"}, {"id": 1, "name": "alpha"}])
    freshdesk.get(f"{API}/ticket_fields", json=[{"id": 3, "name": "status", "choices": {"2": ["Open", "x"]}}])
    hours = {"monday": {"start_time": "08:00:00 am", "end_time": "05:00:00 pm"}}
    freshdesk.get(f"{API}/business_hours", json=[{"id": 4, "time_zone": "London", "working_hours": hours}])
    freshdesk.get(f"{API}/sla_policies", json=[{"id": 5, "name": "Default", "is_default": True}, {"id": 6}])
    helpdesk = connect()
    assert [each.name for each in helpdesk.groups()] == ["alpha", "Zeta"]
    assert [(each.id, each.choices) for each in helpdesk.ticket_fields()] == [("status", (("2", "Open"),))]
    assert [(each.time_zone, each.intervals) for each in helpdesk.schedules()] == [("Europe/London", ((480, 1020),))]
    assert [(each.id, each.position) for each in helpdesk.sla_policies()] == [("6", 1), ("5", 2)]


def test_a_calendar_that_cannot_be_read_is_not_passed_over(freshdesk: responses.RequestsMock) -> None:
    freshdesk.get(f"{API}/business_hours", json=[{"id": 4, "time_zone": "Atlantis", "business_hours": {}}])
    with pytest.raises(errors.Unavailable, match="could not be read"):
        connect().schedules()


def test_ratings(freshdesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    row = {"id": 1, "ticket_id": 7, "created_at": "2026-03-02T10:00:00Z", "feedback": "private words"}
    rows = [row | {"ratings": {"default_question": score}} for score in (103, 55, -102)]
    freshdesk.get(f"{API}/surveys/satisfaction_ratings", json=rows)
    ((good, bad),) = connect().ratings(since=NOW)
    assert (good.score, bad.score) == (Satisfaction.GOOD, Satisfaction.BAD)
    assert asked(freshdesk.calls[0])["created_since"] == "2026-03-02T09:15:00Z"
    assert "cannot be read" in caplog.text
    assert "private words" not in caplog.text


def article(ref: int, title: str = "How to", language: str | None = None, **changes: Any) -> dict[str, Any]:
    stamps = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"}
    path = [{"level": 0, "type": "category", "data": {"id": 1, "name": "Hilfe", "language": language}}]
    found = {"id": ref, "title": title, "description": "<p>Do</p>", "status": 2, "tags": ["x"], **stamps}
    return found | ({"hierarchy": path} if language else {}) | changes


def help_centre(freshdesk: responses.RequestsMock) -> None:
    solutions = f"{API}/solutions"
    settings = {"primary_language": "en", "supported_languages": ["de", "../x", "en"]}
    freshdesk.get(f"{API}/settings/helpdesk", json=settings)
    freshdesk.get(f"{solutions}/categories", json=[{"id": 1, "name": "Help"}])
    folders = [
        {"id": 10, "name": "Public", "visibility": 1},
        {"id": 11, "name": "Gold", "visibility": 4, "company_ids": [77, 78]},
    ]
    freshdesk.get(f"{solutions}/categories/1/folders", json=folders)
    freshdesk.get(f"{solutions}/folders/10/subfolders", json=[{"id": 12, "name": "Deep", "visibility": 3}])
    freshdesk.get(f"{solutions}/folders/11/subfolders", status=404)
    freshdesk.get(f"{solutions}/folders/12/subfolders", json=[{"id": 10, "name": "A loop", "visibility": 1}])
    freshdesk.get(f"{solutions}/folders/10/articles", json=[article(100), article(101, status=1)])
    freshdesk.get(
        f"{solutions}/folders/10/articles/de", json=[article(100, "So geht's", "de"), article(101, language="en")]
    )
    freshdesk.get(f"{solutions}/folders/11/articles", json=[article(110, updated_at="2026-02-01T00:00:00Z")])
    freshdesk.get(f"{solutions}/folders/11/articles/de", status=404)
    freshdesk.get(f"{solutions}/folders/12/articles", json=[article(120), {"id": None}])
    freshdesk.get(f"{solutions}/folders/12/articles/de", status=400, json={"description": "language"})


def test_articles_by_walking_the_shelves(freshdesk: responses.RequestsMock) -> None:
    help_centre(freshdesk)
    found = {(each.ref, each.locale): each for page in connect().articles() for each in page}
    assert set(found) == {("100", "en"), ("101", "en"), ("100", "de"), ("110", "en"), ("120", "en")}
    german = found["100", "de"]
    assert (german.title, german.section, german.audience) == ("So geht's", ("Hilfe",), Audience.EVERYONE)
    assert found["100", "en"].section == ("Help", "Public")
    assert found["100", "en"].url == f"{BASE}/support/solutions/articles/100"
    assert found["101", "en"].is_draft
    assert (found["110", "en"].audience, found["110", "en"].allowed) == (
        Audience.RESTRICTED,
        ("organization:77", "organization:78"),
    )
    assert (found["120", "en"].audience, found["120", "en"].section) == (Audience.AGENTS, ("Help", "Public", "Deep"))


def test_articles_changed_since(freshdesk: responses.RequestsMock) -> None:
    help_centre(freshdesk)
    since = datetime(2026, 1, 15, tzinfo=UTC)
    assert [each.ref for page in connect().articles(updated_since=since) for each in page] == ["110"]


@pytest.mark.parametrize(
    ("visibility", "audience", "allowed"),
    [
        (1, Audience.EVERYONE, ()),
        (2, Audience.SIGNED_IN, ()),
        (3, Audience.AGENTS, ()),
        (4, Audience.RESTRICTED, ("organization:1",)),
        (5, Audience.AGENTS, ()),
        (6, Audience.RESTRICTED, ("segment:2",)),
        (7, Audience.RESTRICTED, ("segment:3",)),
        (99, Audience.AGENTS, ()),
        (None, Audience.AGENTS, ()),
    ],
)
def test_who_may_read(
    freshdesk: responses.RequestsMock, visibility: int | None, audience: Audience, allowed: tuple[str, ...]
) -> None:
    folder = {
        "id": 10,
        "visibility": visibility,
        "company_ids": [1],
        "contact_segment_ids": [2],
        "company_segment_ids": [3],
    }
    freshdesk.get(f"{API}/settings/helpdesk", status=403, json={"code": "access_denied"})
    freshdesk.get(f"{API}/solutions/categories", json=[{"id": 1, "name": "Help"}])
    freshdesk.get(f"{API}/solutions/categories/1/folders", json=[folder])
    freshdesk.get(f"{API}/solutions/folders/10/subfolders", json=[])
    freshdesk.get(f"{API}/solutions/folders/10/articles", json=[article(100)])
    ((found,),) = connect().articles()
    assert (found.audience, found.allowed) == (audience, allowed)


@dataclass
class Watching(OpenGate):
    """A gate that notes who enters, and what it is told."""

    entered: list[tuple[str, ...]] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)
    closed: list[float] = field(default_factory=list)

    def enter(self, families: Sequence[str]) -> None:
        self.entered.append(tuple(families))

    def limit_seen(self, family: str, per_minute: float) -> None:
        self.seen[family] = per_minute

    def close(self, seconds: float) -> None:
        self.closed.append(seconds)


def test_the_gate_counts_every_request_and_learns_the_limit(freshdesk: responses.RequestsMock) -> None:
    gate = Watching()
    freshdesk.get(f"{API}/tickets/1042", json=ticket(), headers={"X-Ratelimit-Total": "700"})
    freshdesk.put(f"{API}/tickets/1042", status=429, headers={"Retry-After": "12"})
    with pytest.raises(errors.RateLimited):
        connect(gate).update_ticket(UpdateTicket(ticket_ref="1042", priority=Priority.P1), key="k")
    assert gate.entered == [("requests",), ("requests", "updates")]
    assert gate.seen == {"requests": 700}
    assert gate.closed == [12]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v2/tickets", ("requests", "requests", "requests", "tickets_list")),
        ("GET", "/api/v2/tickets?include=description&page=2", ("requests", "requests", "requests", "tickets_list")),
        ("GET", "/api/v2/tickets/7", ("requests",)),
        ("GET", "/api/v2/tickets/7?include=stats", ("requests", "requests")),
        ("GET", "/api/v2/tickets/7?include=conversations%2Cstats", ("requests", "requests", "requests")),
        ("GET", "/api/v2/tickets/7/conversations?page=1", ("requests",)),
        ("GET", "/api/v2/contacts", ("requests", "contacts_list")),
        ("GET", "/api/v2/contacts/7", ("requests",)),
        ("POST", "/api/v2/tickets", ("requests", "ticket_create")),
        ("PUT", "/api/v2/tickets/7", ("requests", "updates")),
        ("POST", "/api/v2/tickets/7/notes", ("requests",)),
        ("POST", "/api/v2/tickets/bulk_update", ("requests",)),
        ("GET", "/elsewhere", ("requests",)),
    ],
)
def test_families(method: str, path: str, expected: tuple[str, ...]) -> None:
    assert limits.families(method, path) == expected


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({"X-RateLimit-Total": "400"}, {"requests": 400}),
        ({"x-ratelimit-total": "1000"}, {"requests": 1000}),
        ({"X-Ratelimit-Total": "3000"}, {"requests": 50}),
        ({"X-RateLimit-Total": "0"}, {}),
        ({"X-RateLimit-Total": "many"}, {}),
        ({}, {}),
    ],
)
def test_limits_in_headers(headers: Mapping[str, str], stated: Mapping[str, float]) -> None:
    assert limits.limits_in(headers) == stated


@pytest.mark.parametrize(
    ("plan", "requests_a_minute"),
    [("Growth", 200), ("pro_annual", 400), ("Enterprise", 700), ("trial", 50), ("Blossom", 50), (None, 50)],
)
def test_limits_by_plan(plan: str | None, requests_a_minute: int) -> None:
    found = vendor("freshdesk").limits(plan)
    assert found["requests"] == requests_a_minute
    assert set(found) == {"requests", "ticket_create", "updates", "tickets_list", "contacts_list"}


@pytest.mark.parametrize(
    "address",
    [
        "acme",
        "ACME",
        "acme.freshdesk.com",
        "https://acme.freshdesk.com/a/tickets/5?x=1#y",
        " acme ",
        "https://acme.freshdesk.com:443",
    ],
)
def test_what_an_admin_types(address: str) -> None:
    assert vendor("freshdesk").base_url(address) == "https://acme.freshdesk.com"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "freshdesk.com",
        "www.freshdesk.com",
        "support.acme.example",
        "acme.freshdesk.com.evil.example",
        "evil.example/acme.freshdesk.com",
        "https://evil.example@acme.freshdesk.com",
        "http://acme.freshdesk.com",
        "https://acme.freshdesk.com:8443",
        "http://127.0.0.1:5001",
        "a.b.freshdesk.com",
        "ftp://acme.freshdesk.com",
        "https://[::1",
        "-acme",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        vendor("freshdesk").base_url(address)


def test_loopback_only_when_asked() -> None:
    found = vendor("freshdesk")
    assert found.base_url("http://127.0.0.1:5001/x", loopback=True) == "http://127.0.0.1:5001"
    assert found.base_url("http://localhost:5001", loopback=True) == "http://localhost:5001"
    assert found.base_url("http://[::1]:5001", loopback=True) == "http://[::1]:5001"
    with pytest.raises(ValueError, match="https"):
        found.base_url("http://192.0.2.1:5001", loopback=True)


def test_an_api_key_is_taken_as_it_is() -> None:
    found = vendor("freshdesk").grant(BASE, "api_key", {"api_key": " k3y "}, now=NOW)
    assert (found.access_token, found.scheme, found.issued_at, found.expires_at) == ("k3y:X", "basic", NOW, None)
    assert "k3y" not in repr(found)


@pytest.mark.parametrize("key", ["", " ", "two words", "with:colon", "línea"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        vendor("freshdesk").grant(BASE, "api_key", {"api_key": key}, now=NOW)
    assert "api_key" in caught.value.details


def test_what_freshdesk_does_not_have() -> None:
    found = vendor("freshdesk")
    with pytest.raises(errors.Rejected):
        found.grant(BASE, "oauth", {}, now=NOW)
    with pytest.raises(errors.Unsupported):
        found.authorize_url(BASE, client_id="x", redirect_uri="y", state="z")
    with pytest.raises(errors.Unsupported):
        found.verify_agent("t", public_key="", audience="", origin="", now=NOW)
    with pytest.raises(errors.Unsupported):
        found.fetch_sidebar_key(connection())


CHANGES = [UpdateTicket(ticket_ref=str(ref), priority=Priority.P1, category="billing") for ref in (1, 2, 3)]


def bulk(helpdesk: Any) -> Any:
    """The helpdesk with bulk jobs that are waited for without waiting."""
    helpdesk._bulk = BulkWrites(helpdesk._api, helpdesk._writes, Fields(FIELDS), sleep=lambda seconds: None)
    return helpdesk


def jobs(freshdesk: responses.RequestsMock, *answers: Any) -> None:
    freshdesk.post(f"{API}/tickets/bulk_update", status=202, json={"job_id": "e4d1", "href": "https://evil.example/"})
    for each in answers:
        freshdesk.get(f"{API}/jobs/e4d1", json=each)


def test_equal_changes_are_one_job(freshdesk: responses.RequestsMock) -> None:
    jobs(freshdesk, {"status": "IN PROGRESS"}, {"status": "COMPLETED"})
    results = bulk(connect()).update_tickets(CHANGES, key="k")
    assert [(each.ticket_ref, each.error) for each in results] == [("1", None), ("2", None), ("3", None)]
    assert json.loads(str(freshdesk.calls[0].request.body, "utf-8")) == {
        "bulk_action": {
            "ids": [1, 2, 3],
            "properties": {"priority": 4, "custom_fields": {"cf_category": "billing"}},
        }
    }


def single(freshdesk: responses.RequestsMock, ref: int, status: int = 200) -> None:
    freshdesk.get(f"{API}/tickets/{ref}", json=ticket(ref))
    body = ticket(ref) if status == 200 else {"errors": [{"field": "cf_order", "message": "It is missing"}]}
    freshdesk.put(f"{API}/tickets/{ref}", status=status, json=body)


def test_what_a_job_left_out_goes_alone_and_says_why(freshdesk: responses.RequestsMock) -> None:
    jobs(freshdesk, {"status": "COMPLETED", "data": [{"id": 1, "success": True}, {"id": 2, "success": False}]})
    single(freshdesk, 2, status=400)
    results = bulk(connect()).update_tickets(CHANGES, key="k")
    assert [type(each.error) for each in results] == [type(None), errors.Rejected, type(None)]
    assert isinstance(results[1].error, errors.Rejected)
    assert results[1].error.details == {"cf_order": "It is missing"}


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_without_jobs_one_by_one(freshdesk: responses.RequestsMock, how: str) -> None:
    if how == "refused":
        freshdesk.post(f"{API}/tickets/bulk_update", status=403, json={"code": "require_feature"})
    else:
        jobs(freshdesk, {"status": "FAILED"})
    for ref in (1, 2, 3):
        single(freshdesk, ref)
    results = bulk(connect()).update_tickets(CHANGES, key="k")
    assert [each.error for each in results] == [None] * 3
    bodies = [json.loads(str(call.request.body, "utf-8")) for call in freshdesk.calls if call.request.method == "PUT"]
    assert [body["tags"] for body in bodies] == [["exports", marker_tag("k")]] * 3


def test_a_job_that_takes_long_is_unknown(freshdesk: responses.RequestsMock) -> None:
    jobs(freshdesk, {"status": "IN PROGRESS"})
    results = bulk(connect()).update_tickets(CHANGES, key="k")
    assert {type(each.error) for each in results} == {errors.OutcomeUnknown}


def test_what_needs_its_own_tags_or_a_note_goes_alone(freshdesk: responses.RequestsMock) -> None:
    for ref in (1, 2, 3):
        single(freshdesk, ref)
    changes = [UpdateTicket(ticket_ref=str(ref), add_tags=("late",)) for ref in (1, 2)]
    results = bulk(connect()).update_tickets([*changes, CHANGES[2]], key="k")
    assert [each.error for each in results] == [None] * 3


def test_a_ticket_named_twice_takes_the_first_change(freshdesk: responses.RequestsMock) -> None:
    single(freshdesk, 1)
    results = bulk(connect()).update_tickets([CHANGES[0], UpdateTicket(ticket_ref="1", group_id="9")], key="k")
    assert [type(each.error) for each in results] == [type(None), errors.Rejected]


def test_one_bad_change_does_not_spoil_the_others(freshdesk: responses.RequestsMock) -> None:
    single(freshdesk, 1)
    freshdesk.get(f"{API}/tickets/2", json=ticket(2))
    odd = [
        UpdateTicket(ticket_ref="x", priority=Priority.P1, category="billing"),
        UpdateTicket(ticket_ref="2", clear=("x",)),
    ]
    results = bulk(connect()).update_tickets([CHANGES[0], *odd], key="k")
    assert [type(each.error) for each in results] == [type(None), errors.NotFound, errors.Rejected]


def test_deleting_needs_no_answer(freshdesk: responses.RequestsMock) -> None:
    freshdesk.delete(f"{API}/automations/1/rules/7", status=204)
    api.Api(connection(), OPEN).delete("uninstall", "/automations/1/rules/7")


def test_no_changes_no_requests(freshdesk: responses.RequestsMock) -> None:
    assert connect().update_tickets([], key="k") == ()
