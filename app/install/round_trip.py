"""The test event: sent by the helpdesk, signed, received by our web process and found in our own inbox."""

from __future__ import annotations

import secrets
import time

from app.bootstrap import Deps
from app.install.places import is_local
from connectors.base import Connection
from connectors.errors import ConnectorError
from connectors.installing import Finding, Health, Installer

WAIT_S = 15.0
SEND_AGAIN_S = 6.0
"""Longer than the receiver remembers a secret: one that was just replaced refuses the first test event."""
LOOK_AGAIN_S = 0.05


def test_event(deps: Deps, connection: Connection, installer: Installer, *, wait_s: float) -> Finding:
    """Whether events arrive, and if not, where they end."""
    if is_local(deps.settings.public_url) and not is_local(connection.base_url):
        return _bad(
            "Out of reach",
            f"The helpdesk cannot reach {deps.settings.public_url}: that is this machine's own address.",
            "Set DESKHAND_PUBLIC_URL to an https address that the internet reaches, then connect again.",
        )
    nonce = secrets.token_hex(8)
    started = time.monotonic()
    try:
        by_helpdesk, took_s = _await(deps, connection.tenant, installer, nonce, started, wait_s)
        if took_s is not None:
            return _arrived(took_s, by_helpdesk)
        answer = installer.test_answer()
    except ConnectorError as error:
        return _bad("Not sent", f"The test event could not be sent: {error}", "Check again in a minute.")
    if answer is not None and "401" in answer:
        return _bad(
            "Signature refused",
            "The test event arrived and its signature was refused: the webhook's secret is another one.",
            "Run `deskhand doctor --repair`.",
            repairable=True,
        )
    said = f" Its address {answer}." if answer else ""
    return _bad(
        "Not reached",
        f"The test event did not come back in {wait_s:.0f} s.{said}",
        f"Check that Deskhand runs and that {deps.settings.public_url} reaches it from the internet.",
    )


def _await(
    deps: Deps, tenant: str, installer: Installer, nonce: str, started: float, wait_s: float
) -> tuple[bool, float | None]:
    """Who sent it, and the seconds until it was here; None when it never was."""
    by_helpdesk = installer.send_test(nonce)
    send_again_at = started + SEND_AGAIN_S
    while True:
        now = time.monotonic()
        if deps.store.inbox.has_event(tenant, f"test:{nonce}"):
            return by_helpdesk, now - started
        if now - started >= wait_s:
            return by_helpdesk, None
        if now >= send_again_at:
            installer.send_test(nonce)
            send_again_at = now + SEND_AGAIN_S
        time.sleep(LOOK_AGAIN_S)


def _arrived(took_s: float, by_helpdesk: bool) -> Finding:
    state = f"{took_s:.1f} s"
    if by_helpdesk:
        detail = f"Test event came back in {state}, signature right."
    else:
        detail = (
            f"Our own test event came back in {state}. This helpdesk sends none on request: "
            "its first real event is awaited."
        )
    return Finding(check="test_event", health=Health.GOOD, state=state, detail=detail)


def _bad(state: str, detail: str, fix: str, *, repairable: bool = False) -> Finding:
    return Finding(check="test_event", health=Health.BAD, state=state, detail=detail, fix=fix, repairable=repairable)
