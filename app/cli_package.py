"""`deskhand package`: the helpdesk's app for this install as a zip, checked against the vendor's rules before it is
written; or the check alone, of a zip or folder that is already there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from app.bootstrap import Deps, build
from app.install.places import package_place
from app.settings import Settings
from connectors import registry
from connectors.installing import PackageProblem
from connectors.packaging import PackagingError, errors_first, opened, zipped
from connectors.store.tenants import UnknownTenant


@click.command()
@click.argument("vendor", type=click.Choice(sorted(registry.VENDORS)))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The zip to write.")
@click.option("--tenant", default=None, help="For this connected helpdesk: without fields, which are there.")
@click.option(
    "--check", "existing", type=click.Path(exists=True, path_type=Path), help="Only check this zip or folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def package(vendor: str, out: Path | None, tenant: str | None, existing: Path | None, as_json: bool) -> None:
    """Make the app that an admin uploads to the helpdesk, at the address of this install.

    Nothing is written while the package breaks a rule of the vendor's. Exit status 1 means that it does.
    """
    if (out is None) == (existing is None):
        raise click.UsageError("Use --out FILE to make a package, or --check FILE to check one.")
    if existing is not None and tenant is not None:
        raise click.UsageError("--tenant is for making a package: leave it out with --check.")
    try:
        if existing is not None:
            found = opened(existing)
            problems = errors_first([*found.problems, *registry.vendor(vendor).check_package(found.files)])
            _report(problems, vendor=vendor, files=found.files, as_json=as_json)
        elif out is not None:
            _make(vendor, out, tenant, as_json=as_json)
    except PackagingError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"{out}: cannot be written ({error.strerror}).", err=True)
        sys.exit(1)


def _make(vendor: str, out: Path, tenant: str | None, *, as_json: bool) -> None:
    deps = build(Settings.from_env(os.environ))
    connector = registry.vendor(vendor)
    files = connector.package(package_place(deps, vendor, _checked(deps, vendor, tenant)))
    problems = connector.check_package(files)
    advice = _advice(deps.settings.public_url)
    if any(problem.is_error for problem in problems):
        _report(problems, vendor=vendor, files=files, as_json=as_json, closing=["Nothing was written.", *advice])
    content = zipped(files)
    partial = out.with_name(out.name + ".part")
    partial.write_bytes(content)
    partial.replace(out)
    closing = [f"Wrote {out}: {len(files)} files, {len(content) / 1000:.0f} kB, for {deps.settings.public_url}."]
    closing += [f"{number}. {step}" for number, step in enumerate(connector.upload_steps, start=1)]
    _report(problems, vendor=vendor, files=files, as_json=as_json, closing=closing, out=out)


def _checked(deps: Deps, vendor: str, tenant: str | None) -> str | None:
    """The tenant, if there is one of this vendor; a package can be made before anything is connected."""
    if tenant is None:
        return None
    try:
        summary = deps.store.tenants.summary(tenant)
    except UnknownTenant:
        raise click.UsageError(f"No helpdesk is connected as {tenant}.") from None
    if summary.vendor != vendor:
        raise click.UsageError(f"{tenant} is a {summary.vendor} account, not {vendor}.")
    return tenant


def _advice(public_url: str) -> list[str]:
    return [
        f"The package points to {public_url}. Agents' browsers and the helpdesk must reach that address: set "
        "DESKHAND_PUBLIC_URL to one that begins with https:// and has no port."
    ]


def _report(
    problems: Sequence[PackageProblem], *, vendor: str, files: Mapping[str, bytes], as_json: bool,
    closing: Sequence[str] = (), out: Path | None = None,
) -> None:  # fmt: skip
    """Print and leave: status 1 with errors, else 0."""
    errors = sum(problem.is_error for problem in problems)
    warnings = len(problems) - errors
    if as_json:
        body = {
            "vendor": vendor,
            "out": None if out is None else str(out),
            "files": sorted(files),
            "errors": errors,
            "warnings": warnings,
            "problems": [_as_json(problem) for problem in problems],
            "next": list(closing),
        }
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        counted = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
        for line in (*map(str, problems), counted, *closing):
            click.echo(line)
    sys.exit(1 if errors else 0)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _as_json(problem: PackageProblem) -> dict[str, Any]:
    return {
        "level": "error" if problem.is_error else "warning",
        "file": problem.file,
        "key": problem.key,
        "message": problem.message,
        "fix": problem.fix,
    }
