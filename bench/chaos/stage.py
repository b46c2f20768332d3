"""Where chaos happens: Deskhand's own processes, or a plain RQ line as control, each against the simulated helpdesk."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import redis
import requests

from app.processes import Program, Supervisor
from app.rehearsal import HTTP_S, STARTED_WITHIN_S, Rehearsal, RehearsalFailed, free_port
from bench.chaos.plain_rq import CONNECTION, left
from bench.chaos.proxy import TcpProxy
from connectors import redis_server

WORKERS = 2


class Stage(Protocol):
    """What faults and figures need of whatever is being tried."""

    supervisor: Supervisor
    actor_id: str
    redis_url: str
    database_url: str

    def helpdesk(self, method: str, path: str, body: object = None) -> Any:
        """One call to the simulated helpdesk's own controls."""

    def effects(self) -> list[dict[str, Any]]:
        """The helpdesk's append-only log, oldest first."""

    def settle(self, *, tickets: int, within_s: float) -> None:
        """Wait until nothing is under way; raises `RehearsalFailed`."""

    def parked(self) -> int:
        """Rows that wait for a person."""


class Deskhand(Rehearsal):
    """The product; its programs are killed as often as is asked for."""

    most_restarts = math.inf

    @property
    def redis_url(self) -> str:
        return redis_server.url_for(self.settings.redis_url, self.settings.var)

    @property
    def database_url(self) -> str:
        return self.settings.database_url

    def parked(self) -> int:
        return len(self.deps.store.replays.parked())


@contextmanager
def deskhand(folder: Path, vendor: str, models: Path, env: Mapping[str, str]) -> Iterator[tuple[Stage, TcpProxy]]:
    env = {"DESKHAND_WORKERS": str(WORKERS), "DESKHAND_RECONCILE_S": "10", **env}
    stage = Deskhand(folder, models=models, vendor=vendor, simulator=["--fast"], env=env)
    with TcpProxy(stage.simulator_port) as proxy:
        stage.reached_at = proxy.url
        with stage:
            yield stage, proxy


class Plain:
    """The control: a web process that enqueues, RQ workers that retry, and nothing in between."""

    def __init__(self, folder: Path, models: Path, vendor: str) -> None:
        self.port, self.simulator_port = free_port(), free_port()
        self.helpdesk_url = f"http://127.0.0.1:{self.simulator_port}"
        self.actor_id = self.database_url = ""
        self.redis_url = redis_server.url_for("", folder)
        self.vendor = vendor
        self.env = os.environ | {
            "DESKHAND_MODELS": str(models),
            "DESKHAND_PORT": str(self.port),
            "REDIS_URL": self.redis_url,
            CONNECTION: str(folder / "connection.json"),
        }
        python = sys.executable
        web = [python, "-m", "gunicorn", "-c", "python:app.gunicorn", "bench.chaos.plain_rq:create_app()"]
        helpdesk = ["--port", str(self.simulator_port), "--app-url", f"http://127.0.0.1:{self.port}"]
        programs = [
            Program("helpdesk", [python, "-m", "connectors.simulator", *helpdesk, "--vendor", vendor, "--fast"]),
            Program("redis", redis_server.command(folder)),
            Program("web", web),
            *(Program(f"worker.{n + 1}", [python, "-m", "bench.chaos.plain_rq"]) for n in range(WORKERS)),
        ]
        self.folder = folder
        self.supervisor = Supervisor(programs, env=self.env, logs=folder / "log")

    def connect(self, reached_at: str) -> None:
        deadline = time.monotonic() + STARTED_WITHIN_S
        while True:
            try:
                self.helpdesk("GET", "state")
                break
            except requests.RequestException:
                if time.monotonic() > deadline:
                    raise RehearsalFailed(f"helpdesk did not start. {self.folder / 'log'} says why.") from None
                time.sleep(0.05)
        asked = {"webhook_url": f"http://127.0.0.1:{self.port}/hook"}
        given = self.helpdesk("POST", "connect", asked)
        self.actor_id = str(given["integration_user_id"])
        connection = {"tenant": "plain", "vendor": self.vendor, "base_url": reached_at, "token": given["oauth_token"]}
        if ":" in given["oauth_token"]:
            connection["scheme"] = "basic"
        (self.folder / "connection.json").write_text(json.dumps(connection), encoding="utf-8")

    def helpdesk(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.helpdesk_url}/_sim/{path}", json=body, timeout=HTTP_S)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.helpdesk("GET", "effects")["effects"]
        return found

    def settle(self, *, tickets: int, within_s: float) -> None:
        """Until its queue is empty, or for as long as RQ needs to find dead workers' jobs; what is left is lost."""
        deadline = time.monotonic() + within_s
        quiet = 0
        while time.monotonic() < deadline and quiet < 20:
            state = self.helpdesk("GET", "state")
            try:
                idle = state["tickets"] >= tickets and state["idle"] and left(self.redis_url) == 0
            except redis.RedisError:
                idle = False
            quiet = quiet + 1 if idle else 0
            time.sleep(0.1)

    def parked(self) -> int:
        return 0


@contextmanager
def plain(folder: Path, vendor: str, models: Path) -> Iterator[tuple[Stage, TcpProxy]]:
    stage = Plain(folder, models, vendor)
    stage.supervisor.start()
    try:
        with TcpProxy(stage.simulator_port) as proxy:
            stage.connect(proxy.url)
            yield stage, proxy
    finally:
        for program in stage.supervisor.wanted:
            if program.name.startswith("worker"):  # asked to stop, an RQ worker takes its time
                os.kill(stage.supervisor.pid(program.name), signal.SIGKILL)
        stage.supervisor.stop()
