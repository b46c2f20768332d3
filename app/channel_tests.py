"""One message by one channel, the way every other goes, and what became of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import datetime

from app.bootstrap import Deps
from connectors.store.outbox import PAGE, POST_CHAT, POST_WEBHOOK, SEND_MAIL, Planned, effect_key
from triage.messages import Message, Page, PageAction, PostChat, PostWebhook, SendMail, Severity

FIRST_IN_LINE = 0
LOOK_AGAIN_S = 0.2
ENDED = ("done", "parked", "ignored")
SAID = "A test of Deskhand: this channel works."


class NotSent(Exception):
    """The message is not there, or nobody knows yet; the text says why."""


def mail(to: str) -> SendMail:
    return SendMail(to=to, subject=SAID, text="Somebody ran `deskhand channels test mail`.\n", kind="test")


def page() -> Page:
    return Page(summary=f"{SAID} It is resolved at once.", severity=Severity.INFO, source="Deskhand")


def post(channel: str) -> PostChat:
    return PostChat(channel=channel, text=SAID)


def call(now: datetime) -> PostWebhook:
    return PostWebhook(event="test", subject=SAID, text=SAID, at=now.isoformat())


def send(deps: Deps, tenant: str, message: Message, *, wait_s: float) -> Iterator[str]:
    """Plan it, wait for its end and say how it ended; a page is resolved then. Raises `NotSent`."""
    until = time.monotonic() + wait_s
    key = _plan(deps, tenant, message)
    yield f"Sent: {_evidence(deps, tenant, key, until)}"
    if isinstance(message, Page):
        over = Page(
            summary="The test is over.",
            severity=message.severity,
            source=message.source,
            action=PageAction.RESOLVE,
            incident=key,
        )
        yield f"Resolved: {_evidence(deps, tenant, _plan(deps, tenant, over), until)}"


def _plan(deps: Deps, tenant: str, message: Message) -> str:
    kind = {SendMail: SEND_MAIL, Page: PAGE, PostChat: POST_CHAT, PostWebhook: POST_WEBHOOK}[type(message)]
    cause = f"test:{secrets.token_hex(8)}"
    with deps.store.database.write() as connection:
        planned = deps.store.outbox.add_in(
            connection,
            tenant=tenant,
            kind=kind,
            ticket_ref=None,
            cause=cause,
            payload=message.to_payload(),
            summary=message.summary,
            now=deps.now(),
            rank=FIRST_IN_LINE,
        )
    if not planned:
        raise NotSent("This helpdesk is in shadow mode, so nothing is sent. `deskhand mode live` ends that.")
    return effect_key(tenant, kind, "", cause)


def _evidence(deps: Deps, tenant: str, key: str, until: float) -> str:
    row: Planned | None = None
    while row is None or (row.state not in ENDED and time.monotonic() < until):
        if row is not None:
            time.sleep(LOOK_AGAIN_S)
        row = deps.store.outbox.by_key(tenant, key)
    if row.state == "done":
        return row.evidence
    if row.state in ENDED:
        raise NotSent(f"Not sent: {row.error}")
    why = f"The last try: {row.error}" if row.error else "Is `deskhand up` running?"
    raise NotSent(f"Not sent yet, and still being tried. {why}")
