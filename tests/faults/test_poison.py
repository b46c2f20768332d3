"""Tickets that raise, hang, end the process or eat its memory are parked with a reason, and the others go on."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from app.rehearsal import Rehearsal
from connectors.encoder import prepare
from connectors.store.schema import EPOCH
from connectors.store.tallies import LEASE_LOST, PARKED
from tests.conftest import ROOT
from tests.faults.poisoned_worker import POISON

pytestmark = pytest.mark.system
WITHIN_S = 200.0
REASONS = {
    "poison-raise": "Failed 3 times with ValueError",
    "poison-hang": "Failed 3 times with JobTimeoutException",
    "poison-stick": "Killed its process 3 times",
    "poison-exit": "Killed its process 3 times",
    "poison-hog": "Failed 3 times with MemoryError",
}
GOOD = 15
CANARIES = ("kanarienvogel", "nadja.krueger")
BODY = "Since this morning kanarienvogel endpoint {} gets no webhook events at all. The log shows TLS errors."


@pytest.mark.timeout(280)
def test_poisoned_tickets_are_parked_and_the_others_go_on(tmp_path: Path) -> None:
    models = Path(os.environ.get("DESKHAND_MODELS", ROOT / "var" / "models"))
    prepare(models)
    worker = [sys.executable, "-m", "tests.faults.poisoned_worker"]
    env = {
        "DESKHAND_WORKERS": "2",
        "DESKHAND_LEASE_S": "4",
        "DESKHAND_RECONCILE_S": "86400",
        "DESKHAND_LOG_LEVEL": "DEBUG",
    }
    with Rehearsal(
        tmp_path / "var", models=models, simulator=["--fast"], env=env, instead={"worker.1": worker, "worker.2": worker}
    ) as rehearsal:
        _until_reconciled(rehearsal)
        subjects = [f"Question {number}" for number in range(GOOD)]
        for number, name in enumerate(POISON):
            subjects.insert(number * 3, f"{name} kanarienvogel")
        refs = {subject: _ticket(rehearsal, subject) for subject in subjects}
        _until_ended(rehearsal)
        store = rehearsal.deps.store
        parked = {shown["ticket_ref"]: shown["error"] for shown in map(store.deliveries.show, store.replays.parked())}
        told = {name: str(parked.get(refs[f"{name} kanarienvogel"])) for name in POISON}
        assert {name: reason in told[name] for name, reason in REASONS.items()} == dict.fromkeys(REASONS, True), told
        assert len(parked) == len(POISON)
        score = rehearsal.score()
        assert (score.updates, score.notes, score.duplicated) == (GOOD, GOOD, 0)
        assert score.lost == len(POISON)  # none of those was written to
        counted = {(each.name, each.label): each.value for each in store.tallies.all()}
        assert counted[PARKED, "in"] == len(POISON)
        assert counted[LEASE_LOST, ""] >= 6
    written = [*(tmp_path / "var" / "log").glob("*.log"), *(tmp_path / "var" / "redis").rglob("*.aof")]
    assert len(written) >= 6
    for path in written:
        text = path.read_bytes().decode(errors="replace")
        assert [canary for canary in CANARIES if canary in text] == [], path.name


def _ticket(rehearsal: Rehearsal, subject: str) -> str:
    draft = {"requester": "nadja.krueger@nordlicht.example", "subject": subject, "body": BODY.format(subject)}
    return str(rehearsal.helpdesk("POST", "tickets", draft)["id"])


def _until_reconciled(rehearsal: Rehearsal) -> None:
    """Its first look back would bring every parked ticket once more."""
    deadline = time.monotonic() + WITHIN_S
    while rehearsal.deps.store.cursors.get(rehearsal.tenant, "tickets") is None:
        assert time.monotonic() < deadline, "no clock or no worker"
        time.sleep(0.1)


def _until_ended(rehearsal: Rehearsal) -> None:
    """Until every ticket is decided or parked and nothing waits."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        state = rehearsal.deps.store.deliveries.line(since=EPOCH)
        decided = sum(rehearsal.deps.store.deliveries.outcomes(since=EPOCH).values())
        if decided >= GOOD and state.parked.waiting >= len(POISON) and state.waiting == 0:
            return
        assert time.monotonic() < deadline, f"{decided} decided, {state.parked.waiting} parked, {state.waiting} waiting"
        time.sleep(0.1)
