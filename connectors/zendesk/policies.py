"""A Zendesk SLA policy in our words: its targets, and the tickets it is for. Pure.

https://developer.zendesk.com/api-reference/ticketing/business-rules/sla_policies/
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from connectors.zendesk import mapping
from connectors.zendesk.wire import Id, Wire
from triage.sla import Policy, Target

logger = logging.getLogger(__name__)

FITS = frozenset({"is", "includes"})


class Condition(Wire):
    field: str
    operator: str
    value: Any = None

    @property
    def values(self) -> tuple[str, ...]:
        """Tags come as one text with spaces between them, lists as lists, all else as one value."""
        listed = self.value if isinstance(self.value, list) else [self.value]
        texts = [str(each) for each in listed if each not in (None, "")]
        return tuple(word for text in texts for word in text.split()) if self.subject == "tag" else tuple(texts)

    @property
    def subject(self) -> str:
        return mapping.CONDITION_SUBJECT.get(self.field, self.field)


class Filter(Wire):
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None


class PolicyMetric(Wire):
    metric: str
    priority: str | None = None
    target: float | None = None
    target_in_seconds: float | None = None
    business_hours: bool | None = None

    def normalised(self) -> Target | None:
        metric, priority = mapping.METRIC.get(self.metric), mapping.PRIORITY.get((self.priority or "").lower())
        minutes = self.target if self.target_in_seconds is None else self.target_in_seconds / 60
        if metric is None or priority is None or minutes is None:
            logger.warning("an SLA target is left out: %s for %s", self.metric, self.priority)
            return None
        return Target(
            metric=metric, priority=priority, target_minutes=minutes, in_business_hours=bool(self.business_hours)
        )


class SlaPolicy(Wire):
    id: Id
    title: str
    position: int | None = None
    filter: Filter | None = None
    policy_metrics: tuple[PolicyMetric, ...] | None = None

    def normalised(self) -> Policy:
        targets = [metric.normalised() for metric in self.policy_metrics or ()]
        found = self.filter or Filter()
        return Policy(
            id=self.id,
            title=self.title,
            position=self.position or 0,
            targets=tuple(target for target in targets if target is not None),
            applies_to=applies_to(found.all or (), found.any or ()),
        )


def applies_to(every: Iterable[Condition], either: Iterable[Condition]) -> dict[str, tuple[str, ...]]:
    """Subject -> the values that fit; every subject must fit.

    What this form cannot say (`is_not`, several subjects of which one is enough, a subject asked for twice) is kept
    under a key that is no subject, such as `priority is_not` or `any`: a policy must not come to fit more tickets
    because one of its conditions was not understood.
    """
    found: dict[str, tuple[str, ...]] = {}
    for condition in every:
        plain = condition.operator in FITS and condition.subject not in found
        name = condition.subject if plain else f"{condition.subject} {condition.operator}"
        found[name] = found.get(name, ()) + condition.values
    alternatives = list(either)
    subjects = {condition.subject for condition in alternatives if condition.operator in FITS}
    if len(subjects) == 1 and not subjects & set(found) and all(each.operator in FITS for each in alternatives):
        found[subjects.pop()] = tuple(dict.fromkeys(value for each in alternatives for value in each.values))
    elif alternatives:
        found["any"] = tuple(f"{each.subject} {each.operator} {' '.join(each.values)}" for each in alternatives)
    return found
