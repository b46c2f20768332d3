"""A tenant's service-level rules: its own, or else the shipped ones."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from app.kept_rules import KeptRules
from connectors.defaults import load_sla, sla_text
from connectors.store import Store
from connectors.store.config import SLA
from triage.sla.reading import rules_from
from triage.sla.rules import SlaRules


def rules_for(store: Store, tenant: str) -> SlaRules:
    """What holds now; read once for each version.

    Raises `SlaRulesError` where the stored rules cannot be read, as after a downgrade.
    """
    return _kept.of(store, tenant)


@lru_cache(maxsize=1)
def default_rules() -> SlaRules:
    """The rules of a fresh install. Another release may ship others, so their version says which these are."""
    return rules_from(load_sla(), version=f"shipped-{hashlib.sha256(sla_text().encode()).hexdigest()[:8]}")


_kept = KeptRules(SLA, default_rules, lambda body, version: rules_from(body, version=version))
