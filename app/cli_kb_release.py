"""`deskhand kb release`: releases of your own product, which open reviews of the articles they may have made wrong."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import IO

import click

from app.cli_start import AS_JSON, ON_TENANT, one, start
from connectors.store.releases import CLI, LONGEST_NOTES, LONGEST_VERSION
from connectors.store.review_rows import Tally
from connectors.store.tenants import RELEASE_SECRETS

WHERE = {
    "github": "Settings, Webhooks, Add webhook: content type application/json, only the event Releases",
    "gitlab": "Settings, Webhooks, Add new webhook: only Releases events",
}


@click.group()
def release() -> None:
    """Releases of your own product: what they may have made wrong is due for a review."""


@release.command("add")
@click.argument("version")
@click.option("--notes", type=click.File(encoding="utf-8-sig"), required=True, help="A file; - for standard input.")
@click.option("--title", default="")
@click.option("--area", "areas", multiple=True, help="A product area it is about; may be repeated.")
@click.option("--url", default=None, help="Where the notes can be read.")
@click.option("--released-at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), default=None, help="UTC.")
@ON_TENANT
@AS_JSON
def add_release(
    version: str,
    notes: IO[str],
    title: str,
    areas: tuple[str, ...],
    url: str | None,
    released_at: datetime | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Keep the release VERSION. Its reviews are opened within seconds while Deskhand runs.

    The same version again brings it up to date, and only other notes are held against the articles again.
    """
    from app.knowledge.rules import areas as known_areas

    if unknown := [area for area in areas if area not in known_areas()]:
        raise click.BadParameter(
            f"there is no {unknown[0]}; there are: {', '.join(known_areas())}.", param_hint="--area"
        )
    name = " ".join(version.split())
    if not 1 <= len(name) <= LONGEST_VERSION:
        raise click.BadParameter(f"use 1 to {LONGEST_VERSION} characters.", param_hint="VERSION")
    try:
        written = notes.read(LONGEST_NOTES + 1).replace("\0", " ")
    except UnicodeDecodeError as error:
        raise click.BadParameter("the notes are not text in UTF-8.", param_hint="--notes") from error
    if len(written) > LONGEST_NOTES:
        raise click.BadParameter(f"the notes are longer than {LONGEST_NOTES:,} letters.", param_hint="--notes")
    deps = start()
    kept = deps.store.releases.add(
        one(deps, tenant).id,
        name,
        notes=written,
        source=CLI,
        title=" ".join(title.split()),
        product_areas=areas,
        url=url,
        released_at=released_at.replace(tzinfo=UTC) if released_at else None,
        now=deps.now(),
    )
    if as_json:
        click.echo(json.dumps({"id": kept.id, "version": kept.version, "waits": kept.read_at is None}))
        return
    waits = "it is held against the articles within seconds" if kept.read_at is None else "its notes did not change"
    click.echo(f"Release {kept.version} is kept: {waits}.")


@release.command("list")
@ON_TENANT
@AS_JSON
def list_releases(tenant: str | None, as_json: bool) -> None:
    """Every release, the newest first, with the reviews it opened."""
    deps = start()
    chosen = one(deps, tenant).id
    found, tallies = deps.store.releases.all(chosen), deps.store.reviews.tallies(chosen)
    if as_json:
        told = [
            {
                "id": each.id,
                "version": each.version,
                "title": each.title,
                "areas": list(each.product_areas),
                "source": each.source,
                "url": each.url,
                "released_at": each.released_at.isoformat(),
                "read_at": each.read_at.isoformat() if each.read_at else None,
                "reviews": tallies.get(each.id, Tally()).opened,
                "open": tallies.get(each.id, Tally()).open,
            }
            for each in found
        ]
        click.echo(json.dumps(told))
        return
    for each in found:
        tally = tallies.get(each.id, Tally())
        what = f"{tally.opened} to check, {tally.open} still open" if each.read_at else "not read yet"
        click.echo(f"{each.version:<16} {each.released_at:%Y-%m-%d}  {each.source:<8} {what}  {each.title}".rstrip())
    if not found:
        click.echo("There are no releases. docs/releases.md says how to send them.", err=True)


@release.command("webhook")
@click.argument("source", type=click.Choice(list(RELEASE_SECRETS)))
@click.option("--new", is_flag=True, help="Make another secret: the one before is no longer taken.")
@click.option("--remove", is_flag=True, help="Forget the secret: nothing is taken from there any more.")
@ON_TENANT
def webhook(source: str, new: bool, remove: bool, tenant: str | None) -> None:
    """Where your code host posts published releases, and the secret for it, which is shown this once."""
    from app.sla.links import release_hook

    if new and remove:
        raise click.UsageError("Use one of --new and --remove.")
    deps = start()
    chosen, name = one(deps, tenant).id, RELEASE_SECRETS[source]
    is_set = bool(deps.store.tenants.secret(chosen, name))
    if remove:
        deps.store.installations.forget(chosen, (name,))
        click.echo(f"{source} is removed." if is_set else f"{source} was not set.")
        return
    click.echo(f"Address  {release_hook(deps, chosen, source)}")
    if is_set and not new:
        click.echo("The secret is set, and not shown again. Make another with --new.")
        return
    secret = secrets.token_urlsafe(32)
    deps.store.tenants.set_secret(chosen, name, secret)
    click.echo(f"Secret   {secret}")
    click.echo(f"Keep the secret now: it is not shown again. {WHERE[source]}.", err=True)
