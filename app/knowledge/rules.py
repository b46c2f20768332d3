"""A tenant's knowledge rules: its own, or else the shipped ones."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from weakref import WeakKeyDictionary

from connectors.defaults import knowledge_text, load_knowledge, load_taxonomy
from connectors.store import Store
from connectors.store.config import KNOWLEDGE
from triage.knowledge_reading import rules_from
from triage.knowledge_rules import KnowledgeRules

KEPT = 200
"""Of so many tenants a process keeps the rules."""

_known: WeakKeyDictionary[Store, dict[str, KnowledgeRules]] = WeakKeyDictionary()
_lock = Lock()


def rules_for(store: Store, tenant: str) -> KnowledgeRules:
    """What holds now; asked of the database each time, read once for each version.

    Raises `KnowledgeRulesError` where the stored rules cannot be read, as after a downgrade.
    """
    version = store.config.current_number(tenant, KNOWLEDGE)
    if version is None:
        return default_rules()
    with _lock:
        rules = _known.setdefault(store, {}).get(tenant)
    if rules is not None and rules.version == str(version):
        return rules
    stored = store.config.version(tenant, KNOWLEDGE, version)
    if stored is None:
        return default_rules()  # its tenant was taken away between the two reads
    rules = rules_from(stored.body, version=str(version), areas=areas())
    with _lock:
        kept = _known.setdefault(store, {})
        kept.pop(tenant, None)
        kept[tenant] = rules
        while len(kept) > KEPT:
            del kept[next(iter(kept))]
    return rules


@lru_cache(maxsize=1)
def default_rules() -> KnowledgeRules:
    """The rules of a fresh install. Another release may ship others, so their version says which these are."""
    version = f"shipped-{hashlib.sha256(knowledge_text().encode()).hexdigest()[:8]}"
    return rules_from(load_knowledge(), version=version, areas=areas())


@lru_cache(maxsize=1)
def areas() -> tuple[str, ...]:
    """The keys of the product areas that an article can be about."""
    return tuple(area.key for area in load_taxonomy().product_areas)
