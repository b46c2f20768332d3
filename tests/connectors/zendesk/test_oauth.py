"""Access: what is sent, what comes back, and that no secret shows on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connectors import errors
from connectors.registry import vendor
from connectors.store.access import LOCK
from connectors.zendesk import oauth
from connectors.zendesk.features import SCOPES
from connectors.zendesk.oauth import ACCESS_LIFE, REFRESH_LIFE, token_request
from connectors.zendesk.session import TIMEOUT_S

BASE = "https://acme.zendesk.com"
TOKENS = f"{BASE}/oauth/tokens"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
CLIENT = {"client_id": "deskhand", "client_secret": "canary-secret"}
CODE = CLIENT | {"code": "canary-code", "redirect_uri": "https://app.test/oauth/back"}
REFRESH = CLIENT | {"refresh_token": "canary-refresh"}
ANSWER = {
    "access_token": "canary-access",
    "refresh_token": "canary-next-refresh",
    "token_type": "bearer",
    "scope": "read write",
    "expires_in": 86_400,
    "refresh_token_expires_in": 5_184_000,
}


def grant(kind: str, secrets: Mapping[str, str]) -> Any:
    return vendor("zendesk").grant(BASE, kind, secrets, now=NOW)


def sent(zendesk: responses.RequestsMock) -> dict[str, Any]:
    (call,) = zendesk.calls
    return dict(json.loads(call.request.body))


def test_client_credentials(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TOKENS, json=ANSWER)
    found = grant("oauth_client", CLIENT)
    assert sent(zendesk) == CLIENT | {
        "grant_type": "client_credentials",
        "scope": "read write",
        "expires_in": 86_400,
    }
    assert (found.access_token, found.scheme, found.scopes) == ("canary-access", "bearer", ("read", "write"))
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(days=1))
    # The client is asked again, there is nothing to refresh.
    assert found.refresh_token is None
    assert "Authorization" not in zendesk.calls[0].request.headers


def test_a_code_is_exchanged(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TOKENS, json=ANSWER)
    found = grant("oauth_code", CODE)
    body = sent(zendesk)
    assert (body["grant_type"], body["code"], body["redirect_uri"]) == (
        "authorization_code",
        "canary-code",
        "https://app.test/oauth/back",
    )
    assert found.refresh_token == "canary-next-refresh"


def test_a_refresh_replaces_both_tokens(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TOKENS, json=ANSWER)
    found = grant("oauth_code", REFRESH)
    body = sent(zendesk)
    assert (body["grant_type"], body["refresh_token"]) == ("refresh_token", "canary-refresh")
    assert not {"code", "redirect_uri"} & set(body)
    assert (found.access_token, found.refresh_token) == ("canary-access", "canary-next-refresh")


@pytest.mark.parametrize("expires_in", [None, "soon", 0, -5, True])
def test_a_life_that_is_not_told_is_the_one_asked_for(zendesk: responses.RequestsMock, expires_in: Any) -> None:
    zendesk.post(TOKENS, json=ANSWER | {"expires_in": expires_in})
    assert grant("oauth_client", CLIENT).expires_at == NOW + ACCESS_LIFE


def test_a_shorter_life_counts(zendesk: responses.RequestsMock) -> None:
    zendesk.post(TOKENS, json=ANSWER | {"expires_in": 600})
    assert grant("oauth_client", CLIENT).expires_at == NOW + timedelta(minutes=10)


def test_lives_are_within_what_zendesk_takes() -> None:
    assert timedelta(seconds=300) < ACCESS_LIFE < timedelta(seconds=172_800)
    assert timedelta(seconds=604_800) < REFRESH_LIFE < timedelta(seconds=7_776_000)
    assert isinstance(token_request("oauth_client", CLIENT)["scope"], str)
    assert all(SCOPES.values())


def test_an_api_token_is_no_request() -> None:
    found = grant("api_token", {"email": " ada@acme.test ", "token": "canary-token"})
    assert (found.access_token, found.scheme) == ("ada@acme.test/token:canary-token", "basic")
    assert (found.expires_at, found.refresh_token) == (None, None)
    assert "canary" not in repr(found)
    assert grant("api_token", {"email": "ada@acme.test/token", "token": "x"}).access_token == "ada@acme.test/token:x"


@pytest.mark.parametrize(
    ("kind", "secrets", "missing"),
    [
        ("oauth_client", {"client_secret": "s"}, "client_id"),
        ("oauth_client", {"client_id": "i", "client_secret": "  "}, "client_secret"),
        ("oauth_code", CLIENT, "code"),
        ("oauth_code", CLIENT | {"code": "c"}, "redirect_uri"),
        ("api_token", {"token": "t"}, "email"),
        ("api_token", {"email": "not an address", "token": "t"}, "email"),
        ("api_token", {"email": "a:b@acme.test", "token": "t"}, "email"),
        ("api_token", {"email": "ada@acme.test"}, "token"),
    ],
)
def test_a_missing_input_is_named(kind: str, secrets: Mapping[str, str], missing: str) -> None:
    with pytest.raises(errors.Rejected) as raised:
        grant(kind, secrets)
    assert set(raised.value.details) == {missing}


def test_an_unknown_sign_in() -> None:
    with pytest.raises(errors.Rejected, match="'password'"):
        grant("password", CLIENT)


REFUSALS = [
    ("oauth_client", CLIENT, 401, {"error": "invalid_client", "error_description": "Client authentication failed"},
     "Client authentication failed.*Check the identifier and the secret"),
    ("oauth_code", CODE, 400, {"error": "invalid_grant", "error_description": "late"}, "late.*valid for 2 minutes"),
    ("oauth_code", REFRESH, 400, {"error": "invalid_grant"}, "Connect the account again"),
    ("oauth_code", REFRESH, 401, {"error": "invalid_client"}, "Check the identifier"),
    ("oauth_client", CLIENT, 404, "<html>", "no such account.*Check the address"),
    ("oauth_client", CLIENT, 403, [], "403.*Check the identifier"),
    ("oauth_client", CLIENT, 302, "", "302"),
    ("oauth_client", CLIENT, 400, {"error": {"title": "Bad", "message": "no"}}, "Bad, no"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "secrets", "status", "body", "message"), REFUSALS)
def test_a_refusal_says_what_to_do(
    zendesk: responses.RequestsMock, kind: str, secrets: Any, status: int, body: Any, message: str
) -> None:
    zendesk.post(TOKENS, status=status, body=body if isinstance(body, str) else json.dumps(body))
    with pytest.raises(errors.AuthFailed, match=message) as raised:
        grant(kind, secrets)
    assert (raised.value.vendor, raised.value.operation, raised.value.status) == ("zendesk", "grant", status)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, errors.RateLimited),
        ({"status": 500, "body": "canary-secret"}, (errors.OutcomeUnknown, errors.Unavailable)),
        ({"status": 503, "headers": {"Retry-After": "7"}}, errors.Unavailable),
        ({"status": 200, "json": {"token": "canary-access"}}, errors.Unavailable),
        ({"status": 200, "json": {"access_token": 5, "x": "canary-access"}}, errors.Unavailable),
        ({"status": 200, "body": "canary-access", "content_type": "text/html"}, errors.Unavailable),
        ({"status": 400, "json": {"error_description": "canary-secret canary-code canary-refresh"}}, errors.AuthFailed),
    ],
    ids=str,
)
@pytest.mark.parametrize(("kind", "secrets"), [("oauth_client", CLIENT), ("oauth_code", CODE), ("oauth_code", REFRESH)])
def test_no_secret_in_errors_or_logs(
    zendesk: responses.RequestsMock,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
    kind: str,
    secrets: Mapping[str, str],
    error: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    zendesk.post(TOKENS, **answer)
    with pytest.raises(error) as raised:
        grant(kind, secrets)
    own = {value for name, value in secrets.items() if value.startswith("canary")}
    shown = f"{raised.value!s} {raised.value!r} {caplog.text}"
    assert not [secret for secret in own | {"canary-access"} if secret in shown]


LOST = [{"status": 502, "body": ""}, {"body": requests.exceptions.ReadTimeout("slow")}]


@pytest.mark.parametrize("answer", LOST, ids=str)
def test_a_lost_answer_may_have_used_up_what_is_good_once(
    zendesk: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    zendesk.post(TOKENS, **answer)
    with pytest.raises(errors.Unavailable) as raised:
        grant("oauth_client", CLIENT)
    assert (raised.value.vendor, raised.value.operation, raised.value.retryable) == ("zendesk", "grant", True)
    for secrets in (CODE, REFRESH):
        with pytest.raises(errors.OutcomeUnknown):
            grant("oauth_code", secrets)


def test_no_secret_in_a_grants_repr(zendesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    zendesk.post(TOKENS, json=ANSWER)
    assert "canary" not in repr(grant("oauth_code", CODE)) + caplog.text


def test_where_a_browser_goes() -> None:
    url = vendor("zendesk").authorize_url(
        BASE, client_id="desk hand&x=1", redirect_uri="https://app.test/oauth/back?a=b", state="s&t"
    )
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "acme.zendesk.com", "/oauth/authorizations/new")
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["desk hand&x=1"],
        "redirect_uri": ["https://app.test/oauth/back?a=b"],
        "scope": ["read write"],
        "state": ["s&t"],
    }


def test_sign_ins() -> None:
    client, code, token = vendor("zendesk").sign_ins
    assert (client.kind, client.redirect, client.warning) == ("oauth_client", False, "")
    assert (code.kind, code.redirect) == ("oauth_code", True)
    assert token.kind == "api_token"
    assert "2027-04-30" in token.warning
    assert "no longer be made" in token.warning
    secret = {ask.name for sign_in in (client, code, token) for ask in sign_in.asks if ask.secret}
    assert secret == {"client_secret", "token"}


def test_an_exchange_ends_before_another_may_begin() -> None:
    longest_s = oauth.EXCHANGE_DEADLINE_S + TIMEOUT_S[1]
    assert longest_s < LOCK.total_seconds()
