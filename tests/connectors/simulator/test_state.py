"""The state's own promises: an append-only log, whole-second stamps, arrivals that cycle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from connectors.simulator import seed
from connectors.simulator.arrivals import Arrivals
from connectors.simulator.changes import Invalid
from connectors.simulator.effects import EffectLog
from connectors.simulator.records import Change, Draft, NewComment, Origin
from connectors.simulator.state import HelpdeskState


def test_effects_are_numbered_and_cannot_be_changed(company: Path) -> None:
    state = HelpdeskState()
    loaded = seed.load(state, company)
    kim = loaded.people["kim"]
    by_kim = Origin(actor_id=kim, channel="mail")
    ticket, _ = state.create_ticket(Draft(requester_id=kim, subject="S", body="B"), by_kim)
    change = Change(attributes={"priority": "high"}, comment=NewComment(body="B2"))
    state.update_ticket(ticket.id, change, by_kim)
    state.delete_ticket(ticket.id, by_kim)
    log = state.effects.since()
    assert [effect.seq for effect in log] == [1, 2, 3, 4]
    assert [effect.kind for effect in log] == ["create", "update", "public_comment", "delete"]
    assert log[1].changes == {"priority": [None, "high"]}
    with pytest.raises(dataclasses.FrozenInstanceError):
        log[0].body = "other"  # type: ignore[misc]
    assert not {"remove", "clear", "pop", "__setitem__", "__delitem__"} & set(dir(EffectLog))


def test_stamps_are_whole_seconds_and_unknown_requesters_refused(company: Path) -> None:
    state = HelpdeskState()
    loaded = seed.load(state, company)
    origin = Origin(actor_id=loaded.people["lee"], channel="chat")
    ticket, _ = state.create_ticket(Draft(requester_id=loaded.people["lee"], subject="S", body="B"), origin)
    assert ticket.updated_at.microsecond == 0
    assert ticket.organization_id is None
    with pytest.raises(Invalid):
        state.create_ticket(Draft(requester_id=1, subject="S", body="B"), origin)


def test_listeners_hear_after_the_write_and_outside_the_lock(company: Path) -> None:
    state = HelpdeskState()
    loaded = seed.load(state, company)
    heard: list[bool] = []
    state.subscribe(lambda event: heard.append(event.after.id in state.tickets and not state.lock._is_owned()))  # type: ignore[attr-defined]
    origin = Origin(actor_id=loaded.people["kim"], channel="mail")
    state.create_ticket(Draft(requester_id=loaded.people["kim"], subject="S", body="B"), origin)
    assert heard == [True]


def test_arrivals_cycle_with_distinct_requesters(company: Path) -> None:
    state = HelpdeskState()
    arrivals = Arrivals(state, seed.load(state, company))
    assert arrivals.start(count=5, per_second=1000) == 5
    assert state.effects.wait_for(5, 5)
    arrivals.stop()
    tickets = state.live_tickets()
    assert [ticket.subject for ticket in tickets] == ["Export stops", "Invoice"] * 2 + ["Export stops"]
    assert len({ticket.requester_id for ticket in tickets}) == 5
    assert tickets[2].organization_id == tickets[0].organization_id


def test_the_shipped_day_loads() -> None:
    state = HelpdeskState()
    loaded = seed.load(state)
    assert {ticket.requester for ticket in loaded.tickets} <= set(loaded.people)
    assert {ticket.channel for ticket in loaded.tickets} <= {"mail", "chat", "web", "api"}
