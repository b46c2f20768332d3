"""Rate limits and faults of the second helpdesk: what is refused was not applied, what is dropped was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.simulator.freshdesk.limits import LimitReached, RateLimits, cost, family
from tests.connectors.simulator.freshdesk_desk import FreshDesk, running_desk


@pytest.fixture
def desk(company: Path) -> Iterator[FreshDesk]:
    with running_desk(company) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "tickets", "tickets_list"), ("GET", "contacts", "contacts_list"), ("POST", "tickets", "ticket_create"),
        ("POST", "tickets/outbound_email", "ticket_create"), ("PUT", "tickets/7", "updates"),
        ("GET", "tickets/7", None), ("POST", "tickets/7/notes", None), ("PUT", "contacts/7", None),
    ],
)  # fmt: skip
def test_families(method: str, path: str, name: str | None) -> None:
    assert family(method, f"/api/v2/{path}") == name


@pytest.mark.parametrize(
    ("method", "path", "include", "used"),
    [
        ("GET", "tickets", "", 1), ("GET", "tickets", "stats", 3), ("GET", "tickets", "stats,requester", 5),
        ("GET", "tickets/7", "conversations", 2), ("GET", "tickets/7", "stats,stats", 2), ("PUT", "tickets/7", "x", 1),
    ],
)  # fmt: skip
def test_costs(method: str, path: str, include: str, used: int) -> None:
    assert cost(method, f"/api/v2/{path}", include) == used


def test_a_window_lets_one_in_when_one_leaves() -> None:
    now = [0.0]
    limits = RateLimits(lambda: now[0])
    assert limits.take("a", 3, 2).remaining == 1
    with pytest.raises(LimitReached) as caught:
        limits.take("a", 3, 2)
    assert caught.value.retry_after_s == 60
    now[0] = 45.0
    assert limits.take("a", 3).remaining == 0
    assert limits.wait("a", 3) == 15.0
    now[0] = 60.0
    assert limits.wait("a", 3) == 0.0


def test_the_account_runs_dry_and_says_when(desk: FreshDesk) -> None:
    desk.knobs(requests_per_minute=3)
    seen = [desk.api("GET", "agents/me") for _ in range(3)]
    assert [one.headers["X-RateLimit-Remaining"] for one in seen] == ["2", "1", "0"]
    assert {one.headers["X-RateLimit-Total"] for one in seen} == {"3"}
    assert all("Retry-After" not in one.headers for one in seen)
    refused = desk.api("GET", "agents/me")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    state = desk.control("GET", "state")
    assert (state["refused"], state["early"]) == (1, 0)
    desk.api("GET", "agents/me")
    state = desk.control("GET", "state")
    assert state["early"] + state["crossed"] == 1


def test_failed_calls_count(desk: FreshDesk) -> None:
    left = int(desk.api("GET", "agents/me").headers["X-RateLimit-Remaining"])
    assert desk.api("GET", "tickets/999").headers["X-RateLimit-Remaining"] == str(left - 1)
    assert desk.api("GET", "agents/me", auth=("wrong", "X")).headers["X-RateLimit-Remaining"] == str(left - 2)
    assert desk.api("GET", "tickets?per_page=101").headers["X-RateLimit-Remaining"] == str(left - 3)


def test_each_kind_of_call_has_its_own_limit(desk: FreshDesk) -> None:
    desk.knobs(ticket_updates_per_minute=1, creates_per_minute=1, ticket_lists_per_minute=1, contact_lists_per_minute=1)
    assert desk.control("GET", "credentials")["limits"] == {
        "requests": 700, "ticket_create": 1, "updates": 1, "tickets_list": 1, "contacts_list": 1,
    }  # fmt: skip
    number = desk.arrive()
    new = {"email": "kim@acme.example", "subject": "s", "description": "d"}
    calls = [
        lambda: desk.put(number, {"priority": 2}),
        lambda: desk.api("POST", "tickets", new),
        lambda: desk.api("GET", "tickets"),
        lambda: desk.api("GET", "contacts"),
    ]
    for call in calls:
        assert [call().status_code < 300, call().status_code] == [True, 429]
    assert desk.api("GET", f"tickets/{number}").ok
    assert desk.control("GET", "state")["early"] == 0


def test_refused_requests_are_not_applied(desk: FreshDesk) -> None:
    number = desk.arrive()
    since = len(desk.effects())
    desk.knobs(rate_429_next=1, retry_after_s=7)
    refused = desk.put(number, {"priority": 2})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    desk.knobs(error_5xx_next=1, error_status=503)
    assert desk.put(number, {"priority": 2}).status_code == 503
    assert desk.effects(since) == []
    assert desk.put(number, {"priority": 2}).ok


def test_a_dropped_answer_was_applied(desk: FreshDesk) -> None:
    number = desk.arrive()
    desk.knobs(drop_next=1, faults_on="writes")
    assert desk.api("GET", "groups").ok
    with pytest.raises(requests.ConnectionError):
        desk.put(number, {"priority": 4})
    assert desk.api("GET", f"tickets/{number}").json()["priority"] == 4


def test_freezes_truncation_and_latency(desk: FreshDesk) -> None:
    number = desk.arrive()
    seen = len(desk.effects())
    desk.knobs(freeze_next=1, freeze_s=0.4)
    with pytest.raises(requests.Timeout):
        requests.put(f"{desk.url}/api/v2/tickets/{number}", json={"priority": 3}, auth=desk.auth, timeout=0.1)
    assert len(desk.effects()) == seen
    assert desk.simulator.state.effects.wait_for(seen + 1, 5)
    desk.knobs(truncate_next=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        desk.api("GET", "groups").json()
    desk.knobs(latency_ms=60)
    started = time.monotonic()
    desk.api("GET", "groups")
    assert time.monotonic() - started >= 0.06
