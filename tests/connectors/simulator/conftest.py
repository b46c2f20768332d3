"""A running helpdesk with a tiny company, a receiver for its webhooks, and the real client library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.simulator.knobs import Knobs
from connectors.simulator.server import Running, Simulator


@dataclass
class Desk:
    """The running helpdesk and short ways to drive it."""

    running: Running
    connection: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.running.base_url

    @property
    def simulator(self) -> Simulator:
        return self.running.simulator

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sim/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        token = self.connection["oauth_token"]
        return requests.request(
            method,
            f"{self.url}/api/v2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}", **headers},
            timeout=10,
        )

    def connect(self, url: str, **more: Any) -> dict[str, Any]:
        self.connection = self.control("POST", "connect", {"webhook_url": url, **more})
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


@pytest.fixture
def desk(company: Path) -> Iterator[Desk]:
    with Running(seed_folder=company, webhook_retry_delay_s=0.01, webhook_timeout_s=0.3) as running:
        made = Desk(running)
        made.connect("http://127.0.0.1:9/nobody")
        made.knobs(webhook_off=True)
        yield made


@pytest.fixture
def fast_knobs() -> Knobs:
    return Knobs().unlimited()


@dataclass
class Receiver:
    """Takes webhooks; `answers` is played in order, then 200 for ever. An answer of None hangs past the time-out."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int | None, dict[str, str]]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                made.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                status, headers = made.answers.pop(0) if made.answers else (200, {})
            if status is None:
                made.release.wait(5)
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield made
    made.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The vendor's usual Python library, unmodified, pointed at the helpdesk."""
    from zenpy import Zenpy

    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", desk.url.partition("://")[2])

    def build() -> Any:
        return Zenpy(subdomain="simulated", oauth_token=desk.connection["oauth_token"], disable_cache=True)

    return build
