"""Satisfaction ratings (platform notes 2.14)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.records import Rating
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.auth import check_admin
from connectors.simulator.zendesk.errors import ApiError
from connectors.simulator.zendesk.paging import base_url, page_of, whole_number

WORDS = ("good", "bad")
ENDINGS = ("", "_with_comment", "_without_comment")
SCORES = ("offered", "unoffered", *(word + ending for word in ("received", *WORDS) for ending in ENDINGS))


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API."""

    def show(rating: Rating) -> dict[str, Any]:
        ticket = state.tickets[rating.ticket_id]
        return {
            "id": rating.id,
            "url": f"{base_url()}/api/v2/satisfaction_ratings/{rating.id}.json",
            "ticket_id": rating.ticket_id,
            "requester_id": ticket.requester_id,
            "assignee_id": ticket.assignee_id,
            "group_id": ticket.group_id,
            "score": rating.score,
            "comment": rating.comment,
            "created_at": wire.stamp(rating.created_at),
            "updated_at": wire.stamp(rating.created_at),
        }

    @api.get("/satisfaction_ratings")
    def ratings() -> ResponseReturnValue:
        check_admin(g.user)
        score = request.args.get("score", "")
        if score and score not in SCORES:
            raise ApiError(400, {"error": "InvalidValue", "description": f"score {score} is not known"})
        first, last = whole_number("start_time", 0), whole_number("end_time", 2**40)
        rows = [
            rating
            for rating in list(state.ratings.values())
            if first <= rating.created_at.timestamp() <= last and _meets(rating, score)
            # The scale here has two ends only: what lies between is never sent.
            if rating.score in WORDS
        ]
        return page_of("satisfaction_ratings", sorted(rows, key=lambda row: row.created_at), show)


def _meets(rating: Rating, score: str) -> bool:
    word, _, ending = score.partition("_")
    if word in ("offered", "unoffered"):
        return False
    return word in ("", "received", rating.score) and (not ending or (ending == "with_comment") == bool(rating.comment))
