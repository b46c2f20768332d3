"""Automation rules: kept as an admin sends them, secrets readable, checked as the API does (platform notes 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk.checks import check, missing, only_admins, read_body, unknown_field
from connectors.simulator.freshdesk.errors import FieldError, invalid, not_found
from connectors.simulator.freshdesk.paging import USUAL, whole_number
from connectors.simulator.freshdesk.rules import CREATION, HOURLY, UPDATE, Rule, known_condition, known_event
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.state import HelpdeskState

# The literal is undocumented: this one is ours, and whoever wants one must copy it from a rule that is there.
WEBHOOK = "trigger_webhook"
RULE_KEYS = {
    **dict.fromkeys(("events", "conditions", "actions"), "objects"),
    **dict.fromkeys(("name", "operator"), "text"),
    "position": "number",
    "active": "flag",
    "performer": "object",
}
REQUEST_TYPES = ("GET", "POST", "PUT", "PATCH", "DELETE")
SHOWN_EMPTY: Mapping[str, Any] = {"outdated": False, "summary": {}, "affected_tickets_count": None}


def is_webhook(action: Mapping[str, Any]) -> bool:
    return action.get("field_name") == WEBHOOK


class Automations:
    """The account's rules in the order in which they run."""

    def __init__(self, state: HelpdeskState) -> None:
        self._state = state
        self.rules: dict[int, Rule] = {}

    def of(self, type_id: int) -> list[Rule]:
        return [rule for rule in list(self.rules.values()) if rule.type_id == type_id]

    def webhooks(self) -> list[Mapping[str, Any]]:
        return [one for rule in list(self.rules.values()) for one in rule.asked["actions"] if is_webhook(one)]

    def create(self, type_id: int, asked: Mapping[str, Any], user_id: int) -> Rule:
        """A new rule, last in its list; raises the 400 answer."""
        self._check(type_id, asked)
        at = stamp(self._state.second()) or ""
        rule = Rule(
            id=self._state.next_id(), type_id=type_id, asked=dict(asked), created_at=at, updated_at=at,
            last_updated_by=user_id,
        )  # fmt: skip
        self.rules[rule.id] = rule
        return rule

    def update(self, rule: Rule, asked: Mapping[str, Any], user_id: int) -> Rule:
        whole = {**rule.asked, **asked}
        self._check(rule.type_id, whole)
        at = stamp(self._state.second()) or ""
        self.rules[rule.id] = replace(rule, asked=whole, updated_at=at, last_updated_by=user_id)
        return self.rules[rule.id]

    def show(self, rule: Rule) -> dict[str, Any]:
        return {
            "position": self.of(rule.type_id).index(rule) + 1,
            "active": True,
            **rule.asked,
            **SHOWN_EMPTY,
            "automation_type_id": rule.type_id,
            "last_updated_by": rule.last_updated_by,
            "id": rule.id,
            "created_at": rule.created_at,
            "updated_at": rule.updated_at,
        }

    def _check(self, type_id: int, asked: Mapping[str, Any]) -> None:
        """A rule with no condition cannot be saved; one for updates also names who and what."""
        required = ["name", "conditions", "actions", *(("performer", "events") if type_id == UPDATE else ())]
        check(asked, RULE_KEYS, required=required)
        errors: list[FieldError] = []
        for group in asked["conditions"]:
            properties = group.get("properties")
            if not isinstance(properties, list) or not properties:
                errors.append(missing("properties"))
                continue
            errors += [
                unknown_field(str(one.get("field_name")))
                for one in properties
                if not known_condition(str(one.get("field_name")), self._state)
            ]
        for one in asked.get("events") or ():
            if not known_event(str(one.get("field_name")), self._state):
                errors.append(unknown_field(str(one.get("field_name"))))
        for action in asked["actions"]:
            errors += _action_errors(action)
        if errors:
            raise invalid(*errors)


def _action_errors(action: Mapping[str, Any]) -> list[FieldError]:
    if not action.get("field_name"):
        return [missing("field_name")]
    if not is_webhook(action):
        return []
    errors = []
    if not str(action.get("url", "")).startswith(("http://", "https://")):
        errors.append(FieldError("url", "It should be a valid URL"))
    if str(action.get("request_type", "")).upper() not in REQUEST_TYPES:
        errors.append(FieldError("request_type", f"It should be one of these values: '{','.join(REQUEST_TYPES)}'"))
    return errors


def register(api: Blueprint, automations: Automations) -> None:
    """Add the routes to the API."""

    def kind(type_id: int) -> int:
        only_admins(g.user)
        if type_id not in (CREATION, HOURLY, UPDATE):
            raise not_found()
        return type_id

    def found(type_id: int, rule_id: int) -> Rule:
        rule = automations.rules.get(rule_id)
        if rule is None or rule.type_id != kind(type_id):
            raise not_found()
        return rule

    def with_counts(rule: Rule) -> dict[str, Any]:
        rows = automations.of(rule.type_id)
        counts = {"total_active_count": sum(one.active for one in rows), "total_count": len(rows)}
        return {**automations.show(rule), "meta": counts}

    @api.get("/automations/<int:type_id>/rules")
    def rules(type_id: int) -> ResponseReturnValue:
        rows = automations.of(kind(type_id))
        size, page = whole_number("per_page", USUAL, most=100), whole_number("page", 1)
        shown = [automations.show(one) for one in rows[(page - 1) * size : page * size]]
        return {"rules": shown, "meta": {"count": len(rows), "cascading_rules": True}}

    @api.post("/automations/<int:type_id>/rules")
    def create_rule(type_id: int) -> ResponseReturnValue:
        return with_counts(automations.create(kind(type_id), read_body(RULE_KEYS), g.user.id)), 201

    @api.get("/automations/<int:type_id>/rules/<int:rule_id>")
    def rule(type_id: int, rule_id: int) -> ResponseReturnValue:
        return automations.show(found(type_id, rule_id))

    @api.put("/automations/<int:type_id>/rules/<int:rule_id>")
    def update_rule(type_id: int, rule_id: int) -> ResponseReturnValue:
        return with_counts(automations.update(found(type_id, rule_id), read_body(RULE_KEYS), g.user.id))

    @api.delete("/automations/<int:type_id>/rules/<int:rule_id>")
    def delete_rule(type_id: int, rule_id: int) -> ResponseReturnValue:
        automations.rules.pop(found(type_id, rule_id).id)
        return "", 204
