"""The Connect pages over the real store, `app.install` and a simulated helpdesk of each vendor."""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import console, console_connect, create_app, install
from app.bootstrap import Deps
from app.passwords import hash_password
from app.settings import Settings
from connectors import registry
from connectors.installing import Finding, Health
from connectors.store import Store
from connectors.store.tenants import LIVE, MODE, PANEL_TOKEN, SHADOW, WEBHOOK_SECRET, WEBHOOK_TOKEN
from tests.app.install_site import Site, site, web
from tests.app.test_console import EVA, PASSWORD, decide, row, token
from tests.conftest import ToldClock, new_tenant
from triage.decisions import Outcome

HASH = hash_password(PASSWORD)
BASE = "/console/connect"
CANARY = "canary-5ecret"


@pytest.fixture
def deps(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deps]:
    """The install with its web process running: the helpdesk's events go there."""
    with web(store, tmp_path) as made:
        store.users.save(email=EVA, name="Eva Berg", password_hash=HASH, now=made.now())
        yield made


@pytest.fixture
def desk(deps: Deps) -> Iterator[Site]:
    with site(deps, "zendesk") as made:
        yield made


@pytest.fixture
def admin(deps: Deps) -> FlaskClient:
    return logged_in(deps)


def logged_in(deps: Deps) -> FlaskClient:
    client = create_app(deps.settings, deps).test_client()
    form = {"email": EVA, "password": PASSWORD, "csrf_token": token(client.get("/console/login"))}
    assert client.post("/console/login", data=form, headers=origin(deps)).status_code == 303
    return client


def origin(deps: Deps) -> dict[str, str]:
    return {"Origin": deps.settings.public_url}


def press(client: FlaskClient, deps: Deps, path: str, **form: str) -> TestResponse:
    known = {"csrf_token": token(client.get("/console/connect/new/zendesk"))}
    return client.post(f"{BASE}{path}", data=known | form, headers=origin(deps))


def fill_in(client: FlaskClient, desk: Site, **changes: str) -> TestResponse:
    asked = desk.request()
    secrets = {f"{asked.sign_in}.{name}": value for name, value in asked.secrets.items()}
    form = {"address": asked.address, "sign_in": asked.sign_in, **secrets}
    return press(client, desk.deps, f"/new/{desk.vendor}", **(form | changes))


def tenant_of(desk: Site) -> str:
    (summary,) = desk.deps.store.tenants.all()
    return summary.id


def marks(answer: TestResponse) -> dict[str, str]:
    found = re.findall(r'<li class="(\w+)"><div><h2>([^<]+)', answer.text)
    return {title: mark for mark, title in found if mark != "now"}


def find(desk: Site, check: str, health: Health = Health.BAD, detail: str = "It broke.") -> None:
    finding = Finding(check=check, health=health, state="Broken", detail=detail, fix="Mend it.", repairable=True)
    desk.deps.store.findings.save(tenant_of(desk), [finding], desk.deps.now())


def test_from_the_form_to_shadow_mode(admin: FlaskClient, desk: Site, caplog: pytest.LogCaptureFixture) -> None:
    asked = desk.request()
    with caplog.at_level(logging.DEBUG):
        answer = fill_in(admin, desk)
        assert answer.status_code == 200
        told = marks(answer)
    assert told["Events"] == told["Fields"] == told["Test event"] == "ok"
    tenant = tenant_of(desk)
    assert desk.deps.store.tenants.summary(tenant).settings[MODE] == SHADOW
    page = admin.get(f"{BASE}/{tenant}")
    assert marks(page)["Helpdesk address"] == marks(page)["Permission"] == "ok"
    assert row(page, "Address reachable")[1].endswith("ms")
    assert "decides and logs, writes nothing" in page.text
    secret = asked.secrets["client_secret"]
    stored = [desk.deps.store.tenants.secret(tenant, name) for name in (WEBHOOK_SECRET, WEBHOOK_TOKEN, "api_token")]
    for hidden in (secret, *filter(None, stored)):
        assert hidden not in answer.text + page.text + caplog.text + admin.get("/console/").text


def test_a_wrong_secret_stops_at_the_permission(
    admin: FlaskClient, desk: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = fill_in(admin, desk, **{"oauth_client.client_secret": CANARY})
    assert marks(answer)["Permission"] == "ko"
    assert "Connect again" in answer.text
    assert CANARY not in answer.text + caplog.text
    assert desk.deps.store.tenants.all() == []


def test_an_address_of_nobody_is_said_at_the_field(admin: FlaskClient, desk: Site) -> None:
    answer = fill_in(admin, desk, address="https://evil.example/")
    assert answer.status_code == 422
    assert 'id="address-wrong"' in answer.text


def test_signing_in_through_the_browser(admin: FlaskClient, desk: Site) -> None:
    given = desk.request()
    page = fill_in(
        admin,
        desk,
        sign_in="oauth_code",
        **{f"oauth_code.{name}": value for name, value in given.secrets.items()},
    )
    assert page.status_code == 200
    there = re.search(r'href="(http[^"]+/oauth/authorizations/new[^"]+)"', page.text)
    assert there
    asked = {name: value[0] for name, value in parse_qs(urlsplit(there[1].replace("&amp;", "&")).query).items()}
    assert given.secrets["client_secret"] not in page.text
    allowed = requests.post(
        f"{desk.running.base_url}/oauth/authorizations",
        data=asked | {"answer": "allow"},
        allow_redirects=False,
        timeout=5,
    )
    back = urlsplit(allowed.headers["Location"])
    assert back.path == install.REDIRECT_PATH
    stranger = logged_in(desk.deps).get(f"{back.path}?{back.query}")
    assert "begun in another browser" in stranger.text
    answer = admin.get(f"{back.path}?{back.query}")
    assert marks(answer)["Permission"] == "ok", answer.text
    assert tenant_of(desk)
    assert "finished before" in admin.get(f"{back.path}?{back.query}").text


def test_a_broken_part_is_found_and_mended_with_a_button(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    desk.running.simulator.face.hooks.triggers.clear()  # type: ignore[attr-defined]
    checked = press(admin, desk.deps, f"/{tenant}/check")
    sick = admin.get(checked.headers["Location"])
    assert marks(sick)["Events"] == "ko"
    assert '<span class="n bad">1<span' in sick.text
    assert "Needs you" in row(admin.get("/console/"), "Receiving events")[1]
    healed = press(admin, desk.deps, f"/{tenant}/mend")
    assert "Made the trigger" in healed.text
    assert marks(healed)["Events"] == "ok"
    assert '<span class="n bad">' not in admin.get("/console/").text


def test_a_test_event_that_failed_is_sent_again_after_mending(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    find(desk, "test_event")
    assert marks(admin.get(BASE))["Events"] == "ko"
    assert marks(press(admin, desk.deps, f"/{tenant_of(desk)}/mend"))["Events"] == "ok"


def test_missing_groups_are_made_on_request(admin: FlaskClient, desk: Site) -> None:
    state = desk.running.simulator.state
    state.groups.clear()
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    page = admin.get(f"{BASE}/{tenant}")
    assert marks(page)["Groups"] == "look"
    assert "Make the missing groups" in page.text
    assert marks(press(admin, desk.deps, f"/{tenant}/mend", make_groups="1"))["Groups"] == "ok"
    assert state.groups


def test_a_test_event_is_sent_and_awaited(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    answer = press(admin, desk.deps, f"/{tenant_of(desk)}/test")
    assert marks(answer) == {"Test event": "ok"}
    assert "signature right" in answer.text


def test_going_live_and_back_counts_what_was_decided(admin: FlaskClient, desk: Site, clock: ToldClock) -> None:
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    assert "no ticket yet" in admin.get(BASE).text
    assert "Shadow mode" in row(admin.get("/console/"), "Writing to the helpdesk")[1]
    assert "Nothing is written" in row(admin.get("/console/"), "Writing to the helpdesk")[0]
    press(admin, desk.deps, f"/{tenant}/mode", mode="live")
    assert desk.deps.store.tenants.summary(tenant).settings[MODE] == LIVE
    assert "Off: Deskhand decides and writes." in admin.get(BASE).text
    assert press(admin, desk.deps, f"/{tenant}/mode", mode="loud").status_code == 400
    press(admin, desk.deps, f"/{tenant}/mode", mode="shadow")
    assert desk.deps.store.tenants.summary(tenant).settings[MODE] == SHADOW


def test_the_overview_says_who_must_be_signed_in_again(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    name = desk.deps.store.tenants.summary(tenant).name
    desk.deps.store.access.mark_broken(tenant, "The token was revoked.", now=desk.deps.now())
    first = admin.get("/console/").text
    assert f"Reconnect {name}." in first
    assert f'href="{BASE}/{tenant}"' in first
    page = admin.get(BASE)
    assert marks(page)["Permission"] == "ko"
    assert "The token was revoked." in page.text
    assert f'href="{BASE}/new/zendesk?tenant={tenant}"' in page.text
    again = admin.get(f"{BASE}/new/zendesk?tenant={tenant}").text
    assert f'value="{desk.running.base_url}"' in again
    fill_in(admin, desk, tenant=tenant).get_data()
    assert "Reconnect" not in admin.get("/console/").text
    assert tenant_of(desk) == tenant


@pytest.mark.parametrize(
    ("check", "health", "said"),
    [
        ("gaps", Health.WARN, "were late."),
        ("webhook", Health.BAD, "do not reach us."),
        ("fields", Health.BAD, "Fields present: Broken."),
    ],
)
def test_the_overview_names_what_broke(admin: FlaskClient, desk: Site, check: str, health: Health, said: str) -> None:
    fill_in(admin, desk).get_data()
    assert said not in admin.get("/console/").text
    find(desk, check, health)
    first = admin.get("/console/").text
    assert said in first
    assert "It broke." in first
    assert ("Working." in first) is (health is Health.WARN)


def test_disconnecting_takes_away_what_was_made(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    asked = admin.get(f"{BASE}/{tenant}/disconnect")
    assert "What stays" in asked.text
    assert desk.running.simulator.face.hooks.webhooks  # type: ignore[attr-defined]
    gone = press(admin, desk.deps, f"/{tenant}/disconnect")
    assert "Removed the webhook" in gone.text
    assert not desk.running.simulator.face.hooks.webhooks  # type: ignore[attr-defined]
    assert "No helpdesk is connected yet." in admin.get(BASE).text
    assert "No helpdesk is connected." in admin.get("/console/").text
    for path in (f"/{tenant}", f"/{tenant}/package", f"/{tenant}/disconnect"):
        assert admin.get(f"{BASE}{path}").status_code == 404
    assert press(admin, desk.deps, f"/{tenant}/mode", mode="live").status_code == 404


def test_a_helpdesk_that_is_down_is_not_forgotten(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    tenant = tenant_of(desk)
    desk.running.stop()
    assert "Nothing was removed or forgotten here." in press(admin, desk.deps, f"/{tenant}/disconnect").text
    assert tenant_of(desk) == tenant
    press(admin, desk.deps, f"/{tenant}/check")
    assert marks(admin.get(BASE))["Helpdesk address"] == "ko"


def test_an_app_without_signed_pages_gets_values_for_its_settings(deps: Deps, admin: FlaskClient) -> None:
    with site(deps, "freshdesk") as desk:
        desk.make_by_hand()
        fill_in(admin, desk).get_data()
        tenant = tenant_of(desk)
        secrets = [deps.store.tenants.secret(tenant, name) for name in (PANEL_TOKEN, WEBHOOK_SECRET, WEBHOOK_TOKEN)]
        page = admin.get(BASE).text
        assert "Show the values for its settings" in page
        shown = press(admin, deps, f"/{tenant}/values")
        assert shown.headers["Cache-Control"] == "no-store"
        for value in secrets:
            assert value
            assert f'value="{value}"' in shown.text
            assert value not in page


@pytest.mark.parametrize("vendor", sorted(registry.VENDORS))
def test_the_app_is_made_for_a_public_address(vendor: str, store: Store, tmp_path: Path, clock: ToldClock) -> None:
    public = {"DESKHAND_VAR": str(tmp_path), "DESKHAND_PUBLIC_URL": "https://deskhand.fieldline.example"}
    store.tenants.add(new_tenant(vendor=vendor), webhook_token="path-token", now=clock())
    service = console.ConsoleService(Deps(Settings.from_env(public), store, clock))
    made = service.app_package("acme")
    assert made.content, made.problems
    names = zipfile.ZipFile(BytesIO(made.content)).namelist()
    assert "manifest.json" in names
    assert made.name == "deskhand-acme.zip"


def test_the_app_of_a_local_address_says_what_is_wrong(admin: FlaskClient, desk: Site) -> None:
    fill_in(admin, desk).get_data()
    answer = admin.get(f"{BASE}/{tenant_of(desk)}/package")
    assert answer.status_code == 409
    assert "DESKHAND_PUBLIC_URL" in answer.text
    assert "manifest.json" in answer.text


def test_shadow_decisions_are_counted_by_ticket(store: Store, tenant: str, clock: ToldClock) -> None:
    decide(store, clock, "1", Outcome.TRIAGED)
    assert store.decisions.shadow_outcomes(tenant) == {}
    for ref, outcome in (("2", Outcome.TRIAGED), ("2", Outcome.TRIAGED), ("3", Outcome.SENT_TO_HUMAN)):
        decide(store, clock, ref, outcome, shadow=True)
    assert store.decisions.shadow_outcomes(tenant) == {"triaged": 1, "sent_to_human": 1}
    assert store.decisions.shadow_outcomes("globex") == {}


def test_no_vendor_is_named_in_the_console() -> None:
    names = re.compile("|".join(registry.VENDORS), re.IGNORECASE)
    for module in (console, console_connect):
        assert not names.search(Path(str(module.__file__)).read_text(encoding="utf-8"))
