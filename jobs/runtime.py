"""What a job finds when it starts: RQ passes ids only, so the process keeps the rest."""

from __future__ import annotations

import logging
import os
import socket
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import uuid4

from app.bootstrap import Deps, build
from app.logs import configure
from app.settings import Settings, SettingsError
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

    def helpdesk(self, tenant: str, *, urgent: bool = False) -> Helpdesk:
        return self.deps.helpdesk(tenant, urgent=urgent)

    @cached_property
    def triager(self) -> Triager:
        """The encoder and the fitted classifier, loaded once for each process."""
        settings = self.deps.settings
        return Triager.load(settings.models, settings.encoder_model)


_runtime: Runtime | None = None


def runtime() -> Runtime:
    """This process's runtime; `begin` or `use` came first."""
    if _runtime is None:
        raise RuntimeError("no runtime: call jobs.runtime.begin() at the start of the process")
    return _runtime


def use(chosen: Runtime) -> None:
    """Run jobs of this process with `chosen`, as tests and the clock do."""
    global _runtime
    _runtime = chosen


def begin() -> Runtime:
    """The start of a process: settings, logs, runtime. Bad settings end it with every problem on stderr."""
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    configure(settings.log_level)
    use(Runtime(build(settings)))
    return runtime()
