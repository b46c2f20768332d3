"""A tenant's knowledge rules: its own, or else the shipped ones."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from app.kept_rules import KeptRules
from connectors.defaults import knowledge_text, load_knowledge, load_taxonomy
from connectors.store import Store
from connectors.store.config import KNOWLEDGE
from triage.knowledge_reading import rules_from
from triage.knowledge_rules import KnowledgeRules


def rules_for(store: Store, tenant: str) -> KnowledgeRules:
    """What holds now; read once for each version.

    Raises `KnowledgeRulesError` where the stored rules cannot be read, as after a downgrade.
    """
    return _kept.of(store, tenant)


@lru_cache(maxsize=1)
def default_rules() -> KnowledgeRules:
    """The rules of a fresh install. Another release may ship others, so their version says which these are."""
    version = f"shipped-{hashlib.sha256(knowledge_text().encode()).hexdigest()[:8]}"
    return rules_from(load_knowledge(), version=version, areas=areas())


@lru_cache(maxsize=1)
def areas() -> tuple[str, ...]:
    """The keys of the product areas that an article can be about."""
    return tuple(area.key for area in load_taxonomy().product_areas)


_kept = KeptRules(KNOWLEDGE, default_rules, lambda body, version: rules_from(body, version=version, areas=areas()))
