"""Labels of a target: what the helpdesk holds, what the taxonomy calls it, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.bootstrap import Deps
from app.learning.history import CATEGORY, GROUP, PRIORITY, PRODUCT_AREA, group_names
from connectors.errors import ConnectorError
from connectors.registry import vendor
from connectors.store.examples import Example
from triage.taxonomy import Taxonomy
from triage.training import Labelled


def labelled(deps: Deps, tenant: str, target: str, examples: Sequence[Example]) -> list[Labelled]:
    names = _group_names(deps, tenant) if target == GROUP else {}
    return [
        Labelled(ref=each.ref, text=each.text, label=names.get(label, label), at=each.created_at)
        for each in examples
        if (label := each.label(target)) is not None
    ]


def keys_of(target: str, taxonomy: Taxonomy) -> dict[str, str]:
    """The labels that the taxonomy has for this target, by key, with their names."""
    if target == CATEGORY:
        return {each.key: each.name for each in taxonomy.categories}
    return {each.key: each.name for each in taxonomy.product_areas} if target == PRODUCT_AREA else {}


def label_texts(target: str, labels: Sequence[str], taxonomy: Taxonomy) -> dict[str, str]:
    """What a label means, in words; nothing for priorities, whose names say nothing."""
    if target == PRIORITY:
        return {}
    known = dict(taxonomy.label_texts) if target == CATEGORY else {}
    if target == PRODUCT_AREA:
        known = {each.key: f"{each.name}\n{each.description}" for each in taxonomy.product_areas}
    return {label: known.get(label, label.replace("_", " ").replace("::", " ")) for label in labels}


def origin(deps: Deps, tenant: str, target: str, examples: Sequence[Example]) -> list[str]:
    """Whose labels these are, as far as we know."""
    told = []
    if corrected := sum(target in each.corrected for each in examples):
        told.append(f"{_tickets(corrected)} with the category that an agent gave instead of ours.")
    if target == CATEGORY:
        ours = deps.store.examples.ours(tenant, [each.ref for each in examples])
        mine = [each for each in examples if each.ref in ours and each.label(target) == ours[each.ref].category]
        kept = sum(target not in each.corrected for each in mine)
        if kept:
            told.append(
                f"{_tickets(kept)} with the category that Deskhand wrote and nobody changed: no proof it is right."
            )
    if target == PRIORITY:
        first = vendor(deps.store.tenants.summary(tenant).vendor).default_priority
        if first is not None:
            count = sum(each.label(target) == first.value for each in examples)
            told.append(f"This helpdesk gives every ticket {first.value} at first, and still: {_tickets(count)}.")
    return told


def _group_names(deps: Deps, tenant: str) -> Mapping[str, str]:
    """Names where the helpdesk tells them, else those that are mapped; other groups keep their numbers."""
    mapped = {number: name for name, number in deps.store.tenants.connection(tenant).groups.items()}
    try:
        return mapped | group_names(deps, tenant)
    except ConnectorError:
        return mapped


def _tickets(count: int) -> str:
    return f"{count:,} ticket{'' if count == 1 else 's'}"
