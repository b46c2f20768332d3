"""What Freshdesk answers, in the shapes it has and those it should not have, becomes our nouns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.freshdesk import wire, wire_setup
from connectors.freshdesk.fields import Fields
from triage.hours import Schedule
from triage.sla import Metric
from triage.tickets import Channel, Priority, Satisfaction, Status

FIELDS = {"category": "cf_ai_category"}
TICKET: dict[str, Any] = {
    "id": 1042,
    "status": 2,
    "priority": 3,
    "source": 1,
    "subject": "Exports time out",
    "description": "<div>The nightly export<br>stops.</div>",
    "description_text": None,
    "tags": ["Exports", "product_area_api"],
    "custom_fields": {"cf_ai_category": "billing", "cf_other": 7},
    "requester_id": 9001,
    "company_id": 77,
    "group_id": 31,
    "responder_id": None,
    "created_at": "2026-03-02T09:02:11Z",
    "updated_at": "2026-03-02T14:45:03+05:30",
    "unheard_of": {"x": 1},
}


def ticket(**changes: Any) -> wire.Ticket:
    return wire.Ticket.model_validate(TICKET | changes)


def test_a_ticket_in_our_words() -> None:
    found = ticket().normalised(Fields(FIELDS))
    assert (found.ref, found.status, found.priority, found.channel) == (
        "1042",
        Status.OPEN,
        Priority.P2,
        Channel.EMAIL,
    )
    assert (found.requester_id, found.organization_id, found.group_id, found.assignee_id) == ("9001", "77", "31", None)
    assert found.description == "The nightly export\nstops."
    assert found.updated_at == datetime(2026, 3, 2, 9, 15, 3, tzinfo=UTC)
    assert found.version == "2026-03-02T09:15:03Z"
    assert found.fields == {"category": "billing", "product_area": "api"}


def test_labels_and_digits_say_the_same_as_codes() -> None:
    texts = ticket(id="1042", status="Open", priority="High", source="Email", group_id="31", requester_id="9001")
    assert texts.normalised(Fields(FIELDS)) == ticket().normalised(Fields(FIELDS))


@pytest.mark.parametrize("name", sorted(set(TICKET) - {"id", "created_at", "updated_at"}))
def test_null_is_nothing(name: str) -> None:
    assert ticket(**{name: None}).normalised(Fields(FIELDS)).ref == "1042"


@pytest.mark.parametrize("change", [{"deleted": True}, {"spam": True}, {"deleted": "true"}])
def test_deleted_and_spam_are_gone(change: dict[str, Any]) -> None:
    assert ticket(**change).normalised(Fields(FIELDS)).status is Status.DELETED


@pytest.mark.parametrize("change", [{"id": None}, {"id": "../7"}, {"id": True}, {"created_at": "soon"}])
def test_a_ticket_that_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ticket(**change)


def test_a_company_with_its_tier() -> None:
    found = wire.Company.model_validate(
        {
            "id": 8,
            "name": "Super Nova",
            "domains": ["nova.example"],
            "account_tier": "Premium",
            "health_score": "Happy",
            "industry": None,
            "custom_fields": {"seats": 12, "beta": True, "empty": "", "none": None, "list": []},
        }
    ).normalised()
    assert found.tier == "Premium"
    assert found.domains == ("nova.example",)
    assert found.fields == {
        "tier": "Premium",
        "account_tier": "Premium",
        "health_score": "Happy",
        "seats": "12",
        "beta": "true",
    }


def test_people_and_their_zones() -> None:
    contact = {"id": 432, "name": "Super Man", "email": "s@x.example", "company_id": 23, "language": "en"}
    assert wire.Contact.model_validate(contact | {"time_zone": "Chennai"}).normalised().time_zone == "Asia/Kolkata"
    assert wire.Contact.model_validate(contact | {"time_zone": "Atlantis"}).normalised().time_zone is None
    agent = wire.Agent.model_validate({"id": 4, "contact": {"name": "Ana", "time_zone": "Berlin"}}).normalised()
    assert (agent.role, agent.name, agent.time_zone) == ("agent", "Ana", "Europe/Berlin")


def conversation(**changes: Any) -> wire.Conversation:
    body = {"id": 5, "created_at": "2026-03-02T09:15:03Z", "user_id": 48, "body": "<div>Hello  there</div>"}
    return wire.Conversation.model_validate(body | changes)


def test_a_comment_of_ours_is_known_by_mark_or_by_author_and_words() -> None:
    ours, other = "hx_0123456789", "hx_abcdef0123"
    assert conversation(body=f"<div>x</div><!-- {ours} -->").shows(ours, "something else", None)
    assert not conversation(body=f"<div>Hello there</div><!-- {other} -->").shows(ours, "Hello there", "48")
    assert conversation().shows(ours, "Hello there", "48")
    assert not conversation().shows(ours, "Hello there", "49")
    assert not conversation().shows(ours, "Hello you", "48")
    assert not conversation(user_id=None).shows(ours, "Hello there", None)
    assert not conversation(body=f"<div>a person quotes {ours}</div>").shows(ours, "Hello there", "48")


def test_private_is_not_public() -> None:
    assert conversation(private=True).normalised().public is False
    assert conversation().normalised().public is True
    assert conversation(body_text="Plain").normalised().body == "Plain"


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"2": ["Open", "Being Processed"], "8": ["Custom"]}, (("2", "Open"), ("8", "Custom"))),
        ({"Low": 1, "Urgent": 4}, (("1", "Low"), ("4", "Urgent"))),
        (["Question", "Incident"], (("Question", "Question"), ("Incident", "Incident"))),
        ({"Billing team": 31}, (("31", "Billing team"),)),
        (
            {"Hardware": {"Laptop": ["Screen"]}, "Software": {}},
            (
                ("Hardware", "Hardware"),
                ("Laptop", "Laptop"),
                ("Screen", "Screen"),
                ("Software", "Software"),
            ),
        ),
        ([["Refund", "0"], ["Fault", "0"]], (("Refund", "Refund"), ("0", "0"), ("Fault", "Fault"))),
        (
            [{"id": 1, "value": "Refund", "choices": [{"id": 2, "value": "Late", "choices": []}]}, {"id": 3}],
            (("Refund", "Refund"), ("Late", "Late")),
        ),
        (None, ()),
        ("text", ()),
    ],
)
def test_choices_in_every_shape(choices: Any, expected: tuple[tuple[str, str], ...]) -> None:
    answer = {"id": 22, "name": "cf_x", "label": "X", "type": "custom_dropdown", "choices": choices}
    field = wire_setup.TicketField.model_validate(answer).normalised(Fields())
    assert field.choices == expected
    assert (field.id, field.title, field.kind, field.required) == ("cf_x", "X", "custom_dropdown", False)


def calendar(key: str = "business_hours", zone: str = "Eastern Time (US & Canada)", **days: Any) -> Schedule:
    week = {day: {"start_time": pair[0], "end_time": pair[1]} for day, pair in days.items()}
    answer = {"id": 3, "name": "Default", "time_zone": zone, "is_default": True, key: week}
    return wire_setup.BusinessHours.model_validate(answer).normalised()


@pytest.mark.parametrize("key", ["business_hours", "working_hours"])
def test_both_spellings_of_a_calendar(key: str) -> None:
    found = calendar(key, monday=("08:00:00 am", "11:59:59 pm"), wednesday=("08:00:00 am", "05:00:00 pm"))
    assert found.time_zone == "America/New_York"
    assert found.intervals == ((480, 1440), (2880 + 480, 2880 + 1020))
    assert found.is_default
    assert found.holidays == ()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("12:00:00 am", "11:59:59 pm", ((0, 1440),)),
        ("12:00:00 am", "12:00:00 am", ((0, 1440),)),
        ("12:00 pm", "1:30 PM", ((720, 810),)),
        ("09:00", "17:30", ((540, 1050),)),
        ("10:00:00 pm", "06:00:00 am", ((1320, 1800),)),
    ],
)
def test_times_of_day(start: str, end: str, expected: tuple[tuple[int, int], ...]) -> None:
    assert calendar(monday=(start, end)).intervals == expected


def test_a_night_shift_at_the_end_of_the_week_and_overlaps() -> None:
    found = calendar(sunday=("10:00:00 pm", "06:00:00 am"), monday=("05:00:00 am", "09:00:00 am"))
    assert found.intervals == ((0, 540), (6 * 1440 + 1320, 10080))


def test_a_day_without_times_is_closed() -> None:
    answer = {"id": 3, "time_zone": "UTC", "business_hours": {"monday": None, "tuesday": {}}}
    assert wire_setup.BusinessHours.model_validate(answer).normalised().intervals == ()


@pytest.mark.parametrize("pair", [("25:00", "26:00"), ("13:00 pm", "14:00 pm"), ("noon", "5 pm"), ("08:61 am", "9 am")])
def test_a_time_that_is_none_fails_loudly(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="time of day"):
        calendar(monday=pair)


def test_a_calendar_in_an_unknown_zone_fails_loudly() -> None:
    with pytest.raises(ValueError, match="time zone"):
        calendar(zone="Atlantis", monday=("08:00 am", "05:00 pm"))
    with pytest.raises(ValueError, match="caturday"):
        calendar(caturday=("08:00 am", "05:00 pm"))


def policy(**changes: Any) -> wire_setup.SlaPolicy:
    target = {"respond_within": 900, "resolve_within": 14400, "business_hours": True}
    answer = {"id": 1, "name": "Gold", "position": 1, "sla_target": {"priority_4": target, "priority_1": target}}
    return wire_setup.SlaPolicy.model_validate(answer | changes)


def test_a_policys_seconds_become_minutes() -> None:
    found = policy(applicable_to={"company_ids": [1, 2], "sources": [2, "9"], "ticket_types": ["Incident"]})
    ours = found.normalised(3)
    assert [(each.metric, each.priority, each.target_minutes) for each in ours.targets] == [
        (Metric.FIRST_REPLY_TIME, Priority.P1, 15),
        (Metric.FULL_RESOLUTION_TIME, Priority.P1, 240),
        (Metric.FIRST_REPLY_TIME, Priority.P4, 15),
        (Metric.FULL_RESOLUTION_TIME, Priority.P4, 240),
    ]
    assert all(each.in_business_hours for each in ours.targets)
    assert ours.applies_to == {"organization_id": ("1", "2"), "channel": ("in_app",), "type": ("Incident",)}
    assert ours.position == 3


@pytest.mark.parametrize("level", ["level_1", "level1"])
def test_escalation_in_either_spelling_is_no_obstacle(level: str) -> None:
    found = policy(escalation={"resolution": {level: {"escalation_time": 3600, "agent_ids": [1]}}}, applicable_to=None)
    assert found.normalised(1).targets


def test_the_default_policy_comes_last_whatever_its_position() -> None:
    default = policy(id=1, name="Default", position=1, is_default=True)
    gold, silver = policy(id=7, name="Gold", position=3), policy(id=5, name="Silver", position=2, active=False)
    found = wire_setup.in_winning_order([default, gold, silver])
    assert [(each.title, each.position, each.is_active) for each in found] == [
        ("Silver", 1, False),
        ("Gold", 2, True),
        ("Default", 3, True),
    ]


@pytest.mark.parametrize(
    ("ratings", "score"),
    [
        ({"default_question": 103, "question_2": -102}, Satisfaction.GOOD),
        ({"question_2": -102}, Satisfaction.BAD),
        ({"default_question": 3}, Satisfaction.BAD),
        ({"default_question": "100"}, Satisfaction.NEUTRAL),
    ],
)
def test_ratings(ratings: dict[str, Any], score: Satisfaction) -> None:
    answer = {"id": 1, "ticket_id": 432, "created_at": "2015-08-28T010:08:16Z", "ratings": ratings, "feedback": None}
    found = wire_setup.Rating.model_validate(answer).normalised()
    assert (found.score, found.ticket_ref, found.comment) == (score, "432", "")


@pytest.mark.parametrize("ratings", [{}, None, {"default_question": 55}, {"default_question": None}])
def test_a_rating_on_no_scale_is_an_error(ratings: Any) -> None:
    answer = {"id": 1, "ticket_id": 432, "created_at": "2015-08-28T10:08:16Z", "ratings": ratings}
    with pytest.raises(ValueError, match="score"):
        wire_setup.Rating.model_validate(answer).normalised()


@pytest.mark.parametrize(
    ("status", "done", "failed"),
    [
        ("COMPLETED", True, False),
        ("success", True, False),
        ("IN PROGRESS", False, False),
        ("in_progress", False, False),
        ("FAILED", False, True),
        (None, False, False),
    ],
)
def test_job_words(status: Any, done: bool, failed: bool) -> None:
    job = wire_setup.Job.model_validate(
        {"id": "432", "status": status, "data": [{"id": 7, "success": False}, {"id": 8}]}
    )
    assert (job.is_done, job.is_failed, job.failed_ids) == (done, failed, {"7"})
