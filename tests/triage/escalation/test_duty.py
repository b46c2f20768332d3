"""Who is on duty and who is in quiet hours, at every kind of moment, also when clocks are changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.escalation.desk import ANA, FACTS, H, at, level, rules
from triage.escalation.duty import Reached, is_quiet, on_duty, reach
from triage.escalation.people import EscalationRules, Override, Person, Rotation, Via
from triage.sla.policies import Facts


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


WEEKLY = Rotation(
    id="duty",
    people=("a", "b", "c"),
    starts_at=moment("2026-03-02T09:00+01:00"),  # a Monday in Berlin
    turn=timedelta(days=7),
    time_zone="Europe/Berlin",
)


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-03-02T08:59:59+01:00", None),
        ("2026-03-02T09:00+01:00", "a"),
        ("2026-03-09T08:59:59+01:00", "a"),
        ("2026-03-09T09:00+01:00", "b"),
        ("2026-03-16T09:00+01:00", "c"),
        ("2026-03-23T09:00+01:00", "a"),
        ("2026-03-30T08:59:59+02:00", "a"),  # the clock went forward the day before
        ("2026-03-30T09:00+02:00", "b"),
        ("2026-11-02T08:59:59+01:00", "b"),  # 35 weeks on, and back again
        ("2026-11-02T09:00+01:00", "c"),
    ],
)
def test_turns_change_at_the_same_wall_time_all_year(when: str, who: str | None) -> None:
    assert on_duty(WEEKLY, moment(when)) == who


def test_a_turn_that_changes_in_a_repeated_hour_changes_once() -> None:
    daily = replace(WEEKLY, starts_at=moment("2026-10-24T02:30+02:00"), turn=timedelta(days=1))
    before, begins = moment("2026-10-25T02:29+02:00"), moment("2026-10-25T02:30+02:00")
    assert on_duty(daily, before) == "a"
    assert {on_duty(daily, begins + timedelta(minutes=each)) for each in range(24 * 60)} == {"b"}


def test_a_turn_that_changes_in_a_skipped_hour_changes_after_it() -> None:
    daily = replace(WEEKLY, starts_at=moment("2026-03-28T02:30+01:00"), turn=timedelta(days=1))
    assert on_duty(daily, moment("2026-03-29T03:29+02:00")) == "a"
    assert on_duty(daily, moment("2026-03-29T03:30+02:00")) == "b"


def test_an_override_wins_and_of_two_the_last_named() -> None:
    first = Override(person="x", starts_at=at(0), ends_at=at(100))
    second = Override(person="y", starts_at=at(50), ends_at=at(70))
    rotation = replace(WEEKLY, overrides=(first, second))
    usual = on_duty(WEEKLY, at(0))
    assert [on_duty(rotation, at(minute)) for minute in (-1, 0, 49, 50, 69, 70, 99, 100)] == [
        *(usual, "x", "x", "y", "y", "x", "x", usual)
    ]


def test_an_override_holds_before_the_rotation_starts() -> None:
    early = Override(person="x", starts_at=moment("2026-01-01T00:00+00:00"), ends_at=moment("2026-01-02T00:00+00:00"))
    assert on_duty(replace(WEEKLY, overrides=(early,)), early.starts_at) == "x"


@pytest.mark.parametrize("broken", [{"people": ()}, {"turn": timedelta(0)}])
def test_a_rotation_that_cannot_turn_has_nobody_on_duty(broken: dict[str, object]) -> None:
    assert on_duty(replace(WEEKLY, **broken), at(0)) is None  # type: ignore[arg-type]


@given(
    st.integers(0, 4 * 366 * 24 * 60),
    st.sampled_from([timedelta(hours=1), timedelta(hours=12), timedelta(days=1), timedelta(days=7)]),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Etc/UTC"]),
)
def test_turns_go_on_in_order_without_gaps(minute: int, turn: timedelta, zone_name: str) -> None:
    rotation = replace(WEEKLY, turn=turn, time_zone=zone_name)
    people = rotation.people
    now = rotation.starts_at + timedelta(minutes=minute)
    who, later = on_duty(rotation, now), on_duty(rotation, now + timedelta(minutes=1))
    assert who is not None
    assert later in (who, people[(people.index(who) + 1) % 3], people[(people.index(who) + 2) % 3])
    if turn >= timedelta(hours=12):
        assert later in (who, people[(people.index(who) + 1) % 3])


NIGHT = Person(id="n", name="N", time_zone="Europe/Berlin", quiet=((22 * H, 7 * H), (12 * H, 13 * H)))


@pytest.mark.parametrize(
    ("when", "quiet"),
    [
        ("2026-06-01T21:59:59+02:00", False),
        ("2026-06-01T22:00+02:00", True),
        ("2026-06-02T00:00+02:00", True),
        ("2026-06-02T06:59:59+02:00", True),
        ("2026-06-02T07:00+02:00", False),
        ("2026-06-02T12:30+02:00", True),
        ("2026-06-02T13:00+02:00", False),
        ("2026-06-01T20:00+00:00", True),
        ("2026-12-01T20:59+00:00", False),  # one hour later in winter
        ("2026-12-01T21:00+00:00", True),
        ("2026-03-29T05:00+00:00", False),  # the night of the change ends at 07:00 on the wall
        ("2026-03-29T04:59+00:00", True),
        ("2026-10-25T05:30+00:00", True),
        ("2026-10-25T06:00+00:00", False),
    ],
)
def test_quiet_hours_are_wall_time_and_go_over_midnight(when: str, quiet: bool) -> None:
    assert is_quiet(NIGHT, moment(when)) is quiet


def test_quiet_all_day_and_never() -> None:
    assert is_quiet(replace(NIGHT, quiet=((0, 24 * H),)), at(0))
    assert not is_quiet(replace(NIGHT, quiet=()), at(0))
    assert not is_quiet(replace(NIGHT, quiet=((9 * H, 9 * H),)), at(0))


def test_an_unknown_zone_counts_as_utc() -> None:
    assert is_quiet(replace(NIGHT, time_zone="Europe/Nowhere", quiet=((9 * H, 10 * H),)), at(0))


ESCALATION: EscalationRules = rules().escalation


@pytest.mark.parametrize(
    ("entry", "facts", "reached", "why"),
    [
        ("assignee", FACTS, "ana", None),
        ("assignee", {}, None, "assignee: nobody is assigned"),
        ("assignee", {"assignee_id": ("5",)}, None, "assignee: helpdesk user 5 is none of the people"),
        ("group_lead", {"group_id": ("9",)}, "priya", None),
        ("group_lead", {"group": ("9",)}, "priya", None),
        ("group_lead", {}, None, "group_lead: the ticket is in no group"),
        ("group_lead", {"group": ("Billing",)}, None, "group_lead: group Billing has no lead"),
        ("person:mei", {}, "mei", None),
        ("person:noone", {}, None, "person:noone: there is no person noone"),
        ("rotation:duty", {}, "tomas", None),
        ("rotation:none", {}, None, "rotation:none: there is no such rotation"),
        ("manager", {}, None, "manager: use assignee, group_lead, person:<id> or rotation:<id>"),
    ],
)
def test_who_an_entry_means(entry: str, facts: Facts, reached: str | None, why: str | None) -> None:
    found, unreached = reach(level(entry), facts, ESCALATION, at(0))
    assert found == ((Reached(person=reached, by=(Via.CHAT,)),) if reached else ())
    assert unreached == ((why,) if why else ())


def test_a_lead_who_is_no_person_and_a_rotation_before_it_starts() -> None:
    assert reach(level("group_lead"), FACTS, replace(ESCALATION, leads={"9": "gone"}), at(0))[1] == (
        "group_lead: there is no person gone",
    )
    assert reach(level("rotation:duty"), FACTS, ESCALATION, at(-100_000))[1] == ("rotation:duty: nobody is on duty",)


def test_by_what_somebody_has_an_address_for() -> None:
    only_mail = replace(ESCALATION, people={"ana": replace(ANA, chat="")})
    both = level("person:ana", by=(Via.CHAT, Via.MAIL))
    assert reach(both, {}, only_mail, at(0))[0] == (Reached(person="ana", by=(Via.MAIL,)),)
    found, unreached = reach(level("person:ana"), {}, only_mail, at(0))
    assert (found, unreached) == ((), ("Ana Lind: no address for chat",))


def test_a_person_without_a_helpdesk_id_is_nobodys_assignee() -> None:
    assert reach(level("assignee"), {"assignee_id": ("",)}, ESCALATION, at(0))[0] == ()
