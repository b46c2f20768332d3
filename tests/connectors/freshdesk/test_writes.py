"""What the client changes in Freshdesk: the least there is to change, once, and never over a person's own change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from connectors import errors
from connectors.base import Connection, Receipt
from connectors.freshdesk import changes, wire
from connectors.freshdesk.fields import Fields
from connectors.marks import marker_tag
from connectors.registry import vendor
from tests.connectors.freshdesk.desk import BASE, Answer, Desk, answer, refusal, ticket
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.tickets import Priority

KEY = "acme:triage:1042:v3"
MARKER = marker_tag(KEY)
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
PUT = ("PUT", "/tickets/1042")
NOTE = ("POST", "/tickets/1042/notes")
CHANGE = UpdateTicket(ticket_ref="1042", category="billing", priority=Priority.P1, group_id="32", note="Why: money.")


def connect(**changed: Any) -> Any:
    settings: dict[str, Any] = {
        "tenant": "acme",
        "vendor": "freshdesk",
        "base_url": BASE,
        "token": "canary-key:X",
        "scheme": "basic",
        "actor_id": "48",
        "fields": {"category": "cf_category", "product_area": "cf_product_area"},
    }
    return vendor("freshdesk").connect(Connection(**(settings | changed)), now=lambda: NOW)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        found = Desk()
        found.install(mock)
        yield found


def test_one_put_of_what_differs_then_the_note(desk: Desk) -> None:
    receipt = connect().update_ticket(CHANGE, key=KEY)
    assert receipt.applied
    assert desk.calls == [("GET", "/tickets/1042"), PUT, NOTE]
    put, note = desk.bodies
    assert note == {"body": f"<div>Why: money.</div><!-- {MARKER} -->", "private": True}
    assert put == {
        "priority": 4,
        "group_id": 32,
        "custom_fields": {"cf_category": "billing"},
        "tags": ["exports", MARKER],
    }


def test_what_is_there_already_is_not_sent(desk: Desk) -> None:
    connect().update_ticket(UpdateTicket(ticket_ref="1042", priority=Priority.P3, group_id="32"), key=KEY)
    assert desk.bodies == [{"group_id": 32, "tags": ["exports", MARKER]}]


def test_nothing_to_do_writes_nothing(desk: Desk) -> None:
    receipt = connect().update_ticket(
        UpdateTicket(ticket_ref="1042", priority=Priority.P3, group_id="31", add_tags=("exports",)), key=KEY
    )
    assert receipt == Receipt(applied=False, status=None, evidence="the ticket is already as asked for")
    assert desk.bodies == []


def test_a_key_is_applied_once(desk: Desk) -> None:
    helpdesk = connect()
    assert helpdesk.update_ticket(CHANGE, key=KEY).applied
    before = list(desk.bodies)
    again = helpdesk.update_ticket(CHANGE, key=KEY)
    assert (again.applied, again.status) == (False, None)
    assert desk.bodies == before
    assert helpdesk.update_ticket(CHANGE, key="another").applied


def test_tags_are_added_to_those_that_are_there(desk: Desk) -> None:
    desk.tickets[1042]["tags"] = ["exports", "VIP customer", "old"]
    change = UpdateTicket(ticket_ref="1042", add_tags=("New Tag", "exports"), remove_tags=("Old",), note="n")
    connect().update_ticket(change, key=KEY)
    assert desk.bodies[0] == {"tags": ["exports", "VIP customer", "new_tag", MARKER]}


def test_taxonomy_in_tags_where_no_field_is_mapped(desk: Desk) -> None:
    desk.tickets[1042]["tags"] = ["exports", "category_shipping"]
    helpdesk = connect(fields={})
    change = UpdateTicket(ticket_ref="1042", category="Billing Issue", clear=("product_area",))
    helpdesk.update_ticket(change, key=KEY)
    assert desk.bodies == [{"tags": ["exports", "category_billing_issue", MARKER]}]
    assert helpdesk.ticket("1042").fields == {"category": "billing_issue"}


LABELLED = {"choices": {"category": {"billing": "Billing or invoice", "bug": "Bug in the app"}}}


def test_a_choice_is_written_as_agents_read_it_and_read_as_its_key(desk: Desk) -> None:
    helpdesk = connect(settings=LABELLED)
    helpdesk.update_ticket(UpdateTicket(ticket_ref="1042", category="billing", product_area="api"), key=KEY)
    custom = {"cf_category": "Billing or invoice", "cf_product_area": "api"}
    assert desk.bodies == [{"custom_fields": custom, "tags": ["exports", MARKER]}]
    assert helpdesk.ticket("1042").fields == {"category": "billing", "product_area": "api"}
    helpdesk.update_ticket(UpdateTicket(ticket_ref="1042", clear=("category",)), key="later")
    assert desk.bodies[1]["custom_fields"] == {"cf_category": None}


@pytest.mark.parametrize("there", ["billing", "Billing or invoice"])
def test_a_choice_that_means_the_same_is_not_written_again(desk: Desk, there: str) -> None:
    desk.tickets[1042]["custom_fields"]["cf_category"] = there
    change = UpdateTicket(ticket_ref="1042", category="billing", group_id="31", priority=Priority.P3)
    assert not connect(settings=LABELLED).update_ticket(change, key=KEY).applied


def test_many_changes_are_written_as_agents_read_them() -> None:
    fields = Fields({"category": "cf_category"}, LABELLED["choices"])
    change = UpdateTicket(ticket_ref="1042", category="bug")
    assert changes.bulk_properties(change, fields) == {"custom_fields": {"cf_category": "Bug in the app"}}


def test_clearing(desk: Desk) -> None:
    desk.tickets[1042]["custom_fields"]["cf_category"] = "billing"
    connect().update_ticket(UpdateTicket(ticket_ref="1042", clear=("category", "group")), key=KEY)
    assert desk.bodies == [{"group_id": None, "custom_fields": {"cf_category": None}, "tags": ["exports", MARKER]}]
    with pytest.raises(errors.Rejected, match="no field 'status'"):
        connect().update_ticket(UpdateTicket(ticket_ref="1042", clear=("status",)), key="other")


@pytest.mark.parametrize("lost", [NOTE, PUT])
@pytest.mark.parametrize("strips_comments", [False, True])
def test_a_lost_answer_is_verified_and_nothing_is_written_twice(
    desk: Desk, lost: tuple[str, str], strips_comments: bool
) -> None:
    desk.drop_after, desk.strips_comments = [lost], strips_comments
    helpdesk = connect()
    with pytest.raises(errors.OutcomeUnknown):
        helpdesk.update_ticket(CHANGE, key=KEY)
    receipt = helpdesk.update_ticket(CHANGE, key=KEY, verify=True)
    assert receipt.applied is (lost == PUT)
    assert len(desk.conversations) == 1
    assert desk.count(*PUT) == 1
    assert (desk.tickets[1042]["priority"], MARKER in desk.tickets[1042]["tags"]) == (4, True)


@pytest.mark.parametrize(
    ("instead", "kind", "wait_s"),
    [
        (answer(429, {}, Retry_After="17"), errors.RateLimited, 17.0),
        (answer(503, {}, Retry_After="5"), errors.ConnectorError, 5.0),
        (answer(401, {"code": "invalid_credentials"}), errors.AuthFailed, None),
        (refusal(400, "body"), errors.Rejected, None),
    ],
)
@pytest.mark.parametrize("verify", [False, True])
def test_a_note_that_was_refused_is_made_good_and_the_fields_are_not_written_again(
    desk: Desk, instead: Answer, kind: type[errors.ConnectorError], wait_s: float | None, verify: bool
) -> None:
    desk.before = lambda method, path, found: instead if (method, path) == NOTE else None
    helpdesk = connect()
    with pytest.raises(kind) as caught:
        helpdesk.update_ticket(CHANGE, key=KEY)
    assert getattr(caught.value, "retry_after_s", None) == wait_s
    desk.before = lambda method, path, found: None
    desk.tickets[1042]["priority"] = 1  # a person's, meanwhile
    assert helpdesk.update_ticket(CHANGE, key=KEY, verify=verify).applied
    assert not helpdesk.update_ticket(CHANGE, key=KEY, verify=verify).applied
    assert (len(desk.conversations), desk.count(*PUT), desk.tickets[1042]["priority"]) == (1, 1, 1)


def test_a_note_of_a_try_that_nobody_remembers_is_not_repeated(desk: Desk) -> None:
    helpdesk = connect()
    helpdesk.update_ticket(CHANGE, key=KEY)
    desk.tickets[1042]["tags"] = ["exports"]  # somebody took our marker away
    assert helpdesk.update_ticket(CHANGE, key=KEY, verify=True).applied
    assert len(desk.conversations) == 1


def test_a_refusal_of_the_fields_is_final_and_says_nothing_to_agents(desk: Desk) -> None:
    desk.before = lambda method, path, found: refusal(400, "cf_order") if method == "PUT" else None
    helpdesk = connect()
    for verify in (False, True):
        with pytest.raises(errors.Rejected):
            helpdesk.update_ticket(CHANGE, key=KEY, verify=verify)
    assert desk.conversations == []


def test_a_limit_before_anything_went_out_is_only_a_limit(desk: Desk) -> None:
    desk.before = lambda method, path, found: answer(429, {}, Retry_After="17") if method == "PUT" else None
    with pytest.raises(errors.RateLimited) as caught:
        connect().update_ticket(CHANGE, key=KEY)
    assert caught.value.retry_after_s == 17
    assert desk.bodies == []


@pytest.mark.parametrize(
    ("instead", "wait_s"),
    [
        (answer(429, {}, Retry_After="17"), 17.0),
        (answer(503, {}, Retry_After="5"), 5.0),
        (answer(401, {"code": "invalid_credentials"}), None),
    ],
)
@pytest.mark.parametrize("where", [("GET", "/tickets/1042"), PUT])
def test_a_refusal_after_a_comment_says_that_it_is_there(
    desk: Desk, where: tuple[str, str], instead: Answer, wait_s: float | None
) -> None:
    def busy(method: str, path: str, found: Desk) -> Answer | None:
        return instead if (method, path) == where and len(found.conversations) else None

    desk.before = busy
    comment = AddComment(ticket_ref="1042", body="Hello", public=True)
    with pytest.raises(errors.OutcomeUnknown, match="comment is on the ticket") as caught:
        connect().add_comment(comment, key=KEY)
    assert caught.value.retry_after_s == wait_s
    desk.before = lambda method, path, found: None
    assert not connect().add_comment(comment, key=KEY, verify=True).applied
    assert len(desk.conversations) == 1


@pytest.mark.parametrize(
    ("instead", "kind"),
    [
        (refusal(400, "cf_order"), errors.Rejected),
        (answer(401, {"code": "invalid_credentials", "message": "no"}), errors.AuthFailed),
        (answer(403, {"code": "access_denied", "message": "no"}), errors.Forbidden),
        (answer(403, {"code": "require_feature", "message": "no"}), errors.Unsupported),
        (answer(400, {"errors": [{"code": "require_feature"}]}), errors.Unsupported),
        (answer(404, {}), errors.NotFound),
        (answer(405, {"message": "PUT method is not allowed"}), errors.NotFound),
        (answer(409, {}), errors.Conflict),
        (answer(302, {}, Location="https://evil.example/"), errors.Rejected),
        (answer(415, {"code": "invalid_json"}), errors.Rejected),
        (answer(429, {}), errors.RateLimited),
        (answer(500, {}), errors.OutcomeUnknown),
        (answer(200, {"ok": True}), errors.OutcomeUnknown),
        ((200, {"Content-Type": "text/html"}, "<html>"), errors.OutcomeUnknown),
    ],
)
def test_what_each_answer_to_a_write_means(desk: Desk, instead: Answer, kind: type[Exception]) -> None:
    desk.before = lambda method, path, found: instead if method == "PUT" else None
    with pytest.raises(errors.ConnectorError) as caught:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", priority=Priority.P1), key=KEY)
    assert type(caught.value) is kind
    assert caught.value.vendor in ("freshdesk", "")
    assert "canary-key" not in str(caught.value)


def test_a_refusal_names_the_fields(desk: Desk) -> None:
    desk.before = lambda method, path, found: refusal(400, "cf_order") if method == "PUT" else None
    with pytest.raises(errors.Rejected) as caught:
        connect().update_ticket(UpdateTicket(ticket_ref="1042", priority=Priority.P1), key=KEY)
    assert caught.value.details == {
        "": "Validation failed",
        "cf_order": "It should be something else, invalid_value",
    }
    assert caught.value.operation == "update_ticket"


@pytest.mark.parametrize("gone", ["deleted", "spam"])
def test_a_ticket_that_is_gone_takes_no_change(desk: Desk, gone: str) -> None:
    desk.tickets[1042][gone] = True
    with pytest.raises(errors.Rejected, match=gone):
        connect().update_ticket(CHANGE, key=KEY)
    assert desk.bodies == []


def test_a_closed_ticket_takes_changes(desk: Desk) -> None:
    desk.tickets[1042]["status"] = 5
    assert connect().update_ticket(CHANGE, key=KEY).applied


@pytest.mark.parametrize("ref", ["", "0", "-1", "1042/../../agents", "١٢", "1e3", "x" * 50])
def test_an_id_that_is_none_never_reaches_a_path(desk: Desk, ref: str) -> None:
    with pytest.raises(errors.NotFound):
        connect().update_ticket(UpdateTicket(ticket_ref=ref, priority=Priority.P1), key=KEY)
    assert desk.calls == []


@pytest.mark.parametrize(("public", "path"), [(False, "/tickets/1042/notes"), (True, "/tickets/1042/reply")])
def test_a_comment_once(desk: Desk, public: bool, path: str) -> None:
    helpdesk = connect()
    comment = AddComment(ticket_ref="1042", body="Hello <b>you</b>\nBye", public=public)
    assert helpdesk.add_comment(comment, key=KEY).applied
    assert not helpdesk.add_comment(comment, key=KEY).applied
    assert not helpdesk.add_comment(comment, key=KEY, verify=True).applied
    assert desk.count("POST", path) == 1
    assert desk.bodies[0]["body"] == f"<div>Hello &lt;b&gt;you&lt;/b&gt;<br>Bye</div><!-- {MARKER} -->"
    assert desk.bodies[1] == {"tags": ["exports", MARKER]}
    assert helpdesk.add_comment(comment, key="another").applied


@pytest.mark.parametrize("public", [False, True])
def test_a_comment_whose_answer_was_lost(desk: Desk, public: bool) -> None:
    path = "/tickets/1042/reply" if public else "/tickets/1042/notes"
    desk.drop_after = [("POST", path)]
    comment = AddComment(ticket_ref="1042", body="Hello", public=public)
    with pytest.raises(errors.OutcomeUnknown):
        connect().add_comment(comment, key=KEY)
    assert connect().add_comment(comment, key=KEY, verify=True) == Receipt(
        applied=False, status=None, evidence="conversation 500 is on the ticket"
    )
    assert len(desk.conversations) == 1


def test_a_comment_that_never_arrived_is_sent_after_looking(desk: Desk) -> None:
    desk.conversations = [
        {"id": 1, "body": "<div>Hello</div>", "private": False, "user_id": 7, "created_at": "2026-03-02T09:00:00Z"}
    ]
    assert connect().add_comment(AddComment(ticket_ref="1042", body="Hello", public=True), key=KEY, verify=True).applied
    assert len(desk.conversations) == 2


def test_a_comment_on_a_ticket_that_takes_no_tag_is_still_there(desk: Desk) -> None:
    desk.before = lambda method, path, found: refusal(400, "cf_order") if method == "PUT" else None
    receipt = connect().add_comment(AddComment(ticket_ref="1042", body="Hello"), key=KEY)
    assert receipt.applied
    assert "without its marker" in receipt.evidence


LINK = LinkIncident(ticket_ref="1042", incident_ref="7")


def test_a_link_on_the_tracker(desk: Desk) -> None:
    desk.tickets[7], desk.related[7] = ticket(7), [30]
    helpdesk = connect()
    assert helpdesk.link_incident(LINK, key=KEY).applied
    assert desk.bodies == [{"association_type": 3, "related_ticket_ids": [30, 1042]}]
    assert not helpdesk.link_incident(LINK, key=KEY).applied
    assert helpdesk.linked_tickets("7") == ("30", "1042")


def test_a_link_whose_answer_was_lost(desk: Desk) -> None:
    desk.tickets[7] = ticket(7)
    desk.drop_after = [("PUT", "/tickets/7")]
    with pytest.raises(errors.OutcomeUnknown):
        connect().link_incident(LINK, key=KEY)
    assert not connect().link_incident(LINK, key=KEY, verify=True).applied
    assert desk.count("PUT", "/tickets/7") == 1


@pytest.mark.parametrize("how", ["no feature", "refused", "ignored"])
def test_without_links_a_tag_and_a_note_once(desk: Desk, how: str) -> None:
    desk.tickets[7] = ticket(7)
    desk.has_links = how != "no feature"
    if how != "no feature":
        instead = refusal(400, "related_ticket_ids") if how == "refused" else answer(200, ticket(7))
        desk.before = lambda method, path, found: instead if (method, path) == ("PUT", "/tickets/7") else None
    helpdesk = connect()
    assert helpdesk.link_incident(LINK, key=KEY).applied
    assert desk.tickets[1042]["tags"] == ["exports", "incident-7", MARKER]
    assert [(each["private"], "incident #7" in each["body"]) for each in desk.conversations] == [(True, True)]
    assert not helpdesk.link_incident(LINK, key=KEY).applied
    assert not helpdesk.link_incident(LINK, key="another", verify=True).applied
    assert len(desk.conversations) == 1
    assert helpdesk.linked_tickets("7") == ()


def test_a_link_by_tag_whose_note_was_refused_gets_it_later(desk: Desk) -> None:
    desk.tickets[7], desk.has_links = ticket(7), False
    desk.before = lambda method, path, found: answer(503, {}) if (method, path) == NOTE else None
    helpdesk = connect()
    with pytest.raises(errors.ConnectorError):
        helpdesk.link_incident(LINK, key=KEY)
    desk.before = lambda method, path, found: None
    assert helpdesk.link_incident(LINK, key=KEY).applied
    assert not helpdesk.link_incident(LINK, key=KEY).applied
    assert (len(desk.conversations), desk.count(*PUT)) == (1, 1)


def test_an_incident_that_is_gone(desk: Desk) -> None:
    with pytest.raises(errors.NotFound):
        connect().link_incident(LINK, key=KEY)
    with pytest.raises(errors.NotFound):
        connect().linked_tickets("7")


DRAFT = CreateTicket(
    requester_email="kim@fieldline.example",
    requester_name="Kim",
    subject="Help",
    body="It <broke>",
    priority=Priority.P2,
    group_id="31",
    tags=("In App",),
)


def test_a_new_ticket(desk: Desk) -> None:
    receipt = connect().create_ticket(DRAFT, key=KEY)
    assert (receipt.applied, receipt.status, receipt.ref) == (True, 201, "2001")
    assert desk.bodies == [
        {
            "email": "kim@fieldline.example",
            "name": "Kim",
            "subject": "Help",
            "description": "<div>It &lt;broke&gt;</div>",
            "status": 2,
            "priority": 3,
            "source": 2,
            "tags": ["in_app", MARKER],
            "group_id": 31,
        }
    ]


def test_a_new_ticket_whose_answer_was_lost_is_found_again(desk: Desk) -> None:
    desk.drop_after = [("POST", "/tickets")]
    with pytest.raises(errors.OutcomeUnknown) as caught:
        connect().create_ticket(DRAFT, key=KEY)
    assert "kim@" not in str(caught.value)
    receipt = connect().create_ticket(DRAFT, key=KEY, verify=True)
    assert (receipt.applied, receipt.ref) == (False, "2001")
    assert desk.queries[-1]["email"] == "kim@fieldline.example"
    assert desk.count("POST", "/tickets") == 1


@pytest.mark.parametrize("instead", [refusal(400, "email"), answer(404, {}), answer(200, [])])
def test_somebody_unknown_has_no_earlier_ticket(desk: Desk, instead: Answer) -> None:
    desk.before = lambda method, path, found: instead if method == "GET" else None
    assert connect().create_ticket(DRAFT, key=KEY, verify=True).applied


def test_a_drop_before_sending_is_unavailable(desk: Desk) -> None:
    def refuse(method: str, path: str, found: Desk) -> Answer | None:
        raise requests.exceptions.ConnectTimeout("no")

    desk.before = refuse
    with pytest.raises(errors.Unavailable):
        connect().create_ticket(DRAFT, key=KEY)


def test_the_plan_is_a_function_of_its_arguments() -> None:
    current = wire.Ticket.model_validate(ticket(tags=["a", "b"]))
    change = UpdateTicket(ticket_ref="1042", add_tags=("c",))
    assert changes.plan(change, current=current, fields=Fields(), key=KEY) == {"tags": ["a", "b", "c", MARKER]}
