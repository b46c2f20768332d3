"""Knowledge rules for tests, changed as each one needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from triage.knowledge_rules import KnowledgeRules
from triage.search.query import Synonyms

RULES = KnowledgeRules(
    version="1",
    owners={},
    owner=None,
    review_within=timedelta(days=10),
    remind_before=timedelta(days=2),
    remind_every=timedelta(days=7),
    reminders=3,
    check_every=timedelta(days=365),
    shown_from=0.15,
    gap_under=0.15,
    synonyms=Synonyms(),
)


def rules(**changes: object) -> KnowledgeRules:
    return replace(RULES, **changes)  # type: ignore[arg-type]
