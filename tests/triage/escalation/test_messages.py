"""What people read: one message for each, worst first, with one way to take it; and pages that stay apart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.triage.escalation.desk import (
    ANA,
    FACTS,
    FIRST,
    LATE,
    MEI,
    P1,
    P2,
    P3,
    PEOPLE,
    TOMAS,
    WHOLE,
    H,
    Line,
    at,
    began,
    level,
    priority,
    reply,
    rules,
    status,
)
from triage.escalation.ends import page_ends
from triage.escalation.messages import Outgoing, Tell, messages, page_cause
from triage.escalation.people import Ladder, Response, Via
from triage.escalation.steps import due, told_keys
from triage.escalation.wording import Case, plain
from triage.messages import Page, PageAction, PostChat, PostWebhook, SendMail, Severity
from triage.sla.rules import SlaRules
from triage.sla.standing import standing
from triage.tickets import Status
from triage.words import NBSP

BERLIN = FACTS | {"requester_zone": ("Europe/Berlin",)}


def case(line: Line, now: datetime, ref: str = "4821", subject: str = "Webhook retries stop") -> Case:
    found = line.all(now)
    return Case(
        ref=ref,
        subject=subject,
        standing=standing(line.log, line.rules, now),
        steps=found,
        due=due(found, told_keys(line.log), now),
        link=f"https://acme.example/{ref}",
        acknowledge=lambda person, climb, way: f"https://desk.example/a/{ref}.{person}.{climb}.{way}",
    )


def only(found: Iterable[Outgoing], kind: type) -> Any:
    return next(each.message for each in found if isinstance(each.message, kind))


def ladder(*by: Via, to: tuple[str, ...] = ("assignee",), wait: float = 10) -> SlaRules:
    return rules(
        ladders=[replace(LATE, levels=(level("group_lead"), level(*to, by=by, wait=wait), level("person:mei")))]
    )


def plain_spaces(text: str) -> str:
    return text.replace(NBSP, " ")


def test_a_mail_says_what_is_late_who_was_told_and_what_comes_next() -> None:
    line = Line(began(P2, BERLIN), ladder(Via.MAIL, to=("rotation:duty",)))
    line.run(at(0), at(129))
    (outgoing,) = messages([case(line, at(131))], line.rules, at(131))
    mail = outgoing.message
    assert isinstance(mail, SendMail)
    assert mail.to == TOMAS.email
    assert mail.kind == "escalation"
    assert plain_spaces(mail.subject) == "First reply late by 11 min: #4821 Webhook retries stop"
    assert plain_spaces(mail.text) == (
        "First reply late by 11 min. Escalated to you.\n"
        "\n"
        "#4821 Webhook retries stop\n"
        "P2, Integrations EU.\n"
        "Was due 13:00 Berlin, 11:00 for you.\n"
        "Told before: Priya Nair 13:00 Berlin.\n"
        "Next: Mei Tanaka at 13:20 Berlin, 11:20 for you, unless somebody acknowledges or replies.\n"
        "\n"
        "Acknowledge: https://desk.example/a/4821.tomas.first_reply_time/1.mail\n"
        "Open the ticket: https://acme.example/4821\n"
    )
    assert outgoing.tells == (Tell(ref="4821", key="first_reply_time/1/level/2", person="tomas"),)
    assert outgoing.priority is P2


def test_a_reminder_says_how_much_is_left_and_has_nothing_to_acknowledge() -> None:
    line = Line(began(P2, BERLIN), ladder(Via.MAIL))
    post = only(messages([case(line, at(60))], line.rules, at(60)), PostChat)
    assert plain_spaces(post.text) == (
        "First reply: 1 h left.\n#4821 Webhook retries stop\nP2, Integrations EU.\n"
        "Due 13:00 Berlin, 11:00 for you.\n"
        "Next: Priya Nair at 13:00 Berlin, 11:00 for you, unless somebody replies."
    )
    assert post.links == (("https://acme.example/4821", "Open the ticket"),)


def test_exactly_at_the_due_time_it_is_due_now() -> None:
    line = Line(began(P2), rules())
    line.run(at(0), at(119))
    post = only(messages([case(line, at(120))], line.rules, at(120)), PostChat)
    assert post.text.startswith("First reply is due now.\n")


def test_open_time_is_called_so_where_it_is_not_the_time_on_the_wall() -> None:
    by = rules(targets={P3: {FIRST: 12 * H}}, in_business_hours=True)
    post = only(messages([case(Line(began(P3), by), at(6 * H))], by, at(6 * H)), PostChat)
    assert plain_spaces(post.text).startswith("First reply: 6 h of open time left.\n")


def test_the_zone_of_the_desk_stands_in_for_a_customers_that_is_not_known() -> None:
    line = Line(began(P2, FACTS | {"requester_zone": ("Mars/Base",)}), rules())
    post = only(messages([case(line, at(60))], line.rules, at(60)), PostChat)
    assert "Due 11:00 UTC." in post.text


def test_what_a_stop_delayed_says_for_when_it_was() -> None:
    line = Line(began(P2), ladder(Via.MAIL))
    mail = only(messages([case(line, at(140))], line.rules, at(140)), SendMail)
    assert "This message comes late: it was for 11:10 UTC." in mail.text
    soon = only(messages([case(line, at(131))], line.rules, at(131)), SendMail)
    assert "comes late" not in soon.text


def test_at_once_nobody_has_acknowledged_yet() -> None:
    line = Line(began(P1), rules())
    post = only(messages([case(line, at(0))], line.rules, at(0)), PostChat)
    assert (
        post.text.splitlines()
        == [
            "P1, nobody has acknowledged yet.",
            "#4821 Webhook retries stop",
            "P1, Integrations EU.",
            "First reply due 10:00 UTC.",
            "Next: Priya Nair at 09:10 UTC, 11:10 for you, unless somebody acknowledges or replies.",
        ]
        or "11:10 for you" not in post.text
    )


def test_the_last_level_says_that_it_is() -> None:
    line = Line(began(P2), rules(ladders=[replace(LATE, levels=(level("assignee"),))]))
    post = only(messages([case(line, at(120))], line.rules, at(120)), PostChat)
    assert post.text.endswith("Nobody further is told.")


# Merged

MANY = rules(ladders=[replace(LATE, levels=(level("assignee", by=(Via.MAIL, Via.CHAT)),))])


def several(now: float) -> list[Case]:
    return [
        case(Line(began(P3), MANY), at(now), "3", "How do I"),
        case(Line(began(P2), MANY), at(now), "2", "It stopped"),
        case(Line(began(P1), MANY), at(now), "1", "All is down"),
        case(Line([*began(P3), priority(10, P2)], MANY), at(now), "22", "Slow"),
    ]


def test_what_is_due_for_one_person_at_once_is_one_message_worst_first() -> None:
    found = messages(several(130), MANY, at(130))
    mail = only(found, SendMail)
    assert [each.kind for each in found].count("send_mail") == 1
    assert mail.to == ANA.email
    assert mail.subject == "3 tickets: 1 urgent, 2 late"
    order = [mail.text.index(f"#{ref} ") for ref in ("1", "2", "22")]
    assert order == sorted(order)
    chats = [each for each in found if isinstance(each.message, PostChat)]
    assert sorted(each.message.channel for each in chats) == ["ana", "priya"]  # type: ignore[union-attr]
    ana = next(each.message for each in chats if each.message.channel == "ana")  # type: ignore[union-attr]
    assert isinstance(ana, PostChat)
    assert ana.text.startswith("4 tickets: 1 urgent, 2 late, 1 due soon.\n")
    assert [text for _, text in ana.links][:2] == ["Acknowledge #1", "Open the ticket #1"]


def test_the_same_steps_in_another_order_make_the_same_messages() -> None:
    found = messages(several(130), MANY, at(130))
    assert messages(reversed(several(130)), MANY, at(130)) == found
    assert len({each.cause for each in found}) == len(found)


def test_a_cause_is_of_the_steps_and_the_reader() -> None:
    first = {each.cause for each in messages(several(130), MANY, at(130))}
    assert first == {each.cause for each in messages(several(130), MANY, at(130.5))}  # however it is put
    fewer = {each.cause for each in messages(several(130)[1:], MANY, at(130))}
    assert len(first & fewer) == 1  # the mail, which ticket 3 was not in


def test_of_very_many_the_rest_is_counted_and_told_all_the_same() -> None:
    cases = [case(Line(began(P2), MANY), at(120), str(number)) for number in range(100, 160)]
    found = messages(cases, MANY, at(120))
    mail, post = only(found, SendMail), only(found, PostChat)
    assert mail.text.count("Acknowledge: ") == 50
    assert mail.text.endswith("And 10 more: #150, #151, #152, #153, #154, #155, #156, #157, #158, #159.\n")
    assert len(post.links) == 10
    assert {len(each.tells) for each in found} == {60}


def test_two_clocks_of_one_ticket_are_one_entry() -> None:
    by = rules(
        targets={P2: {FIRST: 60, WHOLE: 60}},
        ladders=[replace(LATE, levels=(level("assignee", by=(Via.MAIL,)),))],
    )
    mail = only(messages([case(Line(began(P2), by), at(60))], by, at(60)), SendMail)
    assert mail.text.count("#4821") == 1
    assert mail.text.startswith("First reply is due now.\nResolution is due now.\n")
    assert "a/4821.ana..mail" in mail.text  # of several ladders all are meant


def test_who_shares_a_channel_reads_one_post_and_is_named() -> None:
    together = [replace(ANA, chat="team"), replace(PEOPLE["priya"], chat="team"), replace(TOMAS, chat="team"), MEI]
    by = rules(people=together, ladders=[replace(LATE, levels=(level("assignee", wait=0), level("person:tomas")))])
    line = Line(began(P2), by)
    (outgoing,) = messages([case(line, at(125))], by, at(125))
    assert isinstance(outgoing.message, PostChat)
    assert "Escalated to Tomás Rey." in outgoing.message.text
    assert {each.person for each in outgoing.tells} == {"ana", "tomas"}
    assert "for you" not in outgoing.message.text
    assert ".." in outgoing.message.links[0][0]  # nobody by name


# Pages and webhooks

PAGED = Ladder(
    id="late",
    name="Late",
    levels=(level("assignee", by=(Via.PAGE,)), level("rotation:duty", "person:mei", by=(Via.PAGE,))),
)


def test_each_level_of_each_ticket_is_a_page_of_its_own() -> None:
    by = rules(ladders=[PAGED])
    cases = [case(Line(began(P2), by), at(131), ref) for ref in ("1", "2")]
    pages = [each for each in messages(cases, by, at(131)) if each.kind == "page"]
    assert [each.cause for each in pages] == [
        page_cause(ref, f"first_reply_time/1/level/{number}") for ref in ("1", "2") for number in (1, 2)
    ]
    assert [each.person for each in pages[1].tells] == ["mei", "tomas"]
    page = pages[1].message
    assert isinstance(page, Page)
    assert plain_spaces(page.summary) == "First reply late by 11 min. Ticket 1, level 2."
    assert page.severity is Severity.ERROR
    assert page.source == "ticket 1"
    assert page.tickets == ("1",)
    assert page.details["ticket"] == "#1 Webhook retries stop"
    assert page.details["told"] == "Tomás Rey and Mei Tanaka"
    assert [text for _, text in page.links] == ["Acknowledge", "Open the ticket"]


def test_a_page_names_nobody_in_its_summary() -> None:
    by = rules(ladders=[PAGED])
    found = messages([case(Line(began(P1), by), at(11), subject="Nadja cannot log in")], by, at(11))
    said = " ".join(each.message.summary for each in found if isinstance(each.message, Page))
    assert not [name for name in ("Nadja", "Ana", "Tomás", "Mei") if name in said]
    assert "P1, nobody has acknowledged yet" in said


@pytest.mark.parametrize(("first", "severity"), [(P1, Severity.CRITICAL), (P2, Severity.ERROR), (P3, Severity.WARNING)])
def test_a_page_is_as_bad_as_the_priority(first: Any, severity: Severity) -> None:
    by = rules(ladders=[PAGED], responses={first: Response(ladder="late")})
    assert only(messages([case(Line(began(first), by), at(240))], by, at(240)), Page).severity is severity


def test_the_pages_of_a_ticket_are_found_again() -> None:
    line = Line(began(P2), rules(ladders=[PAGED]))
    line.run(at(0), at(131))
    pages = {page_cause("4821", f"first_reply_time/1/level/{number}") for number in (1, 2)}
    solved = standing([*line.log, status(140, Status.SOLVED)], line.rules, at(141))
    assert set(page_ends("4821", solved)) == {(page, PageAction.RESOLVE) for page in pages}


def test_whoever_is_on_call_is_paged_where_nobody_is_named() -> None:
    by = rules(people=(), ladders=[replace(PAGED, levels=(level(by=(Via.PAGE,)),))])
    (outgoing,) = messages([case(Line(began(P1), by), at(0))], by, at(0))
    assert isinstance(outgoing.message, Page)
    assert outgoing.message.details["told"] == "Whoever is on call"
    assert outgoing.tells == (Tell(ref="4821", key="at_once/1/level/1", person=None),)


def test_a_webhook_gets_every_step_as_facts() -> None:
    by = rules(ladders=[replace(LATE, levels=(level("assignee", by=(Via.WEBHOOK,)),))])
    (outgoing,) = messages([case(Line(began(P2), by), at(120))], by, at(120))
    post = outgoing.message
    assert isinstance(post, PostWebhook)
    assert (outgoing.kind, post.event, post.at) == ("post_webhook", "escalated", "2026-06-01T11:00:00+00:00")
    assert post.details["metric"] == "first_reply_time"
    assert post.details["level"] == "1"
    assert post.links == (("https://acme.example/4821", "Open the ticket"),)


def test_a_step_that_reaches_nobody_makes_no_message() -> None:
    by = rules(people=())
    line = Line(began(P2), by)
    assert case(line, at(120)).due
    assert messages([case(line, at(120))], by, at(120)) == ()


def test_who_left_the_rules_since_is_not_written_to() -> None:
    line = Line(began(P2), rules())
    assert messages([case(line, at(120))], rules(people=()), at(120)) == ()


# Customers' words


def test_a_subject_is_one_short_line_of_what_can_be_seen() -> None:
    assert plain("a\r\nBcc: x@y.example\x00\u202e b\u2028c") == "a Bcc: x@y.example b c"
    assert plain("x" * 200) == "x" * 119 + "…"
    assert plain("Ünïcode 日本 ✓") == "Ünïcode 日本 ✓"


def test_a_subject_stays_text_in_a_mail() -> None:
    by = rules(ladders=[replace(LATE, levels=(level("assignee", by=(Via.MAIL,)),))])
    evil = '<script>alert(1)</script><a href="https://evil.example">x</a>" onload=x'
    facts = FACTS | {"group": ("<i>Integrations</i>",)}
    mail = only(messages([case(Line(began(P2, facts), by), at(120), subject=evil)], by, at(120)), SendMail)
    assert "\n" not in mail.subject
    assert mail.html is not None
    assert "<script" not in mail.html
    assert 'href="https://evil' not in mail.html
    assert "&lt;script&gt;alert(1)" in mail.html
    assert "P2, &lt;i&gt;Integrations&lt;/i&gt;." in mail.html
    assert mail.html.count("<a ") == 2


def test_every_message_survives_the_outbox() -> None:
    by = rules(ladders=[replace(LATE, levels=(level("assignee", by=tuple(Via)),))])
    found = messages([case(Line([*began(P2), reply(1, by_agent=False)], by), at(120))], by, at(120))
    assert {each.kind for each in found} == {"send_mail", "page", "post_chat", "post_webhook"}
    for each in found:
        assert type(each.message).from_payload(json.loads(json.dumps(each.message.to_payload()))) == each.message
