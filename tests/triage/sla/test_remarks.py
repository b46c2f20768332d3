"""What is strange about rules that can be used."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from connectors.defaults import load_sla
from triage.sla.reading import rules_from
from triage.sla.remarks import remarks

ANA = {"name": "Ana", "email": "ana@example.com", "chat": "ana", "helpdesk_id": "12"}


def said(**changes: Any) -> list[str]:
    """Of rules in which everybody is reached, but for the changes."""
    rules = deepcopy(dict(load_sla()))
    rules["escalation"] |= {"people": {"manager": ANA, "duty_officer": ANA}, "leads": {"Billing": "manager"}}
    rules["escalation"] |= changes.pop("escalation", {})
    return list(remarks(rules_from(rules | changes, version="1")))


def test_where_everybody_is_reached_nothing_is_said() -> None:
    assert said() == []


def test_a_fresh_install_says_whom_it_does_not_reach() -> None:
    found = remarks(rules_from(load_sla(), version="1"))
    assert "Ladder “Service down”, level 2, reaches nobody and is passed over: no queue has a lead in `leads`." in found
    assert "Ladder “Late”, level 4, reaches nobody and is passed over: Duty officer has no `email`." in found
    assert not any("“Service down”, level 4" in each for each in found), "the pager has an address of its own"
    assert found[-1].startswith("Reminders reach nobody: ")


def test_a_level_without_an_address_for_its_ways_is_named() -> None:
    people = {"manager": {**ANA, "email": "", "name": "Ben"}, "duty_officer": ANA}
    assert said(escalation={"people": people}) == [
        "Ladder “Late”, level 3, reaches nobody and is passed over: Ben has no `email`.",
    ]


def test_ladders_that_nothing_asks_for_are_not_looked_at() -> None:
    assert said(escalation={"people": {"manager": {}, "duty_officer": {}}, "leads": {}, "responses": {}}) == []


def test_an_empty_rotation_and_the_override_in_it() -> None:
    empty = {"people": [], "starts_at": "2026-01-05T09:00", "turn": "7 days"}
    found = said(escalation={"rotations": {"duty": empty}})
    assert any(each.endswith("rotation duty has no people.") for each in found)
    covered = {**empty, "overrides": [{"person": "manager", "from": "2026-12-24", "until": "2026-12-27"}]}
    assert said(escalation={"rotations": {"duty": covered}}) == []


def test_policies_that_never_hold_and_tickets_that_none_fits() -> None:
    everybody, gold = {"id": "all"}, {"id": "gold", "title": "Gold", "applies_to": {"tier": ["gold"]}}
    assert said(policies=[gold, everybody]) == []
    assert said(policies=[everybody, gold]) == ["Policy “Gold” never holds: “all” before it fits every ticket."]
    nothing = ["No policy fits every ticket: tickets that none fits are promised nothing."]
    assert said(policies=[gold, {**everybody, "active": False}]) == nothing
