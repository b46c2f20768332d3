"""From an address and credentials to a connected helpdesk. Every step can be repeated: what is there is kept."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.bootstrap import Deps
from app.install.nouns import MODES, Connected, ConnectFailed, ConnectRequest, Progress, Step, StepState
from app.install.places import distinct, installer, is_local, tenant_id
from app.install.round_trip import WAIT_S, test_event
from app.install.turns import alone
from connectors import registry
from connectors.base import Account, Connection, Feature
from connectors.errors import AuthFailed, ConnectorError, Forbidden, NotFound, Rejected, Unsupported
from connectors.installing import Finding, Grant, Health, Installer
from connectors.store.tenants import (
    CONNECTED,
    LIVE,
    MODE,
    PANEL_TOKEN,
    SHADOW,
    SIDEBAR_KEY,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    NewTenant,
    UnknownTenant,
    new_webhook_token,
)

EVENT_CHECKS = ("webhook", "webhook_url", "webhook_secret", "duplicates", "triggers")
ROLES = {"admin": "administrator"}


def connect(
    deps: Deps, request: ConnectRequest, *, progress: Progress = lambda step: None, wait_s: float = WAIT_S
) -> Connected:
    """Connect, or connect again: what is missing is made, what is wrong is mended, nothing is made twice.

    Raises `ConnectFailed` at a step without which the next makes no sense; other trouble is told by its step.
    """
    if request.mode is not None and request.mode not in MODES:
        raise ValueError(f"the mode is one of {', '.join(MODES)}")
    telling = _Telling(progress)
    base_url = _address(deps, request, telling)
    grant, account = _permission(deps, request, base_url, telling)
    tenant, events = _install(deps, request, base_url, grant, account, telling)
    connection = deps.store.tenants.connection(tenant)
    parts = installer(deps, connection, make_groups=request.make_groups)
    findings = {finding.check: finding for finding in parts.check()}
    telling.judge("events", [findings[check] for check in EVENT_CHECKS if check in findings], _sentence(events))
    telling.judge("fields", [findings["fields"]] if "fields" in findings else [], _count(findings.get("fields")))
    telling.judge("groups", [findings["groups"]] if "groups" in findings else [], _count(findings.get("groups")))
    findings["test_event"] = _test(deps, connection, parts, telling, wait_s)
    _sidebar(deps, connection, findings.get("sidebar"), telling)
    _mode(deps, tenant, request.mode, telling)
    return Connected(tenant=tenant, steps=telling.ended(), findings=tuple(findings.values()))


def remember(deps: Deps, vendor: str, base_url: str, *, name: str | None, usual_name: str) -> str:
    """The tenant of this address, made when it is new; it takes no part in anything before it is connected.

    One that is known keeps its name unless there is a new one.
    """
    store = deps.store
    tenant = _tenant_for(deps, vendor, base_url)
    kept: Connection | None = None
    settings: dict[str, object] = {CONNECTED: False}
    known_as = usual_name
    try:
        kept = store.tenants.connection(tenant)
        settings, known_as = dict(kept.settings), store.tenants.summary(tenant).name
    except UnknownTenant:
        pass
    token = (store.tenants.secret(tenant, WEBHOOK_TOKEN) if kept else None) or new_webhook_token()
    new = NewTenant(
        id=tenant,
        name=name or known_as,
        vendor=vendor,
        base_url=base_url,
        origin=base_url,
        account_id=kept.account_id if kept else None,
        actor_id=kept.actor_id if kept else None,
        groups=kept.groups if kept else {},
        fields=kept.fields if kept else {},
        settings=settings,
        secrets={WEBHOOK_TOKEN: token},
    )
    store.tenants.add(new, webhook_token=token, now=deps.now())
    signed = Feature.SIGNED_SIDEBAR in registry.vendor(vendor).features
    if not signed and store.tenants.secret(tenant, PANEL_TOKEN) is None:
        store.tenants.set_panel_token(tenant, random.token_urlsafe(24))
    return tenant


def app_settings(deps: Deps, tenant: str) -> dict[str, str]:
    """What an admin types into the settings of the installed app, where its pages are not signed; else empty."""
    tenants = deps.store.tenants
    names = {"panel_token": PANEL_TOKEN, "webhook_secret": WEBHOOK_SECRET, "webhook_path": WEBHOOK_TOKEN}
    found = {name: tenants.secret(tenant, secret) for name, secret in names.items()}
    return {name: value for name, value in found.items() if value} if found["panel_token"] else {}


def fetch_sidebar_key(deps: Deps, connection: Connection) -> None:
    """The key that signs this tenant's sidebar tokens, where there is one yet."""
    vendor = registry.vendor(connection.vendor)
    if Feature.SIGNED_SIDEBAR not in vendor.features:
        return
    try:
        key = vendor.fetch_sidebar_key(connection)
    except (Unsupported, NotFound, Rejected, Forbidden):
        return  # the app is not installed yet: the panel asks again when it is opened
    deps.store.tenants.set_secret(connection.tenant, SIDEBAR_KEY, key)


def _tenant_for(deps: Deps, vendor: str, base_url: str) -> str:
    """Who is or was at this address, else a new name; one that another address has keeps its secrets to itself."""
    if (known := deps.store.installations.tenant_at(vendor, base_url)) is not None:
        return known
    usual = tenant_id(vendor, base_url)
    try:
        deps.store.tenants.summary(usual)
    except UnknownTenant:
        return usual
    return distinct(usual, base_url)


@dataclass(slots=True)
class _Telling:
    """Tells each step's beginning and end, and keeps the ends."""

    progress: Progress
    steps: dict[str, Step] = field(default_factory=dict)

    def begin(self, key: str) -> None:
        self.progress(Step(key=key, state=StepState.RUNNING))

    def end(self, key: str, detail: str, *, state: StepState = StepState.DONE, fix: str = "") -> None:
        self.steps[key] = Step(key=key, state=state, detail=detail, fix=fix)
        self.progress(self.steps[key])

    def fail(self, key: str, detail: str, fix: str) -> ConnectFailed:
        self.end(key, detail, state=StepState.FAILED, fix=fix)
        return ConnectFailed(self.steps[key])

    def judge(self, key: str, findings: list[Finding], detail: str) -> None:
        """The step's end from the checks behind it: the worst one speaks."""
        worst = [each for each in findings if each.health is Health.BAD] or [
            each for each in findings if each.health is Health.WARN
        ]
        if not worst:
            self.end(key, detail)
            return
        state = StepState.FAILED if worst[0].health is Health.BAD else StepState.WARN
        self.end(key, " ".join(each.detail for each in worst), state=state, fix=worst[0].fix)

    def ended(self) -> tuple[Step, ...]:
        return tuple(self.steps.values())


def _address(deps: Deps, request: ConnectRequest, telling: _Telling) -> str:
    telling.begin("address")
    vendor = registry.vendor(request.vendor)
    try:
        return vendor.base_url(request.address, loopback=is_local(deps.settings.public_url))
    except ValueError as error:
        raise telling.fail("address", str(error), "Type the address that you open your helpdesk with.") from error


def _permission(deps: Deps, request: ConnectRequest, base_url: str, telling: _Telling) -> tuple[Grant, Account]:
    """Both steps: an address is right when the helpdesk answers there."""
    vendor = registry.vendor(request.vendor)
    host = urlsplit(base_url).netloc
    try:
        grant = vendor.grant(base_url, request.sign_in, request.secrets, now=deps.now())
        seen = Connection(
            tenant=tenant_id(request.vendor, base_url),
            vendor=request.vendor,
            base_url=base_url,
            token=grant.access_token,
            scheme=grant.scheme,
        )
        account = vendor.connect(seen, now=deps.now).account()
    except NotFound as error:
        raise telling.fail("address", f"There is no helpdesk at {host}: {error}.", "Check the address.") from error
    except (AuthFailed, Forbidden, Rejected) as error:
        telling.end("address", f"{host} answers.")
        telling.begin("permission")
        fix = f"Check what you typed, or make new credentials in {vendor.title}."
        raise telling.fail("permission", str(error), fix) from error
    except ConnectorError as error:
        fix = "Check the address, then try again in a minute."
        raise telling.fail("address", f"{host} does not answer: {error}", fix) from error
    plan = f" Plan: {account.plan}." if account.plan else ""
    telling.end("address", f"{host} answers.{plan}")
    telling.begin("permission")
    role = ROLES.get(account.actor.role or "", account.actor.role or "agent")
    scopes = f" Scopes: {', '.join(account.scopes)}." if account.scopes else ""
    telling.end("permission", f"Signed in as {account.actor.name}, {role}.{scopes}")
    return grant, account


def _install(
    deps: Deps, request: ConnectRequest, base_url: str, grant: Grant, account: Account, telling: _Telling
) -> tuple[str, tuple[str, ...]]:
    """The tenant, and what was made in its helpdesk just now."""
    telling.begin("events")
    try:
        with alone(deps, request.vendor, base_url):
            tenant = remember(deps, request.vendor, base_url, name=request.name, usual_name=account.name)
            known = {"plan": account.plan, "limits": dict(request.limits)}
            deps.store.installations.set(tenant, **{name: value for name, value in known.items() if value})
            deps.store.access.save(tenant, request.sign_in, request.secrets, grant)
            parts = installer(deps, deps.store.tenants.connection(tenant), make_groups=request.make_groups)
            installed = parts.install()
            deps.store.installations.note(tenant, installed)
    except Forbidden as error:
        fix = "Sign in as an administrator, then connect again."
        raise telling.fail("events", str(error), fix) from error
    except ConnectorError as error:
        fix = "Connect again in a minute: what is made already is kept."
        raise telling.fail("events", str(error), fix) from error
    return tenant, installed.made


def _test(deps: Deps, connection: Connection, parts: Installer, telling: _Telling, wait_s: float) -> Finding:
    telling.begin("test_event")
    finding = test_event(deps, connection, parts, wait_s=wait_s)
    telling.judge("test_event", [finding], finding.detail)
    return finding


def _sidebar(deps: Deps, connection: Connection, finding: Finding | None, telling: _Telling) -> None:
    telling.begin("sidebar")
    try:
        fetch_sidebar_key(deps, connection)
    except ConnectorError as error:
        fix = "The panel asks for it again when it is opened."
        telling.end("sidebar", f"The panel's key could not be read: {error}", state=StepState.WARN, fix=fix)
        return
    telling.judge("sidebar", [finding] if finding else [], "Installed.")


def _mode(deps: Deps, tenant: str, wanted: str | None, telling: _Telling) -> None:
    telling.begin("mode")
    mode = wanted or str(deps.store.tenants.connection(tenant).settings.get(MODE) or SHADOW)
    deps.store.tenants.set_mode(tenant, mode)
    deps.store.installations.set(tenant, **{CONNECTED: True})
    if mode == LIVE:
        telling.end("mode", "Off: Deskhand decides and writes.")
    else:
        telling.end("mode", "On: decides and logs, writes nothing. We suggest 7 days.")


def _sentence(made: tuple[str, ...]) -> str:
    return " ".join(made) or "Everything was there."


def _count(finding: Finding | None) -> str:
    return f"{finding.state} there." if finding else "Nothing to check."
