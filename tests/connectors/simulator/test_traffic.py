"""Traffic: what counts as a request that came before its Retry-After had run out."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.simulator.traffic import ACCOUNT, Traffic


@pytest.mark.parametrize(
    ("closed", "asked", "after_s", "early"),
    [
        ("exports", ("requests", "exports"), 4.9, 1),
        ("exports", ("requests", "exports"), 5.0, 0),
        ("exports", ("requests", "search"), 0.1, 0),
        ("updates:7", ("updates", "updates:8"), 0.1, 0),
        (ACCOUNT, ("exports",), 0.1, 1),
        (ACCOUNT, (), 0.1, 1),
    ],
)
def test_a_request_is_early_while_its_family_is_closed(
    closed: str, asked: tuple[str, ...], after_s: float, early: int
) -> None:
    now = [100.0]
    traffic = Traffic(lambda: now[0])
    traffic.seen("token 1", closed)
    traffic.refused(closed, 5, caller="token 1")
    now[0] += after_s
    traffic.seen("token 1", *asked)
    assert traffic.summary() == {"requests": 2, "refused": 1, "early": early, "crossed": 0}


@pytest.mark.parametrize(("after_s", "crossed", "early"), [(0.0, 1, 0), (0.04, 1, 0), (0.06, 0, 1), (4.0, 0, 1)])
def test_what_was_on_its_way_when_the_refusal_was_answered_only_crossed_it(
    after_s: float, crossed: int, early: int
) -> None:
    now = [100.0]
    traffic = Traffic(lambda: now[0])
    traffic.refused(ACCOUNT, 5, caller="token 1")
    now[0] += after_s
    traffic.seen("token 1", "requests")
    assert (traffic.summary()["crossed"], traffic.summary()["early"]) == (crossed, early)


def test_another_caller_is_not_early_and_a_shorter_closure_does_not_reopen() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    traffic.refused("search", 30, caller="token 1")
    traffic.refused("search", 2, caller="token 1")
    traffic.seen("token 2", "search")
    assert traffic.summary()["early"] == 0
    now[0] = 10
    traffic.seen("token 1", "search")
    assert traffic.summary()["early"] == 1


def test_the_helpdesk_counts_what_came_too_early(desk: Any) -> None:
    before = desk.control("GET", "state")
    desk.knobs(searches_per_minute=1)
    statuses = [desk.api("GET", "search.json?query=x").status_code for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert desk.api("GET", "groups").status_code == 200
    after = desk.control("GET", "state")
    came = {name: after[name] - before[name] for name in ("requests", "refused", "early", "crossed")}
    assert (came["requests"], came["refused"], came["early"] + came["crossed"]) == (4, 2, 1)


def test_an_injected_refusal_closes_the_account(desk: Any) -> None:
    desk.knobs(rate_429_next=1, retry_after_s=30)
    refused = desk.api("GET", "groups")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert desk.api("GET", "help_center/articles.json").status_code == 200
    state = desk.control("GET", "state")
    assert state["early"] + state["crossed"] == 1
