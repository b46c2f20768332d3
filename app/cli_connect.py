"""`deskhand connect`, `doctor` and `mode`: from nothing to shadow mode, and what to do when something broke."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from app import install
from app.bootstrap import Deps
from app.cli_start import one, start
from app.install import Connected, ConnectFailed, ConnectRequest, Step, StepState
from connectors import registry
from connectors.errors import ConnectorError
from connectors.installing import CHECKS, Finding, Health, SignIn
from connectors.store.tenants import LIVE, TenantSummary, UnknownTenant

MARKS = {StepState.DONE: "✓", StepState.WARN: "◆", StepState.FAILED: "✗"}
COLOURS = {Health.GOOD: "green", Health.WARN: "yellow", Health.BAD: "red"}
SIGNS = {Health.GOOD: "●", Health.WARN: "◆", Health.BAD: "■"}


@click.command()
@click.argument("vendor", type=click.Choice(sorted(registry.VENDORS)))
@click.option("--address", default=None, help="Subdomain or address of the helpdesk.")
@click.option("--sign-in", "kind", default=None, help="How Deskhand signs in; without it the first way is taken.")
@click.option(
    "--secret",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="An input of the sign-in. Other users of this machine can see it while this runs: better let it ask.",
)
@click.option(
    "--secrets-from",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A file of NAME=VALUE lines.",
)
@click.option("--name", default=None, help="What the console calls this helpdesk.")
@click.option("--make-groups", is_flag=True, help="Make the groups that are missing in the helpdesk.")
@click.option("--live", is_flag=True, help="Write from the start, instead of shadow mode.")
@click.option("--app-settings", is_flag=True, help="Only show what the installed app's settings need.")
@click.option("--uninstall", is_flag=True, help="Remove what was made in the helpdesk and forget its secrets.")
@click.option("--tenant", default=None, help="Which one, when several are connected.")
@click.option("--yes", is_flag=True, help="With --uninstall: do not ask.")
@click.option("--json", "as_json", is_flag=True)
def connect(
    vendor: str, address: str | None, kind: str | None, given: tuple[str, ...], secrets_from: Path | None,
    name: str | None, make_groups: bool, live: bool, app_settings: bool, uninstall: bool, tenant: str | None,
    yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Connect a helpdesk, or connect it again: what is missing is made, what is wrong is mended.

    It starts in shadow mode: Deskhand decides and logs, and writes nothing.
    """
    deps = start()
    if uninstall or app_settings:
        chosen = one(deps, tenant, vendor, begun=uninstall)
        _uninstall(deps, chosen, yes=yes) if uninstall else _show_app_settings(deps, chosen)
        return
    title = registry.vendor(vendor).title
    address = address or click.prompt(f"Address of {title} (such as acme, or its full address)", err=True)
    way = _sign_in(vendor, kind)
    request = ConnectRequest(
        vendor=vendor,
        address=address,
        sign_in=way.kind,
        secrets=_secrets(way, given, secrets_from),
        name=name,
        make_groups=make_groups,
        mode=LIVE if live else None,
    )
    try:
        connected = install.connect(deps, request, progress=_tell)
    except ConnectFailed as failed:
        if as_json:
            click.echo(json.dumps({"failed": failed.step.key, "detail": failed.step.detail, "fix": failed.step.fix}))
        click.echo("Stopped here. Connect again when this is mended: nothing is made twice.", err=True)
        sys.exit(1)
    click.echo(json.dumps(_connected(connected)) if as_json else _goodbye(deps, connected))
    sys.exit(1 if any(step.state is StepState.FAILED for step in connected.steps) else 0)


@click.command()
@click.option("--tenant", default=None, help="Only this one; without it, every connected helpdesk.")
@click.option("--repair", is_flag=True, help="Mend what can be mended without a person.")
@click.option("--test-event", is_flag=True, help="Also send a test event and wait for it.")
@click.option("--json", "as_json", is_flag=True)
def doctor(tenant: str | None, repair: bool, test_event: bool, as_json: bool) -> None:
    """Check every connection: what is wrong, and what to do about it."""
    deps = start()
    chosen = [one(deps, tenant)] if tenant else deps.store.tenants.all()
    if not chosen and not as_json:
        click.echo(f"No helpdesk is connected. Begin with: deskhand connect {'|'.join(sorted(registry.VENDORS))}")
    reports = {}
    for summary in chosen:
        reports[summary.id] = _examine(deps, summary, repair=repair, test_event=test_event, quiet=as_json)
    if as_json:
        click.echo(json.dumps({name: [_plain(each) for each in findings] for name, findings in reports.items()}))
    bad = any(each.health is Health.BAD for findings in reports.values() for each in findings)
    sys.exit(1 if bad else 0)


@click.command()
@click.argument("tenant")
@click.argument("mode", type=click.Choice(install.MODES))
def mode(tenant: str, mode: str) -> None:
    """In shadow, Deskhand decides and logs; live, it writes too."""
    deps = start()
    chosen = one(deps, tenant)
    install.set_mode(deps, chosen.id, mode)
    click.echo(
        f"{chosen.name}: {'decides and writes' if mode == LIVE else 'decides and logs, writes nothing'} from now on."
    )


def _examine(deps: Deps, summary: TenantSummary, *, repair: bool, test_event: bool, quiet: bool) -> tuple[Finding, ...]:
    """Check, mend when asked, and check again; the last findings are kept for the console."""
    findings = install.diagnose(deps, summary.id, with_test_event=test_event)
    if repair and any(each.repairable for each in findings):
        try:
            done: Sequence[str] = install.repair(deps, summary.id)
        except (ConnectorError, UnknownTenant) as error:
            done = [f"Could not be mended: {error}"]
        if not quiet:
            for line in done:
                click.echo(f"  {line}")
        findings = install.diagnose(deps, summary.id, with_test_event=test_event)
    deps.store.findings.save(summary.id, findings, deps.now())
    if not quiet:
        _table(summary, findings)
    return findings


def _table(summary: TenantSummary, findings: Sequence[Finding]) -> None:
    click.echo(f"{summary.name} ({summary.id})")
    width = max(len(title) for title in CHECKS.values())
    for each in findings:
        sign = click.style(SIGNS[each.health], fg=COLOURS[each.health])
        click.echo(f"  {CHECKS[each.check]:<{width}}  {sign} {each.state}")
        if each.health is not Health.GOOD:
            click.echo(f"  {'':<{width}}    {each.detail}{' ' + each.fix if each.fix else ''}")


def _tell(step: Step) -> None:
    """One line when a step begins on a terminal, one when it ends."""
    if step.state is StepState.RUNNING:
        return
    click.echo(f"  {MARKS[step.state]} {step.title:<18} {step.detail}", err=True)
    if step.fix:
        click.echo(f"  {'':<20} {step.fix}", err=True)


def _goodbye(deps: Deps, connected: Connected) -> str:
    lines = [f"Connected as {connected.tenant}. The console is at {deps.settings.public_url}/console."]
    vendor = deps.store.tenants.summary(connected.tenant).vendor
    if install.app_settings(deps, connected.tenant):
        lines.append(f"For the app's settings: deskhand connect {vendor} --app-settings --tenant {connected.tenant}")
    return "\n".join(lines)


def _sign_in(vendor: str, kind: str | None) -> SignIn:
    """The way asked for; without one, the first that needs no browser."""
    ways = registry.vendor(vendor).sign_ins
    if kind is None:
        chosen = next((way for way in ways if not way.redirect), ways[0])
    else:
        found = next((way for way in ways if way.kind == kind), None)
        if found is None:
            known = ", ".join(way.kind for way in ways)
            raise click.BadParameter(f"there is no {kind!r}; use one of: {known}.", param_hint="--sign-in")
        chosen = found
    if chosen.redirect:
        raise click.UsageError(f"{chosen.title} goes through your browser: connect in the console instead.")
    click.echo(f"{chosen.title}. {chosen.help}", err=True)
    if chosen.warning:
        click.echo(chosen.warning, err=True)
    return chosen


def _secrets(way: SignIn, given: Sequence[str], file: Path | None) -> Mapping[str, str]:
    """What the sign-in asks for, from the file, the command line, or asked for with hidden input."""
    lines = [*_lines(file), *given]
    found = {}
    for line in lines:
        name, separator, value = line.partition("=")
        if not separator or name.strip() not in {ask.name for ask in way.asks}:
            known = ", ".join(ask.name for ask in way.asks)
            # The line itself may be a secret: it is not repeated.
            raise click.BadParameter(f"write NAME=VALUE, with a NAME of: {known}.", param_hint="--secret")
        found[name.strip()] = value.strip()
    for ask in way.asks:
        if ask.name not in found:
            if ask.help:
                click.echo(ask.help, err=True)
            found[ask.name] = str(click.prompt(ask.label, hide_input=ask.secret, err=True)).strip()
    return found


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter("this file cannot be read as text.", param_hint="--secrets-from") from None
    return [line for line in lines if line and not line.startswith("#")]


def _uninstall(deps: Deps, summary: TenantSummary, *, yes: bool) -> None:
    if not yes:
        click.confirm(f"Remove Deskhand from {summary.name} ({summary.base_url})?", abort=True, err=True)
    for line in install.uninstall(deps, summary.id):
        click.echo(line)


def _show_app_settings(deps: Deps, summary: TenantSummary) -> None:
    settings = install.app_settings(deps, summary.id)
    if not settings:
        click.echo("This helpdesk signs the panel's pages: its app has no settings to fill in.")
    for name, value in settings.items():
        click.echo(f"{name}  {value}")


def _connected(connected: Connected) -> dict[str, object]:
    steps = [
        {"step": each.key, "state": each.state.value, "detail": each.detail, "fix": each.fix}
        for each in connected.steps
    ]
    return {"tenant": connected.tenant, "steps": steps, "checks": [_plain(each) for each in connected.findings]}


def _plain(finding: Finding) -> dict[str, object]:
    return {**dataclasses.asdict(finding), "health": finding.health.value}
