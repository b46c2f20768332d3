"""What the Connect pages show and do, as data, and the Protocol behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from app.admin.tones import Tone
from app.install.nouns import ConnectRequest, Progress
from connectors.installing import PackageProblem, SignIn


class Mark(Enum):
    """How far a step is; `word` is what a screen reader adds to its title."""

    DONE = "ok"
    LOOK = "look"
    NEEDS_YOU = "ko"
    NOT_YET = "next"

    @property
    def word(self) -> str:
        return {"ok": "done", "look": "have a look", "ko": "needs you", "next": "not yet"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A link or a button: `page` is an endpoint, `values` what its address or form takes beside the tenant."""

    label: str
    page: str
    values: tuple[tuple[str, str], ...] = ()
    posts: bool = True
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way out of a trouble: a sentence, a button, or both."""

    text: str
    action: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step of a connected helpdesk. `facts` say what is wrong, `ways` how to mend it; `howto` explains the last.

    `notes` are plain sentences before the `choice` that a person makes here.
    """

    title: str
    mark: Mark
    detail: str
    action: Action | None = None
    facts: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    howto: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    choice: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the table of checks: shaped for the state word."""

    title: str
    tone: Tone
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A helpdesk product that can be connected, and what that takes."""

    name: str
    title: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A connected helpdesk in one line."""

    id: str
    name: str
    title: str
    address: str
    bad: int
    shadow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDesk:
    """The helpdesk that the page is about. `checked_at` is None before the first check."""

    desk: Desk
    vendor: str
    steps: tuple[StepRow, ...]
    checks: tuple[Check, ...]
    checked_at: datetime | None

    @property
    def done(self) -> int:
        return sum(step.mark is Mark.DONE for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPage:
    """`open` is None while no helpdesk is connected; `others` are the rest of them."""

    vendors: tuple[Vendor, ...]
    open: OpenDesk | None = None
    others: tuple[Desk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form for one product. `typed` holds what may be shown again, by input name: never a secret.

    `errors` are by input name too; the one under "" is about the whole form.
    """

    vendor: str
    title: str
    ways: tuple[SignIn, ...]
    redirect_uri: str
    groups: tuple[str, ...]
    chosen: str
    address: str = ""
    make_groups: bool = False
    again: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPackage:
    """The app's zip, or what is wrong with it: then `content` is None."""

    name: str
    content: bytes | None
    problems: tuple[PackageProblem, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What disconnecting takes away and leaves, in sentences."""

    desk: Desk
    vendor: str
    removed: tuple[str, ...]
    stays: tuple[str, ...]


class ConnectDeps(Protocol):
    """What the Connect pages need. A tenant or product that is not there raises a LookupError."""

    def connect_page(self, tenant: str | None) -> ConnectPage:
        """The page about `tenant`, or about the helpdesk that needs somebody most."""

    def connect_form(self, vendor: str, tenant: str | None) -> Form:
        """The empty form; with `tenant`, to sign in again."""

    def address_problem(self, vendor: str, address: str) -> str:
        """What is wrong with an address that was typed; empty when it may be tried."""

    def connect(self, request: ConnectRequest, progress: Progress) -> str:
        """Connect and check; the tenant. Raises `ConnectFailed`."""

    def begin_sign_in(self, request: ConnectRequest, browser: str) -> str:
        """Where the admin's browser goes to allow access."""

    def finish_sign_in(self, state: str, code: str, browser: str, progress: Progress) -> str:
        """Connect with what the browser brought back; the tenant. Raises `ConnectFailed`."""

    def test_event(self, tenant: str, progress: Progress) -> str:
        """Check with a test event; the tenant."""

    def check(self, tenant: str) -> None:
        """Check now and keep what is found."""

    def mend(self, tenant: str, *, make_groups: bool) -> tuple[str, ...]:
        """Mend what needs no person and check again; what was done. Raises the helpdesk's error."""

    def switch_mode(self, tenant: str, mode: str) -> None:
        """Shadow or live; raises ValueError for anything else."""

    def app_values(self, tenant: str) -> Mapping[str, str]:
        """What the installed app's settings ask for, by name."""

    def app_package(self, tenant: str) -> AppPackage:
        """The app for this install."""

    def leaving(self, tenant: str) -> Leaving:
        """What disconnecting would do."""

    def disconnect(self, tenant: str) -> tuple[str, ...]:
        """Take everything away again; what went and what stays. Raises the helpdesk's error when it is silent."""
