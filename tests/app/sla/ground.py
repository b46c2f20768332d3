"""A tenant with people to tell, and a ticket whose first reply is late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.bootstrap import Deps
from connectors.defaults import load_sla
from connectors.store.config import SLA
from triage.sla.log import Event, FactsSet, PrioritySet, StatusSet
from triage.tickets import Priority, Status

REF = "1042"
PRIYA = {"name": "Priya Nair", "role": "lead", "email": "priya@desk.example", "time_zone": "Europe/Berlin"}


def with_people(deps: Deps, tenant: str = "acme") -> None:
    body: dict[str, Any] = dict(load_sla())
    body["escalation"] = {**body["escalation"], "people": {**body["escalation"]["people"], "priya": PRIYA}}
    deps.store.config.save(tenant, SLA, body, by="test", why="people", now=deps.now())


def opened(deps: Deps, at: datetime, *, ref: str = REF, tenant: str = "acme") -> None:
    keep(
        deps,
        StatusSet(at=at, status=Status.OPEN),
        PrioritySet(at=at, priority=Priority.P2),
        FactsSet(at=at, facts={}),
        ref=ref,
        tenant=tenant,
    )


def keep(deps: Deps, *events: Event, ref: str = REF, tenant: str = "acme") -> None:
    with deps.store.database.write() as connection:
        deps.store.ticket_log.append_in(connection, tenant, ref, events, now=deps.now())
