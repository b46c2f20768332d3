"""A ticket is read once more: its log, its timer and its tags follow, and nothing else is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.sla.rules import rules_for
from connectors.errors import Forbidden
from connectors.store.tenants import LIVE, SHADOW
from jobs.runtime import Runtime
from tests.jobs.conftest import Desk
from tests.jobs.test_line import WEBHOOKS, state
from triage.events import EventKind
from triage.loops import MOST_MARKS
from triage.sla.facts import REQUESTER_ZONE
from triage.sla.log import FactsSet, PrioritySet, Reply, StatusSet
from triage.sla.marks import DUE_SOON, LATE, MET, OK, PAUSED, marks_of
from triage.sla.policies import Metric
from triage.sla.standing import Standing, standing
from triage.tickets import Priority, Status

RULES: dict[str, Any] = {
    "policies": [
        {
            "id": "all",
            "hours": "calendar",
            "targets": {
                name: {"first_reply": "20 min", "next_reply": "20 min", "resolution": "4 h"}
                for name in ("P1", "P2", "P3", "P4")
            },
        }
    ],
    "schedules": {"always": {"hours": "24/7", "time_zone": "Etc/UTC"}},
    "which_schedule": {"default": "always"},
}
PRIORITIES = {"P1": "urgent", "P2": "high", "P3": "normal", "P4": "low"}


@pytest.fixture
def kept(desk: Desk) -> Desk:
    """A desk whose helpdesk has its own clock, and rules that count day and night."""
    desk.helpdesk.simulator.state.now = desk.clock
    desk.store.config.save("acme", "sla", RULES, by="test", why="test", now=desk.clock())
    return desk


def arrive(desk: Desk, key: str = "first") -> str:
    ref = desk.ticket(*WEBHOOKS)
    desk.event(ref, key)
    desk.work()
    return ref


def change(desk: Desk, ref: str, key: str, **changes: object) -> None:
    desk.control("POST", f"tickets/{ref}", changes)
    kind = EventKind.COMMENT_ADDED if "comment" in changes else EventKind.TICKET_UPDATED
    desk.event(ref, key, kind)
    desk.work()


def stands(desk: Desk, ref: str) -> Standing:
    return standing(desk.store.ticket_log.read("acme", ref), rules_for(desk.store, "acme"), desk.clock())


def tags(desk: Desk, ref: str) -> tuple[str, ...]:
    return marks_of(desk.helpdesk.simulator.state.ticket(int(ref)).tags)


def reads(desk: Desk) -> list[str]:
    """What was asked of the helpdesk from now on."""
    asked: list[str] = []

    app = desk.helpdesk.simulator.app
    usual = app.wsgi_app

    def noting(environ: dict[str, Any], start: Any) -> Any:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "GET" and not path.startswith("/_sim"):
            asked.append(path)
        return usual(environ, start)

    app.wsgi_app = noting  # type: ignore[method-assign]
    return asked


def timer(desk: Desk, ref: str) -> object:
    later = desk.clock() + timedelta(days=999)
    return desk.store.timers.take("acme", later, 999).get(ref)


def test_the_first_look_keeps_the_clocks_in_the_same_request(kept: Desk) -> None:
    ref = arrive(kept)
    assert kept.kinds(ref) == ["update", "note"]
    assert tags(kept, ref) == (OK,)
    kept.clock.forward(seconds=1)
    seen = stands(kept, ref)
    stored = kept.store.decisions.latest("acme", ref)
    assert stored is not None
    assert seen.status is Status.NEW
    assert seen.created_at == kept.clock() - timedelta(seconds=1)
    assert seen.priority is stored.decision.priority is not None
    assert seen.facts["group"] == ("Integrations",)
    assert seen.facts["category"] == ("integration_problem",)
    due = seen.clocks[Metric.FIRST_REPLY_TIME].due
    assert due == seen.created_at + timedelta(minutes=20)
    assert timer(kept, ref) == seen.created_at + timedelta(minutes=15)


def test_what_goes_on_is_read_and_moves_tags_and_timer(kept: Desk) -> None:
    ref = arrive(kept)
    kept.clock.forward(minutes=5)
    change(kept, ref, "answered", comment="On it.", public=True, status="pending")
    assert state(kept, "in-3") == ("ignored", "Triaged before.")
    assert tags(kept, ref) == (PAUSED,)
    assert stands(kept, ref).clocks[Metric.FIRST_REPLY_TIME].is_done
    assert timer(kept, ref) is None
    kept.clock.forward(minutes=60)
    change(kept, ref, "again", comment="It fails again.", as_requester=True, status="open")
    assert tags(kept, ref) == (OK,)
    assert stands(kept, ref).clocks[Metric.NEXT_REPLY_TIME].ran == timedelta(0)
    assert timer(kept, ref) == kept.clock() + timedelta(minutes=15)
    change(kept, ref, "solved", comment="Done.", public=True, status="solved")
    assert tags(kept, ref) == (MET,)
    assert timer(kept, ref) is None
    assert {type(each) for each in kept.store.ticket_log.read("acme", ref)} == {
        StatusSet,
        Reply,
        PrioritySet,
        FactsSet,
    }
    # Triage's own change and note, then one change for each state.
    assert kept.kinds(ref).count("note") == 1
    ours = kept.store.tenants.connection("acme").actor_id
    assert sum(e["kind"] == "update" and str(e["actor_id"]) == ours for e in kept.effects(ref)) == 4


def test_the_same_state_is_written_once_however_often_it_is_seen(kept: Desk) -> None:
    ref = arrive(kept)
    before = len(kept.effects(ref))
    for number in range(3):
        kept.event(ref, f"repeat {number}", EventKind.TICKET_UPDATED)
        kept.work()
    change(kept, ref, "a word", comment="Hm.", public=False)
    assert [entry["kind"] for entry in kept.effects(ref)[before:]] == ["note"]
    log = kept.store.ticket_log.read("acme", ref)
    assert len(log) == len(set(map(repr, log)))


def test_a_tag_that_somebody_takes_off_is_not_put_back_until_the_state_changes(kept: Desk) -> None:
    ref = arrive(kept)
    change(kept, ref, "off", remove_tags=[OK])
    assert tags(kept, ref) == ()
    change(kept, ref, "note", comment="Hm.", public=False)
    assert tags(kept, ref) == ()
    change(kept, ref, "pending", status="pending")
    assert tags(kept, ref) == (PAUSED,)


def test_a_ticket_in_a_loop_gets_no_more_tags_after_a_while(kept: Desk) -> None:
    ref = arrive(kept)
    for number in range(MOST_MARKS + 6):
        kept.clock.forward(seconds=20)
        change(kept, ref, f"to and fro {number}", status="pending" if number % 2 == 0 else "open")
    ours = kept.store.tenants.connection("acme").actor_id
    written = [e for e in kept.effects(ref) if e["kind"] == "update" and str(e["actor_id"]) == ours]
    assert len(written) == 1 + MOST_MARKS
    # Triage itself was not stopped by it: its brake counts what triage writes.
    assert kept.store.outbox.automatic_since("acme", ref, kept.clock() - timedelta(hours=1)) == 1
    kept.clock.forward(hours=1)
    change(kept, ref, "later", status="open", priority=PRIORITIES["P2"])
    assert tags(kept, ref) != (PAUSED,)


def test_a_new_ticket_costs_no_history_and_a_later_event_no_organization(kept: Desk) -> None:
    asked = reads(kept)
    ref = arrive(kept)
    assert not [path for path in asked if "audits" in path], asked
    asked.clear()
    change(kept, ref, "later", status="open")
    before_the_write = asked[: next(i for i, path in enumerate(asked) if "audits" in path) + 1]
    assert len(before_the_write) == 2, asked
    assert not [path for path in asked if "organizations" in path or "users/" in path], asked


def test_a_requester_is_asked_for_once_and_only_if_rules_look_at_their_zone(kept: Desk) -> None:
    asked = reads(kept)
    arrive(kept)
    assert not [path for path in asked if "/users/" in path], asked
    zoned = RULES | {"which_schedule": {"default": "always", "requester_zone_copies": "always"}}
    kept.store.config.save("acme", "sla", zoned, by="test", why="test", now=kept.clock())
    ref = arrive(kept, "second")
    assert len([path for path in asked if "/users/" in path]) == 1, asked
    assert REQUESTER_ZONE in stands(kept, ref).facts
    change(kept, ref, "later", status="open")
    assert len([path for path in asked if "/users/" in path]) == 1, asked


def test_a_ticket_that_an_agent_wrote_is_asked_about(kept: Desk) -> None:
    ref = kept.ticket(*WEBHOOKS)
    asked = reads(kept)
    kept.event(ref, "first", actor="5551")
    kept.work()
    assert [path for path in asked if "audits" in path], asked


def test_a_ticket_left_alone_is_watched_as_well(kept: Desk) -> None:
    ref = kept.ticket(*WEBHOOKS)
    kept.clock.forward(minutes=18)
    kept.control("POST", f"tickets/{ref}", {"status": "pending", "priority": "high"})
    kept.event(ref, "first", EventKind.TICKET_UPDATED)
    kept.work()
    assert kept.store.decisions.latest("acme", ref) is not None
    assert stands(kept, ref).priority is Priority.P2
    assert tags(kept, ref) == (PAUSED,)
    assert kept.kinds(ref).count("note") == 0


def test_a_deleted_ticket_has_an_end_and_no_timer(kept: Desk) -> None:
    ref = arrive(kept)
    kept.clock.forward(minutes=1)
    kept.control("DELETE", f"tickets/{ref}")
    kept.event(ref, "gone", EventKind.TICKET_DELETED)
    kept.work()
    kept.clock.forward(seconds=1)
    kept.work()
    assert stands(kept, ref).status is Status.DELETED
    assert timer(kept, ref) is None
    assert kept.states() == []


def test_in_shadow_the_log_is_kept_and_nothing_written(kept: Desk) -> None:
    kept.store.tenants.set_mode("acme", SHADOW)
    ref = arrive(kept)
    kept.clock.forward(seconds=9)
    change(kept, ref, "urgent", priority="urgent")
    assert tags(kept, ref) == ()
    assert stands(kept, ref).priority is Priority.P1
    assert kept.store.timers.due(kept.clock() + timedelta(days=9)) == set()
    kept.store.tenants.set_mode("acme", LIVE)
    assert kept.store.timers.due(kept.clock() + timedelta(days=9)) == {"acme"}


def test_rules_that_cannot_be_read_stop_no_triage(kept: Desk) -> None:
    kept.store.config.save("acme", "sla", {"policies": "none"}, by="test", why="test", now=kept.clock())
    ref = arrive(kept)
    assert kept.kinds(ref) == ["update", "note"]
    assert tags(kept, ref) == ()
    assert stands_without_rules(kept, ref) is Status.NEW


def stands_without_rules(desk: Desk, ref: str) -> Status:
    statuses = [each for each in desk.store.ticket_log.read("acme", ref) if isinstance(each, StatusSet)]
    return statuses[-1].status


def test_a_history_that_cannot_be_had_is_left_to_the_next_look(kept: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Runtime.helpdesk

    def blind(run: Runtime, tenant: str, *, urgent: bool = False) -> Any:
        helpdesk = usual(run, tenant, urgent=urgent)

        def refuse(ref: str) -> Any:
            raise Forbidden("403: not with this role", vendor="zendesk", operation="history", status=403)

        helpdesk.history = refuse  # type: ignore[method-assign]
        return helpdesk

    monkeypatch.setattr(Runtime, "helpdesk", blind)
    ref = arrive(kept)
    kept.clock.forward(minutes=3)
    change(kept, ref, "pending", status="pending")
    assert stands(kept, ref).status is Status.PENDING
    assert tags(kept, ref) == (PAUSED,)


def test_time_alone_moves_the_tags(kept: Desk) -> None:
    ref = arrive(kept)
    kept.clock.forward(minutes=14, seconds=58)
    kept.work()
    assert tags(kept, ref) == (OK,)
    kept.clock.forward(seconds=2)
    kept.work()
    assert tags(kept, ref) == (DUE_SOON,)
    kept.clock.forward(minutes=6)
    kept.work()
    assert tags(kept, ref) == (LATE,)
    assert kept.states() == []
