"""Each event delivered five times at once, in any order: it counts once. `bench.copies` follows them to the end."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select

from app.rehearsal import Rehearsal
from bench.copies import COPIES, arrive
from connectors.store.inbox import WEBHOOK
from connectors.store.schema import inbox
from connectors.store.tallies import DUP_PREVENTED
from tests.real_processes import Start

pytestmark = pytest.mark.system
EVENTS = 500


def repeated(rehearsal: Rehearsal) -> int:
    return sum(each.value for each in rehearsal.deps.store.tallies.all() if each.name == DUP_PREVENTED)


def test_five_copies_of_500_events_are_500(start: Start) -> None:
    rehearsal = start(DESKHAND_RECONCILE_S="86400")
    arrive(rehearsal, EVENTS)
    deadline = time.monotonic() + 90
    while repeated(rehearsal) < EVENTS * (COPIES - 1):
        assert time.monotonic() < deadline, repeated(rehearsal)
        time.sleep(0.1)
    created = (inbox.c.source == WEBHOOK, inbox.c.kind == "ticket_created")
    with rehearsal.deps.store.database.read() as connection:
        rows = connection.execute(select(func.count(), func.count(inbox.c.ticket_ref.distinct())).where(*created)).one()
    assert tuple(rows) == (EVENTS, EVENTS)
