"""From articles and reviews to what the Knowledge pages write. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.admin.knowledge_articles_model import ArticlePage, ArticleRow, Owner, Review
from app.admin.knowledge_model import Due, GapPage
from app.admin.knowledge_text import Block, DiffLine, blocks, diff_lines
from app.admin.tones import Tone
from triage.articles import State, changed_lines
from triage.words import NBSP

WORDS = {
    State.VERIFIED: (Tone.GOOD, "Verified"),
    State.REVIEW_DUE: (Tone.WARN, "Review due"),
    State.OUTDATED: (Tone.BAD, "Outdated"),
    State.DRAFT: (Tone.OFF, "Draft"),
}
OUTCOMES = {"still_right": "Still right", "edited": "Edited", "outdated": "Outdated", "withdrawn": "Withdrawn"}
AUDIENCES = {
    "everyone": "everyone",
    "signed_in": "signed-in readers",
    "restricted": "some customers",
    "agents": "agents only",
}
CSV_HEAD = (
    "id",
    "title",
    "locale",
    "source",
    "state",
    "areas",
    "areas_guessed",
    "owner",
    "checked_at",
    "checked_for",
    "shown_28_days",
    "inserted_28_days",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A state as a word with its tone."""

    tone: Tone
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How the text changed when a version was replaced."""

    number: int
    replaced_at: datetime
    lines: tuple[DiffLine, ...]
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What is written of one article. `changes` are (number, when) of all kept changes, `change` the one shown."""

    state: Word
    text: tuple[Block, ...]
    cut: bool
    changes: tuple[tuple[int, datetime], ...]
    change: Change | None
    readers: str


def state_word(state: State) -> Word:
    tone, word = WORDS[state]
    return Word(tone=tone, word=word)


def days(count: int) -> str:
    """ "1 day", "12 days"; "today" for none."""
    return "today" if count <= 0 else f"{count}{NBSP}day{'' if count == 1 else 's'}"


def waits(due: Due | Review, now: datetime) -> str:
    """How long it waits."""
    since = due.since if isinstance(due, Due) else due.opened_at
    return days((now - since).days)


def late(due: Due | Review, now: datetime) -> str:
    """By how much it is late; empty while it is not."""
    if now <= due.due_at:
        return ""
    behind = (now - due.due_at).days
    return f"{days(behind)} late" if behind else "late since today"


def article(page: ArticlePage, wanted: int) -> Article:
    """Everything of one article. Of the changes the one numbered `wanted` is shown, or the last one."""
    shown, cut = blocks(page.text)
    count = len(page.versions)
    numbered = tuple((count - at, each.replaced_at) for at, each in enumerate(page.versions))
    return Article(
        state=state_word(page.state),
        text=shown,
        cut=cut,
        changes=numbered,
        change=_change(page, count - wanted if 1 <= wanted <= count else 0) if count else None,
        readers=AUDIENCES.get(page.audience, page.audience),
    )


def _change(page: ArticlePage, at: int) -> Change:
    """`at` counts from the newest version: what it said, against what stood there next."""
    before = page.versions[at]
    title, text = (page.title, page.text) if at == 0 else (page.versions[at - 1].title, page.versions[at - 1].text)
    lines, cut = diff_lines(changed_lines(before, title, text))
    return Change(number=len(page.versions) - at, replaced_at=before.replaced_at, lines=lines, cut=cut)


def csv_rows(rows: Iterable[ArticleRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield (
            str(row.id),
            row.title,
            row.locale,
            row.source,
            row.state.value,
            "; ".join(row.about.areas),
            "yes" if row.about.guessed else "",
            owner_name(row.owner),
            row.checked_at.isoformat() if row.checked_at else "",
            row.checked_for,
            str(row.shown),
            str(row.inserted),
        )


def owner_name(owner: Owner | None) -> str:
    return owner.name if owner else ""


def file_name(page: GapPage) -> str:
    """What a draft is called when it is saved: letters, digits and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", page.row.title.lower()).strip("-")
    return f"{words[:60].strip('-') or f'draft-{page.row.id}'}.md"
