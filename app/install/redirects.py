"""Signing in through the admin's browser: there with a signed state, back with a code.

The state holds no secret: what was typed is sealed with the tenant, which takes no part in anything until `finish`.
"""

from __future__ import annotations

import hashlib
import secrets as random
from datetime import timedelta

from itsdangerous import BadSignature as BadToken
from itsdangerous import URLSafeTimedSerializer

from app.bootstrap import Deps
from app.install.connecting import connect, remember
from app.install.nouns import Connected, ConnectFailed, ConnectRequest, Progress, Step, StepState
from app.install.places import is_local
from connectors import registry

REDIRECT_PATH = "/console/connect/back"
STATE_LIVES = timedelta(minutes=15)
PENDING = "pending_sign_in:"


def begin(deps: Deps, request: ConnectRequest, *, browser: str) -> tuple[str, str]:
    """(Where to send the browser, the state that it brings back). `browser` is what only that browser's session knows.

    Raises ValueError for a wrong address, `Unsupported` where a vendor has no such sign-in.
    """
    vendor = registry.vendor(request.vendor)
    base_url = vendor.base_url(request.address, loopback=is_local(deps.settings.public_url))
    # A new name waits in the state: nothing of a connected helpdesk changes before the admin has allowed it.
    tenant = remember(deps, request.vendor, base_url, name=None, usual_name=base_url.partition("://")[2])
    for name, value in request.secrets.items():
        deps.store.tenants.set_secret(tenant, f"{PENDING}{name}", value)
    state = _signer(deps).dumps(
        {
            "tenant": tenant,
            "names": sorted(request.secrets),
            "sign_in": request.sign_in,
            "name": request.name,
            "make_groups": request.make_groups,
            "mode": request.mode,
            "browser": _digest(browser),
            "nonce": random.token_hex(8),
        }
    )
    url = vendor.authorize_url(
        base_url, client_id=request.secrets.get("client_id", ""), redirect_uri=redirect_uri(deps), state=state
    )
    return url, state


def finish(deps: Deps, state: str, code: str, *, browser: str, progress: Progress = lambda step: None) -> Connected:
    """Connect with the code that the browser brought back; raises `ConnectFailed`, for a strange state too."""
    try:
        held = _signer(deps).loads(state, max_age=int(STATE_LIVES.total_seconds()))
    except BadToken as error:
        raise _refused("The sign-in took too long or was not begun here.") from error
    if not random.compare_digest(held["browser"], _digest(browser)):
        raise _refused("The sign-in was begun in another browser.")
    tenant = held["tenant"]
    # Used once: the state is bound to a fresh nonce that the tenant remembers from here on.
    now = deps.now()
    if not deps.store.tenants.use_token(tenant, f"state:{held['nonce']}", expires_at=now + STATE_LIVES, now=now):
        raise _refused("This sign-in was finished before.")
    summary = deps.store.tenants.summary(tenant)
    typed = {name: deps.store.tenants.secret(tenant, f"{PENDING}{name}") or "" for name in held["names"]}
    deps.store.installations.forget(tenant, [f"{PENDING}{name}" for name in held["names"]])
    request = ConnectRequest(
        vendor=summary.vendor,
        address=summary.base_url,
        sign_in=held["sign_in"],
        secrets={**typed, "code": code, "redirect_uri": redirect_uri(deps)},
        name=held["name"],
        make_groups=held["make_groups"],
        mode=held["mode"],
    )
    return connect(deps, request, progress=progress)


def redirect_uri(deps: Deps) -> str:
    """What the admin enters as redirect address in the helpdesk."""
    return f"{deps.settings.public_url}{REDIRECT_PATH}"


def _signer(deps: Deps) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(deps.store.vault.derive("sign-in-state"), salt="sign-in")


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def _refused(detail: str) -> ConnectFailed:
    step = Step(key="permission", state=StepState.FAILED, detail=detail, fix="Sign in again from the Connect page.")
    return ConnectFailed(step)
