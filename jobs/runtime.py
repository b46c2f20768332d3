"""What a job finds when it starts: RQ passes ids only, so the process keeps the rest."""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import uuid4

from app.bootstrap import Deps, build
from app.settings import Settings
from connectors.base import Helpdesk
from connectors.store import Store
from jobs.triager import Triager

log = logging.getLogger("deskhand.jobs")
RUNNING_LEASE = timedelta(seconds=12)
"""How long a started row stays ours without a heartbeat: a killed worker's work starts again after this."""


@dataclass
class Runtime:
    """One process's dependencies and its name on leases."""

    deps: Deps
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}")

    @property
    def store(self) -> Store:
        return self.deps.store

    def now(self) -> datetime:
        return self.deps.now()

    def helpdesk(self, tenant: str) -> Helpdesk:
        return self.deps.helpdesk(tenant)

    @cached_property
    def triager(self) -> Triager:
        """The encoder and the fitted classifier, loaded once for each process."""
        settings = self.deps.settings
        return Triager.load(settings.models, settings.encoder_model)


_runtime: Runtime | None = None


def runtime() -> Runtime:
    """This process's runtime, built from the environment at first use."""
    global _runtime
    if _runtime is None:
        _runtime = Runtime(build(Settings.from_env(os.environ)))
    return _runtime


def use(chosen: Runtime) -> None:
    """Run jobs of this process with `chosen`, as tests and the clock do."""
    global _runtime
    _runtime = chosen
