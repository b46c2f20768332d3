"""Rows of requests that arrive together share one commit: syncing to disk is what a durable insert costs."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from connectors.crash import crash_point
from connectors.store.database import Database
from connectors.store.tallies import DUP_PREVENTED, PARKED, counts_in


@dataclass(slots=True, eq=False)
class _Waiting:
    row: dict[str, Any]
    settled: bool = False
    error: SQLAlchemyError | None = None


class GroupCommit:
    """Threads queue their row; whoever gets to write takes all that wait along. Alone, a row waits for nobody."""

    def __init__(self, database: Database, insert: Any) -> None:
        self.database = database
        self.insert = insert
        self._queue: deque[_Waiting] = deque()
        self._writer = threading.Lock()

    def store(self, row: dict[str, Any]) -> None:
        """Insert one row. Committed when this returns; raises `SQLAlchemyError` when it is not."""
        mine = _Waiting(row)
        self._queue.append(mine)
        with self._writer:
            if not mine.settled:
                self._write([self._queue.popleft() for _ in range(len(self._queue))])
        if mine.error is not None:
            raise mine.error

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            with self.database.write() as connection:
                self._insert(connection, [each.row for each in batch])
                crash_point("receive.before_commit")
        except SQLAlchemyError as error:
            for each in batch:
                each.error = error
        finally:
            for each in batch:
                each.settled = True

    def _insert(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """One statement for each tenant, usually one at all; how many of its rows were there already is counted."""
        alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
        # In one order for all processes: two with the same rows would else wait for each other.
        for row in sorted(rows, key=lambda each: (each["tenant"], each["source"], each["dedup_key"])):
            alike.setdefault((row["tenant"], row["state"]), []).append(row)
        counts: Counter[tuple[str, str, str]] = Counter()
        for (tenant, state), some in alike.items():
            stored = connection.execute(self.insert, some, execution_options={"preserve_rowcount": True}).rowcount
            if repeated := len(some) - stored:
                counts[(tenant, DUP_PREVENTED, "")] += repeated
            if stored and state == "parked":
                counts[(tenant, PARKED, "in")] = stored
        counts_in(connection, counts)
