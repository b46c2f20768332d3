"""What arrives at the webhook address, parsed by the vendor's pure function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.errors import BadSignature, ConnectorError, MalformedPayload
from tests.conformance.world import World
from triage.actions import UpdateTicket
from triage.events import EventKind


def a_new_ticket_is_told(world: World) -> object:
    ref = world.arrive()
    event = world.parse(world.events()[0])
    assert (event.kind, event.ticket_ref, event.stale) == (EventKind.TICKET_CREATED, ref, False)
    return event.kind


def a_change_by_an_agent_is_told(world: World) -> object:
    ref = world.arrive()
    heard = len(world.events())
    world.agent_does(ref, priority="urgent")
    event = world.parse(world.events(heard + 1)[-1])
    assert (event.kind, event.ticket_ref) == (EventKind.TICKET_UPDATED, ref)
    return event.kind


def a_reply_is_told(world: World) -> object:
    ref = world.arrive()
    heard = len(world.events())
    world.customer_writes(ref, "Any news?")
    events = [world.parse(each) for each in world.events(heard + 1)[heard:]]
    assert {event.ticket_ref for event in events} == {ref}
    assert {event.kind for event in events} <= {EventKind.COMMENT_ADDED, EventKind.TICKET_UPDATED}
    return "told"


def a_forged_delivery_is_refused(world: World) -> object:
    world.arrive()
    delivery = world.events()[0]
    with pytest.raises(BadSignature):
        world.parse(delivery, secrets=("another secret",))
    with pytest.raises(BadSignature):
        world.parse(delivery, secrets=())
    with pytest.raises(BadSignature):
        world.parse(replace(delivery, headers={"content-type": "application/json"}))
    return "refused"


def the_next_secret_is_good_while_it_replaces_the_last(world: World) -> object:
    world.arrive()
    delivery = world.events()[0]
    event = world.parse(delivery, secrets=("the new one", *world.connection.webhook_secrets))
    return event.kind


def a_second_delivery_is_the_same_event(world: World) -> object:
    world.arrive()
    delivery = world.events()[0]
    first, second = world.parse(delivery), world.parse(delivery)
    assert first.dedup_key == second.dedup_key
    assert 0 < len(first.dedup_key) <= 120
    return "same"


def different_tickets_are_different_events(world: World) -> object:
    world.arrive("One")
    world.arrive("Two")
    keys = {world.parse(delivery).dedup_key for delivery in world.events(2)}
    assert len(keys) == len(world.inbox)
    return "different"


def our_own_write_comes_back_with_its_ticket(world: World) -> object:
    ref = world.arrive()
    heard = len(world.events())
    world.helpdesk.update_ticket(UpdateTicket(ticket_ref=ref, category="how_to"), key="f" * 32)
    echoes = [world.parse(each) for each in world.events()[heard:]]
    # Which echoes come depends on the rules an admin made; each must name the ticket, and us where it names anybody.
    assert {echo.ticket_ref for echo in echoes} <= {ref}
    assert {echo.actor_id for echo in echoes} <= {None, world.connection.actor_id}
    return "ours"


def a_body_of_any_bytes_never_crashes(world: World) -> object:
    world.arrive()
    delivery = world.events()[0]
    for body in (b"", b"[]", b"null", b"{", b'"x"', b"[" * 100_000, b'{"ticket_id":' + b"9" * 5000 + b"}", b"\xff\xfe"):
        with pytest.raises((BadSignature, MalformedPayload)):
            world.parse(replace(delivery, body=body))
    return "typed errors"


def errors_name_the_vendor_and_no_secret(world: World) -> object:
    world.arrive()
    delivery = world.events()[0]
    with pytest.raises(ConnectorError) as caught:
        world.parse(delivery, secrets=("canary-secret",))
    assert caught.value.vendor == world.vendor.name
    assert "canary-secret" not in str(caught.value)
    assert all(secret not in str(caught.value) for secret in world.connection.webhook_secrets)
    return "clean"
