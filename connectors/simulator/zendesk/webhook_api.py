"""The webhooks endpoints (platform notes 1.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.zendesk import bodies
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.hooks import CONDITIONAL, Hooks, Invocation, Webhook, new_secret
from connectors.simulator.zendesk.paging import base_url, page_of

REQUIRED = ("name", "endpoint", "http_method", "request_format", "status")
EDITABLE = (*REQUIRED, "description", "authentication", "custom_headers")
WORDS = {
    "status": ("active", "inactive"),
    "http_method": ("GET", "POST", "PUT", "PATCH", "DELETE"),
    "request_format": ("json", "xml", "form_encoded"),
}


def show_webhook(hook: Webhook) -> dict[str, Any]:
    """Without its secret, which has its own endpoint."""
    shown = {name: getattr(hook, name) for name in ("id", *REQUIRED, "description", "created_at")}
    authentication = dict(hook.authentication) if hook.authentication else None
    if authentication:
        authentication.pop("data", None)
    return {
        **shown,
        "url": f"{base_url()}/api/v2/webhooks/{hook.id}",
        "subscriptions": list(hook.subscriptions),
        "authentication": authentication,
        "custom_headers": dict(hook.custom_headers),
    }


def read_webhook(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a whole webhook; raises `Invalid` for a missing or strange one, or for mixed subscriptions."""
    problems = {name: f"{name}: cannot be blank" for name in REQUIRED if not asked.get(name)}
    subscriptions = tuple(asked.get("subscriptions") or (CONDITIONAL,))
    if CONDITIONAL in subscriptions and len(subscriptions) > 1:
        problems["subscriptions"] = "subscriptions: a webhook is for triggers or for events, never both"
    if problems:
        raise Invalid(problems)
    return {**read_part(asked), "subscriptions": subscriptions}


def read_part(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a `PATCH` names; subscriptions cannot be changed. Raises `Invalid`."""
    problems = {
        name: f"{name}: {asked[name]} is not one of {', '.join(words)}"
        for name, words in WORDS.items()
        if name in asked and asked[name] not in words
    }
    if not str(asked.get("endpoint", "http://")).startswith(("http://", "https://")):
        problems["endpoint"] = "endpoint: must be an http(s) address"
    if problems:
        raise Invalid(problems)
    empty = {"description": "", "custom_headers": {}}
    return {name: empty.get(name) if asked[name] is None else asked[name] for name in EDITABLE if name in asked}


def register(api: Blueprint, hooks: Hooks) -> None:
    """Add the routes to the API."""

    def found(webhook_id: str) -> Webhook:
        if webhook_id not in hooks.webhooks:
            raise not_found()
        return hooks.webhooks[webhook_id]

    def asked() -> dict[str, Any]:
        return bodies.part(request.get_json(silent=True), "webhook")

    @api.get("/webhooks")
    def webhooks() -> ResponseReturnValue:
        part, status = request.args.get("filter[name_contains]", "").lower(), request.args.get("filter[status]")
        rows = [hook for hook in list(hooks.webhooks.values()) if part in hook.name.lower()]
        return page_of("webhooks", [hook for hook in rows if status in (None, hook.status)], show_webhook)

    @api.post("/webhooks")
    def create_webhook() -> ResponseReturnValue:
        """Another one with the same name and endpoint is as welcome as the first."""
        return {"webhook": show_webhook(hooks.new_webhook(**read_webhook(asked())))}, 201

    @api.get("/webhooks/<webhook_id>")
    def webhook(webhook_id: str) -> ResponseReturnValue:
        return {"webhook": show_webhook(found(webhook_id))}

    @api.put("/webhooks/<webhook_id>")
    def replace_webhook(webhook_id: str) -> ResponseReturnValue:
        """The whole webhook: what is not sent goes back to its default."""
        before = found(webhook_id)
        values = read_webhook({"subscriptions": before.subscriptions, **asked()})
        if values["subscriptions"] != before.subscriptions:
            raise Invalid({"subscriptions": "subscriptions: cannot be changed"})
        defaults: dict[str, Any] = {"description": "", "authentication": None, "custom_headers": {}}
        hooks.webhooks[webhook_id] = replace(before, **{**defaults, **values})
        return "", 204

    @api.patch("/webhooks/<webhook_id>")
    def update_webhook(webhook_id: str) -> ResponseReturnValue:
        hooks.webhooks[webhook_id] = replace(found(webhook_id), **read_part(asked()))
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
        """Sends the request's payload, signed, to the webhook's endpoint or the one given; it is logged as usual.

        Unlike the vendor's it does not wait for the receiver: its answer is in the invocations.
        """
        hook = found(request.args.get("webhook_id", ""))
        body = request.get_json(silent=True)
        given = bodies.part(body, "request") if isinstance(body, dict) and "request" in body else {}
        payload = given.get("payload", "{}")
        text = payload if isinstance(payload, str) else json.dumps(payload)
        aimed = replace(hook, **read_part({name: given[name] for name in given if name in EDITABLE}))
        return {"invocation_id": hooks.send(aimed, text.encode())}

    @api.get("/webhooks/<webhook_id>/invocations")
    def invocations(webhook_id: str) -> ResponseReturnValue:
        found(webhook_id)
        status = request.args.get("filter[status]")
        rows = [one for one in list(hooks.invocations.values()) if one.webhook_id == webhook_id]
        return page_of("invocations", [one for one in rows[::-1] if status in (None, one.status)], show_invocation)

    @api.get("/webhooks/<webhook_id>/invocations/<invocation_id>/attempts")
    def attempts(webhook_id: str, invocation_id: str) -> ResponseReturnValue:
        invocation = hooks.invocations.get(invocation_id)
        if invocation is None or invocation.webhook_id != webhook_id:
            raise not_found()
        return page_of("attempts", list(invocation.attempts), dict)


def show_invocation(invocation: Invocation) -> dict[str, Any]:
    last = invocation.attempts[-1] if invocation.attempts else {}
    return {
        "id": invocation.id,
        "webhook_id": invocation.webhook_id,
        "status": invocation.status,
        "status_code": last.get("status_code"),
        "latest_completed_at": last.get("completed_at"),
    }
