"""What the panel says of clocks and ladders, in every state that the design shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.triage.sla.stories import (
    LADDERED,
    LOG,
    NOW,
    RULES,
    WEEKDAYS,
    WITH_LADDER,
    local,
    service_down,
    target,
)
from triage.hours import LocalSpan
from triage.panel_clock import panel_clocks
from triage.panel_view import ClockLine, PanelClocks
from triage.sla.case import case
from triage.sla.log import Acknowledged, Event, PrioritySet, Reply, StatusSet, Told
from triage.sla.policies import Metric, Policy
from triage.sla.rules import SlaRules
from triage.tickets import Priority, Status

START = local(12, "13:24")
FIRST: tuple[Event, ...] = (
    StatusSet(at=START, status=Status.NEW),
    replace(LOG[1], at=START),
    PrioritySet(at=START, priority=Priority.P2),
)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def seen(
    log: Iterable[Event] = LADDERED,
    at: datetime = NOW,
    *,
    rules: SlaRules = WITH_LADDER,
    zone: str | None = "Europe/Amsterdam",
    user: str = "",
) -> PanelClocks:
    return panel_clocks(case(log, rules, at), zone=zone, user_id=user)


def after(
    minutes: float, *, log: Iterable[Event] = FIRST, rules: SlaRules = RULES, zone: str | None = None
) -> ClockLine:
    return seen(log, START + timedelta(minutes=minutes), rules=rules, zone=zone).lines[0]


@pytest.mark.parametrize(
    ("minutes", "tone", "value", "pill"),
    [
        (38, "", "22 min left", "Reply in 22 min"),
        (46, "soon", "14 min left", "Reply in 14 min"),
        (54.9, "urgent", "5 min left", "Reply in 5 min"),
        (56 + 20 / 60, "urgent", "3 min 40 s left", "Reply in 3 min 40 s"),
        (59.5, "urgent", "30 s left", "Reply in 30 s"),
        (72, "late", "12 min late", "Reply 12 min late"),
    ],
)
def test_a_running_clock_has_tone_by_its_share(minutes: float, tone: str, value: str, pill: str) -> None:
    line = after(minutes)
    assert (line.name, line.tone, plain(line.value)) == ("First reply", tone, value)
    found = seen(FIRST, START + timedelta(minutes=minutes), rules=RULES).pill
    assert found is not None
    assert plain(found.text) == pill
    assert line.large == (tone in ("urgent", "late"))


def test_what_a_browser_counts_down_from() -> None:
    line = after(38)
    assert (line.left_s, line.of, line.used, line.stops_s, line.opens_s) == (22 * 60, 3600, 38 * 60, None, None)
    assert plain(line.share) == "First reply: 63 % of the time used"
    resolution = seen(FIRST, START + timedelta(minutes=38), rules=RULES).lines[1]
    assert resolution.stops_s == (local(12, "18:00") - START).total_seconds() - 38 * 60
    assert (resolution.name, resolution.bar, resolution.brief) == ("Resolution", False, "due Mon 17:24")
    assert plain(resolution.value) == "23 h 22 min left"


def test_the_due_time_names_the_city_and_the_agents_own_time_where_it_differs() -> None:
    assert after(38).due == "Due 14:24 Amsterdam."
    assert after(38, zone="Europe/Berlin").due == "Due 14:24 Amsterdam."
    assert after(38, zone="America/New_York").due == "Due 14:24 Amsterdam, 08:24 for you."


def test_late_and_escalated_says_to_whom() -> None:
    told = Told(at=START + timedelta(hours=1), key="first_reply_time/1/level/1", to=("priya",), by=("chat",))
    line = after(72, log=[*FIRST, told], rules=WITH_LADDER)
    assert line.due == "Was due 14:24 Amsterdam. Escalated to Priya Nair."
    assert after(38, rules=WITH_LADDER).due == "Due 14:24 Amsterdam. Priya Nair is reminded at 14:09."


def test_a_held_clock_says_since_when_and_why() -> None:
    held = seen([*LADDERED, StatusSet(at=local(17, "11:20"), status=Status.PENDING)])
    line = held.lines[0]
    assert (line.tone, plain(line.value)) == ("paused", "Paused, 3 h 35 min left")
    assert line.due == "Waiting for the customer since 11:20."
    assert line.left_s is None
    assert held.pill is not None
    assert (held.pill.text, held.pill.verb) == ("Resolve: paused", "")


def test_another_target_while_held_is_not_why_it_is_held() -> None:
    log = [
        *FIRST,
        StatusSet(at=START + timedelta(minutes=5), status=Status.PENDING),
        PrioritySet(at=START + timedelta(minutes=6), priority=Priority.P1),
    ]
    line = after(7, log=log)
    assert (plain(line.value), line.due) == ("Paused, 10 min left", "Waiting for the customer since 13:29.")


def test_closed_hours_say_when_it_runs_again() -> None:
    late = local(13, "23:00")
    line = seen(LOG, late, rules=RULES).lines[0]
    assert (line.tone, plain(line.value)) == ("paused", "16 h 55 min left, from Mon 08:00")
    assert line.due == "Weekend. Due Tue 14:55 Amsterdam."
    assert line.left_s is None
    assert line.opens_s == (local(16, "08:00") - late).total_seconds()
    pill = seen(LOG, late, rules=RULES).pill
    assert pill is not None
    assert pill.text == "Resolve by Tue 14:55"


def test_a_met_clock_stays_as_one_calm_line() -> None:
    first = seen().lines[-1]
    assert (first.name, first.tone, plain(first.value), first.bar) == ("First reply", "met", "Met in 38 min", False)
    assert first.brief == "replied Thu 15:58"


def test_one_answered_too_late_says_both_times() -> None:
    line = after(100, log=[*FIRST, Reply(at=START + timedelta(minutes=72), by_agent=True)])
    done = seen([*FIRST, Reply(at=START + timedelta(minutes=72), by_agent=True)], START + timedelta(minutes=100))
    assert line.name == "Resolution"
    assert (done.lines[-1].tone, plain(done.lines[-1].value)) == ("late", "12 min late")
    assert done.lines[-1].due == "Replied 14:36 Amsterdam, was due 14:24."


@pytest.mark.parametrize(
    ("log", "note"),
    [
        ([], "Nothing is known of this ticket yet. Its clocks show after its next change."),
        (FIRST[:2], "No clock runs: the ticket has no priority yet."),
        ([FIRST[0], FIRST[2]], "No clock runs: no policy fits this ticket."),
        (
            [*FIRST[:2], replace(FIRST[2], priority=Priority.P4)],
            "No clock runs: policy “Enterprise” promises nothing for P4.",
        ),
    ],
)
def test_without_a_clock_one_line_says_why(log: list[Event], note: str) -> None:
    found = seen(log, START + timedelta(minutes=1), rules=RULES)
    assert (found.lines, found.note, found.pill) == ((), note, None)


def test_a_waiting_page_stands_above_all_and_names_who_is_next() -> None:
    found = seen(service_down(1, 2), NOW, user="12", zone="Europe/Berlin")
    assert found.page is not None
    assert found.page.fact == "You were paged at 14:21. Nobody has acknowledged yet."
    assert (found.page.then, plain(found.page.in_said), found.page.in_s) == ("Tomás Rey is paged in", "2 min 0 s", 120)
    assert [(line.state, line.who, line.clock) for line in found.ladder] == [
        ("done", "Ana Lind", "14:13"),
        ("now", "You, Priya Nair", "14:21"),
        ("next", "Tomás Rey", "14:26"),
        ("next", "Mei Tanaka", "14:36"),
    ]
    assert [line.text for line in found.ladder] == [
        ", assignee. Told in chat.",
        ", group lead. Paged, no answer yet.",
        ", duty officer. By page.",
        ", head of support. By mail.",
    ]
    assert plain(found.lines[0].due) == "Due 14:28 Amsterdam. P1: 15 min, day and night."
    assert (found.lines[0].tone, plain(found.lines[0].value)) == ("", "4 min 0 s left")


def test_for_anybody_else_it_says_who_was_told() -> None:
    found = seen(service_down(1, 2, 3, 4), NOW + timedelta(minutes=20), user="99")
    assert found.page is not None
    assert found.page.fact == "Mei Tanaka was mailed at 14:36. Nobody has acknowledged yet."
    assert (found.page.then, found.page.in_s) == ("Nobody further is told.", None)


def test_once_somebody_has_it_the_note_is_gone_and_the_ladder_says_who() -> None:
    log = [*service_down(1, 2), Acknowledged(at=NOW - timedelta(minutes=1), by="Priya Nair", way="panel")]
    found = seen(log, user="12")
    assert found.page is None
    assert found.has_it == "Priya Nair has it since 14:23."
    assert [(line.state, line.who) for line in found.ladder] == [
        ("done", "Ana Lind"),
        ("done", "You, Priya Nair"),
        ("ack", "Priya Nair"),
    ]


@pytest.mark.parametrize(
    "event",
    [Reply(at=NOW, by_agent=True), StatusSet(at=NOW, status=Status.SOLVED), StatusSet(at=NOW, status=Status.PENDING)],
)
def test_an_answer_or_a_pause_ends_the_alarm(event: Event) -> None:
    found = seen([*service_down(1, 2), event], NOW + timedelta(seconds=5))
    assert found.page is None
    assert {line.state for line in found.ladder} == {"done"}


def test_a_calm_ticket_has_no_ladder() -> None:
    assert (seen().ladder, seen().page, seen().has_it) == ((), None, "")


def test_a_desk_that_never_opens_again_is_told_and_no_crash() -> None:
    once = replace(
        WEEKDAYS,
        intervals=(),
        date_hours=tuple(LocalSpan(on=date(2026, 11, day), start=480, end=1080) for day in (12, 13)),
    )
    rules = replace(RULES, policies=(hourly(20),), schedules={"amsterdam": once}, _calendars={})
    log = [StatusSet(at=START, status=Status.NEW), PrioritySet(at=START, priority=Priority.P2)]
    line = seen(log, local(16, "10:00"), rules=rules).lines[0]
    assert (line.tone, line.stops_s, line.opens_s) == ("late", None, None)


def hourly(minutes: float) -> Policy:
    return Policy(id="one", title="One", position=1, targets=(target(Metric.FIRST_REPLY_TIME, Priority.P2, minutes),))
