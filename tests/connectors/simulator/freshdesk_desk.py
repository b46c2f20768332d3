"""A running second helpdesk with a tiny company, a clock that can be moved, and short ways to drive it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from connectors.simulator.server import Running, Simulator
from connectors.simulator.state import HelpdeskState

NOBODY = "http://127.0.0.1:9/nobody"


class Clock:
    """The real time plus what a test added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added = timedelta(0)

    def __call__(self) -> datetime:
        with self._lock:
            return datetime.now(UTC) + self._added

    def add(self, **span: float) -> None:
        with self._lock:
            self._added += timedelta(**span)


@dataclass
class FreshDesk:
    running: Running
    now: Clock
    connection: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.running.base_url

    @property
    def simulator(self) -> Simulator:
        return self.running.simulator

    @property
    def auth(self) -> tuple[str, str]:
        return self.connection["oauth_token"].split(":")[0], "anything"

    def later(self, **span: float) -> None:
        self.now.add(**span)

    def api(self, method: str, path: str, body: Any = None, auth: tuple[str, str] | None = None) -> requests.Response:
        return requests.request(method, f"{self.url}/api/v2/{path}", json=body, auth=auth or self.auth, timeout=10)

    def put(self, number: int, body: Any) -> requests.Response:
        return self.api("PUT", f"tickets/{number}", body)

    def as_agent(self, method: str, path: str, body: Any = None) -> requests.Response:
        """As Ana, who is no admin."""
        ana = self.simulator.state.user_by_email("ana@desk.example")
        assert ana is not None
        headers = {"Authorization": self.simulator.face.agent_token(ana.id)}
        return requests.request(method, f"{self.url}/api/v2/{path}", json=body, headers=headers, timeout=10)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sim/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def connect(self, url: str, **more: Any) -> dict[str, Any]:
        fields = {"category": ["billing", "bug"], "product_area": ["exports"]}
        self.connection = self.control("POST", "connect", {"webhook_url": url, "fields": fields, **more})
        return self.connection

    def knobs(self, **values: Any) -> Any:
        return self.control("POST", "knobs", values)

    def arrive(self, **values: Any) -> int:
        made = {"requester": "kim@acme.example", "subject": "Export stops", "body": "It stops.", **values}
        return int(self.control("POST", "tickets", made)["id"])

    def effects(self, since: int = 0) -> list[dict[str, Any]]:
        return list(self.control("GET", f"effects?since={since}")["effects"])

    def settle(self) -> None:
        assert self.simulator.face.wait_idle(10), "webhooks still under way"


@contextmanager
def running_desk(company: Path) -> Iterator[FreshDesk]:
    clock = Clock()
    options = {"webhook_retry_delay_s": 0.01, "webhook_timeout_s": 0.3, "state": HelpdeskState(clock)}
    with Running(vendor="freshdesk", seed_folder=company, **options) as running:
        made = FreshDesk(running, clock)
        made.connect(NOBODY)
        made.knobs(webhook_off=True, due_lag_s=0, search_lag_s=0)
        yield made


def errors(answer: requests.Response) -> list[tuple[str, str]]:
    """The refused fields with their codes."""
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]
