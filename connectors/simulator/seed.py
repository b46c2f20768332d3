"""The invented company: customers, agents, one day of tickets and what `seed_desk` adds, from `seed/*.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from connectors.simulator.records import Group, Organization, OrganizationField, TicketField
from connectors.simulator.seed_desk import add_category, add_policy, add_schedule
from connectors.simulator.state import HelpdeskState

FOLDER = Path(__file__).parent / "seed"
ORGANIZATION_FIELDS = {
    "tier": ("Tier", "text"),
    "seats": ("Seats", "integer"),
    "seats_used": ("Seats used", "integer"),
    "arr": ("Yearly value", "decimal"),
    "currency": ("Currency", "text"),
    "renewal_on": ("Renewal", "date"),
    "owner": ("Account owner", "text"),
}
TICKET_FIELDS = {"category": "Category", "product_area": "Product area"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTicket:
    """One ticket of the day; `kind` is the careful human's answer, for measuring only."""

    requester: str
    channel: str
    subject: str
    body: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What the files held: `people` maps a person's key to the user's id."""

    tickets: tuple[SeedTicket, ...]
    people: dict[str, int]

    def day(self, count: int) -> Iterator[tuple[SeedTicket, int]]:
        """`count` tickets with the round each belongs to: beyond the last, the day starts again."""
        for number in range(count if self.tickets else 0):
            yield self.tickets[number % len(self.tickets)], number // len(self.tickets)


def load(state: HelpdeskState, folder: Path = FOLDER) -> Seed:
    """Fill `state` from the folder's files, as far as they are there, and the fields every helpdesk here has."""
    install_fields(state)
    people: dict[str, int] = {}
    for entry in _read(folder / "agents.yaml"):
        _add_agent(state, entry)
    for entry in _read(folder / "customers.yaml"):
        people |= _add_customer(state, entry)
    for name, add in (("help", add_category), ("schedules", add_schedule), ("policies", add_policy)):
        for entry in _read(folder / f"{name}.yaml"):
            add(state, entry)
    tickets = tuple(
        SeedTicket(
            requester=entry["requester"],
            channel=entry["channel"],
            subject=entry["subject"],
            body=entry["body"].strip(),
            kind=entry.get("kind") or "",
        )
        for entry in _read(folder / "tickets.yaml")
    )
    return Seed(tickets=tickets, people=people)


def install_fields(state: HelpdeskState) -> None:
    """The integration's own user, two drop-downs and the organization fields."""
    at = state.second()
    user = state.add_person("Deskhand", "deskhand@integration.example", role="admin")
    state.integration_user_id = user.id
    for title in TICKET_FIELDS.values():
        field = TicketField(id=state.next_id(), title=title, type="tagger", created_at=at)
        state.put(state.ticket_fields, field)
    for key, (title, kind) in ORGANIZATION_FIELDS.items():
        org_field = OrganizationField(id=state.next_id(), key=key, title=title, type=kind, created_at=at)
        state.put(state.organization_fields, org_field)


def _read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load(path.read_text(encoding="utf-8")) or ()) if path.exists() else []


def _add_agent(state: HelpdeskState, entry: dict[str, Any]) -> None:
    by_name = {group.name: group for group in state.groups.values()}
    for name in entry.get("groups") or ():
        if name not in by_name:
            by_name[name] = state.put(state.groups, Group(id=state.next_id(), name=name, created_at=state.second()))
    group_ids = tuple(by_name[name].id for name in entry.get("groups") or ())
    state.add_person(entry["name"], entry["email"], role=entry.get("role", "agent"), group_ids=group_ids)


def _add_customer(state: HelpdeskState, entry: dict[str, Any]) -> dict[str, int]:
    organization_id = None
    if entry.get("name"):
        fields = {key: _plain(value) for key, value in (entry.get("fields") or {}).items()}
        organization = Organization(
            id=state.next_id(),
            name=entry["name"],
            domains=tuple(entry.get("domains") or ()),
            external_id=entry["key"],
            fields={**dict.fromkeys(ORGANIZATION_FIELDS), "tier": entry.get("tier"), **fields},
            created_at=state.second(),
            updated_at=state.second(),
        )
        organization_id = state.put(state.organizations, organization).id
    return {
        person["key"]: state.add_person(
            person["name"],
            person["email"],
            organization_id=organization_id,
            locale=person.get("locale") or "en",
            time_zone=entry.get("time_zone") or "UTC",
        ).id
        for person in entry.get("people") or ()
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
