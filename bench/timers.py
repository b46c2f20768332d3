"""What a sweep costs while tickets wait, and how fast those are worked off whose time has come.

`not_due` is CPU time: the clock's question plus a job that finds nothing, with so many timers of one tenant that are
not due. `due_per_s` are tickets a second of CPU time: as many as `--due` at once among the most of them, each late,
with a page of its own, a mail that lists it, its record in the log and its next timer. No process of ours runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, select

from app.bootstrap import Deps
from app.settings import Settings
from connectors.registry import VENDORS
from connectors.store import Store
from connectors.store.config import SLA
from connectors.store.outbox import MESSAGES
from connectors.store.schema import outbox, timer
from connectors.store.tenants import NewTenant
from jobs import escalate
from jobs.runtime import Runtime
from triage.sla.log import Event, FactsSet, PrioritySet, Reply, StatusSet
from triage.tickets import Priority, Status

NOW = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
TENANT = "acme"
TARGET = timedelta(hours=1)
SIZES = (1_000, 10_000, 100_000)
SWEEPS = 200
AT_A_TIME = 5_000
ON_CALL = {"name": "On call", "email": "on-call@desk.example"}
RULES: dict[str, Any] = {
    "policies": [{"id": "all", "hours": "business", "targets": {"P2": {"first_reply": "1 h", "resolution": "8 h"}}}],
    "schedules": {"office": {"time_zone": "Etc/UTC", **{day: ["08:00-18:00"] for day in ("monday", "tuesday")}}},
    "which_schedule": {"default": "office"},
    "escalation": {
        "people": {"on_call": ON_CALL},
        "ladders": {"late": {"levels": [{"to": ["person:on_call"], "by": ["mail", "page"], "wait": "30 min"}]}},
        "responses": {"P2": {"ladder": "late", "reminders": [50, 90]}},
    },
}


def measure(due: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        run = _opened(Path(folder))
        not_due: dict[str, float] = {}
        waiting = 0
        for size in SIZES:
            _wait(run.store, range(waiting, size))
            waiting = size
            not_due[str(size)] = round(median(_cost_s(lambda: _sweep(run.store)) for _ in range(SWEEPS)) * 1e6, 1)
            print(f"{size} not due: {not_due[str(size)]} us a sweep", file=sys.stderr)
        _late(run.store, range(waiting, waiting + due))
        took = _cost_s(lambda: _work_off(run, due))
        messages = _messages(run.store)
        run.store.database.close()
    print(f"{due} due: {took:.2f} s, {messages} messages", file=sys.stderr)
    return {"not_due": not_due, "due_per_s": round(due / took), "due": due, "messages": messages}


def _opened(folder: Path) -> Runtime:
    settings = Settings.from_env({"DESKHAND_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/store.sqlite3"})
    store = Store.open(settings.database_url, var=settings.var)
    store.database.migrate()
    address = "https://acme.example"
    tenant = NewTenant(
        id=TENANT,
        name="Acme",
        vendor=next(iter(VENDORS)),
        base_url=address,
        origin=address,
        account_id=None,
        actor_id="1",
        groups={},
        fields={},
        settings={},
        secrets={},
    )
    store.tenants.add(tenant, webhook_token="path", now=NOW)  # noqa: S106
    store.config.save(TENANT, SLA, RULES, by="bench", why="bench", now=NOW)
    return Runtime(Deps(settings, store, lambda: NOW))


def _wait(store: Store, numbers: range) -> None:
    """So many more timers, over the next weeks."""
    for start in range(numbers.start, numbers.stop, AT_A_TIME):
        some = range(start, min(start + AT_A_TIME, numbers.stop))
        rows = [
            {"tenant": TENANT, "ticket_ref": str(number), "due_at": NOW + timedelta(minutes=1 + number % 40_000)}
            for number in some
        ]
        with store.database.write() as transaction:
            transaction.execute(timer.insert(), rows)


def _late(store: Store, numbers: range) -> None:
    """So many tickets whose first reply was due just now."""
    begun = NOW - TARGET
    events: dict[str, tuple[Event, ...]] = {
        str(number): (
            StatusSet(at=begun, status=Status.NEW),
            PrioritySet(at=begun, priority=Priority.P2),
            Reply(at=begun, by_agent=False),
            FactsSet(at=begun, facts={"group": ("Billing",), "channel": ("email",)}),
        )
        for number in numbers
    }
    with store.database.write() as transaction:
        store.ticket_log.append_many_in(transaction, TENANT, events, now=NOW)
        rows = [{"tenant": TENANT, "ticket_ref": ref, "due_at": NOW} for ref in events]
        transaction.execute(timer.insert(), rows)


def _sweep(store: Store) -> None:
    assert not store.timers.due(NOW)
    assert not store.timers.take(TENANT, NOW, escalate.BATCH)


def _work_off(run: Runtime, due: int) -> None:
    tenant, rules = run.store.tenants.summary(TENANT), escalate.rules_for(run.store, TENANT)
    while taken := run.store.timers.take(TENANT, NOW, escalate.BATCH):
        assert escalate.batch(run, tenant, rules, taken, NOW)
        due -= len(taken)
    assert due == 0


def _messages(store: Store) -> int:
    with store.database.read() as connection:
        query = select(func.count()).select_from(outbox).where(outbox.c.kind.in_(MESSAGES))
        return int(connection.execute(query).scalar_one())


def _cost_s(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--due", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.due)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<10} {value}")


if __name__ == "__main__":
    main()
