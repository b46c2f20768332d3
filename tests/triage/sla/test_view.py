"""A clock's ledger: the rows of a known ticket, the names of closed time, and that the minutes always add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.sla.stories import DAY, ENTERPRISE, HERE, LOG, NOW, RULES, WEEKDAYS, local, target
from triage.hours import Holiday, LocalSpan, Schedule
from triage.sla.folding import MOST, folded
from triage.sla.log import Event, PrioritySet, Reply, StatusSet
from triage.sla.policies import Metric
from triage.sla.rules import SlaRules
from triage.sla.saying import column
from triage.sla.standing import promises, standing
from triage.sla.view import Ledger, State, ledger
from triage.tickets import Priority, Status

RESOLUTION = Metric.FULL_RESOLUTION_TIME


def kept(
    log: Iterable[Event] = LOG, rules: SlaRules = RULES, at: datetime = NOW, metric: Metric = RESOLUTION
) -> Ledger:
    known = list(log)
    reading = standing(known, rules, at).clocks[metric]
    return ledger(reading, known, promises(known, rules), at, here=HERE)


def said(found: Ledger) -> list[tuple[str, str, str, str, str]]:
    lines = []
    for row in found.rows:
        gave, total = row.minutes
        then = row.start.astimezone(HERE)
        lines.append((f"{then:%a %H:%M}", row.what, row.state.value, column(gave), column(total)))
    return [tuple(part.replace("\N{NO-BREAK SPACE}", " ") for part in line) for line in lines]  # type: ignore[misc]


def on(rules: SlaRules = RULES, **changes: object) -> SlaRules:
    """The rules with another schedule."""
    made = replace(WEEKDAYS, **changes)  # type: ignore[arg-type]
    return replace(rules, schedules={made.id: made}, _calendars={})


def test_every_minute_of_a_known_ticket_is_explained() -> None:
    found = kept()
    assert said(found) == [
        ("Thu 15:20", "Opened", "Runs", "2 h 40 min", "2 h 40 min"),
        ("Thu 18:00", "Closed for the night", "Closed", "0 min", "2 h 40 min"),
        ("Fri 08:00", "Open again", "Runs", "3 h 05 min", "5 h 45 min"),
        ("Fri 11:05", "Waiting for the customer", "Paused", "0 min", "5 h 45 min"),
        ("Fri 16:40", "Customer answered", "Runs", "1 h 20 min", "7 h 05 min"),
        ("Fri 18:00", "Weekend", "Closed", "0 min", "7 h 05 min"),
        ("Mon 08:00", "Open again", "Runs", "10 h 00 min", "17 h 05 min"),
        ("Mon 18:00", "Closed for the night", "Closed", "0 min", "17 h 05 min"),
        ("Tue 08:00", "Open again", "Runs", "6 h 24 min", "23 h 29 min"),
    ]
    assert (found.ending, found.at, found.of) == ("Now", NOW, "of 24\N{NO-BREAK SPACE}h")


def test_a_clock_that_was_met_ends_with_what_ended_it() -> None:
    found = kept(metric=Metric.FIRST_REPLY_TIME)
    assert (found.ending, found.at, found.ran) == ("Replied", local(12, "15:58"), timedelta(minutes=38))
    assert [row.what for row in found.rows] == ["Opened"]


def test_day_and_night_has_no_closed_rows() -> None:
    log = [*LOG, PrioritySet(at=local(13, "17:00"), priority=Priority.P1)]
    found = kept(log)
    assert [row.state for row in found.rows[-1:]] == [State.RUNS]
    assert found.rows[-1].what == "Priority P1: 4\N{NO-BREAK SPACE}h"
    assert found.rows[-1].gave == NOW - local(13, "17:00")
    assert not any(row.state is State.CLOSED for row in found.rows if row.start >= local(13, "17:00"))


def test_opened_again_after_it_was_solved() -> None:
    log = [
        *LOG,
        StatusSet(at=local(16, "09:00"), status=Status.SOLVED),
        StatusSet(at=local(17, "09:00"), status=Status.OPEN),
    ]
    rows = kept(log).rows
    assert [(row.what, row.state) for row in rows if row.start >= local(16, "09:00")] == [
        ("Solved", State.DONE),
        ("Opened again", State.RUNS),
    ]
    solved = kept(log[:-1])
    assert (solved.ending, solved.rows[-1].end) == ("Solved", local(16, "09:00"))


def test_facts_that_change_nothing_make_no_row() -> None:
    busy = [*LOG, *(replace(LOG[1], at=local(13, "09:00") + timedelta(minutes=n)) for n in range(5))]
    log = [PrioritySet(at=local(12, "15:20"), priority=Priority.P1), *busy[:2], *busy[-5:]]
    assert [row.what for row in kept(log).rows] == ["Opened"]


def test_a_clock_that_starts_anew_tells_of_its_last_run() -> None:
    log = [*LOG, Reply(at=local(16, "09:00"), by_agent=True), Reply(at=local(17, "10:00"), by_agent=False)]
    found = kept(log, metric=Metric.NEXT_REPLY_TIME)
    assert (found.rows[0].what, found.rows[0].start, found.earlier_runs) == ("Customer wrote", local(17, "10:00"), 1)


CHRISTMAS = Holiday(name="Christmas Day", starts_on=date(2026, 11, 13), ends_on=date(2026, 11, 13))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"holidays": (CHRISTMAS,)}, "Closed: Christmas Day, weekend"),
        ({"holidays": (replace(CHRISTMAS, starts_on=date(2026, 11, 14), ends_on=date(2026, 11, 14)),)}, "Weekend"),
        ({"date_hours": (LocalSpan(on=date(2026, 11, 16), start=0, end=0),)}, "Closed: weekend, other hours"),
        ({"breaks": (LocalSpan(on=date(2026, 11, 12), start=16 * 60, end=16 * 60 + 30),)}, "Break"),
        (
            {"intervals": tuple((d * DAY + h * 60, d * DAY + h * 60 + 240) for d in range(5) for h in (8, 14))},
            "Closed in",
        ),
        ({"intervals": tuple((d * DAY + 480, d * DAY + 1080) for d in (0, 1, 3, 4, 5, 6))}, "Closed on Wednesday"),
    ],
)
def test_closed_time_is_called_what_it_is(changes: dict[str, object], what: str) -> None:
    log = [event for event in LOG if event.at < local(12, "15:58")]
    rows = kept(log, on(**changes), local(19, "12:00")).rows
    assert any(row.what.startswith(what) for row in rows if row.state is State.CLOSED), [row.what for row in rows]


def test_what_begins_while_closed_says_so() -> None:
    log = [
        StatusSet(at=local(14, "11:00"), status=Status.NEW),
        PrioritySet(at=local(14, "11:00"), priority=Priority.P2),
    ]
    log += [LOG[1]]  # type: ignore[list-item]
    rows = kept(log).rows
    assert (rows[0].what, rows[0].state, rows[0].gave) == ("Opened, weekend", State.CLOSED, timedelta())
    assert (rows[1].what, rows[1].start) == ("Open again", local(16, "08:00"))


def test_the_night_the_clocks_change_is_told_where_it_counts() -> None:
    start = datetime(2026, 10, 24, 10, tzinfo=UTC)
    log = [
        StatusSet(at=start, status=Status.NEW),
        PrioritySet(at=start, priority=Priority.P1),
        replace(LOG[1], at=start),
    ]
    rows = kept(log, at=start + timedelta(days=2)).rows
    assert [row.what for row in rows] == ["Opened, clocks go back 1\N{NO-BREAK SPACE}h"]
    assert rows[0].gave == timedelta(days=2)


def test_a_long_life_stays_readable_and_still_adds_up() -> None:
    log = [event for event in LOG if event.at < local(12, "15:58")]
    christmas = replace(CHRISTMAS, starts_on=date(2026, 12, 25), ends_on=date(2026, 12, 25))
    found = kept(log, on(holidays=(christmas,)), NOW + timedelta(days=200))
    short = folded(found.rows, here=HERE)
    assert len(found.rows) > 200
    assert len(short) < 20
    middle = next(row for row in short if row.folds)
    assert middle.what == "142 more days, 10\N{NO-BREAK SPACE}h each, closed: Christmas Day"
    assert middle.gave == 142 * timedelta(hours=10)
    assert sum((row.gave for row in short), timedelta()) == found.ran


def test_a_busy_life_is_folded_too() -> None:
    log: list[Event] = [LOG[0], LOG[1], LOG[2]]
    for number in range(200):
        status = Status.PENDING if number % 2 else Status.OPEN
        log.append(StatusSet(at=local(13, "08:00") + timedelta(minutes=number), status=status))
    found = kept(log)
    short = folded(found.rows, here=HERE)
    assert len(short) == MOST
    assert sum((row.gave for row in short), timedelta()) == found.ran


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Etc/UTC")
WEEKS = st.lists(st.integers(0, 7 * DAY), min_size=2, max_size=12, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
START = datetime(2026, 3, 20, tzinfo=UTC)
DATES = st.integers(0, 40).map(lambda ahead: date(2026, 3, 20) + timedelta(days=ahead))
SPANS = st.builds(
    lambda on, start, length: LocalSpan(on=on, start=start, end=min(start + length, DAY)),
    DATES,
    st.integers(0, DAY - 1),
    st.integers(1, 300),
)
SCHEDULES = st.builds(
    Schedule,
    id=st.just("any"),
    name=st.just("Any"),
    time_zone=st.sampled_from(ZONES),
    intervals=WEEKS,
    holidays=st.lists(DATES.map(lambda on: Holiday(name=f"H{on.day}", starts_on=on, ends_on=on)), max_size=4).map(
        tuple
    ),
    date_hours=st.lists(SPANS, max_size=1).map(tuple),
    breaks=st.lists(SPANS, max_size=3).map(tuple),
)
MOMENTS = st.integers(0, 30 * 24 * 3600).map(lambda second: START + timedelta(seconds=second))
EVENTS = st.one_of(
    st.builds(StatusSet, at=MOMENTS, status=st.sampled_from(Status)),
    st.builds(Reply, at=MOMENTS, by_agent=st.booleans(), public=st.booleans()),
    st.builds(PrioritySet, at=MOMENTS, priority=st.sampled_from([*Priority, None])),
)
POLICY = replace(
    ENTERPRISE,
    applies_to={},
    targets=tuple(
        target(metric, priority, 600, open_hours=priority is not Priority.P1)
        for metric in Metric
        for priority in (Priority.P1, Priority.P2, Priority.P3)
    ),
)


@settings(max_examples=80, deadline=None)
@given(SCHEDULES, st.lists(EVENTS, max_size=14), MOMENTS)
def test_rows_follow_each_other_and_add_up_to_what_the_clock_ran(
    schedule: Schedule, log: list[Event], at: datetime
) -> None:
    rules = SlaRules(version="1", policies=(POLICY,), schedules={"any": schedule}, default_schedule="any")
    known = [StatusSet(at=START, status=Status.NEW), *log]
    here = ZoneInfo(schedule.time_zone)
    for metric, reading in standing(known, rules, at).clocks.items():
        found = ledger(reading, known, promises(known, rules), at, here=here)
        short = folded(found.rows, here=here)
        assert len(short) <= MOST
        for rows in (found.rows, short):
            assert sum((row.gave for row in rows), timedelta()) == reading.ran, metric
            assert all(one.end == other.start for one, other in pairwise(rows))
            assert sum(row.minutes[0] for row in rows) == (rows[-1].minutes[1] if rows else 0)
        if found.rows:
            assert found.rows[-1].end == found.at
            assert found.rows[-1].total == reading.ran
