"""Who would have been told, and what other rules would have done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.triage.escalation.desk import (
    BEGIN,
    FIRST,
    LATE,
    P2,
    P3,
    Line,
    acknowledged,
    at,
    began,
    minutes,
    reply,
    rules,
)
from triage.escalation.replay import replay
from triage.sla.log import Told
from triage.sla.simulate import simulate


def test_a_replay_tells_whom_the_sweeps_told() -> None:
    for log in (began(), [*began(), acknowledged(140)], [*began(), reply(131)], [*began(P3), reply(10)]):
        line = Line(log[:3], rules())
        for event in [*log[3:], None]:
            until = event.at if event else at(400)
            line.run(line.log[-1].at if isinstance(line.log[-1], Told) else BEGIN, until)
            if event:
                line.log.append(event)
        swept = [event for event in line.log if isinstance(event, Told)]
        assert sorted(replay(log, rules(), at(400)), key=repr) == sorted(swept, key=repr)
        assert replay(line.log, rules(), at(400)) == replay(log, rules(), at(400)), "what was told is no cause"


def test_a_replay_ends_where_it_is_asked_to() -> None:
    told = replay(began(), rules(), at(60))
    assert [each.at for each in told] == [at(60)], "half of the two hours, at that very moment"
    assert not replay(began(), rules(), at(59))


def test_longer_targets_turn_late_into_in_time() -> None:
    logs = {"1": [*began(), reply(150)], "2": [*began(), reply(30)], "3": began()}
    longer = rules(targets={P2: {FIRST: 180}})
    found = simulate(logs.items(), rules(), longer, at(300))
    before, after = found.before.outcomes[FIRST], found.after.outcomes[FIRST]
    assert (found.tickets, before.promised, before.met, before.late) == (3, 3, 1, 2)
    assert before.by == timedelta(minutes=30 + 180)
    assert (after.met, after.late, after.by) == (2, 1, timedelta(minutes=120))
    assert (found.better, found.worse) == (1, 0)
    (change,) = found.changes
    assert (change.ref, change.due_before, change.due_after) == ("1", at(120), at(180))


def test_another_staffing_tells_others() -> None:
    ladder = replace(LATE, levels=LATE.levels[:1])
    found = simulate([("1", began())], rules(), rules(ladders=[ladder]), BEGIN + minutes(400))
    assert found.before.told["tomas"] == 1
    assert "tomas" not in found.after.told
    assert found.before.outcomes == found.after.outcomes
