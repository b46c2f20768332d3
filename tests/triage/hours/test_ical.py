"""Calendars as other programs export them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.hours.holidays import LAST_YEAR, HolidayError
from triage.hours.ical import LARGEST, MOST_EVENTS, from_ical

XMAS = "SUMMARY:Christmas|DTSTART;VALUE=DATE:20261224"


def calendar(*events: str) -> str:
    """Each event's lines, with | between them."""
    told = [
        "\r\n".join(["BEGIN:VEVENT", *([] if "UID:" in each else [f"UID:{number}"]), *each.split("|"), "END:VEVENT"])
        for number, each in enumerate(events)
    ]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", *told, "END:VCALENDAR", ""])


def read(*events: str) -> list[tuple[str, str, str]]:
    return [(each.name, str(each.starts_on), str(each.ends_on)) for each in from_ical(calendar(*events))]


def starts(*events: str) -> list[str]:
    return [first for _, first, _ in read(*events)]


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        ("", "2026-12-24"),
        ("|DTEND;VALUE=DATE:20261225", "2026-12-24"),
        ("|DTEND;VALUE=DATE:20261227", "2026-12-26"),
        ("|DTEND;VALUE=DATE:20261224", "2026-12-24"),
        ("|DURATION:P3D", "2026-12-26"),
        ("|DURATION:P1W", "2026-12-30"),
    ],
)
def test_the_end_is_the_first_day_that_is_open_again(lines: str, last: str) -> None:
    assert read(XMAS + lines) == [("Christmas", "2026-12-24", last)]


def test_midnights_are_whole_days_and_times_of_day_are_no_holiday() -> None:
    assert read("SUMMARY:A|DTSTART:20261224T000000|DTEND:20261226T000000") == [("A", "2026-12-24", "2026-12-25")]
    assert read("SUMMARY:A|DTSTART;TZID=Europe/Berlin:20261224T000000|DURATION:P1D") == [
        ("A", "2026-12-24", "2026-12-24")
    ]
    for party in ("DTSTART:20261224T140000Z|DTEND:20261224T180000Z", "DTSTART:20261224T000000|DURATION:PT4H"):
        assert read(f"SUMMARY:Party|{party}") == []


def test_what_was_cancelled_is_left_out_and_what_is_free_time_is_not() -> None:
    """Calendars of public holidays mark their days as free time."""
    assert read(XMAS + "|STATUS:CANCELLED") == []
    assert starts(XMAS + "|TRANSP:TRANSPARENT|STATUS:CONFIRMED") == ["2026-12-24"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("RRULE:FREQ=YEARLY;COUNT=3", ["2026-12-24", "2027-12-24", "2028-12-24"]),
        ("RRULE:FREQ=YEARLY;UNTIL=20271224T230000Z", ["2026-12-24", "2027-12-24"]),
        ("RRULE:FREQ=YEARLY;UNTIL=20271223", ["2026-12-24"]),
        ("RRULE:FREQ=YEARLY;COUNT=3|EXDATE;VALUE=DATE:20271224", ["2026-12-24", "2028-12-24"]),
        ("RRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2", ["2026-12-24", "2028-12-24"]),
        ("RRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=4TH;COUNT=3", ["2026-12-24", "2027-12-23", "2028-12-28"]),
        ("RRULE:FREQ=DAILY;COUNT=3", ["2026-12-24", "2026-12-25", "2026-12-26"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20270101", ["2026-12-24", "2026-12-31"]),
        ("RDATE;VALUE=DATE:20270105,20270106", ["2026-12-24", "2027-01-05", "2027-01-06"]),
    ],
)
def test_what_repeats(rule: str, found: list[str]) -> None:
    assert starts(f"{XMAS}|{rule}") == found


def test_every_year_reaches_as_far_as_public_holidays_do() -> None:
    found = starts(f"{XMAS}|RRULE:FREQ=YEARLY")
    assert len(found) == LAST_YEAR - 2026 + 1


def test_one_of_a_series_can_be_moved_or_cancelled() -> None:
    series = f"UID:s|{XMAS}|RRULE:FREQ=YEARLY;COUNT=3"
    moved = "UID:s|SUMMARY:Moved|RECURRENCE-ID;VALUE=DATE:20271224|DTSTART;VALUE=DATE:20271223"
    cancelled = "UID:s|RECURRENCE-ID;VALUE=DATE:20281224|DTSTART;VALUE=DATE:20281224|STATUS:CANCELLED"
    assert read(series, moved, cancelled) == [
        ("Christmas", "2026-12-24", "2026-12-24"),
        ("Moved", "2027-12-23", "2027-12-23"),
    ]


def test_sorted_once_each_with_a_name() -> None:
    assert read("DTSTART;VALUE=DATE:20270101", XMAS, XMAS) == [
        ("Christmas", "2026-12-24", "2026-12-24"),
        ("Holiday", "2027-01-01", "2027-01-01"),
    ]
    (named,) = from_ical(calendar(f"SUMMARY:{'x' * 500}|DTSTART;VALUE=DATE:20270101"))
    assert len(named.name) == 120


def test_days_of_other_centuries_are_left_out() -> None:
    assert starts("DTSTART;VALUE=DATE:19500101", "DTSTART;VALUE=DATE:25000101", "DTSTART;VALUE=DATE:20260101") == [
        "2026-01-01"
    ]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (["SUMMARY:A|DTSTART;VALUE=DATE:2026122X"], "event “A” of the calendar has no DTSTART that is a date."),
        (["SUMMARY:A|DTEND;VALUE=DATE:20261224"], "event “A” of the calendar has no DTSTART"),
        (["DTSTART;VALUE=DATE:00010101"], "out of reach: the year 1"),
        ([f"{XMAS}|DTEND;VALUE=DATE:20261220"], "ends before it starts"),
        ([f"{XMAS}|DTEND;VALUE=DATE:29991220"], "lasts longer than a year"),
        ([f"{XMAS}|RRULE:FREQ=DAILY"], "repeats without end more often than every year"),
        ([f"{XMAS}|RRULE:FREQ=SECONDLY;COUNT=99"], "not for whole days"),
        ([f"{XMAS}|RRULE:FREQ=YEARLY;BYHOUR=1,2,3"], "not for whole days"),
        ([f"{XMAS}|RRULE:FREQ=YEARLY;INTERVAL=0"], "not for whole days"),
        ([f"{XMAS}|RRULE:nonsense"], "not for whole days"),
        ([f"{XMAS}|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], "names no day"),
        ([f"{XMAS}|RRULE:FREQ=DAILY;COUNT=9999999;BYMONTH=2;BYMONTHDAY=30"], "not for whole days"),
        (["DTSTART;VALUE=DATE:19000101|RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"], "names too many days"),
        ([f"{XMAS}|RDATE;VALUE=DATE:{','.join(['20270101'] * 10_001)}"], "more than 10000 dates in RDATE"),
        ([f"{XMAS}|RRULE:FREQ=YEARLY"] * 201, "more than 200 events of the calendar repeat"),
        ([], "has no events"),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_what_cannot_be_read_says_which_event_and_why(events: list[str], said: str) -> None:
    with pytest.raises(HolidayError) as error:
        from_ical(calendar(*events))
    assert said in str(error.value)
    assert len(str(error.value)) < 400


def test_hostile_sizes_are_refused() -> None:
    short = "BEGIN:VEVENT\nDTSTART:20260101\nEND:VEVENT\n"
    for text, said in (
        ("x" * (LARGEST + 1), "longer than"),
        ("x" * 10_000, "that can be read"),
        ("BEGIN:VEVENT\n" * 20_000, "no events"),
        (f"BEGIN:VCALENDAR\n{short * (MOST_EVENTS + 1)}END:VCALENDAR\n", "more than 3000 events"),
    ):
        with pytest.raises(HolidayError, match=said):
            from_ical(text)


def test_lines_may_end_in_either_way() -> None:
    assert from_ical(calendar(XMAS).replace("\r\n", "\n"))[0].starts_on == date(2026, 12, 24)


line = st.one_of(
    st.builds(
        "{}{}:{}".format,
        st.sampled_from(
            ["DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SUMMARY", "UID"]
        ),
        st.sampled_from(["", ";VALUE=DATE", ";VALUE=PERIOD", ";TZID=Nowhere", ";TZID=Europe/Berlin"]),
        st.sampled_from(
            ["20261224", "20261224T000000", "20261224T000000Z", "P1D", "-P1D", "PT1S", "FREQ=YEARLY;COUNT=2", "", ",,"]
        )
        | st.text(max_size=12),
    ),
    st.text(max_size=20),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(line, max_size=6))
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    with suppress(HolidayError):
        for each in from_ical(text):
            assert each.starts_on <= each.ends_on
