"""How a connection stands now: the checks of the mock's table, the same for the command line, console and clock."""

from __future__ import annotations

import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from app.bootstrap import Deps
from app.install.places import LONGEST_WAIT_S, helpdesk, installer, patient
from app.install.round_trip import WAIT_S, test_event
from connectors.base import Account, Connection
from connectors.errors import AuthFailed, ConnectorError, RateLimited
from connectors.installing import CHECKS, Finding, Health, not_checked
from connectors.limits import Gate
from connectors.store.tenants import CONNECTED, UnknownTenant

SKEW_WARN_S, SKEW_BAD_S = 5.0, 60.0
"""A signature from more than a minute ahead of us is refused."""
IN_WORKER_WAIT_S = 3.0
WHEN_ASKED = ("test_event",)
PARTS = ("scopes", "webhook", "webhook_url", "webhook_secret", "duplicates", "triggers", "fields", "groups", "sidebar")
NOTED = ("gaps", "model", "drift")
"""Noted by other work of ours: reconciliation knows of events that never came, the nightly lesson of models."""


def diagnose(
    deps: Deps, tenant: str, *, with_test_event: bool = False, wait_s: float = WAIT_S, in_worker: bool = False
) -> tuple[Finding, ...]:
    """Every check in the order of `CHECKS`; a helpdesk that is down or refuses us is a finding, never an error.

    Raises only `UnknownTenant`, and with `in_worker` also `OverBudget`: others wait for that worker, so it is given
    back instead of waiting long for our share of the helpdesk's limit.
    """
    connection = deps.store.tenants.connection(tenant)
    if not connection.settings.get(CONNECTED, True):
        raise UnknownTenant(f"{tenant} is not connected. Run `deskhand connect {connection.vendor}`.")
    # First, because the checks themselves use some of it.
    limit = list(_limit(deps, tenant))
    gate = patient(deps, connection, IN_WORKER_WAIT_S if in_worker else LONGEST_WAIT_S)
    found = list(_reached(deps, connection, gate))
    if any(each.check == "permission" and each.health is Health.GOOD for each in found):
        found += _installed(deps, connection, gate, {each.check for each in found}, with_test_event, wait_s)
    if in_worker and gate.gave_up:
        raise gate.gave_up
    found += [*limit, *_noted(deps, tenant)]
    return _in_order(found, with_test_event)


def _installed(
    deps: Deps, connection: Connection, gate: Gate, known: set[str], with_test_event: bool, wait_s: float
) -> Iterable[Finding]:
    """The parts in the helpdesk, without what is `known` already."""
    try:
        parts = installer(deps, connection, gate=gate)
    except UnknownTenant as error:
        yield from not_checked([check for check in PARTS if check not in known], str(error))
        return
    yield from (each for each in parts.check() if each.check not in known)
    if with_test_event:
        yield test_event(deps, connection, parts, wait_s=wait_s)


def _reached(deps: Deps, connection: Connection, gate: Gate) -> Iterable[Finding]:
    """Address, permission and clock: one request tells all three."""
    host = urlsplit(connection.base_url).netloc
    started = time.monotonic()
    try:
        account = helpdesk(deps, connection, gate=gate).account()
    except AuthFailed as error:
        yield _good("address", _ms(started))
        yield Finding(
            check="permission",
            health=Health.BAD,
            state="Refused",
            detail=str(error),
            fix="Run `deskhand doctor --repair`; if that does not help, connect again with new credentials.",
            repairable=True,
        )
        return
    except RateLimited as error:
        fix = "Nothing is lost: events wait here. Check again in a minute."
        yield Finding(check="address", health=Health.WARN, state="Asks to wait", detail=str(error), fix=fix)
        return
    except ConnectorError as error:
        fix = "Nothing is lost: events wait here. Check the helpdesk's status page, then again in a minute."
        yield Finding(
            check="address", health=Health.BAD, state="No answer", detail=f"{host} does not answer: {error}", fix=fix
        )
        return
    yield _good("address", _ms(started))
    yield Finding(check="permission", health=Health.GOOD, state="Yes", detail=f"Signed in as {account.actor.name}.")
    yield from _clock(deps, account)


def _clock(deps: Deps, account: Account) -> Iterable[Finding]:
    if account.server_at is None:
        return
    off_s = abs((deps.now() - account.server_at).total_seconds())
    # The helpdesk states whole seconds: up to one is no difference.
    off_s = max(0.0, off_s - 1)
    health = Health.GOOD if off_s <= SKEW_WARN_S else Health.WARN if off_s <= SKEW_BAD_S else Health.BAD
    detail = (
        "" if health is Health.GOOD else "This machine's clock and the helpdesk's differ: signed events are refused."
    )
    fix = "" if health is Health.GOOD else "Let this machine set its clock by network time (NTP)."
    yield Finding(check="clock", health=health, state=f"{off_s:.0f} s off", detail=detail, fix=fix)


def _limit(deps: Deps, tenant: str) -> Iterable[Finding]:
    """How many requests we may send at once, of the family that is nearest to its end."""
    left = deps.store.budgets.left(tenant, deps.now())
    if not left:
        return
    family = min(left, key=lambda name: left[name][0] / left[name][1])
    tokens, per_minute = left[family]
    state = f"{tokens:.0f} now, {per_minute:.0f} a minute"
    if tokens >= 1:
        yield _good("limit", state)
        return
    detail = f"Our share of the helpdesk's limit ({family}) is used up for the moment: reads and writes wait."
    yield Finding(check="limit", health=Health.WARN, state=state, detail=detail, fix="Wait a minute.")


def _noted(deps: Deps, tenant: str) -> Iterable[Finding]:
    return [each.finding for each in deps.store.findings.all(tenant) if each.finding.check in NOTED]


def _in_order(found: list[Finding], with_test_event: bool) -> tuple[Finding, ...]:
    """One finding for each check: what could not be looked at says so."""
    by_check = {each.check: each for each in reversed(found)}
    broken = next((each for each in found if each.check in ("address", "permission") and each.fix), None)
    why = f"Waits for “{CHECKS[broken.check]}”." if broken else "This helpdesk does not tell."
    silent = (*NOTED, "limit", "clock", *(() if with_test_event else WHEN_ASKED))
    missing = [check for check in CHECKS if check not in by_check and check not in silent]
    by_check |= {each.check: each for each in not_checked(missing, why)}
    return tuple(by_check[check] for check in CHECKS if check in by_check)


def _good(check: str, state: str) -> Finding:
    return Finding(check=check, health=Health.GOOD, state=state, detail="")


def _ms(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"
