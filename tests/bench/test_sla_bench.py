"""The format of `bench.sla`, by scenarios of our own."""

from __future__ import annotations

from typing import Any

from bench.sla import answers

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def scenario(**more: Any) -> dict[str, Any]:
    return {
        "id": "s",
        "timezone": "Europe/Berlin",
        "weekly_hours": OFFICE,
        "paused_statuses": ["pending"],
        "stopped_statuses": ["solved", "closed"],
        **more,
    }


def test_each_ask_has_its_answer() -> None:
    found = answers(
        scenario(
            targets_minutes={"first_response": 60, "next_reply": 30, "resolution": 480},
            events=[
                {"at": "2026-06-01T07:00:00Z", "type": "status", "status": "new"},
                {"at": "2026-06-01T07:20:00Z", "type": "reply", "by": "agent", "public": True},
                {"at": "2026-06-01T07:20:00Z", "type": "reply", "by": "agent", "public": True},
                {"at": "2026-06-01T07:30:00Z", "type": "status", "status": "pending"},
                {"at": "2026-06-01T08:30:00Z", "type": "status", "status": "open"},
                {"at": "2026-06-01T08:30:00Z", "type": "reply", "by": "customer", "public": True},
            ],
            ask=[
                {"metric": "first_response"},
                {"metric": "next_reply", "at": "2026-06-01T09:30:00Z"},
                {"metric": "resolution"},
                {"metric": "next_escalation"},
                {"metric": "paused"},
                {"metric": "of_nobody"},
            ],
        )
    )
    first, following, whole, nearest, paused, unknown = found
    assert (first["state"], first["due"], first["elapsed_min"]) == ("met", "2026-06-01T08:00:00Z", 20)
    assert (following["due"], following["remaining_min"], following["breached"]) == ("2026-06-01T09:00:00Z", -30, True)
    assert (whole["state"], whole["due"], whole["elapsed_min"]) == ("active", "2026-06-02T08:00:00Z", 30)
    assert (nearest["which"], nearest["due"]) == ("next_reply", "2026-06-01T09:00:00Z")
    assert paused["elapsed_min"] == 60
    assert unknown["due"] is None


def test_other_targets_and_other_hours_from_an_event_on() -> None:
    events = [
        {"at": "2026-06-01T07:00:00Z", "type": "status", "status": "new"},
        {"at": "2026-06-01T08:00:00Z", "type": "policy", "targets_minutes": {"resolution": 90}},
        {"at": "2026-06-01T08:10:00Z", "type": "assigned"},
    ]
    told = scenario(targets_minutes={"resolution": 480}, events=events, ask=[{"metric": "resolution"}])
    assert answers(told)[0]["due"] == "2026-06-01T08:30:00Z"
    events[1] |= {"weekly_hours": {"mon": [["12:00", "17:00"]]}}
    assert answers(told)[0]["due"] == "2026-06-01T10:30:00Z"
