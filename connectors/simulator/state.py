"""One in-memory helpdesk: the tables, the lock, the effect log and the verbs that change tickets.

Every write happens under one lock and leaves its effects there; listeners (triggers, subscriptions)
hear of it afterwards, outside the lock, as a real helpdesk's business rules run after the commit.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.simulator.changes import (
    Invalid,
    Missing,
    Stale,
    Ways,
    apply,
    check_custom_fields,
    check_enums,
    clean_tags,
    merge_tags,
)
from connectors.simulator.effects import EffectLog
from connectors.simulator.records import (
    Audit,
    Change,
    Comment,
    Draft,
    Event,
    FieldChange,
    Group,
    HelpArticle,
    HelpSection,
    NewComment,
    Organization,
    OrganizationField,
    Origin,
    Rating,
    Schedule,
    SlaPolicy,
    Ticket,
    TicketField,
    User,
)

Listener = Callable[[Event], None]


def utc_now() -> datetime:
    return datetime.now(UTC)


class HelpdeskState:
    """The helpdesk's data. `now` is the clock, so tests can move it."""

    account_id = 7700421

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now
        self.ways = Ways()
        self.lock = threading.RLock()
        self.effects = EffectLog()
        self.revision = 0
        self.organizations: dict[int, Organization] = {}
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.ticket_fields: dict[int, TicketField] = {}
        self.organization_fields: dict[int, OrganizationField] = {}
        self.tickets: dict[int, Ticket] = {}
        self.comments: dict[int, list[Comment]] = {}
        self.audits: dict[int, list[Audit]] = {}
        self.sections: dict[int, HelpSection] = {}
        self.articles: dict[int, HelpArticle] = {}
        self.ratings: dict[int, Rating] = {}
        self.schedules: dict[int, Schedule] = {}
        self.policies: dict[int, SlaPolicy] = {}
        # The right category of each ticket of the made-up past, None where there is none; no API shows it.
        self.truth: dict[int, str | None] = {}
        self.integration_user_id = 0
        self._listeners: list[Listener] = []
        self._untold: list[Event] = []
        self._ids = itertools.count(36_000_001)
        self._ticket_ids = itertools.count(1001)

    def next_id(self) -> int:
        return next(self._ids)

    def next_ticket_id(self) -> int:
        return next(self._ticket_ids)

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def second(self) -> datetime:
        """Now in whole seconds: stamps have no finer grain, so two writes can share one."""
        return self.now().replace(microsecond=0)

    def ticket(self, ticket_id: int) -> Ticket:
        ticket = self.tickets.get(ticket_id)
        if ticket is None or ticket.deleted:
            raise Missing(f"ticket {ticket_id}")
        return ticket

    def live_tickets(self) -> list[Ticket]:
        with self.lock:
            return [ticket for ticket in self.tickets.values() if not ticket.deleted]

    def user_by_email(self, email: str) -> User | None:
        wanted = email.strip().lower()
        return next((user for user in list(self.users.values()) if user.email.lower() == wanted), None)

    def has_incidents(self, ticket_id: int) -> bool:
        return any(ticket.problem_id == ticket_id for ticket in self.live_tickets())

    def put(self, table: dict[int, Any], record: Any) -> Any:
        """Store a record that is not a ticket (user, group, field) under its id."""
        with self.lock:
            table[record.id] = record
            self.revision += 1
        return record

    def add_person(self, name: str, email: str, *, role: str = "end-user", **more: Any) -> User:
        """A new user; one with the domain of an organization belongs to it."""
        if role == "end-user" and more.get("organization_id") is None:
            domain = email.rpartition("@")[2].lower()
            homes = (org.id for org in self.organizations.values() if domain in org.domains)
            more["organization_id"] = next(homes, None)
        user = User(id=self.next_id(), name=name, email=email, role=role, created_at=self.second(), **more)
        self.put(self.users, user)
        return user

    def delete_group(self, group_id: int) -> None:
        with self.lock:
            if self.groups.pop(group_id, None) is None:
                raise Missing(f"group {group_id}")
            self.revision += 1

    def delete_article(self, article_id: int) -> None:
        """Nothing tells of it: the next listing just lacks it. Raises `Missing`."""
        with self.lock:
            if self.articles.pop(article_id, None) is None:
                raise Missing(f"article {article_id}")
            self.revision += 1

    def create_ticket(self, draft: Draft, origin: Origin) -> tuple[Ticket, Audit]:
        """A new ticket with its first comment. Raises `Invalid`."""
        with self.lock:
            requester = self.users.get(draft.requester_id)
            if requester is None:
                raise Invalid({"requester": "Requester: does not exist"})
            check_enums(draft.attributes)
            check_custom_fields(draft.custom_fields, self.ticket_fields)
            self._check_references(draft.attributes)
            at = self.second()
            ticket = Ticket(
                id=self.next_ticket_id(),
                subject=draft.subject,
                description=draft.body,
                channel=origin.channel,
                requester_id=requester.id,
                submitter_id=origin.actor_id,
                created_at=at,
                updated_at=at,
                touched_at=at,
                is_public=draft.public,
                tags=clean_tags(draft.tags),
                **{
                    "status": self.ways.first_status,
                    "priority": self.ways.first_priority,
                    "organization_id": requester.organization_id,
                    **draft.attributes,
                },
            )
            tags, values = merge_tags(
                ticket, Change(custom_fields=draft.custom_fields), self.ticket_fields,
                fields_are_tags=self.ways.fields_are_tags,
            )  # fmt: skip
            ticket = replace(ticket, tags=tags, custom_fields=values)
            self.comments[ticket.id], self.audits[ticket.id] = [], []
            comment = NewComment(body=draft.body, public=draft.public, author_id=requester.id, html=draft.html)
            result = self._commit(None, ticket, (), comment, origin)
        self._tell()
        return result

    def update_ticket(self, ticket_id: int, change: Change, origin: Origin) -> tuple[Ticket, Audit]:
        """Apply `change`; one that changes nothing leaves no trace and moves no stamp.

        Solving a problem solves its incidents. Raises `Missing`, `Stale` (the stamp differs, nothing
        written) or `Invalid` (a closed ticket included).
        """
        with self.lock:
            before = self.ticket(ticket_id)
            if change.expected_updated_at is not None and change.expected_updated_at != before.updated_at:
                raise Stale(f"ticket {ticket_id} was updated at {before.updated_at.isoformat()}")
            if before.status == "closed" and self.ways.closed_is_final:
                raise Invalid({"status": "Status: closed prevents ticket update"})
            self._check_references(change.attributes)
            after, changed = apply(
                before, self._drop_strange_assignee(before, change), self.ticket_fields,
                fields_are_tags=self.ways.fields_are_tags,
            )  # fmt: skip
            if changed or change.comment is not None:
                result = self._commit(before, after, changed, change.comment, origin)
                solves = self.ways.problems_are_typed and after.type == "problem"
                if solves and after.status == "solved" != before.status:
                    self._solve_incidents(ticket_id, change.comment, origin)
            else:
                self.tickets[ticket_id] = replace(before, touched_at=self.second())
                result = self.tickets[ticket_id], self._audit(before, (), None, origin, created=False)
        self._tell()
        return result

    def delete_ticket(self, ticket_id: int, origin: Origin) -> None:
        """Take a ticket away; exports still name it, as deleted. Raises `Missing`."""
        with self.lock:
            before = self.ticket(ticket_id)
            at = self.second()
            after = replace(before, deleted=True, updated_at=at, touched_at=at)
            self.tickets[ticket_id] = after
            self.revision += 1
            self._append("delete", after, origin)
            audit = self._audit(after, (), None, origin, created=False)
            self._untold.append(Event(before=before, after=after, audit=audit))
        self._tell()

    # -- inside the lock -------------------------------------------------------------------

    def _check_references(self, attributes: Mapping[str, Any]) -> None:
        problems = {}
        for name, table in (("group_id", self.groups), ("assignee_id", self.users), ("requester_id", self.users)):
            value = attributes.get(name)
            if value is not None and value not in table:
                problems[name] = f"{name.removesuffix('_id').capitalize()}: {value} does not exist"
        problem = attributes.get("problem_id")
        lead = self.tickets.get(problem or 0)
        if problem is not None and (lead is None or (self.ways.problems_are_typed and lead.type != "problem")):
            problems["problem_id"] = f"Problem: {problem} is not a problem ticket"
        if problems:
            raise Invalid(problems)

    def _drop_strange_assignee(self, before: Ticket, change: Change) -> Change:
        """Moving a ticket to a group drops an assignee who is not in it, unless the write names one."""
        group_id = change.attributes.get("group_id")
        assignee = self.users.get(before.assignee_id or 0)
        if group_id is None or assignee is None or "assignee_id" in change.attributes:
            return change
        if group_id in assignee.group_ids:
            return change
        return replace(change, attributes={**change.attributes, "assignee_id": None})

    def _solve_incidents(self, problem_id: int, comment: NewComment | None, origin: Origin) -> None:
        for incident in self.live_tickets():
            if incident.problem_id == problem_id and incident.status not in ("solved", "closed"):
                after, changed = apply(incident, Change(attributes={"status": "solved"}), self.ticket_fields)
                self._commit(incident, after, changed, comment, origin)

    def _audit(
        self, ticket: Ticket, changes: tuple[FieldChange, ...], comment: NewComment | None, origin: Origin, *,
        created: bool,
    ) -> Audit:  # fmt: skip
        audit_id, at = self.next_id(), self.second()
        stored = None
        if comment is not None:
            stored = Comment(
                id=self.next_id(),
                ticket_id=ticket.id,
                audit_id=audit_id,
                author_id=comment.author_id or origin.actor_id,
                body=comment.body,
                public=comment.public,
                channel=origin.channel,
                created_at=at,
                html=comment.html,
            )
        return Audit(
            id=audit_id,
            ticket_id=ticket.id,
            author_id=origin.actor_id,
            created_at=at,
            channel=origin.channel,
            created=created,
            changes=changes,
            comment=stored,
            metadata=origin.metadata,
        )

    def _commit(
        self,
        before: Ticket | None,
        after: Ticket,
        changes: tuple[FieldChange, ...],
        comment: NewComment | None,
        origin: Origin,
    ) -> tuple[Ticket, Audit]:
        after = replace(after, updated_at=self.second(), touched_at=self.second())
        audit = self._audit(after, changes, comment, origin, created=before is None)
        self.tickets[after.id] = after
        self.audits[after.id].append(audit)
        if audit.comment is not None:
            self.comments[after.id].append(audit.comment)
        self.revision += 1
        changed = {change.field: [change.before, change.after] for change in changes}
        if before is None:
            self._append("create", after, origin, audit_id=audit.id, body=after.description)
        elif changes:
            self._append("update", after, origin, audit_id=audit.id, changes=changed)
        if before is not None and audit.comment is not None:
            kind = "public_comment" if audit.comment.public else "note"
            self._append(kind, after, origin, audit_id=audit.id, body=audit.comment.body)
        self._untold.append(Event(before=before, after=after, audit=audit))
        return after, audit

    def _append(self, kind: str, ticket: Ticket, origin: Origin, **more: Any) -> None:
        self.effects.append(
            at=self.now(),
            ticket_id=ticket.id,
            actor_id=origin.actor_id,
            kind=kind,
            tags=ticket.tags,
            status="deleted" if ticket.deleted else ticket.status,
            request_id=origin.request_id,
            metadata=origin.metadata,
            **more,
        )

    def _tell(self) -> None:
        """Outside the lock: listeners may read, and even write, without holding others up."""
        with self.lock:
            events, self._untold = self._untold, []
        for event in events:
            for listener in self._listeners:
                listener(event)
