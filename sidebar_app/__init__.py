"""The panel beside a ticket: pages and fragments for the helpdesk's iframe, nothing by cookie."""

from __future__ import annotations

from sidebar_app.deps import (
    ArticleRefused,
    CorrectionRefused,
    HelpdeskDown,
    OpenedSession,
    Session,
    SessionEnded,
    SessionRefused,
    SidebarDeps,
    TicketNotFound,
)
from sidebar_app.views import create_blueprint

__all__ = [
    "ArticleRefused",
    "CorrectionRefused",
    "HelpdeskDown",
    "OpenedSession",
    "Session",
    "SessionEnded",
    "SessionRefused",
    "SidebarDeps",
    "TicketNotFound",
    "create_blueprint",
]
