"""The helpdesk's own policies and schedules, written as our rules, beside what the admin added to those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.hours import Schedule, problems
from triage.hours.schedule import DAY, WEEK
from triage.sla.policies import Metric, Policy, Target
from triage.sla.reading.durations import written
from triage.sla.reading.node import Node
from triage.sla.reading.policies import METRICS, condition
from triage.sla.reading.schedules import ALWAYS, DAYS
from triage.tickets import Priority

OURS = "native-"
"""How the ids of adopted policies and schedules begin: the next import replaces these, and leaves all others."""
LONGEST_NOTE = 400
NAMES: dict[Metric, str] = {metric: name for name, metric in reversed(METRICS.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """`rules` as an admin would write them; `notes` are sentences on what could not be taken over as it is."""

    rules: dict[str, Any]
    notes: tuple[str, ...]


def adopted(
    before: Mapping[str, Any],
    policies: Sequence[Policy],
    schedules: Sequence[Schedule],
    *,
    is_shipped: bool,
    tells_holidays: bool,
) -> Adopted:
    """`before` with the helpdesk's policies and schedules in it.

    Where it is the shipped default (`is_shipped`) they take its place; else what the admin wrote stays, and so do
    holidays and hours of single dates added to an adopted schedule. Who is told stays as it is.
    """
    notes: list[str] = []
    rules = dict(before)
    if schedules:
        _put_schedules(rules, schedules, notes, is_shipped=is_shipped, tells_holidays=tells_holidays)
    else:
        notes.append("The helpdesk has no schedules that can be read: the ones here stay.")
    if policies:
        rules["policies"] = _policies(rules.get("policies") or (), policies, notes, is_shipped=is_shipped)
    else:
        notes.append("The helpdesk has no service-level policies: the ones here stay.")
    return Adopted(rules=rules, notes=tuple(dict.fromkeys(notes)))


def _policies(
    before: Iterable[Mapping[str, Any]], native: Sequence[Policy], notes: list[str], *, is_shipped: bool
) -> list[Mapping[str, Any]]:
    """The helpdesk's stand together, where those of the last import stood, and first where there was none."""
    made = [_policy(each, notes) for each in sorted(native, key=lambda each: each.position)]
    if is_shipped:
        return list(made)
    listed = list(before)
    first = next((at for at, each in enumerate(listed) if _is_adopted(each.get("id"))), 0)
    own = [(at, each) for at, each in enumerate(listed) if not _is_adopted(each.get("id"))]
    return [*(each for at, each in own if at < first), *made, *(each for at, each in own if at >= first)]


def _policy(native: Policy, notes: list[str]) -> dict[str, Any]:
    title = native.title or native.id
    made: dict[str, Any] = {"id": f"{OURS}{native.id}", "title": title}
    strange = []
    fits: dict[str, list[str]] = {}
    for subject, values in native.applies_to.items():
        wrong: list[str] = []
        condition(subject, Node(list(values), subject, wrong))
        if wrong:
            strange.append(f"{subject} {' or '.join(values)}".strip())
        else:
            fits[subject] = list(values)
    if strange:
        told = "; ".join(strange)
        notes.append(f"Policy “{title}” never holds here: its conditions cannot be expressed: {told}.")
        made["note"] = f"Conditions of the helpdesk that cannot be expressed here: {told}"[:LONGEST_NOTE]
    if strange or not native.is_active:
        made["active"] = False
    if fits:
        made["applies_to"] = fits
    kept = [each for each in native.targets if each.business_days is not None or each.target_minutes > 0]
    for target in native.targets:
        if target not in kept:
            notes.append(f"Policy “{title}” has a target of no time, which is left out: {NAMES[target.metric]}.")
    return made | _targets(kept)


def _targets(native: Sequence[Target]) -> dict[str, Any]:
    """Whose hours count is said once where it is the same for all, else at a priority, else at a target."""
    by_priority = {each: [target for target in native if target.priority is each] for each in Priority}
    everywhere = {_hours(target) for target in native}
    made: dict[str, Any] = {}
    for priority, targets in by_priority.items():
        hours = {_hours(target) for target in targets}
        said: dict[str, Any] = {}
        for target in targets:
            time = written(target.target_minutes, target.business_days)
            said.setdefault(NAMES[target.metric], time if len(hours) == 1 else {"time": time, "hours": _hours(target)})
        if said:
            made[priority.value] = said | ({"hours": hours.pop()} if len(hours) == 1 < len(everywhere) else {})
    return ({"hours": everywhere.pop()} if len(everywhere) == 1 else {}) | {"targets": made}


def _hours(target: Target) -> str:
    return "business" if target.in_business_hours else "calendar"


def _put_schedules(
    rules: dict[str, Any], native: Sequence[Schedule], notes: list[str], *, is_shipped: bool, tells_holidays: bool
) -> None:
    before: Mapping[str, Any] = rules.get("schedules") or {}
    made: dict[str, Any] = {}
    for each in native:
        name = f"{OURS}{each.id}"
        for problem in problems(each):
            notes.append(f"Schedule “{each.name}”: {problem}")
        if not each.intervals:
            notes.append(f"Schedule “{each.name}” is never open.")
        made[name] = _schedule(each, before.get(name) or {}, tells_holidays=tells_holidays)
        if not tells_holidays and not made[name].get("holidays"):
            notes.append(f"The helpdesk does not tell the holidays of “{each.name}”: add them under its `holidays`.")
    default = f"{OURS}{next((each for each in native if each.is_default), native[0]).id}"
    which = dict(rules.get("which_schedule") or {})
    if is_shipped:
        rules["schedules"] = made
        rules["which_schedule"] = {"order": which.get("order", []), "default": default}
        notes.append(
            "All requesters have the helpdesk's default schedule in its own time zone, as there. To keep its hours in "
            f"each requester's zone, write `requester_zone_copies: {default}` under `which_schedule`."
        )
        return
    rules["schedules"] = {**{name: each for name, each in before.items() if not _is_adopted(name)}, **made}
    for key in ("organizations", "zones", "groups"):
        if isinstance(which.get(key), Mapping):
            which[key] = {name: each for name, each in which[key].items() if each in rules["schedules"]}
    if which.get("requester_zone_copies") not in (None, *rules["schedules"]):
        del which["requester_zone_copies"]
    if which.get("default") not in rules["schedules"]:
        which["default"] = default
    rules["which_schedule"] = which


def _schedule(native: Schedule, before: Mapping[str, Any], *, tells_holidays: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": native.name, "time_zone": native.time_zone}
    if native.intervals == ((0, WEEK),):
        made["hours"] = ALWAYS
    else:
        made |= _weekly(native)
    days = [
        {
            "date": str(each.starts_on),
            "until": str(each.ends_on),
            "name": " ".join(each.name.split())[:120] or "Holiday",
        }
        for each in native.holidays
    ]
    # Of single days the helpdesk's list is the truth, where it has one; a country's or a calendar's were added here.
    added = [each for each in before.get("holidays") or () if not tells_holidays or "date" not in each]
    if days or added:
        made["holidays"] = [*days, *(each for each in added if each not in days)]
    return made | {key: before[key] for key in ("date_hours", "breaks") if key in before}


def _weekly(native: Schedule) -> dict[str, list[str]]:
    """Hours by weekday; an interval that lasts over midnight is cut there."""
    found: dict[str, list[str]] = {}
    for start, end in sorted(native.intervals):
        for day in range(start // DAY, min((end - 1) // DAY, len(DAYS) - 1) + 1):
            first, last = max(start - day * DAY, 0), min(end - day * DAY, DAY)
            found.setdefault(DAYS[day], []).append(f"{_clock(first)}-{_clock(last)}")
    return found


def _is_adopted(name: object) -> bool:
    return str(name).startswith(OURS)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
