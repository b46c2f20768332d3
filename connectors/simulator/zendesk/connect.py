"""What an admin's onboarding does in one call: webhook, triggers or subscriptions, field options, credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.simulator.records import Option
from connectors.simulator.seed import TICKET_FIELDS
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk.auth import TokenStore
from connectors.simulator.zendesk.events import PREFIX
from connectors.simulator.zendesk.hooks import CONDITIONAL, Hooks, Webhook
from connectors.simulator.zendesk.sidebar import SidebarApp

MARKER_TAG = "deskhand_triaged"
SUBSCRIBED = (
    "created",
    "status_changed",
    "priority_changed",
    "group_assignment_changed",
    "tags_changed",
    "custom_field_changed",
    "comment_added",
)


def connect(
    asked: Mapping[str, Any], state: HelpdeskState, hooks: Hooks, tokens: TokenStore, app: SidebarApp, base: str
) -> dict[str, Any]:
    """Install for `webhook_url` and say everything the app must know. Safe to repeat: same URL, same webhook.

    `style` is "trigger" (default) or "events"; `bearer` adds a bearer token to each delivery; `fields` names
    the options of our drop-downs: `{"category": ["billing", …], "product_area": […]}`. Raises `ValueError`.
    """
    url, style = asked.get("webhook_url"), asked.get("style", "trigger")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError("webhook_url must be an http(s) address")
    if style not in ("trigger", "events"):
        raise ValueError('style must be "trigger" or "events"')
    by_title = {field.title: field for field in state.ticket_fields.values()}
    fields = {key: by_title[title] for key, title in TICKET_FIELDS.items() if title in by_title}
    for key, values in (asked.get("fields") or {}).items():
        if key not in fields:
            raise ValueError(f"no field {key!r}; there are: {', '.join(fields)}")
        options = tuple(Option(name=str(v).replace("_", " ").capitalize(), value=str(v)) for v in values)
        fields[key] = state.put(state.ticket_fields, replace(fields[key], options=options))
    if isinstance(asked.get("sidebar_url"), str):
        app.sidebar_url = asked["sidebar_url"]
    hook = _webhook(hooks, url, style, asked.get("bearer"))
    return {
        "base_url": base,
        "subdomain": base.partition("://")[2],
        "account_id": str(state.account_id),
        "webhook_id": hook.id,
        "signing_secret": hook.secret,
        "integration_user_id": str(state.integration_user_id),
        "oauth_token": tokens.issue(state.integration_user_id).access,
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "groups": {group.name: str(group.id) for group in state.groups.values()},
        "fields": {key: str(field.id) for key, field in fields.items()},
        "app_id": str(app.app_id),
        "installation_id": str(app.installation_id),
    }


def _webhook(hooks: Hooks, url: str, style: str, bearer: Any) -> Webhook:
    authentication = None
    if bearer:
        authentication = {"type": "bearer_token", "data": {"token": str(bearer)}, "add_position": "header"}
    subscriptions = (CONDITIONAL,) if style == "trigger" else tuple(PREFIX + name for name in SUBSCRIBED)
    for hook in hooks.webhooks.values():
        if hook.endpoint == url and hook.subscriptions == subscriptions:
            hooks.webhooks[hook.id] = replace(hook, authentication=authentication)
            return hooks.webhooks[hook.id]
    hook = hooks.new_webhook(name="Deskhand", endpoint=url, subscriptions=subscriptions, authentication=authentication)
    if style == "trigger":
        guard = {"field": "current_tags", "operator": "not_includes", "value": MARKER_TAG}
        _trigger(hooks, hook, "Deskhand: new ticket", "Create", "created", guard)
        # No guard on purpose: our own writes fire it, and the product must recognise its echo.
        _trigger(hooks, hook, "Deskhand: ticket changed", "Change", "updated")
    return hook


def _trigger(hooks: Hooks, hook: Webhook, title: str, update_type: str, event: str, *more: Mapping[str, Any]) -> None:
    body = '{"ticket_id":"{{ticket.id}}","event":"' + event + '","actor_id":"{{current_user.id}}"}'
    conditions = [{"field": "update_type", "operator": "is", "value": update_type}, *more]
    hooks.new_trigger(
        title=title,
        conditions={"all": conditions, "any": []},
        actions=[{"field": "notification_webhook", "value": [hook.id, body]}],
    )
