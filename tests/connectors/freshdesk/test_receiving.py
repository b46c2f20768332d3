"""A Freshdesk webhook through the real web process: let in by any of its secrets, none of which is kept or logged."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from connectors.store import Store
from tests.conftest import ToldClock, new_tenant

PATH = "/webhooks/freshdesk/fd-path-token"
SECRET = "secret-of-fresh"
BODY = {"v": "1", "ticket_id": "1042", "triggered_event": "{ticket_action:created}"}


@pytest.fixture
def client(store: Store, clock: ToldClock, tmp_path: Path) -> FlaskClient:
    tenant = new_tenant("fresh", vendor="freshdesk", base_url="https://fresh.freshdesk.com")
    store.tenants.add(tenant, webhook_token="fd-path-token", now=clock())
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    return create_app(settings, Deps(settings, store, clock)).test_client()


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"X-Webhook-Token": SECRET}),
        ("", {"Authorization": "Basic " + b64encode(f"x:{SECRET}".encode()).decode()}),
        (f"?token={SECRET}", {}),
        (f"?x=1&token={SECRET}", {"Content-Type": "text/plain"}),
    ],
)
def test_one_row_and_no_secret_anywhere(
    client: FlaskClient,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    query: str,
    headers: dict[str, str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            answer = client.post(PATH + query, data=json.dumps(BODY), headers=headers)
            assert (answer.status_code, answer.text) == (200, "stored\n")
        refused = client.post(f"{PATH}?token=wrong-{SECRET}", data=json.dumps(BODY))
        assert refused.status_code == 401
    shown = store.deliveries.show("in-1")
    assert (shown["ticket_ref"], shown["kind"], shown["state"]) == ("1042", "ticket_created", "new")
    kept = json.dumps(shown, default=str) + caplog.text + "".join(capfd.readouterr()) + refused.text
    assert SECRET not in kept


def test_the_first_of_two_tokens_counts_and_an_empty_one_does_not(client: FlaskClient) -> None:
    assert client.post(f"{PATH}?token=&token={SECRET}", data=json.dumps(BODY)).status_code == 401
    assert client.post(f"{PATH}?token=", data=json.dumps(BODY)).status_code == 401
    assert client.post(PATH, data=json.dumps(BODY)).status_code == 401


def test_a_test_event_arrives(client: FlaskClient, store: Store) -> None:
    answer = client.post(PATH, json={"deskhand_test": "n0nce"}, headers={"X-Webhook-Token": SECRET})
    assert answer.status_code == 200
    assert store.deliveries.show("in-1")["kind"] == "test"
