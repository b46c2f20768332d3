"""A real helpdesk on loopback and our own web process beside it, for what needs both ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from app import create_app, install
from app.bootstrap import Deps
from app.install import Connected, ConnectRequest
from app.rehearsal import free_port
from app.settings import Settings
from connectors.base import Connection
from connectors.installing import Finding
from connectors.simulator.knobs import Knobs
from connectors.simulator.server import QuietHandler, Running
from connectors.store import Store

WAIT_S = 1.5


@dataclass
class Site:
    """An install that listens, and the helpdesk it is to be connected to."""

    deps: Deps
    running: Running
    vendor: str

    @property
    def face(self) -> object:
        return self.running.simulator.face

    def request(self, **changes: object) -> ConnectRequest:
        given = self.running.simulator.face.credentials(self.running.base_url)
        values = {
            "vendor": self.vendor,
            "address": given["address"],
            "sign_in": given["sign_in"],
            "secrets": given["secrets"],
            "limits": given["limits"],
        }
        return ConnectRequest(**(values | changes))  # type: ignore[arg-type]

    def connect(self, **changes: object) -> Connected:
        return install.connect(self.deps, self.request(**changes), wait_s=WAIT_S)

    def make_by_hand(self) -> None:
        """What an admin makes where nothing can be made from nothing: a rule whose spelling is copied."""
        hook = f"{self.deps.settings.public_url}/webhooks/{self.vendor}/by-hand"
        self.running.simulator.face.connect({"webhook_url": hook}, self.running.base_url)

    def forget_by_hand(self) -> None:
        """The account as it was before an admin made anything."""
        face: Any = self.face
        if self.vendor == "freshdesk":
            face.automations.rules.clear()

    def connection(self, tenant: str) -> Connection:
        return self.deps.store.tenants.connection(tenant)

    def bad(self, tenant: str, **more: bool) -> dict[str, Finding]:
        """The checks that are not good, by key."""
        found = install.diagnose(self.deps, tenant, wait_s=WAIT_S, **more)
        return {each.check: each for each in found if each.health.value == "bad"}


@contextmanager
def web(store: Store, var: Path) -> Iterator[Deps]:
    """Our web process on a free port, on this store."""
    port = free_port()
    settings = Settings.from_env({"DESKHAND_VAR": str(var), "DESKHAND_PORT": str(port)})
    deps = Deps(settings, store)
    server = make_server("127.0.0.1", port, create_app(settings, deps), threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield deps
    server.shutdown()
    server.server_close()


@contextmanager
def site(deps: Deps, vendor: str, folder: Path | None = None, *, by_hand: bool = False) -> Iterator[Site]:
    """The simulated helpdesk beside it, without rate limits; with `by_hand`, what an admin made there stays."""
    with Running(
        app_url=deps.settings.public_url, vendor=vendor, seed_folder=folder, knobs=Knobs().unlimited()
    ) as running:
        found = Site(deps, running, vendor)
        if not by_hand:
            found.forget_by_hand()
        yield found


def ours(desk: Site) -> list[str]:
    """Everything of ours that stands in the helpdesk's tables, fields left out."""
    face: Any = desk.face
    if desk.vendor == "zendesk":
        return [one.name for one in face.hooks.webhooks.values()] + [one.title for one in face.hooks.triggers.values()]
    return [str(rule.asked["name"]) for rule in face.automations.rules.values()]
