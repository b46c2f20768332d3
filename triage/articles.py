"""Knowledge-base articles as the helpdesk publishes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Audience(Enum):
    """Who may read an article."""

    EVERYONE = "everyone"
    SIGNED_IN = "signed_in"
    RESTRICTED = "restricted"
    AGENTS = "agents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article in one language; a translation is an article with the same `ref`.

    `section` is the path from the category down. `allowed` names who may read a RESTRICTED one: `organization:<id>`,
    `group:<id>`, `tag:<tag>` or `segment:<id>`, any of which is enough. `body_html` is as the helpdesk stores it:
    clean it before showing it.
    """

    ref: str
    locale: str
    title: str
    body_html: str
    section: tuple[str, ...]
    labels: tuple[str, ...]
    audience: Audience
    allowed: tuple[str, ...] = ()
    url: str | None = None
    is_draft: bool = False
    is_outdated: bool = False
    created_at: datetime
    updated_at: datetime


def deleted(known: Collection[tuple[str, str]], listed: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Which known (ref, locale) pairs a complete listing lacks: helpdesks do not tell of deleted articles."""
    return tuple(sorted(set(known) - set(listed)))
