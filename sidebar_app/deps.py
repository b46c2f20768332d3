"""What the sidebar needs from the application around it, as one Protocol, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from triage.context import PanelView
from triage.suggestions import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A session just opened: `bearer` goes into the page once, `host_origin` may frame it."""

    bearer: str
    host_origin: str
    expires_in_s: int
    vendor: str
    tenant_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who holds a bearer. `role` is the helpdesk's: agent, lead or admin."""

    tenant: str
    vendor: str
    user_id: str
    user_name: str
    role: str
    expires_at: datetime
    time_zone: str | None = None


class SessionRefused(Exception):
    """The helpdesk's token was not accepted. `host_origin` is set only when it is a connected helpdesk's own."""

    def __init__(self, reason: str, *, host_origin: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.host_origin = host_origin


class SessionEnded(Exception):
    """The bearer is unknown, too old, or its agent's rights have changed."""


class TicketNotFound(Exception):
    """The helpdesk has no such ticket, or this agent may not see it."""


class HelpdeskDown(Exception):
    """The helpdesk does not answer. `last` is the panel as it was `age` ago, where there is one."""

    def __init__(self, age: timedelta | None = None, last: PanelView | None = None) -> None:
        super().__init__("the helpdesk does not answer")
        self.age = age
        self.last = last


class Refused(Exception):
    """What the agent asked for cannot be done; `reason` is a sentence for them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CorrectionRefused(Refused):
    """The correction cannot be done."""


class ArticleRefused(Refused):
    """The article cannot be sent to this requester, is not there any more, or nothing was asked of it."""


class SidebarDeps(Protocol):
    """Every call reads the tenant from the session alone, never from the page."""

    def open(self, vendor: str, *, origin: str, token: str) -> OpenedSession:
        """Swap the host's signed token for a bearer of ours; raises `SessionRefused`."""

    def resume(self, bearer: str) -> Session:
        """Who holds `bearer`; raises `SessionEnded`."""

    def installed(self, token: str, agent_id: str) -> Session:
        """Who uses the app that was installed with the panel token `token`.

        The tenant is the token's. `agent_id` is only what the browser says: it must be a member of staff of that
        helpdesk, and the name is the helpdesk's. Raises `SessionEnded` or `HelpdeskDown`.
        """

    def renew(self, bearer: str) -> OpenedSession:
        """A fresh bearer for the same agent after checking their rights again; raises `SessionEnded`."""

    def panel(self, session: Session, ticket_ref: str) -> PanelView:
        """The ticket's panel now; raises `TicketNotFound` or `HelpdeskDown`."""

    def correct(self, session: Session, ticket_ref: str, category: str) -> PanelView:
        """Set another category and return the panel; also raises `CorrectionRefused`."""

    def undo(self, session: Session, ticket_ref: str) -> PanelView:
        """Take the last correction back and return the panel; also raises `CorrectionRefused`."""

    def acknowledge(self, session: Session, ticket_ref: str) -> PanelView:
        """The agent has it: nobody further is told. Returns the panel; raises as `panel` does."""

    def article(self, session: Session, ticket_ref: str, article_id: int, act: Act, note: str) -> PanelView:
        """Note what the agent does with an article and return the panel; also raises `ArticleRefused`.

        Whether the requester may have it is asked again: what the page was told may be old by now.
        """

    def search(self, session: Session, ticket_ref: str, words: str) -> PanelView:
        """The panel with the articles for `words` instead of those for the ticket; also raises `ArticleRefused`."""

    def categories(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Every category an agent may pick, as (key, name), in the order to show."""
