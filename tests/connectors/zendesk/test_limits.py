"""What each request counts against, and how many there may be."""

from __future__ import annotations

import pytest

from connectors.registry import vendor
from connectors.zendesk.limits import account_limit, families, limits_in


@pytest.mark.parametrize(
    ("plan", "per_minute"),
    [
        (None, 200),
        ("", 200),
        ("Team", 200),
        ("Suite Growth", 400),
        ("Support Professional", 400),
        ("suite_professional", 400),
        ("Enterprise", 700),
        ("Suite Enterprise Plus", 2500),
        ("Galactic", 200),
    ],
)
def test_an_unknown_plan_is_the_lowest(plan: str | None, per_minute: float) -> None:
    found = vendor("zendesk").limits(plan)
    assert (found["requests"], found["help_center"]) == (per_minute, per_minute)
    assert (found["updates"], found["exports"], found["search"]) == (100, 10, 100)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v2/tickets/1.json", ("requests",)),
        ("PUT", "/api/v2/tickets/1.json", ("requests", "updates")),
        ("PUT", "/api/v2/tickets/1", ("requests", "updates")),
        ("PUT", "/api/v2/tickets/1/tags.json", ("requests", "updates")),
        ("PUT", "/api/v2/tickets/update_many.json", ("requests", "updates")),
        ("PUT", "/api/v2/tickets/update_many.json?ids=1,2", ("requests", "updates")),
        ("GET", "/api/v2/users/show_many.json?ids=1,2", ("requests",)),
        ("POST", "/api/v2/tickets.json", ("requests",)),
        ("PUT", "/zendesk/acme/api/v2/tickets/1.json", ("requests", "updates")),
        ("PUT", "/api/v2/triggers/1.json", ("requests",)),
        ("GET", "/api/v2/incremental/tickets/cursor.json", ("requests", "exports")),
        ("GET", "/api/v2/search.json", ("requests", "search")),
        ("GET", "/api/v2/search/export.json", ("requests", "search")),
        ("GET", "/api/v2/users/search.json", ("requests",)),
        ("GET", "/api/v2/help_center/articles.json", ("help_center",)),
        ("GET", "/api/v2/help_center/incremental/articles.json", ("help_center",)),
        ("GET", "/api/v2/help_center/articles/search.json", ("help_center",)),
    ],
)
def test_families(method: str, path: str, expected: tuple[str, ...]) -> None:
    assert families(method, path) == expected
    assert set(expected) <= set(vendor("zendesk").limits(None))


def test_only_the_ticketing_api_tells_the_accounts_limit() -> None:
    assert limits_in({"X-Rate-Limit": "700", "ratelimit-limit": "700"}) == {"requests": 700.0}
    assert limits_in({"X-Rate-Limit": "700"}) == {}
    assert limits_in({}) == {}


@pytest.mark.parametrize("value", ["", "many", "-1", "0", "nan", "inf"])
def test_a_limit_that_is_none(value: str) -> None:
    assert account_limit({"X-Rate-Limit": value}) == {}
