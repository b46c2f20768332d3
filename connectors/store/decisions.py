"""What was decided about each ticket, and what agents made of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, distinct, func, select, update

from connectors.store.database import Database
from connectors.store.schema import correction as correction_table
from connectors.store.schema import decision as decision_table
from connectors.store.schema import outbox as outbox_table
from connectors.store.schema import ticket as ticket_table
from triage.actions import UpdateTicket
from triage.decisions import Alternative, Decision, Neighbour, Outcome, Prediction
from triage.modes import Arm, Mode
from triage.tickets import Priority, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """`shadow` is True for one that was only recorded."""

    id: int
    decided_at: datetime
    decision: Decision
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """An agent's other answer. `undone_at` is set when it was taken back."""

    id: int
    decision_id: int
    category: str
    by_id: str
    by_name: str
    at: datetime
    undone_at: datetime | None


class Decisions:
    def __init__(self, database: Database) -> None:
        self.database = database

    def record_in(
        self,
        connection: Connection,
        tenant: str,
        ticket: Ticket,
        made: Decision,
        *,
        inbox_id: int | None,
        now: datetime,
        shadow: bool = False,
    ) -> int:
        """Store the decision and what the ticket was when it was made; in `shadow` nothing follows from it."""
        seen = {
            "subject": ticket.subject,
            "requester_id": ticket.requester_id,
            "organization_id": ticket.organization_id,
            "updated_at": ticket.updated_at,
            "planned_at": now,
        }
        connection.execute(
            self.database.insert(ticket_table)
            .values(tenant=tenant, ref=ticket.ref, **seen)
            .on_conflict_do_update(index_elements=["tenant", "ref"], set_=seen)
        )
        row = connection.execute(
            decision_table.insert().values(
                tenant=tenant,
                ticket_ref=ticket.ref,
                inbox_id=inbox_id,
                decided_at=now,
                outcome=made.outcome.value,
                body=_to_json(made),
                shadow=shadow,
            )
        )
        return _new_id(row)

    def latest(self, tenant: str, ticket_ref: str) -> StoredDecision | None:
        """The last decision about the ticket."""
        with self.database.read() as connection:
            row = connection.execute(
                select(decision_table)
                .where(
                    decision_table.c.tenant == tenant,
                    decision_table.c.ticket_ref == ticket_ref,
                )
                .order_by(decision_table.c.id.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else _stored(row)

    def since(self, decision_id: int) -> list[tuple[StoredDecision, str, str]]:
        """Decisions made after that one, oldest first, each with its ticket's number and subject; skips left out."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(decision_table, ticket_table.c.subject)
                .join(
                    ticket_table,
                    (ticket_table.c.tenant == decision_table.c.tenant)
                    & (ticket_table.c.ref == decision_table.c.ticket_ref),
                )
                .where(decision_table.c.id > decision_id, decision_table.c.outcome != Outcome.SKIPPED.value)
                .order_by(decision_table.c.id)
            ).all()
        return [(_stored(row), row.ticket_ref, row.subject) for row in rows]

    def shadow_outcomes(self, tenant: str) -> dict[str, int]:
        """How many tickets came to which outcome while decisions were only recorded."""
        counted = func.count(distinct(decision_table.c.ticket_ref))
        with self.database.read() as connection:
            rows = connection.execute(
                select(decision_table.c.outcome, counted.label("tickets"))
                .where(decision_table.c.tenant == tenant, decision_table.c.shadow.is_(True))
                .group_by(decision_table.c.outcome)
            ).all()
        return {row.outcome: row.tickets for row in rows}

    def subjects(self, tenant: str, ticket_refs: Collection[str]) -> dict[str, str]:
        """The subjects of those tickets that were read, as they were then."""
        query = select(ticket_table.c.ref, ticket_table.c.subject)
        with self.database.read() as connection:
            rows = connection.execute(
                query.where(ticket_table.c.tenant == tenant, ticket_table.c.ref.in_(list(ticket_refs)))
            )
            return {row.ref: row.subject for row in rows}

    def write_back_state(self, tenant: str, ticket_ref: str) -> tuple[str, str | None] | None:
        """State and error of the newest effect on the ticket; None when none was planned."""
        with self.database.read() as connection:
            row = connection.execute(
                select(outbox_table.c.state, outbox_table.c.error)
                .where(outbox_table.c.tenant == tenant, outbox_table.c.ticket_ref == ticket_ref)
                .order_by(outbox_table.c.id.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else (row.state, row.error)

    def correct_in(
        self,
        connection: Connection,
        tenant: str,
        ticket_ref: str,
        *,
        decision_id: int,
        category: str,
        by_id: str,
        by_name: str,
        now: datetime,
    ) -> int:
        row = connection.execute(
            correction_table.insert().values(
                tenant=tenant,
                ticket_ref=ticket_ref,
                decision_id=decision_id,
                category=category,
                by_id=by_id,
                by_name=by_name,
                at=now,
            )
        )
        return _new_id(row)

    def undo_in(self, connection: Connection, tenant: str, correction_id: int, *, now: datetime) -> bool:
        """Take a correction back; False when somebody already did."""
        changed = connection.execute(
            update(correction_table)
            .where(
                correction_table.c.tenant == tenant,
                correction_table.c.id == correction_id,
                correction_table.c.undone_at.is_(None),
            )
            .values(undone_at=now)
        )
        return changed.rowcount == 1

    def corrections(self, tenant: str, ticket_ref: str) -> list[StoredCorrection]:
        """Every correction of the ticket, newest first."""
        with self.database.read() as connection:
            return self.corrections_in(connection, tenant, ticket_ref)

    def corrections_in(self, connection: Connection, tenant: str, ticket_ref: str) -> list[StoredCorrection]:
        """The same, inside the transaction that goes on to change them."""
        rows = connection.execute(
            select(correction_table)
            .where(correction_table.c.tenant == tenant, correction_table.c.ticket_ref == ticket_ref)
            .order_by(correction_table.c.id.desc())
        )
        return [_correction(row) for row in rows]


def _new_id(inserted: CursorResult[Any]) -> int:
    key = inserted.inserted_primary_key
    if key is None:
        raise LookupError("the database gave the new row no number")
    return int(key[0])


def _stored(row: Row[Any]) -> StoredDecision:
    return StoredDecision(id=row.id, decided_at=row.decided_at, decision=_from_json(row.body), shadow=row.shadow)


def _correction(row: Row[Any]) -> StoredCorrection:
    return StoredCorrection(
        id=row.id,
        decision_id=row.decision_id,
        category=row.category,
        by_id=row.by_id,
        by_name=row.by_name,
        at=row.at,
        undone_at=row.undone_at,
    )


def _to_json(made: Decision) -> dict[str, Any]:
    body = asdict(made)
    body["outcome"] = made.outcome.value
    body["priority"] = made.priority.value if made.priority else None
    body["mode"] = made.mode.value
    body["arm"] = made.arm.value if made.arm else None
    body["actions"] = [action.to_payload() for action in made.actions]
    return body


def _from_json(body: dict[str, Any]) -> Decision:
    prediction = body["prediction"]
    return Decision(
        outcome=Outcome(body["outcome"]),
        category=body["category"],
        product_area=body["product_area"],
        priority=Priority(body["priority"]) if body["priority"] else None,
        group=body["group"],
        confidence=body["confidence"],
        floor=body["floor"],
        reasons=tuple(body["reasons"]),
        actions=tuple(UpdateTicket.from_payload(action) for action in body["actions"]),
        prediction=None
        if prediction is None
        else Prediction(
            category=prediction["category"],
            confidence=prediction["confidence"],
            alternatives=tuple(Alternative(**each) for each in prediction["alternatives"]),
            phrases=tuple(prediction["phrases"]),
            neighbours=tuple(Neighbour(**each) for each in prediction["neighbours"]),
            model_version=prediction["model_version"],
            against=tuple(prediction.get("against", ())),
            scope=prediction.get("scope", 1.0),
        ),
        taxonomy_version=body["taxonomy_version"],
        mode=Mode(body.get("mode", Mode.ON.value)),
        arm=Arm(body["arm"]) if body.get("arm") else None,
    )
