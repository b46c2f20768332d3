"""Which helpdesks do not answer: a circuit for each tenant and endpoint family, shared by all processes.

A family without failures has no row, so what goes well reads one query and writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, literal, null, select, type_coerce, union_all, update

from connectors.errors import CircuitOpen
from connectors.limits import FIRST_OPEN_S, TRIPS_AT, Circuit
from connectors.store.database import Database
from connectors.store.schema import Instant, circuit, throttle

# One statement for both, because every request asks. It is made once: making it would cost more than running it.
_STANDING = union_all(
    select(
        null().label("family"),
        literal(0).label("failures"),
        throttle.c.not_before.label("until"),
        type_coerce(null(), Instant()).label("probe_until"),
    ).where(throttle.c.tenant == bindparam("of")),
    select(circuit.c.family, circuit.c.failures, circuit.c.open_until, circuit.c.probe_until).where(
        circuit.c.tenant == bindparam("of")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCircuit:
    """One that is open, or tried by probes once `open_until` is over."""

    tenant: str
    family: str
    failures: int
    open_until: datetime


class Circuits:
    def __init__(self, database: Database) -> None:
        self.database = database

    def open(self, tenant: str | None = None) -> list[OpenCircuit]:
        """Every circuit that is not closed, of one tenant or of all."""
        query = select(circuit).where(circuit.c.failures >= TRIPS_AT, circuit.c.open_until.is_not(None))
        if tenant is not None:
            query = query.where(circuit.c.tenant == tenant)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(circuit.c.tenant, circuit.c.family)).all()
        return [
            OpenCircuit(tenant=row.tenant, family=row.family, failures=row.failures, open_until=row.open_until)
            for row in rows
        ]

    def failed(self, tenant: str, families: Iterable[str], *, now: datetime, took_s: float) -> float | None:
        """One more failure of each family; returns the seconds until the next probe may go, None while all go on."""
        waits: list[float] = []
        with self.database.write() as connection:
            for family in sorted(families):
                before = connection.execute(
                    select(circuit).where(circuit.c.tenant == tenant, circuit.c.family == family).with_for_update()
                ).one_or_none()
                known = Circuit() if before is None else _circuit(before)
                after = known.failed(now, took_s=took_s)
                if not isinstance(wait_s := after.enter(now), Circuit):
                    waits.append(wait_s)
                values = {
                    "failures": after.failures,
                    "open_until": after.open_until,
                    "probe_until": after.probe_until,
                }
                connection.execute(
                    self.database.insert(circuit)
                    .values(tenant=tenant, family=family, **values)
                    .on_conflict_do_update(index_elements=["tenant", "family"], set_=values)
                )
        return max(waits, default=None)

    def close(self, tenant: str, families: Collection[str]) -> None:
        """The helpdesk answers: what waited for these families goes on."""
        with self.database.write() as connection:
            connection.execute(delete(circuit).where(circuit.c.tenant == tenant, circuit.c.family.in_(families)))


def standing_in(connection: Connection, tenant: str) -> tuple[datetime | None, dict[str, Circuit]]:
    """Until when the helpdesk asked us to wait, and the circuits of the families that failed lately."""
    held_until: datetime | None = None
    circuits: dict[str, Circuit] = {}
    for row in connection.execute(_STANDING, {"of": tenant}):
        if row.family is None:
            held_until = row.until
        else:
            circuits[row.family] = Circuit(failures=row.failures, open_until=row.until, probe_until=row.probe_until)
    return held_until, circuits


def probes_of(circuits: Mapping[str, Circuit], families: Collection[str], now: datetime) -> set[str]:
    """The families that a request of `families` would be the probe of; raises `CircuitOpen` while none may go."""
    probes: set[str] = set()
    for family in sorted(circuits.keys() & set(families)):
        after = circuits[family].enter(now)
        if not isinstance(after, Circuit):
            raise _refusal(family, circuits[family].failures, after)
        if after.is_tripped:
            probes.add(family)
    return probes


def probe_in(
    connection: Connection, tenant: str, circuits: Mapping[str, Circuit], probes: Collection[str], now: datetime
) -> None:
    """Note that these are being tried; raises `CircuitOpen` where another process was first."""
    for family in sorted(probes):
        before = circuits[family]
        after = before.enter(now)
        changed = isinstance(after, Circuit) and connection.execute(
            update(circuit)
            .where(
                circuit.c.tenant == tenant,
                circuit.c.family == family,
                circuit.c.open_until.is_not_distinct_from(before.open_until),
                circuit.c.probe_until.is_not_distinct_from(before.probe_until),
            )
            .values(probe_until=after.probe_until)
        )
        if not changed or changed.rowcount != 1:
            raise _refusal(family, before.failures, FIRST_OPEN_S)


def places_in(connection: Connection, families: Iterable[str], now: datetime) -> dict[str, int]:
    """How many rows may be handed out of each tenant whose circuit is not closed: none, or the one that probes."""
    tripped = select(circuit).where(circuit.c.family.in_(tuple(families)), circuit.c.failures >= TRIPS_AT)
    places: dict[str, int] = {}
    for row in connection.execute(tripped):
        may_probe = isinstance(_circuit(row).enter(now), Circuit)
        places[row.tenant] = min(places.get(row.tenant, 1), int(may_probe))
    return places


def _circuit(row: Row[Any]) -> Circuit:
    return Circuit(failures=row.failures, open_until=row.open_until, probe_until=row.probe_until)


def _refusal(family: str, failures: int, wait_s: float) -> CircuitOpen:
    return CircuitOpen(
        f"the helpdesk failed our last {failures} requests ({family}), the next one goes out in {wait_s:.1f} s",
        retry_after_s=wait_s,
    )
