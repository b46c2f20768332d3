"""A desk with a past: it is learned from, agents correct it, the next lesson knows, every step can be taken back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from app.passwords import hash_password
from app.rehearsal import Rehearsal
from connectors.defaults import load_taxonomy
from connectors.store.models import CHALLENGER, REFUSED, StoredModel
from connectors.store.schema import EPOCH, inbox
from tests.system.conftest import Start
from triage.training import held_out_size

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
PAST = 1200
ENDS_WITHIN_S = 300
ARRIVING = 24
CORRECTED = 20
EMAIL, PASSWORD = "lead@desk.example", "a long enough password"
COMMAND = [sys.executable, "-c", "from app.cli import main; main()", "triage"]
CATEGORIES = [each.key for each in load_taxonomy().categories]


@dataclass
class Lesson:
    """A running desk, and what a person does with it."""

    desk: Rehearsal
    arrived: int = 0

    @property
    def env(self) -> dict[str, str]:
        """That of the desk's processes; one thread, as the worker has, so that two cores are shared well."""
        return {**self.desk.env, "OMP_NUM_THREADS": "1"}

    def triage(self, *words: str) -> Any:
        """`deskhand triage …` as somebody types it; its JSON."""
        command = [*COMMAND, *words, "--json"]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=ENDS_WITHIN_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def killed_while(self, saying: str) -> None:
        """Begin to train, and kill the process as soon as it says what it is at."""
        process = subprocess.Popen([*COMMAND, "train"], env=self.env, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        with process.stderr:
            said = ""
            for line in process.stderr:
                said += line
                if line.startswith(saying):
                    break
            process.kill()
        assert process.wait(20) == -signal.SIGKILL, said

    def versions(self) -> list[StoredModel]:
        return self.desk.deps.store.models.versions(self.desk.tenant)

    def champion(self) -> str:
        found = self.desk.deps.store.models.champion(self.desk.tenant)
        assert found is not None
        return found.version

    def arrive(self, count: int) -> list[str]:
        """Tickets come in and are decided; their numbers."""
        known = self.desk.deps.store.decisions.since(0)
        last = max((stored.id for stored, _, _ in known), default=0)
        self.desk.helpdesk("POST", "arrivals", {"count": count, "per_second": 40})
        self.arrived += count
        self.desk.settle(tickets=self.arrived, within_s=ENDS_WITHIN_S)
        return [ref for _, ref, _ in self.desk.deps.store.decisions.since(last)]

    def decided_by(self, ref: str) -> str:
        stored = self.desk.deps.store.decisions.latest(self.desk.tenant, ref)
        assert stored is not None
        assert stored.decision.prediction is not None
        return stored.decision.prediction.model_version

    def correct(self, ref: str) -> str:
        """As an agent in the ticket's panel: another category than the one that was decided."""
        base = self.desk.helpdesk_url
        launch = requests.post(f"{base}/agent/tickets/{ref}/sidebar", json={}, timeout=20).json()
        page = requests.post(launch["action"], data=launch["fields"], timeout=20)
        bearer = re.search(r'name="deskhand-session" content="([^"]+)"', page.text)
        assert bearer, page.text
        stored = self.desk.deps.store.decisions.latest(self.desk.tenant, ref)
        assert stored is not None
        assert stored.decision.prediction is not None
        at = CATEGORIES.index(stored.decision.prediction.category)
        category = CATEGORIES[(at + 1) % len(CATEGORIES)]
        answer = requests.post(
            f"{self.desk.url}/sidebar/panel/{ref}/correction",
            json={"category": category},
            headers={"Authorization": f"Bearer {bearer[1]}"},
            timeout=20,
        )
        assert answer.status_code == 200, answer.text
        return category

    def night(self) -> str:
        """The nightly lesson, as the clock begins it; what it noted."""
        store, tenant, now = self.desk.deps.store, self.desk.tenant, self.desk.deps.now()
        assert store.schedule.run_due(tenant, "learn", timedelta(0), now=now)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while True:
            rows = [row for row in self._learned() if row["received_at"] >= now]
            if rows and rows[-1]["state"] == "done":
                return str(rows[-1]["error"])
            assert time.monotonic() < deadline, rows
            time.sleep(0.2)

    def _learned(self) -> list[dict[str, Any]]:
        with self.desk.deps.store.database.read() as connection:
            rows = connection.execute(select(inbox).where(inbox.c.kind == "learn").order_by(inbox.c.id))
            return [dict(row._mapping) for row in rows]


def console_page(desk: Rehearsal) -> str:
    """The Triage page, logged in."""
    deps = desk.deps
    deps.store.users.save(email=EMAIL, name="Lead", password_hash=hash_password(PASSWORD), now=deps.now())
    with requests.Session() as browser:
        form = browser.get(f"{desk.url}/console/login", timeout=20).text
        token = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', form)
        assert token, form
        given = {"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
        answer = browser.post(
            f"{desk.url}/console/login", data=given, headers={"Origin": desk.url}, timeout=20, allow_redirects=False
        )
        assert answer.status_code == 303, answer.text
        page = browser.get(f"{desk.url}/console/triage", timeout=20)
    assert page.status_code == 200
    return page.text


def test_a_desk_learns_is_corrected_and_goes_back(start: Start) -> None:
    desk = start()
    lesson = Lesson(desk)
    truth = desk.helpdesk("POST", "history", {"count": PAST, "seed": 1, "days": 180})["truth"]
    labelled = sum(category is not None for category in truth.values())

    # Learn from the past: the first model is measured on the newest tickets, and answers from then on.
    trained = lesson.triage("train")
    first, card = trained["model"]["version"], trained["model"]["card"]
    assert trained["read"] == PAST
    assert trained["model"]["state"] == "champion"
    assert card["held_out"] == held_out_size(labelled)
    assert card["learned"] + card["held_out"] == labelled
    assert card["held_out_from"][0] >= card["learned_from"][1]
    assert 0.8 < card["accuracy"]["count"] / card["accuracy"]["of"] < 1.0
    rivals = {rival["name"]: rival["accuracy"]["count"] for rival in card["rivals"]}
    assert all(count < card["accuracy"]["count"] for count in rivals.values()), rivals
    wrong = {suspect["ref"] for suspect in card["suspects"]}
    assert wrong

    page = console_page(desk)
    assert f"{card['held_out']} tickets" in page
    assert first[:8] in page

    # It answers, agents disagree.
    refs = lesson.arrive(ARRIVING)
    assert {lesson.decided_by(ref) for ref in refs} == {first}
    corrections = {ref: lesson.correct(ref) for ref in refs[:CORRECTED]}

    # A training that dies leaves everything as it was.
    before = lesson.versions()
    lesson.killed_while("Learning")
    assert lesson.versions() == before
    assert lesson.champion() == first

    # The nightly lesson knows what agents said; it does not take over unless it is better.
    noted = lesson.night()
    second = lesson.versions()[0]
    assert second.version != first, noted
    assert second.state in (CHALLENGER, REFUSED), noted
    assert lesson.champion() == first
    assert second.card.learned + second.card.held_out == labelled + CORRECTED
    told = f"{CORRECTED} tickets with the category that an agent gave"
    assert any(note.startswith(told) for note in second.card.notes), second.card.notes
    kept = desk.deps.store.examples.labels(desk.tenant, "category", list(corrections))
    assert kept == corrections

    # A person may promote it, and take that back.
    lesson.triage("promote", second.version)
    assert lesson.champion() == second.version
    assert {lesson.decided_by(ref) for ref in lesson.arrive(1)} == {second.version}
    assert lesson.triage("rollback")["model"]["version"] == first
    assert lesson.champion() == first
    assert {lesson.decided_by(ref) for ref in lesson.arrive(1)} == {first}
    assert desk.deps.store.deliveries.line(since=EPOCH).waiting == 0
