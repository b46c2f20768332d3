"""Pages by Events API v2 (PagerDuty's, which other pagers take as well).

The key of the effect is the `dedup_key`: a page that is sent twice is one incident, so repeating it is always safe.
https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.base import Receipt
from connectors.channel import receipt
from connectors.outside import Outside
from triage.messages import Page, PageAction

LONGEST_SUMMARY = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """`address` is where events are taken; `routing_key` is that of the tenant's integration."""

    outside: Outside
    address: str
    routing_key: str = field(repr=False)

    def send(self, page: Page, *, key: str, now: datetime) -> Receipt:
        """Raise an incident, or find it raised; or acknowledge or resolve it. One that is not open is left alone."""
        incident = page.incident or key
        event: dict[str, Any] = {
            "routing_key": self.routing_key,
            "event_action": page.action.value,
            "dedup_key": incident,
        }
        if page.action is PageAction.TRIGGER:
            event["payload"] = {
                "summary": page.summary[:LONGEST_SUMMARY],
                "severity": page.severity.value,
                "source": page.source,
                "custom_details": dict(page.details),
            }
            event["links"] = [{"href": href, "text": text} for href, text in page.links]
        return receipt(
            self.outside.post(self.address, event),
            who="the pager",
            what="page",
            now=now,
            evidence=f"incident key {incident}",
            repeatable=True,
            hide=(self.routing_key,),
        )
