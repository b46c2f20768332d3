"""What goes out by mail, pager and chat. A channel that is not set up is a reason to park, with what to set."""

from __future__ import annotations

from connectors.base import Receipt
from connectors.chat import Chat
from connectors.errors import Rejected
from connectors.mailer import Mailer, SmtpServer
from connectors.pager import Pager
from connectors.store.outbox import OutboxRow
from connectors.store.tenants import PAGER_KEY, chat_address
from jobs.runtime import Runtime
from triage.messages import Page, PostChat, SendMail


def send_mail(run: Runtime, row: OutboxRow, mail: SendMail) -> Receipt:
    settings = run.deps.settings
    if not settings.smtp_url:
        raise Rejected("There is no mail server: set DESKHAND_SMTP_URL and DESKHAND_MAIL_FROM, restart, then replay.")
    mailer = Mailer(server=SmtpServer.from_url(settings.smtp_url), sender=settings.mail_from)
    return mailer.send(mail, key=row.key, now=run.now())


def page(run: Runtime, row: OutboxRow, page: Page) -> Receipt:
    pager = Pager(outside=run.deps.outside, address=run.deps.settings.pager_url)
    return pager.trigger(page, routing_key=_secret(run, row.tenant, PAGER_KEY, "pager"), key=row.key)


def post_chat(run: Runtime, row: OutboxRow, post: PostChat) -> Receipt:
    address = _secret(run, row.tenant, chat_address(post.channel), "chat channel of that name")
    return Chat(outside=run.deps.outside).post(post, address=address)


def _secret(run: Runtime, tenant: str, name: str, what: str) -> str:
    value = run.store.tenants.secret(tenant, name)
    if not value:
        raise Rejected(f"This helpdesk has no {what}: set its secret {name}, then replay.")
    return value
