"""The query language, and a search whose index is behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from connectors.simulator import history
from connectors.simulator.freshdesk.query import BadQuery, parse
from tests.connectors.simulator.freshdesk_desk import FreshDesk, running_desk

FIELDS = {"priority": "number", "tag": "tags", "type": "text", "created_at": "date", "active": "flag"}
ROW = {"priority": 3, "tag": ["vip", "beta"], "type": "Incident", "created_at": "2026-03-02", "active": True}


@pytest.fixture
def desk(company: Path) -> Iterator[FreshDesk]:
    with running_desk(company) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("priority:3", True), ("priority:>3", True), ("priority:<2", False), ("priority:null", False),
        ("tag:'vip'", True), ("tag:'other'", False), ("type:'incident'", True), ("type:null", False),
        ("created_at:'2026-03-02'", True), ("created_at:>'2026-03-02'", True), ("created_at:<'2026-03-01'", False),
        ("active:true", True), ("active:false", False),
        ("priority:1 OR tag:'vip' AND type:'Problem'", False), ("priority:3 OR tag:'x' AND type:'Problem'", True),
        ("(priority:3 OR tag:'x') AND type:'Problem'", False), ("(priority:3)", True),
    ],
)  # fmt: skip
def test_queries(query: str, holds: bool) -> None:
    assert parse(f'"{query}"', FIELDS)(ROW) is holds


@pytest.mark.parametrize(
    "query",
    [
        "priority:3", '"', '""', '"priority:3', '"colour:3"', '"priority:\'3\'"', '"tag:vip"', '"priority:3 AND"',
        '"(priority:3"', '"priority:3)"', '"tag:>\'vip\'"', '"created_at:\'yesterday\'"', '"priority:3 type:\'x\'"',
        '"' + "priority:3 OR " * 50 + 'priority:3"',
    ],
)  # fmt: skip
def test_queries_that_cannot_be_read(query: str) -> None:
    with pytest.raises(BadQuery):
        parse(query, FIELDS)


def test_a_past_that_was_made_up_is_in_the_index(desk: FreshDesk) -> None:
    desk.knobs(search_lag_s=120)
    state = desk.simulator.state
    history.fill(state, count=40, seed=1, days=30)
    closed = {number for number in state.truth if state.tickets[number].status == "closed"}
    assert closed
    assert set(found(desk, "status:5")) <= closed
    assert len(found(desk, "status:5")) == min(30, len(closed))


def test_the_index_is_behind(desk: FreshDesk) -> None:
    desk.knobs(search_lag_s=120)
    number = desk.arrive(tags=["vip"])
    assert found(desk, "tag:'vip'") == []
    desk.later(seconds=121)
    assert found(desk, "tag:'vip'") == [number]
    desk.put(number, {"priority": 4, "custom_fields": {"cf_category": "bug"}})
    assert found(desk, "priority:4") == []
    desk.later(seconds=121)
    assert found(desk, "priority:4 AND cf_category:'bug' AND group_id:null") == [number]
    desk.api("DELETE", f"tickets/{number}")
    desk.later(seconds=121)
    assert found(desk, "priority:4") == []


def test_thirty_to_a_page_and_ten_pages(desk: FreshDesk) -> None:
    for _ in range(32):
        desk.arrive()
    path = f"search/tickets?query={quote(chr(34) + 'status:2' + chr(34))}"
    first, second = desk.api("GET", path).json(), desk.api("GET", f"{path}&page=2").json()
    assert (first["total"], len(first["results"]), len(second["results"])) == (32, 30, 2)
    assert desk.api("GET", f"{path}&page=11").status_code == 400
    assert desk.api("GET", "search/tickets?query=status:2").status_code == 400


def test_people_and_companies_are_found(desk: FreshDesk) -> None:
    (kim,) = desk.api(
        "GET", f"search/contacts?query={quote(chr(34) + chr(39).join(['email:', 'kim@acme.example', '']))}%22"
    ).json()["results"]
    assert kim["name"] == "Kim Acme"
    (acme,) = desk.api("GET", "search/companies?query=%22domain:%27acme.example%27%20AND%20seats:10%22").json()[
        "results"
    ]
    assert acme["name"] == "Acme Tools"


def found(desk: FreshDesk, query: str) -> list[int]:
    answer = desk.api("GET", f"search/tickets?query={quote(chr(34) + query + chr(34))}")
    assert answer.ok, answer.text
    return [one["id"] for one in answer.json()["results"]]
