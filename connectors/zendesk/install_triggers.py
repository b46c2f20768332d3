"""Our two Zendesk triggers as data, and how one that is there differs from what it should be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.zendesk.install_api import Row

MARKER_TAG = "deskhand_triaged"
"""The tag that triage sets in the same update: a ticket that has it is not new to us."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of our triggers: the key under which its id is kept, what it waits for and what it says."""

    key: str
    title: str
    event: str
    conditions: tuple[tuple[str, str, str], ...]

    def body(self) -> str:
        return '{"ticket_id":"{{ticket.id}}","event":"' + self.event + '","actor_id":"{{current_user.id}}"}'

    def action(self, webhook_id: str) -> Row:
        return {"field": "notification_webhook", "value": [webhook_id, self.body()]}

    def whole(self, webhook_id: str) -> Row:
        conditions = [
            {"field": field, "operator": operator, "value": value} for field, operator, value in self.conditions
        ]
        return {
            "title": self.title,
            "active": True,
            "conditions": {"all": conditions, "any": []},
            "actions": [self.action(webhook_id)],
        }


TRIGGERS = (
    Wanted(
        "created",
        "Deskhand: new ticket",
        "created",
        (("update_type", "is", "Create"), ("current_tags", "not_includes", MARKER_TAG)),
    ),
    # No guard on purpose: our own writes fire it, and they are known by `actor_id`.
    Wanted("updated", "Deskhand: ticket changed", "updated", (("update_type", "is", "Change"),)),
)


def problems(wanted: Wanted, rows: tuple[Row, ...], webhook_id: str) -> list[str]:
    """What keeps a trigger from doing its work, a sentence each."""
    if not rows:
        return [f"“{wanted.title}” is missing."]
    found = [f"“{wanted.title}” is there {len(rows)} times."] if len(rows) > 1 else []
    kept = rows[0]
    if not kept.get("active"):
        found.append(f"“{wanted.title}” is switched off.")
    if kept.get("title") != wanted.title:
        found.append(f"“{wanted.title}” was renamed to “{kept.get('title')}”.")
    if lost_a_condition(wanted, kept):
        found.append(f"“{wanted.title}” lost one of its conditions.")
    actions = [action for action in kept.get("actions") or () if isinstance(action, dict)]
    if [str(action.get("value")) for action in actions if action.get("field") == "notification_webhook"] != [
        str(wanted.action(webhook_id)["value"])
    ]:
        found.append(f"“{wanted.title}” calls another webhook or sends another body.")
    return found


def lost_a_condition(wanted: Wanted, row: Row) -> bool:
    return not set(wanted.conditions) <= set(_conditions(row, "all"))


def is_narrowed(wanted: Wanted, row: Row) -> bool:
    return bool(set(_conditions(row, "all")) - set(wanted.conditions)) or bool(_conditions(row, "any"))


def _conditions(row: Row, part: str) -> list[tuple[str, str, str]]:
    conditions = row.get("conditions")
    listed = conditions.get(part) if isinstance(conditions, dict) else None
    return [
        (str(one.get("field")), str(one.get("operator")), str(one.get("value")))
        for one in listed or ()
        if isinstance(one, dict)
    ]


def called(action: Row) -> str | None:
    """The webhook that an action calls."""
    value = action.get("value")
    if action.get("field") != "notification_webhook" or not isinstance(value, list) or not value:
        return None
    return str(value[0])
