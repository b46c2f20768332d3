"""Business hours, SLA policies and ratings in our words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connectors import errors
from connectors.zendesk.planning import from_monday
from connectors.zendesk.policies import Condition, applies_to
from tests.connectors.zendesk.account import API, connect
from triage.hours import Holiday
from triage.sla import Metric, Target
from triage.tickets import Priority, Satisfaction

SCHEDULES = f"{API}/business_hours/schedules.json"
POLICIES = f"{API}/slas/policies.json"
RATINGS = f"{API}/satisfaction_ratings.json"
WEEKDAYS = [{"start_time": day * 1440 + 540, "end_time": day * 1440 + 1020} for day in range(1, 6)]


def schedule(**changes: Any) -> dict[str, Any]:
    return {"id": 8, "name": "Desk", "time_zone": "Pacific Time (US & Canada)", "intervals": WEEKDAYS} | changes


def test_schedules_with_their_holidays(zendesk: responses.RequestsMock) -> None:
    zendesk.get(SCHEDULES, json={"schedules": [schedule(), schedule(id=9, time_zone="Europe/Berlin")]})
    days = [
        {"id": 2, "name": "New Year", "start_date": "2027-01-01", "end_date": "2027-01-01"},
        {"id": 1, "name": "Christmas", "start_date": "2026-12-24", "end_date": "2026-12-26"},
    ]
    zendesk.get(f"{API}/business_hours/schedules/8/holidays.json", json={"holidays": days})
    zendesk.get(f"{API}/business_hours/schedules/9/holidays.json", json={"holidays": []})
    first, second = connect().schedules()
    assert (first.id, first.name, first.time_zone, first.is_default) == ("8", "Desk", "America/Los_Angeles", True)
    assert first.intervals == tuple((day * 1440 + 540, day * 1440 + 1020) for day in range(5))
    assert first.holidays == (
        Holiday(name="Christmas", starts_on=date(2026, 12, 24), ends_on=date(2026, 12, 26)),
        Holiday(name="New Year", starts_on=date(2027, 1, 1), ends_on=date(2027, 1, 1)),
    )
    assert (second.time_zone, second.is_default, second.holidays) == ("Europe/Berlin", False, ())


def test_an_unknown_zone_is_refused_by_name(zendesk: responses.RequestsMock) -> None:
    zendesk.get(SCHEDULES, json={"schedules": [schedule(time_zone="Narnia (Lantern Waste)")]})
    zendesk.get(f"{API}/business_hours/schedules/8/holidays.json", json={"holidays": []})
    with pytest.raises(errors.Rejected, match=r"'Desk'.*'Narnia \(Lantern Waste\)'") as raised:
        connect().schedules()
    assert raised.value.details == {"time_zone": "Narnia (Lantern Waste)"}
    assert raised.value.retryable is False


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ([], ()),
        ([(1980, 2460)], ((540, 1020),)),  # Monday 09:00 to 17:00
        ([(0, 1440)], ((8640, 10080),)),  # all of Sunday
        ([(8640, 10080)], ((7200, 8640),)),  # all of Saturday
        ([(0, 10080)], ((0, 8640), (8640, 10080))),
        ([(1000, 1500)], ((0, 60), (9640, 10080))),  # over the end of our week
        ([(1980, 2200), (2100, 2460)], ((540, 1020),)),
        ([(2000, 2100), (1440, 1500)], ((0, 60), (560, 660))),
    ],
)
def test_a_week_that_begins_on_monday(theirs: list[tuple[int, int]], ours: tuple[tuple[int, int], ...]) -> None:
    assert from_monday(theirs) == ours


@pytest.mark.parametrize("interval", [(-1, 5), (5, 5), (9, 5), (10000, 10081)])
def test_no_interval_of_a_week(interval: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no interval"):
        from_monday([interval])


def policy(**changes: Any) -> dict[str, Any]:
    every = [{"field": "organization_id", "operator": "is", "value": "77"}]
    metrics = [
        {"metric": "first_reply_time", "priority": "urgent", "target": 30, "business_hours": False},
        {"metric": "total_resolution_time", "priority": "low", "target": 2880, "business_hours": True},
        {"metric": "periodic_update_time", "priority": "high", "target_in_seconds": 5400, "target": 90},
        {"metric": "group_ownership_time", "priority": "low", "target": 5},
        {"metric": "first_reply_time", "priority": None, "target": 5},
    ]
    found = {"id": 25, "title": "Gold", "position": 2, "filter": {"all": every, "any": []}, "policy_metrics": metrics}
    return found | changes


def test_policies_in_the_order_in_which_they_win(zendesk: responses.RequestsMock) -> None:
    other = policy(id=24, title="All", position=1, filter={"all": [], "any": []}, policy_metrics=[])
    zendesk.get(POLICIES, json={"sla_policies": [policy()], "next_page": f"{POLICIES}?page=2", "count": 2})
    zendesk.get(f"{POLICIES}?page=2", json={"sla_policies": [other], "next_page": None})
    everybody, gold = connect().sla_policies()
    assert (everybody.id, dict(everybody.applies_to), everybody.targets) == ("24", {}, ())
    assert (gold.title, gold.position, gold.applies_to) == ("Gold", 2, {"organization_id": ("77",)})

    def target(metric: Metric, priority: Priority, minutes: float, hours: bool) -> Target:
        return Target(metric=metric, priority=priority, target_minutes=minutes, in_business_hours=hours)

    assert gold.targets == (
        target(Metric.FIRST_REPLY_TIME, Priority.P1, 30, False),
        target(Metric.FULL_RESOLUTION_TIME, Priority.P4, 2880, True),
        target(Metric.PERIODIC_UPDATE_TIME, Priority.P2, 90, False),
    )


def condition(field: str, operator: str, value: object) -> Condition:
    return Condition(field=field, operator=operator, value=value)


@pytest.mark.parametrize(
    ("every", "either", "expected"),
    [
        ([], [], {}),
        ([("type", "is", "x"), ("group_id", "includes", [1, 2])], [], {"type": ("x",), "group_id": ("1", "2")}),
        ([("current_tags", "includes", "vip gold")], [], {"tag": ("vip", "gold")}),
        ([("priority", "is_not", "low")], [], {"priority is_not": ("low",)}),
        ([("tags", "is", "a"), ("tags", "is", "b")], [], {"tag": ("a",), "tag is": ("b",)}),
        ([], [("group_id", "is", "1"), ("group_id", "is", "2")], {"group_id": ("1", "2")}),
        ([], [("group_id", "is", "1"), ("type", "is", "x")], {"any": ("group_id is 1", "type is x")}),
        ([("group_id", "is", "1")], [("group_id", "is", "2")], {"group_id": ("1",), "any": ("group_id is 2",)}),
        ([], [("group_id", "is", "1"), ("group_id", "is_not", "2")], {"any": ("group_id is 1", "group_id is_not 2")}),
    ],
)  # fmt: skip
def test_a_condition_is_never_dropped(every: Any, either: Any, expected: dict[str, tuple[str, ...]]) -> None:
    assert applies_to([condition(*each) for each in every], [condition(*each) for each in either]) == expected


def rating(**changes: Any) -> dict[str, Any]:
    found = {
        "id": 35436, "ticket_id": 208, "score": "good", "comment": "Quick!", "requester_id": 7881, "assignee_id": 135,
        "group_id": None, "created_at": "2026-02-20T22:55:29Z", "updated_at": "2026-02-21T08:00:00Z",
    }  # fmt: skip
    return found | changes


def test_ratings_over_pages(zendesk: responses.RequestsMock) -> None:
    meta = {"has_more": True, "after_cursor": "c1"}
    links = {"next": "https://evil.example/steal"}
    rows = [rating(), rating(id=2, score="offered"), rating(id=3, score="bad", comment=None)]
    zendesk.get(RATINGS, json={"satisfaction_ratings": rows, "meta": meta, "links": links})
    zendesk.get(RATINGS, json={"satisfaction_ratings": [rating(id=4)], "meta": {"has_more": False}, "links": {}})
    first, second = connect().ratings(since=datetime(2026, 2, 1, tzinfo=UTC))
    assert [(each.id, each.score, each.comment) for each in first] == [
        ("35436", Satisfaction.GOOD, "Quick!"),
        ("3", Satisfaction.BAD, ""),
    ]
    assert (first[0].ticket_ref, first[0].requester_id, first[0].agent_id, first[0].group_id) == (
        "208", "7881", "135", None,
    )  # fmt: skip
    assert first[0].rated_at == datetime(2026, 2, 21, 8, tzinfo=UTC)
    assert [each.id for each in second] == ["4"]
    asked = [parse_qs(urlsplit(str(call.request.url)).query) for call in zendesk.calls]
    assert asked[0]["start_time"] == asked[1]["start_time"] == [str(int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()))]
    assert asked[1]["page[after]"] == ["c1"]


def test_a_list_that_turns_in_circles_is_an_error(zendesk: responses.RequestsMock) -> None:
    meta = {"has_more": True, "after_cursor": "same"}
    zendesk.get(RATINGS, json={"satisfaction_ratings": [rating()], "meta": meta})
    with pytest.raises(errors.Unavailable, match="same page"):
        list(connect().ratings(since=datetime(2026, 2, 1, tzinfo=UTC)))
    assert len(zendesk.calls) == 2
