"""What the page Releases shows and does, as data, and the Protocol behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.admin.triage_model import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An article that a release touches, and why; `closed` and `outcome` say what came of its review."""

    article: int
    title: str
    locale: str
    why: str
    closed: bool = False
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """`is_read` is False until the articles were compared with it."""

    id: int
    version: str
    title: str
    areas: tuple[str, ...]
    source: str
    url: str | None
    released_at: datetime
    is_read: bool
    reviews: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDraft:
    """A release as it is typed in."""

    version: str = ""
    title: str = ""
    areas: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesPage:
    """`chosen` is the release whose reviews are listed in `opened`; `api_url` is where releases can be sent."""

    desk: Place
    at: datetime
    rows: tuple[ReleaseRow, ...]
    areas: tuple[tuple[str, str], ...]
    api_url: str
    chosen: ReleaseRow | None = None
    opened: tuple[Opened, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a release would open; `by_words` is whether meanings could not be compared, as the worker does."""

    opened: tuple[Opened, ...]
    by_words: bool = False


class ReleasesDeps(Protocol):
    """What the page Releases needs."""

    def releases_page(self, tenant: str, release: int | None) -> ReleasesPage:
        """The releases, the newest first; with `release` also what that one opened."""

    def preview_release(self, tenant: str, draft: ReleaseDraft) -> Preview:
        """Which articles it would touch; nothing is kept."""

    def add_release(self, tenant: str, draft: ReleaseDraft) -> None:
        """Keep it; its reviews are opened within seconds."""
