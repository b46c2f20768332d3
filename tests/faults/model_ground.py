"""What the model's line stands on: a database that is emptied between examples, the receiver, a queue, a decision."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from sqlalchemy import event

from app import webhooks
from app.bootstrap import Deps
from app.learning.deciding import Read
from app.settings import Settings
from connectors.defaults import load_taxonomy
from connectors.encoder import Encoder
from connectors.queue import QueueDown
from connectors.store import Store
from connectors.store.schema import metadata
from jobs import runtime
from jobs.runtime import Runtime
from tests.conftest import ToldClock, new_tenant
from tests.faults.model_desk import NAME, SECRET, WANTED
from triage.actions import UpdateTicket
from triage.decisions import Decision, Outcome
from triage.metadata import extract
from triage.tickets import Ticket

TENANT = "acme"
STAYS = ("tenant", "secret")
TRACE = """
CREATE TABLE model_moves (id INTEGER PRIMARY KEY, line TEXT, row INTEGER, was TEXT, now TEXT);
CREATE TRIGGER model_in AFTER UPDATE OF state ON inbox
  BEGIN INSERT INTO model_moves (line, row, was, now) VALUES ('in', OLD.id, OLD.state, NEW.state); END;
CREATE TRIGGER model_out AFTER UPDATE OF state ON outbox
  BEGIN INSERT INTO model_moves (line, row, was, now) VALUES ('out', OLD.id, OLD.state, NEW.state); END;
"""


class ByTag:
    """Stands for encoder and classifier: a ticket with the tag `wanted` gets a group and a note, others nothing.

    All tickets are read as the first one was: what they say makes no difference here, and reading takes time.
    """

    encoder = Encoder(id="none", run=lambda texts: np.zeros((len(texts), 1), np.float32), dimensions=1)

    def __init__(self) -> None:
        self.first: Read | None = None

    def read(self, ticket: Ticket) -> Read:
        self.first = self.first or Read(extract(ticket, load_taxonomy()), self.encoder.encode([""])[0])
        return self.first

    def decide(self, ticket: Ticket, organization: object, connection: object, read: Read | None = None) -> Decision:
        wanted = WANTED in ticket.tags
        change = UpdateTicket(ticket_ref=ticket.ref, group_id="3", note="because", was={"group_id": ticket.group_id})
        return Decision(
            outcome=Outcome.TRIAGED if wanted else Outcome.SKIPPED,
            category=None,
            product_area=None,
            priority=None,
            group=None,
            confidence=1.0,
            floor=0.5,
            reasons=("by its tag",),
            actions=(change,) if wanted else (),
            prediction=None,
            taxonomy_version="1",
        )


@dataclass
class Entries:
    """A queue that can lose, repeat and bring back what it holds, or be away."""

    size: int
    waiting: list[tuple[str, int, str]] = field(default_factory=list)
    given: list[tuple[str, int, str]] = field(default_factory=list)
    down: bool = False
    emptied: bool = False

    def lose_all(self) -> None:
        self.waiting.clear()
        self.emptied = True

    def forgot(self) -> bool:
        if self.down:
            raise QueueDown("refused")
        said, self.emptied = self.emptied, False
        return said

    def room(self) -> int:
        if self.down:
            raise QueueDown("refused")
        return max(0, self.size - len(self.waiting))

    def wake(self, job: str, row_id: int, token: str) -> None:
        if self.down:
            raise QueueDown("refused")
        self.waiting.append((job, row_id, token))
        self.given.append((job, row_id, token))

    def tend(self) -> None:
        pass

    def stop(self) -> None:
        pass


@dataclass
class Ground:
    """What all examples share: a migrated database, the receiver, the time."""

    folder: Path
    now: ToldClock = field(default_factory=ToldClock)

    def __post_init__(self) -> None:
        self.store = Store.open(f"sqlite:///{self.folder}/store.sqlite3", var=self.folder)

        @event.listens_for(self.store.database.engine, "connect")
        def no_syncing(dbapi_connection: Any, _record: Any) -> None:
            dbapi_connection.execute("PRAGMA synchronous=OFF")  # the machine keeps its power here

        self.began = self.now()
        tenant = new_tenant(TENANT, vendor=NAME, settings={}, secrets={"api_token": "key", "webhook_secret": SECRET})
        self.store.tenants.add(tenant, webhook_token="path-token", now=self.now())
        self.raw = sqlite3.connect(self.folder / "store.sqlite3", isolation_level=None)
        self.raw.execute("PRAGMA synchronous=OFF")
        self.raw.executescript(TRACE)
        self.raw.row_factory = sqlite3.Row
        self.deps = Deps(Settings.from_env({"DESKHAND_VAR": str(self.folder)}), self.store, self.now)
        receiver = Flask("receiver")
        receiver.register_blueprint(webhooks.create_blueprint(self.deps))
        self.browser = receiver.test_client()
        self.worker = self.process("worker")
        runtime.use(self.worker)

    def process(self, owner: str) -> Runtime:
        run = Runtime(self.deps, owner)
        run.__dict__["triager"] = ByTag()
        return run

    def empty(self) -> None:
        self.now.at = self.began
        self.raw.execute("BEGIN IMMEDIATE")
        for table in reversed(metadata.sorted_tables):
            if table.name not in STAYS:
                self.raw.execute(f"DELETE FROM {table.name}")  # noqa: S608
        self.raw.execute("DELETE FROM model_moves")
        self.raw.execute("UPDATE tenant SET settings = '{}'")
        self.raw.execute("COMMIT")

    def close(self) -> None:
        self.raw.close()
        self.store.database.close()
