"""Surveys and what customers answered (platform notes 2.9)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk.checks import missing, not_a_choice, read_body
from connectors.simulator.freshdesk.codes import RATING_CODES
from connectors.simulator.freshdesk.desk import Desk
from connectors.simulator.freshdesk.errors import invalid
from connectors.simulator.freshdesk.paging import optional_number, page_of
from connectors.simulator.freshdesk.tickets import created, read_moment
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import Rating

SURVEY_ID = 1
ACCEPTED = (-103, 100, 103)


def register(api: Blueprint, desk: Desk) -> None:
    """Add the routes to the API."""
    state = desk.state

    def shown(rating: Rating) -> dict[str, Any]:
        ticket = state.tickets[rating.ticket_id]
        return {
            "id": rating.id,
            "survey_id": SURVEY_ID,
            "user_id": ticket.requester_id,
            "agent_id": ticket.assignee_id,
            "feedback": rating.comment or None,
            "group_id": ticket.group_id,
            "ticket_id": rating.ticket_id,
            "ratings": {"default_question": RATING_CODES[rating.score]},
            "created_at": stamp(rating.created_at),
            "updated_at": stamp(rating.created_at),
        }

    @api.get("/surveys")
    def surveys() -> ResponseReturnValue:
        if request.args.get("state", "active") != "active":
            return []
        question = {
            "id": "default_question",
            "label": "How would you rate your overall satisfaction?",
            "accepted_ratings": list(ACCEPTED),
        }
        return [{"id": SURVEY_ID, "title": "Default survey", "questions": [question]}]

    @api.get("/surveys/satisfaction_ratings")
    def ratings() -> ResponseReturnValue:
        since, user_id = read_moment("created_since"), optional_number("user_id")
        rows = [
            one
            for one in state.ratings.values()
            if (since is None or one.created_at >= since)
            and (user_id is None or state.tickets[one.ticket_id].requester_id == user_id)
        ]
        return page_of(rows, shown)

    @api.get("/tickets/<int:ticket_id>/satisfaction_ratings")
    def ticket_ratings(ticket_id: int) -> ResponseReturnValue:
        desk.found(ticket_id)
        return page_of([one for one in state.ratings.values() if one.ticket_id == ticket_id], shown)

    @api.post("/tickets/<int:ticket_id>/satisfaction_ratings")
    def rate(ticket_id: int) -> ResponseReturnValue:
        desk.writable(ticket_id, "POST")
        asked = read_body({"feedback": "text", "ratings": "object"}, required=("ratings",))
        score = asked["ratings"].get("default_question")
        if score is None:
            raise invalid(missing("default_question"))
        if score not in ACCEPTED:
            raise invalid(not_a_choice("default_question", ACCEPTED))
        word = next(name for name, code in RATING_CODES.items() if code == score)
        rating = Rating(
            id=state.next_id(), ticket_id=ticket_id, score=word, comment=asked.get("feedback") or "",
            created_at=state.second(),
        )  # fmt: skip
        state.put(state.ratings, rating)
        return created(shown(rating), "")
