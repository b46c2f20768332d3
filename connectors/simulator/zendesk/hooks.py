"""Webhooks and triggers: the registry, and the dispatcher that turns ticket events into signed deliveries."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.delivery import Delivery, DeliveryPool, Outcome
from connectors.simulator.knobs import FaultSource
from connectors.simulator.records import Event
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import events, rules, wire
from connectors.simulator.zendesk.delivery_rules import TIMEOUT_S, CircuitBreaker, retry_rule, sign
from connectors.simulator.zendesk.rules import Trigger

CONDITIONAL = "conditional_ticket_events"
KEPT_INVOCATIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    id: str
    name: str
    endpoint: str
    secret: str
    created_at: str
    http_method: str = "POST"
    request_format: str = "json"
    status: str = "active"
    subscriptions: tuple[str, ...] = (CONDITIONAL,)
    description: str = ""
    authentication: Mapping[str, Any] | None = None
    custom_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One webhook call with its attempts, as the activity log shows it."""

    id: str
    webhook_id: str
    status: str = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Hooks:
    """Everything that is called when a ticket changes. `retry_delay_s` is the wait after a 409 or a time-out."""

    def __init__(
        self, state: HelpdeskState, faults: FaultSource, *, timeout_s: float = TIMEOUT_S, retry_delay_s: float = 1.0
    ) -> None:
        self._state = state
        self._faults = faults
        self._lock = threading.Lock()
        self.webhooks: dict[str, Webhook] = {}
        self.triggers: dict[int, Trigger] = {}
        self.invocations: OrderedDict[str, Invocation] = OrderedDict()
        self._breakers: dict[str, CircuitBreaker] = {}
        self._held: list[Delivery] = []
        self.pool = DeliveryPool(retry_rule(retry_delay_s), self._report, faults, timeout_s=timeout_s)
        state.subscribe(self.on_event)

    def new_webhook(self, **values: Any) -> Webhook:
        hook = Webhook(
            id="01" + secrets.token_hex(12).upper(),
            secret=new_secret(),
            created_at=wire.stamp(self._state.now()),
            **values,
        )
        self.webhooks[hook.id] = hook
        return hook

    def new_trigger(self, **values: Any) -> Trigger:
        at = wire.stamp(self._state.now())
        trigger = Trigger(id=self._state.next_id(), created_at=at, updated_at=at, **values)
        self.triggers[trigger.id] = trigger
        return trigger

    def on_event(self, event: Event) -> None:
        """Fire the triggers that match and the subscriptions that name what happened; our own writes included."""
        actor = self._state.users.get(event.audit.author_id)
        for trigger in list(self.triggers.values()):
            if rules.matches(trigger, event, actor):
                self._act(trigger, event)
        subscribed = [hook for hook in self.webhooks.values() if CONDITIONAL not in hook.subscriptions]
        if subscribed:
            for envelope in events.envelopes(event, self._state):
                for hook in subscribed:
                    if envelope["type"] in hook.subscriptions:
                        self.send(hook, json.dumps(envelope).encode(), ticket_id=event.after.id)

    def send(self, hook: Webhook, body: bytes, *, ticket_id: int | None = None) -> str | None:
        """Queue one call as often as the knobs say; returns the invocation id, None when webhooks are off.

        `ticket_id` is the ticket it tells of."""
        knobs = self._faults.knobs
        if knobs.webhook_off or hook.status != "active":
            return None
        invocation = Invocation(id="02" + uuid.uuid4().hex.upper()[:24], webhook_id=hook.id)
        with self._lock:
            self.invocations[invocation.id] = invocation
            while len(self.invocations) > KEPT_INVOCATIONS:
                self.invocations.popitem(last=False)
            breaker = self._breakers.setdefault(hook.id, CircuitBreaker())
        if breaker.is_open() and not knobs.webhook_insist_s:
            invocation.status = "circuit broken"
            return invocation.id
        delivery = Delivery(
            id=invocation.id,
            hook_id=hook.id,
            method=hook.http_method,
            url=hook.endpoint,
            headers=self._headers(hook, invocation.id, body),
            body=body,
            ticket_id=ticket_id,
        )
        for _ in range(self._faults.copies()):
            with self._lock:
                if knobs.webhook_hold:
                    self._held.append(delivery)
                    continue
            self.pool.add(delivery)
        return invocation.id

    def release(self) -> int:
        """Deliver what was held; returns how many."""
        with self._lock:
            held, self._held = self._held, []
        for delivery in held:
            self.pool.add(delivery)
        return len(held)

    def _act(self, trigger: Trigger, event: Event) -> None:
        for action in trigger.actions:
            value = action.get("value")
            if action.get("field") != "notification_webhook" or not isinstance(value, list) or len(value) != 2:
                continue
            hook = self.webhooks.get(str(value[0]))
            if hook is not None and isinstance(value[1], str):
                self.send(hook, rules.render(value[1], event, self._state).encode(), ticket_id=event.after.id)

    def _headers(self, hook: Webhook, invocation_id: str, body: bytes) -> dict[str, str]:
        timestamp = wire.stamp(self._state.now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Zendesk Webhook",
            "x-zendesk-account-id": str(self._state.account_id),
            "x-zendesk-webhook-id": hook.id,
            "x-zendesk-webhook-invocation-id": invocation_id,
            "x-zendesk-webhook-signature": sign(hook.secret, timestamp, body),
            "x-zendesk-webhook-signature-timestamp": timestamp,
            **hook.custom_headers,
        }
        authentication = hook.authentication or {}
        values = authentication.get("data") or {}
        match authentication.get("type"):
            case "bearer_token":
                headers["Authorization"] = f"Bearer {values.get('token', '')}"
            case "basic_auth":
                pair = f"{values.get('username', '')}:{values.get('password', '')}"
                headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            case "api_key":
                headers[str(values.get("name"))] = str(values.get("value"))
        return headers

    def _report(self, outcome: Outcome) -> None:
        attempt = {
            "id": f"{outcome.delivery.id}-{outcome.delivery.attempt}",
            "invocation_id": outcome.delivery.id,
            "status_code": 504 if outcome.reason == "timeout" else outcome.status,
            "status": "success" if outcome.ok else outcome.reason,
            "completed_at": wire.stamp(self._state.now()),
            "duration_ms": round(outcome.seconds * 1000),
        }
        with self._lock:
            invocation = self.invocations.get(outcome.delivery.id)
            breaker = self._breakers.get(outcome.delivery.hook_id)
            if invocation is not None:
                invocation.attempts.append(attempt)
                invocation.status = "success" if outcome.ok else "failed"
        if breaker is not None:
            breaker.record(outcome.ok)
