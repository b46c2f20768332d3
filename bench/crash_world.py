"""What crash tests share: the process that forks children, and a simulated helpdesk with a store connected to it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from bench.zygote import Order
from connectors.crash import VARIABLE
from connectors.defaults import load_taxonomy
from connectors.installing import Grant
from connectors.marks import MARKER, is_marker
from connectors.recorder import FILE, PAGE
from connectors.simulator.control import first_agent
from connectors.simulator.delivery import Delivery, Outcome
from connectors.simulator.knobs import Knobs
from connectors.simulator.records import Change, Draft, NewComment, Origin
from connectors.simulator.server import Running
from connectors.simulator.state import HelpdeskState
from connectors.store import Store
from connectors.store.config import SLA
from connectors.store.tenants import NewTenant
from triage.sla.marks import is_mark
from triage.tickets import Priority

START = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
TENANT = "acme"
CHILD_WITHIN_S, QUIET_WITHIN_S = 40.0, 10.0
TEXTS = (
    ("Webhooks", "Since this morning endpoint 7 gets no webhook events at all. The log shows TLS errors."),
    ("Invoice", "Please send the invoice number 31 as PDF again."),
    ("Call", "as discussed"),
)
NEVER = "send.done:1000000"
EARLY = timedelta(minutes=20)
"""When every ticket with a priority is late here, and its ladder pages whoever is on call."""
ALL = [each.value for each in Priority]
RULES = {
    "policies": [{"id": "all", "hours": "calendar", "targets": {name: {"first_reply": "20 min"} for name in ALL}}],
    "schedules": {"always": {"hours": "24/7", "time_zone": "Etc/UTC"}},
    "which_schedule": {"default": "always"},
    "escalation": {
        "ladders": {"on_call": {"levels": [{"to": [], "by": ["page"], "wait": "1 h"}]}},
        "responses": {name: {"ladder": "on_call", "reminders": []} for name in ALL},
    },
}


class Zygote:
    """The loaded process; `run` has one child do an order and returns how it ended: -9 when it was killed."""

    def __init__(self, models: Path, log: Path) -> None:
        # One thread only, or forking would not be safe; the model engine's telemetry has one of its own.
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"), "1")
        self.log = log
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench.zygote", str(models)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **one_thread, "TOKENIZERS_PARALLELISM": "false", VARIABLE: NEVER},
                cwd=Path(__file__).parent.parent,
                start_new_session=True,
            )
        self._answer(within_s=120)

    def run(self, order: Order) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(order.to_json() + "\n")
        self.process.stdin.flush()
        return int(self._answer(within_s=CHILD_WITHIN_S)["ended"])

    def close(self) -> None:
        """The process ends here, and whatever child it still has."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self._kill()
        self.process.stdout.close()

    def _answer(self, within_s: float) -> Any:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self._kill()
            raise RuntimeError(f"no answer within {within_s:.0f} s: {self.log.read_text()[-3000:]}")
        return json.loads(line)

    def _kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


class World:
    """One vendor's simulated helpdesk, and a store that is connected to it and copied for each run.

    `now` is the helpdesk's time; it stands still until it is moved.
    """

    def __init__(self, vendor: str, folder: Path) -> None:
        self.vendor, self.folder, self.now = vendor, folder, START
        self.sent: list[Delivery] = []
        self.state = HelpdeskState(now=lambda: self.now)
        self.running = Running(vendor=vendor, state=self.state, knobs=Knobs(export_delay_s=-2).unlimited())
        face: Any = self.running.simulator.face
        face.hooks.pool._attempt = self._keep
        self.face = face
        self.requests = _Requests(self.running)
        self.running.__enter__()
        self._home = folder / vendor
        self._template = folder / f"connected-{vendor}"
        self._connect()

    def close(self) -> None:
        self.running.stop()

    def fresh(self) -> Path:
        """The folder for a run, with a new store that is connected to the helpdesk."""
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(self._template, self._home)
        self.sent.clear()
        return self._home

    def knobs(self, **values: Any) -> None:
        self.running.simulator.faults.set(values)

    def arrivals(self) -> list[int]:
        """A ticket for each text; who wrote the first adds something at once."""
        requester = self.state.user_by_email("nadja.krueger@nordlicht.example")
        assert requester is not None
        origin = Origin(actor_id=requester.id, channel="mail")
        drafts = [Draft(requester_id=requester.id, subject=subject, body=body) for subject, body in TEXTS]
        refs = [self.state.create_ticket(draft, origin)[0].id for draft in drafts]
        self.state.update_ticket(refs[0], Change(comment=NewComment(body="It is urgent.")), origin)
        self.quiet()
        return refs

    def stir(self, refs: Sequence[int]) -> None:
        """An agent changes each ticket and takes it back."""
        for ref in refs:
            origin = Origin(actor_id=first_agent(self.state), channel="web")
            for change in (Change(add_tags=("looked_at",)), Change(remove_tags=("looked_at",))):
                self.state.update_ticket(ref, change, origin)
        self.quiet()

    def pages(self, folder: Path) -> Counter[str]:
        """How often somebody was paged about a ticket."""
        recorded = folder / FILE
        lines = recorded.read_text(encoding="utf-8").splitlines() if recorded.exists() else []
        paged = [each for line in lines if (each := json.loads(line))["kind"] == PAGE and each["action"] == "trigger"]
        return Counter(ref for each in paged for ref in each["tickets"])

    def unanswered(self, folder: Path) -> list[dict[str, Any]]:
        """The helpdesk's deliveries that this store has not answered 2xx, as the receiver gets them."""
        noted = folder / "acknowledged"
        answered = {int(line) for line in noted.read_text().split()} if noted.exists() else set()
        return [
            {
                "number": number,
                "path": urlsplit(each.url).path,
                "headers": dict(each.headers),
                "body": each.body.decode(),
            }
            for number, each in enumerate(self.sent)
            if number not in answered
        ]

    def quiet(self) -> None:
        """Until every request that a killed process had sent is done with, and every webhook is on its way."""
        with requests.Session() as session:
            session.get(f"{self.running.base_url}/healthz", timeout=QUIET_WITHIN_S, headers={"Connection": "close"})
        self.requests.wait_until_none()
        assert self.face.wait_idle(QUIET_WITHIN_S), "the helpdesk's webhooks did not come to an end"

    def view(self, ref: int) -> dict[str, Any]:
        """The ticket as people see it, without what differs from run to run."""
        ticket = self.state.tickets[ref]
        return {
            "fields": (ticket.status, ticket.priority, ticket.type, ticket.group_id, ticket.assignee_id),
            # Where its clocks stand is a matter of when one looks.
            "tags": sorted(tag for tag in ticket.tags if not is_marker(tag) and not is_mark(tag)),
            "custom_fields": sorted(ticket.custom_fields.items()),
            "comments": [(each.public, MARKER.sub("", each.body)) for each in self.state.comments[ref]],
        }

    def markers(self, ref: int) -> set[str]:
        return {tag for tag in self.state.tickets[ref].tags if is_marker(tag)}

    def _keep(self, delivery: Delivery) -> Outcome:
        """In the place of a call: the runs deliver by themselves, as often as it takes."""
        self.sent.append(delivery)
        return Outcome(delivery=delivery, status=200, reason="kept", seconds=0)

    def _connect(self) -> None:
        self._template.mkdir()
        taxonomy = load_taxonomy()
        choices = {
            "category": [each.key for each in taxonomy.categories],
            "product_area": [each.key for each in taxonomy.product_areas],
        }
        url = f"http://127.0.0.1:9/webhooks/{self.vendor}/path-token"
        given = self.face.connect({"webhook_url": url, "fields": choices}, self.running.base_url)
        store = Store.open(f"sqlite:///{self._template}/store.sqlite3", var=self._template)
        store.database.migrate()
        tenant = NewTenant(
            id=TENANT,
            name="Acme",
            vendor=self.vendor,
            base_url=self.running.base_url,
            origin=self.running.base_url,
            account_id=given["account_id"],
            actor_id=given["integration_user_id"],
            groups=given["groups"],
            fields=given["fields"],
            settings={"limits": self.face.credentials(self.running.base_url)["limits"]},
            secrets={"api_token": given["oauth_token"], "webhook_secret": given["signing_secret"]},
        )
        store.tenants.add(tenant, webhook_token="path-token", now=self.now)  # noqa: S106
        store.config.save(TENANT, SLA, RULES, by="bench", why="late in minutes", now=self.now)
        if ":" in given["oauth_token"]:
            # User and password in one: only a recorded sign-in says that they travel as such.
            grant = Grant(access_token=given["oauth_token"], scheme="basic", issued_at=self.now)
            store.access.save(TENANT, "api_key", {}, grant)
        store.database.close()


class _Requests:
    """Counts the connections that the simulated helpdesk has open: one is closed when its last request is done."""

    def __init__(self, running: Running) -> None:
        server: Any = running._server
        self._open = 0
        self._changed = threading.Condition()
        begin, carry_out = server.process_request, server.process_request_thread

        def counted(*connection: Any) -> None:
            self._count(+1)
            begin(*connection)

        def ended(*connection: Any) -> None:
            try:
                carry_out(*connection)
            finally:
                self._count(-1)

        server.process_request, server.process_request_thread = counted, ended

    def wait_until_none(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._open == 0, QUIET_WITHIN_S), "a request did not end"

    def _count(self, step: int) -> None:
        with self._changed:
            self._open += step
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Left:
    """A row that has not ended well, or still has a lease."""

    table: str
    id: int
    state: str
    crashes: int
    error: str | None


def left_over(folder: Path) -> Sequence[Left]:
    """Read from the file itself, so that nothing of the product stands between the judge and the rows."""
    database = sqlite3.connect(folder / "store.sqlite3")
    try:
        return [
            Left(table, *row)
            for table in ("inbox", "outbox")
            for row in database.execute(
                f"SELECT id, state, crashes, error FROM {table}"  # noqa: S608
                " WHERE state NOT IN ('done', 'ignored') OR lease_token IS NOT NULL"
            )
        ]
    finally:
        database.close()
