"""What Freshdesk tells of a ticket's past, and when its own SLA clocks are due."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connectors import errors
from connectors.base import Connection
from connectors.freshdesk import history
from connectors.limits import OPEN, Gate, OpenGate
from connectors.registry import vendor
from tests.connectors.freshdesk.desk import BASE, ticket
from triage.sla import Metric
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Priority, Status

TICKET = f"{BASE}/api/v2/tickets/1042"
BEGAN = datetime(2026, 3, 2, 9, 2, 11, tzinfo=UTC)
OPENED, PENDING, SOLVED, CLOSED, THIRD_PARTY = 2, 3, 4, 5, 7
FIRST = Reply(at=BEGAN, by_agent=False)


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def stamp(minutes: float) -> str:
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


def connect(gate: Gate = OPEN) -> Any:
    connection = Connection(tenant="acme", vendor="freshdesk", base_url=BASE, token="canary-key:X", scheme="basic")
    return vendor("freshdesk").connect(connection, now=lambda: BEGAN, gate=gate)


@pytest.fixture
def freshdesk() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


def message(minutes: float, **changes: Any) -> dict[str, Any]:
    found = {"id": int(100 + minutes), "created_at": stamp(minutes), "incoming": False, "private": False,
             "source": 0, "user_id": 48, "body": "…"}  # fmt: skip
    return found | changes


def told(freshdesk: responses.RequestsMock, *messages: dict[str, Any], last: float = 0, **changes: Any) -> list[Any]:
    stats = changes.pop("stats", {})
    shown = ticket(created_at=stamp(0), updated_at=stamp(last), conversations=list(messages), stats=stats, **changes)
    freshdesk.get(TICKET, json=shown)
    return list(connect().history("1042"))


def statuses(found: list[Any]) -> list[tuple[float, Status]]:
    return [((each.at - BEGAN).total_seconds() / 60, each.status) for each in found if isinstance(each, StatusSet)]


def replies(found: list[Any]) -> list[tuple[float, bool, bool]]:
    return [
        ((each.at - BEGAN).total_seconds() / 60, each.by_agent, each.public)
        for each in found
        if isinstance(each, Reply)
    ]


def test_a_fresh_ticket(freshdesk: responses.RequestsMock) -> None:
    assert told(freshdesk, stats={"status_updated_at": stamp(0)}, priority=4) == [
        StatusSet(at=BEGAN, status=Status.OPEN),
        PrioritySet(at=BEGAN, priority=Priority.P1),
        FIRST,
    ]
    (call,) = freshdesk.calls
    assert parse_qs(urlsplit(str(call.request.url)).query) == {"include": ["conversations,stats"]}


def test_who_wrote_and_to_whom(freshdesk: responses.RequestsMock) -> None:
    found = told(
        freshdesk,
        message(1, private=True, source=2),
        message(2),
        message(3, incoming=True, user_id=9001),
        message(4, source=8),
        message(5, source=6, incoming=True),
        message(6, auto_response=True),
        message(7, source=2, private=False),
    )
    assert replies(found) == [
        (0, False, True),
        (1, True, False),
        (2, True, True),
        (3, False, True),
        (4, True, False),
        (7, True, True),
    ]


def test_a_mail_of_ours_is_an_agents_words_and_begins_closed(freshdesk: responses.RequestsMock) -> None:
    found = told(freshdesk, source=10, status=CLOSED, stats={"status_updated_at": stamp(0), "closed_at": stamp(0)})
    assert (statuses(found), replies(found)) == ([(0, Status.CLOSED)], [(0, True, True)])


def test_a_mail_of_ours_that_was_answered_is_open(freshdesk: responses.RequestsMock) -> None:
    stats = {"status_updated_at": stamp(5), "reopened_at": stamp(5)}
    found = told(freshdesk, message(5, incoming=True), source=10, status=OPENED, last=5, stats=stats)
    assert statuses(found) == [(0, Status.CLOSED), (5, Status.OPEN)]


@pytest.mark.parametrize(
    ("status", "stats", "expected"),
    [
        (THIRD_PARTY, {"status_updated_at": 0}, [(0, Status.ON_HOLD)]),
        (PENDING, {"status_updated_at": 9, "pending_since": 9}, [(0, Status.OPEN), (9, Status.PENDING)]),
        (THIRD_PARTY, {"status_updated_at": 9}, [(0, Status.OPEN), (9, Status.ON_HOLD)]),
        (OPENED, {"status_updated_at": 9, "reopened_at": 9}, [(0, Status.OPEN), (9, Status.OPEN)]),
        (
            CLOSED,
            {"status_updated_at": 50, "reopened_at": 8, "pending_since": 10, "resolved_at": 30, "closed_at": 50},
            [(0, Status.OPEN), (8, Status.OPEN), (10, Status.PENDING), (30, Status.SOLVED), (50, Status.CLOSED)],
        ),
        (CLOSED, {"status_updated_at": 9, "resolved_at": 9, "closed_at": 9}, [(0, Status.OPEN), (9, Status.CLOSED)]),
        # Without that statistic what holds is known from the last change on.
        (SOLVED, {"resolved_at": 9}, [(0, Status.OPEN), (9, Status.SOLVED), (60, Status.SOLVED)]),
        (PENDING, {}, [(0, Status.OPEN), (60, Status.PENDING)]),
        # It was made pending, and nothing of the past may stand behind what holds now.
        (SOLVED, {"status_updated_at": 9, "pending_since": 0}, [(0, Status.PENDING), (9, Status.SOLVED)]),
        (OPENED, {"status_updated_at": 9, "pending_since": 10}, [(0, Status.OPEN), (9, Status.OPEN)]),
        # A status of the account's own keeps the clock running.
        (42, {"status_updated_at": 9}, [(0, Status.OPEN), (9, Status.OPEN)]),
    ],
)
def test_statuses_as_far_as_they_are_known(
    freshdesk: responses.RequestsMock, status: int, stats: dict[str, float], expected: list[tuple[float, Status]]
) -> None:
    named = {name: stamp(minutes) for name, minutes in stats.items()}
    assert statuses(told(freshdesk, status=status, last=60, stats=named)) == expected


def test_a_priority_is_known_from_the_last_change_on(freshdesk: responses.RequestsMock) -> None:
    found = told(freshdesk, priority=3, last=45)
    assert [each for each in found if isinstance(each, PrioritySet)] == [PrioritySet(at=at(45), priority=Priority.P2)]


def test_the_statistics_know_a_reply_whose_message_is_gone(freshdesk: responses.RequestsMock) -> None:
    stats = {"first_responded_at": stamp(4), "agent_responded_at": stamp(9.5), "requester_responded_at": stamp(7)}
    found = told(freshdesk, message(9), message(7, incoming=True), last=9, stats=stats)
    assert replies(found) == [(0, False, True), (4, True, True), (7, False, True), (9, True, True)]


def test_many_messages_are_read_page_by_page(freshdesk: responses.RequestsMock) -> None:
    messages = [message(number, incoming=number % 2 == 0) for number in range(1, 131)]
    pages = iter((messages[:100], messages[100:]))
    freshdesk.add_callback("GET", f"{TICKET}/conversations", callback=lambda _: (200, {}, json.dumps(next(pages))))
    found = told(freshdesk, *messages[:10])
    assert [minute for minute, _, _ in replies(found)] == list(range(131))
    asked = [parse_qs(urlsplit(str(call.request.url)).query) for call in freshdesk.calls]
    assert asked[1:] == [{"per_page": ["100"], "page": [page]} for page in ("1", "2")]


def test_beyond_the_last_page_the_last_replies_are_known(
    freshdesk: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    freshdesk.get(f"{TICKET}/conversations", json=[message(number) for number in range(1, 101)])
    stats = {"requester_responded_at": stamp(5000), "agent_responded_at": stamp(5100)}
    found = told(freshdesk, *(message(number) for number in range(1, 11)), stats=stats, last=5100)
    assert len(freshdesk.calls) == 3
    assert replies(found)[-2:] == [(5000, False, True), (5100, True, True)]


def test_what_it_costs_is_counted(freshdesk: responses.RequestsMock) -> None:
    gate = Watching()
    freshdesk.get(TICKET, json=ticket(conversations=[], stats={}))
    connect(gate).history("1042")
    connect(gate).native_due("1042")
    assert gate.entered == [("requests",) * 3, ("requests",)]


@pytest.mark.parametrize("gone", [{"deleted": True}, {"spam": True}])
def test_a_ticket_that_is_gone(freshdesk: responses.RequestsMock, gone: dict[str, Any]) -> None:
    freshdesk.get(TICKET, json=ticket(**gone))
    for read in (connect().history, connect().native_due):
        with pytest.raises(errors.NotFound, match="deleted or in spam"):
            read("1042")


@pytest.mark.parametrize("changes", [{"created_at": None}, {"stats": {"resolved_at": "soon"}}, {"conversations": 7}])
def test_an_answer_that_cannot_be_read_is_a_typed_error(
    freshdesk: responses.RequestsMock, changes: dict[str, Any]
) -> None:
    freshdesk.get(TICKET, json=ticket(**changes))
    with pytest.raises(errors.Unavailable):
        connect().history("1042")


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (
            {"fr_due_by": stamp(30), "due_by": stamp(240)},
            {Metric.FIRST_REPLY_TIME: at(30), Metric.FULL_RESOLUTION_TIME: at(240)},
        ),
        ({"fr_due_by": None, "due_by": None}, {Metric.FIRST_REPLY_TIME: None, Metric.FULL_RESOLUTION_TIME: None}),
        ({"nr_due_by": stamp(5)}, {Metric.NEXT_REPLY_TIME: at(5)}),
        ({}, {}),
    ],
)
def test_native_due_times(
    freshdesk: responses.RequestsMock, due: dict[str, Any], expected: dict[Metric, datetime | None]
) -> None:
    freshdesk.get(TICKET, json=ticket(**due))
    assert connect().native_due("1042") == expected


def test_a_due_time_that_is_none_is_a_typed_error(freshdesk: responses.RequestsMock) -> None:
    freshdesk.get(TICKET, json=ticket(due_by="soon"))
    with pytest.raises(errors.Unavailable):
        connect().native_due("1042")


class Watching(OpenGate):
    """What each request counted in."""

    def __init__(self) -> None:
        self.entered: list[tuple[str, ...]] = []

    def enter(self, families: Any) -> None:
        self.entered.append(tuple(families))
