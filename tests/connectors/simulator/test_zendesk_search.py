"""Search: terms, kinds, and its own limits."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def numbers(desk: Any) -> dict[str, int]:
    made = {"slow": desk.arrive(subject="Board slow", tags=["vip"]), "invoice": desk.arrive(subject="Invoice")}
    desk.api("PUT", f"tickets/{made['invoice']}", {"ticket": {"status": "solved"}})
    return made


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("board", {"slow"}),
        ("type:ticket", {"slow", "invoice"}),
        ("type:ticket tags:vip", {"slow"}),
        ("type:ticket -tags:vip", {"invoice"}),
        ("status:solved", {"invoice"}),
        ("requester:kim@acme.example order_by:created_at", {"slow", "invoice"}),
        ("type:ticket moon", set()),
    ],
)
def test_terms_narrow_the_tickets(desk: Any, numbers: dict[str, int], query: str, hits: set[str]) -> None:
    answer = desk.api("GET", f"search.json?query={query}").json()
    assert {row["id"] for row in answer["results"]} == {numbers[name] for name in hits}
    assert answer["count"] == len(hits) == desk.api("GET", f"search/count.json?query={query}").json()["count"]


@pytest.mark.parametrize(
    ("query", "name", "kind"),
    [
        ("type:user email:kim@acme.example", "Kim Acme", "user"),
        ("type:organization external_id:acme", "Acme Tools", "organization"),
    ],
)
def test_people_and_companies_are_found_too(desk: Any, query: str, name: str, kind: str) -> None:
    (found,) = desk.api("GET", f"search.json?query={query}").json()["results"]
    assert (found["name"], found["result_type"]) == (name, kind)


def test_a_thousand_results_and_no_more(desk: Any) -> None:
    assert desk.api("GET", "search.json?query=x&page=10&per_page=100").status_code == 200
    beyond = desk.api("GET", "search.json?query=x&page=11&per_page=100")
    assert (beyond.status_code, beyond.json()["error"]) == (422, "invalid")
