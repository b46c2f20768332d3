"""Every kind of effect goes out by its own verb, with its key, and with the reserve when it is urgent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Deps
from app.settings import Settings
from connectors.base import Helpdesk, Receipt
from connectors.errors import OutcomeUnknown
from connectors.store import Store
from connectors.store.outbox import ADD_COMMENT, CREATE_TICKET, LINK_INCIDENT, MESSAGES, UPDATE_TICKET
from jobs import runtime
from jobs.runtime import RUNNING_LEASE, Runtime
from jobs.send import EFFECTS, send
from tests.conftest import ToldClock
from triage.actions import AddComment, CreateTicket, LinkIncident, UpdateTicket

ACTIONS = {
    UPDATE_TICKET: UpdateTicket(ticket_ref="7", note="Hello"),
    ADD_COMMENT: AddComment(ticket_ref="7", body="Hello"),
    LINK_INCIDENT: LinkIncident(ticket_ref="7", incident_ref="9"),
    CREATE_TICKET: CreateTicket(requester_email="a@b.example", requester_name="A", subject="S", body="B"),
}


class Recording:
    """Takes every verb and writes down how it was called; the first `unsure` calls give no answer."""

    def __init__(self, unsure: int = 0) -> None:
        self.unsure = unsure
        self.calls: list[tuple[str, Any, str, bool]] = []
        self.urgent: list[bool] = []

    def __getattr__(self, verb: str) -> Callable[..., Receipt]:
        def carry_out(action: Any, *, key: str, verify: bool = False) -> Receipt:
            self.calls.append((verb, action, key, verify))
            if len(self.calls) <= self.unsure:
                raise OutcomeUnknown("no answer")
            return Receipt(applied=True, status=200, evidence="seen", ref="77" if verb == "create_ticket" else None)

        return carry_out


@pytest.fixture
def run(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Runtime:
    chosen = Runtime(Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock))
    runtime.use(chosen)
    return chosen


def carry_out(run: Runtime, helpdesk: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(_: Runtime, tenant: str, *, urgent: bool = False) -> Any:
        helpdesk.urgent.append(urgent)
        return helpdesk

    monkeypatch.setattr(Runtime, "helpdesk", connected)
    for claimed in run.store.outbox.claim(now=run.now(), lease=RUNNING_LEASE, limit=5):
        send(claimed.id, claimed.token)


def plan(run: Runtime, kind: str, rank: int = 5) -> str:
    with run.store.database.write() as transaction:
        run.store.outbox.add_in(
            transaction,
            tenant="acme",
            kind=kind,
            ticket_ref=getattr(ACTIONS[kind], "ticket_ref", None),
            cause="test",
            payload=ACTIONS[kind].to_payload(),  # type: ignore[attr-defined]
            summary="Test",
            rank=rank,
            now=run.now(),
        )
    return str(run.store.deliveries.show("out-1")["key"])


def test_every_kind_has_a_verb_of_the_protocol() -> None:
    assert set(EFFECTS) == {*ACTIONS, *MESSAGES}
    assert all(callable(getattr(Helpdesk, kind)) for kind in ACTIONS)


@pytest.mark.parametrize("kind", ACTIONS)
def test_an_effect_goes_out_whole_with_its_key(run: Runtime, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    helpdesk, key = Recording(), plan(run, kind)
    carry_out(run, helpdesk, monkeypatch)
    assert helpdesk.calls == [(kind, ACTIONS[kind], key, False)]
    row = run.store.deliveries.show("out-1")
    assert (row["state"], row["ticket_ref"]) == ("done", "77" if kind == CREATE_TICKET else "7")


@pytest.mark.parametrize("kind", ACTIONS)
def test_after_a_lost_answer_it_is_verified_under_the_same_key(
    run: Runtime, clock: ToldClock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    helpdesk, key = Recording(unsure=1), plan(run, kind)
    carry_out(run, helpdesk, monkeypatch)
    clock.forward(minutes=1)
    carry_out(run, helpdesk, monkeypatch)
    assert [(each[2], each[3]) for each in helpdesk.calls] == [(key, False), (key, True)]


@pytest.mark.parametrize(("rank", "urgent"), [(1, True), (2, False), (5, False)])
def test_a_p1_may_use_the_reserve(run: Runtime, monkeypatch: pytest.MonkeyPatch, rank: int, urgent: bool) -> None:
    helpdesk = Recording()
    plan(run, UPDATE_TICKET, rank)
    carry_out(run, helpdesk, monkeypatch)
    assert helpdesk.urgent == [urgent]
