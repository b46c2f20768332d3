"""Freshdesk's tickets, conversations and people as far as we read them, and their translation into our nouns.

Unknown keys, nulls, digits as text and labels for codes are normal. Never returned to a caller.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors import time_zones
from connectors.freshdesk import mapping, texts
from connectors.freshdesk.fields import Fields
from connectors.plain_text import plain_text
from triage import tickets

logger = logging.getLogger(__name__)

# Taxonomy names that live in a custom field, or in a tag `<name>_<key>` when no field is mapped.
TAXONOMY_FIELDS = ("category", "product_area")


def _as_id(value: object) -> str | None:
    """Ids are numbers in answers and text in webhooks; null, "" and 0 are none."""
    if value in (None, "", 0, "0"):
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()):
        raise ValueError("not a Freshdesk id")
    return text


def _as_instant(value: object) -> object:
    return mapping.parse_instant(value) if isinstance(value, str) else value


def _as_flag(value: object) -> bool:
    """Null is false; `"true"` is how a form or a template writes it."""
    return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _as_texts(value: object) -> tuple[str, ...]:
    """A list of text; null is none, and a template writes it as one text with commas."""
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    return tuple(text for each in listed if each is not None and (text := str(each).strip()))


def _as_mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


Id = Annotated[str, BeforeValidator(_as_id)]
OptionalId = Annotated[str | None, BeforeValidator(_as_id)]
Instant = Annotated[datetime, BeforeValidator(_as_instant)]
Flag = Annotated[bool, BeforeValidator(_as_flag)]
Text = Annotated[str | None, BeforeValidator(_as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
Keyed = Annotated[dict[str, Any], BeforeValidator(_as_mapping)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Ticket(Wire):
    """https://developers.freshdesk.com/api/#ticket_attributes"""

    id: Id
    status: int | str | None = None
    created_at: Instant
    updated_at: Instant
    subject: Text = None
    description: Text = None
    description_text: Text = None
    priority: int | str | None = None
    source: int | str | None = None
    type: Text = None
    tags: Texts = ()
    custom_fields: Keyed = Field(default_factory=dict)
    requester_id: OptionalId = None
    company_id: OptionalId = None
    group_id: OptionalId = None
    responder_id: OptionalId = None
    spam: Flag = False
    deleted: Flag = False

    @property
    def is_gone(self) -> bool:
        return self.spam or self.deleted

    @property
    def text(self) -> str:
        """The description as a reader sees it; empty where the answer has none."""
        return self.description_text or plain_text(self.description or "")

    def field_value(self, name: str, fields: Fields) -> str | None:
        """The key under our field name: what the custom field's value means, or the tag's where no field is mapped."""
        if name in fields.names:
            value = self.custom_fields.get(fields.names[name])
            return fields.key(name, value) if isinstance(value, str) and value else None
        prefix = f"{name}_"
        return next((tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix)), None)

    def normalised(self, fields: Fields) -> tickets.Ticket:
        names = (*TAXONOMY_FIELDS, *(name for name in fields.names if name not in TAXONOMY_FIELDS))
        values = {name: self.field_value(name, fields) for name in names}
        return tickets.Ticket(
            ref=self.id,
            subject=self.subject or "",
            description=self.text,
            status=tickets.Status.DELETED if self.is_gone else mapping.status(self.status),
            priority=mapping.priority(self.priority),
            channel=mapping.channel(self.source),
            tags=self.tags,
            requester_id=self.requester_id,
            organization_id=self.company_id,
            group_id=self.group_id,
            assignee_id=self.responder_id,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=mapping.stamp(self.updated_at),
            fields={name: value for name, value in values.items() if value is not None},
            kind=self.type or None,
        )


class AssociatedTicket(Wire):
    """https://developers.freshdesk.com/api/#list_associated_tickets: only the id is of use."""

    id: Id


class AssociatedTickets(Wire):
    tickets: tuple[AssociatedTicket, ...] = ()


class Conversation(Wire):
    """https://developers.freshdesk.com/api/#conversations"""

    id: Id
    created_at: Instant
    private: Flag = False
    user_id: OptionalId = None
    body: Text = None
    body_text: Text = None

    @property
    def text(self) -> str:
        return self.body_text or plain_text(self.body or "")

    def shows(self, marker: str, text: str, author_id: str | None) -> bool:
        """Whether this is our comment: by its hidden mark or, should Freshdesk drop that, by author and words.

        One that bears another mark is another comment, whatever it says.
        """
        if texts.is_marked(self.body or ""):
            return marker in (self.body or "")
        words = " ".join(self.text.split())
        return author_id is not None and self.user_id == author_id and words == " ".join(text.split())

    def normalised(self) -> tickets.Comment:
        return tickets.Comment(
            id=self.id,
            author_id=self.user_id,
            body=self.text,
            public=not self.private,
            created_at=self.created_at,
        )


class Contact(Wire):
    """https://developers.freshdesk.com/api/#contact_attributes"""

    id: Id
    name: Text = None
    email: Text = None
    company_id: OptionalId = None
    time_zone: Text = None
    language: Text = None

    def normalised(self) -> tickets.Requester:
        return tickets.Requester(
            id=self.id,
            name=self.name or "",
            email=self.email or None,
            organization_id=self.company_id,
            time_zone=_person_zone(self.time_zone),
            locale=self.language or None,
            role="end_user",
        )


class AgentContact(Wire):
    name: Text = None
    email: Text = None
    time_zone: Text = None
    language: Text = None


class Agent(Wire):
    """https://developers.freshdesk.com/api/#agent_attributes. Who is an admin is in the roles it names."""

    id: Id
    contact: AgentContact | None = None
    role_ids: tuple[Id, ...] | None = None

    def normalised(self) -> tickets.Requester:
        person = self.contact or AgentContact()
        return tickets.Requester(
            id=self.id,
            name=person.name or "",
            email=person.email or None,
            organization_id=None,
            time_zone=_person_zone(person.time_zone),
            locale=person.language or None,
            role="agent",
        )


class Role(Wire):
    """https://developers.freshdesk.com/api/#roles"""

    id: Id
    name: Text = None


class Company(Wire):
    """https://developers.freshdesk.com/api/#company_attributes. `account_tier` is our `tier` as well."""

    id: Id
    name: Text = None
    domains: Texts = ()
    custom_fields: Keyed = Field(default_factory=dict)
    health_score: Text = None
    account_tier: Text = None
    renewal_date: Text = None
    industry: Text = None

    def normalised(self) -> tickets.Organization:
        own = {
            "tier": self.account_tier,
            "account_tier": self.account_tier,
            "health_score": self.health_score,
            "renewal_date": self.renewal_date,
            "industry": self.industry,
        }
        fields = own | {key: value for key, value in self.custom_fields.items() if value not in (None, "")}
        return tickets.Organization(
            id=self.id,
            name=self.name or "",
            domains=self.domains,
            fields={
                key: value if isinstance(value, str) else str(value).lower()
                for key, value in fields.items()
                if isinstance(value, (str, int, float)) and value != ""
            },
        )


class AccountAnswer(Wire):
    """https://developers.freshdesk.com/api/#account. Which names it uses for itself differs between accounts."""

    account_name: Text = None
    organisation_name: Text = None
    tier_type: Text = None


def _person_zone(name: str | None) -> str | None:
    """A person with a zone we do not know is still a person; a calendar with one is an error."""
    if not name:
        return None
    try:
        return time_zones.iana(name)
    except ValueError as error:
        logger.warning("a person's time zone is left out: %s", error)
        return None
