"""What somebody says of an article besides its text, and who has its open reviews from then on."""

from __future__ import annotations

from dataclasses import replace

from app.bootstrap import Deps
from app.knowledge.opening import owner_of
from app.knowledge.rules import rules_for
from app.knowledge.touching import areas_known, texts_of
from connectors.store.article_rows import HELPDESK, StoredArticle
from triage.articles import Facts


class FactsElsewhere(ValueError):
    """The article's file says its facts, and would take back what is set here."""

    def __init__(self, article: StoredArticle) -> None:
        super().__init__(f"{article.key} comes from {article.source}: change owner, areas and releases there.")


def set_facts(deps: Deps, tenant: str, article: StoredArticle, facts: Facts) -> bool:
    """Keep the facts, and give open reviews to whom the article is now; False when it is gone.

    Raises `FactsElsewhere`.
    """
    if article.source != HELPDESK:
        raise FactsElsewhere(article)
    now = deps.now()
    if not deps.store.articles.set_facts(tenant, article.id, facts, now=now):
        return False
    text = texts_of(deps, tenant, [article]).get(article.id, "")
    rules = rules_for(deps.store, tenant)
    before, after = (
        owner_of(each, areas_known(each, text), rules) for each in (article, replace(article, facts=facts))
    )
    if before != after:
        deps.store.reviews.assign(tenant, article.id, after, now=now)
    return True
