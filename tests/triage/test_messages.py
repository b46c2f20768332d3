"""Messages survive the outbox, and say in a list what they are without anything personal."""

from __future__ import annotations

import json

import pytest

from triage.messages import Page, PostChat, SendMail, Severity

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
)


@pytest.mark.parametrize("message", [MAIL, PAGE, PostChat(channel="support", text="Hello")])
def test_a_message_comes_back_from_its_payload(message: SendMail | Page | PostChat) -> None:
    payload = json.loads(json.dumps(message.to_payload()))
    assert type(message).from_payload(payload) == message


def test_a_mails_summary_names_no_person() -> None:
    assert MAIL.summary == "Mail: digest"
