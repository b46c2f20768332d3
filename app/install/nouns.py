"""What is asked for, the steps as they are told, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from connectors.installing import Finding
from connectors.store.tenants import LIVE, SHADOW

MODES = (SHADOW, LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    """One helpdesk to connect. `sign_in` is a `SignIn.kind` of the vendor, `secrets` what that asks for.

    `mode` is where it ends: in `shadow` decisions are logged and nothing is written. Connected again without one, a
    helpdesk keeps the mode it has.
    """

    vendor: str
    address: str
    sign_in: str
    secrets: Mapping[str, str] = field(repr=False)
    name: str | None = None
    make_groups: bool = False
    mode: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    """Requests a minute by endpoint family, where somebody knows better than the plan and the answers."""


class StepState(Enum):
    RUNNING = "running"
    DONE = "done"
    WARN = "warn"
    """Done as far as we can; `fix` says what a person adds."""
    FAILED = "failed"


# Key -> title, in the order they are taken and shown.
STEPS = {
    "address": "Helpdesk address",
    "permission": "Permission",
    "events": "Events",
    "fields": "Fields",
    "groups": "Groups",
    "test_event": "Test event",
    "sidebar": "Sidebar",
    "mode": "Shadow mode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Told twice: when it begins, and with what came of it. `detail` is what happened, `fix` what to do next."""

    key: str
    state: StepState
    detail: str = ""
    fix: str = ""

    @property
    def title(self) -> str:
        return STEPS[self.key]


Progress = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connected helpdesk: its tenant, how each step ended, and the checks that led to it."""

    tenant: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]


class ConnectFailed(Exception):
    """A step failed and the rest was not tried. Connecting again goes on from there: nothing is made twice."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"{step.title}: {step.detail} {step.fix}".rstrip())
        self.step = step
