"""Which articles fit a ticket: searched once it was read, kept with it, and searched again when the index is newer."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from app.knowledge.ordering import Ranker
from app.knowledge.rules import rules_for
from app.knowledge.searching import Shelf
from connectors.index import IndexMissing
from connectors.queue import TimedOut
from connectors.store.rankers import SHIPPED
from connectors.store.suggestions import Suggestion
from connectors.store.tallies import SUGGESTION_FAILED, count_in, is_open
from triage.language import UNKNOWN
from triage.metadata import Metadata
from triage.search.audience import Reader, agent_reader
from triage.suggestions import KEPT, LANGUAGES, Candidate, Found, Order, candidates, shipped_order
from triage.tickets import Organization, Ticket

log = logging.getLogger("deskhand.knowledge")

KEPT_FOR = timedelta(days=180)
"""What was found for a ticket, and the text that was searched for, is forgotten after this."""
NO_INDEX = ""
"""The version of the index where there was none: such a ticket was not searched for yet."""
OPEN = 50
"""Of so many tenants a process keeps the index open. Files are mapped, so what costs is the opening."""


class Shelves:
    """Every tenant's index, opened when it is first needed, and again when it or what is known of its articles was
    replaced. Safe to share between threads.
    """

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self._open: OrderedDict[str, tuple[tuple[str, str], Shelf]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, tenant: str) -> Shelf:
        """Raises `IndexMissing` or `IndexBroken`."""
        place = place_of(self.deps, tenant)
        now = place.in_use(), place.built_from()
        with self._lock:
            kept = self._open.get(tenant)
            if kept is not None and kept[0] == now:
                self._open.move_to_end(tenant)
                return kept[1]
            shelf = Shelf.open(self.deps, tenant, None)
            self._open[tenant] = now, shelf
            while len(self._open) > OPEN:
                self._open.popitem(last=False)
            return shelf


def search(
    deps: Deps,
    shelf: Shelf,
    tenant: str,
    query: str,
    vector: NDArray[np.float32] | None,
    reader: Reader,
    *,
    now: datetime,
    languages: Sequence[str] = (),
    product_area: str | None = None,
    order: Order = shipped_order,
) -> tuple[Candidate, ...]:
    """The best articles for a text; without a `vector` the words alone decide."""
    rules = rules_for(deps.store, tenant)
    limit = KEPT * min(shelf.languages, LANGUAGES)
    hits = shelf.search(query, reader, limit=limit, vector=vector, synonyms=rules.synonyms)
    late = deps.store.reviews.late(tenant, [stored.id for stored, _ in hits], now)
    found = [
        Found(
            article_id=stored.id,
            key=stored.key,
            article=stored.article,
            hit=hit,
            product_areas=stored.facts.product_areas,
            is_late=stored.id in late,
        )
        for stored, hit in hits
    ]
    return candidates(found, languages=languages, product_area=product_area, order=order)


def suggest(
    shelves: Shelves,
    tenant: str,
    ticket: Ticket,
    organization: Organization | None,
    metadata: Metadata,
    vector: NDArray[np.float32],
    *,
    encoder: str,
    product_area: str | None,
    now: datetime,
) -> Suggestion | None:
    """What to keep with the ticket's decision. Never raises: a ticket is routed whether articles were found or not."""
    try:
        made = Suggestion(
            ticket_ref=ticket.ref,
            query=metadata.text,
            vector=vector,
            encoder=encoder,
            index_version=NO_INDEX,
            ranker=SHIPPED,
            product_area=product_area,
            sure=0.0,
            found=(),
            made_at=now,
        )
        language = metadata.language.code
        reader = agent_reader(ticket.organization_id, organization)
        return brought_up(shelves, tenant, made, reader, now=now, languages=() if language == UNKNOWN else (language,))
    except TimedOut:
        raise
    except Exception as error:
        _tell(tenant, error)
        shelves.deps.store.tallies.add(tenant, SUGGESTION_FAILED)
        return None


def brought_up(
    shelves: Shelves, tenant: str, made: Suggestion, reader: Reader, *, now: datetime, languages: Sequence[str]
) -> Suggestion:
    """The suggestion by the index as it is now: the same one where it was made by that, there is no index, or the
    query's vector is another encoder's. Raises `IndexBroken`.
    """
    try:
        shelf = shelves.of(tenant)
    except IndexMissing:
        return made
    if shelf.index.version == made.index_version or shelf.index.encoder_id != made.encoder:
        return made
    ranker = Ranker.of(shelves.deps.store, tenant, encoder=made.encoder, now=now)
    found = search(
        shelves.deps,
        shelf,
        tenant,
        made.query,
        made.vector,
        reader,
        now=now,
        languages=languages,
        product_area=made.product_area,
        order=ranker.order(made.vector, made.made_at),
    )
    sure = max((each.sure for each in found), default=0.0)
    return replace(made, index_version=shelf.index.version, ranker=ranker.name, sure=sure, found=found)


def keep_in(deps: Deps, transaction: Connection, tenant: str, made: Suggestion | None) -> None:
    """Keep it in the caller's transaction, which stays as it was if that fails."""
    if made is None:
        return
    try:
        with transaction.begin_nested():
            deps.store.suggestions.keep_in(transaction, tenant, made)
    except SQLAlchemyError as error:
        if not is_open(transaction):
            raise
        _tell(tenant, error)
        count_in(transaction, tenant, SUGGESTION_FAILED)


def _tell(tenant: str, error: Exception) -> None:
    # Without the traceback, which would quote the text that was searched for.
    log.warning("no suggestion for a ticket of %s: %s", tenant, type(error).__name__)
