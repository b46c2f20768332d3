"""What the connector reads. Each story returns what it read, without ids, so that vendors can be compared."""

from __future__ import annotations

import pytest

from connectors.errors import AuthFailed, NotFound, RateLimited, Unavailable
from tests.conformance.world import World
from triage.tickets import Channel, Priority, Status


def a_new_ticket_has_its_text_and_its_people(world: World) -> object:
    ticket = world.helpdesk.ticket(world.arrive("Export stops", "It stops at 40 %.\n\nSince this morning."))
    requester = world.helpdesk.requester(str(ticket.requester_id))
    organization = world.helpdesk.organization(str(ticket.organization_id))
    assert (ticket.subject, ticket.assignee_id, ticket.group_id) == ("Export stops", None, None)
    assert "It stops at 40 %." in ticket.description
    assert "Since this morning." in ticket.description
    return ticket.subject, ticket.description.split(), requester.email, organization.name


def markup_in_a_ticket_stays_text(world: World) -> object:
    ticket = world.helpdesk.ticket(world.arrive("a < b & c", "if a < b & c:\n  <script>alert(1)</script>"))
    assert ticket.subject == "a < b & c"
    assert "if a < b & c:" in ticket.description
    return ticket.description.split()


def every_priority_is_read(world: World) -> object:
    refs = [world.arrive(attributes={"priority": word}) for word in ("urgent", "high", "normal", "low")]
    read = [world.helpdesk.ticket(ref).priority for ref in refs]
    assert read == list(Priority)
    return read


def every_status_is_read(world: World) -> object:
    words = ("open", "pending", "on_hold", "solved", "closed")
    refs = [world.arrive(attributes={"status": word}) for word in words]
    read = [world.helpdesk.ticket(ref).status for ref in refs]
    assert read == [Status(word) for word in words]
    return read


def a_fresh_ticket_waits_for_somebody(world: World) -> object:
    status = world.helpdesk.ticket(world.arrive()).status
    assert status in (Status.NEW, Status.OPEN)
    return "waiting"


def every_channel_is_read(world: World) -> object:
    words = {"mail": Channel.EMAIL, "chat": Channel.CHAT, "web": Channel.IN_APP, "phone": Channel.PHONE}
    read = [world.helpdesk.ticket(world.arrive(channel=word)).channel for word in words]
    assert read == list(words.values())
    return read


def tags_are_a_set(world: World) -> object:
    tags = world.helpdesk.ticket(world.arrive(tags=("vip", "beta", "vip"))).tags
    assert sorted(tags) == ["beta", "vip"]
    return sorted(tags)


def the_conversation_is_in_order(world: World) -> object:
    ref = world.arrive("Export stops", "It stops.")
    world.agent_does(ref, "Which export?")
    world.agent_does(ref, "Looks like the nightly one.", public=False)
    world.customer_writes(ref, "The nightly one.")
    read = [(each.body.strip(), each.public) for each in world.helpdesk.comments(ref)]
    assert read == [
        ("It stops.", True),
        ("Which export?", True),
        ("Looks like the nightly one.", False),
        ("The nightly one.", True),
    ]
    return read


def authors_can_be_told_apart(world: World) -> object:
    ref = world.arrive()
    world.agent_does(ref, "Which export?")
    first, second = world.helpdesk.comments(ref)
    requester = world.helpdesk.ticket(ref).requester_id
    assert (first.author_id == requester, second.author_id == requester) == (True, False)
    return world.helpdesk.agent(str(second.author_id)).name


def a_long_conversation_is_whole(world: World) -> object:
    ref = world.arrive("Long", "0")
    for number in range(1, 45):
        world.customer_writes(ref, str(number))
    read = [each.body.strip() for each in world.helpdesk.comments(ref)]
    assert read == [str(number) for number in range(45)]
    return len(read)


def a_requester_has_zone_and_language(world: World) -> object:
    ticket = world.helpdesk.ticket(world.arrive())
    kim = world.helpdesk.requester(str(ticket.requester_id))
    assert (kim.name, kim.email, kim.time_zone, kim.role) == (
        "Kim Acme",
        "kim@acme.example",
        "Europe/Berlin",
        "end_user",
    )
    assert (kim.locale or "").startswith("de")
    return kim.name, kim.email, kim.time_zone, kim.role


def a_requester_may_have_no_organization(world: World) -> object:
    lee = world.person("lee@alone.example")
    ticket = world.helpdesk.ticket(world.arrive(requester_id=lee.id))
    requester = world.helpdesk.requester(str(ticket.requester_id))
    assert (ticket.organization_id, requester.organization_id) == (None, None)
    return requester.name


def an_organization_has_domains_and_tier(world: World) -> object:
    ticket = world.helpdesk.ticket(world.arrive())
    acme = world.helpdesk.organization(str(ticket.organization_id))
    assert (acme.name, acme.domains) == ("Acme Tools", ("acme.example",))
    assert acme.tier == "business"
    return acme.name, acme.domains, acme.tier


def an_agent_has_a_role(world: World) -> object:
    ana = world.helpdesk.agent(str(world.person("ana@desk.example").id))
    assert (ana.name, ana.email, ana.role) == ("Ana Lind", "ana@desk.example", "agent")
    return ana.name, ana.email, ana.role


def groups_are_listed_by_name(world: World) -> object:
    listed = {group.name: group.id for group in world.helpdesk.groups()}
    assert listed == dict(world.connection.groups)
    return sorted(listed)


def our_drop_downs_are_on_the_form(world: World) -> object:
    by_title = {field.title: field for field in world.helpdesk.ticket_fields()}
    category = by_title["Category"]
    assert category.id == world.connection.fields["category"]
    values = [value for value, _ in category.choices]
    assert values == ["login_problem", "invoice_request", "how_to"]
    return values


def the_account_knows_who_we_are(world: World) -> object:
    account = world.helpdesk.account()
    assert account.actor.id == world.connection.actor_id
    assert account.actor.role == "admin"
    assert account.server_at is not None
    assert account.limits["requests"] > 0
    return account.actor.name, account.actor.role


def what_does_not_exist_is_not_found(world: World) -> object:
    reads = (
        world.helpdesk.ticket,
        world.helpdesk.comments,
        world.helpdesk.requester,
        world.helpdesk.organization,
        world.helpdesk.agent,
    )
    for read in reads:
        with pytest.raises(NotFound):
            read("999999999")
    return len(reads)


def nonsense_never_leaves_the_house(world: World) -> object:
    for ref in ("../users/me", "1?x=1", "", "-1", "1.5", "0", "²"):
        with pytest.raises(NotFound):
            world.helpdesk.ticket(ref)
    return "refused"


def a_deleted_ticket_is_gone(world: World) -> object:
    ref = world.arrive()
    world.delete(ref)
    with pytest.raises(NotFound):
        world.helpdesk.ticket(ref)
    return "gone"


def a_busy_helpdesk_says_when_to_come_back(world: World) -> object:
    ref = world.arrive()
    world.knobs(rate_429_next=1, retry_after_s=7)
    with pytest.raises(RateLimited) as caught:
        world.helpdesk.ticket(ref)
    assert caught.value.retry_after_s == 7
    return world.helpdesk.ticket(ref).subject


def a_failing_helpdesk_can_be_asked_again(world: World) -> object:
    ref = world.arrive()
    for knob in ("error_5xx_next", "drop_next", "truncate_next"):
        world.knobs(**{knob: 1})
        with pytest.raises(Unavailable):
            world.helpdesk.ticket(ref)
    return world.helpdesk.ticket(ref).subject


def a_revoked_key_is_an_auth_failure(world: World) -> object:
    ref = world.arrive()
    world.running.simulator.face.revoke()
    with pytest.raises(AuthFailed):
        world.helpdesk.ticket(ref)
    return "refused"
