"""The automation rules that tell us of Freshdesk's tickets.

How a rule's webhook action is spelt is not documented, so it is copied from a rule that an admin made by hand: any
rule with such an action will do, one called `TEMPLATE` before others. Without one a person is asked to make it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Connection
from connectors.errors import NotFound, Unavailable
from connectors.freshdesk.api import Api, known_id
from connectors.freshdesk.webhook import SECRET_HEADER
from connectors.installing import Finding, Health, Place, not_checked

Row = dict[str, Any]
TEMPLATE = "Deskhand template"
HEADER = "-".join(part.capitalize() for part in SECRET_HEADER.split("-"))
CREATION, UPDATE = 1, 4
CHECKS = ("webhook", "webhook_url", "webhook_secret", "duplicates", "triggers")
OPERATION = "rules"
AGENT_OR_REQUESTER = 3
ANY = "--"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of our rules: its kind, its name, and the rest of it."""

    kind: int
    name: str
    more: Mapping[str, Any]

    def body(self) -> str:
        """Ids only: nothing that a customer wrote can break it, and nothing personal travels."""
        return json.dumps(
            {"v": "1", "rule": self.name, "ticket_id": "{{ticket.id}}", "triggered_event": "{{triggered_event}}"}
        )


RULES = (
    Wanted(CREATION, "Deskhand: new ticket", {}),
    Wanted(
        UPDATE,
        "Deskhand: ticket changed",
        {
            # Our own writes fire it too; they change nothing that triage would look at again.
            "performer": {"type": AGENT_OR_REQUESTER},
            "events": [
                {"field_name": "status", "from": ANY, "to": ANY},
                {"field_name": "priority", "from": ANY, "to": ANY},
                {"field_name": "note_type", "value": ANY},
            ],
        },
    ),
)
STEPS = (
    "In Freshdesk open Admin > Workflows > Automations > Ticket Creation and make a rule called "
    f"“{TEMPLATE}”: condition “Source is Email” or “Source is not Email”; action “Trigger webhook”, POST, "
    "URL {url} , encoding JSON, Advanced, with this content: {body} . Save it, run `deskhand doctor --repair`, then "
    "delete it."
)


class NoTemplate(NotFound):
    """There is no rule whose webhook action could be copied."""


class Rules:
    def __init__(self, api: Api, connection: Connection, place: Place, secret: str) -> None:
        self._api = api
        self._place = place
        self._secret = secret
        noted = connection.settings.get("rule_ids")
        self._noted = {str(value) for value in noted.values()} if isinstance(noted, Mapping) else set()

    def check(self) -> Iterator[Finding]:
        seen = self._see()
        ours = {wanted.name: self._ours(wanted, seen[wanted.kind]) for wanted in RULES}
        kept = [rows[0] for rows in ours.values() if rows]
        if not kept:
            yield self._missing(seen)
            yield from not_checked(("webhook_url", "webhook_secret"), "There is no rule to look at.")
        else:
            yield _good("webhook", "Yes")
            yield self._judged("webhook_url", "Another address", kept, self._has_url)
            yield self._judged("webhook_secret", "Changed", kept, self._has_secret)
        doubled = [name for name, rows in ours.items() if len(rows) > 1]
        if doubled:
            yield _bad("duplicates", f"{len(doubled)} doubled", f"There twice: {', '.join(doubled)}.")
        else:
            yield _good("duplicates", "None")
        yield self._enabled(ours)

    def mend(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Our rules' ids and what was done; raises `NoTemplate` when a rule must be made and none can be copied."""
        seen = self._see()
        made: list[str] = []
        ids: dict[str, str] = {}
        for wanted in RULES:
            ours = self._ours(wanted, seen[wanted.kind])
            if not ours:
                ours = [_rule(self._api.post(OPERATION, self._path(wanted), self._new(wanted, seen)))]
                made.append(f"Made the rule “{wanted.name}”.")
            elif change := self._change(wanted, ours[0]):
                self._api.put(OPERATION, f"{self._path(wanted)}/{known_id(str(ours[0]['id']))}", change)
                made.append(f"Mended the rule “{wanted.name}”.")
            ids[wanted.name] = str(ours[0]["id"])
            for other in ours[1:]:
                self._delete(wanted, other)
                made.append(f"Removed the second rule “{wanted.name}”.")
        return ids, tuple(made)

    def remove(self) -> tuple[str, ...]:
        seen = self._see()
        made = []
        for wanted in RULES:
            for row in self._ours(wanted, seen[wanted.kind]):
                self._delete(wanted, row)
                made.append(f"Removed the rule “{row.get('name')}”.")
        return tuple(made)

    def _see(self) -> dict[int, list[Row]]:
        return {kind: list(self._rules(kind)) for kind in (CREATION, UPDATE)}

    def _rules(self, kind: int) -> Iterator[Row]:
        answer = self._api.get(OPERATION, f"/automations/{kind}/rules")
        listed = answer.get("rules") if isinstance(answer, dict) else answer
        if not isinstance(listed, list):
            # Taken for "no rules", our own would be made a second time, or left behind.
            raise _unreadable("the list of rules")
        yield from map(_rule, listed)

    def _ours(self, wanted: Wanted, rows: list[Row]) -> list[Row]:
        """By noted id, or by name and an address of this install; the one to keep first."""
        found = [
            row
            for row in rows
            if str(row.get("id")) in self._noted
            or (
                row.get("name") == wanted.name
                and any(str(each.get("url")).startswith(f"{self._place.app_url}/webhooks/") for each in _calls(row))
            )
        ]
        return sorted(found, key=lambda row: (str(row.get("id")) not in self._noted, not self._has_url(row)))

    def _template(self, seen: Mapping[int, list[Row]]) -> Row:
        rows = [row for listed in seen.values() for row in listed if _calls(row)]
        best = min(rows, key=lambda row: (row.get("name") != TEMPLATE, not self._has_url(row)), default=None)
        if best is None:
            raise NoTemplate("no rule with a webhook action exists yet", vendor="freshdesk", operation=OPERATION)
        return best

    def _new(self, wanted: Wanted, seen: Mapping[int, list[Row]]) -> Row:
        template = self._template(seen)
        action = self._action(wanted, _calls(template)[0])
        conditions = template.get("conditions") if template.get("name") == TEMPLATE else None
        return {
            "name": wanted.name,
            "active": True,
            "conditions": conditions or _every_ticket(template),
            "actions": [action],
            **wanted.more,
        }

    def _action(self, wanted: Wanted, template: Row) -> Row:
        """The template's action with our address, our secret and our content, and nobody else's credentials."""
        action = copy.deepcopy(template)
        for name in ("auth_header", "api_key"):
            action.pop(name, None)
        action |= {"request_type": template.get("request_type") or "POST", "url": self._place.webhook_url}
        action["custom_headers"] = {HEADER: self._secret}
        return _with_content(action, wanted.body())

    def _change(self, wanted: Wanted, row: Row) -> Row:
        """What a rule of ours needs to be right again; empty when it is. Conditions are the admin's."""
        change: Row = {}
        if row.get("active") is False:
            change["active"] = True
        if row.get("name") != wanted.name:
            change["name"] = wanted.name
        if not (self._has_url(row) and self._has_secret(row)):
            calls = _calls(row)
            others = [each for each in row.get("actions") or () if each not in calls]
            change["actions"] = [*others, self._action(wanted, calls[0])] if calls else row.get("actions")
        return {} if not change else {**_whole(row), **change}

    def _has_url(self, row: Row) -> bool:
        return any(each.get("url") == self._place.webhook_url for each in _calls(row))

    def _has_secret(self, row: Row) -> bool:
        return bool(_calls(row)) and all(_header(each) == self._secret for each in _calls(row))

    def _judged(self, check: str, state: str, rows: list[Row], right: Any) -> Finding:
        wrong = [str(row.get("name")) for row in rows if not right(row)]
        if not wrong:
            return _good(check, "Yes")
        return _bad(check, state, f"Not as we made it in {', '.join(wrong)}: its events are lost or refused.")

    def _enabled(self, ours: Mapping[str, list[Row]]) -> Finding:
        problems = []
        for name, rows in ours.items():
            if not rows:
                problems.append(f"“{name}” is missing.")
            elif rows[0].get("active") is False:
                problems.append(f"“{name}” is switched off.")
        state = f"{len(RULES) - len(problems)} of {len(RULES)}"
        return _bad("triggers", state, " ".join(problems)) if problems else _good("triggers", state)

    def _missing(self, seen: Mapping[int, list[Row]]) -> Finding:
        detail = "No rule of ours tells Deskhand of tickets."
        try:
            self._template(seen)
        except NoTemplate:
            return Finding(
                check="webhook",
                health=Health.BAD,
                state="Needs you",
                detail=f"{detail} Freshdesk does not say how such a rule is spelt, so one made by hand is copied.",
                fix=STEPS.replace("{body}", RULES[0].body()).replace("{url}", self._place.app_url),
            )
        return _bad("webhook", "Missing", detail)

    def _path(self, wanted: Wanted) -> str:
        return f"/automations/{wanted.kind}/rules"

    def _delete(self, wanted: Wanted, row: Row) -> None:
        try:
            self._api.delete(OPERATION, f"{self._path(wanted)}/{known_id(str(row['id']))}")
        except NotFound:
            return


def _rule(answer: Any) -> Row:
    """A rule as the API lists it: an object with an id."""
    if not isinstance(answer, dict) or not str(answer.get("id", "")).isdecimal():
        raise _unreadable("a rule")
    return answer


def _unreadable(what: str) -> Unavailable:
    return Unavailable(f"Freshdesk's answer holds {what} that cannot be read", vendor="freshdesk", operation=OPERATION)


def _calls(row: Row) -> list[Row]:
    """The rule's webhook actions: those with an address."""
    return [each for each in row.get("actions") or () if isinstance(each, dict) and each.get("url")]


def _header(action: Row) -> str | None:
    headers = action.get("custom_headers")
    found = headers.items() if isinstance(headers, dict) else ()
    return next((str(value) for name, value in found if name.lower() == SECRET_HEADER), None)


def _with_content(action: Row, body: str) -> Row:
    """Our text wherever the template has its own with placeholders; ticked boxes stay as they are."""

    def replaced(value: Any) -> Any:
        if isinstance(value, str) and "{{" in value:
            return body
        if isinstance(value, dict):
            return {name: replaced(each) for name, each in value.items()}
        return value

    return {name: replaced(value) for name, value in action.items()}


def _every_ticket(template: Row) -> list[Row]:
    """A rule needs a condition: by e-mail or not by e-mail, in the template's spelling of what it looks at."""
    spelt = [
        one
        for group in template.get("conditions") or ()
        if isinstance(group, dict)
        for one in group.get("properties") or ()
        if isinstance(one, dict)
    ]
    kind = str(spelt[0].get("resource_type") or "ticket") if spelt else "ticket"
    by_mail = {"resource_type": kind, "field_name": "source", "value": 1}
    properties = [{**by_mail, "operator": "is"}, {**by_mail, "operator": "is_not"}]
    return [{"name": "condition_set_1", "match_type": "any", "properties": properties}]


def _whole(row: Row) -> Row:
    """What a PUT takes of a rule that was read."""
    kept = ("name", "active", "conditions", "operator", "actions", "performer", "events")
    return {name: row[name] for name in kept if row.get(name) is not None}


def _good(check: str, state: str) -> Finding:
    return Finding(check=check, health=Health.GOOD, state=state, detail="")


def _bad(check: str, state: str, detail: str) -> Finding:
    fix = "Run `deskhand doctor --repair`."
    return Finding(check=check, health=Health.BAD, state=state, detail=detail, fix=fix, repairable=True)
