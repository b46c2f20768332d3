"""The panel's section `Answer` on the database and the search index: articles for the ticket or for typed words, and
what an agent does with them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps
from app.knowledge.opening import open_review_in
from app.knowledge.ordering import Ranker
from app.knowledge.rules import rules_for
from app.knowledge.suggesting import NO_INDEX, Shelves, brought_up, search
from app.knowledge.typed import TypedWords
from connectors.index import IndexBroken, IndexMissing
from connectors.store.article_rows import StoredArticle
from connectors.store.review_rows import FLAG, StoredReview
from connectors.store.suggestions import Suggestion
from sidebar_app import ArticleRefused, Session
from triage import panel_answer as words_of
from triage.articles import State
from triage.knowledge_reading import KnowledgeRulesError
from triage.knowledge_rules import KnowledgeRules
from triage.panel_answer import Offer, panel_answer
from triage.panel_view import PanelAnswer
from triage.search.audience import Reader, agent_reader, may_be_suggested
from triage.suggestions import Act, ArticleEvent, Candidate, Order, as_of_now, may_send, shown, shown_for_words
from triage.tickets import Organization, Requester, Ticket

log = logging.getLogger("deskhand.knowledge")
GONE = "This article is not there any more. Reload the app."


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket and its people, read from the helpdesk just now."""

    ticket: Ticket
    requester: Requester | None
    organization: Organization | None

    @property
    def reader(self) -> Reader:
        """An agent who answers this requester."""
        return agent_reader(self.requester.organization_id if self.requester else None, self.organization)

    @property
    def languages(self) -> tuple[str, ...]:
        return (self.requester.locale,) if self.requester and self.requester.locale else ()


class Answers:
    """One for each process: it keeps indexes and, after the first typed search, the encoder."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.shelves = Shelves(deps)
        self.typed = TypedWords(deps.settings)

    def answer(self, session: Session, seen: Seen, words: str = "") -> PanelAnswer:
        """The articles for `words` where an agent typed some, else for the ticket."""
        try:
            return self._for_words(session, seen, words) if words else self._for_ticket(session, seen)
        except KnowledgeRulesError as error:
            return words_of.broken_rules(str(error))
        except IndexBroken as error:
            log.warning("the search index of %s cannot be used: %s", session.tenant, error)
            return words_of.NO_INDEX

    def use(self, session: Session, seen: Seen, article_id: int, act: Act, note: str) -> None:
        """Note what the agent does with an article; raises `ArticleRefused` where that may not be."""
        store, tenant, now = self.deps.store, session.tenant, self.deps.now()
        known = store.articles.some(tenant, [article_id]).get(article_id)
        if known is None or not may_be_suggested(known.article, seen.reader):
            raise ArticleRefused(GONE)
        sending = may_send(known.article, seen.requester, seen.organization, seen.ticket.channel)
        allowed = {Act.INSERT_TEXT: sending.quote, Act.INSERT_LINK: sending.link}.get(act, True)
        if not allowed:
            raise ArticleRefused(sending.withheld)
        try:
            rules = rules_for(store, tenant) if act is Act.FLAG else None
        except KnowledgeRulesError as error:
            raise ArticleRefused(str(error)) from None
        with store.database.write() as transaction:
            store.article_events.add_in(
                transaction,
                tenant,
                seen.ticket.ref,
                article_id,
                act,
                now=now,
                by_id=session.user_id,
                by_name=session.user_name,
                note=note,
            )
            if rules is not None:
                self._open_review(transaction, session, seen.ticket.ref, known, rules, note, now)

    def _open_review(
        self,
        transaction: Connection,
        session: Session,
        ref: str,
        known: StoredArticle,
        rules: KnowledgeRules,
        note: str,
        now: datetime,
    ) -> None:
        """For the article's owner; flags on the same ticket are one."""
        open_review_in(
            self.deps.store,
            transaction,
            session.tenant,
            known,
            known.facts.product_areas,
            rules,
            cause=f"{FLAG}:{ref}",
            kind=FLAG,
            why=f"{session.user_name} flagged it on ticket {ref}" + (f": {note}" if note else "."),
            evidence={"ticket": ref, "by": session.user_name, "note": note},
            now=now,
        )

    def _for_ticket(self, session: Session, seen: Seen) -> PanelAnswer:
        """What was found when the ticket was read, or with the newest index where that is newer."""
        store, tenant = self.deps.store, session.tenant
        made = store.suggestions.of(tenant, seen.ticket.ref)
        if made is None:
            return words_of.NOT_SEARCHED if store.articles.sources(tenant) else words_of.NOT_READ
        if not seen.ticket.is_final:
            made = self._brought_up(tenant, seen, made)
        if made.index_version == NO_INDEX:
            return words_of.NO_INDEX if store.articles.sources(tenant) else words_of.NOT_READ
        ranker = Ranker.of(store, tenant, encoder=made.encoder, now=self.deps.now())
        return self._shown(session, seen, made.found, ranker.order(made.vector, made.made_at))

    def _brought_up(self, tenant: str, seen: Seen, made: Suggestion) -> Suggestion:
        """Kept, so that it says what agents were shown; with a damaged index the last one is as good as there is."""
        try:
            newer = brought_up(self.shelves, tenant, made, seen.reader, now=self.deps.now(), languages=seen.languages)
        except IndexBroken as error:
            log.warning("the search index of %s cannot be used: %s", tenant, error)
            return made
        if newer is not made:
            self.deps.store.suggestions.keep(tenant, newer)
        return newer

    def _for_words(self, session: Session, seen: Seen, words: str) -> PanelAnswer:
        tenant, store = session.tenant, self.deps.store
        try:
            shelf = self.shelves.of(tenant)
        except IndexMissing:
            return words_of.NO_INDEX if store.articles.sources(tenant) else words_of.NOT_READ
        encoder = self.typed.encoder()
        vector = encoder.encode([words])[0] if encoder and encoder.id == shelf.index.encoder_id else None
        now = self.deps.now()
        order = Ranker.of(store, tenant, encoder=shelf.index.encoder_id, now=now).order(vector, now)
        found = search(
            self.deps, shelf, tenant, words, vector, seen.reader, now=now, languages=seen.languages, order=order
        )
        return self._shown(session, seen, found, order, asked=words)

    def _shown(
        self, session: Session, seen: Seen, found: Sequence[Candidate], order: Order, *, asked: str = ""
    ) -> PanelAnswer:
        """The section from articles as they are now: what was found may have been hidden or changed since."""
        store, tenant, now = self.deps.store, session.tenant, self.deps.now()
        rules = rules_for(store, tenant)
        known = {
            number: each
            for number, each in store.articles.some(tenant, [each.article_id for each in found]).items()
            if may_be_suggested(each.article, seen.reader)
        }
        due = self._due(tenant, known)
        late = {number for number, reviews in due.items() if any(each.due_at <= now for each in reviews)}
        there = as_of_now([each for each in found if each.article_id in known], late, order)
        picked = shown_for_words(there, rules) if asked else shown(there, rules)
        events = store.article_events.of_ticket(tenant, seen.ticket.ref)
        self._note_shown(tenant, seen.ticket.ref, picked, events, now)
        texts = store.articles.texts(tenant, [each.article_id for each in picked])
        offers = [
            Offer(
                candidate=each,
                article=known[each.article_id].article,
                state=known[each.article_id].state,
                facts=known[each.article_id].facts,
                sending=may_send(
                    known[each.article_id].article, seen.requester, seen.organization, seen.ticket.channel
                ),
                is_current=each.passage in texts.get(each.article_id, ""),
                due_since=_since(due.get(each.article_id, ())),
                checked_at=known[each.article_id].verified_at,
            )
            for each in picked
        ]
        return panel_answer(
            offers,
            events,
            locale=seen.requester.locale if seen.requester else None,
            user_id=session.user_id,
            now=now,
            zone=session.time_zone,
            asked=asked,
        )

    def _due(self, tenant: str, known: dict[int, StoredArticle]) -> dict[int, list[StoredReview]]:
        """The open reviews of those that are due for one; most of the time that is none, and nothing is asked."""
        found: dict[int, list[StoredReview]] = {}
        if ids := [number for number, each in known.items() if each.state is State.REVIEW_DUE]:
            for review in self.deps.store.reviews.open(tenant, article_ids=ids):
                found.setdefault(review.article.id, []).append(review)
        return found

    def _note_shown(
        self,
        tenant: str,
        ticket_ref: str,
        picked: Sequence[Candidate],
        events: Sequence[ArticleEvent],
        now: datetime,
    ) -> None:
        """Once for a ticket and an article. The panel does not depend on it."""
        noted = {each.article_id for each in events if each.act is Act.SHOWN}
        new = [each.article_id for each in picked if each.article_id not in noted]
        if not new:
            return
        try:
            with self.deps.store.database.write() as transaction:
                for article_id in new:
                    self.deps.store.article_events.add_in(
                        transaction, tenant, ticket_ref, article_id, Act.SHOWN, now=now
                    )
        except SQLAlchemyError as error:
            log.warning("not noted that articles were shown: %s", type(error).__name__)


def _since(reviews: Sequence[StoredReview]) -> str:
    """What an article's review is due for: the release, where one of them opened it."""
    return next((f"release {each.release}" for each in reviews if each.release), "")
