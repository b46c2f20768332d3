"""`deskhand kb review` and `kb set`: which articles may be wrong now, what somebody says of them, whose they are."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, NoReturn

import click

from app.bootstrap import Deps
from app.cli_start import AS_JSON, ON_TENANT, one, start, user
from connectors.store.article_rows import StoredArticle
from connectors.store.review_rows import KINDS, Outcome, StoredReview
from triage.articles import Facts

ON_LOCALE = click.option("--locale", default=None, help="One language only.")
ON_BY = click.option("--by", default=None, help="Who says so; without it your name on this machine.")


@click.group()
def review() -> None:
    """Articles that may be wrong now, by release, flag, age or agents' judgement."""


@review.command("list")
@click.option("--area", default=None, help="Of this product area only.")
@click.option("--reason", type=click.Choice(KINDS), default=None, help="Opened by this only.")
@click.option("--owner", default=None, help="Of this owner only; an empty one finds those without.")
@ON_TENANT
@AS_JSON
def list_reviews(area: str | None, reason: str | None, owner: str | None, tenant: str | None, as_json: bool) -> None:
    """The review queue, the longest due first."""
    from app.knowledge.reviewing import people_of
    from app.knowledge.touching import areas_known, texts_of
    from triage.reviews.messages import reachable

    deps = start()
    chosen, now = one(deps, tenant).id, deps.now()
    found = [each for each in deps.store.reviews.open(chosen, kind=reason) if owner in (None, each.owner or "")]
    texts = texts_of(deps, chosen, list({each.article.id: each.article for each in found}.values()))
    areas = {each.id: areas_known(each.article, texts.get(each.article.id, "")) for each in found}
    found = [each for each in found if area is None or area in areas[each.id]]
    if as_json:
        click.echo(json.dumps([_json(each, areas[each.id], now) for each in found]))
        return
    people = people_of(deps, chosen)
    for each in found:
        whose = each.owner or "no owner"
        whose += "" if not each.owner or reachable(each.owner, people) else ", whom no mail reaches"
        late = ", overdue" if each.due_at <= now else ""
        edited = ", edited since" if each.edited_at else ""
        click.echo(f"{each.article.key:<16} {each.article.article.locale:<6} {each.article.article.title}")
        click.echo(f"  {each.why}")
        click.echo(f"  {', '.join(areas[each.id]) or 'no area'}; {whose}; due {each.due_at:%Y-%m-%d}{late}{edited}")
    articles = len({each.article.id for each in found})
    click.echo(f"{len(found):,} to check, of {articles:,} articles.", err=True)


@review.command("right")
@click.argument("ref")
@ON_LOCALE
@ON_BY
@ON_TENANT
@AS_JSON
def still_right(ref: str, locale: str | None, by: str | None, tenant: str | None, as_json: bool) -> None:
    """Somebody read the article REF and it is right: its reviews are closed, and it counts as verified."""
    _close(ref, Outcome.STILL_RIGHT, locale=locale, by=by, tenant=tenant, as_json=as_json)


@review.command("outdated")
@click.argument("ref")
@ON_LOCALE
@ON_BY
@ON_TENANT
@AS_JSON
def outdated(ref: str, locale: str | None, by: str | None, tenant: str | None, as_json: bool) -> None:
    """The article REF is wrong: its reviews are closed, and no customer is offered it any more."""
    _close(ref, Outcome.OUTDATED, locale=locale, by=by, tenant=tenant, as_json=as_json)


@review.command("assign")
@click.argument("ref")
@click.argument("owner")
@ON_LOCALE
@ON_TENANT
@AS_JSON
def assign(ref: str, owner: str, locale: str | None, tenant: str | None, as_json: bool) -> None:
    """Give the open reviews of the article REF to OWNER: a person of the service-level rules, or a mail address."""
    deps = start()
    chosen = one(deps, tenant).id
    found = _articles(deps, chosen, ref, locale, as_json=as_json)
    _warn(deps, chosen, owner)
    moved = sum(deps.store.reviews.assign(chosen, each.id, owner.strip() or None, now=deps.now()) for each in found)
    click.echo(json.dumps({"moved": moved}) if as_json else f"{moved} to check went to {owner}.")


@click.command("set")
@click.argument("ref")
@click.option("--owner", default=None, help="Who keeps it right: a person's key, or a mail address. Empty: nobody.")
@click.option("--area", "areas", multiple=True, help="A product area it is about; may be repeated. Empty: none.")
@click.option("--role", "roles", multiple=True, help="For whom it is written; may be repeated. Empty: everybody.")
@click.option("--from", "applies_from", default=None, help="The first release it holds for. Empty: the first of all.")
@click.option("--to", "applies_to", default=None, help="The last release it holds for. Empty: the newest.")
@ON_LOCALE
@ON_TENANT
@AS_JSON
def set_facts(
    ref: str,
    owner: str | None,
    areas: tuple[str, ...],
    roles: tuple[str, ...],
    applies_from: str | None,
    applies_to: str | None,
    locale: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Say whose the article REF is, what it is about and for which releases it holds. What is not named stays."""
    from app.knowledge import owning
    from app.knowledge.rules import areas as known_areas

    if unknown := [area for area in areas if area and area not in known_areas()]:
        raise click.BadParameter(
            f"there is no {unknown[0]}; there are: {', '.join(known_areas())}.", param_hint="--area"
        )
    deps = start()
    chosen = one(deps, tenant).id
    found = _articles(deps, chosen, ref, locale, as_json=as_json)
    if owner:
        _warn(deps, chosen, owner)
    for each in found:
        facts = Facts(
            owner=_said(owner, each.facts.owner, 200),
            product_areas=tuple(filter(None, areas)) if areas else each.facts.product_areas,
            roles=tuple(filter(None, (role.strip() for role in roles))) if roles else each.facts.roles,
            applies_from=_said(applies_from, each.facts.applies_from, 60),
            applies_to=_said(applies_to, each.facts.applies_to, 60),
        )
        try:
            owning.set_facts(deps, chosen, each, facts)
        except owning.FactsElsewhere as error:
            _problem(str(error), as_json=as_json)
    click.echo(json.dumps({"set": len(found)}) if as_json else f"Set, in {len(found)} languages.")


def _close(
    ref: str, outcome: Outcome, *, locale: str | None, by: str | None, tenant: str | None, as_json: bool
) -> None:
    deps = start()
    chosen = one(deps, tenant).id
    who = by or f"{user()} on the command line"
    closed = 0
    for each in _articles(deps, chosen, ref, locale, as_json=as_json):
        closed += deps.store.reviews.close_all(chosen, each.id, outcome, by=who, now=deps.now()) or 0
    says = "still right" if outcome is Outcome.STILL_RIGHT else "outdated"
    click.echo(json.dumps({"closed": closed}) if as_json else f"{ref} is {says}. Closed: {closed}.")


def _articles(deps: Deps, tenant: str, ref: str, locale: str | None, *, as_json: bool) -> list[StoredArticle]:
    languages = deps.store.articles.languages(tenant, ref)
    found = [each for each in languages if not each.deleted_at and locale in (None, each.article.locale)]
    if not found:
        _problem(f"There is no article {ref}. `deskhand kb list` names those there are.", as_json=as_json)
    return found


def _warn(deps: Deps, tenant: str, owner: str) -> None:
    from app.knowledge.reviewing import people_of
    from triage.reviews.messages import reachable

    if owner.strip() and not reachable(owner.strip(), people_of(deps, tenant)):
        click.echo(
            f"No mail reaches {owner}: it is no person of the service-level rules with a mail address.", err=True
        )


def _said(given: str | None, before: str | None, longest: int) -> str | None:
    """What somebody said; an empty text takes it away."""
    return before if given is None else given.strip()[:longest] or None


def _json(each: StoredReview, areas: tuple[str, ...], now: datetime) -> dict[str, Any]:
    return {
        "id": each.id,
        "article": each.article.key,
        "locale": each.article.article.locale,
        "title": each.article.article.title,
        "reason": each.kind,
        "why": each.why,
        "evidence": dict(each.evidence),
        "release": each.release,
        "areas": list(areas),
        "areas_guessed": not each.article.facts.product_areas,
        "owner": each.owner,
        "opened_at": each.opened_at.isoformat(),
        "due_at": each.due_at.isoformat(),
        "overdue": each.due_at <= now,
        "edited_at": each.edited_at.isoformat() if each.edited_at else None,
        "told": each.reminded,
    }


def _problem(message: str, *, as_json: bool) -> NoReturn:
    click.echo(json.dumps({"problem": message}) if as_json else message, err=not as_json)
    sys.exit(1)
