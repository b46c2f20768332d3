"""The whole way to access and back, over HTTP, at the simulated helpdesk."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.base import Account, Connection
from connectors.errors import AuthFailed
from connectors.installing import Grant
from connectors.registry import vendor
from connectors.simulator.server import Running

ZENDESK = vendor("zendesk")
BACK = "http://127.0.0.1:5000/connect/back"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def desk() -> Iterator[Running]:
    with Running(vendor="zendesk", seed_folder=None) as running:
        yield running


@pytest.fixture
def base(desk: Running) -> str:
    return ZENDESK.base_url(desk.base_url, loopback=True)


@pytest.fixture
def client(desk: Running) -> dict[str, str]:
    tokens = desk.simulator.face.tokens  # type: ignore[attr-defined]
    return {"client_id": tokens.client_id, "client_secret": tokens.client_secret}


def account(base: str, grant: Grant) -> Account:
    connection = Connection(
        tenant="acme", vendor="zendesk", base_url=base, token=grant.access_token, scheme=grant.scheme
    )
    return ZENDESK.connect(connection, now=now).account()


def allow(base: str, client_id: str, state: str) -> dict[str, list[str]]:
    """What an admin's browser brings back after a click on Allow."""
    url = ZENDESK.authorize_url(base, client_id=client_id, redirect_uri=BACK, state=state)
    page = requests.get(url, timeout=5).text
    hidden = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', page)}
    answer = requests.post(
        f"{base}/oauth/authorizations", data=hidden | {"answer": "allow"}, allow_redirects=False, timeout=5
    )
    assert answer.headers["Location"].startswith(BACK)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_client_of_the_account(base: str, client: dict[str, str]) -> None:
    found = account(base, ZENDESK.grant(base, "oauth_client", client, now=now()))
    assert (found.actor.role, found.scopes) == ("admin", ("read", "write"))
    assert found.limits["requests"] > 0
    assert found.server_at is not None


def test_a_wrong_secret(base: str, client: dict[str, str]) -> None:
    with pytest.raises(AuthFailed, match="Check the identifier and the secret"):
        ZENDESK.grant(base, "oauth_client", client | {"client_secret": "canary"}, now=now())


def test_a_code_works_once_and_each_refresh_ends_what_was_before(base: str, client: dict[str, str]) -> None:
    back = allow(base, client["client_id"], "state 1&2")
    assert back["state"] == ["state 1&2"]
    secrets = client | {"code": back["code"][0], "redirect_uri": BACK}
    first = ZENDESK.grant(base, "oauth_code", secrets, now=now())
    assert account(base, first).actor.role == "admin"
    with pytest.raises(AuthFailed, match="sign in with Zendesk again"):
        ZENDESK.grant(base, "oauth_code", secrets, now=now())
    second = ZENDESK.grant(base, "oauth_code", client | {"refresh_token": str(first.refresh_token)}, now=now())
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
    assert account(base, second).actor.role == "admin"
    with pytest.raises(AuthFailed):
        account(base, first)
    with pytest.raises(AuthFailed, match="Connect the account again"):
        ZENDESK.grant(base, "oauth_code", client | {"refresh_token": str(first.refresh_token)}, now=now())


def test_an_api_token(base: str, desk: Running) -> None:
    state, tokens = desk.simulator.state, desk.simulator.face.tokens  # type: ignore[attr-defined]
    email = state.users[state.integration_user_id].email
    grant = ZENDESK.grant(base, "api_token", {"email": email, "token": tokens.api_token}, now=now())
    assert (account(base, grant).actor.email, account(base, grant).scopes) == (email, ())
