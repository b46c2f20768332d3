"""From a desk's solved tickets to a model that answers for it, and a lesson every night."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.learning.history import A_LABEL, FIELD, examples_of, import_history
from app.learning.models import Champions
from app.learning.training import Learner, train
from connectors.errors import RateLimited
from connectors.registry import VENDORS
from connectors.simulator import history
from connectors.store.clockwork import LAST
from connectors.store.decisions import StoredDecision
from connectors.store.examples import Example, Ours
from connectors.store.models import CHALLENGER, CHAMPION, REFUSED
from connectors.store.schema import inbox
from jobs.schedule import timetable
from tests.app.learning.conftest import hashing, shipped
from tests.jobs.conftest import Desk
from tests.triage.tickets import ticket
from triage.classify import TicketClassifier
from triage.decisions import Outcome
from triage.tickets import Status

__all__ = ["shipped"]
SOLVED = 260
INVOICE = ("Invoice", "Please send the October invoice as PDF again, we lost it.")


@pytest.fixture
def desk(desk: Desk, shipped: TicketClassifier) -> Desk:
    """At the simulated helpdesk's time, with a past; an encoder that only counts letters, to be quick."""
    desk.clock.at = datetime.now(UTC) + timedelta(minutes=2)
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "learn")
    history.fill(desk.helpdesk.simulator.state, count=SOLVED, seed=1, days=60)
    triager, encoder = desk.run.triager, hashing()
    quick = replace(triager, encoder=encoder, shipped=shipped, champions=Champions(desk.store, encoder, desk.clock))
    desk.run.__dict__["triager"] = quick
    return desk


def learner(desk: Desk) -> Learner:
    triager = desk.run.triager
    return Learner(deps=desk.run.deps, encoder=triager.encoder, taxonomy=triager.taxonomy, shipped=triager.shipped)


def right_labels(desk: Desk) -> dict[str, str]:
    """What a careful person would have said, for the tickets that have a category."""
    truth = desk.helpdesk.simulator.state.truth
    return {str(number): label for number, label in truth.items() if label is not None}


def kept(desk: Desk, target: str = "category") -> dict[str, Example]:
    return {each.ref: each for each in desk.store.examples.newest("acme", target, limit=1_000)}


def lessons(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox).where(inbox.c.kind == "learn").order_by(inbox.c.id))
        return [dict(row._mapping) for row in rows]


def decided(desk: Desk, ref: str) -> StoredDecision:
    """The ticket comes in and is worked."""
    desk.event(ref, f"new {ref}")
    desk.work()
    stored = desk.store.decisions.latest("acme", ref)
    assert stored is not None
    return stored


def corrected(desk: Desk, ref: str, category: str) -> int:
    """The ticket comes in, and an agent gives it another category in the panel."""
    number = decided(desk, ref).id
    agent = {"by_id": "7", "by_name": "Ana"}
    with desk.store.database.write() as transaction:
        return desk.store.decisions.correct_in(
            transaction, "acme", ref, decision_id=number, category=category, now=desk.clock(), **agent
        )


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_people_left_on_solved_tickets_is_read_once(desk: Desk) -> None:
    open_ref = desk.ticket(*INVOICE)
    assert import_history(desk.run.deps, "acme").kept == SOLVED
    found, truth = kept(desk), right_labels(desk)
    assert open_ref not in found
    assert set(found) == set(truth)
    names = {each.key: each.name for each in desk.run.triager.taxonomy.categories}
    same = sum(found[ref].labels["category"] in (label, names[label]) for ref, label in truth.items())
    assert same >= 0.9 * len(truth), "the past has a few wrong ones on purpose"
    assert set(next(iter(found.values())).labels) == {"category", "product_area", "priority", "group"}
    assert import_history(desk.run.deps, "acme").kept <= SOLVED // 10, "the next walk goes on at its cursor"
    assert len(kept(desk)) == len(truth)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_dropdown_that_an_admin_names_is_read_by_a_walk_of_its_own(desk: Desk) -> None:
    import_history(desk.run.deps, "acme")
    target = FIELD + str(desk.store.tenants.connection("acme").fields["product_area"])
    assert kept(desk, target) == {}
    import_history(desk.run.deps, "acme", target=target)
    found = kept(desk, target)
    assert len(found) == len(right_labels(desk))
    assert {"category", "group", target} < set(next(iter(found.values())).labels)


def test_a_spent_budget_is_waited_for_or_raised_and_the_walk_goes_on(desk: Desk) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        desk.clock.forward(seconds=seconds)

    desk.control("POST", "knobs", {"rate_429_next": 1})
    assert import_history(desk.run.deps, "acme", waits=True, sleep=sleep).kept == SOLVED
    assert waits
    desk.control("POST", "knobs", {"rate_429_next": 1})
    with pytest.raises(RateLimited):
        import_history(desk.run.deps, "acme")


def test_an_agents_change_soon_after_our_decision_is_a_label_before_the_ticket_is_solved() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    mine = {"1": Ours(category="login_problem", decided_at=at)}

    def labels(category: str, after: timedelta, status: Status = Status.OPEN) -> list[dict[str, str]]:
        seen = replace(ticket(), ref="1", status=status, fields={"category": category}, updated_at=at + after)
        return [dict(each.labels) for each in examples_of([seen], mine)]

    assert labels("outage", timedelta(days=1)) == [{"category": "outage"}]
    assert labels("outage", A_LABEL + timedelta(minutes=1)) == []
    assert labels("login_problem", timedelta(days=1)) == []
    assert labels("login_problem", timedelta(days=30), Status.SOLVED)[0]["category"] == "login_problem"
    assert labels("outage", timedelta(days=1), Status.DELETED) == []


def test_corrections_are_learned_before_their_tickets_are_solved_and_forgotten_when_taken_back(desk: Desk) -> None:
    refs = [desk.ticket(*INVOICE) for _ in range(2)]
    numbers = [corrected(desk, ref, "payment_problem") for ref in refs]
    import_history(desk.run.deps, "acme")
    assert {ref: kept(desk)[ref].label("category") for ref in refs} == dict.fromkeys(refs, "payment_problem")
    with desk.store.database.write() as transaction:
        desk.store.decisions.undo_in(transaction, "acme", numbers[0], now=desk.clock())
    import_history(desk.run.deps, "acme")
    assert [ref for ref in refs if ref in kept(desk)] == [refs[1]]


def test_the_model_that_was_learned_answers_the_next_ticket(desk: Desk) -> None:
    import_history(desk.run.deps, "acme")
    stored = train(learner(desk), "acme").stored
    assert stored.state == CHAMPION
    ref = desk.ticket(*INVOICE)
    made = decided(desk, ref)
    assert made.decision.prediction is not None
    assert made.decision.prediction.model_version == stored.version
    assert made.decision.outcome in (Outcome.TRIAGED, Outcome.SENT_TO_HUMAN)


def test_every_night_is_one_lesson_for_who_began_to_learn_and_after_all_other_work(desk: Desk) -> None:
    desk.work()
    assert lessons(desk) == [], "nobody asked to learn from this helpdesk yet"
    import_history(desk.run.deps, "acme")
    train(learner(desk), "acme")
    desk.clock.forward(hours=1)
    desk.work()
    assert lessons(desk) == [], "it was learned from just now"
    desk.clock.forward(hours=13)
    desk.work()
    [first] = lessons(desk)
    assert (first["state"], first["rank"]) == ("done", LAST)
    assert "Nothing new was learned." in first["error"]
    desk.clock.forward(hours=23)
    desk.work()
    assert len(lessons(desk)) == 1
    for _ in range(20):
        corrected(desk, desk.ticket(*INVOICE), "payment_problem")
    desk.clock.forward(hours=2)
    desk.work()
    [_, second] = lessons(desk)
    assert second["state"] == "done"
    newest = desk.store.models.versions("acme")[0]
    assert newest.state in (CHALLENGER, REFUSED, CHAMPION)
    assert any("20 tickets with the category that an agent gave" in note for note in newest.card.notes)
    checks = {each.finding.check: each.finding for each in desk.store.findings.all("acme")}
    assert checks["model"].state == "In use"
    assert checks["drift"].state == "Too few yet"


def test_a_lesson_that_the_helpdesk_puts_off_is_tried_again(desk: Desk) -> None:
    import_history(desk.run.deps, "acme")
    train(learner(desk), "acme")
    desk.control("POST", "knobs", {"rate_429_next": 1})
    assert desk.store.schedule.run_due("acme", "learn", timedelta(0), now=desk.clock(), rank=LAST)
    desk.work()
    [waiting] = lessons(desk)
    assert waiting["state"] == "new"
    desk.clock.forward(minutes=5)
    desk.work()
    assert lessons(desk)[0]["state"] == "done"


def test_a_history_too_short_is_said_and_is_no_failure(desk: Desk) -> None:
    state = desk.helpdesk.simulator.state
    for number in list(state.tickets)[30:]:
        del state.tickets[number]
    import_history(desk.run.deps, "acme")
    desk.clock.forward(hours=13)
    desk.work()
    [row] = lessons(desk)
    assert row["state"] == "done"
    assert "at least 100 are needed" in row["error"]
