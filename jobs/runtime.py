"""What a job finds when it starts: RQ passes ids only, so the process keeps the rest."""

from __future__ import annotations

import logging
import os
import socket
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from app.bootstrap import Deps, build
from app.logs import configure, tell_uncaught
from app.settings import Settings, SettingsError
from connectors.base import Helpdesk
from connectors.queue import TIMEOUT_S
from connectors.store import Store

if TYPE_CHECKING:
    from app.knowledge.suggesting import Shelves
    from jobs.triager import Triager

log = logging.getLogger("deskhand.jobs")
RUNNING_LEASE = timedelta(seconds=12)
"""How long a started row stays ours without a heartbeat: a killed worker's work starts again after this."""

MARGIN_S = 10.0
"""What a job gets beyond its own limit before its process is ended: time for Python to raise it and note it."""


def given_up_after_s(job: str) -> float:
    """Seconds after which a job that has not come back is taken for one that never will.

    Its own timer (SIGALRM) only asks Python to stop; a call into C that does not return never hears of it. So after
    this its row is no longer kept, and its process ends.
    """
    return TIMEOUT_S.get(job, max(TIMEOUT_S.values())) + MARGIN_S


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
    def shelves(self) -> Shelves:
        """The tenants' search indexes, kept open."""
        from app.knowledge.suggesting import Shelves

        return Shelves(self.deps)

    @cached_property
    def triager(self) -> Triager:
        """The encoder and the fitted classifier, loaded once for each process."""
        # Here, because a clock whose Redis is there never decides and need not import what computes.
        from jobs.triager import Triager

        settings = self.deps.settings
        return Triager.load(settings.models, settings.encoder_model, self.store)


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
    tell_uncaught()
    use(Runtime(build(settings)))
    return runtime()
