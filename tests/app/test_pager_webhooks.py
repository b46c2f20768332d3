"""The pager says that somebody took a page: signed, once, and only for a page of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from app.sla.links import pager_hook
from connectors.store import Store
from connectors.store.outbox import PAGE, effect_key
from connectors.store.tenants import PAGER_SECRET
from tests.app.sla.ground import REF, opened, with_people
from tests.conftest import ToldClock, new_tenant
from triage.messages import Page, Severity
from triage.sla.log import Acknowledged

SECRET = "pager-secret-1"
OTHER = "1043"
INCIDENT = effect_key("acme", PAGE, "", "level 1")


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    made = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    with_people(made)
    store.tenants.set_secret("acme", PAGER_SECRET, SECRET)
    for ref in (REF, OTHER):
        opened(made, clock() - timedelta(minutes=72), ref=ref)
    page = Page(summary="2 tickets late", severity=Severity.ERROR, source="Deskhand", tickets=(REF, OTHER))
    with store.database.write() as connection:
        store.outbox.add_in(
            connection,
            tenant="acme",
            kind=PAGE,
            ticket_ref=None,
            cause="level 1",
            payload=page.to_payload(),
            summary=page.summary,
            now=clock(),
        )
    return made


@pytest.fixture
def client(deps: Deps) -> FlaskClient:
    return create_app(deps.settings, deps).test_client()


def incident(at: datetime, *, kind: str = "incident.acknowledged", key: str = INCIDENT, agent: Any = "person") -> bytes:
    person = {"id": "PLH1HKV", "type": "user_reference", "summary": "Priya Nair"}
    event = {
        "id": "01DEN4HPBQAAAG05V5QQYBRZMF",
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "agent": person if agent == "person" else agent,
        "data": {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": key},
    }
    return json.dumps({"event": event}).encode()


def alert(action: str = "Acknowledge", alias: str = INCIDENT) -> bytes:
    told = {"alertId": "052652ac", "alias": alias, "username": "priya@desk.example", "message": "2 tickets late"}
    return json.dumps({"action": action, "alert": told, "integrationName": "Deskhand"}).encode()


def signed(body: bytes, *secrets: str) -> dict[str, str]:
    made = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest() for each in secrets or (SECRET,)]
    return {"X-PagerDuty-Signature": ",".join(f"v1={each}" for each in made)}


def post(client: FlaskClient, deps: Deps, body: bytes, headers: dict[str, str], tenant: str = "acme") -> TestResponse:
    path = pager_hook(deps, tenant).removeprefix(deps.settings.public_url)
    return client.post(path, data=body, headers=headers, content_type="application/json")


def taken(deps: Deps, tenant: str = "acme") -> dict[str, list[tuple[str, str]]]:
    found = {ref: deps.store.ticket_log.read(tenant, ref) for ref in (REF, OTHER)}
    return {ref: [(e.by, e.way) for e in log if isinstance(e, Acknowledged)] for ref, log in found.items()}


NOBODY: dict[str, list[tuple[str, str]]] = {REF: [], OTHER: []}


@pytest.mark.parametrize("kind", ["incident.acknowledged", "incident.resolved"])
def test_whoever_takes_the_page_has_its_tickets(client: FlaskClient, deps: Deps, clock: ToldClock, kind: str) -> None:
    body = incident(clock(), kind=kind)
    assert post(client, deps, body, signed(body)).text == "acknowledged: 2\n"
    assert taken(deps) == {REF: [("Priya Nair", "page")], OTHER: [("Priya Nair", "page")]}
    assert set(deps.store.timers.take("acme", clock(), 10)) == {REF, OTHER}
    assert post(client, deps, body, signed(body)).text == "acknowledged: 0\n"


def test_an_alert_is_taken_by_its_alias(client: FlaskClient, deps: Deps) -> None:
    answer = post(client, deps, alert(), {"Deskhand-Secret": SECRET})
    assert (answer.status_code, taken(deps)[REF]) == (200, [("priya@desk.example", "page")])


def test_one_right_signature_is_enough_while_the_secret_changes(
    client: FlaskClient, deps: Deps, clock: ToldClock
) -> None:
    body = incident(clock())
    assert post(client, deps, body, signed(body, "the next one", SECRET)).text == "acknowledged: 2\n"


def test_what_is_not_signed_is_refused(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    body = incident(clock())
    unsigned: list[dict[str, str]] = [
        {},
        signed(body, "somebody else's"),
        signed(body + b" "),
        {"X-PagerDuty-Signature": ""},
        {"X-PagerDuty-Signature": "v0=" + signed(body)["X-PagerDuty-Signature"][3:]},
        {"Deskhand-Secret": "wrong"},
        {"X-PagerDuty-Signature": "v1=x", "Deskhand-Secret": SECRET},
    ]
    assert [post(client, deps, body, headers).status_code for headers in unsigned] == [401] * len(unsigned)
    assert taken(deps) == NOBODY


def test_without_a_secret_there_is_no_webhook(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    body = incident(clock())
    deps.store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    assert post(client, deps, body, signed(body, ""), tenant="globex").status_code == 404
    assert client.post("/webhooks/pager/forged", data=body, headers=signed(body)).status_code == 404


def test_anothers_pager_takes_nothing_of_ours(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    deps.store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    deps.store.tenants.set_secret("globex", PAGER_SECRET, "theirs")
    body = incident(clock())
    assert post(client, deps, body, signed(body, "theirs"), tenant="globex").text == "ignored: no page of ours\n"
    assert (taken(deps), taken(deps, "globex")) == (NOBODY, NOBODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "incident.triggered"},
        {"kind": "incident.unacknowledged"},
        {"key": "0" * 32},
        {"key": ""},
        {"agent": None},
        {"agent": {"type": "service_reference", "summary": "Deskhand"}},
    ],
)
def test_what_says_nothing_about_a_page_of_ours_is_taken_in_and_left(
    client: FlaskClient, deps: Deps, clock: ToldClock, changes: dict[str, Any]
) -> None:
    """A pager stops calling where it is told of errors. What no person did is ours, or a time limit."""
    body = incident(clock(), **changes)
    answer = post(client, deps, body, signed(body))
    assert (answer.status_code, answer.text.startswith("ignored"), taken(deps)) == (200, True, NOBODY)


def test_closing_an_alert_takes_nothing(client: FlaskClient, deps: Deps) -> None:
    assert post(client, deps, alert("Close"), {"Deskhand-Secret": SECRET}).status_code == 200
    assert taken(deps) == NOBODY


def test_an_old_event_says_nothing_about_what_began_since(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    body = incident(clock() - timedelta(minutes=30))
    post(client, deps, body, signed(body))
    body = incident(clock())
    assert post(client, deps, body, signed(body)).text == "acknowledged: 2\n"
    stale = incident(clock() - timedelta(days=1, seconds=1))
    assert post(client, deps, stale, signed(stale)).text == "ignored: too long ago\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"[]",
        b"{}",
        b'{"event": {}}',
        b'{"event": {"event_type": "incident.resolved", "agent": 3}}',
        b"[" * 5000,
    ],
)
def test_what_cannot_be_read_is_refused(client: FlaskClient, deps: Deps, body: bytes) -> None:
    assert post(client, deps, body, signed(body)).status_code == 400


def test_a_long_body_is_not_read(client: FlaskClient, deps: Deps) -> None:
    body = b"x" * 300_000
    assert post(client, deps, body, signed(body)).status_code == 413
