"""A tenant's search index made again when an article changed, and used unless it finds less than the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.bootstrap import Deps
from app.knowledge.evaluating import answerable, ask, keep, own_queries
from app.knowledge.indexing import place_of
from app.knowledge.searching import Shelf, known_articles
from app.learning.progress import Progress, silent
from connectors.encoder import Encoder
from connectors.index import Index, IndexBroken, IndexMissing, Place, make
from connectors.store.search_tests import INSERTS
from triage.search.relevance import LEAST_JUDGED, judge, relevance

REFUSED = "index_refused"
"""The cursor that says which index was used, and of what the one was that did worse: it is not made again."""
STILL = "The index of these articles found less than the one in use and was refused."


@dataclass(frozen=True, slots=True)
class Refreshed:
    """`index` is what was made and put in use, None where there was nothing to do or it was refused; then `refused`
    says why, and the index before stays in use. `judged` says how the two compared.
    """

    index: Index | None = None
    refused: str = ""
    judged: str = ""


def refresh_index(
    deps: Deps, tenant: str, encoder: Callable[[], Encoder], *, anyway: bool = False, progress: Progress = silent
) -> Refreshed:
    """Make the index if an article changed since it was made, it is damaged, or another encoder is used now.

    One that does worse on the tenant's own inserts, or cannot be opened, is not used and not tried again until an
    article changes, unless `anyway`. What was deleted or withdrawn is never found, whichever index is used.
    """
    place, mark = place_of(deps, tenant), deps.store.articles.mark(tenant)
    used = _opened(place)
    if used is None and not deps.store.articles.sources(tenant):
        return Refreshed()
    if used is not None and used.encoder_id == encoder().id and place.built_from() == mark:
        return Refreshed()
    content = f"{used.version if used else ''} {encoder().id} {mark}"
    if not anyway and deps.store.cursors.get(tenant, REFUSED) == content:
        return Refreshed(refused=STILL)
    try:
        made = make(
            deps.store.articles.to_index(tenant),
            encoder(),
            place,
            progress=lambda done, of: progress("Making the search index", done, of),
        )
    except IndexBroken as error:
        if used is None:
            raise
        return Refreshed(refused=f"The new index cannot be opened, so the one before stays in use: {error}")
    judgement = None
    if used is not None and used.version != made.version:
        judgement = _judged(deps, tenant, used, made, encoder(), anyway=anyway)
        if judgement.is_worse and not judgement.is_used:
            with deps.store.database.write() as connection:
                deps.store.cursors.set_in(connection, tenant, REFUSED, content, now=deps.now())
            return Refreshed(refused=f"The index before stays in use. {judgement.why}", judged=judgement.why)
    place.put_in_use(made.version, built_from=mark)
    return Refreshed(made, judged=judgement.why if judgement else "")


@dataclass(frozen=True, slots=True)
class _Judged:
    is_worse: bool
    is_used: bool
    why: str


def _judged(deps: Deps, tenant: str, used: Index, made: Index, encoder: Encoder, *, anyway: bool) -> _Judged:
    """Both indexes on the queries that both can answer; kept as a row of the new one where there are enough."""
    known = known_articles(deps, tenant)
    old, new = Shelf(used, encoder, known), Shelf(made, encoder, known)
    queries = answerable(own_queries(deps, tenant), old, new)
    if len(queries) < LEAST_JUDGED:
        return _Judged(False, True, "")
    before, after = ask(deps, tenant, old, queries), ask(deps, tenant, new, queries)
    found = judge([each.place for each in before], [each.place for each in after])
    is_used, why = True, found.why
    if found.is_worse and anyway:
        why = f"{found.why} Used anyway."
    elif found.is_worse and used.encoder_id != made.encoder_id:
        # Its vectors do not compare with those of new tickets, so it would find by words alone.
        why = f"{found.why} Used all the same: the index before it needs the encoder {used.encoder_id}."
    elif found.is_worse:
        is_used = False
    keep(deps, tenant, new, relevance(after), source=INSERTS, is_used=is_used, why=why)
    return _Judged(found.is_worse, is_used, why)


def _opened(place: Place) -> Index | None:
    """The index there; None where there is none that can be used."""
    try:
        return place.open()
    except (IndexMissing, IndexBroken):
        return None
