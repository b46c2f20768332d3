"""What a replay would do, told on the simulated helpdesk with nothing written there."""

from __future__ import annotations

import pytest

from connectors.errors import Unavailable
from connectors.marks import marker_tag
from connectors.registry import VENDORS
from connectors.store.dry_runs import KEPT
from connectors.store.tenants import SHADOW
from jobs.plan import plan
from tests.jobs.conftest import Desk
from triage.dry_run import Preview, Verdict
from triage.events import EventKind
from triage.loops import MOST_EFFECTS

WEBHOOKS = (
    "Webhooks stopped after certificate change",
    "Since this morning our endpoint gets no webhook events at all. The delivery log in your app shows TLS errors.",
)

pytestmark = pytest.mark.parametrize("vendor", sorted(VENDORS))


def ask(desk: Desk, name: str) -> Preview:
    """The worker's answer, and proof that nothing was written for it."""
    before = desk.control("GET", "effects")["effects"]
    states = desk.states()
    number = desk.store.dry_runs.ask(name, by="Ana Lind", now=desk.clock())
    desk.work()
    asked = desk.store.dry_runs.get(number)
    assert asked is not None
    assert asked.result is not None
    assert asked.done_at == desk.clock()
    assert desk.control("GET", "effects")["effects"] == before
    assert desk.states() == states
    return Preview.from_json(asked.result)


def set_aside(desk: Desk, *names: str) -> None:
    assert desk.store.replays.park(names, now=desk.clock()) == len(names)


def planned(desk: Desk) -> str:
    """A ticket whose effect `out-1` is planned and parked before it was tried."""
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.sweeper.turn()
    _, row_id, token = desk.queue.waiting.pop()
    plan(row_id, token)
    set_aside(desk, "out-1")
    return ref


def test_an_event_is_decided_on_the_ticket_as_it_is(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    set_aside(desk, "in-2")
    found = ask(desk, "in-2")
    assert found.verdict is Verdict.CHANGES
    changes = {each.field: (each.before, each.after) for each in found.changes}
    assert changes["category"] == (None, "integration_problem")
    assert changes["group_id"][1] == "Integrations"
    assert "deskhand_triaged" in found.add_tags
    assert found.note is not None
    assert found.reasons
    assert desk.store.decisions.latest("acme", ref) is None


def test_an_event_that_would_be_ignored_says_why(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "echo", EventKind.TICKET_UPDATED, actor=desk.store.tenants.connection("acme").actor_id)
    set_aside(desk, "in-2")
    found = ask(desk, "in-2")
    assert (found.verdict, found.summary) == (Verdict.IGNORED, "It would be ignored: Our own change coming back.")
    desk.control("DELETE", f"tickets/{ref}")
    desk.event(ref, "gone")
    set_aside(desk, "in-4")
    assert "no longer exists" in ask(desk, "in-4").summary


def test_an_event_is_stopped_by_the_brake_on_loops(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    set_aside(desk, "in-2")
    with desk.store.database.write() as transaction:
        for number in range(MOST_EFFECTS):
            desk.store.outbox.add_in(
                transaction,
                tenant="acme",
                kind="update_ticket",
                ticket_ref=ref,
                cause=f"earlier {number}",
                payload={},
                summary="Note",
                inbox_id=1,
                now=desk.clock(),
            )
    set_aside(desk, *(f"out-{number + 1}" for number in range(MOST_EFFECTS)))
    found = ask(desk, "in-2")
    assert found.verdict is Verdict.PARKED
    assert "stops here" in found.summary


def test_in_shadow_mode_the_plan_is_shown_and_nothing_would_be_written(desk: Desk) -> None:
    desk.store.tenants.set_mode("acme", SHADOW)
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    set_aside(desk, "in-2")
    found = ask(desk, "in-2")
    assert found.verdict is Verdict.NOTHING
    assert "Shadow mode" in found.summary
    assert found.changes


def test_an_effect_shows_its_fields_and_what_a_person_changed_stays(desk: Desk) -> None:
    ref = planned(desk)
    before = ask(desk, "out-1")
    assert before.verdict is Verdict.CHANGES
    assert {"category", "group_id"} <= {each.field for each in before.changes}
    assert before.stays == ()
    groups = desk.store.tenants.connection("acme").groups
    desk.control("POST", f"tickets/{ref}", {"group_id": int(groups["Billing"])})
    found = ask(desk, "out-1")
    assert [(each.field, each.before, each.after) for each in found.stays] == [("group_id", "Billing", "Integrations")]
    assert "group_id" not in {each.field for each in found.changes}


def test_an_effect_that_landed_is_known_by_its_marker(desk: Desk) -> None:
    ref = planned(desk)
    desk.store.replays.replay(["out-1"], now=desk.clock())
    desk.work()
    key = desk.store.deliveries.show("out-1")["key"]
    assert marker_tag(key) in desk.run.helpdesk("acme").ticket(ref).tags
    assert "It is done" in ask(desk, "out-1").summary
    with desk.store.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE outbox SET state = 'parked' WHERE id = 1")
    found = ask(desk, "out-1")
    assert (found.verdict, found.changes) == (Verdict.NOTHING, ())
    assert "marker is on the ticket" in found.summary


def test_an_overtaken_effect_would_end_as_ignored(desk: Desk) -> None:
    ref = planned(desk)
    with desk.store.database.write() as transaction:
        desk.store.outbox.add_in(
            transaction,
            tenant="acme",
            kind="update_ticket",
            ticket_ref=ref,
            cause="correction:1",
            payload=desk.store.deliveries.show("out-1")["payload"],
            summary="Note",
            now=desk.clock(),
        )
    desk.work()
    found = ask(desk, "out-1")
    assert found.verdict is Verdict.IGNORED
    assert "out-2" in found.summary


def test_a_closed_ticket_would_park_the_effect_again(desk: Desk) -> None:
    ref = planned(desk)
    desk.control("POST", f"tickets/{ref}", {"status": "closed"})
    found = ask(desk, "out-1")
    assert found.verdict is Verdict.PARKED
    assert "closed" in found.summary


def test_a_failure_is_an_answer_and_leaves_no_row_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(desk)

    def away(tenant: str, *, urgent: bool = False) -> object:
        raise Unavailable("the helpdesk is away", status=503)

    monkeypatch.setattr(desk.run, "helpdesk", away)
    found = ask(desk, "out-1")
    assert (found.verdict, found.summary) == (
        Verdict.FAILED,
        "It could not be found out: the helpdesk is away",
    )


def test_a_bug_is_told_without_its_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(desk)

    def broken(tenant: str, *, urgent: bool = False) -> object:
        raise KeyError("what a customer wrote")

    monkeypatch.setattr(desk.run, "helpdesk", broken)
    found = ask(desk, "out-1")
    assert found.verdict is Verdict.FAILED
    assert "KeyError" in found.summary
    assert "customer" not in found.summary


def test_answers_are_forgotten_after_a_day(desk: Desk) -> None:
    planned(desk)
    first = desk.store.dry_runs.ask("out-1", by="Ana Lind", now=desk.clock())
    desk.work()
    desk.clock.forward(seconds=KEPT.total_seconds() + 1)
    desk.store.dry_runs.ask("out-1", by="Ana Lind", now=desk.clock())
    forgotten = desk.store.dry_runs.get(first)
    assert forgotten is None or forgotten.result is None  # a database may give the number again
    assert len(desk.store.dry_runs.waiting("acme")) == 1
