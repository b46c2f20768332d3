"""The sidebar's signed token, checked as the app would check it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests


def test_token_verifies_against_the_served_key(desk: Any) -> None:
    number = desk.arrive()
    launch = requests.post(f"{desk.url}/agent/tickets/{number}/sidebar", json={"theme": "dark"}, timeout=5).json()
    key = desk.api("GET", f"apps/{desk.connection['app_id']}/public_key.pem").text
    audience = f"{desk.url}/api/v2/apps/installations/{desk.connection['installation_id']}.json"
    claims = jwt.decode(launch["fields"]["token"], key, algorithms=["RS256"], audience=audience)
    assert claims["iss"] == urlsplit(desk.url).netloc
    assert claims["sub"].startswith(f"{desk.url}/api/v2/users/")
    assert 60 <= claims["exp"] - claims["iat"] <= 300
    query = parse_qs(urlsplit(launch["action"]).query)
    assert query["origin"] == [desk.url]
    assert query["colorScheme"] == ["dark"]
    assert query["app_guid"] == [launch["appGuid"]]
    again = requests.post(f"{desk.url}/agent/tickets/{number}/sidebar", json={}, timeout=5).json()
    assert jwt.decode(again["fields"]["token"], key, algorithms=["RS256"], audience=audience)["jti"] != claims["jti"]


def test_installations_and_workspace_headers(desk: Any) -> None:
    (installation,) = desk.api("GET", "apps/installations.json").json()["installations"]
    assert str(installation["id"]) == desk.connection["installation_id"]
    page = requests.get(f"{desk.url}/agent", timeout=5)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-src 'self' http://127.0.0.1:5000;" in policy
    assert "style=" not in page.text
    other = requests.get(f"{desk.url.replace('127.0.0.1', 'localhost')}/agent", timeout=5, allow_redirects=False)
    assert other.headers["Location"] == f"{desk.url}/agent"
