"""POST /api/articles/search and /read: what a customer's app shows before they write, and what they open of it.

Offered is what the customer may read by themselves: everybody's articles, and those behind the log-in when the app
vouches that they are signed in. Restricted and internal ones never are.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from app.bootstrap import Deps
from app.intake_auth import admitted
from app.intake_errors import PREFIX, Refused
from app.intake_request import MailAddress, Short, Strict, parsed
from app.knowledge.readers import person_of
from app.knowledge.rules import rules_for
from app.knowledge.suggesting import Shelves, search
from app.knowledge.typed import TypedWords
from connectors.index import IndexBroken, IndexMissing
from triage.search.audience import Reader, may_be_suggested
from triage.suggestions import Candidate, shown_for_words

LARGEST_BODY = 64 * 1024


class Search(Strict):
    """What somebody is about to write. `person` is only remembered as a keyed hash."""

    query: Annotated[str, Field(min_length=1, max_length=4000)]
    person: MailAddress
    signed_in: bool = False
    locale: Short | None = None
    limit: Annotated[int, Field(ge=1, le=5)] = 3


class Opened(Strict):
    visit: Short
    article: Annotated[int, Field(ge=1)]


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("articles_api", __name__, url_prefix=f"{PREFIX}articles")
    shelves, typed = Shelves(deps), TypedWords(deps.settings)

    @blueprint.post("/search")
    def look() -> Response:
        body = _body()
        tenant = admitted(deps, body).tenant
        asked = parsed(Search, body, otherwise="not_a_search")
        try:
            shelf = shelves.of(tenant)
        except (IndexMissing, IndexBroken):
            raise Refused("no_articles") from None
        encoder = typed.encoder()
        vector = encoder.encode([asked.query])[0] if encoder and encoder.id == shelf.index.encoder_id else None
        reader = Reader(is_signed_in=asked.signed_in)
        languages = (asked.locale,) if asked.locale else ()
        now, rules = deps.now(), rules_for(deps.store, tenant)
        found = search(deps, shelf, tenant, asked.query, vector, reader, now=now, languages=languages)
        # An article may have been hidden since the index was made.
        known = deps.store.articles.some(tenant, [each.article_id for each in found])
        allowed = {number for number, each in known.items() if may_be_suggested(each.article, reader)}
        shown = shown_for_words([each for each in found if each.article_id in allowed], rules)[: asked.limit]
        visit = secrets.token_urlsafe(16)
        article_ids = [each.article_id for each in shown]
        deps.store.readings.show(
            tenant, person=person_of(deps, asked.person), visit=visit, article_ids=article_ids, now=now
        )
        return jsonify(visit=visit, articles=[_told(each) for each in shown])

    @blueprint.post("/read")
    def opened() -> Response:
        body = _body()
        tenant = admitted(deps, body).tenant
        told = parsed(Opened, body, otherwise="not_a_search")
        if not deps.store.readings.open(tenant, visit=told.visit, article_id=told.article, now=deps.now()):
            raise Refused("not_found")
        return Response(status=204)

    return blueprint


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise Refused("wrong_type")
    request.max_content_length = LARGEST_BODY
    return request.get_data(cache=False)


def _told(each: Candidate) -> dict[str, object]:
    return {
        "id": each.article_id,
        "title": each.title,
        "url": each.url,
        "locale": each.locale,
        "paragraph": each.passage,
        "highlights": [list(place) for place in each.highlights],
        "sure": round(each.sure, 2),
    }
