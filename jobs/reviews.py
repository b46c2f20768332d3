"""Articles that may be wrong now: releases held against them, age and agents' judgements looked at, owners told."""

from __future__ import annotations

from app.knowledge.checking import look_through
from app.knowledge.reviewing import read_releases, tell_owners
from app.knowledge.rules import rules_for
from connectors.store.inbox import InboxRow
from jobs.line import inbox_job
from jobs.runtime import Runtime
from triage.knowledge_reading import KnowledgeRulesError


@inbox_job
def reviews(run: Runtime, row: InboxRow) -> None:
    """Safe to run twice, and next to another one; what a run that died left undone is still due."""
    try:
        rules = rules_for(run.store, row.tenant)
    except KnowledgeRulesError as error:
        if run.store.inbox.parked_for(row.tenant, row.kind or "", str(error)):
            run.store.inbox.drop(row, now=run.now())
        else:
            run.store.inbox.finish(row, "parked", now=run.now(), note=str(error))
        return
    opened = read_releases(run.deps, row.tenant, rules, lambda: run.triager.encoder)
    more = look_through(run.deps, row.tenant, rules)
    mails = tell_owners(run.deps, row.tenant, rules)
    if not opened and not more and not mails:
        run.store.inbox.drop(row, now=run.now())
        return
    said = [f"release {version}: {count} to check" for version, count in opened.items()]
    said += [f"{more} more to check"] if more else []
    said += [f"{mails} {'mail' if mails == 1 else 'mails'} to owners"] if mails else []
    run.store.inbox.finish(row, "done", now=run.now(), note="; ".join(said))
