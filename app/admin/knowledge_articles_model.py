"""What the pages about articles show and do, as data, and the Protocol behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.admin.triage_model import Place
from triage.articles import ArticleVersion, Facts, State

ROLES = {"admin": "Admin", "developer": "Developer", "end_user": "End user", "agent": "Agent"}
"""Whom an article can be written for."""


class NotHere(LookupError):
    """No such article, gap or release at this helpdesk; the message says so to a person."""


class Refused(ValueError):
    """What was asked for cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """`key` is as the rules and facts hold it, `name` as people read it; `unreachable` is why no mail comes to them."""

    key: str
    name: str
    unreachable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an article is about: names of product areas, and whether they were only guessed from its text."""

    areas: tuple[str, ...] = ()
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which articles; its fields are those of the page's address."""

    q: str = ""
    state: str = ""
    area: str = ""
    locale: str = ""
    source: str = ""

    @property
    def args(self) -> dict[str, str]:
        fields = (("q", self.q), ("state", self.state), ("area", self.area), ("locale", self.locale))
        return {name: value for name, value in (*fields, ("source", self.source)) if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """`checked_at` is when somebody last said that it is right, as of `checked_for`; the counts are of 28 days."""

    id: int
    title: str
    locale: str
    source: str
    state: State
    about: About
    owner: Owner | None
    shown: int
    inserted: int
    checked_at: datetime | None = None
    checked_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlesPage:
    desk: Place
    at: datetime
    rows: tuple[ArticleRow, ...]
    counts: dict[State, int]
    areas: tuple[tuple[str, str], ...]
    locales: tuple[str, ...]
    sources: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review, open while `closed_at` is None. `release` is the version that opened it."""

    kind: str
    why: str
    opened_at: datetime
    due_at: datetime
    release: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What was done with an article in the week that began then."""

    began: datetime
    shown: int
    inserted: int
    judged: int
    flagged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an agent said about an article on a ticket; `word` is "Not helpful" or "Flagged"."""

    word: str
    by: str
    note: str
    ticket: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """One article in one language. `decides` is whether its facts are set here, and not by the file it comes from."""

    desk: Place
    at: datetime
    id: int
    title: str
    text: str
    locale: str
    source: str
    state: State
    audience: str
    url: str | None
    facts: Facts
    decides: bool
    about: About
    owner: Owner | None
    people: tuple[Owner, ...]
    areas: tuple[tuple[str, str], ...]
    releases: tuple[str, ...]
    updated_at: datetime
    languages: tuple[tuple[int, str, State], ...]
    versions: tuple[ArticleVersion, ...]
    open: tuple[Review, ...]
    past: tuple[Review, ...]
    weeks: tuple[Week, ...]
    judgements: tuple[Judgement, ...]
    ticket_url: str
    checked_at: datetime | None = None
    checked_by: str = ""
    checked_for: str = ""


class ArticlesDeps(Protocol):
    """What the pages about articles need."""

    def still_right(self, tenant: str, article: int, *, by: str) -> None:
        """Close its reviews: somebody read it and it is right."""

    def outdate(self, tenant: str, article: int, *, by: str) -> None:
        """Close its reviews: it is wrong, and is not suggested to customers any more."""

    def assign(self, tenant: str, article: int, owner: str) -> None:
        """Give it, and its open reviews, to somebody; an empty `owner` takes them away again."""

    def articles_page(self, tenant: str, search: Search, page: int) -> ArticlesPage:
        """The articles that match, by title; `page` counts from 1."""

    def articles_export(self, tenant: str, search: Search) -> Sequence[ArticleRow]:
        """All that match, up to a limit."""

    def article_page(self, tenant: str, article: int) -> ArticlePage:
        """One article in one language."""

    def set_facts(self, tenant: str, article: int, facts: Facts) -> None:
        """What is known of it besides its text."""
