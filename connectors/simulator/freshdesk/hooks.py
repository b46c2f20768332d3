"""The dispatcher: ticket events become webhooks of rules and events of the installed app (platform notes 1.1, 1.6).

Simplified: rules above the account's rate wait until there is room (and are dropped after a day of that) one by one,
not in the vendor's windows; hourly rules are kept and never run; actions other than webhooks change nothing.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from connectors.simulator.delivery import Delivery, DeliveryPool, Outcome
from connectors.simulator.freshdesk import app_events, rules
from connectors.simulator.freshdesk.app_events import Installation
from connectors.simulator.freshdesk.automations import Automations, is_webhook
from connectors.simulator.freshdesk.limits import RateLimits
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Event
from connectors.simulator.state import HelpdeskState

RETRY_MINUTES = (5, 30, 60)
LONGEST_DEFERRAL_MIN = 24 * 60
APP = "app"
APP_ATTEMPTS = 3
KEPT_OUTCOMES = 20_000
ABOUT_CONTENT = ("content_layout", "content_type")


class Hooks:
    """Everything that is called when a ticket changes; `app_retry_delay_s` is the app platform's pause."""

    def __init__(
        self,
        state: HelpdeskState,
        faults: FaultSource,
        automations: Automations,
        limits: RateLimits,
        *,
        timeout_s: float,
        app_retry_delay_s: float,
    ) -> None:
        self._state = state
        self._faults = faults
        self._automations = automations
        self._limits = limits
        self._app_retry_delay_s = app_retry_delay_s
        self._lock = threading.Lock()
        self._held: list[Delivery] = []
        self._deferred: dict[str, float] = {}
        self.app: Installation | None = None
        self.base = ""
        self.outcomes: OrderedDict[str, str] = OrderedDict()
        self.pool = DeliveryPool(self._retry, self._report, faults, timeout_s=timeout_s, gate=self._gate)
        state.subscribe(self.on_event)

    def on_event(self, event: Event) -> None:
        """Run every rule that fits, in order, our own writes included; then the app, when it is installed."""
        actor = self._state.users.get(event.audit.author_id)
        for rule in list(self._automations.rules.values()):
            told = rules.triggered_by(rule, event, actor, self._state)
            if told is None:
                continue
            for action in filter(is_webhook, rule.asked["actions"]):
                self._call(rule.id, action, event, told)
        if self.app is not None:
            for body in app_events.bodies(event, self._state):
                headers = app_events.headers(self.app, body, self._state)
                self._send(APP, "POST", self.app.url, headers, body, event.after.id)

    def release(self) -> int:
        """Deliver what was held; returns how many."""
        with self._lock:
            held, self._held = self._held, []
        for delivery in held:
            self.pool.add(delivery)
        return len(held)

    def _call(self, rule_id: int, action: Mapping[str, Any], event: Event, told: str) -> None:
        values = rules.placeholders(event.after, told, self._state, self.base)
        content = action.get("content")
        kind = str(content.get("content_type") or "") if isinstance(content, dict) else ""
        body = _body_of(content, values)
        headers = {"Content-Type": kind if "/" in kind else "application/json", **_authorization(action)}
        custom = action.get("custom_headers")
        headers |= {str(name): str(value) for name, value in custom.items()} if isinstance(custom, dict) else {}
        url = rules.render(str(action["url"]), values, as_json=False)
        self._send(str(rule_id), str(action["request_type"]).upper(), url, headers, body.encode(), event.after.id)

    def _send(
        self, hook_id: str, method: str, url: str, headers: Mapping[str, str], body: bytes, ticket_id: int
    ) -> None:
        knobs = self._faults.knobs
        if knobs.webhook_off:
            return
        for _ in range(self._faults.copies()):
            delivery = Delivery(
                id=uuid.uuid4().hex,
                hook_id=hook_id,
                method=method,
                url=url,
                headers=headers,
                body=body,
                ticket_id=ticket_id,
            )
            self._note(delivery, "pending")
            with self._lock:
                if knobs.webhook_hold:
                    self._held.append(delivery)
                    continue
            self.pool.add(delivery)

    def _gate(self, delivery: Delivery) -> float | None:
        """A rule's webhook is a call of the account too; one that finds no room for a day is thrown away."""
        if delivery.hook_id == APP:
            return 0.0
        knobs = self._faults.knobs
        wait_s = self._limits.wait("requests", knobs.requests_per_minute)
        with self._lock:
            if wait_s <= 0:
                self._deferred.pop(delivery.id, None)
                return 0.0
            since = self._deferred.setdefault(delivery.id, time.monotonic())
            if time.monotonic() - since > LONGEST_DEFERRAL_MIN * knobs.minute_s:
                del self._deferred[delivery.id]
                wait_s = -1.0
        if wait_s < 0:
            self._note(delivery, "discarded")
            return None
        self._note(delivery, "deferred")
        return wait_s

    def _retry(self, outcome: Outcome) -> float | None:
        """After 5, 30 and 60 minutes for a rule's webhook; the app's forwarder tries three times."""
        attempt = outcome.delivery.attempt
        if outcome.delivery.hook_id == APP:
            return self._app_retry_delay_s if attempt < APP_ATTEMPTS else None
        if attempt > len(RETRY_MINUTES):
            return None
        return RETRY_MINUTES[attempt - 1] * self._faults.knobs.minute_s

    def _report(self, outcome: Outcome) -> None:
        self._note(outcome.delivery, "success" if outcome.ok else "failed")

    def _note(self, delivery: Delivery, status: str) -> None:
        with self._lock:
            self.outcomes[delivery.id] = status
            while len(self.outcomes) > KEPT_OUTCOMES:
                self.outcomes.popitem(last=False)


def _body_of(content: Any, values: Any) -> str:
    """Advanced content is a text with placeholders, simple content a list of their names."""
    if isinstance(content, str):
        return rules.render(content, values, as_json=True)
    parts = content.items() if isinstance(content, dict) else ()
    for name, value in parts:
        if name in ABOUT_CONTENT:
            continue
        if isinstance(value, list):
            return rules.simple([str(one) for one in value], values)
        if isinstance(value, dict):
            return rules.render(json.dumps(value), values, as_json=True)
        if isinstance(value, str):
            return rules.render(value, values, as_json=True)
    return ""


def _authorization(action: Mapping[str, Any]) -> dict[str, str]:
    pair = action.get("auth_header")
    if isinstance(pair, dict) and pair.get("username"):
        text = f"{pair['username']}:{pair.get('password', '')}"
    elif action.get("api_key"):
        text = f"{action['api_key']}:X"
    else:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
