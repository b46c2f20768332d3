"""Zendesk's answers as far as we read them, and their translation into our nouns. Never returned to a caller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from connectors.time_zones import iana
from connectors.zendesk import mapping
from triage import tickets

# Taxonomy names that live in a custom field, or in a tag `<name>_<key>` when no field is mapped.
TAXONOMY_FIELDS = ("category", "product_area")


def _as_id(value: object) -> str | None:
    """Ids come as numbers from REST and as text from events; -1 is Zendesk's own system user."""
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not text.removeprefix("-").isdecimal():
        raise ValueError("not a Zendesk id")
    return text


Id = Annotated[str, BeforeValidator(_as_id)]
OptionalId = Annotated[str | None, BeforeValidator(_as_id)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Via(Wire):
    channel: str | int | None = None


class Reference(Wire):
    """Any object of which only the id matters."""

    id: Id


class CustomField(Wire):
    id: Id
    value: Any = None


class Ticket(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/"""

    id: Id
    status: str
    created_at: datetime
    updated_at: str
    subject: str | None = None
    description: str | None = None
    priority: str | None = None
    type: str | None = None
    problem_id: OptionalId = None
    has_incidents: bool | None = None
    via: Via | None = None
    tags: tuple[str, ...] | None = None
    custom_fields: tuple[CustomField, ...] | None = None
    requester_id: OptionalId = None
    organization_id: OptionalId = None
    group_id: OptionalId = None
    assignee_id: OptionalId = None

    @field_validator("status")
    @classmethod
    def _known_status(cls, value: str) -> str:
        if value.lower() not in mapping.STATUS:
            raise ValueError("unknown status")
        return value.lower()

    @field_validator("priority")
    @classmethod
    def _known_priority(cls, value: str | None) -> str | None:
        if value and value.lower() not in mapping.PRIORITY:
            raise ValueError("unknown priority")
        return value.lower() if value else None

    @field_validator("updated_at")
    @classmethod
    def _an_instant(cls, value: str) -> str:
        mapping.parse_instant(value)
        return value

    def field_value(self, name: str, field_ids: Mapping[str, str]) -> str | None:
        """What is written under our field name: the custom field's value, or the tag's where no field is mapped."""
        if name in field_ids:
            value = next((each.value for each in self.custom_fields or () if each.id == field_ids[name]), None)
            return value if isinstance(value, str) and value else None
        prefix = f"{name}_"
        return next((tag.removeprefix(prefix) for tag in self.tags or () if tag.startswith(prefix)), None)

    def normalised(self, field_ids: Mapping[str, str]) -> tickets.Ticket:
        names = (*TAXONOMY_FIELDS, *(name for name in field_ids if name not in TAXONOMY_FIELDS))
        values = {name: self.field_value(name, field_ids) for name in names}
        return tickets.Ticket(
            ref=self.id,
            subject=self.subject or "",
            description=self.description or "",
            status=mapping.STATUS[self.status],
            priority=mapping.PRIORITY[self.priority] if self.priority else None,
            channel=mapping.channel(self.via.channel if self.via else None),
            tags=self.tags or (),
            requester_id=self.requester_id,
            organization_id=self.organization_id,
            group_id=self.group_id,
            assignee_id=self.assignee_id,
            created_at=mapping.parse_instant(self.created_at.isoformat()),
            updated_at=mapping.parse_instant(self.updated_at),
            version=self.updated_at,
            fields={name: value for name, value in values.items() if value is not None},
            kind=self.type or None,
        )


class Comment(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/"""

    id: Id
    public: bool
    created_at: str
    author_id: OptionalId = None
    plain_body: str | None = None
    body: str | None = None

    def normalised(self) -> tickets.Comment:
        return tickets.Comment(
            id=self.id,
            author_id=self.author_id,
            body=self.plain_body or self.body or "",
            public=self.public,
            created_at=mapping.parse_instant(self.created_at),
        )


class User(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/users/users/"""

    id: Id
    name: str | None = None
    email: str | None = None
    role: str | None = None
    organization_id: OptionalId = None
    iana_time_zone: str | None = None
    time_zone: str | None = None
    locale: str | None = None

    def normalised(self) -> tickets.Requester:
        return tickets.Requester(
            id=self.id,
            name=self.name or "",
            email=self.email or None,
            organization_id=self.organization_id,
            time_zone=self._zone(),
            locale=self.locale,
            role=mapping.ROLE.get((self.role or "").lower()),
        )

    def _zone(self) -> str | None:
        """The person's zone by its IANA name; one that nobody knows is as good as none."""
        try:
            return iana(self.iana_time_zone or self.time_zone or "")
        except ValueError:
            return None


class Group(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/groups/groups/"""

    id: Id
    name: str
    deleted: bool | None = None


class Option(Wire):
    name: str
    value: str


class TicketField(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/"""

    id: Id
    title: str
    type: str
    active: bool = True
    required: bool | None = None
    custom_field_options: tuple[Option, ...] | None = None
    system_field_options: tuple[Option, ...] | None = None

    def normalised(self) -> tickets.TicketField:
        options = self.custom_field_options or self.system_field_options or ()
        return tickets.TicketField(
            id=self.id,
            title=self.title,
            kind=self.type,
            choices=tuple((option.value, option.name) for option in options),
            required=bool(self.required),
        )


class Organization(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/"""

    id: Id
    name: str | None = None
    domain_names: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    organization_fields: dict[str, Any] | None = None

    def normalised(self) -> tickets.Organization:
        return tickets.Organization(
            id=self.id,
            name=self.name or "",
            domains=self.domain_names or (),
            tags=self.tags or (),
            fields={
                key: value if isinstance(value, str) else str(value).lower()
                for key, value in (self.organization_fields or {}).items()
                if isinstance(value, (str, int, float)) and value != ""
            },
        )


class Metadata(Wire):
    custom: dict[str, Any] | None = None


class Audit(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/"""

    id: Id
    metadata: Metadata | None = None

    def carries(self, name: str, value: str) -> bool:
        custom = (self.metadata.custom if self.metadata else None) or {}
        return custom.get(name) == value


class Page(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/"""

    after_cursor: str | None = None
    end_of_stream: bool = False


class JobResult(Wire):
    id: OptionalId = None
    success: bool | None = None
    error: str | None = None
    details: str | None = None


class Job(Wire):
    """https://developer.zendesk.com/api-reference/ticketing/ticket-management/job_statuses/"""

    id: str
    status: str
    results: Any = None

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "failed")

    def results_by_id(self) -> dict[str, JobResult]:
        """Each ticket's own result; while a job runs, and for one that failed as a whole, there may be none."""
        if not isinstance(self.results, list):
            return {}
        found = (JobResult.model_validate(row) for row in self.results if isinstance(row, dict))
        return {result.id: result for result in found if result.id}
