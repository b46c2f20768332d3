"""Rows by name: `in-12` came in, `out-34` goes out."""

from __future__ import annotations

from sqlalchemy import Table

from connectors.store.schema import inbox, outbox

TABLES = {"in": inbox, "out": outbox}


class NoSuchDelivery(LookupError):
    """No row of that name."""


def table_of(name: str) -> tuple[Table, int]:
    """The table and the id that a name stands for; raises `NoSuchDelivery` for what is no name at all."""
    prefix, _, digits = name.partition("-")
    if prefix not in TABLES or not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise NoSuchDelivery(f"{name!r} is not the name of a delivery: they look like in-12 or out-34.")
    return TABLES[prefix], int(digits)


def direction_of(table: Table) -> str:
    return "in" if table is inbox else "out"


def name_of(table: Table, row_id: int) -> str:
    return f"{direction_of(table)}-{row_id}"


def unknown(name: str) -> NoSuchDelivery:
    return NoSuchDelivery(f"There is no delivery {name}. `deskhand deliveries list` shows those there are.")
