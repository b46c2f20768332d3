"""The receiver: what is stored, what is refused, and never a 2xx without a row."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from app.webhooks import LARGEST_BODY
from connectors.store import Store
from connectors.store.schema import EPOCH
from connectors.store.vault import Vault
from tests.conftest import ToldClock
from tests.locking import locked

PATH = "/webhooks/zendesk/path-token"
CREATED = b'{"ticket_id":"1042","event":"created"}'


@pytest.fixture
def client(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> FlaskClient:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    return create_app(settings, Deps(settings, store, clock)).test_client()


def post(client: FlaskClient, clock: ToldClock, body: bytes = CREATED, **changes: str) -> TestResponse:
    stamp = changes.pop("stamp", clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
    secret = changes.pop("secret", "secret-of-acme")
    signature = base64.b64encode(hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest())
    headers = {
        "X-Zendesk-Webhook-Id": "01HOOK",
        "X-Zendesk-Webhook-Invocation-Id": changes.pop("invocation", "01INVOCATION"),
        "X-Zendesk-Webhook-Signature": signature.decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }
    path = changes.pop("path", PATH)
    headers = {name: value for name, value in (headers | changes).items() if value}
    return client.post(path, data=body, headers=headers, content_type="application/json")


def total(store: Store) -> int:
    return store.deliveries.line(since=EPOCH).received.total


def test_a_signed_delivery_is_one_row_however_often_it_comes(
    client: FlaskClient, store: Store, clock: ToldClock
) -> None:
    for _ in range(3):
        assert post(client, clock).status_code == 200
    shown = store.deliveries.show("in-1")
    assert total(store) == 1
    assert (shown["ticket_ref"], shown["kind"], shown["state"]) == ("1042", "ticket_created", "new")
    assert shown["raw"] == CREATED.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "somebody else's"},
        {"X-Zendesk-Webhook-Signature": ""},
        {"X-Zendesk-Webhook-Signature-Timestamp": ""},
        {"X-Zendesk-Webhook-Signature": "AAAA"},
    ],
)
def test_an_unsigned_delivery_is_refused_and_not_stored(
    client: FlaskClient, store: Store, clock: ToldClock, changes: dict[str, str]
) -> None:
    assert post(client, clock, **changes).status_code == 401
    assert total(store) == 0


@pytest.mark.parametrize(("age", "status"), [(2, 200), (60, 200), (60 * 23, 200), (60 * 25, 401), (-5, 401)])
def test_a_late_delivery_is_a_hint_and_a_very_old_one_is_refused(
    client: FlaskClient, store: Store, clock: ToldClock, age: int, status: int
) -> None:
    stamp = (clock() - timedelta(minutes=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert post(client, clock, stamp=stamp).status_code == status
    if status == 200:
        assert store.deliveries.show("in-1")["stale"] == (age > 5)


def test_a_delivery_for_nobody_is_not_found(client: FlaskClient, store: Store, clock: ToldClock) -> None:
    assert post(client, clock, path="/webhooks/zendesk/another-token").status_code == 404
    assert post(client, clock, path="/webhooks/unheard-of/path-token").status_code == 404
    assert total(store) == 0


def test_an_oversized_delivery_is_refused(client: FlaskClient, store: Store, clock: ToldClock) -> None:
    assert post(client, clock, body=b" " * (LARGEST_BODY + 1)).status_code == 413
    assert total(store) == 0


@pytest.mark.parametrize(
    "body", [b"", b"not json", b'{"no": "ticket"}', b"[" * 50_000, b'{"ticket_id": ' + b"9" * 9_000 + b"}"]
)
def test_a_signed_delivery_that_cannot_be_read_is_kept_and_parked(
    client: FlaskClient, store: Store, clock: ToldClock, body: bytes
) -> None:
    assert post(client, clock, body=body).status_code == 200
    shown = store.deliveries.show("in-1")
    assert shown["state"] == "parked"
    assert shown["error"]
    assert shown["raw"] == body.decode()


def test_an_unknown_event_is_kept_and_parked(client: FlaskClient, store: Store, clock: ToldClock) -> None:
    body = (
        b'{"account_id":1,"id":"01","time":"2026-11-17T13:46:00Z","type":"zen:event-type:ticket.sneezed","detail":{}}'
    )
    assert post(client, clock, body=body).status_code == 200
    assert store.deliveries.show("in-1")["state"] == "parked"


def test_an_event_ignored_on_purpose_is_kept_as_such(client: FlaskClient, store: Store, clock: ToldClock) -> None:
    body = (
        b'{"account_id":1,"id":"01","time":"2026-11-17T13:46:00Z","type":"zen:event-type:user.name_changed",'
        b'"subject":"zen:user:7","detail":{"id":"7"},"event":{}}'
    )
    assert post(client, clock, body=body).status_code == 200
    assert store.deliveries.show("in-1")["state"] == "ignored"


def test_a_locked_database_is_a_503_that_asks_to_come_again(
    store: Store, tenant: str, clock: ToldClock, tmp_path: Path
) -> None:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.05)
    client = create_app(settings, Deps(settings, impatient, clock)).test_client()
    with locked(store.database.url):
        answer = post(client, clock)
        ready = client.get("/readyz")
    assert answer.status_code == ready.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) < 60
    assert total(store) == 0
    assert post(client, clock).status_code == 200
    assert total(store) == 1
    assert client.get("/readyz").status_code == client.get("/healthz").status_code == 200
    impatient.database.close()


def test_a_delivery_whose_secret_cannot_be_opened_is_sent_again(
    client: FlaskClient, store: Store, clock: ToldClock
) -> None:
    mine, store.tenants.vault = store.tenants.vault, Vault(os.urandom(32))
    refused = post(client, clock)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    store.tenants.vault = mine
    assert post(client, clock).status_code == 200
    assert total(store) == 1
