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
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from app import install
from app.bootstrap import Deps, build
from app.install import ConnectFailed, ConnectRequest, StepState
from app.processes import Program, Supervisor, programs
from app.settings import RECORD, Settings
from connectors import registry
from connectors.recorder import FILE
from connectors.simulator.effects import is_marking
from connectors.store.schema import EPOCH
from connectors.store.tenants import LIVE

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
    """Start with `with`; everything lives under `var` and ends with the block.

    `instead` names programs of ours that run another command, such as a worker that a test has prepared.

    A program that was started again `most_restarts` times counts as failing.
    """

    most_restarts: float = MOST_RESTARTS

    def __init__(
        self,
        var: Path,
        *,
        models: Path,
        port: int | None = None,
        simulator: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        vendor: str | None = None,
        instead: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.simulator_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.helpdesk_url = f"http://127.0.0.1:{self.simulator_port}"
        # Where Deskhand finds it: a test may put something in between.
        self.reached_at = self.helpdesk_url
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DESKHAND_")}
        self.env = inherited | {
            "DESKHAND_VAR": str(var),
            "DESKHAND_MODELS": str(models),
            "DESKHAND_PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{var}/deskhand.sqlite3",
            "REDIS_URL": "",
            "DESKHAND_MESSAGES": RECORD,
            **(env or {}),
        }
        self.settings = Settings.from_env(self.env)
        self.deps: Deps = build(self.settings)
        self.vendor = vendor or next(iter(registry.VENDORS))
        self.tenant = self.actor_id = ""
        helpdesk = Program(
            "helpdesk",
            [
                *(sys.executable, "-m", "connectors.simulator", "--port", str(self.simulator_port)),
                *("--app-url", self.url, "--vendor", self.vendor, *simulator),
            ],
        )
        ours = [replace(each, command=(instead or {}).get(each.name, each.command)) for each in programs(self.settings)]
        self.supervisor = Supervisor([helpdesk, *ours], env=self.env, logs=self.settings.var / "log")

    @property
    def messages(self) -> Path:
        """Where each message is kept instead of being sent, one a line; made with the first."""
        return self.settings.var / FILE

    def __enter__(self) -> Rehearsal:
        self.deps.store.database.migrate()
        self.supervisor.start()
        try:
            self._await(lambda: self.helpdesk("GET", "state"), "helpdesk")
            self._await(lambda: requests.get(f"{self.url}/readyz", timeout=2).raise_for_status(), "web")
            self._connect()
        except ConnectFailed as failed:
            self.supervisor.stop()
            raise RehearsalFailed(f"The helpdesk could not be connected. {failed}") from failed
        except BaseException:
            self.supervisor.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.supervisor.stop()
        self.deps.store.database.close()

    def helpdesk(self, method: str, path: str, body: object = None, *, at: str | None = None) -> Any:
        """One call to the simulated helpdesk's own controls."""
        answer = requests.request(method, f"{at or self.helpdesk_url}/_sim/{path}", json=body, timeout=HTTP_S)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def effects(self) -> list[dict[str, Any]]:
        """The helpdesk's append-only log, oldest first."""
        found: list[dict[str, Any]] = self.helpdesk("GET", "effects")["effects"]
        return found

    def score(self) -> Score:
        ours = self.actor_id
        log = self.effects()
        tickets = {entry["ticket_id"] for entry in log if entry["kind"] == "create"}
        updates = Counter(
            e["ticket_id"]
            for e in log
            if e["kind"] == "update" and str(e["actor_id"]) == ours and not is_marking(e["changes"])
        )
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
            failing = [name for name, count in self.supervisor.restarts.items() if count >= self.most_restarts]
            if failing:
                raise RehearsalFailed(f"{failing[0]} keeps failing. {self._log(failing[0])} says why.")
            if time.monotonic() >= deadline:
                raise RehearsalFailed(
                    f"{decided} of {tickets} tickets decided and {state.waiting} rows waiting after {within_s:.0f} s. "
                    f"The logs are in {self.settings.var / 'log'}."
                )
            time.sleep(0.1)

    def _connect(self) -> None:
        """What an admin does: type the address and the credentials, and let the installer do the rest."""
        given = self.helpdesk("GET", "credentials", at=self.reached_at)
        request = ConnectRequest(
            vendor=self.vendor,
            address=given["address"],
            sign_in=given["sign_in"],
            secrets=given["secrets"],
            name="Fieldline",
            mode=LIVE,
            limits=given["limits"],
        )
        connected = install.connect(self.deps, request)
        if failed := next((step for step in connected.steps if step.state is StepState.FAILED), None):
            raise ConnectFailed(failed)
        self.tenant = connected.tenant
        self.actor_id = str(self.deps.store.tenants.connection(self.tenant).actor_id)
        if settings := install.app_settings(self.deps, self.tenant):
            self.helpdesk("POST", "app_settings", settings)

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
