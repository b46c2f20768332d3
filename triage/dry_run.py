"""What a replay would do, told before it is done: a ticket as it is now against what is to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from triage.actions import UpdateTicket, plain, seen
from triage.tickets import Ticket

FIELDS = ("category", "product_area", "priority", "group_id")


class Verdict(Enum):
    CHANGES = "changes"
    """Something would be written."""
    NOTHING = "nothing"
    """It is all there already, or there is nothing to do."""
    IGNORED = "ignored"
    """The row would end as ignored."""
    PARKED = "parked"
    """The row would be parked, again or for the first time."""
    FAILED = "failed"
    """It could not be found out; the summary says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field: what it holds now and what would be written. Values as the helpdesk's connector reads them."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The answer. `stays` are fields that a person changed since the decision: they are left alone."""

    verdict: Verdict
    summary: str
    reasons: tuple[str, ...] = ()
    changes: tuple[FieldChange, ...] = ()
    stays: tuple[FieldChange, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    note: str | None = None

    def but(self, verdict: Verdict, summary: str) -> Preview:
        """The same plan with another end."""
        return replace(self, verdict=verdict, summary=summary)

    def with_note(self, note: str) -> Preview:
        return replace(self, note=note)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict.value}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Preview:
        fields = {
            "changes": tuple(FieldChange(**each) for each in kept["changes"]),
            "stays": tuple(FieldChange(**each) for each in kept["stays"]),
            "verdict": Verdict(kept["verdict"]),
        }
        lists = {name: tuple(kept[name]) for name in ("reasons", "add_tags", "remove_tags")}
        return cls(**{**kept, **lists, **fields})


def of_change(
    change: UpdateTicket, ticket: Ticket, *, reasons: Sequence[str] = (), groups: Mapping[str, str] | None = None
) -> Preview:
    """What writing `change` to `ticket` would do now; `groups` maps the names of queues to their ids."""
    names = {number: name for name, number in (groups or {}).items()}

    def shown(value: str | None) -> str | None:
        return names.get(value, value) if value else value

    left, theirs = change.yielding(ticket)
    changes = tuple(
        FieldChange(field=name, before=shown(seen(ticket, name)), after=shown(after))
        for name in FIELDS
        if (after := plain(getattr(left, name))) is not None or name in left.clear
        if after != seen(ticket, name)
    )
    stays = tuple(
        FieldChange(field=name, before=shown(seen(ticket, name)), after=shown(plain(getattr(change, name))))
        for name in theirs
    )
    added = tuple(tag for tag in left.add_tags if tag not in ticket.tags)
    removed = tuple(tag for tag in left.remove_tags if tag in ticket.tags)
    if ticket.is_final:
        verdict, summary = Verdict.PARKED, final(ticket)
    elif changes or added or removed or left.note:
        verdict, summary = Verdict.CHANGES, "The ticket would be changed."
    else:
        verdict, summary = Verdict.NOTHING, "The ticket is already as asked for: nothing would be written."
    return Preview(
        verdict=verdict,
        summary=summary,
        reasons=tuple(reasons),
        changes=changes,
        stays=stays,
        add_tags=added,
        remove_tags=removed,
        note=left.note,
    )


def final(ticket: Ticket) -> str:
    """What becomes of an effect on a closed or deleted ticket: not every helpdesk refuses changes of a closed one."""
    return f"The ticket is {ticket.status.value}: if the helpdesk takes no change on it, the effect is parked."
