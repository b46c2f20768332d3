"""Our own account, queues and the ticket form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from connectors import errors
from tests.connectors.zendesk.account import API, connect
from triage.tickets import Group, TicketField

ME = f"{API}/users/me.json"
TOKEN = f"{API}/oauth/tokens/current.json"
ADMIN = {"id": 7, "name": "Deskhand", "email": "bot@acme.test", "role": "admin", "iana_time_zone": "Europe/Berlin"}
HEADERS = {"X-Rate-Limit": "400", "Date": "Mon, 02 Mar 2026 09:15:00 GMT"}


def test_who_we_are_and_what_we_may(zendesk: responses.RequestsMock) -> None:
    zendesk.get(ME, json={"user": ADMIN}, headers=HEADERS)
    zendesk.get(TOKEN, json={"token": {"id": 1, "scopes": ["read", "write"], "refresh_token": "af3t24"}})
    found = connect().account()
    assert (found.name, found.plan, found.scopes) == ("acme", None, ("read", "write"))
    assert (found.actor.id, found.actor.role, found.actor.time_zone) == ("7", "admin", "Europe/Berlin")
    assert found.limits == {"requests": 400.0}
    assert found.server_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def test_an_api_token_has_no_scopes(zendesk: responses.RequestsMock) -> None:
    zendesk.get(ME, json={"user": ADMIN}, headers={"Date": "yesterday"})
    found = connect(scheme="basic", token="bot@acme.test/token:canary").account()
    assert (found.scopes, dict(found.limits), found.server_at) == ((), {}, None)


@pytest.mark.parametrize("status", [403, 404])
def test_scopes_that_cannot_be_read_are_unknown(zendesk: responses.RequestsMock, status: int) -> None:
    zendesk.get(ME, json={"user": ADMIN}, headers=HEADERS)
    zendesk.get(TOKEN, status=status, json={})
    assert connect().account().scopes == ()


def test_an_anonymous_visitor_is_no_account(zendesk: responses.RequestsMock) -> None:
    zendesk.get(ME, json={"user": {"id": None, "name": "Anonymous user", "role": "end-user"}}, headers=HEADERS)
    with pytest.raises(errors.AuthFailed, match="Connect the account again"):
        connect().account()


@pytest.mark.parametrize("body", [{}, {"user": None}, {"user": {"id": "x"}}, []], ids=str)
def test_an_account_that_cannot_be_read(zendesk: responses.RequestsMock, body: Any) -> None:
    zendesk.get(ME, json=body)
    with pytest.raises(errors.Unavailable) as raised:
        connect().account()
    assert raised.value.operation == "account"


def test_groups_by_name_over_pages(zendesk: responses.RequestsMock) -> None:
    url = f"{API}/groups.json"
    rows = [{"id": 2, "name": "data"}, {"id": 9, "name": "Old", "deleted": True}]
    links = {"next": f"{url}?page[after]=x"}
    zendesk.get(url, json={"groups": rows, "meta": {"has_more": True, "after_cursor": "x"}, "links": links})
    last = [{"id": 1, "name": "Billing"}]
    zendesk.get(f"{url}?page[after]=x", json={"groups": last, "meta": {"has_more": False}, "links": {}})
    assert connect().groups() == (Group(id="1", name="Billing"), Group(id="2", name="data"))


def test_the_ticket_form(zendesk: responses.RequestsMock) -> None:
    options = [{"id": 5, "name": "Login problem", "value": "login_problem"}]
    system = [{"name": "Low", "value": "low"}]
    fields = [
        {"id": 501, "title": "Category", "type": "tagger", "active": True, "custom_field_options": options},
        {"id": 3, "title": "Priority", "type": "priority", "active": True, "system_field_options": system},
        {"id": 4, "title": "Subject", "type": "subject", "active": True, "required": True},
        {"id": 9, "title": "Gone", "type": "text", "active": False},
    ]
    zendesk.get(f"{API}/ticket_fields.json", json={"ticket_fields": fields, "next_page": None, "count": 4})
    assert connect().ticket_fields() == (
        TicketField(id="501", title="Category", kind="tagger", choices=(("login_problem", "Login problem"),)),
        TicketField(id="3", title="Priority", kind="priority", choices=(("low", "Low"),)),
        TicketField(id="4", title="Subject", kind="subject", required=True),
    )


@pytest.mark.parametrize(
    ("zone", "iana", "ours"),
    [
        ("Berlin", "Europe/Berlin", "Europe/Berlin"),
        ("Pacific Time (US & Canada)", None, "America/Los_Angeles"),
        ("Narnia", None, None),
        (None, None, None),
    ],
)
def test_a_persons_zone(zendesk: responses.RequestsMock, zone: str | None, iana: str | None, ours: str | None) -> None:
    zendesk.get(f"{API}/users/410.json", json={"user": ADMIN | {"time_zone": zone, "iana_time_zone": iana}})
    assert connect().requester("410").time_zone == ours


def test_the_incidents_of_a_problem(zendesk: responses.RequestsMock) -> None:
    rows = [{"id": 12}, {"id": 11}]
    url = f"{API}/tickets/1042/incidents.json"
    zendesk.get(url, json={"tickets": rows, "meta": {"has_more": False}, "links": {}})
    assert connect().linked_tickets("1042") == ("11", "12")


@pytest.mark.parametrize("verb", ["account", "groups", "ticket_fields", "schedules", "sla_policies"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.AuthFailed), (403, errors.Forbidden), (429, errors.RateLimited), (500, errors.Unavailable)],
)
def test_every_list_fails_the_same_way(verb: str, status: int, kind: type[errors.ConnectorError]) -> None:
    with responses.RequestsMock() as mock:
        mock.get(re.compile(f"{API}/.*"), status=status, json={})
        with pytest.raises(kind) as raised:
            getattr(connect(), verb)()
    assert (raised.value.vendor, raised.value.operation) == ("zendesk", verb)
