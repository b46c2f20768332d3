"""What the panel's section `Answer` says: the articles, why they were found, and what may go into the reply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from triage.articles import Article, Facts, State
from triage.language import NAMES
from triage.panel_view import PanelAnswer, PanelArticle
from triage.suggestions import INSERTS, Act, ArticleEvent, Candidate, Sending, code_of
from triage.words import moment

NOT_READ = PanelAnswer(
    summary="No article is read yet",
    note="No help centre article is read yet. An admin can run Sync now under Knowledge.",
)
NOT_SEARCHED = PanelAnswer(
    summary="Not searched yet", note="This ticket has not been read yet. Its articles appear here once it is."
)
NO_INDEX = PanelAnswer(
    summary="Cannot be searched now",
    note="The articles cannot be searched now. The next reading of the help centre makes the search ready again.",
)
NONE_FITS = PanelAnswer(summary="No article answers this", note="No article answers this. Search with other words.")
CHANGED = "Its text changed a moment ago. It can be quoted once it is read again."
_HEADING = re.compile(r"#{1,6}[ \t]+")
_FENCE = "```"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A candidate with what is known of its article now.

    `is_current` says whether the article still has the passage. `due_since` is what its review is due for ("release
    4.6"), empty where none is; `checked_at` when somebody last said that it is right.
    """

    candidate: Candidate
    article: Article
    state: State
    facts: Facts
    sending: Sending
    is_current: bool = True
    due_since: str = ""
    checked_at: datetime | None = None


def panel_answer(
    offers: Sequence[Offer],
    events: Sequence[ArticleEvent],
    *,
    locale: str | None,
    user_id: str,
    now: datetime,
    zone: str | None,
    asked: str = "",
) -> PanelAnswer:
    """The section for an agent. `locale` is the requester's; `asked` are words that were typed."""
    if not offers:
        return none_for(asked) if asked else NONE_FITS
    articles = tuple(
        _article(
            offer,
            [each for each in events if each.article_id == offer.candidate.article_id],
            is_best=place == 0 and not asked,
            locale=locale,
            user_id=user_id,
            now=now,
            zone=zone,
        )
        for place, offer in enumerate(offers)
    )
    count = "1 article" if len(articles) == 1 else f"{len(articles)} articles"
    if asked:
        return PanelAnswer(summary=f"{count} for “{asked}”", articles=articles, asked=asked)
    return PanelAnswer(summary=articles[0].title if len(articles) == 1 else count, articles=articles)


def broken_rules(problem: str) -> PanelAnswer:
    """The tenant's own rules cannot be used; the problem says what to do."""
    return PanelAnswer(summary="Not shown", note=f"The articles are not shown: {problem}")


def none_for(asked: str) -> PanelAnswer:
    """Nothing was found for words that were typed."""
    note = f"No article is about “{asked}”. Try other words."
    return PanelAnswer(summary="No article found", note=note, asked=asked)


def _article(
    offer: Offer,
    events: Sequence[ArticleEvent],
    *,
    is_best: bool,
    locale: str | None,
    user_id: str,
    now: datetime,
    zone: str | None,
) -> PanelArticle:
    article, sending = offer.article, offer.sending
    runs = _runs(offer.candidate) if offer.is_current else ()
    link = f"{article.title}: {article.url}" if sending.link and article.url else ""
    text = "".join(run for run, _ in runs)
    can_quote = sending.quote and text

    def last(*acts: Act) -> ArticleEvent | None:
        return next((each for each in reversed(events) if each.act in acts), None)

    def told(what: str, event: ArticleEvent | None) -> str:
        if event is None:
            return ""
        who = "you" if event.by_id == user_id else event.by_name
        note = f": {event.note}" if event.note else ""
        return f"{what} by {who}, {moment(event.at, now=now, zone=zone)}{note}"

    used = last(*INSERTS)
    return PanelArticle(
        id=offer.candidate.article_id,
        title=article.title,
        url=article.url or "",
        passage=runs,
        meta=_meta(offer, is_best=is_best, locale=locale, now=now, zone=zone),
        why=offer.candidate.why,
        warning=_warning(offer),
        quote="\n\n".join(filter(None, (text, link))) if can_quote else "",
        link=link,
        withheld=sending.withheld or ("" if offer.is_current else CHANGED),
        used=told("Text inserted" if used and used.act is Act.INSERT_TEXT else "Link inserted", used),
        judged=told("Judged not helpful", last(Act.NOT_HELPFUL)),
        flagged=told("Flagged", last(Act.FLAG)),
    )


def _meta(offer: Offer, *, is_best: bool, locale: str | None, now: datetime, zone: str | None) -> str:
    """ "Best match. For 4.2 to 4.6. Checked 12 Oct." """
    article, facts = offer.article, offer.facts
    begins, ends = facts.applies_from, facts.applies_to
    language = code_of(article.locale)
    parts = ["Best match"] if is_best else []
    if begins and ends:
        parts.append(f"For {begins}" if begins == ends else f"For {begins} to {ends}")
    elif begins or ends:
        parts.append(f"For {begins} and later" if begins else f"Up to {ends}")
    if locale and language != code_of(locale):
        parts.append(f"In {NAMES.get(language, article.locale)}")
    if offer.checked_at is not None:
        parts.append(f"Checked {moment(offer.checked_at, now=now, zone=zone)}")
    else:
        parts.append(f"Written {moment(article.updated_at, now=now, zone=zone)}")
    return " ".join(f"{part}." for part in parts)


def _warning(offer: Offer) -> str:
    if offer.state is State.OUTDATED:
        return "Outdated"
    if offer.due_since:
        return f"Review due since {offer.due_since}"
    return "Review due" if offer.state is State.REVIEW_DUE else ""


def _runs(candidate: Candidate) -> tuple[tuple[str, bool], ...]:
    """The passage as (text, whether it is highlighted), without the signs that say what a line is."""
    runs: list[tuple[str, bool]] = []
    for start, end in _kept(candidate.passage):
        at = start
        for begins, ends in sorted(candidate.highlights):
            begins, ends = max(begins, at), min(ends, end)
            if begins < ends:
                runs += [(candidate.passage[at:begins], False), (candidate.passage[begins:ends], True)]
                at = ends
        runs.append((candidate.passage[at:end], False))
    return tuple(_joined(run for run in runs if run[0]))


def _kept(passage: str) -> Iterator[tuple[int, int]]:
    """The places of what is shown: not the fences around code, nor the signs in front of headings."""
    at, in_code = 0, False
    for line in passage.splitlines(keepends=True):
        end = at + len(line)
        if line.lstrip().startswith(_FENCE):
            in_code = not in_code
        else:
            heading = None if in_code else _HEADING.match(line)
            yield at + (heading.end() if heading else 0), end
        at = end


def _joined(runs: Iterator[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Neighbours of one kind together, and no empty lines at the ends."""
    joined: list[tuple[str, bool]] = []
    for text, is_marked in runs:
        if joined and joined[-1][1] == is_marked:
            text = joined.pop()[0] + text
        joined.append((text, is_marked))
    if joined:
        joined[0] = (joined[0][0].lstrip("\n"), joined[0][1])
        joined[-1] = (joined[-1][0].rstrip(), joined[-1][1])
    return [run for run in joined if run[0]]
