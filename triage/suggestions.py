"""Which articles are suggested for a ticket, and which of them an agent may send to whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from triage.articles import Article, Audience
from triage.knowledge_rules import KnowledgeRules
from triage.search.audience import VISITOR, Reader, may_be_suggested, may_read, reader_of
from triage.search.ranking import Hit
from triage.tickets import Channel, Organization, Requester

KEPT = 10
LANGUAGES = 3
"""So many times as many hits are looked at as are kept, where articles are in several languages."""
SHOWN, SHOWN_TYPED = 3, 5
LATE_SURE = 0.8
"""An article whose review is overdue is only so much as sure: it has to be clearly better to stay in front."""
LATE_SCORE = 0.5
"""And its score is so much lower: half of the usual spread of the articles' scores."""
WORDS_TYPED = 0.1
"""Somebody who types words also wants to see an article that has them, however sure we are. BM25's share is far under 1
for an article that has every word once: a title that is the whole query has about this."""

Order = Callable[[Sequence["Candidate"]], Sequence[float]]
"""A score for each candidate of one ticket: what is learned from inserts may take the shipped one's place."""


class Act(Enum):
    """What became of an article on a ticket: `SHOWN` is nobody's doing, the others are an agent's."""

    SHOWN = "shown"
    INSERT_TEXT = "insert_text"
    INSERT_LINK = "insert_link"
    NOT_HELPFUL = "not_helpful"
    FLAG = "flag"


INSERTS = (Act.INSERT_TEXT, Act.INSERT_LINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleEvent:
    """An act, of whom and when; nobody's has no name."""

    ticket_ref: str
    article_id: int
    act: Act
    by_id: str
    by_name: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One article that was found for a ticket, as it was then.

    `place` counts from 1; `sure` is how likely it answers, 0 to 1, and compares over tickets, `score` does not.
    `highlights` are places in `passage`, its best paragraph. `signals` are what the order was made from, by name.
    """

    article_id: int
    key: str
    locale: str
    title: str
    url: str | None
    place: int
    score: float
    sure: float
    why: str
    passage: str
    headings: tuple[str, ...] = ()
    highlights: tuple[tuple[int, int], ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A hit with what is known of its article now. `key` is the same in every language of an article."""

    article_id: int
    key: str
    article: Article
    hit: Hit
    product_areas: tuple[str, ...] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What of an article may go to the requester: its text, its address; `withheld` says why not both."""

    quote: bool = False
    link: bool = False
    withheld: str = ""


def shipped_order(candidates: Sequence[Candidate]) -> list[float]:
    """The score of the search; an overdue review costs."""
    return [each.score - LATE_SCORE * each.signals.get("late", 0.0) for each in candidates]


def candidates(
    found: Sequence[Found],
    *,
    languages: Sequence[str] = (),
    product_area: str | None = None,
    order: Order = shipped_order,
) -> tuple[Candidate, ...]:
    """The best of what was found, at most `KEPT`, best first, each article in one language only.

    That is the first of `languages` that it was found in, else the one that fits best; how well the article fits is
    its best language's.
    """
    by_key: dict[str, list[Found]] = {}
    for each in found:
        by_key.setdefault(each.key, []).append(each)
    made = [_candidate(_in_language(several, languages), several[0], product_area) for several in by_key.values()]
    return ordered(made, order)[:KEPT]


def ordered(made: Sequence[Candidate], order: Order = shipped_order) -> tuple[Candidate, ...]:
    """The same candidates, best first."""
    scores = order(made)
    places = sorted(range(len(made)), key=lambda at: -scores[at])
    return tuple(replace(made[at], place=place) for place, at in enumerate(places, 1))


def as_of_now(made: Sequence[Candidate], late: Collection[int], order: Order = shipped_order) -> tuple[Candidate, ...]:
    """The candidates of an earlier search with the reviews that are overdue now."""
    return ordered(
        [replace(each, signals={**each.signals, "late": float(each.article_id in late)}) for each in made],
        order,
    )


def shown(made: Sequence[Candidate], rules: KnowledgeRules) -> tuple[Candidate, ...]:
    """What the panel shows for a ticket: those that are sure enough, at most three."""
    return tuple(each for each in made if sureness(each) >= rules.shown_from)[:SHOWN]


def shown_for_words(made: Sequence[Candidate], rules: KnowledgeRules) -> tuple[Candidate, ...]:
    """What the panel shows for words that were typed; also what has many of them."""
    return tuple(
        each for each in made if sureness(each) >= rules.shown_from or each.signals.get("words", 0.0) > WORDS_TYPED
    )[:SHOWN_TYPED]


def sureness(candidate: Candidate) -> float:
    """How sure it is that the article answers, with what an overdue review takes away."""
    return candidate.sure * (LATE_SURE if candidate.signals.get("late") else 1.0)


def may_send(
    article: Article, requester: Requester | None, organization: Organization | None, channel: Channel
) -> Sending:
    """What of it an agent may put into a reply: what the requester may read, and they are only known to be who they
    say where they wrote from inside the product. A link is also fine where the helpdesk asks them to log in first.

    Of an unknown requester nothing is known, so they get what everyone may read.
    """
    now = reader_of(requester, organization, is_signed_in=channel is Channel.IN_APP) if requester else VISITOR
    later = reader_of(requester, organization, is_signed_in=True) if requester else VISITOR
    quote = may_be_suggested(article, now)
    link = may_be_suggested(article, later) and article.url is not None
    return Sending(quote=quote, link=link, withheld=_withheld(article, now, later, requester is not None))


def _withheld(article: Article, now: Reader, later: Reader, is_known: bool) -> str:
    if article.audience is Audience.AGENTS:
        return "For agents only."
    if article.is_draft:
        return "A draft: customers cannot read it yet."
    if article.is_outdated:
        return "Outdated: not for customers."
    if not may_read(article, later):
        return "This customer may not read it." if is_known else "Nobody knows whether this customer may read it."
    if not may_read(article, now):
        return (
            "Its text is for customers who are signed in. The link asks them to."
            if article.url
            else "Its text is for customers who are signed in."
        )
    return "" if article.url else "It has no address to link to."


def _in_language(several: Sequence[Found], languages: Sequence[str]) -> Found:
    wanted = [code_of(language) for language in languages]
    ranks = [(wanted.index(code) if (code := code_of(each.hit.locale)) in wanted else len(wanted)) for each in several]
    return several[ranks.index(min(ranks))]


def code_of(locale: str) -> str:
    """The language of a locale: `pt` of `pt-BR`."""
    return locale.strip().lower().replace("_", "-").partition("-")[0]


def _candidate(chosen: Found, best: Found, product_area: str | None) -> Candidate:
    hit = chosen.hit
    return Candidate(
        article_id=chosen.article_id,
        key=chosen.key,
        locale=hit.locale,
        title=chosen.article.title,
        url=chosen.article.url,
        place=0,
        score=best.hit.score,
        sure=best.hit.sure,
        why=hit.why,
        passage=hit.passage,
        headings=hit.headings,
        highlights=hit.highlights,
        signals={
            **best.hit.signals,
            "score": best.hit.score,
            "sure": best.hit.sure,
            "area": float(product_area is not None and product_area in chosen.product_areas),
            "late": float(chosen.is_late),
        },
    )
