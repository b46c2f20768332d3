"""What the Connect pages need, from the store and `app.install`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from app import console_steps, install
from app.admin.connect_model import AppPackage, ConnectPage, Desk, Form, Leaving, OpenDesk, Vendor
from app.bootstrap import Deps
from app.install import ConnectRequest, Step, StepState
from app.install.nouns import Progress
from app.install.places import is_local, package_place, place
from connectors import registry
from connectors.installing import Health
from connectors.packaging import PackagingError, zipped
from connectors.store.tenants import TenantSummary, UnknownTenant, is_shadow

ENDS = {Health.GOOD: StepState.DONE, Health.WARN: StepState.WARN, Health.BAD: StepState.FAILED}


class ConnectService:
    """Implements `app.admin.connect_model.ConnectDeps`."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.store = deps.store

    def connect_page(self, tenant: str | None) -> ConnectPage:
        vendors = tuple(_vendor(name) for name in sorted(registry.VENDORS))
        desks = self.desks()
        if tenant is None and not desks:
            return ConnectPage(vendors=vendors)
        chosen = tenant or max(desks, key=lambda desk: desk.bad).id
        others = tuple(desk for desk in desks if desk.id != chosen)
        return ConnectPage(vendors=vendors, open=self._open(self.connected(chosen)), others=others)

    def connect_form(self, vendor: str, tenant: str | None) -> Form:
        connector = registry.vendor(vendor)
        form = Form(
            vendor=vendor,
            title=connector.title,
            ways=connector.sign_ins,
            redirect_uri=f"{self.deps.settings.public_url}{install.REDIRECT_PATH}",
            groups=place(self.deps, vendor, "").groups,
            chosen=connector.sign_ins[0].kind,
        )
        if tenant is None:
            return form
        summary = self.connected(tenant)
        if summary.vendor != vendor:
            raise UnknownTenant(tenant)
        status = self.store.access.status(tenant)
        known = {way.kind for way in connector.sign_ins}
        kind = status.kind if status and status.kind in known else form.chosen
        return replace(form, address=summary.base_url, chosen=kind, again=True)

    def address_problem(self, vendor: str, address: str) -> str:
        try:
            self._base_url(vendor, address)
        except ValueError as error:
            return str(error)
        return ""

    def connect(self, request: ConnectRequest, progress: Progress) -> str:
        named = replace(request, name=self._name(request))
        return self._kept(install.connect(self.deps, named, progress=progress))

    def begin_sign_in(self, request: ConnectRequest, browser: str) -> str:
        url, _ = install.begin(self.deps, replace(request, name=self._name(request)), browser=browser)
        return url

    def finish_sign_in(self, state: str, code: str, browser: str, progress: Progress) -> str:
        return self._kept(install.finish(self.deps, state, code, browser=browser, progress=progress))

    def test_event(self, tenant: str, progress: Progress) -> str:
        self.connected(tenant)
        progress(Step(key="test_event", state=StepState.RUNNING))
        findings = install.diagnose(self.deps, tenant, with_test_event=True)
        self.store.findings.save(tenant, findings, self.deps.now())
        came = next(each for each in findings if each.check == "test_event")
        progress(Step(key="test_event", state=ENDS[came.health], detail=came.detail, fix=came.fix))
        return tenant

    def check(self, tenant: str) -> None:
        self.connected(tenant)
        self.store.findings.save(tenant, install.diagnose(self.deps, tenant), self.deps.now())

    def mend(self, tenant: str, *, make_groups: bool) -> tuple[str, ...]:
        self.connected(tenant)
        done = install.repair(self.deps, tenant, make_groups=make_groups)
        # A test event that failed is sent again: nothing else would tell whether it arrives now.
        bad = {each.finding.check for each in self.store.findings.all(tenant) if each.finding.health is Health.BAD}
        findings = install.diagnose(self.deps, tenant, with_test_event="test_event" in bad)
        self.store.findings.save(tenant, findings, self.deps.now())
        return done

    def switch_mode(self, tenant: str, mode: str) -> None:
        self.connected(tenant)
        install.set_mode(self.deps, tenant, mode)

    def app_values(self, tenant: str) -> Mapping[str, str]:
        self.connected(tenant)
        return install.app_settings(self.deps, tenant)

    def app_package(self, tenant: str) -> AppPackage:
        summary = self.connected(tenant)
        vendor = registry.vendor(summary.vendor)
        url = self.deps.settings.public_url
        name = f"deskhand-{tenant}.zip"
        try:
            files = vendor.package(package_place(self.deps, summary.vendor, tenant))
        except PackagingError as error:
            return AppPackage(name=name, content=None, advice=str(error))
        problems = vendor.check_package(files)
        if not any(problem.is_error for problem in problems):
            return AppPackage(name=name, content=zipped(files), problems=problems)
        advice = (
            f"The app points to {url}. Agents' browsers and the helpdesk must reach that address: set "
            "DESKHAND_PUBLIC_URL to one that begins with https:// and has no port, then start Deskhand again."
        )
        return AppPackage(name=name, content=None, problems=problems, advice=advice)

    def leaving(self, tenant: str) -> Leaving:
        summary = self.connected(tenant)
        title = registry.vendor(summary.vendor).title
        return Leaving(
            desk=self.desk(summary),
            vendor=summary.vendor,
            removed=(
                f"In {title}: what sends us events, that is every webhook, trigger or rule that Deskhand made.",
                "Here: the credentials, the secrets and the address of the events. Nobody can use them any more.",
                "Here: work that waits. It is set aside and not sent.",
            ),
            stays=(
                f"In {title}: every ticket as it is, the ticket fields with what your desk filled in, and the groups.",
                f"In {title}: the app, if you installed it. Remove it there.",
                "Here: what was decided and delivered. Connect the same address again and it goes on from there.",
            ),
        )

    def disconnect(self, tenant: str) -> tuple[str, ...]:
        self.connected(tenant)
        return install.uninstall(self.deps, tenant)

    def connected(self, tenant: str) -> TenantSummary:
        """Raises `UnknownTenant` for one that is not connected (any more) as well."""
        found = next((each for each in self.store.tenants.all() if each.id == tenant), None)
        if found is None:
            raise UnknownTenant(tenant)
        return found

    def desks(self) -> list[Desk]:
        return [self.desk(summary) for summary in self.store.tenants.all()]

    def desk(self, summary: TenantSummary) -> Desk:
        findings = self.store.findings.all(summary.id)
        return Desk(
            id=summary.id,
            name=summary.name,
            title=registry.vendor(summary.vendor).title,
            address=urlsplit(summary.base_url).netloc,
            bad=console_steps.broken([each.finding for each in findings], self.refusal(summary.id)),
            shadow=is_shadow(summary.settings),
        )

    def refusal(self, tenant: str) -> str:
        """Why only a person can sign in again; empty while the access works."""
        status = self.store.access.status(tenant)
        if status is None or status.broken_at is None:
            return ""
        return status.broken_reason or "The helpdesk refuses our access."

    def _open(self, summary: TenantSummary) -> OpenDesk:
        stored = self.store.findings.all(summary.id)
        findings = [each.finding for each in stored]
        desk = self.desk(summary)
        known = console_steps.Known(
            title=desk.title,
            vendor=summary.vendor,
            host=desk.address,
            plan=str(summary.settings.get("plan") or ""),
            broken=self.refusal(summary.id),
            shadow=desk.shadow,
            decided=self.store.decisions.shadow_outcomes(summary.id),
            upload=_upload(summary.vendor),
            has_app_values=bool(install.app_settings(self.deps, summary.id)),
        )
        return OpenDesk(
            desk=desk,
            vendor=summary.vendor,
            steps=console_steps.steps(findings, known),
            checks=console_steps.checks(findings),
            checked_at=max((each.checked_at for each in stored), default=None),
        )

    def _kept(self, connected: install.Connected) -> str:
        """Keep what connecting found, then look at the rest: address, clock and limit."""
        self.store.findings.save(connected.tenant, connected.findings, self.deps.now())
        self.check(connected.tenant)
        return connected.tenant

    def _base_url(self, vendor: str, address: str) -> str:
        return registry.vendor(vendor).base_url(address, loopback=is_local(self.deps.settings.public_url))

    def _name(self, request: ConnectRequest) -> str | None:
        """Connected again, a helpdesk keeps the name it has."""
        try:
            base_url = self._base_url(request.vendor, request.address)
            tenant = self.store.installations.tenant_at(request.vendor, base_url)
            return request.name or (self.connected(tenant).name if tenant else None)
        except (ValueError, UnknownTenant):
            return request.name


def _vendor(name: str) -> Vendor:
    """What it takes, from the ways to sign in."""
    vendor = registry.vendor(name)
    first, *others = vendor.sign_ins
    needs = [
        f"An administrator of {vendor.title}.",
        f"The address of your {vendor.title}.",
        f"{first.title}. {first.help}",
    ]
    if others:
        needs.append(f"Other ways to sign in: {', '.join(way.title for way in others)}.")
    return Vendor(name=name, title=vendor.title, needs=tuple(needs))


def _upload(vendor: str) -> Sequence[str]:
    """How the app gets into the helpdesk, in the vendor's own words for its pages."""
    steps: tuple[str, ...] = registry.vendor(vendor).upload_steps
    return steps
