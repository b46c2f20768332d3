"""Articles looked through for what time and agents ask for: too old, judged not helpful, rewritten after outdated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from app.bootstrap import Deps
from app.knowledge.opening import open_review_in, owner_of
from app.knowledge.touching import areas_known, texts_of
from connectors.store.article_rows import StoredArticle
from connectors.store.review_rows import AGE, EDITED, UNHELPFUL, StoredReview
from connectors.store.reviews import NEXT
from triage.articles import State
from triage.knowledge_rules import KnowledgeRules

REST = timedelta(hours=1)
"""All articles are looked through so often."""
MOST_AGED = 5
"""Reviews by age that are opened in a day: the first reading of an old help centre must not bury the queue."""
LEAST_INSERTS, LEAST_SHARE = 20, 0.2
"""So often an article was put into a reply, and in so many of those it was judged not helpful."""
JUDGED_WITHIN = timedelta(days=90)
Cause = tuple[StoredArticle, str, str, Mapping[str, object]]
"""An article, what makes its review a new one, why it is due, and the evidence."""


def look_through(deps: Deps, tenant: str, rules: KnowledgeRules) -> int:
    """Open what time and agents' judgements ask for, unless that was looked at within the hour; how many."""
    store, now = deps.store, deps.now()
    rested = store.cursors.get(tenant, NEXT)
    if rested is not None and now.isoformat() < rested <= (now + REST).isoformat():
        return 0
    articles = store.articles.find(tenant)
    waiting = store.reviews.open(tenant)
    in_review = {each.article.id for each in waiting}
    _give_owners(deps, tenant, [each for each in waiting if each.owner is None], rules, now)
    opened = 0
    for kind, causes, most in (
        (UNHELPFUL, _unhelpful(deps, tenant, articles, now), None),
        (EDITED, _edited(deps, tenant, articles, in_review), None),
        (AGE, _aged(articles, in_review, rules, now), _room(deps, tenant, now)),
    ):
        done = 0
        for article, cause, why, evidence in causes:
            if most is not None and done >= most:
                break
            areas = _areas_of(deps, tenant, article)
            with store.database.write() as transaction:
                done += open_review_in(
                    store,
                    transaction,
                    tenant,
                    article,
                    areas,
                    rules,
                    cause=f"{kind}:{cause}",
                    kind=kind,
                    why=why,
                    evidence=evidence,
                    now=now,
                )
        opened += done
    with store.database.write() as transaction:
        store.cursors.set_in(transaction, tenant, NEXT, (now + REST).isoformat(), now=now)
    return opened


def _aged(articles: list[StoredArticle], in_review: set[int], rules: KnowledgeRules, now: datetime) -> Iterator[Cause]:
    """Those that nobody confirmed for too long, the longest first."""
    if not rules.check_every:
        return
    old = [
        (since, each)
        for each in articles
        if each.state is State.VERIFIED
        and each.id not in in_review
        and (since := each.verified_at or each.article.updated_at) <= now - rules.check_every
    ]
    for since, each in sorted(old, key=lambda found: (found[0], found[1].id)):
        yield each, since.isoformat(), f"Not checked for {_span(now - since)}", {"since": since.isoformat()}


def _room(deps: Deps, tenant: str, now: datetime) -> int:
    """How many more may be opened by age."""
    return MOST_AGED - deps.store.reviews.opened_since(tenant, AGE, now - timedelta(days=1))


def _unhelpful(deps: Deps, tenant: str, articles: list[StoredArticle], now: datetime) -> Iterator[Cause]:
    """Those that agents put into replies and then judged not helpful, as they read since somebody confirmed them."""
    events, earliest = deps.store.article_events, now - JUDGED_WITHIN
    usual = events.counts(tenant, earliest)
    for each in articles:
        use = usual.get(each.id)
        if each.state is State.OUTDATED or use is None or use.inserted < LEAST_INSERTS or not use.inserted_judged:
            continue
        versions = deps.store.articles.versions(tenant, each.id)
        changes = [at for at in (each.verified_at, versions[0].replaced_at if versions else None) if at is not None]
        since = max(changes, default=None)
        if since is not None and since > earliest:
            use = events.counts(tenant, since).get(each.id)
        if use and use.inserted >= LEAST_INSERTS and use.inserted_judged >= LEAST_SHARE * use.inserted:
            told = f"“Not helpful” in {use.inserted_judged} of {use.inserted} inserts"
            evidence = {"inserts": use.inserted, "not_helpful": use.inserted_judged}
            yield each, since.isoformat() if since else "first", told, evidence


def _edited(deps: Deps, tenant: str, articles: list[StoredArticle], in_review: set[int]) -> Iterator[Cause]:
    """Outdated ones that were rewritten since: the next sync has them due, and somebody has to look."""
    for each in articles:
        if each.state is State.REVIEW_DUE and each.id not in in_review:
            versions = deps.store.articles.versions(tenant, each.id)
            at = versions[0].replaced_at if versions else each.changed_at
            yield each, at.isoformat(), "It was outdated and has been edited", {"edited_at": at.isoformat()}


def _give_owners(deps: Deps, tenant: str, reviews: list[StoredReview], rules: KnowledgeRules, now: datetime) -> None:
    """Reviews that had nobody when they were opened, and have somebody by now."""
    for article in {each.article.id: each.article for each in reviews}.values():
        owner = owner_of(article, _areas_of(deps, tenant, article), rules)
        if owner is not None:
            deps.store.reviews.assign(tenant, article.id, owner, now=now, only_ownerless=True)


def _areas_of(deps: Deps, tenant: str, article: StoredArticle) -> tuple[str, ...]:
    text = "" if article.facts.product_areas else texts_of(deps, tenant, [article]).get(article.id, "")
    return areas_known(article, text)


def _span(span: timedelta) -> str:
    months = int(span.days / 30.44)
    if months >= 24:
        return f"{months // 12} years"
    return f"{months} months" if months >= 2 else f"{span.days} days"
