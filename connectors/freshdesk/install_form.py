"""Our drop-downs on Freshdesk's ticket form, and the groups by their names. What an admin added stays.

A choice is known by its text: one that an admin renamed is missing, and is added again beside the renamed one.
"""

from __future__ import annotations

from typing import Any

from connectors.base import Connection
from connectors.freshdesk.api import Api, known_id
from connectors.freshdesk.fields import noted_texts, texts_for
from connectors.installing import FieldPlan, Finding, Health, Place

Row = dict[str, Any]
TextsByKey = dict[str, str]
FIELDS, GROUPS = "/admin/ticket_fields", "/groups"
OPERATION = "form"
DROPDOWN = "custom_dropdown"
SHOWN = 3


class Form:
    """A ticket names a field by its `cf_…` name, so that is a field's id here."""

    def __init__(self, api: Api, connection: Connection, place: Place) -> None:
        self._api = api
        self._place = place
        self._field_names = connection.fields
        self._group_ids = connection.groups
        self._noted_texts = noted_texts(connection.settings)

    def check_fields(self) -> tuple[Finding, ...]:
        rows = self._fields()
        problems = []
        for name, plan in self._place.fields.items():
            row = self._field(name, plan, rows)
            if row is None:
                problems.append(f"“{plan.title}” is missing.")
                continue
            if str(row.get("name")) != self._field_names.get(name):
                problems.append(f"“{plan.title}” was made again and has another name.")
                continue
            whole = self._whole(row)
            if lacking := _lacking(plan, whole):
                shown = ", ".join(f"“{text}”" for text in lacking[:SHOWN]) + (" …" if len(lacking) > SHOWN else "")
                problems.append(f"“{plan.title}” lacks {len(lacking)} of {len(plan.choices)} choices: {shown}.")
            elif self._noted_texts.get(name) != _texts(plan, whole):
                problems.append(f"“{plan.title}” has choices that are spelt in another way now.")
        wanted = len(self._place.fields)
        return (_judged("fields", f"{wanted - len(problems)} of {wanted}", problems),)

    def check_groups(self) -> tuple[Finding, ...]:
        found = self._groups()
        state = f"{len(found)} of {len(self._place.groups)}"
        gone = [name for name, group_id in self._group_ids.items() if found.get(name) != group_id]
        if gone:
            return (_judged("groups", state, [f"Tickets go to groups that were deleted: {', '.join(gone)}."]),)
        missing = [name for name in self._place.groups if name not in found]
        unnoted = [name for name in found if name not in self._group_ids]
        if not missing and not unnoted:
            return (_judged("groups", state, []),)
        detail = f"Not in Freshdesk: {', '.join(missing)}." if missing else f"New in Freshdesk: {', '.join(unnoted)}."
        return (
            Finding(
                check="groups",
                health=Health.WARN,
                state=state,
                detail=detail,
                fix="Make them in Freshdesk, then repair; or connect again and let Deskhand make them.",
                repairable=bool(unnoted) or self._place.make_groups,
            ),
        )

    def mend_fields(self) -> tuple[dict[str, str], dict[str, TextsByKey], tuple[str, ...]]:
        """(Our field name -> `cf_…`, our field name -> key -> text of its choice, what was done)."""
        rows = self._fields()
        names, texts, made = {}, {}, []
        for name, plan in self._place.fields.items():
            row = self._field(name, plan, rows)
            if row is None:
                texts[name] = texts_for(plan.choices)
                choices = [{"value": text, "position": n} for n, text in enumerate(texts[name].values(), start=1)]
                asked = {
                    "label": plan.title,
                    "label_for_customers": plan.title,
                    "type": DROPDOWN,
                    "displayed_to_customers": False,
                    "choices": choices,
                }
                row = self._api.post(OPERATION, FIELDS, asked)
                made.append(f"Made the ticket field “{plan.title}” with {len(choices)} choices.")
            else:
                whole = self._whole(row)
                texts[name] = _texts(plan, whole)
                made += self._complete(name, plan, whole)
            names[name] = str(row["name"])
        return names, texts, tuple(made)

    def mend_groups(self) -> tuple[dict[str, str], tuple[str, ...]]:
        found = self._groups()
        made = []
        for name in self._place.groups if self._place.make_groups else ():
            if name not in found:
                found[name] = str(self._api.post(OPERATION, GROUPS, {"name": name})["id"])
                made.append(f"Made the group “{name}”.")
        return found, tuple(made)

    def _complete(self, name: str, plan: FieldPlan, row: Row) -> list[str]:
        lacking = _lacking(plan, row)
        if not lacking:
            is_noted = self._noted_texts.get(name) == _texts(plan, row)
            return [] if is_noted else [f"Noted the choices of the ticket field “{plan.title}”."]
        kept = _choices(row)
        added = [{"value": text, "position": len(kept) + n} for n, text in enumerate(lacking, start=1)]
        known = [{name: each[name] for name in ("id", "value", "position") if name in each} for each in kept]
        self._api.put(OPERATION, f"{FIELDS}/{known_id(str(row['id']))}", {"choices": [*known, *added]})
        return [f"Completed the ticket field “{plan.title}”."]

    def _fields(self) -> list[Row]:
        return [row for row in self._api.rows(OPERATION, FIELDS) if isinstance(row, dict)]

    def _whole(self, row: Row) -> Row:
        """The list may leave the choices out."""
        if isinstance(row.get("choices"), list) and row["choices"]:
            return row
        found = self._api.get(OPERATION, f"{FIELDS}/{known_id(str(row['id']))}")
        return found if isinstance(found, dict) else row

    def _field(self, name: str, plan: FieldPlan, rows: list[Row]) -> Row | None:
        fitting = [row for row in rows if row.get("type") == DROPDOWN]
        noted = self._field_names.get(name)
        by_name = next((row for row in fitting if noted is not None and row.get("name") == noted), None)
        return by_name or next((row for row in fitting if _same(row.get("label"), plan.title)), None)

    def _groups(self) -> dict[str, str]:
        there = [row for row in self._api.rows(OPERATION, GROUPS) if isinstance(row, dict)]
        return {
            name: str(row["id"]) for name in self._place.groups for row in there[::-1] if _same(row.get("name"), name)
        }


def _texts(plan: FieldPlan, row: Row) -> TextsByKey:
    return texts_for(plan.choices, _offered(row))


def _lacking(plan: FieldPlan, row: Row) -> list[str]:
    offered = set(_offered(row))
    return [text for text in _texts(plan, row).values() if text not in offered]


def _offered(row: Row) -> list[str]:
    return [str(choice.get("value")) for choice in _choices(row)]


def _choices(row: Row) -> list[Row]:
    listed = row.get("choices")
    return [
        each if isinstance(each, dict) else {"value": each} for each in (listed if isinstance(listed, list) else ())
    ]


def _same(label: object, wanted: str) -> bool:
    return str(label).strip().casefold() == wanted.casefold()


def _judged(check: str, state: str, problems: list[str]) -> Finding:
    if not problems:
        return Finding(check=check, health=Health.GOOD, state=state, detail="")
    fix = "Run `deskhand doctor --repair`: same names, same choices."
    return Finding(check=check, health=Health.BAD, state=state, detail=" ".join(problems), fix=fix, repairable=True)
