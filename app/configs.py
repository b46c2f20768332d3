"""The kinds of configuration that admins own, and what the command line and the console do with each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.knowledge.rules import areas
from connectors.defaults import knowledge_text, sla_text
from connectors.store import Store
from connectors.store.config import KNOWLEDGE, SLA, Version
from connectors.yaml_text import dump, parse
from triage import knowledge_reading
from triage.sla.reading import SlaRulesError, rules_from
from triage.sla.remarks import remarks as sla_remarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`shipped` is the default as text, with its comments. `check` takes what an admin wrote and gives its problems,
    and remarks on what can be used but is strange.
    """

    name: str
    title: str
    shipped: Callable[[], str]
    check: Callable[[Any], tuple[tuple[str, ...], tuple[str, ...]]]


def _check_sla(body: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        return (), sla_remarks(rules_from(body, version="new"))
    except SlaRulesError as error:
        return error.problems, ()


def _check_knowledge(body: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        knowledge_reading.rules_from(body, version="new", areas=areas())
    except knowledge_reading.KnowledgeRulesError as error:
        return error.problems, ()
    return (), ()


KINDS = {
    each.name: each
    for each in (
        Kind(name=SLA, title="service-level rules", shipped=sla_text, check=_check_sla),
        Kind(name=KNOWLEDGE, title="knowledge rules", shipped=knowledge_text, check=_check_knowledge),
    )
}


def live(store: Store, tenant: str, kind: Kind, version: int | None = None) -> Version | None:
    """The version that holds, or an earlier one; None where the shipped default holds."""
    return (
        store.config.current(tenant, kind.name) if version is None else store.config.version(tenant, kind.name, version)
    )


def body_of(kind: Kind, stored: Version | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parse(kind.shipped()) if stored is None else stored.body
    return found


def text_of(kind: Kind, stored: Version | None) -> str:
    """The rules as a file to change and to import again."""
    if stored is None:
        return kind.shipped()
    why = f": {stored.why}" if stored.why else ""
    about = f"Version {stored.version} of the {kind.title}, by {stored.by} on {stored.at:%Y-%m-%d %H:%M} UTC{why}"
    return f"# {' '.join(about.split())}\n{dump(dict(stored.body))}"
