"""An in-memory `ConnectDeps`: two products, one connected helpdesk with a deleted field, one beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app import console_steps
from app.admin.connect_model import AppPackage, ConnectPage, Desk, Form, Leaving, OpenDesk, Vendor
from app.install.nouns import STEPS, ConnectFailed, ConnectRequest, Progress, Step, StepState
from connectors.errors import ConnectorError
from connectors.installing import CHECKS, Ask, Finding, Health, PackageProblem, SignIn
from connectors.store.tenants import UnknownTenant

CHECKED = datetime(2026, 11, 17, 13, 21, 6, tzinfo=UTC)
TENANT, OTHER = "tidedesk-fieldline", "pinedesk-fieldline-eu"
SIGN_INS = (
    SignIn(
        kind="client",
        title="Client credentials",
        help="Make a confidential client as an administrator and enter its identifier and secret.",
        asks=(
            Ask(name="client_id", label="Identifier", help="As it stands in the list of clients."),
            Ask(name="client_secret", label="Secret", secret=True, help="Shown once, when the client is saved."),
        ),
    ),
    SignIn(
        kind="browser",
        title="Sign in with your browser",
        help="The helpdesk asks you to allow access.",
        asks=(Ask(name="client_id", label="Identifier"),),
        redirect=True,
    ),
    SignIn(
        kind="token",
        title="API token",
        help="An administrator's e-mail and a token.",
        asks=(Ask(name="token", label="API token", secret=True),),
        warning="Tokens are switched off next year.",
    ),
)
STATES = {
    "address": "210 ms",
    "permission": "Yes",
    "scopes": "read, write",
    "webhook": "Yes",
    "webhook_url": "Yes",
    "webhook_secret": "Yes",
    "duplicates": "None",
    "triggers": "2 of 2",
    "fields": "2 of 2",
    "groups": "11 of 11",
    "sidebar": "Yes",
    "test_event": "0.8 s",
    "gaps": "None lost",
    "limit": "28 now, 700 a minute",
    "clock": "0 s off",
    "model": "In use",
    "drift": "Unchanged",
}
DETAILS = {
    "permission": "Signed in as Ana Lind.",
    "test_event": "Test event came back in 0.8 s, signature right.",
}
DELETED = Finding(
    check="fields",
    health=Health.BAD,
    state="1 of 2",
    detail="“Product area” is missing.",
    fix="Run `deskhand doctor --repair`: same names, same choices.",
    repairable=True,
)
NO_APP = Finding(
    check="sidebar",
    health=Health.WARN,
    state="Not installed",
    detail="Agents do not see the panel yet. Triage works without it.",
    fix="Upload Deskhand's app package, then check again.",
)


def good() -> dict[str, Finding]:
    return {
        check: Finding(check=check, health=Health.GOOD, state=STATES[check], detail=DETAILS.get(check, ""))
        for check in CHECKS
    }


class FakeConnect:
    """`findings` and `shadow` make the page; `asked_to` remembers what was pressed; `told` is what connecting tells."""

    def __init__(self) -> None:
        self.done: list[tuple[str, list[str]]] = []
        self.connected = False
        self.findings = good()
        self.shadow = True
        self.refusal = ""
        self.requests: list[ConnectRequest] = []
        self.told: Sequence[Step] = [
            Step(key=key, state=StepState.DONE, detail=f"{STEPS[key]}: all right.") for key in STEPS
        ]
        self.fails_at: Step | None = None
        self.silent: ConnectorError | None = None
        self.package = AppPackage(name="deskhand.zip", content=b"PK\x05\x06" + bytes(18))

    @property
    def bad_checks(self) -> int:
        return console_steps.broken(list(self.findings.values()), self.refusal) if self.connected else 0

    def desk(self) -> Desk:
        return Desk(
            id=TENANT,
            name="Fieldline",
            title="Tidedesk",
            address="fieldline.tidedesk.example",
            bad=self.bad_checks,
            shadow=self.shadow,
        )

    def connect_page(self, tenant: str | None) -> ConnectPage:
        vendors = (
            Vendor(name="tidedesk", title="Tidedesk", needs=("To be an administrator.", "An identifier and a secret.")),
            Vendor(name="pinedesk", title="Pinedesk", needs=("An API key.",)),
        )
        if not self.connected and tenant is None:
            return ConnectPage(vendors=vendors)
        self._there(tenant or TENANT)
        known = console_steps.Known(
            title="Tidedesk",
            vendor="tidedesk",
            host="fieldline.tidedesk.example",
            plan="Suite Professional",
            broken=self.refusal,
            shadow=self.shadow,
            decided={"triaged": 212, "sent_to_human": 34},
            upload=("Open the apps page.", "Upload the file."),
            has_app_values=True,
        )
        found = list(self.findings.values())
        page = OpenDesk(
            desk=self.desk(),
            vendor="tidedesk",
            steps=console_steps.steps(found, known),
            checks=console_steps.checks(found),
            checked_at=CHECKED,
        )
        other = Desk(id=OTHER, name="Fieldline EU", title="Pinedesk", address="eu.example", bad=0, shadow=False)
        return ConnectPage(vendors=vendors, open=page, others=(other,))

    def connect_form(self, vendor: str, tenant: str | None) -> Form:
        if vendor not in ("tidedesk", "pinedesk"):
            raise UnknownTenant(vendor)
        form = Form(
            vendor=vendor,
            title=vendor.title(),
            ways=SIGN_INS,
            redirect_uri="https://deskhand.example/console/connect/back",
            groups=("Billing", "Front desk", "Integrations"),
            chosen="client",
        )
        return replace(form, address="https://fieldline.tidedesk.example", again=True) if tenant else form

    def address_problem(self, vendor: str, address: str) -> str:
        return "" if address.isidentifier() or "." in address else "This is not an address."

    def connect(self, request: ConnectRequest, progress: Progress) -> str:
        self.requests.append(request)
        return self._tell(progress)

    def begin_sign_in(self, request: ConnectRequest, browser: str) -> str:
        self.requests.append(request)
        return "https://fieldline.tidedesk.example/authorize?state=signed&scope=a"

    def finish_sign_in(self, state: str, code: str, browser: str, progress: Progress) -> str:
        self.done.append(("finish", [state, code]))
        return self._tell(progress)

    def test_event(self, tenant: str, progress: Progress) -> str:
        self.done.append(("test", [tenant]))
        progress(Step(key="test_event", state=StepState.RUNNING))
        progress(Step(key="test_event", state=StepState.DONE, detail="Came back in 0.8 s."))
        return tenant

    def check(self, tenant: str) -> None:
        self._press("check", tenant)

    def mend(self, tenant: str, *, make_groups: bool) -> tuple[str, ...]:
        self._press("mend", tenant, str(make_groups))
        self.findings = good()
        return ("Made the ticket field “Product area” with 5 choices.",)

    def switch_mode(self, tenant: str, mode: str) -> None:
        if mode not in ("shadow", "live"):
            raise ValueError(mode)
        self._press("mode", tenant, mode)
        self.shadow = mode == "shadow"

    def app_values(self, tenant: str) -> Mapping[str, str]:
        self._there(tenant)
        return {"panel_token": "panel-canary", "webhook_secret": "hook-canary", "webhook_path": "path-canary"}

    def app_package(self, tenant: str) -> AppPackage:
        self._there(tenant)
        return self.package

    def leaving(self, tenant: str) -> Leaving:
        self._there(tenant)
        return Leaving(desk=self.desk(), vendor="tidedesk", removed=("The webhook.",), stays=("The ticket fields.",))

    def disconnect(self, tenant: str) -> tuple[str, ...]:
        self._press("disconnect", tenant)
        self.connected = False
        return ("Removed the webhook “Deskhand”.",)

    def refuse_package(self) -> None:
        problem = PackageProblem(file="manifest.json", key="location", message="It has a port.", fix="Leave it out.")
        self.package = AppPackage(
            name="deskhand.zip", content=None, problems=(problem,), advice="The address is local."
        )

    def _tell(self, progress: Progress) -> str:
        for step in self.told:
            progress(Step(key=step.key, state=StepState.RUNNING))
            if self.fails_at and step.key == self.fails_at.key:
                progress(self.fails_at)
                raise ConnectFailed(self.fails_at)
            progress(step)
        self.connected = True
        return TENANT

    def _press(self, what: str, tenant: str, *more: str) -> None:
        self._there(tenant)
        if self.silent:
            raise self.silent
        self.done.append((what, [tenant, *more]))

    def _there(self, tenant: str) -> None:
        if not self.connected or tenant not in (TENANT, OTHER):
            raise UnknownTenant(tenant)
