"""When each step of a reminder or ladder is taken, by table: the rules one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.triage.escalation.desk import (
    ANA,
    DAY,
    FACTS,
    FIRST,
    LATE,
    MEI,
    NEXT,
    P1,
    P2,
    P3,
    PEOPLE,
    PRIYA,
    TOMAS,
    WHOLE,
    H,
    Line,
    acknowledged,
    at,
    began,
    level,
    priority,
    reply,
    rules,
    said,
    status,
)
from triage.escalation.people import Ladder, Response, Via
from triage.escalation.steps import Kind, due
from triage.sla.log import FactsSet, StatusSet
from triage.sla.policies import Metric
from triage.tickets import Status

BOTH = ("ana", "priya")
REMINDED = [(60, "remind/0.5", BOTH), (90, "remind/0.75", BOTH), (108, "remind/0.9", BOTH)]
CLIMBED = [
    (120, "level/1", ("ana",)),
    (130, "level/2", ("priya",)),
    (145, "level/3", ("tomas",)),
    (165, "level/4", ("mei",)),
]


def test_reminders_come_at_shares_of_the_target_and_the_ladder_climbs_from_the_due_time() -> None:
    line = Line(began(), rules())
    assert said(line.run(at(0), at(DAY))) == REMINDED + CLIMBED
    assert line.next_at(at(DAY)) is None


def test_what_is_to_come_is_known_from_the_beginning() -> None:
    found = Line(began(), rules()).all(at(0))
    assert said(found) == REMINDED + CLIMBED
    assert [step.kind for step in found] == [Kind.REMIND] * 3 + [Kind.LEVEL] * 4


def test_shares_are_of_open_time_and_waits_are_not() -> None:
    by = rules(targets={P2: {FIRST: 12 * H}}, in_business_hours=True)
    tuesday = DAY + 4 * H
    assert said(Line(began(), by).all(at(0))) == [
        (6 * H, "remind/0.5", BOTH),
        (DAY + H, "remind/0.75", BOTH),
        (DAY + 2 * H + 48, "remind/0.9", BOTH),
        (tuesday, "level/1", ("ana",)),
        (tuesday + 10, "level/2", ("priya",)),
        (tuesday + 25, "level/3", ("tomas",)),
        (tuesday + 45, "level/4", ("mei",)),
    ]


def test_a_held_clock_has_none_until_it_goes_on() -> None:
    line = Line([*began(), status(30, Status.PENDING)], rules())
    assert line.run(at(0), at(0)) == []
    assert line.all(at(40)) == ()
    line.log.append(status(600, Status.OPEN))
    assert said(line.run(at(600), at(DAY)))[:4] == [
        (630, "remind/0.5", BOTH),
        (660, "remind/0.75", BOTH),
        (678, "remind/0.9", BOTH),
        (690, "level/1", ("ana",)),
    ]


def test_a_ladder_rests_while_its_clock_is_held_and_goes_on_where_it_stood() -> None:
    line = Line(began(), rules())
    line.run(at(0), at(134))
    line.log.append(status(134, Status.PENDING))
    assert line.next_at(at(135)) is None
    assert line.run(at(135), at(500)) == []
    line.log.append(status(501, Status.OPEN))
    assert said(line.run(at(501), at(DAY))) == [(512, "level/3", ("tomas",)), (532, "level/4", ("mei",))]


def test_a_level_that_falls_on_the_moment_of_a_hold_waits_for_its_end() -> None:
    line = Line(began(), rules())
    line.run(at(0), at(129))
    line.log += [status(130, Status.PENDING), status(400, Status.OPEN)]
    assert said(line.run(at(400), at(401))) == [(400, "level/2", ("priya",))]


def test_nobody_is_told_of_a_ticket_that_came_in_solved() -> None:
    for first in (P1, P2):
        solved = [event for event in began(first) if not isinstance(event, StatusSet)]
        line = Line([*solved, status(0, Status.SOLVED)], rules())
        assert line.run(at(0), at(DAY)) == []


def test_nobody_is_told_of_a_solved_ticket_though_an_agent_writes_to_it() -> None:
    by = rules(targets={P2: {Metric.PERIODIC_UPDATE_TIME: 60}})
    line = Line([*began(), status(10, Status.SOLVED), reply(11)], by)
    assert line.run(at(11), at(DAY)) == []


def test_after_a_retarget_shares_count_for_the_new_target_and_none_is_told_again() -> None:
    line = Line(began(P2), rules())
    line.run(at(0), at(100))
    line.log.append(priority(100, P3))
    assert said(line.run(at(100), at(DAY))) == [(216, "remind/0.9", BOTH), (240, "late", BOTH)]


def test_a_shorter_target_that_is_used_up_already_is_late_from_then_on() -> None:
    line = Line(began(P3), rules())
    line.run(at(0), at(150))
    line.log.append(priority(150, P2))
    assert said(line.run(at(150), at(DAY))) == [
        (150, "level/1", ("ana",)),
        (160, "level/2", ("priya",)),
        (175, "level/3", ("tomas",)),
        (195, "level/4", ("mei",)),
    ]


def test_without_a_ladder_those_who_are_reminded_hear_that_it_is_late() -> None:
    found = Line(began(P3), rules()).run(at(0), at(DAY))
    assert said(found)[-1] == (240, "late", BOTH)
    assert found[-1].kind is Kind.LATE


def test_a_priority_without_a_response_asks_for_nothing() -> None:
    assert Line(began(P2), rules(responses={})).all(at(0)) == ()
    assert Line(began(None), rules()).all(at(0)) == ()


@pytest.mark.parametrize(
    "event",
    [acknowledged(132), reply(132), status(132, Status.SOLVED), status(132, Status.CLOSED)],
    ids=lambda event: type(event).__name__,
)
def test_climbing_stops(event: object) -> None:
    line = Line(began(), rules())
    line.run(at(0), at(131))
    line.log.append(event)  # type: ignore[arg-type]
    assert line.run(at(132), at(7 * DAY)) == []
    assert line.next_at(at(132)) is None
    assert said(line.all(at(132)))[-2:] == CLIMBED[:2]  # what was told is still there to show


def test_an_acknowledgement_before_the_ladder_began_does_not_stop_it() -> None:
    line = Line([*began(), acknowledged(119)], rules())
    assert said(line.run(at(119), at(DAY)))[1:] == CLIMBED


def test_an_acknowledgement_holds_when_the_target_changes_later() -> None:
    line = Line(began(P3), rules(responses={P2: Response(ladder="late"), P3: Response(ladder="late")}))
    line.run(at(0), at(241))
    line.log += [acknowledged(245), priority(246, P2)]
    assert line.run(at(246), at(DAY)) == []


def test_a_clock_that_gets_late_again_after_that_climbs_on() -> None:
    by = rules(responses={P2: Response(ladder="late"), P3: Response(ladder="late")})
    line = Line(began(P2), by)
    line.run(at(0), at(125))
    line.log += [acknowledged(125), priority(126, P3)]
    # Level 1, and every reminder, was told for this run.
    assert said(line.run(at(126), at(DAY))) == [
        (250, "level/2", ("priya",)),
        (265, "level/3", ("tomas",)),
        (285, "level/4", ("mei",)),
    ]


def test_a_later_breach_of_another_clock_begins_a_ladder_of_its_own() -> None:
    by = rules(targets={P2: {FIRST: 60, WHOLE: 180}}, responses={P2: Response(reminders=(), ladder="late")})
    line = Line(began(), by)
    line.run(at(0), at(60))
    line.log += [acknowledged(61), reply(62)]
    found = line.run(at(62), at(DAY))
    assert said(found) == [
        (180, "level/1", ("ana",)),
        (190, "level/2", ("priya",)),
        (205, "level/3", ("tomas",)),
        (225, "level/4", ("mei",)),
    ]
    assert {step.metric for step in found} == {WHOLE}


def test_another_run_of_a_clock_tells_anew() -> None:
    by = rules(targets={P2: {NEXT: 60}}, responses={P2: Response(reminders=(0.5,))})
    line = Line([*began(), reply(0, by_agent=False)], by)
    line.run(at(0), at(70))
    line.log += [reply(71), reply(100, by_agent=False)]
    assert [step.key for step in line.run(at(100), at(DAY))] == [
        "next_reply_time/2/remind/0.5",
        "next_reply_time/2/late",
    ]


# At once


def test_at_once_the_ladder_begins_with_the_priority() -> None:
    by = rules(responses={P1: Response(reminders=(), ladder="late", at_once=True)})
    line = Line([*began(P3), priority(30, P1)], by)
    assert said(line.run(at(30), at(59))) == [
        (30, "level/1", ("ana",)),
        (40, "level/2", ("priya",)),
        (55, "level/3", ("tomas",)),
    ]


def test_the_same_priority_read_twice_and_earlier_begins_no_second_ladder() -> None:
    line = Line([*began(P3), priority(30, P1)], rules())
    line.run(at(30), at(31))
    line.log += [priority(29, P1), priority(35, None), priority(36, P1)]
    assert all("level/1" not in step.key for step in line.run(at(36), at(58)))


def test_a_priority_that_comes_back_begins_a_new_ladder() -> None:
    line = Line([*began(P1)], rules())
    line.run(at(0), at(5))
    line.log += [priority(6, P3)]
    assert not [step for step in line.run(at(6), at(20)) if step.metric is None]
    line.log += [priority(21, P1)]
    assert [step.key for step in line.run(at(21), at(22)) if step.metric is None] == ["at_once/2/level/1"]


@pytest.mark.parametrize(
    "event", [acknowledged(12), reply(12), status(12, Status.SOLVED)], ids=lambda event: type(event).__name__
)
def test_a_ladder_at_once_stops(event: object) -> None:
    line = Line(began(P1), rules())
    line.run(at(0), at(11))
    line.log.append(event)  # type: ignore[arg-type]
    assert not [step for step in line.run(at(12), at(59)) if step.metric is None]


def test_an_internal_note_and_the_customer_stop_nothing() -> None:
    line = Line([*began(P1), reply(1, by_agent=False), replace(reply(2), public=False)], rules())
    assert len([step for step in line.run(at(2), at(DAY)) if step.metric is None]) == 4


def test_a_ladder_at_once_rests_while_the_ticket_waits_for_the_customer() -> None:
    line = Line(began(P1), rules())
    line.run(at(0), at(4))
    line.log.append(status(4, Status.PENDING))
    assert line.next_at(at(5)) is None
    line.log.append(status(300, Status.OPEN))
    assert said(line.run(at(300), at(310)))[0] == (306, "level/2", ("priya",))


def test_while_it_climbs_a_late_clock_is_told_of_without_a_second_ladder() -> None:
    by = rules(ladders=[replace(LATE, levels=(level("assignee", wait=90), level("group_lead")))])
    found = Line(began(P1), by).run(at(0), at(DAY))
    assert [step.key for step in found if step.kind is not Kind.REMIND] == [
        "at_once/1/level/1",
        "first_reply_time/1/late",
        "at_once/1/level/2",
    ]


def test_a_clock_that_is_late_after_the_first_ladder_ended_climbs() -> None:
    line = Line(began(P1), rules())
    line.run(at(0), at(5))
    line.log.append(acknowledged(5))
    assert said(step for step in line.run(at(5), at(DAY)) if step.kind is Kind.LEVEL) == [
        (60, "level/1", ("ana",)),
        (70, "level/2", ("priya",)),
        (85, "level/3", ("tomas",)),
        (105, "level/4", ("mei",)),
    ]


def test_a_ladder_that_was_being_climbed_gives_way_to_one_at_once() -> None:
    for targets in ({P2: {FIRST: 60}, P1: {FIRST: 60}}, {P2: {FIRST: 60}, P1: {FIRST: 30}}):
        by = rules(targets=targets)
        line = Line(began(P2), by)
        line.run(at(0), at(62))
        line.log.append(priority(65, P1))
        assert [step.key for step in line.run(at(65), at(DAY))] == [
            f"at_once/1/level/{number}" for number in (1, 2, 3, 4)
        ]
        assert "first_reply_time/1/level/1" in [step.key for step in line.all(at(66))]


def test_a_clock_that_was_late_while_it_climbed_has_its_ladder_from_the_reply_on() -> None:
    line = Line(began(P1), rules(targets={P1: {FIRST: 30, WHOLE: 60}}))
    line.run(at(0), at(200))
    line.log.append(reply(200))
    assert [(step.at, step.key) for step in line.run(at(200), at(210))] == [
        (at(200), "full_resolution_time/1/level/1"),
        (at(210), "full_resolution_time/1/level/2"),
    ]


# Quiet hours, and levels that reach nobody


def test_who_is_quiet_is_passed_over_and_nobody_waits_for_them() -> None:
    quiet = replace(PRIYA, time_zone="Etc/UTC", quiet=((11 * H, 12 * H),))
    found = Line(began(), rules(people=[ANA, quiet, TOMAS, MEI])).run(at(0), at(DAY))
    assert said(found)[3:] == [
        (120, "level/1", ("ana",)),
        (130, "level/2", ()),
        (130, "level/3", ("tomas",)),
        (150, "level/4", ("mei",)),
    ]
    assert found[4].unreached == ("Priya Nair: quiet hours",)


def test_of_several_on_a_level_only_the_quiet_one_is_passed_over() -> None:
    quiet = replace(ANA, quiet=((9 * H, 17 * H),))
    found = Line(began(), rules(people=[quiet, PRIYA])).run(at(0), at(60))
    assert found[0].to == ("priya",)
    assert found[0].unreached == ("Ana Lind: quiet hours",)


def test_a_page_of_a_ladder_at_once_breaks_quiet_hours_and_nothing_else_does() -> None:
    ladder = Ladder(
        id="late",
        name="Late",
        levels=(level("assignee", by=(Via.PAGE, Via.CHAT)), level("assignee", by=(Via.CHAT, Via.MAIL))),
    )
    quiet = replace(ANA, quiet=((9 * H, 17 * H),))
    at_once = Line(began(P1), rules(people=[quiet], ladders=[ladder])).all(at(0))[:2]
    assert [(step.to, step.by) for step in at_once] == [(("ana",), (Via.PAGE,)), ((), ())]
    late = [step for step in Line(began(P2), rules(people=[quiet], ladders=[ladder])).all(at(0)) if step.level]
    assert [step.by for step in late] == [(), ()]


def test_levels_that_reach_nobody_are_seen_and_cost_no_wait() -> None:
    found = Line(began(facts={"group": ("Integrations EU",)}), rules(people=[TOMAS])).run(at(0), at(DAY))
    assert [(step.at, step.to, step.unreached) for step in found if step.kind is Kind.LEVEL] == [
        (at(120), (), ("assignee: nobody is assigned",)),
        (at(120), (), ("group_lead: group Integrations EU has no lead",)),
        (at(120), ("tomas",), ()),
        (at(140), (), ("person:mei: there is no person mei",)),
    ]


def test_a_level_that_was_passed_over_stays_so() -> None:
    line = Line(began(facts={}), rules())
    line.run(at(0), at(121))
    line.log.append(FactsSet(at=at(125), facts=FACTS))
    assert said(line.run(at(125), at(DAY))) == [(140, "level/4", ("mei",))]


def test_nobody_is_told_twice_for_one_level_and_again_on_another() -> None:
    ladder = Ladder(id="late", name="Late", levels=(level("assignee", "person:ana"), level("person:ana")))
    found = Line(began(), rules(ladders=[ladder])).run(at(0), at(DAY))
    assert [step.to for step in found if step.level] == [("ana",), ("ana",)]


def test_a_level_for_nobody_by_name_goes_to_whoever_the_pager_has_on_call() -> None:
    ladder = Ladder(id="late", name="Late", levels=(level(by=(Via.PAGE,)), level(by=(Via.CHAT,))))
    found = Line(began(), rules(ladders=[ladder], people=())).run(at(0), at(DAY))
    assert [(step.to, step.by, step.unreached) for step in found if step.level] == [
        ((), (Via.PAGE,), ()),
        ((), (), ("nobody is named",)),
    ]


# A machine that stood still, and a clock set back


def test_a_stop_makes_up_the_last_reminder_only() -> None:
    line = Line(began(), rules())
    assert said(line.sweep(at(100))) == [(90, "remind/0.75", BOTH)]
    assert said(line.run(at(100), at(119))) == [(108, "remind/0.9", BOTH)]


def test_a_stop_past_the_due_time_makes_up_every_level_and_no_reminder() -> None:
    line = Line(began(), rules())
    assert said(line.sweep(at(150))) == CLIMBED[:3]
    assert line.next_at(at(150)) == at(165)


def test_nobody_hears_of_what_was_acknowledged_during_a_stop() -> None:
    assert Line([*began(), acknowledged(140)], rules()).sweep(at(150)) == []


def test_what_will_be_late_by_then_needs_no_reminder() -> None:
    assert said(due(Line(began(), rules()).all(at(0)), (), at(125))) == CLIMBED[:1]


def test_with_the_clock_set_back_nothing_is_told_twice() -> None:
    line = Line(began(), rules())
    line.run(at(0), at(131))
    assert line.run(at(55), at(131)) == []
    assert said(line.run(at(131), at(DAY))) == CLIMBED[2:]


def test_while_something_is_due_the_next_look_is_past() -> None:
    line = Line(began(), rules())
    assert line.next_at(at(61)) == at(60)
    assert line.next_at(at(0)) == at(60)


def test_who_was_told_stays_as_it_was_when_the_ticket_moves_on() -> None:
    line = Line(began(), rules(people=PEOPLE.values()))
    line.run(at(0), at(121))
    line.log.append(FactsSet(at=at(122), facts={"assignee_id": ("99",)}))
    assert [step.to for step in line.all(at(122)) if step.level] == [("ana",), (), ("tomas",), ("mei",)]
    assert said(line.all(at(122)))[-3:] == [
        (130, "level/2", ()),
        (130, "level/3", ("tomas",)),
        (150, "level/4", ("mei",)),
    ]
