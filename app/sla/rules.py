"""A tenant's service-level rules: its own, or else the shipped ones."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from weakref import WeakKeyDictionary

from connectors.defaults import load_sla, sla_text
from connectors.store import Store
from connectors.store.config import SLA
from triage.sla.reading import rules_from
from triage.sla.rules import SlaRules

KEPT = 200
"""Of so many tenants a process keeps the rules, with the calendars that were built for them."""

_known: WeakKeyDictionary[Store, dict[str, SlaRules]] = WeakKeyDictionary()
_lock = Lock()


def rules_for(store: Store, tenant: str) -> SlaRules:
    """What holds now; asked of the database each time, read once for each version.

    Raises `SlaRulesError` where the stored rules cannot be read, as after a downgrade.
    """
    version = store.config.current_number(tenant, SLA)
    if version is None:
        return default_rules()
    with _lock:
        rules = _known.setdefault(store, {}).get(tenant)
    if rules is not None and rules.version == str(version):
        return rules
    stored = store.config.version(tenant, SLA, version)
    if stored is None:
        return default_rules()  # its tenant was taken away between the two reads
    rules = rules_from(stored.body, version=str(version))
    with _lock:
        kept = _known.setdefault(store, {})
        kept.pop(tenant, None)
        kept[tenant] = rules
        while len(kept) > KEPT:
            del kept[next(iter(kept))]
    return rules


@lru_cache(maxsize=1)
def default_rules() -> SlaRules:
    """The rules of a fresh install. Another release may ship others, so their version says which these are."""
    return rules_from(load_sla(), version=f"shipped-{hashlib.sha256(sla_text().encode()).hexdigest()[:8]}")
