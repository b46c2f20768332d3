"""Our drop-downs on Zendesk's ticket form, and the groups by their names.

Options and values that an admin added stay; a field that is taken out of use keeps what the desk filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Connection
from connectors.installing import FieldPlan, Finding, Health, Place
from connectors.zendesk.install_api import Api, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Our name -> the helpdesk's id."""

    ids: Mapping[str, str]
    made: tuple[str, ...]


class Form:
    def __init__(self, api: Api, connection: Connection, place: Place) -> None:
        self._api = api
        self._place = place
        self._field_ids = connection.fields
        self._group_ids = connection.groups

    def check_fields(self) -> tuple[Finding, ...]:
        rows = self._api.rows("ticket_fields")
        problems = []
        for name, plan in self._place.fields.items():
            row = self._field(name, plan, rows)
            if row is None:
                problems.append(f"“{plan.title}” is missing.")
            elif row.get("active") is False:
                problems.append(f"“{plan.title}” is switched off.")
            elif str(row["id"]) != self._field_ids.get(name):
                problems.append(f"“{plan.title}” was made again and has another number.")
            elif lacking := _lacking(plan, row):
                problems.append(f"“{plan.title}” lacks {len(lacking)} of {len(plan.choices)} choices.")
        wanted = len(self._place.fields)
        state = f"{wanted - len(problems)} of {wanted}"
        if not problems:
            return (Finding(check="fields", health=Health.GOOD, state=state, detail=""),)
        fix = "Run `deskhand doctor --repair`: same names, same choices."
        detail = " ".join(problems)
        return (Finding(check="fields", health=Health.BAD, state=state, detail=detail, fix=fix, repairable=True),)

    def check_groups(self) -> tuple[Finding, ...]:
        found = self._groups(self._api.rows("groups"))
        gone = [name for name in self._place.groups if name in self._group_ids and name not in found]
        moved = [name for name, group_id in found.items() if self._group_ids.get(name) not in (None, group_id)]
        missing = [name for name in self._place.groups if name not in found]
        unnoted = [name for name in found if name not in self._group_ids]
        state = f"{len(found)} of {len(self._place.groups)}"
        if gone or moved:
            detail = f"Tickets go to groups that were deleted: {', '.join(gone + moved)}."
            fix = "Run `deskhand doctor --repair` to map them again."
            return (Finding(check="groups", health=Health.BAD, state=state, detail=detail, fix=fix, repairable=True),)
        if missing or unnoted:
            detail = f"Not in Zendesk: {', '.join(missing)}." if missing else f"New in Zendesk: {', '.join(unnoted)}."
            fix = "Make them in Zendesk, then repair; or connect again and let Deskhand make them."
            return (
                Finding(
                    check="groups",
                    health=Health.WARN,
                    state=state,
                    detail=detail,
                    fix=fix,
                    repairable=bool(unnoted) or self._place.make_groups,
                ),
            )
        return (Finding(check="groups", health=Health.GOOD, state=state, detail=""),)

    def mend_fields(self) -> Mapped:
        rows = self._api.rows("ticket_fields")
        ids, made = {}, []
        for name, plan in self._place.fields.items():
            row = self._field(name, plan, rows)
            if row is None:
                options = [{"name": label, "value": value} for value, label in plan.choices]
                asked = {"type": "tagger", "title": plan.title, "custom_field_options": options}
                row = self._api.write("POST", "ticket_fields", "ticket_field", asked)
                made.append(f"Made the ticket field “{plan.title}” with {len(options)} choices.")
            else:
                made += self._complete(plan, row)
            ids[name] = str(row["id"])
        return Mapped(ids=ids, made=tuple(made))

    def mend_groups(self) -> Mapped:
        found = self._groups(self._api.rows("groups"))
        made = []
        for name in self._place.groups if self._place.make_groups else ():
            if name not in found:
                found[name] = str(self._api.write("POST", "groups", "group", {"name": name})["id"])
                made.append(f"Made the group “{name}”.")
        return Mapped(ids=found, made=tuple(made))

    def _complete(self, plan: FieldPlan, row: Row) -> list[str]:
        """Add what a field of ours lacks; whatever else it offers stays."""
        lacking = _lacking(plan, row)
        asked: dict[str, object] = {}
        if lacking:
            kept = [{key: option[key] for key in ("id", "name", "value") if key in option} for option in _options(row)]
            asked["custom_field_options"] = [*kept, *({"name": label, "value": value} for value, label in lacking)]
        if row.get("active") is False:
            asked["active"] = True
        if not asked:
            return []
        self._api.write("PUT", f"ticket_fields/{row['id']}", "ticket_field", asked)
        return [f"Completed the ticket field “{plan.title}”."]

    def _field(self, name: str, plan: FieldPlan, rows: list[Row]) -> Row | None:
        """The field we noted, else a drop-down of that title; one in use before one that is switched off."""
        fitting = [row for row in rows if row.get("type") == "tagger"]
        noted = self._field_ids.get(name)
        for row in fitting:
            if noted is not None and str(row.get("id")) == noted:
                return row
        titled = [row for row in fitting if _same(row.get("title"), plan.title)]
        return min(titled, key=lambda row: row.get("active") is False, default=None)

    def _groups(self, rows: list[Row]) -> dict[str, str]:
        there = [row for row in rows if not row.get("deleted")]
        return {
            name: str(row["id"]) for name in self._place.groups for row in there[::-1] if _same(row.get("name"), name)
        }


def _lacking(plan: FieldPlan, row: Row) -> list[tuple[str, str]]:
    offered = {str(option.get("value")) for option in _options(row)}
    return [(value, label) for value, label in plan.choices if value not in offered]


def _options(row: Row) -> list[Row]:
    listed = row.get("custom_field_options")
    return [option for option in listed if isinstance(option, dict)] if isinstance(listed, list) else []


def _same(title: object, wanted: str) -> bool:
    return str(title).strip().casefold() == wanted.casefold()
