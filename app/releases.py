"""POST /api/releases: a release of the tenant's own product, by the same signed keys as tickets.

Keeping it is all the request does. Within seconds it is held against every article, and those it may have made wrong
are due for a review.
"""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError

from app.bootstrap import Deps
from app.intake import LARGEST_BODY
from app.intake_auth import admitted
from app.intake_errors import PREFIX, Refused
from app.intake_request import Line, Strict, parsed, seen
from app.knowledge.rules import areas
from connectors.store.releases import API, LONGEST_NOTES, LONGEST_TITLE, LONGEST_URL, LONGEST_VERSION, StoredRelease
from triage.reviews.changes import changes_of

NEXT = "The articles it may have made wrong are due for a review within seconds."
NOTHING = "Its notes name no change, so no review is opened."


def _area(text: str) -> str:
    if text not in areas():
        raise PydanticCustomError("area", f"There is no such product area. There are: {', '.join(areas())}")
    return text


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or any(letter.isspace() for letter in text):
        raise PydanticCustomError("address", "This is not a web address")
    return text


class Sent(Strict):
    """A release as its sender wrote it. `notes` are Markdown or plain text."""

    version: Annotated[Line, Field(max_length=LONGEST_VERSION)]
    notes: Annotated[str, Field(max_length=LONGEST_NOTES), AfterValidator(seen)]
    title: Annotated[Line, Field(max_length=LONGEST_TITLE)] | None = None
    product_areas: Annotated[tuple[Annotated[str, AfterValidator(_area)], ...], Field(max_length=20)] = ()
    url: Annotated[str, Field(max_length=LONGEST_URL), AfterValidator(_address)] | None = None
    released_at: AwareDatetime | None = None


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("releases", __name__, url_prefix=f"{PREFIX}releases")

    @blueprint.post("")
    def send_in() -> Response:
        if request.mimetype != "application/json":
            raise Refused("wrong_type")
        request.max_content_length = LARGEST_BODY  # more is answered 413 before it is read
        body = request.get_data(cache=False)
        tenant = admitted(deps, body).tenant
        sent = parsed(Sent, body, otherwise="not_a_release")
        kept = deps.store.releases.add(
            tenant,
            sent.version,
            notes=sent.notes,
            source=API,
            title=sent.title or "",
            product_areas=tuple(dict.fromkeys(sent.product_areas)),
            url=sent.url,
            released_at=None if sent.released_at is None else sent.released_at.astimezone(UTC),
            now=deps.now(),
        )
        answer = jsonify(**_told(deps, tenant, kept), next=NEXT if changes_of(kept.notes) else NOTHING)
        answer.status_code = 202
        answer.headers["Location"] = url_for("releases.look", release_id=kept.id)
        return answer

    @blueprint.get("/<int:release_id>")
    def look(release_id: int) -> Response:
        tenant = admitted(deps, request.path.encode()).tenant
        # A larger number than any that a database counts to is none of ours.
        found = deps.store.releases.find(tenant, release_id) if release_id < 2**63 else None
        if found is None:
            raise Refused("not_found")
        return jsonify(**_told(deps, tenant, found))

    return blueprint


def _told(deps: Deps, tenant: str, release: StoredRelease) -> dict[str, Any]:
    """`reviews` is None until the release was held against the articles."""
    tally = deps.store.reviews.tallies(tenant).get(release.id)
    counts = {"opened": tally.opened if tally else 0, "open": tally.open if tally else 0}
    return {"id": release.id, "version": release.version, "reviews": counts if release.read_at else None}
