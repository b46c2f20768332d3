"""The log of what happened to tickets: nothing twice, nothing lost on the way to JSON and back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.store import Store
from connectors.store.schema import ticket_event
from connectors.store.ticket_log import MOST_REFS, MOST_ROWS, read, written
from tests.conftest import ToldClock, new_tenant
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet, Reply, StatusSet, Told
from triage.tickets import Priority, Status

AT = datetime(2026, 11, 17, 13, 46, 0, 123456, tzinfo=UTC)
EVERY = (
    *(StatusSet(at=AT, status=status) for status in Status),
    *(Reply(at=AT, by_agent=by_agent, public=public) for by_agent in (True, False) for public in (True, False)),
    *(PrioritySet(at=AT, priority=priority) for priority in (*Priority, None)),
    FactsSet(at=AT, facts={"tag": ("a", "ü"), "requester_zone": (), "organization.plan": ("gold",)}),
    Acknowledged(at=AT, by="Tomás Rey", way="panel"),
    Acknowledged(at=AT, by="Tomás Rey"),
    Told(at=AT, key="first_reply_time/1/ladder/2", to=("manager", "duty"), by=("mail", "page")),
    Told(at=AT, key="k"),
)


def append(store: Store, tenant: str, ref: str, *events: Event) -> int:
    with store.database.write() as transaction:
        return store.ticket_log.append_in(transaction, tenant, ref, events, now=AT)


def test_there_is_an_example_of_every_event() -> None:
    assert {type(each) for each in EVERY} == set(Event.__args__)


@pytest.mark.parametrize("event", EVERY, ids=repr)
def test_an_event_survives_json(event: Event) -> None:
    columns = written(event)
    assert read(columns["kind"], AT, columns["value"]) == event


def test_the_log_gives_back_what_was_put_in(store: Store, tenant: str) -> None:
    assert append(store, tenant, "7", *EVERY) == len(EVERY)
    assert store.ticket_log.read(tenant, "7") == EVERY


def test_the_same_event_is_kept_once(store: Store, tenant: str) -> None:
    first, second = StatusSet(at=AT, status=Status.NEW), StatusSet(at=AT, status=Status.OPEN)
    assert append(store, tenant, "7", first) == 1
    elsewhere = AT.astimezone(timezone(timedelta(hours=2)))
    assert append(store, tenant, "7", first, second, second, StatusSet(at=elsewhere, status=Status.NEW)) == 1
    assert append(store, tenant, "8", first) == 1
    assert store.ticket_log.read(tenant, "7") == (first, second)


def test_many_logs_are_read_in_one_look(store: Store, tenant: str) -> None:
    refs = [str(number) for number in range(MOST_REFS + 3)]
    events = {ref: (StatusSet(at=AT + timedelta(seconds=int(ref)), status=Status.NEW),) for ref in refs}
    with store.database.write() as transaction:
        assert store.ticket_log.append_many_in(transaction, tenant, events, now=AT) == len(refs) > MOST_ROWS
    found = store.ticket_log.read_many(tenant, [*refs, "never read"])
    assert found == {**events, "never read": ()}


def test_another_tenants_ticket_of_that_number_is_another_ticket(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="another", now=clock())
    append(store, tenant, "7", *EVERY)
    assert store.ticket_log.read("other", "7") == ()
    assert store.ticket_log.refs("other") == []
    assert store.ticket_log.refs(tenant) == ["7"]
    assert store.ticket_log.refs(tenant, since=AT + timedelta(seconds=1)) == []


def test_what_a_newer_version_wrote_is_passed_over_and_said(
    store: Store, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    append(store, tenant, "7", EVERY[0])
    with store.database.write() as transaction:
        row = {"kind": "Merged", "value": {"into": "8"}, "digest": "0", "at": AT, "seen_at": AT}
        transaction.execute(ticket_event.insert().values(tenant=tenant, ticket_ref="7", **row))
    with caplog.at_level(logging.WARNING):
        assert store.ticket_log.read(tenant, "7") == (EVERY[0],)
    assert "Merged" in caplog.text
