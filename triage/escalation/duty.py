"""Who is on duty, who is in quiet hours, and whom a level of a ladder reaches at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from triage.escalation.people import EscalationRules, Level, Person, Rotation, Via
from triage.sla.policies import Facts
from triage.words import zone_named

OF_THEIR_OWN = frozenset({Via.PAGE, Via.WEBHOOK})
"""They know whom they reach; the others need an address of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """`person` is an id, or None for whoever the pager or the webhook itself has on call."""

    person: str | None
    by: tuple[Via, ...]


def on_duty(rotation: Rotation, at: datetime) -> str | None:
    """The id of the person on duty. Of overrides that overlap the one named last wins; before the rotation starts, and
    in one without people, nobody is.
    """
    for override in reversed(rotation.overrides):
        if override.starts_at <= at < override.ends_at:
            return override.person
    if at < rotation.starts_at or not rotation.people or rotation.turn <= timedelta(0):
        return None
    return rotation.people[_turn(rotation, at) % len(rotation.people)]


def is_quiet(person: Person, at: datetime) -> bool:
    """By the wall clock of the person's zone, also when it is changed."""
    local = at.astimezone(zone_named(person.time_zone) or UTC)
    now = local.hour * 60 + local.minute
    return any(
        start <= now < end if start <= end else (now >= start or now < end)  # an end before its start is tomorrow's
        for start, end in person.quiet
    )


def reach(
    level: Level, facts: Facts, rules: EscalationRules, at: datetime, *, breaks_quiet: bool = False
) -> tuple[tuple[Reached, ...], tuple[str, ...]]:
    """Whom the level reaches at `at`, each person once, and whom it does not, with why.

    Somebody in quiet hours is passed over; with `breaks_quiet` they are paged all the same, and nothing but paged.
    """
    if not level.to:
        by: tuple[Via, ...] = tuple(via for via in level.by if via in OF_THEIR_OWN)
        return ((Reached(person=None, by=by),), ()) if by else ((), ("nobody is named",))
    reached: dict[str, Reached] = {}
    unreached: list[str] = []
    for entry in level.to:
        found, why = _who(entry, facts, rules, at)
        if found is None:
            unreached.append(f"{entry}: {why}")
            continue
        by = tuple(via for via in level.by if _has(found, via))
        if by and is_quiet(found, at):
            by = tuple(via for via in by if breaks_quiet and via is Via.PAGE)
            why = "quiet hours"
        elif not by:
            why = f"no address for {' or '.join(via.value for via in level.by) or 'any channel'}"
        if by:
            reached.setdefault(found.id, Reached(person=found.id, by=by))
        else:
            unreached.append(f"{found.name}: {why}")
    return tuple(reached.values()), tuple(dict.fromkeys(unreached))


def _who(entry: str, facts: Facts, rules: EscalationRules, at: datetime) -> tuple[Person | None, str]:
    """Whom an entry of `Level.to` means, or why it means nobody."""
    kind, _, name = entry.partition(":")
    match kind:
        case "assignee":
            users = [user for user in facts.get("assignee_id", ()) if user]
            if not users:
                return None, "nobody is assigned"
            found = next((each for each in rules.people.values() if each.helpdesk_id in users), None)
            return found, f"helpdesk user {users[0]} is none of the people"
        case "group_lead":
            groups = [*facts.get("group_id", ()), *facts.get("group", ())]
            if not groups:
                return None, "the ticket is in no group"
            lead = next((rules.leads[group] for group in groups if group in rules.leads), None)
            if lead is None:
                return None, f"group {groups[-1]} has no lead"
            return rules.people.get(lead), f"there is no person {lead}"
        case "person":
            return rules.people.get(name), f"there is no person {name}"
        case "rotation":
            rotation = rules.rotations.get(name)
            if rotation is None:
                return None, "there is no such rotation"
            person = on_duty(rotation, at)
            if person is None:
                return None, "nobody is on duty"
            return rules.people.get(person), f"there is no person {person}"
    return None, "use assignee, group_lead, person:<id> or rotation:<id>"


def _has(person: Person, via: Via) -> bool:
    return via in OF_THEIR_OWN or bool(person.email if via is Via.MAIL else person.chat)


def _turn(rotation: Rotation, at: datetime) -> int:
    """How many turns ended by `at`. Turns are wall time: a duty that changes at 09:00 does so all year."""
    zone = zone_named(rotation.time_zone) or UTC
    begins = rotation.starts_at.astimezone(zone).replace(tzinfo=None)
    turn = (at.astimezone(zone).replace(tzinfo=None) - begins) // rotation.turn

    def starts(number: int) -> datetime:
        return (begins + number * rotation.turn).replace(tzinfo=zone).astimezone(UTC)

    return next(each for each in _near(turn) if starts(each) <= at < starts(each + 1))


def _near(turn: int) -> Iterator[int]:
    """Around a change of the clock the wall says the turn before or after; short turns may be some further off."""
    yield turn
    distance = 0
    while True:
        distance += 1
        yield turn + distance
        yield turn - distance
