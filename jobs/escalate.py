"""The tickets whose time has come: who is told, and when to look again. No request is made here.

What a batch leads to is one transaction: the messages, the record that they were planned, the tags and the timers. So
a process that dies leaves all of it or nothing, and a timer that somebody else moved meanwhile is left to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from sqlalchemy import Connection as Transaction

from app.sla.links import ack_link
from app.sla.rules import rules_for
from connectors import registry
from connectors.crash import crash_point
from connectors.store.inbox import InboxRow
from connectors.store.sla_tags import given_in
from connectors.store.tenants import TenantSummary, shadow_in
from jobs.line import inbox_job
from jobs.marking import end_pages_in, mark_in
from jobs.runtime import Runtime, log
from jobs.watch import UNREADABLE
from triage.escalation.messages import Outgoing, messages
from triage.escalation.outlook import Outlook, outlook
from triage.escalation.wording import Case
from triage.loops import MOST_MARKS, SPAN
from triage.sla.log import Event
from triage.sla.marks import cause, change
from triage.sla.reading import SlaRulesError
from triage.sla.rules import SlaRules

BATCH, BATCHES = 200, 50
"""A batch holds the database's write lock; what one run leaves, the next one takes a second later."""
LEAST_WAIT = timedelta(seconds=1)
MENDED_WITHIN = timedelta(minutes=10)
"""How long timers are put off that nothing can be made of: until the rules were changed, or for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A ticket whose timer was due at `was_due`."""

    ref: str
    was_due: datetime
    events: tuple[Event, ...]
    outlook: Outlook

    def next_at(self, now: datetime) -> datetime | None:
        """Never at once again, whatever the rules say."""
        then = self.outlook.next_at
        return None if then is None else max(then, now + LEAST_WAIT)


@inbox_job
def escalate(run: Runtime, row: InboxRow) -> None:
    """Work off a tenant's due timers; safe to run twice, and next to another one."""
    try:
        rules = rules_for(run.store, row.tenant)
    except SlaRulesError as error:
        put_off(run, row, error)
        return
    tenant = run.store.tenants.summary(row.tenant)
    for _ in range(BATCHES):
        now = run.now()
        taken = run.store.timers.take(row.tenant, now, BATCH)
        if not taken or not batch(run, tenant, rules, taken, now):
            break
    run.store.inbox.drop(row, now=run.now())


def batch(run: Runtime, tenant: TenantSummary, rules: SlaRules, taken: Mapping[str, datetime], now: datetime) -> bool:
    """Look at these tickets and write what follows; False when nothing may be written."""
    store = run.store
    logs = store.ticket_log.read_many(tenant.id, taken)
    looked = {ref: seen for ref, was in taken.items() if (seen := _look(ref, was, logs[ref], rules, now))}
    broken = {ref: (was, now + MENDED_WITHIN) for ref, was in taken.items() if ref not in looked}
    planned = _messages(run, tenant, rules, looked, now)
    with store.database.write() as transaction:
        if shadow_in(transaction, tenant.id):
            return False
        moves = {ref: (each.was_due, each.next_at(now)) for ref, each in looked.items()}
        moved = store.timers.move_in(transaction, tenant.id, moves | broken)
        kept = {ref: each for ref, each in looked.items() if ref in moved}
        if len(kept) < len(looked):
            planned = _messages(run, tenant, rules, kept, now)
        told = {ref: [step.as_told(now) for step in each.outlook.due] for ref, each in kept.items()}
        store.ticket_log.append_many_in(transaction, tenant.id, told, now=now)
        for message in planned:
            _send_in(run, transaction, tenant.id, message, now)
        for each in kept.values():
            end_pages_in(run, transaction, tenant.id, each.ref, each.outlook.standing, now=now)
        _mark_in(run, transaction, tenant.id, kept, rules, now)
        crash_point("escalate.before_commit")
    return True


def put_off(run: Runtime, row: InboxRow, error: SlaRulesError) -> None:
    """Rules that cannot be read are told of once; timers wait, and are looked at again every few minutes."""
    now = run.now()
    known = run.store.inbox.parked_for(row.tenant, row.kind or "", str(error))
    with run.store.database.write() as transaction:
        run.store.timers.put_off_in(transaction, row.tenant, now + MENDED_WITHIN)
        state = "ignored" if known else "parked"
        run.store.inbox.finish_in(transaction, row, state, now=now, note=str(error))


def _look(ref: str, was_due: datetime, events: tuple[Event, ...], rules: SlaRules, now: datetime) -> Looked | None:
    """None where the rules and this ticket make no time at all: the others must not wait for it."""
    try:
        return Looked(ref=ref, was_due=was_due, events=events, outlook=outlook(events, rules, now, taken=True))
    except UNREADABLE as error:
        log.warning("the clocks of ticket %s cannot be read: %s", ref, type(error).__name__)
        return None


def _messages(
    run: Runtime, tenant: TenantSummary, rules: SlaRules, looked: Mapping[str, Looked], now: datetime
) -> tuple[Outgoing, ...]:
    with_news = [each for each in looked.values() if any(step.by for step in each.outlook.due)]
    subjects = run.store.decisions.subjects(tenant.id, [each.ref for each in with_news])
    path = registry.vendor(tenant.vendor).ticket_path
    cases = [
        Case(
            ref=each.ref,
            subject=subjects.get(each.ref, ""),
            standing=each.outlook.standing,
            steps=each.outlook.steps,
            due=each.outlook.due,
            link=tenant.origin + path.format(ref=quote(each.ref, safe="")),
            acknowledge=partial(_ack_link, run, tenant.id, each.ref, now),
        )
        for each in with_news
    ]
    return messages(cases, rules, now)


def _ack_link(run: Runtime, tenant: str, ref: str, now: datetime, person: str, climb: str, way: str) -> str:
    return ack_link(run.deps, tenant, ref, person=person, climb=climb, way=way, now=now)


def _send_in(run: Runtime, transaction: Transaction, tenant: str, each: Outgoing, now: datetime) -> None:
    run.store.outbox.add_in(
        transaction,
        tenant=tenant,
        kind=each.kind,
        ticket_ref=None,
        cause=each.cause,
        payload=each.message.to_payload(),
        summary=each.message.summary,
        rank=int(each.priority.value[1]) if each.priority else 5,
        now=now,
    )


def _mark_in(
    run: Runtime, transaction: Transaction, tenant: str, kept: Mapping[str, Looked], rules: SlaRules, now: datetime
) -> None:
    """Tags follow the time only on tickets that were given some: the others are in a category that is not written."""
    given = given_in(transaction, tenant, list(kept), since=now - SPAN)
    for ref, has in given.items():
        each = kept[ref]
        if each.outlook.marks is None or has.recent >= MOST_MARKS:
            continue
        changed = change(ref, each.outlook.marks, has.tags)
        if changed is not None:
            why = cause(each.outlook.marks, each.events, rules.version)
            mark_in(run, transaction, tenant, (changed, why), now=now)
