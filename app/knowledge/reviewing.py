"""Reviews that releases open, and what their owners are told.

Every step can be done twice, or be cut off: a cause opens one review of an article, ever, and what an owner is told is
planned in the transaction that notes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.bootstrap import Deps
from app.knowledge.opening import open_review_in
from app.knowledge.touching import touched
from app.sla.rules import rules_for as sla_rules_for
from connectors.encoder import Encoder
from connectors.store.outbox import SEND_MAIL
from connectors.store.releases import StoredRelease
from connectors.store.review_rows import RELEASE, StoredReview
from connectors.store.reviews import may_tell
from connectors.store.tenants import settings_in
from triage.escalation.people import Person
from triage.knowledge_rules import KnowledgeRules
from triage.reviews.affected import Release
from triage.reviews.course import Step, next_at, step_now, steps
from triage.reviews.messages import Item, mails, reachable
from triage.sla.reading import SlaRulesError

UNREACHABLE_AGAIN = timedelta(days=1)
"""When an owner is looked up again whom no mail reaches."""
MOST_TOLD = 5_000


def read_releases(
    deps: Deps, tenant: str, rules: KnowledgeRules, encoder: Callable[[], Encoder] | None
) -> dict[str, int]:
    """Hold new releases against the articles; how many reviews each opened, by version."""
    opened = {}
    for release in deps.store.releases.waiting(tenant):
        found = touched(deps, tenant, release_of(release), encoder)
        found.sort(key=lambda each: each.article.id)  # all who write take the articles in this order
        now = deps.now()
        with deps.store.database.write() as transaction:
            if not deps.store.releases.read_in(transaction, tenant, release, now=now):
                continue  # it was changed meanwhile, and is read again
            opened[release.version] = sum(
                open_review_in(
                    deps.store,
                    transaction,
                    tenant,
                    each.article,
                    each.areas,
                    rules,
                    cause=f"release:{release.id}",
                    kind=RELEASE,
                    why=each.found.why,
                    evidence={**each.found.evidence, "score": each.found.score},
                    now=now,
                    release_id=release.id,
                )
                for each in found
            )
    return opened


def release_of(release: StoredRelease) -> Release:
    return Release(
        version=release.version, title=release.title, product_areas=release.product_areas, notes=release.notes
    )


def tell_owners(deps: Deps, tenant: str, rules: KnowledgeRules) -> int:
    """Plan the mails that are due; how many. Who has no owner, or one no mail reaches, waits in the queue."""
    store, now = deps.store, deps.now()
    people = people_of(deps, tenant)
    queue_url = f"{deps.settings.public_url}/console/knowledge/{tenant}"
    planned = 0
    with store.database.write() as transaction:
        if not may_tell(settings_in(transaction, tenant)):
            return 0
        items: dict[str, list[Item]] = {}
        for each in store.reviews.to_tell_in(transaction, tenant, now, MOST_TOLD):
            course = steps(each.opened_at, each.due_at, rules)
            step = step_now(course, each.reminded, now)
            told, then = dict(each.told), next_at(course, each.reminded)
            if step is not None and each.owner is not None and reachable(each.owner, people):
                items.setdefault(each.owner, []).append(_item(each, step))
                told[each.owner] = step.number
                then = next_at(course, step.number)
            elif step is not None:
                then = now + UNREACHABLE_AGAIN
            store.reviews.told_in(transaction, tenant, each.id, told, then)
        for owner, some in items.items():
            person = reachable(owner, people)
            for each_mail in mails(owner, person, some, queue_url) if person else ():
                planned += store.outbox.add_in(
                    transaction,
                    tenant=tenant,
                    kind=SEND_MAIL,
                    ticket_ref=None,
                    cause=each_mail.cause,
                    payload=each_mail.mail.to_payload(),
                    summary=each_mail.mail.summary,
                    now=now,
                )
    return planned


def people_of(deps: Deps, tenant: str) -> Mapping[str, Person]:
    """Who can be named as an owner, by key."""
    try:
        return sla_rules_for(deps.store, tenant).escalation.people
    except SlaRulesError:
        return {}  # told of where they are used; mail addresses still work here


def _item(review: StoredReview, step: Step) -> Item:
    article = review.article.article
    return Item(
        review_id=review.id,
        step=step,
        title=article.title,
        locale=article.locale,
        why=review.why,
        due_at=review.due_at,
        edited=review.edited_at is not None,
        url=article.url,
    )
