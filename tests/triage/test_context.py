from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.sidebar_app.sidebar_fakes import NOW, ORGANIZATION, REQUESTER, SKIPPED, SURE, TICKET, UNSURE, view
from triage.context import Correction, State, WriteBack
from triage.tickets import Status
from triage.words import age, in_days, local_time, moment, money, percent

NB = "\N{NO-BREAK SPACE}"
CORRECTED = Correction(
    category="api_errors",
    by_name="Mei Tanaka",
    at=NOW + timedelta(minutes=1),
    undone=False,
    group="Platform API",
)


def test_a_sure_ticket_says_category_confidence_and_group() -> None:
    seen = view()
    assert (seen.state, seen.category, seen.confidence, seen.group) == (
        State.ROUTED,
        "Webhook delivery",
        f"91{NB}%",
        "Integrations EU",
    )
    assert seen.why == "P2: severity 2, Enterprise."
    assert [c.name for c in seen.choices] == ["API errors", "Import/export"]
    assert seen.announce == "Webhook delivery, routed to Integrations EU."
    assert not seen.polls


def test_the_group_comes_from_the_product_area_where_the_decision_has_none() -> None:
    assert view(decision=replace(SURE, group=None)).group == "Integrations EU"


def test_an_unsure_ticket_offers_three_categories_with_their_share() -> None:
    seen = view(decision=UNSURE)
    assert seen.note is not None
    assert seen.note.fact == f"Sent to a human: 46{NB}% sure."
    assert seen.note.text == f"Your limit for automatic routing is 80{NB}%. No category was set."
    assert [(c.name, c.share) for c in seen.choices] == [
        ("Invoice copy", f"46{NB}%"),
        ("Seats and plan", f"38{NB}%"),
        ("Refund", f"9{NB}%"),
    ]


def test_sent_to_a_human_above_the_limit_does_not_blame_the_limit() -> None:
    note = view(decision=replace(UNSURE, confidence=0.9)).note
    assert note is not None
    assert note.fact == "Sent to a human."
    assert "limit" not in note.text


@pytest.mark.parametrize(("by_you", "who"), [(True, "you"), (False, "Mei Tanaka")])
def test_after_a_correction_it_says_what_changed_and_offers_undo(by_you: bool, who: str) -> None:
    seen = view(correction=replace(CORRECTED, by_you=by_you))
    assert seen.state is State.CORRECTED
    assert seen.note is not None
    assert seen.note.fact == "Changed to API errors."
    assert seen.note.text.startswith("Moved to Platform API.")
    assert seen.note.undo
    assert seen.routing[0].aside == f"set by {who}, 14:25"
    assert (seen.routing[1].value, seen.routing[1].struck) == ("Webhook delivery", True)


def test_an_undone_correction_shows_the_first_decision_again() -> None:
    seen = view(correction=replace(CORRECTED, undone=True))
    assert (seen.state, seen.category) == (State.ROUTED, "Webhook delivery")
    assert seen.note is not None
    assert seen.note.fact == "Correction undone."


def test_a_closed_ticket_can_not_be_corrected_and_says_so() -> None:
    seen = view(ticket=replace(TICKET, status=Status.CLOSED), correction=CORRECTED)
    assert not seen.can_correct
    assert seen.choices == ()
    assert seen.cannot_correct == "This ticket is closed: its category can no longer change."
    assert seen.note is not None
    assert not seen.note.undo


def test_a_ticket_not_read_yet_polls() -> None:
    seen = view(decision=None, write_back=WriteBack.NONE)
    assert (seen.state, seen.polls, seen.can_correct) == (State.PENDING, True, False)


def test_a_skipped_ticket_says_why() -> None:
    seen = view(decision=SKIPPED)
    assert seen.state is State.SKIPPED
    assert seen.why == "An agent set the category before Deskhand read the ticket."


def test_a_parked_change_says_that_the_ticket_was_not_changed() -> None:
    note = view(write_back=WriteBack.PARKED, write_back_reason="Field 36 is gone").write_note
    assert note is not None
    assert note.text == "Field 36 is gone. An admin can send it again under Deliveries."


def test_the_customer_is_known_by_contract_and_clock() -> None:
    seen = view()
    assert (seen.heading, seen.subline) == ("Nordlicht Logistik", "Enterprise")
    assert seen.local_time is not None
    assert (seen.local_time.city, seen.local_time.clock) == ("Berlin", "14:24")
    facts = {fact.label: (fact.value, fact.aside) for fact in seen.customer_facts}
    assert facts["Contract"] == ("€84,000 a year", "")
    assert facts["Renewal"] == (f"18{NB}Jan 2027", f"in 62{NB}days")
    assert seen.customer_summary == f"Renewal in 62{NB}days, €84,000"


def test_an_unknown_customer_is_not_guessed() -> None:
    seen = view(organization=None, requester=None)
    assert (seen.heading, seen.subline) == ("Requester not known", "Not matched to a customer")
    assert seen.local_time is None
    assert seen.customer_facts == ()


def test_odd_organization_fields_are_shown_as_they_are() -> None:
    odd = replace(ORGANIZATION, fields={"renewal_on": "next spring", "arr": "a lot", "seats": "1e400"})
    facts = {fact.label: fact.value for fact in view(organization=odd).customer_facts}
    assert (facts["Renewal"], facts["Contract"]) == ("next spring", "a lot a year")


@pytest.mark.parametrize("zone", [None, "", "Nowhere/City", "../etc/passwd", "Berlin", "\0"])
def test_a_time_zone_nobody_knows_shows_no_time(zone: str | None) -> None:
    assert view(requester=replace(REQUESTER, time_zone=zone)).local_time is None
    assert local_time(zone, NOW) is None


@pytest.mark.parametrize(
    ("share", "text"), [(0.7999, "79"), (0.8, "80"), (0.29, "29"), (0.57, "57"), (0.999, "99"), (1.0, "100"), (0, "0")]
)
def test_a_share_under_the_limit_never_reads_as_the_limit(share: float, text: str) -> None:
    assert percent(share) == f"{text}{NB}%"


def test_moments_spans_and_money() -> None:
    assert moment(NOW, now=NOW, zone="Europe/Berlin") == "14:24"
    assert moment(datetime(2026, 11, 13, 9, tzinfo=UTC), now=NOW, zone=None) == f"13{NB}Nov"
    assert moment(datetime(2025, 11, 13, 9, tzinfo=UTC), now=NOW, zone=None) == f"13{NB}Nov 2025"
    assert [age(s) for s in (40, 720, 10800, 200000)] == [f"40{NB}s", f"12{NB}min", f"3{NB}h", f"2{NB}days"]
    assert [in_days(n) for n in (1, 0, -3)] == [f"in 1{NB}day", "today", f"3{NB}days ago"]
    assert (money("84000.4", "EUR"), money("5", "CHF"), money("5", None)) == ("€84,000", f"CHF{NB}5", "5")


def test_an_unsure_ticket_says_where_it_went() -> None:
    seen = view(decision=replace(UNSURE, group="Front desk"))
    assert seen.note is not None
    assert seen.note.text.endswith("Moved to Front desk, and no category was set.")


def test_a_ticket_nobody_told_us_of_is_not_said_to_be_being_read() -> None:
    old = replace(TICKET, updated_at=NOW - timedelta(hours=3))
    seen = view(ticket=old, decision=None)
    assert seen.state is State.SKIPPED
    assert seen.note is not None
    assert seen.note.fact == "Not read."
    assert not seen.polls
    assert not seen.can_correct
    assert view(ticket=replace(TICKET, updated_at=NOW), decision=None).state is State.PENDING
