"""What an admin's onboarding does: the rule made by hand, and in one call everything that an installer would."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.simulator.freshdesk import codes
from connectors.simulator.freshdesk.app_events import Installation
from connectors.simulator.freshdesk.automations import WEBHOOK, Automations, is_webhook
from connectors.simulator.freshdesk.hooks import Hooks
from connectors.simulator.freshdesk.keys import KeyStore
from connectors.simulator.freshdesk.rules import ANY, CREATION, EITHER, UPDATE
from connectors.simulator.records import Option
from connectors.simulator.seed import TICKET_FIELDS
from connectors.simulator.state import HelpdeskState

SECRET_HEADER = "X-Webhook-Token"  # noqa: S105
STYLES = ("trigger", "app")
NAMES = {CREATION: "Deskhand: new ticket", UPDATE: "Deskhand: ticket changed"}
# A rule needs a condition; this one holds for every ticket.
EVERY_TICKET = [
    {
        "name": "condition_set_1",
        "match_type": "any",
        "properties": [
            {"resource_type": "ticket", "field_name": "source", "operator": operator, "value": 1}
            for operator in ("is", "is_not")
        ],
    }
]
# The general one last: {{triggered_event}} names the first that fits.
EVENTS = [
    *({"field_name": name, "from": ANY, "to": ANY} for name in ("status", "priority", "group_id", "responder_id")),
    {"field_name": "ticket_type", "from": ANY, "to": ANY},
    {"field_name": "note_type", "value": ANY},
    {"field_name": "reply_sent", "value": "sent"},
    {"field_name": "ticket_action", "value": "delete"},
    {"field_name": "ticket_action", "value": "update"},
]


TEMPLATE = "Deskhand template"


def make_template(automations: Automations, user_id: int) -> None:
    """The rule that an admin makes once and by hand, from which others are copied; it is switched off."""
    body = json.dumps({"ticket_id": "{{ticket.id}}", "triggered_event": "{{triggered_event}}"})
    action = {
        "field_name": WEBHOOK,
        "request_type": "POST",
        "url": "https://deskhand.example/webhooks",
        "content": {"content_layout": "advanced", "content_type": "application/json", "body": body},
    }
    asked = {"name": TEMPLATE, "active": False, "conditions": EVERY_TICKET, "actions": [action]}
    automations.create(CREATION, asked, user_id)


def connect(
    asked: Mapping[str, Any], state: HelpdeskState, automations: Automations, hooks: Hooks, keys: KeyStore, base: str
) -> dict[str, Any]:
    """Install for `webhook_url` and say everything the app must know. Safe to repeat: same URL, same secret.

    `style` is "trigger" (default: two automation rules) or "app" (signed events); `secret` is made up when it is not
    given; `fields` names the choices of our drop-downs: `{"category": ["billing", …], "product_area": […]}`.
    Raises `ValueError`.
    """
    url, style = asked.get("webhook_url"), asked.get("style", STYLES[0])
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError("webhook_url must be an http(s) address")
    if style not in STYLES:
        raise ValueError(f"style must be one of {', '.join(STYLES)}")
    by_title = {field.title: field for field in state.ticket_fields.values()}
    fields = {key: by_title[title] for key, title in TICKET_FIELDS.items() if title in by_title}
    for key, values in (asked.get("fields") or {}).items():
        if key not in fields:
            raise ValueError(f"no field {key!r}; there are: {', '.join(fields)}")
        options = tuple(Option(name=str(value), value=str(value)) for value in values)
        fields[key] = state.put(state.ticket_fields, replace(fields[key], options=options))
    hooks.base = base
    secret = str(asked.get("secret") or _known_secret(automations, hooks, url) or secrets.token_urlsafe(32))
    if style == "app":
        hooks.app = Installation(url=url, secret=secret)
    else:
        _install_rules(automations, url, secret, state.integration_user_id)
    key = keys.key_of(state.integration_user_id)
    return {
        "base_url": base,
        "account_id": str(state.account_id),
        "signing_secret": secret,
        "integration_user_id": str(state.integration_user_id),
        "oauth_token": f"{key}:X",
        "groups": {group.name: str(group.id) for group in state.groups.values()},
        "fields": {name: codes.field_name(field) for name, field in fields.items()},
        "app_id": "",
        "installation_id": "",
    }


def _known_secret(automations: Automations, hooks: Hooks, url: str) -> str | None:
    if hooks.app is not None and hooks.app.url == url:
        return hooks.app.secret
    for action in automations.webhooks():
        if action.get("url") == url and isinstance(action.get("custom_headers"), dict):
            return str(action["custom_headers"].get(SECRET_HEADER) or "") or None
    return None


def _install_rules(automations: Automations, url: str, secret: str, user_id: int) -> None:
    """One rule for new tickets, one for changed ones; those that call this address already are replaced."""
    for rule in list(automations.rules.values()):
        if any(is_webhook(action) and action.get("url") == url for action in rule.asked["actions"]):
            del automations.rules[rule.id]
    for type_id, name in NAMES.items():
        body = {"v": "1", "rule": name, "ticket_id": "{{ticket.id}}", "triggered_event": "{{triggered_event}}"}
        action = {
            "field_name": WEBHOOK,
            "request_type": "POST",
            "url": url,
            "custom_headers": {SECRET_HEADER: secret},
            "content": {"content_layout": "advanced", "content_type": "application/json", "body": json.dumps(body)},
        }
        # No guard on purpose: our own writes fire it, and the product must recognise its echo.
        more = {"performer": {"type": EITHER}, "events": EVENTS} if type_id == UPDATE else {}
        asked = {"name": name, "active": True, "conditions": EVERY_TICKET, "actions": [action], **more}
        automations.create(type_id, asked, user_id)
