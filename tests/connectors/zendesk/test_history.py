"""A ticket's audits and its native SLA clocks, as Zendesk sends them and as what they become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connectors import errors
from connectors.zendesk import history
from tests.connectors.zendesk.account import API, AUDITS, TICKET, connect, ticket
from triage.sla import Metric
from triage.sla.log import PrioritySet, Reply, StatusSet
from triage.tickets import Priority, Status

USERS = f"{API}/users/show_many.json"
KIM, ANA, TOM, SYSTEM = 9001, 48, 49, -1
BEGAN = datetime(2026, 3, 2, 9, 2, 11, tzinfo=UTC)
PEOPLE = [{"id": KIM, "role": "end-user"}, {"id": ANA, "role": "agent"}, {"id": TOM, "role": "admin"}]


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def audit(minutes: float, *events: dict[str, Any], author: int | None = KIM, **changes: Any) -> dict[str, Any]:
    stamp = at(minutes).isoformat().replace("+00:00", "Z")
    number = 5000 + int(minutes * 60)
    found = {"id": number, "ticket_id": 1042, "created_at": stamp, "author_id": author, "events": list(events),
             "via": {"channel": "web"}, "metadata": {"system": {}, "custom": {}}}  # fmt: skip
    return found | changes


def created(**values: Any) -> list[dict[str, Any]]:
    return [{"id": 1, "type": "Create", "field_name": name, "value": value} for name, value in values.items()]


def changed(name: str, before: Any, after: Any) -> dict[str, Any]:
    return {"id": 2, "type": "Change", "field_name": name, "value": after, "previous_value": before}


def comment(*, public: bool = True, **more: Any) -> dict[str, Any]:
    return {"id": 3, "type": "Comment", "body": "…", "public": public} | more


def told(zendesk: responses.RequestsMock, *audits: Any, users: Any = PEOPLE) -> tuple[Any, ...]:
    zendesk.get(AUDITS, json={"audits": list(audits), "users": users, "meta": {"has_more": False}})
    return tuple(connect().history("1042"))


def asked(zendesk: responses.RequestsMock) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(str(call.request.url)).query) for call in zendesk.calls]


BEGINNING = audit(0, *created(requester_id=str(KIM), status="new", priority=None), comment(author_id=KIM))


def test_a_ticket_from_its_beginning_on(zendesk: responses.RequestsMock) -> None:
    found = told(
        zendesk,
        BEGINNING,
        audit(3, changed("priority", None, "high"), comment(public=False), author=ANA),
        audit(5, changed("status", "new", "open"), comment(author_id=ANA), author=ANA),
        audit(6, changed("status", "open", "pending"), author=SYSTEM),
        audit(9, changed("status", "pending", "open"), comment(author_id=KIM)),
        audit(12, changed("status", "open", "hold"), changed("custom_status_id", 1, 123), author=TOM),
        audit(20, changed("status", "hold", "solved"), author=TOM),
        audit(90, changed("status", "solved", "closed"), author=SYSTEM),
    )
    assert found == (
        StatusSet(at=at(0), status=Status.NEW),
        PrioritySet(at=at(0), priority=None),
        Reply(at=at(0), by_agent=False),
        PrioritySet(at=at(3), priority=Priority.P2),
        Reply(at=at(3), by_agent=True, public=False),
        StatusSet(at=at(5), status=Status.OPEN),
        Reply(at=at(5), by_agent=True),
        StatusSet(at=at(6), status=Status.PENDING),
        StatusSet(at=at(9), status=Status.OPEN),
        Reply(at=at(9), by_agent=False),
        StatusSet(at=at(12), status=Status.ON_HOLD),
        StatusSet(at=at(20), status=Status.SOLVED),
        StatusSet(at=at(90), status=Status.CLOSED),
    )
    (query,) = asked(zendesk)
    assert (query["include"], query["page[size]"], query["sort"]) == (["users"], ["100"], ["created_at"])


def test_a_trigger_that_acts_at_once_has_the_last_word(zendesk: responses.RequestsMock) -> None:
    beginning = audit(
        0,
        *created(requester_id=str(KIM), status="new", priority="low"),
        comment(),
        changed("priority", "low", "urgent"),
        changed("status", "new", "open"),
    )
    assert told(zendesk, beginning) == (
        StatusSet(at=at(0), status=Status.OPEN),
        PrioritySet(at=at(0), priority=Priority.P1),
        Reply(at=at(0), by_agent=False),
    )


def test_a_ticket_without_a_priority_may_have_no_event_for_it(zendesk: responses.RequestsMock) -> None:
    found = told(zendesk, audit(0, *created(status="new"), comment()))
    assert found[:2] == (StatusSet(at=at(0), status=Status.NEW), PrioritySet(at=at(0), priority=None))


def test_an_agent_who_asks_is_the_customer(zendesk: responses.RequestsMock) -> None:
    found = told(
        zendesk,
        audit(0, *created(requester_id=str(ANA), status="new"), comment(), author=ANA),
        audit(1, comment(), author=TOM),
        audit(2, comment(), author=ANA),
        audit(3, changed("requester_id", str(ANA), str(KIM)), author=TOM),
        audit(4, comment(), author=ANA),
    )
    assert [each.by_agent for each in found if isinstance(each, Reply)] == [False, True, False, True]


def test_everybody_who_is_no_agent_is_a_customer(zendesk: responses.RequestsMock) -> None:
    """A colleague of the requester in copy, and somebody whose account is gone."""
    zendesk.get(USERS, json={"users": [{"id": 77, "role": "end-user"}]})
    found = told(zendesk, BEGINNING, audit(1, comment(), author=77), audit(2, comment(), author=78))
    assert [each.by_agent for each in found if isinstance(each, Reply)] == [False, False, False]


def test_authors_who_do_not_come_along_are_asked_for_once(zendesk: responses.RequestsMock) -> None:
    zendesk.get(USERS, json={"users": PEOPLE})
    audits = [BEGINNING, *(audit(minute, comment(), author=ANA if minute % 2 else TOM) for minute in range(1, 9))]
    zendesk.get(AUDITS, json={"audits": audits})
    found = connect().history("1042")
    assert [each.by_agent for each in found if isinstance(each, Reply)] == [False] + [True] * 8
    assert len(zendesk.calls) == 2
    assert asked(zendesk)[1] == {"ids": [f"{ANA},{TOM}"]}


def test_for_what_was_written_in_the_requesters_name_nobody_is_asked(zendesk: responses.RequestsMock) -> None:
    found = told(zendesk, BEGINNING | {"author_id": ANA}, users=PEOPLE[1:])
    assert found[-1] == Reply(at=at(0), by_agent=False)


def test_a_call_is_a_message_and_the_system_writes_none(zendesk: responses.RequestsMock) -> None:
    call = comment(type="VoiceComment", public=True, author_id=TOM, data={"to": "+49 30 1"})
    notice = {"id": 4, "type": "Notification", "body": "We got it", "public": True}
    found = told(zendesk, BEGINNING, audit(1, call), audit(2, comment(author_id=SYSTEM)), audit(3, notice))
    assert [(each.at, each.by_agent) for each in found if isinstance(each, Reply)] == [(at(0), False), (at(1), True)]


def test_a_comment_made_private_later_was_read(zendesk: responses.RequestsMock) -> None:
    hidden = {"id": 9, "type": "CommentPrivacyChange", "comment_id": 3, "public": False}
    found = told(zendesk, BEGINNING, audit(1, comment(), author=ANA), audit(2, hidden, author=ANA))
    assert found[-1] == Reply(at=at(1), by_agent=True, public=True)


def test_an_audit_that_cannot_be_read_takes_no_other_with_it(
    zendesk: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    strange = [
        audit(1, changed("status", "new", "frozen"), changed("priority", None, "cosmic")),
        audit(2, comment(author_id="somebody"), author=ANA),
        audit(3, comment(), created_at="yesterday"),
        "no audit",
        audit(4, {"type": "Comment", "public": {"is": "odd"}}),
        audit(5, "no event", {"no": "type"}, {"type": "Change", "field_name": "tags", "value": ["a"]}),
        audit(6, {"type": "Change", "field_name": "first_reply_time", "value": {"minutes": 5}}),
    ]
    found = told(zendesk, BEGINNING, *strange, audit(9, changed("status", "new", "open")))
    assert found[-1] == StatusSet(at=at(9), status=Status.OPEN)
    assert len(found) == 4
    assert "audit 5120 cannot be read" in caplog.text
    assert "somebody" not in caplog.text


def test_pages_are_walked_by_their_cursor_alone(zendesk: responses.RequestsMock) -> None:
    first = {"audits": [BEGINNING], "users": PEOPLE[:1], "meta": {"has_more": True, "after_cursor": "c1"},
             "links": {"next": "https://evil.example/steal"}}  # fmt: skip
    second = {"audits": [audit(7, comment(), author=ANA)], "users": PEOPLE[1:], "meta": {"has_more": False}}
    zendesk.get(AUDITS, json=first)
    zendesk.get(AUDITS, json=second)
    found = connect().history("1042")
    assert found[-1] == Reply(at=at(7), by_agent=True)
    assert asked(zendesk)[1]["page[after]"] == ["c1"]


def test_of_a_very_long_history_both_ends_are_told(
    zendesk: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    more = {"has_more": True, "after_cursor": "c"}
    begins = [BEGINNING], [audit(1, changed("status", "new", "open"), author=ANA)]
    ends = (
        [
            audit(900, comment(), changed("status", "open", "hold"), author=KIM),
            audit(800, changed("status", "pending", "open")),
        ],
        [audit(700, comment(), author=ANA), audit(690, changed("priority", "high", "urgent"))],
    )
    for rows in (*begins, *ends):
        zendesk.get(AUDITS, json={"audits": rows, "users": PEOPLE, "meta": more})
    found = connect().history("1042")
    assert found[3:] == (
        StatusSet(at=at(1), status=Status.OPEN),
        StatusSet(at=at(690), status=Status.PENDING),
        PrioritySet(at=at(690), priority=Priority.P1),
        Reply(at=at(700), by_agent=True),
        StatusSet(at=at(800), status=Status.OPEN),
        StatusSet(at=at(900), status=Status.ON_HOLD),
        Reply(at=at(900), by_agent=False),
    )
    assert [query["sort"] for query in asked(zendesk)] == [["created_at"]] * 2 + [["-created_at"]] * 2
    assert "its middle is left out" in caplog.text


def test_where_both_ends_meet_nothing_is_told_twice(
    zendesk: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history, "MOST_PAGES", 1)
    middle, end = audit(1, changed("status", "new", "open")), audit(2, changed("status", "open", "pending"))
    zendesk.get(AUDITS, json={"audits": [BEGINNING, middle], "users": PEOPLE,
                              "meta": {"has_more": True, "after_cursor": "c"}})  # fmt: skip
    zendesk.get(AUDITS, json={"audits": [end, middle], "users": PEOPLE, "meta": {"has_more": False}})
    found = connect().history("1042")
    assert [each.status for each in found if isinstance(each, StatusSet)] == [Status.NEW, Status.OPEN, Status.PENDING]
    assert "left out" not in caplog.text


def test_an_answer_that_is_no_list_of_audits_is_a_typed_error(zendesk: responses.RequestsMock) -> None:
    zendesk.get(AUDITS, json={"audits": None})
    with pytest.raises(errors.Unavailable):
        connect().history("1042")


@pytest.mark.parametrize("ref", ["", "../users", "0", "١"])
def test_no_ticket_no_request(zendesk: responses.RequestsMock, ref: str) -> None:
    for read in (connect().history, connect().native_due):
        with pytest.raises(errors.NotFound):
            read(ref)
    assert not zendesk.calls


def clocks(*metrics: dict[str, Any]) -> dict[str, Any]:
    return {"ticket": ticket(slas={"policy_metrics": list(metrics)})}


def clock(metric: str, stage: str, breach_at: str | None) -> dict[str, Any]:
    return {"metric": metric, "stage": stage, "breach_at": breach_at, "days": -4}


def test_native_clocks_are_due_when_zendesk_says(zendesk: responses.RequestsMock) -> None:
    answer = clocks(
        clock("first_reply_time", "achieved", "2026-03-02T10:02:11Z"),
        clock("next_reply_time", "active", "2026-03-02T12:00:00Z"),
        clock("next_reply_time", "achieved", "2026-03-02T13:00:00Z"),
        clock("total_resolution_time", "paused", None),
        clock("group_ownership_time", "active", "2026-03-02T12:00:00Z"),
    )
    zendesk.get(TICKET, json=answer)
    assert connect().native_due("1042") == {
        Metric.FIRST_REPLY_TIME: datetime(2026, 3, 2, 10, 2, 11, tzinfo=UTC),
        Metric.NEXT_REPLY_TIME: datetime(2026, 3, 2, 12, tzinfo=UTC),
        Metric.FULL_RESOLUTION_TIME: None,
    }
    assert asked(zendesk) == [{"include": ["slas"]}]


@pytest.mark.parametrize("slas", [{}, {"slas": None}, {"slas": {}}, {"slas": {"policy_metrics": []}}])
def test_a_plan_without_slas_has_no_native_clocks(zendesk: responses.RequestsMock, slas: dict[str, Any]) -> None:
    zendesk.get(TICKET, json={"ticket": ticket(**slas)})
    assert connect().native_due("1042") == {}


def test_a_due_time_that_is_none_is_a_typed_error(zendesk: responses.RequestsMock) -> None:
    zendesk.get(TICKET, json=clocks(clock("first_reply_time", "active", "soon")))
    with pytest.raises(errors.Unavailable):
        connect().native_due("1042")
