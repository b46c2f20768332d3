"""Nothing of ours is left, what was decided stays, and it can come back."""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app, install
from connectors.store.inbox import WEBHOOK
from connectors.store.tenants import WEBHOOK_TOKEN, UnknownTenant
from tests.app.install_site import Site, ours
from triage.events import EventKind, TicketEvent


def test_nothing_of_ours_is_left_after_disconnecting(desk: Site) -> None:
    tenant = desk.connect().tenant
    store = desk.deps.store
    event = TicketEvent(kind=EventKind.TICKET_CREATED, ticket_ref="1", dedup_key="waits")
    store.inbox.receive(tenant, WEBHOOK, event, now=desk.deps.now())
    address = store.tenants.secret(tenant, WEBHOOK_TOKEN)
    install.uninstall(desk.deps, tenant)
    assert ours(desk) == []
    assert store.tenants.all() == []
    assert desk.connection(tenant).token == ""
    assert desk.connection(tenant).webhook_secrets == ()
    assert store.deliveries.line(since=desk.deps.now().replace(year=2000)).waiting == 0
    client = create_app(desk.deps.settings, desk.deps).test_client()
    assert client.post(f"/webhooks/{desk.vendor}/{address}", data=b"{}").status_code == 404
    with pytest.raises(UnknownTenant):
        install.repair(desk.deps, tenant)


def test_a_disconnected_helpdesk_can_come_back(desk: Site) -> None:
    tenant = desk.connect().tenant
    install.uninstall(desk.deps, tenant)
    if desk.vendor == "freshdesk":
        desk.make_by_hand()
    assert desk.connect().tenant == tenant
    assert desk.bad(tenant, with_test_event=True) == {}


def test_what_another_install_made_is_left_alone(zendesk: Site) -> None:
    face: Any = zendesk.face
    other = face.hooks.new_webhook(name="Deskhand", endpoint="https://staging.example/webhooks/zendesk/abc")
    tenant = zendesk.connect().tenant
    assert zendesk.bad(tenant) == {}
    install.uninstall(zendesk.deps, tenant)
    assert list(face.hooks.webhooks) == [other.id]
