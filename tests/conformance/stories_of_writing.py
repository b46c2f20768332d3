"""What the connector writes: all of it, once, and nothing of anybody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.errors import AuthFailed, ConnectorError, NotFound, OutcomeUnknown, RateLimited, Rejected
from connectors.marks import marker_tag
from tests.conformance.world import World, without
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket
from triage.tickets import Priority

KEY = "0123456789abcdef0123456789abcdef"


def taxonomy_is_written_and_read_back(world: World) -> object:
    ref = world.arrive()
    change = UpdateTicket(ticket_ref=ref, category="invoice_request", product_area="billing")
    assert world.helpdesk.update_ticket(change, key=KEY).applied
    fields = world.helpdesk.ticket(ref).fields
    assert (fields["category"], fields["product_area"]) == ("invoice_request", "billing")
    return dict(fields)


def without_fields_the_taxonomy_is_in_tags(world: World) -> object:
    ref = world.arrive(tags=("vip",))
    bare = world.vendor.connect(without(world.connection, "category", "product_area"), now=world.state.now)
    bare.update_ticket(UpdateTicket(ticket_ref=ref, category="how_to"), key=KEY)
    ticket = bare.ticket(ref)
    assert ticket.fields["category"] == "how_to"
    assert "vip" in ticket.tags
    return ticket.fields["category"]


def priority_and_group_are_written(world: World) -> object:
    ref = world.arrive()
    change = UpdateTicket(ticket_ref=ref, priority=Priority.P1, group_id=world.group("Billing"))
    world.helpdesk.update_ticket(change, key=KEY)
    ticket = world.helpdesk.ticket(ref)
    assert (ticket.priority, ticket.group_id) == (Priority.P1, world.group("Billing"))
    return ticket.priority


def a_note_is_internal_and_verbatim(world: World) -> object:
    ref = world.arrive()
    text = "Routed to Billing: the words “invoice” and 3 < 4.\n\nSecond paragraph & more."
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, note=text), key=KEY)
    (note,) = world.notes(ref)
    assert note.split() == text.split()
    return note.split()


def other_peoples_tags_stay(world: World) -> object:
    ref = world.arrive(tags=("vip", "old"))
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, add_tags=("ours",), remove_tags=("old",)), key=KEY)
    tags = {tag for tag in world.helpdesk.ticket(ref).tags if not tag.startswith("hx_")}
    assert tags == {"vip", "ours"}
    return sorted(tags)


def a_field_can_be_cleared(world: World) -> object:
    ref = world.arrive()
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, category="how_to"), key=KEY)
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, clear=("category",)), key=KEY[::-1])
    assert "category" not in world.helpdesk.ticket(ref).fields
    return "empty"


def the_same_key_writes_once(world: World) -> object:
    ref = world.arrive()
    change = UpdateTicket(ticket_ref=ref, category="how_to", note="Once.")
    first = world.helpdesk.update_ticket(change, key=KEY)
    second = world.again().update_ticket(change, key=KEY)
    assert (first.applied, second.applied) == (True, False)
    assert world.notes(ref) == ["Once."]
    return world.written(ref).count("note")


def what_is_already_so_is_not_written(world: World) -> object:
    ref = world.arrive(attributes={"priority": "high"})
    receipt = world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, priority=Priority.P2), key=KEY)
    assert not receipt.applied
    assert world.written(ref) == []
    return "untouched"


def a_lost_answer_is_verified_before_a_second_try(world: World) -> object:
    ref = world.arrive()
    change = UpdateTicket(ticket_ref=ref, category="how_to", priority=Priority.P2, note="Once.")
    _until_applied(world, lambda verify: world.again().update_ticket(change, key=KEY, verify=verify))
    ticket = world.helpdesk.ticket(ref)
    assert world.notes(ref) == ["Once."]
    assert (ticket.priority, ticket.fields["category"]) == (Priority.P2, "how_to")
    return world.written(ref).count("note")


def a_failed_write_is_not_a_lost_one(world: World) -> object:
    ref = world.arrive()
    world.knobs(faults_on="writes", rate_429_next=1, retry_after_s=9)
    change = UpdateTicket(ticket_ref=ref, note="Once.")
    with pytest.raises(RateLimited) as caught:
        world.helpdesk.update_ticket(change, key=KEY)
    assert caught.value.retry_after_s == 9
    assert world.notes(ref) == []
    assert world.again().update_ticket(change, key=KEY).applied
    return world.notes(ref)


def a_tag_set_meanwhile_survives(world: World) -> object:
    ref = world.arrive()
    world.helpdesk.ticket(ref)
    world.agent_does(ref, add_tags=("escalated",))
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, add_tags=("ours",)), key=KEY)
    tags = {tag for tag in world.helpdesk.ticket(ref).tags if not tag.startswith("hx_")}
    assert tags == {"escalated", "ours"}
    return sorted(tags)


def what_a_person_changed_meanwhile_stays(world: World) -> object:
    ref = world.arrive(attributes={"priority": "low"})
    was = {"priority": "P4", "group_id": None, "category": None}
    world.agent_does(ref, priority="urgent", group_id=int(world.group("Data")))
    change = UpdateTicket(
        ticket_ref=ref,
        category="how_to",
        priority=Priority.P2,
        group_id=world.group("Billing"),
        note="Decided a minute ago.",
        was=was,
    )
    assert world.helpdesk.update_ticket(change, key=KEY).applied
    ticket = world.helpdesk.ticket(ref)
    assert (ticket.priority, ticket.group_id) == (Priority.P1, world.group("Data"))
    assert ticket.fields["category"] == "how_to"
    assert world.notes(ref) == ["Decided a minute ago."]
    return ticket.priority


def a_strange_group_is_refused(world: World) -> object:
    ref = world.arrive()
    with pytest.raises(Rejected) as caught:
        world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, group_id="999999"), key=KEY)
    assert caught.value.details
    assert world.written(ref) == []
    return "refused"


def a_strange_category_is_refused(world: World) -> object:
    ref = world.arrive()
    with pytest.raises(Rejected):
        world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, category="no_such_thing"), key=KEY)
    return world.written(ref)


def a_field_that_is_not_ours_cannot_be_cleared(world: World) -> object:
    ref = world.arrive()
    with pytest.raises(Rejected):
        world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, clear=("subject",)), key=KEY)
    return world.written(ref)


def a_ticket_that_is_gone_takes_nothing(world: World) -> object:
    ref = world.arrive()
    world.delete(ref)
    with pytest.raises((NotFound, Rejected)):
        world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, note="Hello?"), key=KEY)
    return "refused"


def a_public_comment_reaches_the_customer(world: World) -> object:
    ref = world.arrive()
    receipt = world.helpdesk.add_comment(AddComment(ticket_ref=ref, body="We are on it.", public=True), key=KEY)
    last = world.helpdesk.comments(ref)[-1]
    assert receipt.applied
    assert (last.body.strip(), last.public) == ("We are on it.", True)
    return world.written(ref).count("public_comment")


def an_internal_comment_stays_inside(world: World) -> object:
    ref = world.arrive()
    world.helpdesk.add_comment(AddComment(ticket_ref=ref, body="Looks known."), key=KEY)
    assert world.notes(ref) == ["Looks known."]
    return world.notes(ref)


def a_comment_is_said_once(world: World) -> object:
    ref = world.arrive()
    comment = AddComment(ticket_ref=ref, body="We are on it.", public=True)
    _until_applied(world, lambda verify: world.again().add_comment(comment, key=KEY, verify=verify))
    assert not world.again().add_comment(comment, key=KEY, verify=True).applied
    assert world.written(ref).count("public_comment") == 1
    return 1


def two_comments_are_two(world: World) -> object:
    ref = world.arrive()
    for key, body in ((KEY, "First."), (KEY[::-1], "Second.")):
        world.helpdesk.add_comment(AddComment(ticket_ref=ref, body=body), key=key)
    assert world.notes(ref) == ["First.", "Second."]
    return world.notes(ref)


def tickets_are_linked_to_their_incident(world: World) -> object:
    incident, first, second = world.arrive("Exports are down"), world.arrive("No export"), world.arrive("Export?")
    for key, ref in ((KEY, first), (KEY[::-1], second)):
        assert world.helpdesk.link_incident(LinkIncident(ticket_ref=ref, incident_ref=incident), key=key).applied
    assert set(world.helpdesk.linked_tickets(incident)) == {first, second}
    return len(world.helpdesk.linked_tickets(incident))


def a_link_is_made_once(world: World) -> object:
    incident, ref = world.arrive("Exports are down"), world.arrive("No export")
    link = LinkIncident(ticket_ref=ref, incident_ref=incident)
    world.helpdesk.link_incident(link, key=KEY)
    before = len(world.state.effects)
    assert not world.again().link_incident(link, key=KEY).applied
    assert len(world.state.effects) == before
    return "once"


def a_link_never_solves_anything(world: World) -> object:
    incident, ref = world.arrive("Exports are down"), world.arrive("No export")
    world.helpdesk.link_incident(LinkIncident(ticket_ref=ref, incident_ref=incident), key=KEY)
    statuses = {world.record(each).status for each in (incident, ref)}
    assert statuses <= {"new", "open"}
    return "open"


def a_ticket_is_created_in_the_requesters_name(world: World) -> object:
    receipt = world.helpdesk.create_ticket(_draft(), key=KEY)
    ticket = world.helpdesk.ticket(str(receipt.ref))
    requester = world.helpdesk.requester(str(ticket.requester_id))
    assert (ticket.subject, requester.email, ticket.priority) == ("From the app", "kim@acme.example", Priority.P2)
    assert "help" in ticket.description
    assert {"in_app"} <= set(ticket.tags)
    return ticket.subject, requester.email, ticket.priority


def a_stranger_can_ask_too(world: World) -> object:
    draft = _draft(requester_email="new@person.example", requester_name="New Person")
    ticket = world.helpdesk.ticket(str(world.helpdesk.create_ticket(draft, key=KEY).ref))
    requester = world.helpdesk.requester(str(ticket.requester_id))
    assert (requester.name, requester.email) == ("New Person", "new@person.example")
    return requester.name


def a_ticket_is_created_once(world: World) -> object:
    _until_applied(world, lambda verify: world.again().create_ticket(_draft(), key=KEY, verify=verify))
    again = world.again().create_ticket(_draft(), key=KEY, verify=True)
    assert not again.applied
    assert world.helpdesk.ticket(str(again.ref)).subject == "From the app"
    assert len(world.state.live_tickets()) == 1
    return 1


def many_changes_have_a_result_each(world: World) -> object:
    refs = [world.arrive(f"Ticket {number}") for number in range(3)]
    changes = [UpdateTicket(ticket_ref=ref, priority=Priority.P1) for ref in (refs[0], "999999999", *refs[1:])]
    results = world.helpdesk.update_tickets(changes, key=KEY)
    assert [result.ticket_ref for result in results] == [change.ticket_ref for change in changes]
    assert [result.error is None for result in results] == [True, False, True, True]
    assert isinstance(results[1].error, ConnectorError)
    assert [world.helpdesk.ticket(ref).priority for ref in refs] == [Priority.P1] * 3
    return len(results)


def more_changes_than_one_request_takes(world: World) -> object:
    refs = [world.arrive(f"Ticket {number}") for number in range(104)]
    changes = [UpdateTicket(ticket_ref=ref, priority=Priority.P2, add_tags=("bulk",)) for ref in refs]
    results = world.helpdesk.update_tickets(changes, key=KEY)
    assert [result.error for result in results] == [None] * 104
    assert {world.record(ref).priority for ref in refs} == {"high"}
    assert all("bulk" in world.record(ref).tags for ref in refs)
    return len(results)


def a_marker_is_taken_off_and_nothing_else(world: World) -> object:
    ref = world.arrive(tags=("vip",), attributes={"priority": "low"})
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, add_tags=("ours",), note="Once."), key=KEY)
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, priority=Priority.P2), key=KEY[::-1])
    before = world.record(ref)
    assert {marker_tag(KEY), marker_tag(KEY[::-1])} <= set(before.tags)
    (result,) = world.helpdesk.unmark({ref: [KEY]})
    assert (result.ticket_ref, result.error) == (ref, None)
    after = world.record(ref)
    assert set(before.tags) - set(after.tags) == {marker_tag(KEY)}
    assert set(after.tags) <= set(before.tags)
    assert (after.priority, after.group_id, after.status) == (before.priority, before.group_id, before.status)
    return world.notes(ref)


def the_last_tag_can_go(world: World) -> object:
    ref = world.arrive()
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, priority=Priority.P2), key=KEY)
    assert world.record(ref).tags == (marker_tag(KEY),)
    world.helpdesk.unmark({ref: [KEY]})
    assert world.record(ref).tags == ()
    return "none"


def a_marker_that_is_gone_costs_no_write(world: World) -> object:
    ref = world.arrive(tags=("vip",))
    before = len(world.state.effects)
    (result,) = world.helpdesk.unmark({ref: [KEY]})
    assert result.error is None
    assert len(world.state.effects) == before
    return "untouched"


def markers_of_many_tickets_go_with_a_result_each(world: World) -> object:
    refs = [world.arrive(f"Ticket {number}", tags=(f"own_{number}",)) for number in range(104)]
    world.helpdesk.update_tickets([UpdateTicket(ticket_ref=ref, add_tags=("bulk",)) for ref in refs], key=KEY)
    world.delete(refs[1])
    world.state.tickets[int(refs[2])] = replace(world.record(refs[2]), status="closed")
    asked = [refs[0], "999999999", *refs[1:]]
    results = world.helpdesk.unmark({ref: [KEY] for ref in asked})
    assert [result.ticket_ref for result in results] == asked
    refused = {result.ticket_ref for result in results if isinstance(result.error, (NotFound, Rejected))}
    assert refused == {"999999999", refs[1], refs[2]} == {each.ticket_ref for each in results if each.error}
    left = {ref: set(world.record(ref).tags) for ref in refs if ref not in refused}
    assert left == {ref: {f"own_{refs.index(ref)}", "bulk"} for ref in left}
    return len(left)


def a_tag_set_meanwhile_survives_the_tidying(world: World) -> object:
    ref = world.arrive()
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, priority=Priority.P2), key=KEY)
    world.agent_does(ref, add_tags=("escalated",))
    world.again().unmark({ref: [KEY]})
    assert world.record(ref).tags == ("escalated",)
    return "kept"


def a_revoked_key_writes_nothing(world: World) -> object:
    ref = world.arrive()
    world.running.simulator.face.revoke()
    with pytest.raises(AuthFailed):
        world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, note="Hello?"), key=KEY)
    return world.written(ref)


def _draft(**changes: str) -> CreateTicket:
    values = {"requester_email": "kim@acme.example", "requester_name": "Kim Acme", "subject": "From the app"}
    return CreateTicket(**(values | changes), body="Please help.", priority=Priority.P2, tags=("in_app",))


def _until_applied(world: World, attempt: object) -> None:
    """One write is applied and its answer lost; the next try knows that it must look first."""
    world.knobs(faults_on="writes", drop_next=1)
    with pytest.raises(OutcomeUnknown):
        attempt(False)  # type: ignore[operator]
    attempt(True)  # type: ignore[operator]
