"""What policies look at, and what is not kept."""

from __future__ import annotations

from dataclasses import replace

from tests.triage.escalation.desk import rules
from tests.triage.tickets import ticket
from triage.sla.facts import facts_of, is_zone, looks_at_requester, organization_fields, still_known
from triage.tickets import Channel, Organization, Requester

GROUPS = {"Billing": "7", "Integrations": "9", "Invoices": "7"}
ASKED = ticket(
    subject="My subject",
    description="My words",
    tags=("vip", "deskhand_sla_ok", "deskhand_triaged", "hx_0123456789", "beta"),
    requester_id="31",
    organization_id="2",
    group_id="7",
    assignee_id="71",
    channel=Channel.CHAT,
    fields={"category": "how_to", "product_area": "billing"},
    kind="incident",
)
WHO = Requester(id="31", name="Nadja Krüger", email="nadja@veldt.example", organization_id="2", time_zone="Asia/Tokyo")
COMPANY = Organization(id="2", name="Veldt", fields={"tier": "gold", "owner": "Ida Blom", "region": "EU"})
REGION = "organization.region"


def test_every_subject_has_its_values() -> None:
    assert facts_of(ASKED, WHO, COMPANY, GROUPS, [REGION, "organization.plan"]) == {
        "organization_id": ("2",),
        "organization": ("Veldt",),
        "tier": ("gold",),
        REGION: ("EU",),
        "organization.plan": (),
        "requester_id": ("31",),
        "requester_zone": ("Asia/Tokyo",),
        "group_id": ("7",),
        "group": ("Billing", "Invoices"),
        "assignee_id": ("71",),
        "channel": ("chat",),
        "type": ("incident",),
        "tag": ("beta", "vip"),
        "category": ("how_to",),
        "product_area": ("billing",),
    }


def test_names_of_people_addresses_and_texts_are_not_kept() -> None:
    told = str(facts_of(ASKED, WHO, COMPANY, GROUPS, [REGION]))
    for private in ("Nadja", "veldt.example", "My subject", "My words", "Ida"):
        assert private not in told


def test_what_is_not_set_is_not_there() -> None:
    assert facts_of(ticket(requester_id=None), None, None, {}) == {"channel": ("email",)}
    long = Organization(id="2", name="x" * 101, fields={"tier": "gold"})
    assert "organization" not in facts_of(ASKED, None, long, {})


def test_a_zone_that_is_none_is_known_to_be_none() -> None:
    for zone in (None, "", "Mars/Olympus", "../etc", "Europe"):
        assert facts_of(ASKED, replace(WHO, time_zone=zone), None, {})["requester_zone"] == ()
        assert not is_zone(zone)
    assert "requester_zone" not in facts_of(ASKED, None, None, {})


def test_what_is_known_of_the_same_people_stays_known() -> None:
    known = facts_of(ASKED, WHO, COMPANY, GROUPS, [REGION])
    theirs = {"organization", "tier", REGION}
    assert still_known(known, ASKED) == {each: known[each] for each in (*theirs, "requester_zone")}
    assert still_known(known, replace(ASKED, requester_id="32")).keys() == theirs
    assert still_known(known, replace(ASKED, organization_id="3")).keys() == {"requester_zone"}
    assert still_known(known, replace(ASKED, organization_id=None, requester_id=None)) == {}
    assert still_known({}, ASKED) == {}


def test_rules_say_what_has_to_be_asked_for() -> None:
    plain = rules()
    (policy,) = plain.policies
    assert not looks_at_requester(plain)
    assert looks_at_requester(replace(plain, zone_copies="office"))
    assert looks_at_requester(replace(plain, by_zone={"Asia/Tokyo": "office"}))
    assert not looks_at_requester(replace(plain, zone_copies="office", order=("group",)))
    zoned = replace(policy, applies_to={"requester_zone": ("Asia/Tokyo",), REGION: ("EU",)})
    assert looks_at_requester(replace(plain, policies=(zoned,)))
    assert organization_fields(replace(plain, policies=(zoned, policy))) == {REGION}
