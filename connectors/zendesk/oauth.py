"""Access to a Zendesk account: the token requests, the one exchange that sends them, and what comes back.

https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from requests.models import PreparedRequest

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Rejected, Unavailable
from connectors.http import build_session
from connectors.installing import Grant
from connectors.zendesk.answers import flatten
from connectors.zendesk.features import API_TOKEN, OAUTH_CLIENT, OAUTH_CODE, SCOPES, SIGN_INS
from connectors.zendesk.session import TIMEOUT_S

VERB = "grant"
# One text with spaces: a list as scope gives a token that is then refused everywhere.
SCOPE = " ".join(SCOPES)
# Zendesk takes 300 to 172,800 s for the one and 604,800 to 7,776,000 s for the other, bounds excluded.
ACCESS_LIFE = timedelta(days=1)
REFRESH_LIFE = timedelta(days=60)
EXCHANGE_DEADLINE_S = 15.0
"""An answer that drips must end before another process may use the same refresh token: see `store.access.LOCK`."""

AGAIN = {
    "client_credentials": "Check the identifier and the secret under Admin Center > Apps and integrations > APIs > "
    "OAuth clients, and that the client is confidential.",
    "authorization_code": "A code is valid for 2 minutes and once: sign in with Zendesk again. If that does not help, "
    "check the client's identifier, secret and redirect URL.",
    "refresh_token": "Connect the account again: a refresh token is valid once and for 60 days.",
}
EMAIL = re.compile(r"[^\s:/@]+@[^\s:/@]+\.[^\s:/@]+")


def authorize_url(base_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
    """Where an admin allows access. Pure.

    Source: https://support.zendesk.com/hc/en-us/articles/4408845965210 (send the user to the authorization page)
    """
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
    }
    return f"{base_url.rstrip('/')}/oauth/authorizations/new?{urlencode(query)}"


def grant(base_url: str, kind: str, secrets: Mapping[str, str], *, now: datetime) -> Grant:
    """See `connectors.base.Vendor.grant`. A refresh gives two new tokens and ends both old ones."""
    if kind == API_TOKEN:
        return _from_api_token(secrets, now)
    body = token_request(kind, secrets)
    answer = _exchange(base_url, body)
    return _read(answer, body, now)


def token_request(kind: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    """The body of `POST /oauth/tokens`. Pure; raises `Rejected` naming what is missing."""
    body: dict[str, Any] = {
        "client_id": _given(kind, secrets, "client_id"),
        "client_secret": _given(kind, secrets, "client_secret"),
        "scope": SCOPE,
        "expires_in": int(ACCESS_LIFE.total_seconds()),
    }
    if kind == OAUTH_CLIENT:
        return body | {"grant_type": "client_credentials"}
    if kind != OAUTH_CODE:
        raise Rejected(f"there is no sign-in {kind!r}", vendor="zendesk", operation=VERB)
    body["refresh_token_expires_in"] = int(REFRESH_LIFE.total_seconds())
    if secrets.get("refresh_token"):
        return body | {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]}
    code, redirect_uri = _given(kind, secrets, "code"), _given(kind, secrets, "redirect_uri")
    return body | {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}


def _from_api_token(secrets: Mapping[str, str], now: datetime) -> Grant:
    email = _given(API_TOKEN, secrets, "email").removesuffix("/token")
    if not EMAIL.fullmatch(email):
        raise _missing("email", "The email address is not one.")
    token = _given(API_TOKEN, secrets, "token")
    return Grant(access_token=f"{email}/token:{token}", scheme="basic", issued_at=now)


def _exchange(base_url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """One POST without credentials in its header: those travel in the body."""
    session = build_session(
        authorization=lambda: "", timeout_s=TIMEOUT_S, origin=base_url, deadline_s=EXCHANGE_DEADLINE_S
    )
    with session:
        session.auth = _NoHeader()
        try:
            answer = session.post(f"{base_url.rstrip('/')}/oauth/tokens", json=body)
        except OutcomeUnknown as error:
            if body["grant_type"] != "client_credentials":
                raise _named(error) from error.__cause__
            # One token more or less does no harm, so asking again is safe.
            raise _named(Unavailable(str(error), status=error.status)) from error.__cause__
        except ConnectorError as error:
            raise _named(error) from error.__cause__
        found = _object(answer)
        if answer.status_code >= 300:
            raise _refusal(answer, found, body)
        return found


def _named(error: ConnectorError) -> ConnectorError:
    error.vendor, error.operation = "zendesk", VERB
    return error


def _read(answer: Mapping[str, Any], asked: Mapping[str, Any], now: datetime) -> Grant:
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        # The text of the answer may hold tokens, so none of it is quoted.
        raise Unavailable("Zendesk's answer holds no access token", vendor="zendesk", operation=VERB)
    life_s = answer.get("expires_in")
    if not isinstance(life_s, (int, float)) or isinstance(life_s, bool) or life_s <= 0:
        life_s = asked["expires_in"]
    refresh = answer.get("refresh_token") if asked["grant_type"] != "client_credentials" else None
    scope = answer.get("scope")
    return Grant(
        access_token=access,
        scheme="bearer",
        issued_at=now,
        expires_at=now + timedelta(seconds=life_s),
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
    )


def _refusal(answer: requests.Response, found: Mapping[str, Any], body: Mapping[str, Any]) -> ConnectorError:
    """`AuthFailed` with Zendesk's words, rid of everything secret that it may have repeated, and what to do next."""
    said = "; ".join(text for text in flatten(found).values()) or answer.reason or "no explanation"
    for name in ("client_secret", "code", "refresh_token"):
        if name in body:
            said = said.replace(body[name], "[hidden]")
    status = answer.status_code
    if status == 404:
        said, advice = "there is no such account", "Check the address."
    elif found.get("error") == "invalid_client":
        advice = AGAIN["client_credentials"]
    else:
        advice = AGAIN[body["grant_type"]]
    message = f"Zendesk gives no access ({status}): {said}. {advice}"
    return AuthFailed(message, vendor="zendesk", operation=VERB, status=status)


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _given(kind: str, secrets: Mapping[str, str], name: str) -> str:
    value = (secrets.get(name) or "").strip()
    if not value:
        labels = {ask.name: ask.label for sign_in in SIGN_INS if sign_in.kind == kind for ask in sign_in.asks}
        raise _missing(name, f"{labels.get(name, name)} is missing.")
    return value


def _missing(name: str, text: str) -> Rejected:
    return Rejected(text, details={name: text}, vendor="zendesk", operation=VERB)


class _NoHeader(requests.auth.AuthBase):
    """Keeps `requests` from looking for a login of its own, in a .netrc file say."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request
