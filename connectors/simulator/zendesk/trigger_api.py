"""The triggers endpoints (platform notes 1.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, rules, wire
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.hooks import Hooks
from connectors.simulator.zendesk.paging import base_url, page_of
from connectors.simulator.zendesk.rules import Trigger

SHOWN = (
    *("id", "title", "active", "conditions", "actions", "category_id", "description"),
    *("created_at", "updated_at"),
)


def show_trigger(trigger: Trigger) -> dict[str, Any]:
    return {
        **{name: getattr(trigger, name) for name in SHOWN},
        "url": f"{base_url()}/api/v2/triggers/{trigger.id}.json",
        "raw_title": trigger.title,
        "position": trigger.id,
        "default": False,
    }


def read_trigger(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a trigger; raises `Invalid` for a condition field that is not spoken here."""
    given = asked.get("conditions") or {}
    conditions = {name: list(given.get(name) or ()) for name in ("all", "any")}
    named = [str(one.get("field")) for one in (*conditions["all"], *conditions["any"])]
    unknown = [name for name in named if not rules.known_field(name)]
    if unknown or not asked.get("title") or not asked.get("actions"):
        raise Invalid({"base": f"Trigger needs a title, actions and known fields; unknown: {unknown}"})
    return {
        "title": asked["title"],
        "conditions": conditions,
        "actions": list(asked["actions"]),
        "active": bool(asked.get("active", True)),
        "category_id": asked.get("category_id"),
        "description": asked.get("description") or "",
    }


def register(api: Blueprint, hooks: Hooks, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    def found(trigger_id: int) -> Trigger:
        if trigger_id not in hooks.triggers:
            raise not_found()
        return hooks.triggers[trigger_id]

    def listed(fits: Callable[[Trigger], bool]) -> dict[str, Any]:
        return page_of("triggers", [one for one in list(hooks.triggers.values()) if fits(one)], show_trigger)

    @api.get("/triggers")
    def triggers() -> ResponseReturnValue:
        wanted = request.args.get("active")
        return listed(lambda one: wanted is None or one.active == (wanted == "true"))

    @api.get("/triggers/active")
    def active_triggers() -> ResponseReturnValue:
        return listed(lambda one: one.active)

    @api.get("/triggers/search")
    def search_triggers() -> ResponseReturnValue:
        """By words of the title; `filter[…]` is not spoken here."""
        words = request.args.get("query", "").lower().split()
        return listed(lambda one: all(word in one.title.lower() for word in words))

    @api.post("/triggers")
    def create_trigger() -> ResponseReturnValue:
        values = read_trigger(bodies.part(request.get_json(silent=True), "trigger"))
        return {"trigger": show_trigger(hooks.new_trigger(**values))}, 201

    @api.get("/triggers/<int:trigger_id>")
    def trigger(trigger_id: int) -> ResponseReturnValue:
        return {"trigger": show_trigger(found(trigger_id))}

    @api.put("/triggers/<int:trigger_id>")
    def update_trigger(trigger_id: int) -> ResponseReturnValue:
        """What is not sent stays; conditions and actions are replaced as a whole."""
        before = found(trigger_id)
        asked = bodies.part(request.get_json(silent=True), "trigger")
        values = read_trigger({**show_trigger(before), **asked})
        hooks.triggers[trigger_id] = replace(before, updated_at=wire.stamp(state.now()), **values)
        return {"trigger": show_trigger(hooks.triggers[trigger_id])}

    @api.delete("/triggers/<int:trigger_id>")
    def delete_trigger(trigger_id: int) -> ResponseReturnValue:
        hooks.triggers.pop(found(trigger_id).id)
        return "", 204
