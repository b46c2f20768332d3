"""Pages by Events API v2 (PagerDuty's, which other pagers take as well).

The key of the effect is the `dedup_key`: a page that is sent twice is one incident, so repeating it is always safe.
https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from connectors.base import Receipt
from connectors.errors import RateLimited, Rejected, Unavailable
from connectors.http import parse_retry_after
from connectors.outside import Outside
from triage.messages import Page

LONGEST_SUMMARY = 1024
SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """`address` is where events are taken."""

    outside: Outside
    address: str

    def trigger(self, page: Page, *, routing_key: str, key: str) -> Receipt:
        """Raise an incident, or find it raised. Raises `Rejected`, `RateLimited`, `Unavailable`, `OutcomeUnknown`."""
        event = {
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": key,
            "payload": {
                "summary": page.summary[:LONGEST_SUMMARY],
                "severity": page.severity.value,
                "source": page.source,
                "custom_details": dict(page.details),
            },
            "links": [{"href": href, "text": text} for href, text in page.links],
        }
        answer = self.outside.post(self.address, event)
        if answer.status == 202:
            return Receipt(applied=True, status=202, evidence=f"incident key {key}")
        if answer.status == 429:
            wait_s = parse_retry_after(answer.headers.get("retry-after"), now=time.time())
            raise RateLimited("the pager is over its limit", operation="page", status=429, retry_after_s=wait_s)
        if answer.status >= 500:
            raise Unavailable(f"the pager answered {answer.status}", operation="page", status=answer.status)
        said = answer.body.decode("utf-8", "replace").replace(routing_key, "…")[:SHOWN]
        raise Rejected(f"The pager refuses the page: {said}", operation="page", status=answer.status)
