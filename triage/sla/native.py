"""The helpdesk's own due times beside ours: where they differ, and why, as far as that can be found out.

Why is found by trying: of the known ways in which two clocks differ, the one that turns our due time into the
helpdesk's is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from triage.hours import NeverOpen, TooFar
from triage.sla.log import Event, PrioritySet
from triage.sla.policies import Metric, Policy, Target
from triage.sla.rules import SlaRules
from triage.sla.standing import Standing, standing

SAME = timedelta(minutes=1)
"""Helpdesks show whole minutes."""
UNEXPLAINED = "no single difference that is known explains it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One clock of a ticket under both. `why` is empty where the two agree."""

    metric: Metric
    ours: datetime | None
    native: datetime | None
    why: str

    @property
    def by(self) -> timedelta | None:
        """Ours less the helpdesk's: positive where ours is later."""
        return None if self.ours is None or self.native is None else self.ours - self.native

    @property
    def agrees(self) -> bool:
        return not self.why


def compared(
    log: Sequence[Event],
    rules: SlaRules,
    at: datetime,
    native: Mapping[Metric, datetime | None],
    *,
    tells_holidays: bool,
) -> tuple[Compared, ...]:
    """Every clock that either of the two has.

    `tells_holidays` is False for a helpdesk whose holidays we cannot read: it may know some that we do not.
    """
    now = standing(log, rules, at)
    due = _due(now)
    return tuple(
        _compared(metric, log, rules, now, native, tells_holidays=tells_holidays)
        for metric in Metric
        if metric in native or due.get(metric) is not None
    )


def _compared(
    metric: Metric,
    log: Sequence[Event],
    rules: SlaRules,
    now: Standing,
    native: Mapping[Metric, datetime | None],
    *,
    tells_holidays: bool,
) -> Compared:
    ours, theirs = _due(now).get(metric), native.get(metric)
    if ours is None and theirs is None:
        why = ""
    elif theirs is None:
        why = (
            "the helpdesk's clock is not running" if metric in native else "the helpdesk promises nothing of this kind"
        )
    elif ours is None:
        why = _why_none(metric, now)
    elif abs(ours - theirs) < SAME:
        why = ""
    else:
        why = _why(metric, log, rules, now, theirs, tells_holidays=tells_holidays)
    return Compared(metric=metric, ours=ours, native=theirs, why=why)


def _why_none(metric: Metric, now: Standing) -> str:
    if now.priority is None:
        return "the ticket has no priority"
    if now.policy is None:
        return "no policy of ours fits the ticket"
    reading = now.clocks.get(metric)
    if reading is None or reading.target is None:
        return f"our policy “{now.policy.title}” promises nothing of this kind"
    if reading.run == 0:
        return "our clock has not started"
    status = now.status.value.replace("_", " ") if now.status else "paused"
    return f"our clock is held while the ticket is {status}"


def _why(
    metric: Metric, log: Sequence[Event], rules: SlaRules, now: Standing, theirs: datetime, *, tells_holidays: bool
) -> str:
    for why, events, other in _variants(metric, log, rules, now):
        try:
            due = _due(standing(events, other, now.at)).get(metric)
        except (NeverOpen, TooFar):
            continue  # a desk that is never open explains nothing
        if due is not None and abs(due - theirs) < SAME:
            return why
    if not tells_holidays:
        ours = _due(now)[metric]
        return f"{UNEXPLAINED}; the helpdesk may keep holidays that it does not tell" if ours < theirs else UNEXPLAINED
    return UNEXPLAINED


def _variants(
    metric: Metric, log: Sequence[Event], rules: SlaRules, now: Standing
) -> Iterator[tuple[str, Sequence[Event], SlaRules]]:
    """What may differ, the likeliest first: what to say, and the log and the rules with that difference."""
    if rules.paused_in:
        held = " or ".join(sorted(each.value.replace("_", " ") for each in rules.paused_in))
        yield f"the helpdesk's clock goes on while the ticket is {held}", log, _with(rules, paused_in=frozenset())
    policy = now.policy
    if policy is not None:
        turned = replace(policy, targets=tuple(_turned(each) for each in policy.targets))
        counted = any(each.in_business_hours for each in policy.targets if _is_of(each, metric, now))
        hours = "day and night" if counted else "business hours"
        yield f"the helpdesk counts {hours}", log, _with(rules, policies=(_for_all(turned),))
    plain = {name: replace(each, holidays=(), date_hours=(), breaks=()) for name, each in rules.schedules.items()}
    yield "the helpdesk's clock runs on holidays that are kept here", log, _with(rules, schedules=plain)
    for schedule in rules.schedules.values():
        if schedule != now.schedule:
            only = _with(rules, order=(), default_schedule=schedule.id)
            yield f"the helpdesk has the hours of “{schedule.name}” for it", log, only
    for each in rules.policies:
        if each is not policy and any(_is_of(target, metric, now) for target in each.targets):
            told = "" if each.is_active else ", which never holds here"
            yield (
                f"another policy holds in the helpdesk: “{each.title}”{told}",
                log,
                _with(rules, policies=(_for_all(each),)),
            )
    if len({each.priority for each in now.priorities}) > 1:
        first = [event for event in log if not isinstance(event, PrioritySet) or event == now.priorities[0]]
        yield "the helpdesk still counts by the ticket's first priority", first, rules


def _with(rules: SlaRules, **changes: object) -> SlaRules:
    """Calendars are kept by the ids of their schedules, which are others now."""
    return replace(rules, _calendars={}, **changes)  # type: ignore[arg-type]


def _for_all(policy: Policy) -> Policy:
    return replace(policy, applies_to={}, is_active=True)


def _turned(target: Target) -> Target:
    return replace(target, in_business_hours=not target.in_business_hours)


def _is_of(target: Target, metric: Metric, now: Standing) -> bool:
    return target.metric is metric and target.priority is now.priority


def _due(now: Standing) -> dict[Metric, datetime]:
    return {metric: reading.due for metric, reading in now.clocks.items() if reading.due is not None}


def summary(found: Iterable[Compared]) -> dict[str, int]:
    """Why -> how many clocks; those that agree are under an empty text."""
    counted: dict[str, int] = {}
    for each in found:
        counted[each.why] = counted.get(each.why, 0) + 1
    return counted
