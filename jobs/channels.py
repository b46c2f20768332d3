"""Which channel takes a message of a tenant. One that is not set up is a reason to park, with what to set."""

from __future__ import annotations

from typing import Any

from app.settings import RECORD
from connectors.base import Receipt
from connectors.channel import Channel
from connectors.chat import Chat
from connectors.errors import Rejected, Unavailable
from connectors.mailer import Mailer, SmtpServer
from connectors.opsgenie import HOSTS, Opsgenie
from connectors.pager import Pager
from connectors.recorder import FILE, Recorder
from connectors.signed_webhook import SignedWebhook
from connectors.store.outbox import OutboxRow, Planned
from connectors.store.tenants import (
    OPSGENIE_KEY,
    OPSGENIE_REGION,
    OUT_WEBHOOK_SECRET,
    OUT_WEBHOOK_URL,
    PAGER_KEY,
    chat_address,
)
from jobs.runtime import Runtime
from triage.messages import Message, Page, PostChat, PostWebhook, SendMail

ON_ITS_WAY = ("pending", "inflight", "unknown")


def send_message(run: Runtime, row: OutboxRow, message: Message) -> Receipt:
    if isinstance(message, Page) and message.incident:
        page = run.store.outbox.by_key(row.tenant, message.incident)
        if page is not None and page.state in ON_ITS_WAY:
            # The other way round the page would come after its end, and stay.
            raise Unavailable("the page that this ends is still on its way", operation="page")
        if page is not None and _was_never_sent(run, row.tenant, page):
            return Receipt(applied=False, status=None, evidence="the page was never sent")
    return channel_for(run, row.tenant, message).send(message, key=row.key, now=run.now())


def channel_for(run: Runtime, tenant: str, message: Message) -> Channel[Any]:
    """The tenant's channel for a message of this kind; raises `Rejected` where there is none."""
    settings, outside = run.deps.settings, run.deps.outside
    if settings.messages == RECORD:
        return Recorder(path=settings.var / FILE, tenant=tenant)
    match message:
        case SendMail():
            if not settings.smtp_url:
                raise Rejected(
                    "There is no mail server: set DESKHAND_SMTP_URL and DESKHAND_MAIL_FROM, restart, then replay."
                )
            return Mailer(server=SmtpServer.from_url(settings.smtp_url), sender=settings.mail_from)
        case Page():
            return _pager(run, tenant)
        case PostChat():
            name = chat_address(message.channel)
            return Chat(outside=outside, address=_secret(run, tenant, name, "chat channel of that name"))
        case PostWebhook():
            return SignedWebhook(
                outside=outside,
                address=_secret(run, tenant, OUT_WEBHOOK_URL, "webhook"),
                secret=_secret(run, tenant, OUT_WEBHOOK_SECRET, "webhook secret"),
            )


def _was_never_sent(run: Runtime, tenant: str, page: Planned) -> bool:
    """One that was parked may have been taken all the same, but not where there is no pager."""
    keys = (run.store.tenants.secret(tenant, name) for name in (OPSGENIE_KEY, PAGER_KEY))
    return page.state == "ignored" or (page.state == "parked" and not any(keys))


def _pager(run: Runtime, tenant: str) -> Channel[Page]:
    """The pager is the one whose key is set."""
    outside = run.deps.outside
    if key := run.store.tenants.secret(tenant, OPSGENIE_KEY):
        region = run.store.tenants.secret(tenant, OPSGENIE_REGION) or "us"
        return Opsgenie(outside=outside, address=HOSTS[region], api_key=key)
    key = _secret(run, tenant, PAGER_KEY, "pager")
    return Pager(outside=outside, address=run.deps.settings.pager_url, routing_key=key)


def _secret(run: Runtime, tenant: str, name: str, what: str) -> str:
    value = run.store.tenants.secret(tenant, name)
    if not value:
        raise Rejected(
            f"This helpdesk has no {what}: its secret {name} is not set. "
            "Set it with `deskhand channels set`, then replay."
        )
    return value
