"""Open time, against wall clocks read one by one, at every kind of clock change, and as algebra."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.hours import Calendar, Holiday, LocalSpan, NeverOpen, Schedule, ScheduleError, TooFar, problems

H = 60
DAY = 24 * H
NINE_TO_FIVE = tuple((day * DAY + 9 * H, day * DAY + 17 * H) for day in range(5))
ALWAYS = ((0, 7 * DAY),)
SUNDAY = 6 * DAY


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def calendar(
    zone: str = "Europe/Berlin", intervals: tuple[tuple[int, int], ...] = NINE_TO_FIVE, **more: object
) -> Calendar:
    return Calendar(Schedule(id="1", name="Support", time_zone=zone, intervals=intervals, **more))  # type: ignore[arg-type]


def closed_on(*days: str) -> tuple[Holiday, ...]:
    return tuple(Holiday(name=day, starts_on=date.fromisoformat(day), ends_on=date.fromisoformat(day)) for day in days)


def span(day: str, start: int, end: int) -> LocalSpan:
    return LocalSpan(on=date.fromisoformat(day), start=start, end=end)


ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Africa/Monrovia",
        "Etc/UTC",
    ]
)
INSTANTS = st.integers(-631_152_000, 4_102_444_800).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)  # 1950 to 2100
OPEN_TIMES = st.timedeltas(timedelta(microseconds=1), timedelta(days=90))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    edges = sorted(draw(st.sets(st.integers(0, 7 * 96), min_size=2, max_size=14)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    days = draw(st.lists(st.dates(date(1960, 1, 1), date(2090, 1, 1)), max_size=4))
    return Schedule(
        id="1",
        name="Support",
        time_zone=draw(ZONES),
        intervals=tuple((start * 15, end * 15) for start, end in pairs),
        holidays=tuple(Holiday(name="", starts_on=day, ends_on=day + timedelta(days=2)) for day in days[:2]),
        breaks=tuple(LocalSpan(on=day, start=720, end=780) for day in days[2:3]),
        date_hours=tuple(LocalSpan(on=day, start=600, end=700) for day in days[3:]),
    )


@given(schedules(), INSTANTS, OPEN_TIMES)
@settings(max_examples=50, deadline=None)
def test_adding_and_elapsed_undo_each_other(schedule: Schedule, start: datetime, length: timedelta) -> None:
    reckoned = Calendar(schedule)
    end = reckoned.add(start, length)
    assert reckoned.elapsed(start, end) == length
    assert not reckoned.is_open(end) or reckoned.elapsed(start, end + timedelta(microseconds=1)) > length
    begin = reckoned.subtract(end, length)
    assert reckoned.elapsed(begin, end) == length
    assert begin >= start


@given(schedules(), INSTANTS, INSTANTS, INSTANTS)
@settings(max_examples=50, deadline=None)
def test_elapsed_adds_up_and_never_falls(schedule: Schedule, one: datetime, two: datetime, three: datetime) -> None:
    reckoned = Calendar(schedule)
    first, middle, last = sorted((one, two, three))
    whole = reckoned.elapsed(first, last)
    assert reckoned.elapsed(first, middle) + reckoned.elapsed(middle, last) == whole
    assert timedelta(0) <= reckoned.elapsed(first, middle) <= whole <= last - first
    assert reckoned.elapsed(last, first) == -whole


@given(schedules(), INSTANTS, OPEN_TIMES, OPEN_TIMES)
@settings(max_examples=40, deadline=None)
def test_adding_in_two_steps_is_adding_at_once(schedule: Schedule, start: datetime, a: timedelta, b: timedelta) -> None:
    reckoned = Calendar(schedule)
    assert reckoned.add(reckoned.add(start, a), b) == reckoned.add(start, a + b)
    assert reckoned.add(start, a) < reckoned.add(start, a + b)


@given(schedules(), INSTANTS)
@settings(max_examples=40, deadline=None)
def test_the_order_of_questions_changes_no_answer(schedule: Schedule, moment: datetime) -> None:
    """Tables grow with what is asked: a calendar that knows other years answers alike."""
    fresh, used = Calendar(schedule), Calendar(schedule)
    used.is_open(moment - timedelta(days=3000))
    used.is_open(moment + timedelta(days=9000))
    assert fresh.next_open(moment) == used.next_open(moment)
    assert fresh.elapsed(moment, moment + timedelta(days=40)) == used.elapsed(moment, moment + timedelta(days=40))


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tehran"]
)
def test_working_hours_are_what_the_clock_on_the_wall_says(zone: str) -> None:
    """Hours that no change of the clock touches: read the wall for every half hour of a year."""
    reckoned = calendar(zone)
    moment, local = at("2024-01-01T00:00Z"), ZoneInfo(zone)
    opened = timedelta(0)
    while moment < at("2025-01-01T00:00Z"):
        wall = moment.astimezone(local)
        expected = wall.weekday() < 5 and 9 * H <= wall.hour * H + wall.minute < 17 * H
        assert reckoned.is_open(moment) == expected, moment
        opened += timedelta(minutes=30) * expected
        moment += timedelta(minutes=30)
    assert reckoned.elapsed(at("2024-01-01T00:00Z"), at("2025-01-01T00:00Z")) == opened


@pytest.mark.parametrize(
    ("day", "length"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-01", 24)], ids=["spring", "autumn", "summer"]
)
def test_a_day_around_the_clock_has_as_many_hours_as_it_has(day: str, length: int) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert calendar(intervals=ALWAYS).elapsed(start, end) == hours(length)


def test_an_opening_that_the_clock_skips_moves_with_the_gap() -> None:
    early = calendar(intervals=((SUNDAY + 2 * H + 30, SUNDAY + 6 * H),))
    assert early.next_open(at("2025-03-29T12:00Z")) == at("2025-03-30T03:30+02:00")


def test_of_a_repeated_hour_the_first_counts() -> None:
    early = calendar(intervals=((SUNDAY + 2 * H, SUNDAY + 3 * H),))
    assert early.is_open(at("2025-10-26T00:30Z"))  # the first 02:30
    # 03:00 comes once, after both: the span lasts two hours.
    assert early.elapsed(at("2025-10-25T12:00Z"), at("2025-10-26T12:00Z")) == hours(2)
    half = calendar(intervals=((SUNDAY + 2 * H, SUNDAY + 2 * H + 30),))
    assert not half.is_open(at("2025-10-26T01:15Z"))  # the second 02:15


def test_a_zone_that_changes_by_half_an_hour() -> None:
    early = calendar("Australia/Lord_Howe", ((SUNDAY + H + 45, SUNDAY + 8 * H),))
    assert early.next_open(at("2025-04-05T13:00Z")) == at("2025-04-05T14:45Z")


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    brazil = calendar("America/Sao_Paulo", ALWAYS, holidays=closed_on("2018-11-04"))
    assert brazil.next_open(at("2018-11-04T12:00Z")) == at("2018-11-05T02:00Z")
    assert not brazil.is_open(at("2018-11-04T03:00Z"))  # its first instant: 01:00, as midnight was skipped
    assert brazil.is_open(at("2018-11-04T02:59:59Z"))


def test_a_day_that_never_was() -> None:
    samoa = calendar("Pacific/Apia", ALWAYS, holidays=closed_on("2011-12-30"))
    assert samoa.elapsed(at("2011-12-29T00:00Z"), at("2012-01-02T00:00Z")) == hours(96)


def test_a_holiday_lasts_to_its_last_instant_even_where_it_ends_twice() -> None:
    """At 00:01 on 2 November 2008 the clocks of Newfoundland went back to 23:01 of the day before."""
    newfoundland = calendar("America/St_Johns", ALWAYS, holidays=closed_on("2008-11-01"))
    ends = at("2008-11-02T03:30Z")
    assert newfoundland.next_open(at("2008-11-01T12:00Z")) == ends
    assert not newfoundland.is_open(ends - timedelta(seconds=1))


def test_before_there_were_zones() -> None:
    amsterdam = calendar("Europe/Amsterdam")
    assert amsterdam.next_open(at("1900-06-01T00:00Z")).astimezone(ZoneInfo("Europe/Amsterdam")).hour == 9


class TestWhatComesBeforeWhat:
    def test_a_holiday_before_the_hours_of_its_date(self) -> None:
        both = calendar(holidays=closed_on("2025-06-04"), date_hours=(span("2025-06-04", 600, 700),))
        assert both.next_open(at("2025-06-04T00:00Z")) == at("2025-06-05T09:00+02:00")

    def test_the_hours_of_a_date_before_weekly_ones(self) -> None:
        short = calendar(date_hours=(span("2025-06-04", 600, 660), span("2025-06-07", 600, 660)))
        assert short.elapsed(at("2025-06-02T00:00Z"), at("2025-06-09T00:00Z")) == hours(4 * 8 + 1 + 1)

    def test_a_date_can_be_closed_by_its_hours(self) -> None:
        closed = calendar(date_hours=(span("2025-06-04", 0, 0),))
        assert closed.next_open(at("2025-06-04T06:00Z")) == at("2025-06-05T09:00+02:00")

    def test_a_break_is_cut_out_of_whatever_is_left(self) -> None:
        lunch = calendar(breaks=(span("2025-06-04", 12 * H, 13 * H),), date_hours=(span("2025-06-04", 600, 840),))
        found = list(lunch.spans(at("2025-06-04T00:00Z"), at("2025-06-05T00:00Z")))
        assert [(start.hour, end.hour) for start, end in found] == [(8, 10), (11, 12)]


class TestEdges:
    def test_a_span_that_ends_at_closing_time_ends_there(self) -> None:
        assert calendar().add(at("2025-06-06T09:00+02:00"), hours(8)) == at("2025-06-06T17:00+02:00")
        assert calendar().add(at("2025-06-06T09:00+02:00"), hours(8) + timedelta(seconds=1)) == at(
            "2025-06-09T09:00:01+02:00"
        )

    def test_a_span_that_begins_at_opening_time_begins_there(self) -> None:
        assert calendar().subtract(at("2025-06-09T17:00+02:00"), hours(8)) == at("2025-06-09T09:00+02:00")

    def test_opening_is_open_and_closing_is_closed(self) -> None:
        assert calendar().is_open(at("2025-06-06T09:00+02:00"))
        assert not calendar().is_open(at("2025-06-06T17:00+02:00"))

    def test_nothing_added_is_the_next_opening(self) -> None:
        assert calendar().add(at("2025-06-07T09:00Z"), timedelta(0)) == at("2025-06-09T09:00+02:00")
        assert calendar().subtract(at("2025-06-07T09:00Z"), timedelta(0)) == at("2025-06-06T17:00+02:00")
        open_now = at("2025-06-06T10:00Z")
        assert calendar().add(open_now, timedelta(0)) == calendar().subtract(open_now, timedelta(0)) == open_now

    def test_a_negative_time_goes_the_other_way(self) -> None:
        assert calendar().add(at("2025-06-09T17:00+02:00"), -hours(8)) == at("2025-06-09T09:00+02:00")

    def test_round_the_clock_closes_never_and_elsewhere_in_the_evening(self) -> None:
        assert calendar().next_close(at("2025-06-07T09:00Z")) == at("2025-06-09T17:00+02:00")
        assert calendar(intervals=ALWAYS).next_close(at("2025-06-07T09:00Z")) > at("2026-06-01T00:00Z")

    def test_far_away_years(self) -> None:
        assert calendar().next_open(at("1800-01-01T00:00Z")).year == 1800
        assert calendar().add(at("2025-06-06T09:00Z"), timedelta(days=20_000)).year > 2240


class TestBadInput:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"time_zone": "Mars/Base"}, "There is no time zone 'Mars/Base'"),
            ({"time_zone": "../etc/passwd"}, "There is no time zone"),
            ({"intervals": ((600, 540),)}, "Monday 10:00 to 09:00: ends before it starts"),
            ({"intervals": ((540, 700), (600, 800))}, "overlap"),
            ({"intervals": ((0, 20_000),)}, "outside the week"),
            ({"breaks": (span("2025-06-04", 700, 600),)}, "break of 2025-06-04: 11:40 to 10:00"),
            ({"holidays": (Holiday(name="Gap", starts_on=date(2025, 2, 2), ends_on=date(2025, 2, 1)),)}, "holiday Gap"),
        ],
    )
    def test_is_named_with_its_place(self, changed: dict[str, object], told: str) -> None:
        schedule = Schedule(**{"id": "1", "name": "Night", "time_zone": "UTC", "intervals": NINE_TO_FIVE} | changed)  # type: ignore[arg-type]
        with pytest.raises(ScheduleError, match=r"Schedule “Night” has problems") as raised:
            Calendar(schedule)
        assert told in " ".join(raised.value.problems)
        assert raised.value.problems == problems(schedule)

    def test_a_desk_that_never_opens_says_so_instead_of_searching(self) -> None:
        never = calendar(intervals=())
        assert not never.is_open(at("2025-06-04T10:00Z"))
        assert never.elapsed(at("2025-06-04T10:00Z"), at("2027-06-04T10:00Z")) == timedelta(0)
        for ask in (
            never.next_open,
            lambda moment: never.add(moment, hours(1)),
            lambda moment: never.subtract(moment, hours(1)),
        ):
            with pytest.raises(NeverOpen, match="Give it weekly hours"):
                ask(at("2025-06-04T10:00Z"))

    def test_only_dated_hours_end_some_day(self) -> None:
        once = calendar(intervals=(), date_hours=(span("2031-06-04", 600, 660),))
        assert once.next_open(at("2025-06-04T10:00Z")) == at("2031-06-04T10:00+02:00")
        with pytest.raises(NeverOpen):
            once.add(at("2025-06-04T10:00Z"), hours(2))

    def test_an_answer_beyond_all_reach_is_refused(self) -> None:
        with pytest.raises(TooFar):
            calendar().add(at("2025-06-04T10:00Z"), timedelta(days=900_000))
