"""Knowledge-base articles as the helpdesk publishes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from enum import Enum


class Audience(Enum):
    """Who may read an article."""

    EVERYONE = "everyone"
    SIGNED_IN = "signed_in"
    RESTRICTED = "restricted"
    AGENTS = "agents"


class State(Enum):
    """Whether an article can be relied on."""

    DRAFT = "draft"
    VERIFIED = "verified"
    REVIEW_DUE = "review_due"
    OUTDATED = "outdated"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an article besides its text. It holds from release `applies_from` to `applies_to`, None being
    the first and the newest.
    """

    owner: str | None = None
    product_areas: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    applies_from: str | None = None
    applies_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleVersion:
    """What an article said until `replaced_at`; `updated_at` is when it was written."""

    title: str
    text: str
    updated_at: datetime
    replaced_at: datetime


def state_after(before: State | None, *, was_outdated: bool, edited: bool, is_draft: bool, is_outdated: bool) -> State:
    """The state after the source was read again; None before it was read the first time.

    What the source itself says holds. A published article counts as verified until something speaks against it; an
    edit does not end a review, and an outdated article that was edited has to be looked at by somebody.
    """
    if is_draft:
        return State.DRAFT
    if is_outdated:
        return State.OUTDATED
    if before in (None, State.DRAFT):
        return State.VERIFIED
    if before is State.OUTDATED and was_outdated:
        return State.VERIFIED
    if before is State.OUTDATED and edited:
        return State.REVIEW_DUE
    return before or State.VERIFIED


def state_of(was: State, *, is_draft: bool, is_outdated: bool, in_review: bool) -> State:
    """The state after a review was opened or closed, or somebody decided that it `was` outdated or right."""
    if is_draft:
        return State.DRAFT
    if is_outdated or was is State.OUTDATED:
        return State.OUTDATED
    return State.REVIEW_DUE if in_review else State.VERIFIED


def changed_lines(before: ArticleVersion, title: str, text: str) -> list[str]:
    """How the article reads now against a version, as a unified diff without its head."""
    old, new = ([f"# {each[0]}", *each[1].split("\n")] for each in ((before.title, before.text), (title, text)))
    return list(unified_diff(old, new, lineterm="", n=2))[2:]


def deleted(known: Collection[tuple[str, str]], listed: Collection[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Which known (ref, locale) pairs a complete listing lacks: helpdesks do not tell of deleted articles."""
    return tuple(sorted(set(known) - set(listed)))
