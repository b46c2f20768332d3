"""Schedules, SLA policies and ratings."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connectors.simulator.records import Schedule, SlaPolicy
from connectors.simulator.zendesk.planning import from_sunday, zone_name

HOUR, DAY = 60, 24 * 60


@pytest.mark.parametrize(
    ("since_monday", "since_sunday"),
    [
        ((9 * HOUR, 17 * HOUR), [(1980, 2460)]),
        ((6 * DAY + 10 * HOUR, 6 * DAY + 12 * HOUR), [(600, 720)]),
        ((4 * DAY + 22 * HOUR, 5 * DAY + 2 * HOUR), [(5 * DAY + 22 * HOUR, 6 * DAY), (6 * DAY, 6 * DAY + 2 * HOUR)]),
        ((5 * DAY + 23 * HOUR, 6 * DAY + HOUR), [(0, HOUR), (6 * DAY + 23 * HOUR, 7 * DAY)]),
    ],
)
def test_weeks_begin_on_sunday_and_days_are_cut(
    since_monday: tuple[int, int], since_sunday: list[tuple[int, int]]
) -> None:
    assert from_sunday((since_monday,)) == since_sunday


@pytest.mark.parametrize(
    ("iana", "name"),
    [
        ("America/Los_Angeles", "Pacific Time (US & Canada)"),
        ("Europe/Berlin", "Berlin"),
        ("Asia/Manila", "Asia/Manila"),
    ],
)
def test_zones_have_the_vendors_names(iana: str, name: str) -> None:
    assert zone_name(iana) == name


def test_schedules_are_shown_with_their_holidays(desk: Any) -> None:
    state = desk.simulator.state
    assert desk.api("GET", "business_hours/schedules.json").json()["schedules"] == []
    made = Schedule(
        id=state.next_id(), name="West", time_zone="America/Los_Angeles", intervals=((540, 1020),),
        holidays=(("Labor Day", "2026-09-07", "2026-09-07"),),
    )  # fmt: skip
    state.put(state.schedules, made)
    (shown,) = desk.api("GET", "business_hours/schedules.json").json()["schedules"]
    assert (shown["name"], shown["time_zone"]) == ("West", "Pacific Time (US & Canada)")
    assert shown["intervals"] == [{"start_time": 1980, "end_time": 2460}]
    assert desk.api("GET", f"business_hours/schedules/{made.id}.json").json()["schedule"]["id"] == made.id
    (day,) = desk.api("GET", f"business_hours/schedules/{made.id}/holidays.json").json()["holidays"]
    assert (day["name"], day["start_date"], day["end_date"]) == ("Labor Day", "2026-09-07", "2026-09-07")
    assert desk.api("GET", "business_hours/schedules/1/holidays.json").status_code == 404


def test_policies_come_by_position_and_to_admins_only(desk: Any) -> None:
    state, at = desk.simulator.state, desk.simulator.state.second()
    for title, position, companies in (("Standard", 2, ()), ("Gold", 1, (5, 6)), ("One", 3, (7,))):
        policy = SlaPolicy(
            id=state.next_id(), title=title, position=position, targets={"urgent": (30, 240, False)},
            organization_ids=companies, created_at=at, updated_at=at,
        )  # fmt: skip
        state.put(state.policies, policy)
    gold, standard, one = desk.api("GET", "slas/policies.json").json()["sla_policies"]
    assert [gold["title"], standard["title"], one["title"]] == ["Gold", "Standard", "One"]
    assert gold["filter"]["all"] == [{"field": "organization_id", "operator": "includes", "value": ["5", "6"]}]
    assert one["filter"]["all"] == [{"field": "organization_id", "operator": "is", "value": "7"}]
    assert standard["filter"] == {"all": [], "any": []}
    assert gold["policy_metrics"] == [
        {"priority": "urgent", "metric": "first_reply_time", "target": 30, "business_hours": False},
        {"priority": "urgent", "metric": "total_resolution_time", "target": 240, "business_hours": False},
    ]
    assert desk.api("GET", f"slas/policies/{gold['id']}.json").json()["sla_policy"] == gold
    agent = desk.simulator.face.agent_token(state.user_by_email("ana@desk.example").id)
    for path in ("slas/policies.json", "satisfaction_ratings.json"):
        answer = requests.get(f"{desk.url}/api/v2/{path}", headers={"Authorization": agent}, timeout=5)
        assert answer.status_code == 403


@pytest.fixture
def rated(desk: Any) -> dict[str, int]:
    made = {name: desk.arrive() for name in ("good", "bad", "quiet", "middling")}
    for name, score, comment in (
        ("good", "good", "Quick!"), ("bad", "bad", "Slow"), ("quiet", "good", ""), ("middling", "neutral", ""),
    ):  # fmt: skip
        desk.control("POST", "ratings", {"ticket_id": made[name], "score": score, "comment": comment})
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"good", "bad", "quiet"}),
        ("score=received", {"good", "bad", "quiet"}),
        ("score=good", {"good", "quiet"}),
        ("score=good_with_comment", {"good"}),
        ("score=received_without_comment", {"quiet"}),
        ("score=offered", set()),
        ("start_time=4000000000", set()),
        ("end_time=4000000000", {"good", "bad", "quiet"}),
        ("end_time=1000", set()),
    ],
)
def test_ratings_are_narrowed(desk: Any, rated: dict[str, int], query: str, names: set[str]) -> None:
    rows = desk.api("GET", f"satisfaction_ratings.json?{query}").json()["satisfaction_ratings"]
    assert {row["ticket_id"] for row in rows} == {rated[name] for name in names}


def test_a_rating_is_on_its_ticket(desk: Any, rated: dict[str, int]) -> None:
    ticket = desk.api("GET", f"tickets/{rated['bad']}.json").json()["ticket"]
    told = ticket["satisfaction_rating"]
    assert (told["score"], told["comment"]) == ("bad", "Slow")
    rows = {row["id"]: row for row in desk.api("GET", "satisfaction_ratings.json").json()["satisfaction_ratings"]}
    assert rows[told["id"]]["requester_id"] == ticket["requester_id"]
    unrated = desk.api("GET", f"tickets/{desk.arrive()}.json").json()["ticket"]
    assert unrated["satisfaction_rating"] == {"score": "unoffered"}
    assert desk.api("GET", "satisfaction_ratings.json?score=great").status_code == 400


def test_a_tickets_first_audit_has_what_it_was_created_with(desk: Any) -> None:
    asked = {"subject": "Export stops", "comment": {"body": "It stops."}, "priority": "low", "status": "new"}
    number = desk.api("POST", "tickets", {"ticket": asked}).json()["ticket"]["id"]
    desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "high", "status": "open"}})
    desk.api("PUT", f"tickets/{number}", {"ticket": {"status": "hold"}})
    shown = desk.api("GET", f"tickets/{number}/audits?include=users").json()
    created, first, second = [
        {event["field_name"]: event["value"] for event in audit["events"] if "field_name" in event}
        for audit in shown["audits"]
    ]
    assert (created["status"], created["priority"], "type" in created) == ("new", "low", False)
    assert {event["type"] for event in shown["audits"][0]["events"]} == {"Create", "Comment"}
    assert (first, second) == ({"status": "open", "priority": "high"}, {"status": "hold"})
    assert [user["id"] for user in shown["users"]] == [shown["audits"][0]["author_id"]]
    turned = desk.api("GET", f"tickets/{number}/audits?sort=-created_at&page[size]=2").json()
    assert [audit["id"] for audit in turned["audits"]] == [audit["id"] for audit in shown["audits"][:0:-1]]


def test_slas_come_along_with_a_ticket_that_was_promised_something(desk: Any) -> None:
    state = desk.simulator.state
    at = state.second()
    policy = SlaPolicy(
        id=state.next_id(), title="All", position=1, targets={"high": (30, 120, False)}, created_at=at, updated_at=at
    )
    state.put(state.policies, policy)

    def clocks(number: int) -> dict[str, tuple[str, bool]]:
        told = desk.api("GET", f"tickets/{number}?include=slas").json()["ticket"]["slas"]["policy_metrics"]
        return {each["metric"]: (each["stage"], each["breach_at"] is None) for each in told}

    number = desk.arrive()
    assert clocks(number) == {}
    desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": "high"}})
    assert clocks(number) == {"first_reply_time": ("active", False), "total_resolution_time": ("active", False)}
    desk.api("PUT", f"tickets/{number}", {"ticket": {"status": "pending", "comment": {"body": "?", "public": True}}})
    assert clocks(number) == {"first_reply_time": ("achieved", False), "total_resolution_time": ("paused", True)}
    desk.api("PUT", f"tickets/{number}", {"ticket": {"status": "solved"}})
    assert clocks(number)["total_resolution_time"] == ("achieved", False)
    assert "slas" not in desk.api("GET", f"tickets/{number}").json()["ticket"]
