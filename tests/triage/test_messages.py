"""Messages survive the outbox, and say in a list what they are without anything personal."""

from __future__ import annotations

import json

import pytest

from triage.messages import Message, Page, PageAction, PostChat, PostWebhook, SendMail, Severity

MAIL = SendMail(
    to="nadja@nordlicht.example",
    subject="Your week",
    text="Three tickets.",
    html="<p>Three tickets.</p>",
    kind="digest",
    headers={"List-Unsubscribe": "<https://deskhand.example/u/1>"},
)
PAGE = Page(
    summary="P1 unanswered",
    severity=Severity.CRITICAL,
    source="ticket 7",
    details={"due": "14:05"},
    links=(("https://acme.example/7", "Ticket"),),
    tickets=("7",),
)
RESOLVED = Page(
    summary="Solved",
    severity=Severity.INFO,
    source="ticket 7",
    action=PageAction.RESOLVE,
    incident="0123456789abcdef0123456789abcdef",
)
POST = PostChat(channel="support", text="Hello", links=(("https://deskhand.example/a/1", "Acknowledge"),))
CALL = PostWebhook(
    event="late",
    subject="#7 is late",
    text="First reply was due 14:05.",
    at="2026-11-23T14:05:00+00:00",
    tickets=("7",),
    links=(("https://acme.example/7", "Ticket"),),
    details={"metric": "first_reply"},
)


@pytest.mark.parametrize("message", [MAIL, PAGE, RESOLVED, POST, CALL])
def test_a_message_comes_back_from_its_payload(message: Message) -> None:
    payload = json.loads(json.dumps(message.to_payload()))
    assert type(message).from_payload(payload) == message


def test_a_mails_summary_names_no_person() -> None:
    assert MAIL.summary == "Mail: digest"


def test_a_row_of_an_earlier_version_is_still_read() -> None:
    old = {"summary": "P1", "severity": "critical", "source": "ticket 7", "details": {}, "links": []}
    assert Page.from_payload(old) == Page(summary="P1", severity=Severity.CRITICAL, source="ticket 7")
    assert PostChat.from_payload({"channel": "support", "text": "Hello"}) == PostChat(channel="support", text="Hello")


@pytest.mark.parametrize(("action", "incident"), [(PageAction.TRIGGER, "abc"), (PageAction.RESOLVE, "")])
def test_only_a_trigger_makes_its_incident(action: PageAction, incident: str) -> None:
    with pytest.raises(ValueError, match="incident"):
        Page(summary="P1", severity=Severity.INFO, source="ticket 7", action=action, incident=incident)
