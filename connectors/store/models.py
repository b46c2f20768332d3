"""Models learned from a tenant's own tickets: which one answers, which one wants to, and the way back.

A target (`category`, `group`, …) has at most one champion. A model trained later is its challenger until somebody, or
the nightly comparison, promotes it; one that was not better is refused, and a champion that gave way is retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from connectors.store.database import Database
from connectors.store.schema import model as table
from triage.model_card import ModelCard

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CHAMPION, CHALLENGER, REFUSED, RETIRED = "champion", "challenger", "refused", "retired"
STATES = (CHAMPION, CHALLENGER, REFUSED, RETIRED)
CATEGORY = "category"
FILES_KEPT = 5
"""Of each target, besides the champion's and the one that a rollback brings back: older ones keep only their cards."""


class ModelProblem(LookupError):
    """What was asked of a model cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One trained model. `has_file` is False for one that is too old to be used again; `why` says how it came to its
    state and through whom.
    """

    id: int
    target: str
    version: str
    state: str
    trained_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None
    why: str
    has_file: bool
    card: ModelCard


class Models:
    def __init__(self, database: Database) -> None:
        self.database = database

    def champion(self, tenant: str, target: str = CATEGORY) -> StoredModel | None:
        """The model whose answers count; None where the shipped one answers."""
        return self._one(_of(tenant, target), table.c.state == CHAMPION)

    def champion_id(self, tenant: str, target: str = CATEGORY) -> int | None:
        """Which row the champion is, without its card and file: cheap enough for every decision."""
        query = select(table.c.id).where(_of(tenant, target), table.c.state == CHAMPION).limit(1)
        with self.database.read() as connection:
            found: int | None = connection.execute(query).scalar_one_or_none()
        return found

    def challenger(self, tenant: str, target: str = CATEGORY) -> StoredModel | None:
        """The newest model that waits to be promoted."""
        return self._one(_of(tenant, target), table.c.state == CHALLENGER)

    def newest(self, tenant: str, target: str = CATEGORY) -> StoredModel | None:
        """What the last training made, whatever became of it."""
        return self._one(_of(tenant, target))

    def previous(self, tenant: str, champion: StoredModel) -> StoredModel | None:
        """What a rollback from this champion puts back; None: the shipped model."""
        with self.database.read() as connection:
            row = connection.execute(_before(tenant, champion.target, champion.promoted_at)).one_or_none()
        return None if row is None else _stored(row)

    def versions(self, tenant: str, target: str = CATEGORY) -> list[StoredModel]:
        """Every model of the target with its card, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(_query().where(_of(tenant, target)).order_by(table.c.id.desc())).all()
        return [_stored(row) for row in rows]

    def version(self, tenant: str, target: str, version: str) -> StoredModel | None:
        """One model by its version, or by the beginning of it where only one begins so."""
        with self.database.read() as connection:
            rows = connection.execute(
                _query().where(_of(tenant, target), table.c.version.startswith(version, autoescape=True)).limit(2)
            ).all()
        return _stored(rows[0]) if len(rows) == 1 else None

    def targets(self, tenant: str) -> list[str]:
        """What this tenant has models for."""
        with self.database.read() as connection:
            query = select(table.c.target).where(table.c.tenant == tenant).distinct().order_by(table.c.target)
            return list(connection.execute(query).scalars())

    def file(self, tenant: str, model_id: int) -> bytes | None:
        """The model's bytes, for `connectors.model_file.from_bytes`; None when they are no longer kept."""
        query = select(table.c.file).where(table.c.tenant == tenant, table.c.id == model_id)
        with self.database.read() as connection:
            found: bytes | None = connection.execute(query).scalar_one_or_none()
        return found or None

    def save(self, tenant: str, card: ModelCard, file: bytes, *, state: str, why: str) -> StoredModel:
        """Keep a trained model; one that is to be champion takes the place of the one before.

        The same data, settings and libraries give the same version: one that is there already keeps its state.
        """
        with self.database.write() as connection:
            known = connection.execute(
                _query().where(_of(tenant, card.target), table.c.version == card.version)
            ).one_or_none()
            if known is not None:
                connection.execute(update(table).where(table.c.id == known.id).values(file=file))
                return _stored(connection.execute(_query().where(table.c.id == known.id)).one())
            values: dict[str, Any] = {"promoted_at": card.trained_at} if state == CHAMPION else {}
            if state == CHAMPION:
                _retire_in(connection, tenant, card.target, f"Gave way to {card.version}.", card.trained_at)
            # Only the newest waits: it learned from all that the one before did.
            connection.execute(
                update(table)
                .where(_of(tenant, card.target), table.c.state == CHALLENGER)
                .values(state=REFUSED, why=f"Replaced by the newer {card.version}.")
            )
            connection.execute(
                table.insert().values(
                    tenant=tenant,
                    target=card.target,
                    version=card.version,
                    state=state,
                    trained_at=card.trained_at,
                    why=why,
                    card=_cards().dump_python(card, mode="json"),
                    file=file,
                    **values,
                )
            )
            _drop_old_files_in(connection, tenant, card.target)
            saved = connection.execute(_query().where(_of(tenant, card.target), table.c.version == card.version)).one()
        return _stored(saved)

    def promote(
        self, tenant: str, target: str, version: str | None = None, *, by: str, why: str, now: datetime
    ) -> StoredModel:
        """Let this version answer from the next decision on, without one the challenger; the champion is retired.

        Raises `ModelProblem` when there is no such model or its file is no longer kept.
        """
        with self.database.write() as connection:
            asked = _of(tenant, target)
            named = table.c.version == version if version else table.c.state == CHALLENGER
            row = connection.execute(_query().where(asked, named).order_by(table.c.id.desc()).limit(1)).one_or_none()
            if row is None:
                known = f"{version} of {target}" if version else f"challenger of {target}"
                raise ModelProblem(f"There is no {known}. `deskhand triage evaluate` lists the models there are.")
            return _instate_in(connection, tenant, row, _told("Promoted", by, why), now)

    def rollback(self, tenant: str, target: str = CATEGORY, *, by: str, why: str, now: datetime) -> StoredModel | None:
        """Put back the champion before this one; None when there was none: then the shipped model answers again.

        Raises `ModelProblem` when there is no champion. Rolling back twice goes two models back, not to and fro.
        """
        with self.database.write() as connection:
            champion = connection.execute(
                _query().where(_of(tenant, target), table.c.state == CHAMPION).limit(1)
            ).one_or_none()
            if champion is None:
                raise ModelProblem(f"No model of {target} is in use: there is nothing to go back from.")
            told = _told("Rolled back", by, why)
            before = connection.execute(_before(tenant, target, champion.promoted_at)).one_or_none()
            _retire_in(connection, tenant, target, told, now)
            if before is None:
                return None
            # Its place in the order of champions stays what it was, so that the next rollback goes further back.
            values = {"state": CHAMPION, "retired_at": None, "why": told}
            connection.execute(update(table).where(table.c.id == before.id).values(**values))
            return _stored(connection.execute(_query().where(table.c.id == before.id)).one())

    def refuse(self, tenant: str, model_id: int, why: str) -> None:
        """A challenger that was not better; it can still be promoted by hand."""
        with self.database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.tenant == tenant, table.c.id == model_id, table.c.state == CHALLENGER)
                .values(state=REFUSED, why=why)
            )

    def _one(self, *where: ColumnElement[bool]) -> StoredModel | None:
        with self.database.read() as connection:
            row = connection.execute(_query().where(*where).order_by(table.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _stored(row)


def as_json(stored: StoredModel) -> dict[str, Any]:
    """All of it as JSON holds it."""
    facts = {name: getattr(stored, name) for name in ("version", "target", "state", "why", "has_file")}
    times = {name: getattr(stored, name) for name in ("trained_at", "promoted_at", "retired_at")}
    told = {name: at and at.isoformat() for name, at in times.items()}
    return {**facts, **told, "card": _cards().dump_python(stored.card, mode="json")}


def _query() -> Any:
    """Everything but the file, which may be many megabytes."""
    columns = [column for column in table.c if column.name != "file"]
    return select(*columns, (table.c.file != b"").label("has_file"))


def _of(tenant: str, target: str) -> ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.target == target)


def _before(tenant: str, target: str, promoted_at: datetime | None) -> Any:
    """The last champion before one that was promoted then, if its file is still there."""
    earlier = (table.c.state == RETIRED, table.c.promoted_at < promoted_at, table.c.file != b"")
    order = (table.c.promoted_at.desc(), table.c.id.desc())
    return _query().where(_of(tenant, target), *earlier).order_by(*order).limit(1)


def _instate_in(connection: Connection, tenant: str, row: Row[Any], why: str, now: datetime) -> StoredModel:
    if row.state == CHAMPION:
        return _stored(row)
    if not row.has_file:
        raise ModelProblem(f"The file of {row.version} is no longer kept: train again with `deskhand triage train`.")
    _retire_in(connection, tenant, row.target, f"Gave way to {row.version}.", now)
    values = {"state": CHAMPION, "promoted_at": now, "retired_at": None, "why": why}
    connection.execute(update(table).where(table.c.id == row.id).values(**values))
    return _stored(connection.execute(_query().where(table.c.id == row.id)).one())


def _retire_in(connection: Connection, tenant: str, target: str, why: str, now: datetime) -> None:
    connection.execute(
        update(table)
        .where(_of(tenant, target), table.c.state == CHAMPION)
        .values(state=RETIRED, retired_at=now, why=why)
    )


def _drop_old_files_in(connection: Connection, tenant: str, target: str) -> None:
    """Old models keep their cards. The champion's file stays, and that of the one a rollback would bring back."""
    newest = select(table.c.id).where(_of(tenant, target)).order_by(table.c.id.desc()).limit(FILES_KEPT)
    before = (
        select(table.c.id)
        .where(_of(tenant, target), table.c.state == RETIRED)
        .order_by(table.c.promoted_at.desc(), table.c.id.desc())
        .limit(1)
    )
    kept = [*connection.execute(newest).scalars(), *connection.execute(before).scalars()]
    connection.execute(
        update(table)
        .where(_of(tenant, target), table.c.state != CHAMPION, table.c.id.not_in(kept), table.c.file != b"")
        .values(file=b"")
    )


def _told(what: str, by: str, why: str) -> str:
    return f"{what} by {by}: {why}" if why else f"{what} by {by}."


@lru_cache(maxsize=1)
def _cards() -> TypeAdapter[ModelCard]:
    from pydantic import TypeAdapter  # here: most processes never read a card

    return TypeAdapter(ModelCard)


def _stored(row: Row[Any]) -> StoredModel:
    return StoredModel(
        id=row.id,
        target=row.target,
        version=row.version,
        state=row.state,
        trained_at=row.trained_at,
        promoted_at=row.promoted_at,
        retired_at=row.retired_at,
        why=row.why or "",
        has_file=bool(row.has_file),
        card=_cards().validate_python(row.card),
    )
