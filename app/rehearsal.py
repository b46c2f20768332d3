"""The real processes against the simulated helpdesk, on free ports: what the demo, the benchmarks and the system
tests all drive.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from app.bootstrap import Deps, build
from app.processes import Program, Supervisor, programs
from app.settings import Settings
from connectors import registry
from connectors.defaults import load_taxonomy
from connectors.store.schema import EPOCH
from connectors.store.tenants import API_TOKEN, SIDEBAR_KEY, WEBHOOK_SECRET, NewTenant, new_webhook_token

TENANT = "demo"
STARTED_WITHIN_S = 60.0
HTTP_S = 30.0
MOST_RESTARTS = 8


class RehearsalFailed(Exception):
    """A process did not come up or the tickets did not settle; the message says where to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the helpdesk saw of us, counted from its own append-only log."""

    tickets: int
    triaged: int
    sent_to_human: int
    updates: int
    notes: int
    duplicated: int
    lost: int


class Rehearsal:
    """Start with `with`; everything lives under `var` and ends with the block."""

    def __init__(
        self,
        var: Path,
        *,
        models: Path,
        port: int | None = None,
        simulator: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.simulator_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.helpdesk_url = f"http://127.0.0.1:{self.simulator_port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DESKHAND_")}
        self.env = inherited | {
            "DESKHAND_VAR": str(var),
            "DESKHAND_MODELS": str(models),
            "DESKHAND_PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{var}/deskhand.sqlite3",
            "REDIS_URL": "",
            **(env or {}),
        }
        self.settings = Settings.from_env(self.env)
        self.deps: Deps = build(self.settings)
        self.vendor = next(iter(registry.VENDORS))
        helpdesk = Program(
            "helpdesk",
            [
                *(sys.executable, "-m", "connectors.simulator", "--port", str(self.simulator_port)),
                *("--app-url", self.url, *simulator),
            ],
        )
        self.supervisor = Supervisor([helpdesk, *programs(self.settings)], env=self.env, logs=self.settings.var / "log")

    def __enter__(self) -> Rehearsal:
        self.deps.store.database.migrate()
        self.supervisor.start()
        try:
            self._await(lambda: self.helpdesk("GET", "state"), "helpdesk")
            self._connect()
            self._await(lambda: requests.get(f"{self.url}/readyz", timeout=2).raise_for_status(), "web")
        except BaseException:
            self.supervisor.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.supervisor.stop()
        self.deps.store.database.close()

    def helpdesk(self, method: str, path: str, body: object = None) -> Any:
        """One call to the simulated helpdesk's own controls."""
        answer = requests.request(method, f"{self.helpdesk_url}/_sim/{path}", json=body, timeout=HTTP_S)
        answer.raise_for_status()
        return answer.json()

    def effects(self) -> list[dict[str, Any]]:
        """The helpdesk's append-only log, oldest first."""
        found: list[dict[str, Any]] = self.helpdesk("GET", "effects")["effects"]
        return found

    def score(self) -> Score:
        ours = self.actor_id
        log = self.effects()
        tickets = {entry["ticket_id"] for entry in log if entry["kind"] == "create"}
        updates = Counter(e["ticket_id"] for e in log if e["kind"] == "update" and str(e["actor_id"]) == ours)
        notes = Counter(e["ticket_id"] for e in log if e["kind"] == "note" and str(e["actor_id"]) == ours)
        outcomes = self.deps.store.deliveries.outcomes(since=EPOCH)
        return Score(
            tickets=len(tickets),
            triaged=outcomes.get("triaged", 0),
            sent_to_human=outcomes.get("sent_to_human", 0),
            updates=sum(updates.values()),
            notes=sum(notes.values()),
            duplicated=sum(count - 1 for count in (*updates.values(), *notes.values())),
            lost=len(tickets - (updates.keys() & notes.keys())),
        )

    def settle(self, *, tickets: int, within_s: float, step: Callable[[], None] = lambda: None) -> None:
        """Wait until `tickets` exist in the helpdesk, each is decided and nothing waits; raises `RehearsalFailed`."""
        deadline = time.monotonic() + within_s
        while True:
            step()
            state = self.deps.store.deliveries.line(since=EPOCH)
            decided = sum(self.deps.store.deliveries.outcomes(since=EPOCH).values())
            # Our own writes come back as events: it is over when the helpdesk has nothing more to tell either.
            if decided >= tickets and state.waiting == 0 and self.helpdesk("GET", "state")["idle"]:
                return
            failing = [name for name, count in self.supervisor.restarts.items() if count >= MOST_RESTARTS]
            if failing:
                raise RehearsalFailed(f"{failing[0]} keeps failing. {self._log(failing[0])} says why.")
            if time.monotonic() >= deadline:
                raise RehearsalFailed(
                    f"{decided} of {tickets} tickets decided and {state.waiting} rows waiting after {within_s:.0f} s. "
                    f"The logs are in {self.settings.var / 'log'}."
                )
            time.sleep(0.1)

    def _connect(self) -> None:
        """Make the helpdesk a tenant: its webhook points at us, and we hold its token."""
        webhook_token = new_webhook_token()
        taxonomy = load_taxonomy()
        asked = {
            "webhook_url": f"{self.url}/webhooks/{self.vendor}/{webhook_token}",
            "style": "trigger",
            "fields": {
                "category": [each.key for each in taxonomy.categories],
                "product_area": [each.key for each in taxonomy.product_areas],
            },
        }
        given = self.helpdesk("POST", "connect", asked)
        self.actor_id = str(given["integration_user_id"])
        tenant = NewTenant(
            id=TENANT,
            name="Fieldline",
            vendor=self.vendor,
            base_url=given["base_url"],
            origin=given["base_url"],
            account_id=str(given["account_id"]),
            actor_id=self.actor_id,
            groups=given["groups"],
            fields=given["fields"],
            settings={"app_id": given["app_id"], "installation_id": given["installation_id"]},
            secrets={API_TOKEN: given["oauth_token"], WEBHOOK_SECRET: given["signing_secret"]},
        )
        self.deps.store.tenants.add(tenant, webhook_token=webhook_token, now=self.deps.now())
        key = registry.vendor(self.vendor).fetch_sidebar_key(self.deps.store.tenants.connection(TENANT))
        self.deps.store.tenants.set_secret(TENANT, SIDEBAR_KEY, key)

    def _await(self, ask: Callable[[], object], name: str) -> None:
        deadline = time.monotonic() + STARTED_WITHIN_S
        while True:
            try:
                ask()
                return
            except requests.RequestException:
                if time.monotonic() >= deadline:
                    raise RehearsalFailed(f"{name} did not start. {self._log(name)} says why.") from None
                time.sleep(0.05)

    def _log(self, name: str) -> Path:
        return self.settings.var / "log" / f"{name}.log"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
