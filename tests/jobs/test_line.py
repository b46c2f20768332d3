"""One ticket, from the event to its change in the helpdesk, and everything that can come between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import Forbidden
from connectors.store.schema import EPOCH
from connectors.store.tenants import LIVE, SHADOW
from jobs.clock import GRACE
from jobs.plan import SHADOW_NOTE
from jobs.runtime import Runtime
from tests.jobs.conftest import Desk
from triage.decisions import Outcome
from triage.events import EventKind
from triage.loops import MOST_EFFECTS

WEBHOOKS = (
    "Webhooks stopped after certificate change",
    "Since this morning our endpoint gets no webhook events at all. The delivery log in your app shows TLS errors.",
)


def state(desk: Desk, name: str) -> tuple[str, str]:
    shown = desk.store.deliveries.show(name)
    return shown["state"], shown["error"] or ""


def test_a_ticket_is_triaged_with_one_update_and_one_note(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    update, note = desk.effects(ref)
    assert {"deskhand_triaged"} <= set(update["tags"])
    assert "Integrations" in note["body"]
    stored = desk.store.decisions.latest("acme", ref)
    assert stored is not None
    assert stored.decision.outcome is Outcome.TRIAGED
    assert stored.decision.category == "integration_problem"
    assert desk.store.decisions.write_back_state("acme", ref) == ("done", None)


def test_an_unclear_ticket_goes_to_a_human_without_a_category(desk: Desk) -> None:
    ref = desk.ticket("hello", "as discussed")
    desk.event(ref, "first")
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    update, note = desk.effects(ref)
    assert "deskhand_human" in update["tags"]
    assert set(update["changes"]) == {"group_id", "tags"}
    assert "Sent to a human" in note["body"]


def test_repeats_and_our_own_echo_change_nothing(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    for key in ("first", "second", "third"):
        desk.event(ref, key)
    desk.work()
    desk.event(ref, "echo", EventKind.TICKET_UPDATED, actor=desk.store.tenants.connection("acme").actor_id)
    desk.event(ref, "another trigger", EventKind.TICKET_UPDATED)
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    assert state(desk, "in-5") == ("ignored", "Our own change coming back.")
    assert state(desk, "in-6") == ("ignored", "Triaged before.")


def test_a_deleted_ticket_is_ignored_with_the_reason(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.control("DELETE", f"tickets/{ref}")
    desk.event(ref, "first")
    desk.work()
    assert state(desk, "in-2")[0] == "ignored"
    assert "no longer exists" in state(desk, "in-2")[1]


def test_a_closed_ticket_is_left_alone(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.control("POST", f"tickets/{ref}", {"status": "closed"})
    before = desk.kinds(ref)
    desk.event(ref, "first")
    desk.work()
    assert desk.kinds(ref) == before
    assert state(desk, "in-2")[0] == "ignored"


def test_a_ticket_closed_between_plan_and_send_is_parked(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.sweeper.turn()
    job, row_id, token = desk.queue.waiting.pop()
    from jobs.plan import plan

    assert job == "jobs.plan.plan"
    plan(row_id, token)
    desk.control("POST", f"tickets/{ref}", {"status": "closed"})
    desk.work()
    assert state(desk, "out-1")[0] == "parked"
    assert "closed" in state(desk, "out-1")[1]


def test_a_group_that_no_longer_exists_is_parked_and_replayed_after_repair(desk: Desk) -> None:
    groups = dict(desk.store.tenants.connection("acme").groups)
    desk.store.tenants.set_groups("acme", groups | {"Integrations": "404404"})
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.work()
    assert state(desk, "out-1")[0] == "parked"
    assert "422" in state(desk, "out-1")[1]
    assert desk.kinds(ref) == []


def test_too_many_requests_are_waited_out_for_the_whole_tenant(desk: Desk) -> None:
    desk.control("POST", "knobs", {"faults_on": "writes", "rate_429_next": 1, "retry_after_s": 40})
    refs = [desk.ticket(*WEBHOOKS), desk.ticket("Invoice", "Please send the October invoice as PDF again.")]
    for ref in refs:
        desk.event(ref, ref)
    desk.work()
    assert sum(len(desk.effects(ref)) for ref in refs) < 4
    desk.clock.forward(seconds=39)
    assert desk.work() == 0
    desk.clock.forward(seconds=2)
    desk.work()
    assert [desk.kinds(ref) for ref in refs] == [["update", "note"]] * 2


def test_a_lost_answer_is_verified_and_not_written_again(desk: Desk) -> None:
    desk.control("POST", "knobs", {"faults_on": "writes", "drop_next": 1})
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.work()
    assert state(desk, "out-1")[0] == "unknown"
    desk.clock.forward(seconds=30)
    desk.work()
    assert state(desk, "out-1")[0] == "done"
    assert desk.kinds(ref) == ["update", "note"]


def test_an_answer_of_500_is_tried_again(desk: Desk) -> None:
    desk.control("POST", "knobs", {"faults_on": "all", "error_5xx_next": 2})
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    for _ in range(8):
        desk.work()
        desk.clock.forward(seconds=30)
    assert desk.kinds(ref) == ["update", "note"]


def test_an_agents_tag_added_meanwhile_stays(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.control("POST", f"tickets/{ref}", {"add_tags": ["vip"]})
    desk.event(ref, "first")
    desk.work()
    assert {"vip", "deskhand_triaged"} <= set(desk.effects(ref)[-1]["tags"] or desk.effects(ref)[-2]["tags"])


def test_a_change_that_no_webhook_brought_is_found(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.store.replays.replay(["in-1"], now=desk.clock())
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    assert desk.store.deliveries.found_by_check(since=EPOCH) >= 1
    assert desk.store.cursors.get("acme", "tickets")


def test_a_webhook_that_comes_after_reconciliation_changes_nothing(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.store.replays.replay(["in-1"], now=desk.clock())
    desk.work()
    desk.event(ref, "late")
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]


def test_without_redis_rows_wait_for_the_grace_and_then_run_in_the_clock(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.queue.down = True
    desk.sweeper.turn()
    desk.clock.forward(seconds=GRACE.total_seconds() - 1)
    desk.sweeper.turn()
    assert desk.kinds(ref) == []
    desk.clock.forward(seconds=2)
    for _ in range(2):
        assert desk.sweeper.turn() == 1
        for running in desk.sweeper.own_threads.running:
            running.result(timeout=30)
    desk.sweeper.stop()
    assert desk.kinds(ref) == ["update", "note"]


@pytest.mark.parametrize("outage", [False, True])
def test_what_redis_lost_is_handed_out_again_at_once(desk: Desk, outage: bool) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    assert desk.sweeper.turn() == 1
    desk.queue.waiting.clear()
    assert desk.sweeper.turn() == 0  # leased, as far as the database knows
    if outage:
        desk.queue.down = True
        desk.sweeper.turn()
        desk.queue.down = False
    else:
        desk.queue.emptied = True
    assert desk.sweeper.turn() == 1
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]


def test_a_refused_token_makes_the_line_wait_until_an_admin_reconnects(desk: Desk) -> None:
    good = desk.store.tenants.connection("acme").token
    desk.store.tenants.set_secret("acme", "api_token", "revoked")
    refs = [desk.ticket(*WEBHOOKS), desk.ticket("Invoice", "Please send the October invoice as PDF again.")]
    for ref in refs:
        desk.event(ref, ref)
    desk.work()
    status = desk.store.access.status("acme")
    assert status is not None
    assert "401" in str(status.broken_reason)
    assert [state(desk, name)[0] for name in ("in-2", "in-3")] == ["new", "new"]
    desk.clock.forward(days=2)
    assert desk.work() == 0
    desk.store.tenants.set_secret("acme", "api_token", good)
    desk.work()
    assert [desk.kinds(ref) for ref in refs] == [["update", "note"]] * 2


def test_a_missing_right_parks_with_the_fix(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses:
        def ticket(self, ref: str) -> None:
            raise Forbidden("403: the scope tickets:read is missing.")

    monkeypatch.setattr(Runtime, "helpdesk", lambda *_, **__: Refuses())
    desk.event(desk.ticket(*WEBHOOKS), "first")
    desk.work()
    assert state(desk, "in-2")[0] == "parked"
    assert state(desk, "in-2")[1].startswith("403: the scope tickets:read is missing. Give Deskhand's user")


def test_a_spent_budget_only_makes_the_line_wait(desk: Desk) -> None:
    desk.store.installations.set("acme", limits={"requests": 100, "updates": 100})
    refs = [desk.ticket("Invoice", f"Please send the invoice number {number} as PDF.") for number in range(6)]
    for ref in refs:
        desk.event(ref, ref)
    desk.work()
    assert sum(desk.kinds(ref) == ["update", "note"] for ref in refs) < 6
    assert desk.store.budgets.held_until("acme") is None
    for _ in range(60):
        desk.clock.forward(seconds=1)
        desk.work()
    assert [desk.kinds(ref) for ref in refs] == [["update", "note"]] * 6
    rows = desk.store.deliveries.newest()
    assert {row.state for row in rows} == {"done", "parked"}  # parked: what the fixture set aside
    assert max(row.tries for row in rows) <= 1


def test_in_shadow_mode_the_decision_is_all_that_is_written(desk: Desk) -> None:
    desk.store.tenants.set_mode("acme", SHADOW)
    ref = desk.ticket(*WEBHOOKS)
    before = desk.effects(ref)
    desk.event(ref, "first")
    desk.work()
    stored = desk.store.decisions.latest("acme", ref)
    assert stored is not None
    assert (stored.shadow, stored.decision.category) == (True, "integration_problem")
    assert stored.decision.actions
    assert state(desk, "in-2") == ("done", SHADOW_NOTE)
    assert desk.effects(ref) == before
    assert desk.store.decisions.write_back_state("acme", ref) is None
    assert desk.store.deliveries.line(since=EPOCH).lost == 0


def test_going_live_begins_with_the_next_ticket(desk: Desk) -> None:
    desk.store.tenants.set_mode("acme", SHADOW)
    old = desk.ticket(*WEBHOOKS)
    desk.event(old, "old")
    desk.work()
    desk.store.tenants.set_mode("acme", LIVE)
    new = desk.ticket(*WEBHOOKS)
    desk.event(new, "new")
    desk.event(old, "again", EventKind.TICKET_UPDATED)
    desk.work()
    assert (desk.kinds(old), desk.kinds(new)) == ([], ["update", "note"])
    stored = desk.store.decisions.latest("acme", new)
    assert stored is not None
    assert not stored.shadow


def test_a_ticket_that_was_changed_too_often_is_left_to_a_person(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    with desk.store.database.write() as transaction:
        for number in range(MOST_EFFECTS + 1):
            desk.store.outbox.add_in(
                transaction,
                tenant="acme",
                kind="update_ticket",
                ticket_ref=ref,
                cause=f"loop:{number}",
                payload={},
                summary="Note",
                now=desk.clock(),
                inbox_id=1 if number else None,
            )
    desk.store.replays.park([f"out-{number + 1}" for number in range(MOST_EFFECTS + 1)], now=desk.clock())
    desk.event(ref, "first")
    desk.work()
    assert desk.kinds(ref) == []
    assert state(desk, "in-2")[0] == "parked"
    assert "5 times within an hour" in state(desk, "in-2")[1]
    desk.clock.forward(hours=1)
    desk.store.replays.replay(["in-2"], now=desk.clock())
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]


def test_a_test_event_is_ignored_with_the_reason(desk: Desk) -> None:
    desk.event("", "nonce", EventKind.TEST)
    desk.work()
    assert state(desk, "in-2") == ("ignored", "A test event: the way in works.")


def test_a_job_that_raises_is_retried_and_then_parked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(desk.run.triager), "decide", broken)
    desk.event(desk.ticket(*WEBHOOKS), "first")
    for _ in range(4):
        desk.work()
        desk.clock.forward(seconds=60)
    assert state(desk, "in-2")[0] == "parked"
    assert "ZeroDivisionError" in state(desk, "in-2")[1]


def test_the_lease_is_lost_to_nobody_when_a_job_is_delivered_twice(desk: Desk) -> None:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, "first")
    desk.sweeper.turn()
    desk.queue.waiting *= 2
    desk.work()
    assert desk.kinds(ref) == ["update", "note"]
    assert timedelta(0) <= timedelta(seconds=desk.store.deliveries.line(since=EPOCH).seconds_to_effect[0])


def test_too_many_reads_hold_the_tenant_too(desk: Desk) -> None:
    desk.control("POST", "knobs", {"faults_on": "reads", "rate_429_next": 1, "retry_after_s": 40})
    refs = [desk.ticket(*WEBHOOKS), desk.ticket("Invoice", "Please send the October invoice as PDF again.")]
    desk.event(refs[0], "first")
    desk.work()
    desk.event(refs[1], "second")
    assert desk.work() == 0
    desk.clock.forward(seconds=41)
    desk.work()
    assert [desk.kinds(ref) for ref in refs] == [["update", "note"]] * 2
