"""What to do about a ticket now and when to look again; and pages that need nobody any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.triage.escalation.desk import BEGIN, P1, acknowledged, at, began, reply, rules, status
from triage.escalation.ends import page_ends
from triage.escalation.messages import page_cause
from triage.escalation.outlook import outlook
from triage.messages import PageAction
from triage.sla.log import Event, Told
from triage.sla.marks import LATE, OK
from triage.tickets import Status

RULES = rules()


def walk(log: list[Event], until: datetime) -> list[datetime]:
    """Look at every moment that is asked for, taking what is due; the moments."""
    moments: list[datetime] = []
    now: datetime | None = BEGIN
    while now is not None and now <= until:
        moments.append(now)
        seen = outlook(log, RULES, now, taken=True)
        log += [step.as_told(now) for step in seen.due]
        assert seen.next_at is None or seen.next_at > now
        now = seen.next_at
    return moments


def test_a_sweep_that_takes_what_is_due_looks_ahead() -> None:
    log = began()
    moments = walk(log, at(1_000))
    assert len(moments) == len(set(moments)) < 20
    assert {at(60), at(90), at(120)} <= set(moments)
    told = [each.key for each in log if isinstance(each, Told)]
    assert len(told) == len(set(told)) == 7  # three reminders and four levels


def test_a_look_that_takes_nothing_leaves_it_due() -> None:
    log = began(P1)
    seen = outlook(log, RULES, at(1), taken=False)
    assert seen.due
    assert seen.next_at is not None
    assert seen.next_at <= at(1)
    assert seen.marks == (OK,)
    taken = outlook(log, RULES, at(1), taken=True)
    assert taken.due == seen.due
    assert taken.marks == ("deskhand_esc_1", OK)


def test_the_tags_change_in_time_where_nobody_is_told() -> None:
    silent = rules(responses={})
    seen = outlook(began(), silent, at(1), taken=True)
    assert (seen.due, seen.next_at) == ((), at(90))
    late = outlook(began(), silent, at(121), taken=True)
    assert (late.marks, late.next_at) == ((LATE,), None)


def test_what_the_log_holds_has_happened_whatever_our_clock_says() -> None:
    seen = outlook(began(P1), RULES, BEGIN - timedelta(hours=3), taken=False)
    assert seen.standing.at == BEGIN
    assert seen.due


def paged() -> list[Event]:
    log = began()
    walk(log, at(150))
    return log


def ends(log: list[Event], minute: float) -> list[tuple[str, PageAction]]:
    return list(page_ends("7", outlook(log, RULES, at(minute), taken=True).standing))


def test_a_page_ends_when_somebody_has_it_and_again_when_it_is_over() -> None:
    log = paged()
    (page,) = [each for each in log if isinstance(each, Told) and "page" in each.by]
    which = page_cause("7", page.key)
    assert ends(log, 151) == []
    assert ends([*log, acknowledged(151)], 152) == [(which, PageAction.ACKNOWLEDGE)]
    assert ends([*log, reply(151)], 152) == [(which, PageAction.RESOLVE)]
    assert ends([*log, acknowledged(151), status(153, Status.SOLVED)], 154) == [(which, PageAction.RESOLVE)]
