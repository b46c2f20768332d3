"""When an automation rule fires and what its webhook says (platform notes 1.1, 1.4, 1.5): pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.happenings import changes, spoken
from connectors.simulator.freshdesk.markup import markup_of
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import Event, Ticket, User
from connectors.simulator.state import HelpdeskState

CREATION, HOURLY, UPDATE = 1, 3, 4
ANY = "--"
AGENT, REQUESTER, EITHER, SYSTEM = 1, 2, 3, 4
FIELD_EVENTS = {"status": "status", "priority": "priority", "ticket_type": "type", "group_id": "group_id",
                "responder_id": "responder_id"}  # fmt: skip
OTHER_EVENTS = ("note_type", "reply_sent", "ticket_action")
CONDITIONS = ("status", "priority", "source", "ticket_type", "group_id", "responder_id", "subject", "description",
              "subject_or_description", "tag_names", "requester_email", "company_id")  # fmt: skip
PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`asked` is the rule as an admin sent it, secrets included."""

    id: int
    type_id: int
    asked: Mapping[str, Any]
    created_at: str
    updated_at: str
    last_updated_by: int

    @property
    def active(self) -> bool:
        return self.asked.get("active", True) is not False


def triggered_by(rule: Rule, event: Event, actor: User | None, state: HelpdeskState) -> str | None:
    """What `{{triggered_event}}` says if the rule fires for this event, None if it does not."""
    created = event.before is None
    if not rule.active or rule.type_id != (CREATION if created else UPDATE):
        return None
    if created:
        told: str | None = "{ticket_action:created}"
    elif _performed(rule.asked.get("performer") or {}, actor):
        told = next((text for one in rule.asked.get("events") or () if (text := _event(one, event, state))), None)
    else:
        told = None
    return told if told and holds(rule, event.after, state) else None


def holds(rule: Rule, ticket: Ticket, state: HelpdeskState) -> bool:
    """Every condition set, or any of them when `operator` says "or"."""
    answers = []
    for one in rule.asked.get("conditions") or ():
        join = any if one.get("match_type") == "any" else all
        answers.append(join(_condition(part, ticket, state) for part in one.get("properties") or ()))
    either = "or" in str(rule.asked.get("operator") or "").lower().split()
    return any(answers) if either else all(answers)


def render(template: str, values: Callable[[str], Any], *, as_json: bool) -> str:
    """The template with its placeholders filled, escaped where the content is JSON; an unknown one is empty."""

    def fill(match: re.Match[str]) -> str:
        value = values(match[1])
        text = "" if value is None else str(value)
        return json.dumps(text, ensure_ascii=False)[1:-1] if as_json else text

    return PLACEHOLDER.sub(fill, template)


def simple(names: list[str], values: Callable[[str], Any]) -> str:
    """The body of a rule with ticked boxes: one root key, dots turned into underscores."""
    shown = {name.replace(".", "_"): "" if values(name) is None else str(values(name)) for name in names}
    return json.dumps({"freshdesk_webhook": shown})


def placeholders(ticket: Ticket, triggered: str, state: HelpdeskState, base: str) -> Callable[[str], Any]:
    """The value of a placeholder by its name: labels for codes, HTML for texts."""
    requester = state.users[ticket.requester_id]
    agent = state.users.get(ticket.assignee_id or 0)
    group = state.groups.get(ticket.group_id or 0)
    company = state.organizations.get(ticket.organization_id or 0)
    comments = state.comments.get(ticket.id) or []
    first, _, last = requester.name.partition(" ")

    def latest(public: bool) -> str:
        found = [one for one in comments[1:] if one.public is public]
        if not found:
            return ""
        author = state.users.get(found[-1].author_id)
        return f"{author.name if author else ''} : {markup_of(found[-1].body, found[-1].html)}"

    plain: dict[str, Any] = {
        "ticket.id": ticket.id,
        "ticket.url": f"{base}/a/tickets/{ticket.id}",
        "ticket.portal_url": f"{base}/support/tickets/{ticket.id}",
        "ticket.portal_name": "Helpdesk",
        "ticket.subject": ticket.subject,
        "ticket.description": markup_of(ticket.description, comments[0].html if comments else None) + "\n\n",
        "ticket.status": codes.STATUSES[codes.status_code(ticket)].label,
        "ticket.priority": codes.PRIORITY_LABELS[codes.priority_code(ticket)],
        "ticket.source": codes.SOURCE_LABELS[codes.source_code(ticket)],
        "ticket.ticket_type": codes.type_label(ticket),
        "ticket.tags": ", ".join(ticket.tags),
        "ticket.latest_public_comment": latest(True),
        "ticket.latest_private_comment": latest(False),
        "ticket.agent.name": agent and agent.name,
        "ticket.agent.email": agent and agent.email,
        "ticket.group.name": group and group.name,
        "ticket.company.name": company and company.name,
        "ticket.company.domains": company and ",".join(company.domains),
        "ticket.created_on": stamp(ticket.created_at),
        "triggered_event": triggered,
        "helpdesk_name": "Helpdesk",
    }
    for who in ("requester", "contact"):
        plain |= {f"ticket.{who}.name": requester.name, f"ticket.{who}.email": requester.email,
                  f"ticket.{who}.firstname": first, f"ticket.{who}.lastname": last}  # fmt: skip
    for field in state.ticket_fields.values():
        plain[f"ticket.{codes.field_name(field)}"] = ticket.custom_fields.get(field.id)
    return plain.get


def known_event(name: str, state: HelpdeskState) -> bool:
    return name in FIELD_EVENTS or name in OTHER_EVENTS or name in _custom(state)


def known_condition(name: str, state: HelpdeskState) -> bool:
    return name in CONDITIONS or name in _custom(state)


def _custom(state: HelpdeskState) -> set[str]:
    return {codes.field_name(field) for field in list(state.ticket_fields.values())}


def _performed(performer: Mapping[str, Any], actor: User | None) -> bool:
    """System events (type 4) have no actor, and nothing here is done by the system."""
    kind, members = performer.get("type"), performer.get("members") or ()
    if actor is None:
        return kind == SYSTEM
    if actor.is_staff:
        return kind == EITHER or (kind == AGENT and (not members or actor.id in members))
    return kind in (REQUESTER, EITHER)


def _event(asked: Mapping[str, Any], event: Event, state: HelpdeskState) -> str | None:
    name, value, said = str(asked.get("field_name")), asked.get("value", ANY), spoken(event)
    changed = changes(event, state)
    if name == "note_type":
        hit = said in ("public", "private") and value in (ANY, said)
        return f"{{note_type:{said}}}" if hit else None
    if name == "reply_sent":
        return "{reply_sent:sent}" if said == "reply" else None
    if name == "ticket_action":
        done = "delete" if "deleted" in changed else "update"
        hit = bool(changed) and value in (ANY, done)
        return f"{{ticket_action:{done}d}}" if hit else None
    pair = changed.get(FIELD_EVENTS.get(name, name))
    if pair is None or not all(
        asked.get(side, ANY) == ANY or str(asked[side]) == str(got)
        for side, got in zip(("from", "to"), pair, strict=True)
    ):
        return None
    return f"{{{name}:{{from:{_bare(pair[0])},to:{_bare(pair[1])}}}}}"


def _bare(value: Any) -> str:
    return "" if value is None else str(value)


def _condition(asked: Mapping[str, Any], ticket: Ticket, state: HelpdeskState) -> bool:
    """One property; an operator that is not spoken here never holds."""
    have = {str(one).lower() for one in _have(str(asked.get("field_name")), ticket, state)}
    raw = asked.get("value")
    want = {str(one).lower() for one in (raw if isinstance(raw, list) else [raw])}
    within = any(part in text for part in want for text in have)
    answers = {
        **dict.fromkeys(("is", "in", "is_any_of"), bool(have & want)),
        **dict.fromkeys(("is_not", "not_in", "is_none_of"), not have & want),
        "contains": within,
        "does_not_contain": not within,
        "starts_with": any(text.startswith(part) for part in want for text in have),
        "ends_with": any(text.endswith(part) for part in want for text in have),
    }
    return bool(answers.get(str(asked.get("operator")), False))


def _have(name: str, ticket: Ticket, state: HelpdeskState) -> list[Any]:
    """The ticket's values for a condition's field; nothing counts as the empty text."""
    if name == "tag_names":
        return list(ticket.tags) or [""]
    values: dict[str, Any] = {
        "status": codes.status_code(ticket),
        "priority": codes.priority_code(ticket),
        "source": codes.source_code(ticket),
        "ticket_type": codes.type_label(ticket),
        "group_id": ticket.group_id,
        "responder_id": ticket.assignee_id,
        "subject": ticket.subject,
        "description": ticket.description,
        "subject_or_description": f"{ticket.subject}\n{ticket.description}",
        "requester_email": state.users[ticket.requester_id].email,
        "company_id": ticket.organization_id,
    }
    for field in list(state.ticket_fields.values()):
        values[codes.field_name(field)] = ticket.custom_fields.get(field.id)
    value = values.get(name)
    return ["" if value is None else value]
