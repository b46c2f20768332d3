"""Pages by Opsgenie's alert API.

The key of the effect is the alert's `alias`: while an alert is open, the same alias only raises its count, so repeating
a page is safe. The answer 202 says that the request was taken; it is carried out a moment later.
https://docs.opsgenie.com/docs/alert-api
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.base import Receipt
from connectors.channel import receipt
from connectors.outside import Outside
from triage.messages import Page, PageAction, Severity

HOSTS = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
"""By region of the account."""
PRIORITY = {Severity.CRITICAL: "P1", Severity.ERROR: "P2", Severity.WARNING: "P3", Severity.INFO: "P5"}
VERBS = {PageAction.ACKNOWLEDGE: "acknowledge", PageAction.RESOLVE: "close"}
LONGEST_MESSAGE, LONGEST_DESCRIPTION, LONGEST_SOURCE = 130, 15000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Opsgenie:
    """`address` is one of `HOSTS`; `api_key` is that of the tenant's API integration."""

    outside: Outside
    address: str
    api_key: str = field(repr=False)

    def send(self, page: Page, *, key: str, now: datetime) -> Receipt:
        """Open an alert, or find it open; or acknowledge or close it. One that is not open is left alone."""
        alias = page.incident or key
        path, body = "/v2/alerts", _alert(page, alias)
        if page.action is not PageAction.TRIGGER:
            path += f"/{quote(alias, safe='')}/{VERBS[page.action]}?identifierType=alias"
            body = {"source": page.source[:LONGEST_SOURCE], "note": page.summary}
        return receipt(
            self.outside.post(self.address + path, body, headers={"Authorization": f"GenieKey {self.api_key}"}),
            who="the pager",
            what="page",
            now=now,
            evidence=f"alert alias {alias}",
            repeatable=True,
            hide=(self.api_key,),
        )


def _alert(page: Page, alias: str) -> dict[str, Any]:
    lines = [page.summary, "", *(f"{name}: {value}" for name, value in page.details.items())]
    lines += [f"{text}: {href}" for href, text in page.links]
    return {
        "message": page.summary[:LONGEST_MESSAGE],
        "alias": alias,
        "description": "\n".join(lines)[:LONGEST_DESCRIPTION],
        "priority": PRIORITY[page.severity],
        "source": page.source[:LONGEST_SOURCE],
        "details": dict(page.details),
    }
