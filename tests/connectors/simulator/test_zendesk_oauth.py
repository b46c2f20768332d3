"""Access: the page that allows it, codes, rotation, expiry and revocation."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.simulator.state import utc_now

BACK = "https://app.example/oauth/back?tenant=7"
SCOPE = "tickets:read users:read"


class Access:
    """The helpdesk as an app in front of its admin sees it."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.secrets = desk.control("GET", "credentials")["secrets"]

    def allow(self, answer: str = "allow", **more: str) -> dict[str, str]:
        """Open the page, press a button, and give back what the browser brings along."""
        asked = {
            "response_type": "code", "client_id": self.secrets["client_id"], "redirect_uri": BACK, "scope": SCOPE,
            "state": "s-1", **more,
        }  # fmt: skip
        page = requests.get(f"{self.desk.url}/oauth/authorizations/new", params=asked, timeout=5)
        assert page.status_code == 200
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        form = {**hidden, "answer": answer}
        target = requests.post(
            f"{self.desk.url}/oauth/authorizations", data=form, allow_redirects=False, timeout=5
        ).headers["Location"]
        assert target.startswith(BACK)
        return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}

    def grant(self, **body: Any) -> requests.Response:
        return requests.post(f"{self.desk.url}/oauth/tokens", json={**self.secrets, **body}, timeout=5)

    def exchange(self, code: str, **more: Any) -> requests.Response:
        return self.grant(grant_type="authorization_code", **{"code": code, "redirect_uri": BACK, **more})

    def status(self, authorization: str, path: str = "users/me.json") -> int:
        headers = {"Authorization": authorization}
        return requests.get(f"{self.desk.url}/api/v2/{path}", headers=headers, timeout=5).status_code


@pytest.fixture
def access(desk: Any) -> Access:
    return Access(desk)


@pytest.fixture
def later(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the helpdesk's clock forward."""
    return lambda seconds: monkeypatch.setattr(
        desk.simulator.state, "now", lambda: utc_now() + timedelta(seconds=seconds)
    )


def test_an_admin_allows_access(access: Access) -> None:
    came_back = access.allow()
    assert came_back["state"] == "s-1"
    assert came_back["tenant"] == "7"
    answer = access.exchange(came_back["code"])
    assert answer.status_code == 201
    granted = answer.json()
    assert (granted["token_type"], granted["scope"]) == ("bearer", SCOPE)
    assert (granted["expires_in"], granted["refresh_token_expires_in"]) == (7_200, 2_592_000)
    bearer = f"Bearer {granted['access_token']}"
    assert (access.status(bearer), access.status(bearer, "groups.json")) == (200, 403)
    again = access.exchange(came_back["code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_an_admin_says_no(access: Access) -> None:
    came_back = access.allow("deny")
    assert (came_back["error"], came_back["state"]) == ("access_denied", "s-1")
    assert "code" not in came_back


def test_a_code_dies_after_two_minutes(access: Access, later: Callable[[float], None]) -> None:
    codes = [access.allow()["code"] for _ in range(2)]
    later(118)
    assert access.exchange(codes[0]).status_code == 201
    later(121)
    assert access.exchange(codes[1]).json()["error"] == "invalid_grant"


def test_a_code_belongs_to_its_address_and_challenge(access: Access) -> None:
    other = access.exchange(access.allow()["code"], redirect_uri="https://elsewhere.example/")
    assert other.json()["error"] == "invalid_grant"
    digest = hashlib.sha256(b"verifier").digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    for verifier, status in (("wrong", 400), ("verifier", 201)):
        code = access.allow(code_challenge=challenge, code_challenge_method="S256")["code"]
        assert access.exchange(code, code_verifier=verifier).status_code == status


@pytest.mark.parametrize(
    "wrong", [{"client_id": "other"}, {"redirect_uri": "javascript:alert(1)"}, {"response_type": "token"}]
)
def test_the_page_refuses_what_it_does_not_know(access: Access, wrong: dict[str, str]) -> None:
    asked = {"response_type": "code", "client_id": access.secrets["client_id"], "redirect_uri": BACK, **wrong}
    answer = requests.get(f"{access.desk.url}/oauth/authorizations/new", params=asked, timeout=5)
    assert answer.status_code == 400


def test_the_page_escapes_what_it_shows(access: Access) -> None:
    asked = {"response_type": "code", "client_id": access.secrets["client_id"], "redirect_uri": BACK}
    page = requests.get(
        f"{access.desk.url}/oauth/authorizations/new", params={**asked, "state": '"><script>'}, timeout=5
    )
    assert "<script>" not in page.text


def test_a_refresh_rotates_and_deletes_the_old_pair(access: Access) -> None:
    first = access.exchange(access.allow()["code"]).json()
    second = access.grant(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["scope"] == SCOPE
    assert access.status(f"Bearer {first['access_token']}") == 401
    assert access.status(f"Bearer {second['access_token']}") == 200
    reused = access.grant(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")


def test_tokens_and_refresh_tokens_expire(access: Access, later: Callable[[float], None]) -> None:
    granted = access.grant(grant_type="client_credentials", expires_in=301, refresh_token_expires_in=604_801).json()
    bearer = f"Bearer {granted['access_token']}"
    later(299)
    assert access.status(bearer) == 200
    later(302)
    assert access.status(bearer) == 401
    later(604_802)
    late = access.grant(grant_type="refresh_token", refresh_token=granted["refresh_token"])
    assert late.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("body", [{"expires_in": 300}, {"expires_in": "soon"}, {"refresh_token_expires_in": 60}])
def test_a_life_outside_its_bounds_is_refused(access: Access, body: dict[str, Any]) -> None:
    answer = access.grant(grant_type="client_credentials", **body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_wrong_secret_gets_nothing(access: Access) -> None:
    answer = access.grant(grant_type="client_credentials", client_secret="no")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_user_sees_and_revokes_their_own_tokens(access: Access) -> None:
    mine = access.desk.connection["oauth_token"]
    other = access.grant(grant_type="client_credentials").json()["access_token"]
    listed = access.desk.api("GET", "oauth/tokens.json").json()["tokens"]
    (number,) = (row["id"] for row in listed if row["token"] == other[:10])
    assert all(other not in str(row) for row in listed)
    agents = access.desk.simulator.face.agent_token(access.desk.simulator.state.user_by_email("ana@desk.example").id)
    foreign = requests.delete(
        f"{access.desk.url}/api/v2/oauth/tokens/{number}", headers={"Authorization": agents}, timeout=5
    )
    assert foreign.status_code == 404
    assert access.desk.api("DELETE", f"oauth/tokens/{number}.json").status_code == 204
    assert (access.status(f"Bearer {other}"), access.status(f"Bearer {mine}")) == (401, 200)
    assert access.desk.api("DELETE", "oauth/tokens/current").status_code == 204
    assert access.status(f"Bearer {mine}") == 401


def test_a_revocation_ends_everything_but_the_client(access: Access) -> None:
    legacy = access.desk.control("GET", "credentials")["legacy"]
    pair = f"{legacy['email']}/token:{legacy['api_token']}".encode()
    basic = "Basic " + base64.b64encode(pair).decode()
    code = access.allow()["code"]
    granted = access.exchange(access.allow()["code"]).json()
    assert access.status(basic) == 200
    access.desk.control("POST", "revoke")
    bearers = [access.desk.connection["oauth_token"], granted["access_token"]]
    assert [access.status(f"Bearer {each}") for each in bearers] == [401, 401]
    assert access.status(basic) == 401
    assert access.grant(grant_type="refresh_token", refresh_token=granted["refresh_token"]).status_code == 400
    assert access.exchange(code).status_code == 400
    again = access.grant(grant_type="client_credentials").json()["access_token"]
    assert access.status(f"Bearer {again}") == 200


def test_credentials_say_what_an_admin_types(access: Access) -> None:
    access.desk.knobs(help_center_per_minute=200, exports_per_minute=30)
    told = access.desk.control("GET", "credentials")
    assert (told["address"], told["sign_in"]) == (access.desk.url, "oauth_client")
    assert told["limits"] == {"requests": 700, "updates": 100, "exports": 30, "search": 100, "help_center": 200}
    app = {name: access.desk.connection[name] for name in ("app_id", "installation_id")}
    assert told["app"] == app
