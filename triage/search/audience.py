"""Who may read an article, and which may be suggested to whom. What is not known lets nobody in."""

from __future__ import annotations

from dataclasses import dataclass

from triage.articles import Article, Audience
from triage.tickets import Organization, Requester


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who searches. `marks` are what a restricted article may ask for: `organization:<id>`, `group:<id>`,
    `tag:<tag>`, `segment:<id>`. `is_agent` is for an agent who reads for themselves: what they may send to a
    requester is what that requester may read."""

    is_agent: bool = False
    is_signed_in: bool = False
    marks: frozenset[str] = frozenset()


VISITOR = Reader()
"""Somebody of whom nothing is known."""


def reader_of(requester: Requester, organization: Organization | None, *, is_signed_in: bool) -> Reader:
    """The requester as a customer, whatever their role. `is_signed_in` says whether they proved who they are: a mail's
    sender has not. Tags of an organization are its members' (helpdesks pass them on)."""
    return Reader(is_signed_in=is_signed_in, marks=_marks(requester.organization_id, organization))


def agent_reader(organization_id: str | None, organization: Organization | None) -> Reader:
    """An agent who answers somebody of that organization: all that agents read, and what only its members may."""
    return Reader(is_agent=True, marks=_marks(organization_id, organization))


def _marks(organization_id: str | None, organization: Organization | None) -> frozenset[str]:
    marks = {f"organization:{organization_id}"} if organization_id else set()
    if organization is not None and organization.id == organization_id:
        marks |= {f"tag:{tag}" for tag in organization.tags}
    return frozenset(marks)


def may_read(article: Article, reader: Reader) -> bool:
    """Whether the helpdesk would show them the article; a draft is for agents, whatever its audience."""
    if article.is_draft and not reader.is_agent:
        return False
    known = reader.is_agent or reader.is_signed_in
    match article.audience:
        case Audience.EVERYONE:
            return True
        case Audience.SIGNED_IN:
            return known
        case Audience.RESTRICTED:
            return known and not reader.marks.isdisjoint(article.allowed)
        case Audience.AGENTS:
            return reader.is_agent


def may_be_suggested(article: Article, reader: Reader) -> bool:
    """Whether to offer it: never a draft, and one that is outdated only to agents, who see the warning."""
    return may_read(article, reader) and not article.is_draft and (reader.is_agent or not article.is_outdated)
