"""Names of tenants, and signing in through the browser with a signed state."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from app import install
from app.bootstrap import Deps
from app.install import ConnectFailed, ConnectRequest, redirects
from app.install.connecting import remember
from app.install.places import LONGEST_ID, tenant_id
from connectors.store.tenants import API_TOKEN
from tests.app.install_site import Site


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme.zendesk.com", "zendesk-acme"),
        ("http://127.0.0.1:8390", "zendesk-local-8390"),
        ("https://Acme-Europe.zendesk.com", "zendesk-acme-europe"),
    ],
)
def test_a_tenant_is_named_after_its_helpdesk(url: str, expected: str) -> None:
    assert tenant_id("zendesk", url) == expected


def test_a_long_name_fits_and_stays_different() -> None:
    names = {tenant_id("zendesk", f"https://{'a' * 50}{end}.zendesk.com") for end in "xy"}
    assert len(names) == 2
    assert all(len(name) <= 40 for name in names)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://a-b.zendesk.com", "https://a--b.zendesk.com"),
        ("http://127.0.0.1:8390", "https://local-8390.zendesk.com"),
        ("http://127.0.0.1:8390", "http://localhost:8390"),
    ],
)
def test_two_addresses_are_two_tenants_with_secrets_of_their_own(deps: Deps, first: str, second: str) -> None:
    tenants = deps.store.tenants
    names = [remember(deps, "zendesk", url, name=None, usual_name="Desk") for url in (first, second)]
    tenants.set_secret(names[0], API_TOKEN, "token-of-the-first")
    again = [remember(deps, "zendesk", url, name=None, usual_name="Desk") for url in (first, second)]
    assert again == names
    assert [tenants.connection(name).base_url for name in names] == [first, second]
    assert [tenants.connection(name).token for name in names] == ["token-of-the-first", ""]
    assert all(len(name) <= LONGEST_ID for name in names)


def redirected(desk: Site) -> ConnectRequest:
    return desk.request(sign_in="oauth_code", secrets={"client_id": "id-1", "client_secret": "hidden-1"})


def test_a_sign_in_through_the_browser_carries_no_secret(zendesk: Site) -> None:
    url, state = install.begin(zendesk.deps, redirected(zendesk), browser="session-1")
    assert url.startswith(zendesk.running.base_url)
    assert "hidden-1" not in url + state
    assert zendesk.deps.store.tenants.all() == []


@pytest.mark.parametrize(("browser", "spoil"), [("session-2", ""), ("session-1", "x")])
def test_a_state_of_somebody_else_is_refused(zendesk: Site, browser: str, spoil: str) -> None:
    _, state = install.begin(zendesk.deps, redirected(zendesk), browser="session-1")
    with pytest.raises(ConnectFailed):
        install.finish(zendesk.deps, state + spoil, "code", browser=browser)


def test_a_state_is_used_once_and_its_inputs_are_forgotten(zendesk: Site) -> None:
    _, state = install.begin(zendesk.deps, redirected(zendesk), browser="session-1")
    for _ in range(2):
        with pytest.raises(ConnectFailed):
            install.finish(zendesk.deps, state, "wrong-code", browser="session-1")
    tenant = tenant_id("zendesk", zendesk.running.base_url)
    assert zendesk.deps.store.tenants.secret(tenant, f"{redirects.PENDING}client_secret") is None


def test_an_admin_who_allows_it_in_the_browser_is_connected(zendesk: Site) -> None:
    asked = zendesk.request(sign_in="oauth_code", name="Fieldline")
    url, state = install.begin(zendesk.deps, asked, browser="session-1")
    fields = dict(parse_qsl(urlsplit(url).query))
    allowed = requests.post(
        f"{zendesk.running.base_url}/oauth/authorizations",
        data={**fields, "answer": "allow"},
        timeout=5,
        allow_redirects=False,
    )
    back = urlsplit(allowed.headers["Location"])
    assert back.path == install.REDIRECT_PATH
    brought = dict(parse_qsl(back.query))
    assert brought["state"] == state
    connected = install.finish(zendesk.deps, brought["state"], brought["code"], browser="session-1")
    assert zendesk.deps.store.tenants.summary(connected.tenant).name == "Fieldline"
    assert zendesk.bad(connected.tenant) == {}
    assert "refresh_token" in zendesk.deps.store.access.inputs(connected.tenant)


def test_a_sign_in_that_was_only_begun_renames_nobody(zendesk: Site) -> None:
    tenant = zendesk.connect(name="Support").tenant
    before = zendesk.connection(tenant)
    begun = replace(redirected(zendesk), name="Somebody else's")
    install.begin(zendesk.deps, begun, browser="session-1")
    assert zendesk.deps.store.tenants.summary(tenant).name == "Support"
    assert zendesk.connection(tenant) == before
