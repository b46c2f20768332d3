"""A simulated helpdesk in this process, connected, and a line of jobs that is stepped by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from app.bootstrap import Deps
from app.settings import Settings
from connectors.installing import Grant
from connectors.queue import QueueDown
from connectors.simulator.knobs import Knobs
from connectors.simulator.server import DEFAULT_VENDOR, Running
from connectors.store import Store
from connectors.store.inbox import WEBHOOK
from jobs import runtime
from jobs.clock import Clock
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime
from jobs.triager import Triager
from tests.conftest import ROOT, ToldClock, new_tenant
from triage.events import EventKind, TicketEvent

MODELS = ROOT / "var" / "models"


@pytest.fixture(scope="session")
def triager() -> Triager:
    """The product's own model, loaded once."""
    from connectors.encoder import prepare

    prepare(MODELS)
    return Triager.load(MODELS)


class Direct:
    """Takes jobs like the queue and runs them when told; `down` is a Redis that is away."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, int, str]] = []
        self.down = False
        self.emptied = False

    def forgot(self) -> bool:
        if self.down:
            raise QueueDown("refused")
        emptied, self.emptied = self.emptied, False
        return emptied

    def room(self) -> int:
        if self.down:
            raise QueueDown("refused")
        return 100

    def wake(self, job: str, row_id: int, token: str) -> None:
        if self.down:
            raise QueueDown("refused")
        self.waiting.append((job, row_id, token))


@dataclass
class Desk:
    """Everything a test needs to let a ticket come in and see what comes of it."""

    helpdesk: Running
    store: Store
    clock: ToldClock
    run: Runtime
    queue: Direct = field(default_factory=Direct)

    def __post_init__(self) -> None:
        self.sweeper = Clock(self.run, self.queue)  # type: ignore[arg-type]
        # These have tests of their own; here they would stand between a test and its ticket.
        self.sweeper.timetable = tuple(
            each
            for each in self.sweeper.timetable
            if each.name not in ("doctor", "articles", "gaps", "search", "reviews")
        )

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.helpdesk.base_url}/_sim/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def ticket(self, subject: str, body: str) -> str:
        given = self.control(
            "POST", "tickets", {"requester": "nadja@nordlicht.example", "subject": subject, "body": body}
        )
        return str(given["id"])

    def event(self, ref: str, key: str, kind: EventKind = EventKind.TICKET_CREATED, actor: str | None = None) -> None:
        event = TicketEvent(kind=kind, ticket_ref=ref, dedup_key=key, actor_id=actor)
        self.store.inbox.receive("acme", WEBHOOK, event, now=self.clock())

    def work(self) -> int:
        """Run what is due until nothing is, without moving the time."""
        done = 0
        while True:
            self.sweeper.turn()
            if not self.queue.waiting:
                return done
            jobs, self.queue.waiting = self.queue.waiting, []
            for job, row_id, token in jobs:
                OwnThreads.find(job)(row_id, token)
                done += 1

    def states(self) -> list[tuple[str, str]]:
        """Name and state of every row that has not ended well."""
        rows = self.store.deliveries.newest(limit=10_000)
        return [(row.id, row.state) for row in rows if row.state not in ("done", "ignored") and row.id != "in-1"]

    def effects(self, ref: str) -> list[dict[str, Any]]:
        log = self.control("GET", "effects")["effects"]
        return [entry for entry in log if str(entry["ticket_id"]) == ref and entry["kind"] != "create"]

    def kinds(self, ref: str) -> list[str]:
        return [entry["kind"] for entry in self.effects(ref)]


def choices(triager: Triager) -> dict[str, list[str]]:
    """The drop-downs that an installation makes, each key its own label."""
    taxonomy = triager.taxonomy
    return {
        "category": [each.key for each in taxonomy.categories],
        "product_area": [each.key for each in taxonomy.product_areas],
    }


@pytest.fixture
def vendor() -> str:
    """Which helpdesk the desk speaks to; a test for all of them is parametrised with it."""
    return DEFAULT_VENDOR


@pytest.fixture
def desk(store: Store, clock: ToldClock, triager: Triager, tmp_path: Path, vendor: str) -> Iterator[Desk]:
    with Running(vendor=vendor, knobs=Knobs(export_delay_s=-2).unlimited()) as helpdesk:
        control = requests.post(
            f"{helpdesk.base_url}/_sim/connect",
            json={"webhook_url": "http://127.0.0.1:9/webhooks", "fields": choices(triager)},
            timeout=10,
        ).json()
        tenant = new_tenant(
            vendor=vendor,
            base_url=helpdesk.base_url,
            origin=helpdesk.base_url,
            actor_id=control["integration_user_id"],
            groups=control["groups"],
            fields=control["fields"],
            settings={"limits": requests.get(f"{helpdesk.base_url}/_sim/credentials", timeout=10).json()["limits"]},
            secrets={"api_token": control["oauth_token"], "webhook_secret": control["signing_secret"]},
        )
        store.tenants.add(tenant, webhook_token="path-token", now=clock())
        if ":" in control["oauth_token"]:
            # User and password in one: only a recorded sign-in says that they travel as such.
            grant = Grant(access_token=control["oauth_token"], scheme="basic", issued_at=clock())
            store.access.save("acme", "api_key", {}, grant)
        # Reconciliation has tests of its own; here it would find every ticket.
        settings = Settings.from_env(
            {"DESKHAND_VAR": str(tmp_path), "DESKHAND_RECONCILE_S": "86400", "DESKHAND_BACKUP_S": "0"}
        )
        run = Runtime(Deps(settings, store, clock))
        run.__dict__["triager"] = triager
        runtime.use(run)
        desk = Desk(helpdesk, store, clock, run)
        store.schedule.run_due("acme", "reconcile", desk.sweeper.timetable[0].every, now=clock())
        store.replays.park(["in-1"], now=clock())
        yield desk
