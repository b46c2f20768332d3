"""Who has a ticket, and what there is left to take."""

from __future__ import annotations

import pytest

from tests.triage.escalation.desk import (
    BEGIN,
    P1,
    P2,
    P3,
    Event,
    acknowledged,
    at,
    began,
    priority,
    reply,
    rules,
    status,
)
from triage.escalation.taking import Taking, taken
from triage.sla.log import Told
from triage.sla.standing import standing
from triage.tickets import Status

OPEN, TAKEN, ANSWERED, SOLVED = Taking.OPEN, Taking.TAKEN, Taking.ANSWERED, Taking.SOLVED


@pytest.mark.parametrize(
    ("log", "minute", "expected"),
    [
        (began(), 10, OPEN),
        ([*began(), acknowledged(10)], 11, TAKEN),
        ([*began(), acknowledged(10)], 119, TAKEN),
        ([*began(), acknowledged(10)], 121, OPEN),
        ([*began(), acknowledged(121)], 400, TAKEN),
        ([*began(P1), acknowledged(2)], 3, TAKEN),
        ([*began(P1), acknowledged(2)], 61, OPEN),
        ([*began(P3), acknowledged(2), priority(5, P1)], 6, OPEN),
        ([*began(P1), acknowledged(2), priority(5, P1)], 6, TAKEN),
        ([*began(), acknowledged(121), status(130, Status.SOLVED)], 131, SOLVED),
        ([*began(), status(130, Status.SOLVED), status(140, Status.OPEN)], 141, OPEN),
        ([*began(P2), acknowledged(130), reply(135)], 140, TAKEN),
    ],
)
def test_somebody_has_it_until_something_begins_that_they_did_not_know_of(
    log: list[Event], minute: float, expected: Taking
) -> None:
    assert taken(standing(log, rules(), at(minute))).state is expected


@pytest.mark.parametrize(
    ("climb", "log", "expected"),
    [
        ("first_reply_time/1", began(), OPEN),
        ("first_reply_time/1", [*began(), reply(125)], ANSWERED),
        ("first_reply_time/2", began(), ANSWERED),
        ("first_reply_time/1", [*began(), acknowledged(125)], TAKEN),
        ("next_reply_time/1", began(), ANSWERED),
        ("at_once/1", began(P1), OPEN),
        ("at_once/1", [*began(P1), reply(3), priority(5, P1)], ANSWERED),
        ("at_once/1", [*began(P1), Told(at=at(0), key="at_once/1/level/1"), priority(5, P3)], ANSWERED),
        ("at_once/1", [*began(P1), reply(3)], ANSWERED),
        ("at_once/1", [*began(P1), reply(3), priority(5, P2), priority(6, P1)], OPEN),
        ("first_reply_time/1", [*began(), status(126, Status.SOLVED)], SOLVED),
    ],
)
def test_a_message_about_one_alarm_takes_no_other(climb: str, log: list[Event], expected: Taking) -> None:
    assert taken(standing(log, rules(), at(130)), climb).state is expected


def test_who_had_it_before_is_told_even_where_it_counts_no_more() -> None:
    found = taken(standing([*began(), acknowledged(10)], rules(), at(121)))
    assert (found.state, found.last) == (OPEN, acknowledged(10))


def test_a_ticket_of_which_nothing_is_known_is_nobodys() -> None:
    assert taken(standing([], rules(), BEGIN)).state is OPEN
