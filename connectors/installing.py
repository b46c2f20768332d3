"""What it takes to connect a helpdesk, check the connection, mend it and take it away again: the shared nouns.

A vendor's `install.py` implements `Installer`; `app.install` runs it for the command line, the console and the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from connectors.errors import ConnectorError, Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One input of a sign-in form."""

    name: str
    label: str
    secret: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A way to give us access. `kind` names it in the store; `warning` is shown before it is chosen.

    One with `redirect` sends the admin's browser to `Vendor.authorize_url` and comes back with `code`.
    """

    kind: str
    title: str
    help: str
    asks: tuple[Ask, ...]
    warning: str = ""
    redirect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Access as the helpdesk gave it. `scheme` is how the token travels: `bearer`, or `basic` for `user:password`.

    `expires_at` is None for a token that lives until somebody revokes it.
    """

    access_token: str = field(repr=False)
    scheme: str
    issued_at: datetime
    expires_at: datetime | None = None
    refresh_token: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """A drop-down we want on the ticket form; `choices` are (value, label)."""

    title: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this install lives and what it wants in the helpdesk.

    `webhook_url` is the address of this tenant's events, `fields` our field names with what they offer, `groups` the
    group names of the taxonomy; those that are missing are made only with `make_groups`.
    """

    app_url: str
    webhook_url: str
    fields: Mapping[str, FieldPlan]
    groups: tuple[str, ...]
    make_groups: bool = False


class Health(Enum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's answer. `state` is a few words for a table, `detail` one sentence, `fix` what a person does next.

    `repairable` means that `Installer.install` mends it. Keys are those of `CHECKS`.
    """

    check: str
    health: Health
    state: str
    detail: str
    fix: str = ""
    repairable: bool = False


# Check key -> its title, in the order they are run and shown.
CHECKS = {
    "address": "Address reachable",
    "permission": "Permission valid",
    "scopes": "Rights sufficient",
    "webhook": "Webhook active",
    "webhook_url": "Webhook address right",
    "webhook_secret": "Webhook secret right",
    "duplicates": "No duplicate webhooks",
    "triggers": "Triggers enabled",
    "fields": "Fields present",
    "groups": "Groups mapped",
    "sidebar": "Sidebar installed",
    "test_event": "Test event returns",
    "gaps": "No events lost",
    "limit": "Rate limit left",
    "clock": "Clock agrees",
    "model": "Own model usable",
    "drift": "Tickets as learned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What the tenant's row must know after an installation; `webhook_secret` None keeps the stored one."""

    account_id: str | None
    actor_id: str
    groups: Mapping[str, str]
    fields: Mapping[str, str]
    settings: Mapping[str, Any]
    webhook_secret: str | None = field(default=None, repr=False)
    made: tuple[str, ...] = ()
    """What was created, changed or removed just now, in words."""


class Installer(Protocol):
    """One tenant's installation in its helpdesk. Everything here makes requests and raises connector errors."""

    def check(self) -> tuple[Finding, ...]:
        """How things stand now; changes nothing. Reports what it cannot read as a finding instead of raising."""

    def install(self) -> Installed:
        """Make, compare and mend until everything of ours is there exactly once; safe to repeat.

        Raises `Forbidden` naming the missing right, `Rejected` with the helpdesk's own words.
        """

    def send_test(self, nonce: str) -> bool:
        """Have the helpdesk send a test event that carries `nonce`.

        False where it offers no such thing: then it was sent from here, to the webhook's public address and with the
        tenant's own secret, which proves all but the helpdesk's side.
        """

    def test_answer(self) -> str | None:
        """What the webhook's address answered to the last test event, in a few words; None while nothing is known."""

    def uninstall(self) -> tuple[str, ...]:
        """Remove what `install` made and leave what the desk filled in (fields keep their values); says what went."""


NOT_CHECKED = "Not checked"
"""The state of a check that could not be run."""


def not_checked(checks: Iterable[str], why: str, *, health: Health = Health.WARN, fix: str = "") -> tuple[Finding, ...]:
    """One finding for each check that could not be run."""
    return tuple(Finding(check=check, health=health, state=NOT_CHECKED, detail=why, fix=fix) for check in checks)


def looked_at(checks: tuple[str, ...], look: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    """What `look` finds; a helpdesk that does not let it look is a finding for each of `checks`."""
    try:
        return tuple(look())
    except Forbidden as error:
        fix = "Give the user that Deskhand signs in as this right, or connect again as an administrator."
        return not_checked(checks, str(error), health=Health.BAD, fix=fix)
    except ConnectorError as error:
        return not_checked(checks, str(error), fix="Check again in a minute.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageProblem:
    """One breach of the vendor's packaging rules: where (`file`, `key`), what, and how to mend it."""

    file: str
    key: str
    message: str
    fix: str
    is_error: bool = True

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{'error' if self.is_error else 'warning'}: {place}: {self.message} {self.fix}".rstrip()
