"""A desk's past: solved tickets as they are after people sorted them, put into the tables without event or effect.

A fixed share has a wrong category, as on every desk; `HelpdeskState.truth` holds the right one, which no API shows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.defaults import load_taxonomy
from connectors.simulator.changes import merge_tags
from connectors.simulator.history_material import Material, load
from connectors.simulator.history_texts import Author, Writer, Written
from connectors.simulator.records import Audit, Change, Comment, FieldChange, Ticket, User
from connectors.simulator.seed import TICKET_FIELDS
from connectors.simulator.state import HelpdeskState
from triage.taxonomy import Taxonomy

MOST = 20_000
WRONG_SHARE = 0.04
WRONG_ON_BORDERS = 0.75
"""Of the wrong ones: most slips are made where two categories meet."""
CHATTER_SHARE = 0.03
AGAIN_SHARE = 0.01
QUIET = timedelta(hours=2)
"""Nothing of the past is younger: a look at what changed lately finds only what happened since."""
CLOSES_AFTER = timedelta(days=4)
PRIORITIES = ("low", "normal", "high", "urgent")
WORD_OF = {"P1": "urgent", "P2": "high", "P3": "normal", "P4": "low"}


def fill(state: HelpdeskState, *, count: int, seed: int, days: int) -> int:
    """Add `count` solved tickets of the last `days` days; returns how many. Raises `ValueError`."""
    if not 0 < count <= MOST:
        raise ValueError(f"count must be 1 to {MOST}")
    if not 1 <= days <= 3650:
        raise ValueError("days must be 1 to 3650")
    with state.lock:
        _Past(state, random.Random(seed), load(), load_taxonomy()).happen(count, timedelta(days=days))
        state.revision += 1
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What somebody wrote; `truth` is its category, None for chatter."""

    author: User
    at: datetime
    truth: str | None
    written: Written


class _Past:
    """The one who puts the tickets into the tables; the caller holds the lock."""

    def __init__(self, state: HelpdeskState, rng: random.Random, material: Material, taxonomy: Taxonomy) -> None:
        self._state = state
        self._rng = rng
        self._kinds = {key: kind for key, kind in material.kinds.items() if taxonomy.category(key)}
        self._taxonomy = taxonomy
        self._writer = Writer(material, rng)
        self._answer: Callable[[], str] = lambda: rng.choice(material.common["agent_answers"])
        self._groups = {group.name: group.id for group in state.groups.values()}
        self._staff = [user for user in state.users.values() if user.role == "agent"]
        self._customers = [user for user in state.users.values() if not user.is_staff]
        if not self._customers or not self._staff:
            raise ValueError("a past needs agents and customers: start the helpdesk with its seed")
        self._fields = {name: self._field(title) for name, title in TICKET_FIELDS.items()}
        self._values = {
            "category": {each.key: self._option("category", each.key, each.name) for each in taxonomy.categories},
            "product_area": {
                each.key: self._option("product_area", each.key, each.name) for each in taxonomy.product_areas
            },
        }

    def happen(self, count: int, span: timedelta) -> None:
        end = self._state.second() - QUIET
        asked = self._ask(sorted(self._moment(end, span) for _ in range(count)))
        slips = self._slips(asked)
        for number, one in enumerate(asked):
            self._add(one, slips.get(number, one.truth), end)

    def _ask(self, moments: Sequence[datetime]) -> list[_Asked]:
        """What came in at these moments; a fixed share of it is chatter, and now and then somebody sends it again."""
        chatter = set(self._rng.sample(range(len(moments)), round(len(moments) * CHATTER_SHARE)))
        # Some customers write often, some hardly ever.
        weights = [min(self._rng.paretovariate(1.5), 6.0) for _ in self._customers]
        asked: list[_Asked] = []
        for number, at in enumerate(moments):
            last = asked[-1] if asked else None
            if number not in chatter and last and last.truth and self._rng.random() < AGAIN_SHARE:
                asked.append(replace(last, at=at))
                continue
            author = self._rng.choices(self._customers, weights)[0]
            border, truth = None, None
            if number not in chatter:
                border = self._writer.border()
                truth = self._rng.choice(border[:2]) if border else self._category()
            written = self._writer.write(truth, self._author(author), at, border)
            asked.append(_Asked(author=author, at=at, truth=truth, written=written))
        return asked

    def _slips(self, asked: Sequence[_Asked]) -> dict[int, str]:
        """The wrong categories by place."""
        wrong = round(len(asked) * WRONG_SHARE)
        sorted_ones = [number for number, one in enumerate(asked) if one.truth]
        border = [number for number in sorted_ones if asked[number].written.borders_on]
        slips = self._rng.sample(border, min(round(wrong * WRONG_ON_BORDERS), len(border)))
        rest = [number for number in sorted_ones if number not in set(slips)]
        slips += self._rng.sample(rest, min(wrong - len(slips), len(rest)))
        return {number: self._mistaken(asked[number]) for number in slips}

    def _add(self, one: _Asked, said: str | None, end: datetime) -> None:
        state = self._state
        solved_at, closed = self._solved(one.at, end)
        changed_at = solved_at + CLOSES_AFTER if closed else solved_at
        ticket = Ticket(
            id=state.next_ticket_id(),
            subject=one.written.subject,
            description=one.written.body,
            status="closed" if closed else "solved",
            channel=one.written.channel,
            requester_id=one.author.id,
            submitter_id=one.author.id,
            organization_id=one.author.organization_id,
            created_at=one.at,
            updated_at=changed_at,
            touched_at=changed_at,
        )
        ticket = self._sorted(ticket, one, said)
        state.tickets[ticket.id] = ticket
        state.truth[ticket.id] = one.truth
        self._tell(ticket, solved_at)

    def _sorted(self, ticket: Ticket, one: _Asked, said: str | None) -> Ticket:
        """As whoever read it filed it: fields, queue and priority follow the category that they saw in it."""
        category = self._taxonomy.category(said or "")
        if category is None:
            group_id = self._groups.get(self._taxonomy.human_group)
            return replace(ticket, group_id=group_id, priority="low", assignee_id=self._agent(group_id))
        area = self._taxonomy.area((said == one.truth and one.written.area) or category.product_area)
        assert area is not None  # noqa: S101 - the taxonomy checks its own references
        group_id = self._groups.get(area.group)
        level = PRIORITIES.index(WORD_OF[category.priority.value]) + one.written.urgent
        if self._rng.random() < 0.08:
            level += self._rng.choice((-1, 1))
        values = {
            self._fields["category"]: self._values["category"][category.key],
            self._fields["product_area"]: self._values["product_area"][area.key],
        }
        tags, custom = merge_tags(
            ticket, Change(custom_fields=values), self._state.ticket_fields,
            fields_are_tags=self._state.ways.fields_are_tags,
        )  # fmt: skip
        priority = PRIORITIES[max(0, min(level, len(PRIORITIES) - 1))]
        assignee_id = self._agent(group_id)
        return replace(
            ticket, group_id=group_id, priority=priority, tags=tags, custom_fields=custom, assignee_id=assignee_id
        )

    def _tell(self, ticket: Ticket, solved_at: datetime) -> None:
        """The conversation and the trail: asked, and answered and solved in one go."""
        self._state.comments[ticket.id], self._state.audits[ticket.id] = [], []
        agent_id = ticket.assignee_id or self._staff[0].id
        solved = (FieldChange(field="status", before=self._state.ways.first_status, after="solved"),)
        self._write(ticket, ticket.requester_id, ticket.description, ticket.channel, ticket.created_at, ())
        self._write(ticket, agent_id, self._answer(), "web", solved_at, solved)

    def _write(
        self, ticket: Ticket, author_id: int, body: str, channel: str, at: datetime, changes: tuple[FieldChange, ...]
    ) -> None:
        audit_id = self._state.next_id()
        comment = Comment(
            id=self._state.next_id(), ticket_id=ticket.id, audit_id=audit_id, author_id=author_id, body=body,
            public=True, channel=channel, created_at=at,
        )  # fmt: skip
        audit = Audit(
            id=audit_id, ticket_id=ticket.id, author_id=author_id, created_at=at, channel=channel,
            created=not changes, changes=changes, comment=comment,
        )  # fmt: skip
        self._state.comments[ticket.id].append(comment)
        self._state.audits[ticket.id].append(audit)

    def _category(self) -> str:
        return self._rng.choices(list(self._kinds), [kind.weight for kind in self._kinds.values()])[0]

    def _mistaken(self, one: _Asked) -> str:
        """The category next to it where there is one; else mostly a neighbour, sometimes anything."""
        truth = one.truth or ""
        near = self._kinds[truth].confused_with
        others = [key for key in self._kinds if key != truth]
        return one.written.borders_on or self._rng.choice(near if self._rng.random() < 0.7 else others)

    def _moment(self, end: datetime, span: timedelta) -> datetime:
        """Some time in the span, on working days and in office hours far more often."""
        while True:
            at = end - span * self._rng.random()
            weekday, hour = at.weekday() < 5, 7 <= at.hour < 18
            if self._rng.random() < (1.0 if weekday else 0.15) * (1.0 if hour else 0.2):
                return at.replace(microsecond=0)

    def _solved(self, at: datetime, end: datetime) -> tuple[datetime, bool]:
        """When it was solved, and whether it has been closed since."""
        after = timedelta(hours=min(self._rng.lognormvariate(1.8, 1.2), 240))
        if at + after > end:
            after = (end - at) * self._rng.uniform(0.3, 0.95)
        solved_at = (at + after).replace(microsecond=0)
        return solved_at, solved_at + CLOSES_AFTER <= end

    def _agent(self, group_id: int | None) -> int:
        members = [user.id for user in self._staff if group_id in user.group_ids]
        return self._rng.choice(members or [user.id for user in self._staff])

    def _author(self, user: User) -> Author:
        company = self._state.organizations.get(user.organization_id or 0)
        return Author(
            name=user.name,
            company=company.name if company else user.name,
            domain=user.email.rpartition("@")[2],
            locale=user.locale,
        )

    def _field(self, title: str) -> int:
        return next(field.id for field in self._state.ticket_fields.values() if field.title == title)

    def _option(self, name: str, key: str, label: str) -> str:
        """What the drop-down stores: the option of that label, or what an installer would make there."""
        options = self._state.ticket_fields[self._fields[name]].options
        usual = key if self._state.ways.fields_are_tags else label
        return next((option.value for option in options if label in (option.name, option.value)), usual)
