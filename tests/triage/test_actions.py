"""What we ask for, as data that can be stored and that knows when to step back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.triage.tickets import ticket
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.tickets import Priority

CHANGE = UpdateTicket(
    ticket_ref="7",
    category="how_to",
    priority=Priority.P2,
    group_id="3",
    note="Routed.",
    was={"category": None, "priority": None, "group_id": "1"},
)


@pytest.mark.parametrize(
    "action",
    [
        CHANGE,
        UpdateTicket(ticket_ref="7", clear=("category",), add_tags=("a",), remove_tags=("b",)),
        AddComment(ticket_ref="7", body="We are on it.", public=True),
        LinkIncident(ticket_ref="7", incident_ref="9"),
        CreateTicket(requester_email="kim@acme.example", requester_name="Kim", subject="Help", body="Please"),
        CreateTicket(
            requester_email="kim@acme.example",
            requester_name="Kim",
            subject="Help",
            body="Please",
            priority=Priority.P1,
            tags=("in_app",),
        ),
    ],
    ids=lambda action: action.summary,
)
def test_every_action_survives_being_stored(action: Any) -> None:
    assert type(action).from_payload(json.loads(json.dumps(action.to_payload()))) == action


def test_a_payload_stored_before_it_knew_what_was_seen_can_still_be_sent() -> None:
    stored = {name: value for name, value in CHANGE.to_payload().items() if name != "was"}
    assert UpdateTicket.from_payload(stored).was == {}


@pytest.mark.parametrize(
    ("now", "theirs"),
    [
        ({"group_id": "1"}, ()),
        ({"group_id": "1", "priority": Priority.P1}, ("priority",)),
        ({"group_id": "5"}, ("group_id",)),
        ({"group_id": None}, ("group_id",)),
        ({"group_id": "3"}, ()),
        ({"group_id": "1", "fields": {"category": "app_bug"}}, ("category",)),
        ({"group_id": "5", "priority": Priority.P4, "fields": {"category": "x"}}, ("category", "priority", "group_id")),
    ],
)
def test_a_change_yields_to_what_a_person_changed_since(now: dict[str, Any], theirs: tuple[str, ...]) -> None:
    left, names = CHANGE.yielding(ticket(**now))
    assert names == theirs
    assert all(getattr(left, name) is None for name in theirs)
    assert left.note == CHANGE.note
    kept = {"category", "priority", "group_id"} - set(theirs)
    assert all(getattr(left, name) == getattr(CHANGE, name) for name in kept)


def test_what_people_ask_for_yields_to_nobody() -> None:
    asked = UpdateTicket(ticket_ref="7", priority=Priority.P2)
    assert asked.yielding(ticket(priority=Priority.P1)) == (asked, ())
