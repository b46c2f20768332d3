"""What is strange about rules that can be used all the same: who would not be reached, and what never holds."""

from __future__ import annotations

from collections.abc import Iterator

from triage.escalation.people import EscalationRules, Level, Person, Via
from triage.sla.rules import SlaRules

ADDRESS = {Via.MAIL: "email", Via.CHAT: "chat"}
"""What a person needs to be told that way; the pager and the webhook have an address of their own."""


def remarks(rules: SlaRules) -> tuple[str, ...]:
    """One sentence each, for whoever puts the rules into use."""
    return tuple(dict.fromkeys((*_policies(rules), *_ladders(rules.escalation))))


def _policies(rules: SlaRules) -> Iterator[str]:
    takes_all = None
    for policy in sorted((each for each in rules.policies if each.is_active), key=lambda each: each.position):
        if takes_all is not None:
            yield f"Policy “{policy.title}” never holds: “{takes_all}” before it fits every ticket."
        elif not policy.applies_to:
            takes_all = policy.title
    if takes_all is None:
        yield "No policy fits every ticket: tickets that none fits are promised nothing."


def _ladders(rules: EscalationRules) -> Iterator[str]:
    for response in rules.responses.values():
        ladder = rules.ladders.get(response.ladder or "")
        for number, level in enumerate(ladder.levels if ladder else (), start=1):
            why = unreached(level, rules)
            if ladder and why:
                yield f"Ladder “{ladder.name}”, level {number}, reaches nobody and is passed over: {why}."
    if any(each.reminders for each in rules.responses.values()) and (why := unreached(rules.remind, rules)):
        yield f"Reminders reach nobody: {why}."


def unreached(level: Level, rules: EscalationRules) -> str:
    """Why the level reaches nobody; empty where it may reach somebody."""
    if not level.to:
        return ""
    found = [_why(each, level, rules) for each in level.to]
    return "" if "" in found else "; ".join(dict.fromkeys(found))


def _why(entry: str, level: Level, rules: EscalationRules) -> str:
    kind, _, name = entry.partition(":")
    match kind:
        case "assignee":
            known = [each for each in rules.people.values() if each.helpdesk_id]
            return _reached(known, level, "no person has a `helpdesk_id`, by which an assignee is known")
        case "group_lead":
            leads = [rules.people[each] for each in rules.leads.values() if each in rules.people]
            return _reached(leads, level, "no queue has a lead in `leads`")
        case "rotation":
            rotation = rules.rotations[name]
            on_duty = dict.fromkeys([*rotation.people, *(each.person for each in rotation.overrides)])
            people = [rules.people[each] for each in on_duty if each in rules.people]
            return _reached(people, level, f"rotation {name} has no people")
    return _reached([rules.people[name]], level, "")


def _reached(people: list[Person], level: Level, nobody: str) -> str:
    if not people:
        return nobody
    if any(_has(person, via) for person in people for via in level.by):
        return ""
    missing = " or ".join(f"`{ADDRESS[via]}`" for via in level.by if via in ADDRESS)
    return f"{', '.join(person.name for person in people)} {'has' if len(people) == 1 else 'have'} no {missing}"


def _has(person: Person, via: Via) -> bool:
    return via not in ADDRESS or bool(getattr(person, ADDRESS[via]))
