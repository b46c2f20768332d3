"""What a look at a ticket adds to its log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.triage.tickets import ticket
from triage.actions import UpdateTicket
from triage.sla.log import Event, FactsSet, PrioritySet, Reply, StatusSet
from triage.sla.sighting import beginning, changed_by, is_untouched, last_facts, news, prioritised
from triage.tickets import Channel, Priority, Status, Ticket

T0 = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
LATER = T0 + timedelta(minutes=20)
FACTS = {"channel": ("email",)}
NEW = ticket(requester_id="31")
US = "900"


def changed(**values: object) -> Ticket:
    return replace(NEW, updated_at=LATER, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "creator", "untouched"),
    [
        (NEW, None, True),
        (NEW, "31", True),
        (NEW, US, True),
        (NEW, "71", False),
        (replace(NEW, channel=Channel.API), None, False),
        (replace(NEW, channel=Channel.API), "31", True),
        (replace(NEW, channel=Channel.PHONE), None, False),
        (replace(NEW, status=Status.OPEN), None, True),
        (replace(NEW, status=Status.PENDING), None, False),
        (replace(NEW, assignee_id="71"), None, False),
        (replace(NEW, updated_at=T0 + timedelta(seconds=2)), None, True),
        (replace(NEW, updated_at=T0 + timedelta(seconds=3)), None, False),
    ],
)
def test_only_what_nobody_touched_needs_no_asking(seen: Ticket, creator: str | None, untouched: bool) -> None:
    assert is_untouched(seen, creator, US) is untouched


def test_a_new_ticket_begins_with_its_requesters_words() -> None:
    assert beginning(NEW) == (StatusSet(at=T0, status=Status.NEW), Reply(at=T0, by_agent=False))
    urgent = replace(NEW, priority=Priority.P1)
    assert beginning(urgent) == (*beginning(NEW), PrioritySet(at=T0, priority=Priority.P1))


def test_what_the_log_says_already_is_no_news() -> None:
    log: list[Event] = [*beginning(NEW), FactsSet(at=T0, facts=FACTS)]
    assert news(log, NEW, FACTS, settled=True) == ()
    assert news(log, changed(), FACTS, settled=True) == ()


def test_a_change_counts_from_the_tickets_last_one_on() -> None:
    log: list[Event] = [*beginning(NEW), FactsSet(at=T0, facts=FACTS)]
    seen = changed(status=Status.PENDING, priority=Priority.P2)
    more = {"channel": ("email",), "tag": ("vip",)}
    assert news(log, seen, more, settled=True) == (
        StatusSet(at=LATER, status=Status.PENDING),
        PrioritySet(at=LATER, priority=Priority.P2),
        FactsSet(at=LATER, facts=more),
    )


def test_what_is_seen_comes_after_what_is_known() -> None:
    """Stamps have whole seconds, and a helpdesk's list of changes may know more than the ticket's own stamp."""
    log: list[Event] = [StatusSet(at=T0, status=Status.NEW), StatusSet(at=LATER, status=Status.SOLVED)]
    (found,) = news(log, changed(status=Status.OPEN), {}, settled=False)
    assert found.at > LATER
    assert found.at - LATER < timedelta(seconds=1)


def test_a_ticket_without_a_past_began_as_all_do() -> None:
    found = news([], changed(status=Status.SOLVED), FACTS, settled=True)
    assert found[:2] == (StatusSet(at=T0, status=Status.NEW), StatusSet(at=LATER, status=Status.SOLVED))
    assert news([], changed(status=Status.OPEN), FACTS, settled=False) == (StatusSet(at=T0, status=Status.OPEN),)


def test_while_our_change_is_on_its_way_the_log_is_ahead() -> None:
    action = UpdateTicket(ticket_ref=NEW.ref, priority=Priority.P1, group_id="7", category="how_to")
    ours = prioritised(NEW, action)
    log: list[Event] = [*beginning(NEW), *ours, FactsSet(at=T0, facts=FACTS)]
    default = changed(priority=Priority.P4, status=Status.OPEN)
    assert news(log, default, {}, settled=False) == (StatusSet(at=LATER, status=Status.OPEN),)
    # A person's later word wins, whichever of the two is heard of first.
    theirs = PrioritySet(at=LATER, priority=Priority.P2)
    assert max([*ours, theirs], key=lambda each: each.at) == theirs


def test_a_ticket_counts_as_changed_by_what_is_about_to_be_written() -> None:
    action = UpdateTicket(ticket_ref=NEW.ref, priority=Priority.P1, group_id="7", category="how_to")
    after = changed_by(action, replace(NEW, group_id="1", fields={"product_area": "app"}))
    assert (after.group_id, after.fields) == ("7", {"product_area": "app", "category": "how_to"})
    assert prioritised(NEW, action) == (PrioritySet(at=T0 + timedelta(microseconds=1), priority=Priority.P1),)
    nothing = UpdateTicket(ticket_ref=NEW.ref)
    assert prioritised(NEW, nothing) == ()
    assert changed_by(nothing, NEW).group_id is None


def test_the_last_facts_are_those_found_last() -> None:
    assert last_facts([]) == {}
    assert last_facts([FactsSet(at=LATER, facts={"tag": ("b",)}), FactsSet(at=T0, facts=FACTS)]) == {"tag": ("b",)}
