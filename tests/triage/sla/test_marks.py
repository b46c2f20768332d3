"""The tags that say where a ticket's clocks stand."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.triage.escalation.desk import BEGIN, FIRST, P2, WHOLE, Line, at, began, priority, reply, rules, status
from triage.escalation.steps import told_keys
from triage.sla.log import Event
from triage.sla.marks import DUE_SOON, LATE, MET, OK, PAUSED, cause, change, changes_at, is_mark, marks, marks_of
from triage.sla.standing import standing
from triage.tickets import Status

RULES = rules(targets={P2: {FIRST: 120, WHOLE: 480}})
ANSWERED = [*began(), reply(30)]


def marked(log: list[Event], minute: float) -> tuple[str, ...] | None:
    stands = standing(log, RULES, at(minute))
    return marks(stands, Line(log, RULES).all(at(minute)), told_keys(log))


@pytest.mark.parametrize(
    ("log", "minute", "wanted"),
    [
        (began(), 0, OK),
        (began(), 89.99, OK),
        (began(), 90, DUE_SOON),
        (began(), 120, DUE_SOON),
        (began(), 120.01, LATE),
        (ANSWERED, 120.01, OK),
        (ANSWERED, 360, DUE_SOON),
        ([*began(), reply(130)], 140, OK),
        ([*ANSWERED, status(40, Status.PENDING)], 2_000, PAUSED),
        ([*began(), status(121, Status.PENDING)], 2_000, LATE),
        ([*ANSWERED, status(200, Status.SOLVED)], 300, MET),
        ([*ANSWERED, status(500, Status.SOLVED)], 501, LATE),
        ([*ANSWERED, status(200, Status.SOLVED), status(210, Status.OPEN)], 211, OK),
    ],
)
def test_the_state_is_that_of_the_clock_that_stands_worst(log: list[Event], minute: float, wanted: str) -> None:
    assert marked(log, minute) == (wanted,)


def test_nothing_promised_is_no_tag_and_a_closed_ticket_takes_none() -> None:
    assert marked(began(None), 999) == ()
    assert marked([*began(), status(5, Status.CLOSED)], 9) is None
    assert marked([*began(), status(5, Status.DELETED)], 9) is None


def test_the_level_is_the_highest_that_somebody_was_told_of() -> None:
    line = Line(began(), RULES)
    line.run(BEGIN, at(119))
    assert marked(line.log, 119) == (DUE_SOON,)
    line.run(at(119), at(131))
    assert marked(line.log, 131) == tuple(sorted(("deskhand_esc_2", LATE)))


@pytest.mark.parametrize("log", [began(), ANSWERED, [*began(), status(50, Status.PENDING), status(70, Status.OPEN)]])
def test_the_next_change_is_when_the_tags_are_others(log: list[Event]) -> None:
    """Stepping from change to change misses none that looking every minute would find."""
    minute, seen = 90.0, []
    moment = changes_at(standing(log, RULES, at(minute)))
    while moment is not None:
        before = moment - timedelta(seconds=1)
        tags = marks(standing(log, RULES, moment), (), ())
        assert tags != marks(standing(log, RULES, before), (), ())
        seen.append(tags)
        moment = changes_at(standing(log, RULES, moment))
    looked = [marked(log, minute + step) for step in range(600)]
    others = [tags for before, tags in pairwise(looked) if tags != before]
    assert seen == others


def test_what_stands_still_changes_by_no_time() -> None:
    held = [*ANSWERED, status(40, Status.PENDING)]
    assert changes_at(standing(held, RULES, at(50))) is None
    assert changes_at(standing(began(), RULES, at(500))) is None
    assert changes_at(standing(began(None), RULES, at(5))) is None


def test_a_change_names_all_marks_and_takes_the_others_off() -> None:
    assert change("7", (OK,), (OK,)) is None
    made = change("7", (LATE, "deskhand_esc_2"), (OK,), (OK, "deskhand_esc_1"))
    assert made is not None
    assert made.add_tags == ("deskhand_esc_2", LATE)
    assert made.remove_tags == ("deskhand_esc_1", OK)
    gone = change("7", (), (OK,))
    assert gone is not None
    assert (gone.add_tags, gone.remove_tags) == ((), (OK,))
    assert marks_of(["deskhand_triaged", "hx_0123456789", OK, "sla"]) == (OK,)
    assert not is_mark("deskhand_human")


def test_a_cause_is_new_with_new_marks_events_or_rules_only() -> None:
    log = began()
    first = cause((OK,), log, "1")
    line = Line(log, RULES)
    line.run(BEGIN, at(61))
    assert line.log != log
    assert cause((OK,), line.log, "1") == cause((OK,), [*log, *log][::-1], "1") == first
    others = {cause((LATE,), log, "1"), cause((OK,), [*log, priority(9, P2)], "1"), cause((OK,), log, "2")}
    assert len(others | {first}) == 4
