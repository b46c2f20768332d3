"""What the Knowledge pages show and do, as data, and the Protocol behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.admin.knowledge_articles_model import About, ArticlesDeps, Owner
from app.admin.knowledge_releases_model import ReleasesDeps
from app.admin.triage_model import Place
from triage.deflection import Deflection
from triage.model_card import Share

REASONS = {
    "release": "A release",
    "flag": "An agent’s flag",
    "unhelpful": "Judged not helpful",
    "age": "Not checked for long",
    "edited": "Rewritten when outdated",
}
"""Why an article is due, by the review's kind."""
FINDINGS = {
    "unhelpful": "Of no help",
    "never_used": "Shown, never used",
    "never_shown": "Never shown",
    "duplicate": "There twice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """How the helpdesk's articles are read: when that was last done, how far it is now (None when it is not under
    way), whether it waits for a worker, and why there is nothing where it was never done.
    """

    articles: int
    at: datetime | None = None
    reading: int | None = None
    asked: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An article with open reviews. `why` has each one's kind and sentence; `locale` is empty where all articles are
    in one language; `shown` counts tickets of 7 days; `edited_at` is set when its text changed since.
    """

    article: int
    title: str
    about: About
    why: tuple[tuple[str, str], ...]
    shown: int
    owner: Owner | None
    since: datetime
    due_at: datetime
    locale: str = ""
    url: str | None = None
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """What customers ask and no article answers. `draft_from` counts the solved tickets a draft would be made from,
    None where that is not known before.
    """

    id: int
    title: str
    tickets: int
    replies: int
    area: str = ""
    draft_from: int | None = None
    has_draft: bool = False
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTest:
    """One measurement of the search. `by_agents` is whether its questions are tickets with what agents inserted."""

    at: datetime
    first: Share
    in_three: Share
    by_agents: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    kind: str
    article: int
    title: str
    why: str
    other: int | None = None
    other_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgePage:
    """The review queue of one helpdesk and what stands below it. `due` is what the filter leaves, the most shown first;
    `due_total` counts all, `due_tickets` the tickets of 7 days they were shown on.

    `refused` is a newer index than `test`'s that was not put into use. `inserted` are last week's tickets with an
    insert, of those that were searched for. `away` is of 28 days; None where articles are not shown before writing.
    """

    desk: Place
    helpdesk: str
    at: datetime
    synced: Synced
    due: tuple[Due, ...]
    due_total: int
    due_tickets: int
    areas: tuple[tuple[str, str], ...]
    people: tuple[Owner, ...] = ()
    others: tuple[Place, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    gaps_total: int = 0
    findings: tuple[FindingRow, ...] = ()
    findings_total: int = 0
    test: SearchTest | None = None
    refused: SearchTest | None = None
    inserted: Share | None = None
    away: Deflection | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPage:
    """One gap with its draft, which is Markdown. `is_open` is False for one that was dismissed or is gone; `ticket_url`
    has "{ref}" where a ticket's number goes.
    """

    desk: Place
    row: GapRow
    words: tuple[str, ...]
    tickets: tuple[str, ...]
    ticket_url: str
    last_at: datetime
    is_open: bool = True
    draft: str | None = None
    changed_by: str = ""
    changed_at: datetime | None = None


class KnowledgeDeps(ArticlesDeps, ReleasesDeps, Protocol):
    """What the Knowledge pages need. A tenant, an article, a gap or a release that is not there raises a LookupError,
    what cannot be done `Refused`. `by` is the name of who pressed.
    """

    def knowledge_page(self, tenant: str | None, area: str, reason: str) -> KnowledgePage | None:
        """The review queue of `tenant`, or of the first helpdesk; None when none is connected."""

    def sync_articles(self, tenant: str) -> bool:
        """Ask for the helpdesk's articles to be read at once; False when that waits or goes on already."""

    def gap_page(self, tenant: str, gap: int) -> GapPage:
        """One gap with its tickets and its draft."""

    def draft_gap(self, tenant: str, gap: int, *, by: str, again: bool) -> None:
        """Make an outline from the public replies on its solved tickets; one that is there stays unless `again`.

        The helpdesk is asked, which takes a while.
        """

    def dismiss_gap(self, tenant: str, gap: int, *, by: str) -> None:
        """Not worth an article."""

    def reopen_gap(self, tenant: str, gap: int, *, by: str) -> None:
        """Take a dismissal back."""
