"""An installed app's requests on the real service: the panel token says whose, the helpdesk says who."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.sidebar_sessions import SESSION
from connectors import registry
from connectors.simulator.knobs import Knobs
from connectors.simulator.server import Running
from connectors.store import Store
from connectors.store.schema import tenant as table
from connectors.store.tenants import PANEL_TOKEN, UnknownTenant, hashed
from tests.app.test_sidebar import CUSTOMER, Office, connect, decision, settings_of, state
from tests.conftest import ToldClock, new_tenant

ANA = "ana.lind@fieldline.example"
TOKEN = "token-of-acme"


@pytest.fixture
def clock() -> ToldClock:
    return ToldClock(datetime.now(UTC))


@pytest.fixture
def acme(store: Store, clock: ToldClock) -> Iterator[Office]:
    with Running(knobs=Knobs().unlimited()) as running:
        office = connect(store, clock, running, "acme")
        store.tenants.set_panel_token("acme", "token-of-acme")
        yield office


@pytest.fixture
def client(store: Store, clock: ToldClock) -> FlaskClient:
    settings = settings_of(store)
    return create_app(settings, Deps(settings, store, clock)).test_client()


def ask(client: FlaskClient, path: str, agent: object, token: str = TOKEN, **more: object) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", "X-Deskhand-Agent": str(agent)}
    return client.open(f"/sidebar/panel/{path}", headers=headers, **more)  # type: ignore[arg-type]


def test_an_agent_reads_corrects_and_undoes(client: FlaskClient, acme: Office, clock: ToldClock) -> None:
    ref, ana = acme.ticket(), acme.person(ANA)
    acme.read(ref, decision())
    assert state(ask(client, ref, ana.id)) == "routed"
    body = {"category": "payment_problem"}
    assert state(ask(client, f"{ref}/correction", ana.id, method="POST", json=body)) == "corrected"
    [stored] = acme.corrections(ref)
    assert (stored.by_id, stored.by_name) == (str(ana.id), "Ana Lind")
    clock.forward(minutes=1)  # our share of the helpdesk's limit grows back with time
    assert state(ask(client, f"{ref}/undo", ana.id, method="POST", json={})) == "routed"


@pytest.mark.parametrize("token", ["token-of-globex", "", " ", "path-of-acme", hashed("token-of-acme"), "é"])
def test_another_token_opens_nothing(client: FlaskClient, acme: Office, token: str) -> None:
    answer = ask(client, acme.ticket(), acme.person(ANA).id, token)
    assert (answer.status_code, state(answer)) == (401, "unknown")


@pytest.mark.parametrize("agent", ["", "0x7", "7 ", "-1", "me", "../1", "7/../8", "１", "9" * 21, "999999999"])
def test_who_is_not_an_agent_of_the_helpdesk_reads_nothing(client: FlaskClient, acme: Office, agent: str) -> None:
    answer = client.get(
        f"/sidebar/panel/{acme.ticket()}",
        headers={"Authorization": "Bearer token-of-acme"},
        environ_overrides={"HTTP_X_DESKHAND_AGENT": agent.encode().decode("latin-1")},
    )
    assert (answer.status_code, state(answer)) == (401, "unknown")


def test_a_customers_id_reads_nothing(client: FlaskClient, acme: Office) -> None:
    ref = acme.ticket()
    answer = ask(client, ref, acme.person(CUSTOMER).id)
    assert (answer.status_code, state(answer)) == (401, "unknown")
    assert "Nadja" not in answer.text


def test_a_header_cannot_carry_another_one(client: FlaskClient, acme: Office) -> None:
    ref, ana = acme.ticket(), acme.person(ANA)
    for agent in (f"{ana.id}\r\nAuthorization: Bearer x", f"{ana.id}\n{ana.id}", f"{ana.id}, {ana.id}"):
        answer = client.get(
            f"/sidebar/panel/{ref}",
            headers={"Authorization": "Bearer token-of-acme"},
            environ_overrides={"HTTP_X_DESKHAND_AGENT": agent},
        )
        assert (answer.status_code, state(answer)) == (401, "unknown")


def test_a_ticket_of_another_helpdesk_is_not_there(
    client: FlaskClient, acme: Office, store: Store, clock: ToldClock
) -> None:
    with Running(knobs=Knobs().unlimited()) as running:
        globex = connect(store, clock, running, "globex")
        store.tenants.set_panel_token("globex", "token-of-globex")
        for _ in range(3):
            ref = globex.ticket("Only at Globex")
        globex.read(ref, decision())
        answer = ask(client, ref, acme.person(ANA).id)
        assert (answer.status_code, state(answer)) == (404, "missing")
        assert state(ask(client, ref, globex.person(ANA).id, "token-of-globex")) == "routed"


def test_the_agent_is_looked_up_once_in_a_while(client: FlaskClient, acme: Office, clock: ToldClock) -> None:
    ref, ana = acme.ticket(), acme.person(ANA)
    assert ask(client, ref, ana.id).status_code == 200
    del acme.running.simulator.state.users[ana.id]
    assert ask(client, ref, ana.id).status_code == 200
    clock.at += SESSION
    assert ask(client, ref, ana.id).status_code == 401


def test_one_helpdesks_agent_is_not_anothers(client: FlaskClient, acme: Office, store: Store, clock: ToldClock) -> None:
    """The remembered agents are kept apart by tenant."""
    ref, ana = acme.ticket(), acme.person(ANA)
    assert ask(client, ref, ana.id).status_code == 200
    with Running(knobs=Knobs().unlimited()) as running:
        globex = connect(store, clock, running, "globex")
        store.tenants.set_panel_token("globex", "token-of-globex")
        del running.simulator.state.users[globex.person(ANA).id]
        assert ask(client, globex.ticket(), ana.id, "token-of-globex").status_code == 401


def test_while_the_helpdesk_is_down_it_says_so_and_trusts_nobody_new(client: FlaskClient, acme: Office) -> None:
    ref = acme.ticket()
    acme.control("POST", "knobs", {"error_5xx_share": 1.0, "error_status": 503})
    answer = ask(client, ref, acme.person(ANA).id)
    assert (answer.status_code, state(answer)) == (503, "down")
    acme.control("POST", "knobs", {"error_5xx_share": 0.0})
    assert ask(client, ref, acme.person(ANA).id).status_code == 200


def test_a_disconnected_helpdesks_token_opens_nothing(client: FlaskClient, acme: Office, store: Store) -> None:
    with store.database.write() as connection:
        connection.execute(table.update().where(table.c.id == "acme").values(settings={"connected": False}))
    assert ask(client, acme.ticket(), acme.person(ANA).id).status_code == 401


@pytest.mark.parametrize(("email", "expected"), [(ANA, 200), (CUSTOMER, 401)])
def test_in_freshdesk_staff_read_and_customers_do_not(
    client: FlaskClient, store: Store, clock: ToldClock, email: str, expected: int
) -> None:
    with Running(vendor="freshdesk", knobs=Knobs(webhook_off=True).unlimited()) as running:
        desk = Office("acme", running, {}, store, clock)
        given = desk.control("GET", "credentials")
        tenant = new_tenant(vendor="freshdesk", base_url=running.base_url, origin=running.base_url, secrets={})
        store.tenants.add(tenant, webhook_token="path-of-acme", now=clock())
        store.tenants.set_panel_token("acme", TOKEN)
        kind, inputs = given["sign_in"], given["secrets"]
        grant = registry.vendor("freshdesk").grant(running.base_url, kind, inputs, now=clock())
        store.access.save("acme", kind, inputs, grant)
        assert ask(client, desk.ticket(), desk.person(email).id).status_code == expected


def test_a_new_token_ends_the_old_one_and_is_kept_sealed(store: Store, tenant: str) -> None:
    store.tenants.set_panel_token(tenant, "first")
    store.tenants.set_panel_token(tenant, "second")
    assert store.tenants.by_panel_token("second").tenant == tenant
    assert store.tenants.secret(tenant, PANEL_TOKEN) == "second"
    with pytest.raises(UnknownTenant):
        store.tenants.by_panel_token("first")
    assert "second" not in repr(store.tenants.by_panel_token("second"))


def test_a_tenant_without_a_token_has_no_door(store: Store, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("bare"), webhook_token="path-of-bare", now=clock())
    for token in ("", "None", "path-of-bare"):
        with pytest.raises(UnknownTenant):
            store.tenants.by_panel_token(token)
