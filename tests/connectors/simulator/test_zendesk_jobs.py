"""Bulk updates: both forms, per-item results, and jobs that take their time."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.simulator.zendesk import job_statuses


def poll(desk: Any, job: dict[str, Any]) -> dict[str, Any]:
    return dict(desk.api("GET", f"job_statuses/{job['id']}.json").json()["job_status"])


def test_a_job_is_queued_works_and_completes_though_items_fail(desk: Any) -> None:
    number, closed = desk.arrive(), desk.arrive()
    desk.control("POST", f"tickets/{closed}", {"status": "closed"})
    each = [{"id": number, "additional_tags": ["x"]}, {"id": closed, "priority": "low"}, {"id": 1, "priority": "low"}]
    queued = desk.api("PUT", "tickets/update_many.json", {"tickets": each}).json()["job_status"]
    assert (queued["status"], queued["progress"], queued["results"]) == ("queued", None, None)
    working, done = poll(desk, queued), poll(desk, queued)
    assert (working["status"], working["results"]) == ("working", None)
    assert (done["status"], done["progress"], done["total"]) == ("completed", 3, 3)
    assert [(row["id"], row["success"], row.get("error")) for row in done["results"]] == [
        (number, True, None), (closed, False, "RecordInvalid"), (1, False, "TicketNotFound"),
    ]  # fmt: skip
    assert desk.api("GET", f"tickets/{number}").json()["ticket"]["tags"] == ["x"]


def test_one_change_for_many_tickets(desk: Any) -> None:
    numbers = [desk.arrive(tags=["kept"]) for _ in range(3)]
    ids = ",".join(map(str, numbers))
    body = {"ticket": {"priority": "high", "additional_tags": ["sla"]}}
    assert desk.api("PUT", f"tickets/update_many.json?ids={ids}", body).status_code == 200
    rows = desk.api("GET", f"tickets/show_many.json?ids={ids}").json()["tickets"]
    assert {(row["priority"], tuple(row["tags"])) for row in rows} == {("high", ("kept", "sla"))}


@pytest.mark.parametrize("count", [0, 101])
def test_a_call_takes_one_to_a_hundred(desk: Any, count: int) -> None:
    each = [{"id": number} for number in range(1, count + 1)]
    assert desk.api("PUT", "tickets/update_many", {"tickets": each}).status_code == 400
    ids = ",".join(str(one["id"]) for one in each)
    assert desk.api("PUT", f"tickets/update_many?ids={ids}", {"ticket": {}}).status_code == 400


def test_many_jobs_are_shown_at_once_and_unknown_ones_not(desk: Any) -> None:
    number = desk.arrive()
    jobs = [
        desk.api("PUT", f"tickets/update_many?ids={number}", {"ticket": {"priority": "low"}}).json()["job_status"]["id"]
        for _ in range(2)
    ]
    shown = desk.api("GET", f"job_statuses/show_many.json?ids={','.join(jobs)},none").json()["job_statuses"]
    assert [job["id"] for job in shown] == jobs
    assert desk.api("GET", "job_statuses/none").status_code == 404


def test_thirty_jobs_at_work_are_enough_and_old_ones_vanish(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    number = desk.arrive()
    desk.knobs(updates_per_ticket_10_minutes=1000)
    monkeypatch.setattr(job_statuses, "LONGEST_WORK_S", 600.0)
    path, body = f"tickets/update_many?ids={number}", {"ticket": {}}
    answers = [desk.api("PUT", path, body) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    monkeypatch.setattr(job_statuses, "LONGEST_WORK_S", 0.0)
    assert desk.api("PUT", path, body).status_code == 200
    monkeypatch.setattr(job_statuses, "KEPT_S", 0.0)
    assert desk.api("GET", "job_statuses.json").json()["job_statuses"] == []


def test_tickets_are_found_by_their_external_id(desk: Any) -> None:
    desk.arrive()
    made = desk.api("POST", "tickets", {"ticket": {"comment": "Help", "external_id": "form-7"}}).json()["ticket"]
    assert [row["id"] for row in desk.api("GET", "tickets.json?external_id=form-7").json()["tickets"]] == [made["id"]]
    assert desk.api("GET", "tickets.json?external_id=form-8").json()["tickets"] == []
    found = desk.api("GET", "search.json?query=type:ticket external_id:form-7").json()["results"]
    assert [row["id"] for row in found] == [made["id"]]
