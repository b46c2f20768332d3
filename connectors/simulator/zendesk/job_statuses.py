"""Bulk updates and their jobs (platform notes 2.4): queued, working, completed as the caller polls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid, Missing, Stale
from connectors.simulator.zendesk import bodies
from connectors.simulator.zendesk.errors import ApiError, TooMany, not_found
from connectors.simulator.zendesk.paging import base_url
from connectors.simulator.zendesk.tickets import MOST_AT_ONCE, Tickets

MOST_AT_WORK, MOST_LISTED, KEPT_S = 30, 100, 3600.0
# A job that nobody asks about completes all the same.
LONGEST_WORK_S = 3.0
WORDS = {Missing: "TicketNotFound", Stale: "UpdateConflict", Invalid: "RecordInvalid", ApiError: "TicketUpdateFailed"}


@dataclass(slots=True, kw_only=True)
class Job:
    """`polls` counts how often its state was asked for since it was queued."""

    id: str
    started: float
    results: list[dict[str, Any]]
    polls: int = 0


class Jobs:
    """The account's jobs. The work is done at once; what is told of it lags behind, as on a busy account."""

    def __init__(self, tickets: Tickets, clock: Callable[[], float] = time.monotonic) -> None:
        self._tickets = tickets
        self._clock = clock
        self._jobs: dict[str, Job] = {}

    def start(self, changes: list[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
        """Update each ticket; raises the 400 answer for too many, the 429 answer for too many jobs at work."""
        if not 0 < len(changes) <= MOST_AT_ONCE:
            raise ApiError(400, {"error": "TooManyTickets", "description": f"Send 1 to {MOST_AT_ONCE} tickets"})
        if sum(self._status(job) != "completed" for job in self._live()) >= MOST_AT_WORK:
            raise TooMany("jobs", LONGEST_WORK_S)
        results = [self._one(ticket_id, asked) for ticket_id, asked in changes]
        job = Job(id=uuid.uuid4().hex, started=self._clock(), results=results)
        self._jobs[job.id] = job
        return self._show(job)

    def poll(self, wanted: list[str] | None = None) -> list[dict[str, Any]]:
        """The jobs named, or the latest ones; asking moves them on."""
        jobs = [job for job in self._live() if wanted is None or job.id in wanted][-MOST_LISTED:]
        for job in jobs:
            job.polls += 1
        return [self._show(job) for job in jobs]

    def _live(self) -> list[Job]:
        return [job for job in list(self._jobs.values()) if self._clock() - job.started < KEPT_S]

    def _status(self, job: Job) -> str:
        if job.polls > 1 or self._clock() - job.started >= LONGEST_WORK_S:
            return "completed"
        return "working" if job.polls else "queued"

    def _show(self, job: Job) -> dict[str, Any]:
        status, total = self._status(job), len(job.results)
        progress = {"queued": None, "working": total // 2, "completed": total}[status]
        done = status == "completed"
        return {
            "id": job.id,
            "job_type": "Bulk Update Ticket",
            "url": f"{base_url()}/api/v2/job_statuses/{job.id}.json",
            "total": total,
            "progress": progress,
            "status": status,
            "message": "Completed" if done else None,
            "results": job.results if done else None,
        }

    def _one(self, ticket_id: int, asked: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {"id": ticket_id, "action": "update"}
        try:
            self._tickets.update(ticket_id, asked)
        except (Missing, Stale, Invalid, ApiError) as error:
            word = next(word for kind, word in WORDS.items() if isinstance(error, kind))
            return {**result, "success": False, "error": word, "details": str(error)}
        return {**result, "success": True, "status": "Updated"}


def register(api: Blueprint, jobs: Jobs) -> None:
    """Add the routes to the API."""

    @api.put("/tickets/update_many")
    def update_many() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        ids = request.args.get("ids")
        if ids is not None:
            asked = bodies.part(body, "ticket")
            numbers = dict.fromkeys(int(part) for part in ids.split(",") if part.strip().isdigit())
            return {"job_status": jobs.start([(number, asked) for number in numbers])}
        listed = body.get("tickets") if isinstance(body, dict) else None
        each = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return {"job_status": jobs.start([(bodies.number("id", one.get("id")), one) for one in each])}

    @api.get("/job_statuses/<job_id>")
    def job(job_id: str) -> ResponseReturnValue:
        rows = jobs.poll([job_id])
        if not rows:
            raise not_found()
        return {"job_status": rows[0]}

    @api.get("/job_statuses")
    @api.get("/job_statuses/show_many", endpoint="many_jobs")
    def list_jobs() -> ResponseReturnValue:
        ids = request.args.get("ids")
        return {"job_statuses": jobs.poll(None if ids is None else ids.split(","))}
