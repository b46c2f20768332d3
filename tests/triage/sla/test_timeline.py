"""The picture of a clock's life, as instants and as letters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.triage.sla.stories import HERE, LOG, NOW, RULES, local
from triage.sla.log import Event, PrioritySet, StatusSet
from triage.sla.policies import Metric
from triage.sla.standing import promises, standing
from triage.sla.timeline import LONGEST, Timeline, in_letters, timeline
from triage.sla.view import hours_of, ledger
from triage.tickets import Priority, Status

RESOLUTION = Metric.FULL_RESOLUTION_TIME


def picture(log: Iterable[Event] = LOG, at: datetime = NOW) -> Timeline:
    known = list(log)
    reading, promised = standing(known, RULES, at).clocks[RESOLUTION], promises(known, RULES)
    kept = ledger(reading, known, promised, at, here=HERE)
    found = timeline(reading, kept, hours_of(RESOLUTION, promised, at), at, here=HERE)
    assert found is not None
    return found


def test_a_known_ticket_as_a_picture() -> None:
    found = picture()
    assert (found.start, found.end, found.in_days) == (local(12, "00:00"), local(18, "00:00"), True)
    assert [tick.label for tick in found.ticks] == ["Thu 12", "Fri 13", "Sat 14", "Sun 15", "Mon 16", "Tue 17", ""]
    assert found.held == ((local(13, "11:05"), local(13, "16:40")),)
    assert found.ran[0] == (local(12, "15:20"), local(12, "18:00"))
    assert found.ran[-1] == (local(17, "08:00"), NOW)
    assert len(found.opened) == 4
    assert [(mark.kind, mark.label.replace("\N{NO-BREAK SPACE}", " ")) for mark in found.marks] == [
        ("event", "opened 15:20"),
        ("share", "50 %, 12:55"),
        ("share", "75 %, 08:55"),
        ("share", "90 %, 12:31"),
        ("now", "now 14:24"),
        ("due", "due 14:55"),
    ]
    assert (found.hours, found.columns) == ((6 * 60, 20 * 60), 6)
    assert found.place(local(15, "00:00")) == 0.5
    assert found.place(local(15, "13:00")) == 3.5 / 6
    assert found.place(local(14, "23:00")) == found.place(local(15, "03:00"))


def test_the_same_in_letters() -> None:
    lines = in_letters(picture())
    assert lines[0] == "Thu 12 Nov  ................---------------#####............"
    assert lines[1] == "Fri 13 Nov  ................######===========###............"
    assert lines[2] == "Sat 14 Nov  " + 48 * "."
    assert lines[-1] == "Tue 17 Nov  ................############|!------............"


def test_a_life_of_minutes_is_drawn_in_hours() -> None:
    start = local(12, "15:20")
    log = [StatusSet(at=start, status=Status.NEW), LOG[1], PrioritySet(at=start, priority=Priority.P1)]
    found = picture(log, start + timedelta(minutes=11))
    assert not found.in_days
    assert [tick.label for tick in found.ticks] == ["15:00", "16:00", "17:00", "18:00", "19:00", "20:00"]
    assert found.opened == ((found.start, found.end),)
    assert in_letters(found)[0].count("!") == 1


def test_a_life_of_years_is_cut() -> None:
    found = picture(at=NOW + timedelta(days=3 * 365))
    assert found.is_cut
    assert found.end - found.start <= LONGEST
    assert {mark.kind for mark in found.marks} == {"now"}
    assert len(in_letters(found)) <= 14
