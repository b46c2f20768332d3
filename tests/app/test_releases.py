"""Releases of the tenant's own product, as programs and code hosts tell of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.intake_auth import signature
from app.settings import Settings
from app.sla.links import pager_hook, release_hook
from connectors.store import Store
from connectors.store.api_keys import OpenKey
from connectors.store.tenants import RELEASE_SECRETS
from tests.conftest import ToldClock, new_tenant

SECRET = "release-secret-1"
NOTES = "## Changes\n\n- **Renamed:** Settings > API is now Settings > Developers.\n"
RELEASE: dict[str, Any] = {"version": "4.6", "notes": NOTES}
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    for name in RELEASE_SECRETS.values():
        store.tenants.set_secret(tenant, name, SECRET)
    return Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)


@pytest.fixture
def client(deps: Deps) -> FlaskClient:
    return create_app(deps.settings, deps).test_client()


@pytest.fixture
def key(store: Store, tenant: str, clock: ToldClock) -> OpenKey:
    return store.api_keys.add(tenant, "release train", now=clock())


def headers(key: OpenKey, content: bytes, clock: ToldClock) -> dict[str, str]:
    stamp = str(int(clock().timestamp()))
    return {
        "X-Deskhand-Key": key.id,
        "X-Deskhand-Timestamp": stamp,
        "X-Deskhand-Signature": signature(key.secret, stamp, content),
    }


def send(client: FlaskClient, key: OpenKey, clock: ToldClock, **changes: Any) -> TestResponse:
    body = json.dumps(RELEASE | changes).encode()
    return client.post("/api/releases", data=body, headers=headers(key, body, clock), content_type="application/json")


def look(client: FlaskClient, key: OpenKey, clock: ToldClock, path: str) -> TestResponse:
    return client.get(path, headers=headers(key, path.encode(), clock))


def test_a_release_is_kept_and_says_what_comes_of_it(
    client: FlaskClient, key: OpenKey, store: Store, clock: ToldClock
) -> None:
    more = {"title": "Autumn", "product_areas": ["api", "identity"], "released_at": "2026-11-16T10:00:00+01:00"}
    answer = send(client, key, clock, url="https://example.com/4.6", **more)
    [kept] = store.releases.waiting("acme")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/releases/{kept.id}")
    assert answer.get_json()["reviews"] is None
    assert "within seconds" in answer.get_json()["next"]
    assert (kept.version, kept.title, kept.product_areas, kept.notes) == ("4.6", "Autumn", ("api", "identity"), NOTES)
    assert (kept.source, kept.url, kept.released_at, kept.read_at) == ("api", "https://example.com/4.6", AT, None)
    with store.database.write() as transaction:
        assert store.releases.read_in(transaction, "acme", kept, now=clock())
    told = look(client, key, clock, f"/api/releases/{kept.id}").get_json()
    assert told == {"id": kept.id, "version": "4.6", "reviews": {"opened": 0, "open": 0}}


def test_notes_that_change_nothing_are_said_to_open_nothing(
    client: FlaskClient, key: OpenKey, clock: ToldClock
) -> None:
    assert "no review" in send(client, key, clock, notes="").get_json()["next"]


def test_what_cannot_be_taken_is_named_all_at_once(
    client: FlaskClient, key: OpenKey, store: Store, clock: ToldClock
) -> None:
    answer = send(
        client, key, clock, version=" ", product_areas=["sso"], url="javascript:1", released_at="2026-11-16", who="me"
    )
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["code"] == "not_a_release"
    assert {each["place"] for each in error["problems"]} == {
        "version",
        "product_areas.0",
        "url",
        "released_at",
        "who",
    }
    assert any("There are: platform, identity" in each["problem"] for each in error["problems"])
    assert store.releases.all("acme") == []


def test_only_the_keys_own_releases_are_seen(client: FlaskClient, key: OpenKey, store: Store, clock: ToldClock) -> None:
    theirs = store.releases.add("other", "4.6", notes=NOTES, source="api", now=clock())
    for number in (str(theirs.id), "0", "9" * 30):
        answer = look(client, key, clock, f"/api/releases/{number}")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")
    body = json.dumps(RELEASE).encode()
    forged = headers(key, b"other", clock)
    answer = client.post("/api/releases", data=body, headers=forged, content_type="application/json")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "bad_signature")
    assert client.post("/api/releases", data=body, headers=headers(key, body, clock)).status_code == 415


def github(action: str = "published", **changes: Any) -> bytes:
    release = {
        "tag_name": "v4.6",
        "name": "Autumn",
        "body": NOTES,
        "draft": False,
        "prerelease": False,
        "html_url": "https://code.example/acme/app/releases/tag/v4.6",
        "published_at": "2026-11-16T09:00:00Z",
    }
    return json.dumps({"action": action, "release": release | changes, "repository": {"name": "app"}}).encode()


def gitlab(action: str = "create", **changes: Any) -> bytes:
    told = {
        "object_kind": "release",
        "action": action,
        "tag": "v4.6",
        "name": "Autumn",
        "description": NOTES,
        "url": "https://code.example/acme/app/-/releases/v4.6",
        "released_at": "2026-11-16 09:00:00 UTC",
    }
    return json.dumps(told | changes).encode()


def signed(source: str, body: bytes, secret: str = SECRET, event: str = "release") -> dict[str, str]:
    if source == "gitlab":
        return {"X-Gitlab-Token": secret, "X-Gitlab-Event": "Release Hook"}
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={made}"}


def hook(
    client: FlaskClient, deps: Deps, source: str, body: bytes, headers: dict[str, str] | None = None, **more: Any
) -> TestResponse:
    path = release_hook(deps, more.pop("tenant", "acme"), source).removeprefix(deps.settings.public_url)
    kind = more.pop("content_type", "application/json")
    return client.post(
        path, data=body, headers=signed(source, body, **more) if headers is None else headers, content_type=kind
    )


@pytest.mark.parametrize(("source", "told"), [("github", github), ("gitlab", gitlab)])
def test_a_published_release_is_kept_once(
    client: FlaskClient, deps: Deps, clock: ToldClock, source: str, told: Any
) -> None:
    assert hook(client, deps, source, told()).status_code == 200
    [first] = deps.store.releases.all("acme")
    assert (first.version, first.title, first.notes, first.product_areas) == ("4.6", "Autumn", NOTES, ())
    assert (first.source, first.released_at) == (source, AT)
    assert first.url is not None
    with deps.store.database.write() as transaction:
        deps.store.releases.read_in(transaction, "acme", first, now=clock())
    clock.forward(minutes=5)
    assert hook(client, deps, source, told()).status_code == 200
    [again] = deps.store.releases.all("acme")
    assert again.read_at is not None
    assert again.received_at == first.received_at
    assert deps.store.releases.all("other") == []


def test_a_code_hosts_form_is_read_too(client: FlaskClient, deps: Deps) -> None:
    body = urlencode({"payload": github().decode()}).encode()
    assert hook(client, deps, "github", body, content_type="application/x-www-form-urlencoded").status_code == 200
    assert [each.version for each in deps.store.releases.all("acme")] == ["4.6"]


@pytest.mark.parametrize(
    ("source", "body", "event"),
    [
        ("github", b'{"zen": "Design for failure.", "hook_id": 1}', "ping"),
        ("github", b'{"ref": "refs/heads/main"}', "push"),
        ("github", github("edited"), "release"),
        ("github", github("deleted"), "release"),
        ("github", github(draft=True), "release"),
        ("github", github(prerelease=True), "release"),
        ("gitlab", gitlab("update"), ""),
        ("gitlab", gitlab("delete"), ""),
        ("gitlab", b'{"object_kind": "push"}', ""),
    ],
)
def test_what_publishes_nothing_is_ignored(
    client: FlaskClient, deps: Deps, source: str, body: bytes, event: str
) -> None:
    assert hook(client, deps, source, body, event=event).status_code == 200
    assert deps.store.releases.all("acme") == []


def test_a_pre_release_that_became_a_release_is_kept(client: FlaskClient, deps: Deps) -> None:
    assert hook(client, deps, "github", github("released")).status_code == 200
    assert [each.version for each in deps.store.releases.all("acme")] == ["4.6"]


@pytest.mark.parametrize(("source", "told"), [("github", github), ("gitlab", gitlab)])
def test_nobody_elses_call_is_taken(client: FlaskClient, deps: Deps, source: str, told: Any) -> None:
    body = told()
    assert hook(client, deps, source, body, secret="another").status_code == 401
    assert hook(client, deps, source, body, headers={}).status_code == 401
    changed = signed(source, told(name="Winter"))
    if source == "github":
        assert hook(client, deps, source, body, headers=changed).status_code == 401
    assert hook(client, deps, source, body, tenant="other").status_code == 404, "no secret is set"
    other = pager_hook(deps, "acme").rpartition("/")[2]
    assert client.post(f"/webhooks/releases/{source}/{other}", data=body).status_code == 404
    assert client.post("/webhooks/releases/bitbucket/x", data=body).status_code == 404
    assert deps.store.releases.all("acme") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        github(tag_name=None),
        github(body=7),
        github(published_at="x"),
    ],
)
def test_what_cannot_be_read_is_refused(client: FlaskClient, deps: Deps, body: bytes) -> None:
    answer = hook(client, deps, "github", body)
    assert (answer.status_code, b"cannot be read" in answer.data) == (400, True)
    if body != github(body=7):
        assert hook(client, deps, "gitlab", body.replace(b"release", b"r")).status_code == 400
