"""From credentials to events, step by step; every failure says what happened and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from app import install
from app.install import ConnectFailed, StepState
from connectors.errors import Unavailable
from connectors.installing import CHECKS, Health
from connectors.store.tenants import LIVE, MODE, SHADOW, WEBHOOK_SECRET, WEBHOOK_TOKEN, UnknownTenant
from tests.app.install_site import WAIT_S, Site, ours


def test_a_helpdesk_is_connected_in_one_go_and_starts_in_shadow(desk: Site) -> None:
    told: list[tuple[str, StepState]] = []
    connected = install.connect(
        desk.deps, desk.request(), progress=lambda step: told.append((step.key, step.state)), wait_s=WAIT_S
    )
    order = ["address", "permission", "events", "fields", "groups", "test_event", "sidebar", "mode"]
    assert [step.key for step in connected.steps] == order
    assert {step.key for step in connected.steps if step.state is StepState.FAILED} == set()
    assert told[0] == ("address", StepState.RUNNING)
    assert connected.tenant.startswith(f"{desk.vendor}-local-")
    connection = desk.connection(connected.tenant)
    assert connection.settings[MODE] == SHADOW
    assert connection.actor_id == str(desk.running.simulator.state.integration_user_id)
    assert set(connection.fields) == {"category", "product_area"}
    assert {"Front desk", "Billing", "Data"} == set(connection.groups)
    assert desk.bad(connected.tenant) == {}


def test_connecting_twice_makes_nothing_twice_and_keeps_the_mode(desk: Site) -> None:
    first = desk.connect(mode=LIVE)
    standing = sorted(ours(desk))
    address = desk.deps.store.tenants.secret(first.tenant, WEBHOOK_TOKEN)
    again = desk.connect()
    assert again.tenant == first.tenant
    assert next(step.detail for step in again.steps if step.key == "events") == "Everything was there."
    assert sorted(ours(desk)) == standing
    assert desk.deps.store.tenants.secret(first.tenant, WEBHOOK_TOKEN) == address
    assert desk.connection(first.tenant).settings[MODE] == LIVE
    assert len(desk.deps.store.tenants.all()) == 1


def test_events_of_a_connected_helpdesk_arrive(desk: Site) -> None:
    tenant = desk.connect().tenant
    state = desk.running.simulator.state
    answer = requests.post(
        f"{desk.running.base_url}/_sim/tickets", json={"requester": "kim@acme.example", "subject": "Help"}, timeout=5
    )
    assert desk.running.simulator.face.wait_idle(5)
    ref = str(answer.json()["id"])
    rows = [desk.deps.store.deliveries.show(row.id) for row in desk.deps.store.deliveries.newest(limit=50)]
    assert [row["ticket_ref"] for row in rows if row["kind"] == "ticket_created"] == [ref]
    assert {row["tenant"] for row in rows} == {tenant}
    assert len(state.tickets) == 1


def test_two_helpdesks_work_side_by_side(zendesk: Site, freshdesk: Site) -> None:
    freshdesk.make_by_hand()
    seen = {}
    for desk in (zendesk, freshdesk):
        tenant = desk.connect().tenant
        body = {"requester": "kim@acme.example", "subject": "Help"}
        requests.post(f"{desk.running.base_url}/_sim/tickets", json=body, timeout=5).raise_for_status()
        assert desk.running.simulator.face.wait_idle(5)
        seen[tenant] = desk.vendor
    assert sorted(each.vendor for each in zendesk.deps.store.tenants.all()) == ["freshdesk", "zendesk"]
    rows = [zendesk.deps.store.deliveries.show(row.id) for row in zendesk.deps.store.deliveries.newest(limit=50)]
    created = [row["tenant"] for row in rows if row["kind"] == "ticket_created"]
    assert sorted(created) == sorted(seen)


def test_wrong_credentials_stop_at_permission_and_leave_nothing(desk: Site) -> None:
    secrets = dict.fromkeys(desk.request().secrets, "wrong")
    with pytest.raises(ConnectFailed) as failed:
        desk.connect(secrets=secrets)
    assert failed.value.step.key == "permission"
    assert failed.value.step.fix
    assert desk.deps.store.tenants.all() == []


@pytest.mark.parametrize("address", ["https://evil.example", "not an address", "http://10.0.0.1:80"])
def test_a_strange_address_stops_at_once(zendesk: Site, address: str) -> None:
    with pytest.raises(ConnectFailed) as failed:
        zendesk.connect(address=address)
    assert failed.value.step.key == "address"


def test_a_helpdesk_that_is_away_is_a_finding_and_the_rest_waits(desk: Site) -> None:
    tenant = desk.connect().tenant
    desk.running.stop()
    found = {each.check: each for each in install.diagnose(desk.deps, tenant)}
    assert found["address"].health is Health.BAD
    assert found["webhook"].state == "Not checked"
    assert [each for each in CHECKS if each in found] == list(found)
    with pytest.raises(Unavailable):
        install.uninstall(desk.deps, tenant)
    assert desk.connection(tenant).token


def test_a_key_that_cannot_be_renewed_is_told(freshdesk: Site) -> None:
    freshdesk.make_by_hand()
    tenant = freshdesk.connect().tenant
    face: Any = freshdesk.face
    face.revoke()
    found = {each.check: each for each in install.diagnose(freshdesk.deps, tenant)}
    assert found["permission"].health is Health.BAD
    assert found["fields"].state == "Not checked"
    lines = install.uninstall(freshdesk.deps, tenant)
    assert "by hand" in lines[0]


def test_a_right_that_is_missing_is_named(zendesk: Site) -> None:
    state = zendesk.running.simulator.state
    user = state.users[state.integration_user_id]
    state.put(state.users, replace(user, role="agent"))
    with pytest.raises(ConnectFailed, match="administrator") as failed:
        zendesk.connect()
    assert failed.value.step.key == "events"
    assert zendesk.deps.store.tenants.all() == []
    state.put(state.users, user)
    assert zendesk.connect().tenant


def test_a_group_that_is_missing_is_made_when_asked(desk: Site) -> None:
    before = desk.connect()
    assert next(step for step in before.steps if step.key == "groups").state is StepState.WARN
    after = desk.connect(make_groups=True)
    assert next(step for step in after.steps if step.key == "groups").state is StepState.DONE
    assert "Identity" in desk.connection(after.tenant).groups


def test_a_rule_that_nobody_can_spell_is_asked_of_a_person(freshdesk: Site) -> None:
    connected = freshdesk.connect()
    step = next(step for step in connected.steps if step.key == "events")
    assert step.state is StepState.FAILED
    assert "Deskhand template" in step.fix
    assert "{{ticket.id}}" in step.fix
    secret = freshdesk.deps.store.tenants.secret(connected.tenant, WEBHOOK_SECRET)
    assert secret
    assert secret not in repr(connected)
    assert freshdesk.bad(connected.tenant)["webhook"].state == "Needs you"


def test_an_agent_who_looks_like_a_person_is_told(freshdesk: Site) -> None:
    freshdesk.make_by_hand()
    state = freshdesk.running.simulator.state
    user = state.users[state.integration_user_id]
    state.put(state.users, replace(user, name="Clark Kent", email="clark@desk.example"))
    found = {each.check: each for each in freshdesk.connect().findings}
    assert found["scopes"].health is Health.WARN


def test_the_mode_is_switched(desk: Site) -> None:
    tenant = desk.connect().tenant
    install.set_mode(desk.deps, tenant, LIVE)
    assert desk.connection(tenant).settings[MODE] == LIVE
    with pytest.raises(ValueError, match="mode"):
        install.set_mode(desk.deps, tenant, "loud")
    with pytest.raises(UnknownTenant):
        install.set_mode(desk.deps, "nobody", LIVE)
