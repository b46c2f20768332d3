"""The webhooks and triggers endpoints (platform notes 1.7, 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, rules, wire
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.hooks import CONDITIONAL, Hooks, Invocation, Webhook, new_secret
from connectors.simulator.zendesk.paging import base_url, page_of
from connectors.simulator.zendesk.rules import Trigger

REQUIRED = ("name", "endpoint", "http_method", "request_format", "status")
EDITABLE = (*REQUIRED, "description", "authentication", "custom_headers")


def show_webhook(hook: Webhook) -> dict[str, Any]:
    """Without its secret, which has its own endpoint."""
    shown = {name: getattr(hook, name) for name in ("id", *REQUIRED, "description", "created_at")}
    authentication = dict(hook.authentication) if hook.authentication else None
    if authentication:
        authentication.pop("data", None)
    return {
        **shown,
        "subscriptions": list(hook.subscriptions),
        "authentication": authentication,
        "custom_headers": dict(hook.custom_headers),
    }


def read_webhook(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a webhook to create; raises `Invalid` for a missing one or for mixed subscriptions."""
    problems = {name: f"{name}: cannot be blank" for name in REQUIRED if not asked.get(name)}
    subscriptions = tuple(asked.get("subscriptions") or (CONDITIONAL,))
    if CONDITIONAL in subscriptions and len(subscriptions) > 1:
        problems["subscriptions"] = "subscriptions: a webhook is for triggers or for events, never both"
    if problems:
        raise Invalid(problems)
    return {**{name: asked[name] for name in EDITABLE if asked.get(name) is not None}, "subscriptions": subscriptions}


def read_trigger(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a trigger; raises `Invalid` for a condition field that is not spoken here."""
    conditions = asked.get("conditions") or {"all": [], "any": []}
    unknown = [
        str(one.get("field"))
        for one in (*(conditions.get("all") or ()), *(conditions.get("any") or ()))
        if not rules.known_field(str(one.get("field")))
    ]
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

    def found(webhook_id: str) -> Webhook:
        if webhook_id not in hooks.webhooks:
            raise not_found()
        return hooks.webhooks[webhook_id]

    def shown_trigger(trigger: Trigger) -> dict[str, Any]:
        names = (
            "id",
            "title",
            "active",
            "conditions",
            "actions",
            "category_id",
            "description",
            "created_at",
            "updated_at",
        )
        values = {name: getattr(trigger, name) for name in names}
        return {**values, "url": f"{base_url()}/api/v2/triggers/{trigger.id}.json", "position": trigger.id}

    def found_trigger(trigger_id: int) -> Trigger:
        if trigger_id not in hooks.triggers:
            raise not_found()
        return hooks.triggers[trigger_id]

    @api.get("/webhooks")
    def webhooks() -> ResponseReturnValue:
        part = request.args.get("filter[name_contains]", "").lower()
        rows = [hook for hook in hooks.webhooks.values() if part in hook.name.lower()]
        return page_of("webhooks", rows, show_webhook)

    @api.post("/webhooks")
    def create_webhook() -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "webhook")
        return {"webhook": show_webhook(hooks.new_webhook(**read_webhook(asked)))}, 201

    @api.get("/webhooks/<webhook_id>")
    def webhook(webhook_id: str) -> ResponseReturnValue:
        return {"webhook": show_webhook(found(webhook_id))}

    @api.route("/webhooks/<webhook_id>", methods=["PUT", "PATCH"])
    def update_webhook(webhook_id: str) -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "webhook")
        values = {name: asked[name] for name in EDITABLE if name in asked}
        hooks.webhooks[webhook_id] = replace(found(webhook_id), **values)
        return "", 204

    @api.delete("/webhooks/<webhook_id>")
    def delete_webhook(webhook_id: str) -> ResponseReturnValue:
        hooks.webhooks.pop(found(webhook_id).id)
        return "", 204

    @api.route("/webhooks/<webhook_id>/signing_secret", methods=["GET", "POST"])
    def signing_secret(webhook_id: str) -> ResponseReturnValue:
        hook = found(webhook_id)
        if request.method == "POST":
            hook = hooks.webhooks[webhook_id] = replace(hook, secret=new_secret())
        return {"signing_secret": {"algorithm": "SHA256", "secret": hook.secret}}

    @api.post("/webhooks/test")
    def test_webhook() -> ResponseReturnValue:
        hook = found(request.args.get("webhook_id", ""))
        payload = str(((request.get_json(silent=True) or {}).get("request") or {}).get("payload") or "{}")
        return {"invocation_id": hooks.send(hook, payload.encode())}

    @api.get("/webhooks/<webhook_id>/invocations")
    def invocations(webhook_id: str) -> ResponseReturnValue:
        found(webhook_id)
        rows = [one for one in list(hooks.invocations.values()) if one.webhook_id == webhook_id]
        return page_of("invocations", rows[::-1], show_invocation)

    @api.get("/webhooks/<webhook_id>/invocations/<invocation_id>/attempts")
    def attempts(webhook_id: str, invocation_id: str) -> ResponseReturnValue:
        invocation = hooks.invocations.get(invocation_id)
        if invocation is None or invocation.webhook_id != webhook_id:
            raise not_found()
        return page_of("attempts", list(invocation.attempts), dict)

    @api.get("/triggers")
    @api.get("/triggers/active", endpoint="active_triggers")
    def triggers() -> ResponseReturnValue:
        only_active = request.path.endswith("/active")
        rows = [one for one in hooks.triggers.values() if one.active or not only_active]
        return page_of("triggers", rows, shown_trigger)

    @api.post("/triggers")
    def create_trigger() -> ResponseReturnValue:
        values = read_trigger(bodies.part(request.get_json(silent=True), "trigger"))
        at = wire.stamp(state.now())
        trigger = Trigger(id=state.next_id(), created_at=at, updated_at=at, **values)
        hooks.triggers[trigger.id] = trigger
        return {"trigger": shown_trigger(trigger)}, 201

    @api.get("/triggers/<int:trigger_id>")
    def trigger(trigger_id: int) -> ResponseReturnValue:
        return {"trigger": shown_trigger(found_trigger(trigger_id))}

    @api.put("/triggers/<int:trigger_id>")
    def update_trigger(trigger_id: int) -> ResponseReturnValue:
        before = found_trigger(trigger_id)
        asked = bodies.part(request.get_json(silent=True), "trigger")
        values = read_trigger({**shown_trigger(before), **asked})
        hooks.triggers[trigger_id] = replace(before, updated_at=wire.stamp(state.now()), **values)
        return {"trigger": shown_trigger(hooks.triggers[trigger_id])}

    @api.delete("/triggers/<int:trigger_id>")
    def delete_trigger(trigger_id: int) -> ResponseReturnValue:
        hooks.triggers.pop(found_trigger(trigger_id).id)
        return "", 204


def show_invocation(invocation: Invocation) -> dict[str, Any]:
    last = invocation.attempts[-1] if invocation.attempts else {}
    return {
        "id": invocation.id,
        "webhook_id": invocation.webhook_id,
        "status": invocation.status,
        "status_code": last.get("status_code"),
        "latest_completed_at": last.get("completed_at"),
    }
